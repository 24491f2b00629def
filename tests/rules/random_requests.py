"""Random requests for comparing the oracle with the engine: mostly coherent, near the limits, some of them broken.

A request is built so that it ought to be permitted (`Builder`), then changed in none, one or a few places
(`change`), and about one in twenty is made ill-typed (`spoil`).
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from tests.rules.oracle import (
    AUTHOR_ACTIONS,
    ENTITLED,
    LABEL_ACTIONS,
    READ_ACTIONS,
    STRUCTURES,
    add_months,
    add_months_to_date,
    load_doc_types,
    load_matrix,
)
from tests.rules.oracle_request import (
    AUTHN_MODES,
    AUTHORISATIONS,
    KINDS,
    LABELS,
    MODES,
    MOTIVES,
    OPPOSITIONS,
    OWN_RECORDS,
    PARIS,
    PROTECTIONS,
    PURPOSES,
    STATES,
    STATUSES,
)

Json = dict[str, Any]
Draw = Callable[[random.Random], Any]

COLUMNS = sorted(load_matrix().columns)
TYPES = load_doc_types()
OTHER_PROFESSIONS = ["OSTEOPATHE", "CHIROPRACTEUR", "ASSISTANT_DENTAIRE", "medecin", ""]
PEOPLE = ["P1", "P2", "P3"]
STRUCTURE_IDS = ["ES1", "ES2"]
AUTHORS = ["P1", "P1", "P2", "P3", "ES1", "ES2", "ALICE", "REP1", "AM1"]
AUTHN = {
    "HOLDER": "WEB_PATIENT",
    "LEGAL_REP": "WEB_PATIENT",
    "DELEGATE": "WEB_PATIENT",
    "PROFESSIONAL": "DIRECT_CPS",
    "STRUCTURE_AGENT": "DIRECT_CPE",
    "STRUCTURE_SYSTEM": "INDIRECTE",
    "HOST_DOCTOR": "HOST",
    "HOST_OPERATOR": "HOST",
    "SUPPORT": "HOST",
    "AUDITOR": "HOST",
    "INSURANCE_FEED": "INDIRECTE",
    "SUCCESSOR": "WEB_PATIENT",
}
ID = {
    "HOLDER": "ALICE",
    "LEGAL_REP": "REP1",
    "DELEGATE": "DEL1",
    "STRUCTURE_AGENT": "SEC1",
    "STRUCTURE_SYSTEM": "SYS1",
    "HOST_DOCTOR": "HD1",
    "HOST_OPERATOR": "HO1",
    "SUPPORT": "SUP1",
    "AUDITOR": "AUD1",
    "INSURANCE_FEED": "AM1",
    "SUCCESSOR": "SUC1",
}
CLOCKS = [
    "2011-06-15T12:00:00+00:00",
    "2024-03-01T12:00:00+00:00",
    "2024-02-29T12:00:00+00:00",
    "2024-03-31T00:30:00+00:00",  # summer time begins that night
    "2023-10-29T00:30:00+00:00",  # the hour that comes twice
    "2022-02-28T23:15:00+00:00",  # already 1 March in Paris
    "2026-12-31T22:59:59+00:00",
]
ATTESTATIONS = [
    "consent", "informed", "non_opposition", "patient_request", "interview", "minor_consent",
    "representative_consent", "confirmed", "patient_unable", "immediate_risk", "copy_for_representative",
]  # fmt: skip
DEFAULTS: dict[str, Json] = {
    "subject": {"profession": None, "structure": None, "regulator": False},
    "record": {"closed_at": None, "deceased": False, "protection": "none"},
    "relation": {
        "holder": False,
        "representative": False,
        "delegate": False,
        "treating_physician": False,
        "mt_equivalent": False,
        "care_team": False,
        "authorisation": "NON_EXISTE",
        "authorisation_added_at": None,
        "target_is_treating_physician": False,
        "own_record": "NONE",
    },
    "document": {"author_structure": None},
    "context": {"mode": "normal", "purpose": "CARE", "secret": False, "reason": "", "call_ref": "", "ticket": None}
    | dict.fromkeys(ATTESTATIONS, False),
}


def requests(seed: int, count: int) -> Iterator[Json]:
    """So many requests, the same ones for the same seed."""
    rng = random.Random(seed)
    for number in range(count):
        request = Builder(rng).build()
        for _ in range(rng.choices([0, 1, 2, 3, 5], [40, 27, 17, 11, 5])[0]):
            change(rng, request)
        leave_out_defaults(rng, request)
        if rng.random() < 0.05:
            spoil(rng, request)
        request["id"] = f"R{seed}-{number}"
        yield request


def pick(rng: random.Random, values: set[str]) -> str:
    """One of a set, the same for the same seed whatever the hash seed of the process."""
    return rng.choice(sorted(values))


def stamp(rng: random.Random, moment: datetime) -> str:
    """A moment written with one of several offsets."""
    east = timezone(timedelta(hours=5, minutes=30))
    west = timezone(timedelta(hours=-5))
    return moment.astimezone(rng.choice([UTC, UTC, UTC, PARIS, east, west])).isoformat().replace("+00:00", "Z")


def near(rng: random.Random, moment: datetime) -> datetime:
    """The moment itself, or a second, an hour or a day to either side."""
    steps = [timedelta(0), timedelta(seconds=1), timedelta(hours=1), timedelta(hours=2), timedelta(days=1)]
    return moment + rng.choice([-1, 1]) * rng.choice(steps)


def is_before(rng: random.Random, at: datetime, months: int) -> datetime:
    """A moment whose anniversary after so many months lies near `at`."""
    return near(rng, add_months(at, -months))


def deposit_date(rng: random.Random, at: datetime) -> str:
    """A day, a month more or less, or a long time ago."""
    days_ago = at - timedelta(days=rng.choice([0, 5, 13, 14, 27, 28, 29, 30, 31, 32, 40, 400]))
    return stamp(rng, is_before(rng, at, 1) if rng.random() < 0.3 else days_ago)


def added_date(rng: random.Random, at: datetime) -> str:
    """An authorisation of a month, of a year more or less, or older."""
    if rng.random() < 0.35:
        return stamp(rng, near(rng, at - timedelta(days=365)))
    return stamp(rng, at - timedelta(days=rng.choice([0, 30, 30, 30, 200, 364, 366, 400, 4000])))


def closing_date(rng: random.Random, at: datetime) -> str:
    """A closure two years ago, or ten years more or less."""
    return stamp(rng, is_before(rng, at, 120) if rng.random() < 0.3 else at - timedelta(days=rng.choice([1, 730])))


def adult_birth(rng: random.Random, at: datetime) -> str:
    """The birth date of an adult, sometimes of 18 years today."""
    today = at.astimezone(PARIS).date()
    if rng.random() < 0.15:
        return add_months_to_date(today, -18 * 12).isoformat()
    return rng.choice(["1960-03-03", "1992-02-29", "1940-12-31"])


def minor_birth(rng: random.Random, at: datetime) -> str:
    """The birth date of a minor, sometimes of 18 years tomorrow."""
    today = at.astimezone(PARIS).date()
    if rng.random() < 0.3:
        return (add_months_to_date(today, -18 * 12) + timedelta(days=1)).isoformat()
    return date(today.year - rng.choice([1, 10, 15]), 6, 15).isoformat()


class Builder:
    """Builds one coherent request that the catalogue would probably permit."""

    def __init__(self, rng: random.Random) -> None:
        """Choose the action, the kind, the profile and the clock."""
        self.rng = rng
        actions = sorted(set(ENTITLED) - {"doc.hide_patient"})
        self.action = rng.choices(actions, [1 + len(ENTITLED[name]) for name in actions])[0]
        if rng.random() < 0.02:
            self.action = "doc.hide_patient"
        if rng.random() < 0.25:
            self.action = rng.choice(["doc.read", "doc.read", "doc.list", "doc.create"])
        self.kind = pick(rng, ENTITLED[self.action])
        if rng.random() < 0.3 and "PROFESSIONAL" in ENTITLED[self.action]:
            self.kind = "PROFESSIONAL"
        if rng.random() < 0.05:
            self.kind = pick(rng, KINDS)
        self.law = rng.random() < 0.5 or self.kind == "DELEGATE"
        self.at = datetime.fromisoformat(rng.choice(CLOCKS))
        if rng.random() < 0.3:
            self.at += timedelta(seconds=rng.randrange(-(10**8), 10**8))
        self.minor = self.kind != "HOLDER" and (rng.random() < 0.2 or self.action == "doc.reveal_rl")
        self.structure = rng.choice(STRUCTURE_IDS) if self.kind in STRUCTURES or rng.random() < 0.4 else None

    def build(self) -> Json:
        """The whole request."""
        request: Json = {
            "profile": "law-2023" if self.law else "seed-2011",
            "at": stamp(self.rng, self.at),
            "action": self.action,
            "subject": self.subject(),
            "record": self.record(),
            "relation": self.relation(),
            "context": self.context(),
        }
        if self.action in {"doc.list", "record.export_copy"}:
            names = [f"d{number}" for number in range(self.rng.randrange(9))]
            request["documents"] = {name: self.any_document() for name in names}
        elif self.action.startswith("doc."):
            request["document"] = self.document(request["subject"])
        elif self.rng.random() < 0.5:
            request["document"] = None
        self.emergency(request)
        return request

    def subject(self) -> Json:
        """The subject, authenticated as its kind usually is."""
        profession = None
        if self.kind == "PROFESSIONAL":
            profession = self.rng.choice(["MEDECIN", "MEDECIN", "MEDECIN", "INFIRMIER", "PHARMACIEN", *COLUMNS])
        authn_mode = AUTHN[self.kind]
        if self.kind == "PROFESSIONAL" and self.law and self.rng.random() < 0.2:
            authn_mode = "INDIRECTE_RENFORCEE"
        return {
            "kind": self.kind,
            "id": ID.get(self.kind, self.rng.choice(PEOPLE)),
            "profession": profession,
            "structure": self.structure,
            "regulator": False,
            "authn_mode": authn_mode,
        }

    def record(self) -> Json:
        """The record, in a state that suits the action."""
        if self.action == "record.create" and self.rng.random() < 0.7:
            return {"exists": False}
        birth = minor_birth(self.rng, self.at) if self.minor else adult_birth(self.rng, self.at)
        record: Json = {
            "exists": True,
            "state": "ACTIVE",
            "closed_at": None,
            "oppositions": self.rng.sample(sorted(OPPOSITIONS), self.rng.choice([0, 0, 0, 0, 1, 1, 2])),
            "holder_birth_date": birth,
            "deceased": self.kind == "SUCCESSOR",
            "protection": self.rng.choice(["none"] * 5 + sorted(PROTECTIONS)),
        }
        usually_closed = self.action == "record.reactivate" or self.kind == "SUCCESSOR"
        if usually_closed or self.rng.random() < 0.07:
            record["state"] = "CLOSED"
            record["closed_at"] = closing_date(self.rng, self.at)
        if self.action == "record.create" and self.rng.random() < 0.5:
            record["state"] = "DESTROYED"
        return record

    def relation(self) -> Json:
        """The relation, coherent with the kind."""
        relation = copy.deepcopy(DEFAULTS["relation"])
        relation["holder"] = self.kind == "HOLDER"
        relation["representative"] = self.kind == "LEGAL_REP"
        relation["delegate"] = self.kind == "DELEGATE"
        relation["target_is_treating_physician"] = self.rng.random() < 0.2
        if self.kind != "PROFESSIONAL":
            return relation
        relation["authorisation"] = self.rng.choices(["VALIDE", "NON_EXISTE", "INTERDIT"], [75, 20, 5])[0]
        if relation["authorisation"] == "VALIDE" or self.rng.random() < 0.1:
            relation["authorisation_added_at"] = added_date(self.rng, self.at)
        relation["treating_physician"] = self.rng.random() < (0.7 if self.action == "authz.list" else 0.2)
        relation["mt_equivalent"] = self.rng.random() < 0.12
        relation["care_team"] = self.rng.random() < 0.3
        relation["own_record"] = self.rng.choices(["NONE", "HOLDER", "REPRESENTATIVE"], [92, 4, 4])[0]
        return relation

    def context(self) -> Json:
        """The context, with every attestation that may be asked mostly given."""
        context: Json = {"mode": "normal", "purpose": "CARE"}
        for name in ATTESTATIONS:
            context[name] = self.rng.random() < (0.15 if name == "copy_for_representative" else 0.91)
        context["secret"] = self.minor and self.action != "record.create" and self.rng.random() < 0.25
        context["reason"] = self.rng.choice(["coma", "coma", "PATIENT_REQUEST", "ERROR", ""])
        context["call_ref"] = self.rng.choice(["C15-1", "C15-1", "C15-1", ""])
        if self.kind == "HOST_DOCTOR":
            context["ticket"] = self.rng.choice(["TK1"] * 9 + [None])
        if self.kind == "AUDITOR":
            context["mission"] = self.rng.choice(["M1"] * 9 + [None])
        if self.kind == "SUCCESSOR":
            context["motive"] = self.rng.choice(["CAUSE_OF_DEATH", "MEMORY", "ASSERT_RIGHTS", "other"])
        self.action_context(context)
        return context

    def action_context(self, context: Json) -> None:
        """What a single action needs in the context."""
        if self.action.startswith("authz."):
            others = ["P1", "P2", "P3"]
            context["target"] = self.rng.choice(others if self.kind != "PROFESSIONAL" else [*others, None, None])
            context["role"] = self.rng.choice([None, None, None, "MEDECIN_TRAITANT"])
        if self.action.startswith("opposition."):
            context["opposition_code"] = pick(self.rng, OPPOSITIONS)
        if self.action == "record.create":
            birth = minor_birth if self.minor else adult_birth
            context["holder_birth_date"] = birth(self.rng, self.at)
            context["protection"] = self.rng.choice(["none"] * 6 + sorted(PROTECTIONS))
        if self.action == "doc.list" and self.rng.random() < 0.5:
            context["status_filter"] = self.rng.sample(sorted(STATUSES), self.rng.randrange(6))
        if self.kind == "PROFESSIONAL" and self.law and self.rng.random() < 0.06:
            context["purpose"] = "OCCUPATIONAL"

    def any_document(self) -> Json:
        """Some document of a record."""
        kind = self.rng.choice([*sorted(TYPES), *["11488-4", "EXPPAT_1", "EXPPAT_2", "EXPPAT_3", "68599-0"] * 6])
        return {
            "type": kind,
            "class": TYPES[kind].document_class,
            "labels": [
                "N",
                *self.rng.sample(sorted(LABELS - {"N", "R", "V"}), self.rng.choice([0, 0, 0, 0, 0, 1, 1, 2])),
            ],
            "status": self.rng.choice(["Approved"] * 8 + ["Archived", "Deprecated"] + sorted(STATUSES)),
            "author": self.rng.choice(AUTHORS),
            "author_structure": self.rng.choice([None, "ES1", "ES2"]),
            "deposited_at": deposit_date(self.rng, self.at),
        }

    def document(self, subject: Json) -> Json | None:
        """The document acted on, such as the action usually asks; sometimes there is none."""
        if self.rng.random() < 0.04:
            return None
        document = self.any_document()
        own = self.action in AUTHOR_ACTIONS or self.action in {"doc.create", "doc.find_own_id"}
        if own and self.rng.random() < 0.85:
            document["author"] = subject["id"]
            if self.kind in STRUCTURES and self.rng.random() < 0.5:
                document["author"] = self.structure
        if self.action == "doc.create":
            self.deposit(document)
        else:
            self.suitable(document)
        return document

    def deposit(self, document: Json) -> None:
        """Make it a document that this kind may deposit."""
        if self.rng.random() < 0.9:
            producer = "ALIM_AM" if self.kind == "INSURANCE_FEED" else "PROFESSIONAL"
            if self.kind in {"HOLDER", "LEGAL_REP"}:
                producer = "PATIENT"
            own_types = [name for name in sorted(TYPES) if TYPES[name].producer == producer]
            if producer == "PROFESSIONAL" and self.rng.random() < 0.1:
                own_types = ["87273-9"]
            document["type"] = self.rng.choice(own_types)
            document["class"] = TYPES[document["type"]].document_class
        if self.rng.random() < 0.9:
            document["status"] = "Approved"
        if self.rng.random() < 0.6:
            document["labels"] = ["N"]
        if self.minor and self.rng.random() < 0.5:
            document["labels"] = ["N", "INVISIBLE_REPRESENTANTS_LEGAUX"]

    def suitable(self, document: Json) -> None:
        """Give it the status and the labels that the action starts from."""
        if self.rng.random() < 0.8:
            document["status"] = "Archived" if self.action == "doc.unarchive" else "Approved"
        if self.action in LABEL_ACTIONS and self.rng.random() < 0.8:
            label = {
                "doc.unmask": ["MASQUE_PS"],
                "doc.reveal_patient": ["INVISIBLE_PATIENT"],
                "doc.reveal_rl": ["INVISIBLE_REPRESENTANTS_LEGAUX"],
            }
            document["labels"] = ["N", *label.get(self.action, [])]
        if self.action == "doc.reveal_patient" and self.law and self.rng.random() < 0.8:
            document["deposited_at"] = stamp(self.rng, self.at - timedelta(days=self.rng.randrange(28)))
        if self.action == "doc.unmask" and self.kind == "PROFESSIONAL" and self.rng.random() < 0.6:
            document["author"] = self.rng.choice(PEOPLE)

    def emergency(self, request: Json) -> None:
        """Turn some consultations and deposits of professionals into emergency ones."""
        possible = self.action in READ_ACTIONS or self.action == "doc.create"
        if self.kind != "PROFESSIONAL" or not possible or self.rng.random() > 0.4:
            return
        mode = "bris_de_glace" if self.action == "doc.create" else pick(self.rng, MODES - {"normal"})
        request["context"]["mode"] = mode
        if mode == "centre_15" and self.rng.random() < 0.9:
            request["subject"] |= {"profession": "MEDECIN", "regulator": True}
        if mode == "bris_de_glace" and self.rng.random() < 0.8:
            request["relation"]["authorisation"] = self.rng.choice(["NON_EXISTE", "NON_EXISTE", "VALIDE"])
            request["relation"]["authorisation_added_at"] = added_date(self.rng, self.at - timedelta(days=100))
            request["relation"]["treating_physician"] = False
            if self.law and self.rng.random() < 0.7:
                request["relation"]["care_team"] = False
                request["context"]["consent"] = False


# ---------------------------------------------------------------------------------------------------------------------
# Changes: one attribute drawn anew, still well-typed
# ---------------------------------------------------------------------------------------------------------------------


def one_of(values: set[str]) -> Draw:
    """Draw one code of a list."""
    return lambda rng: pick(rng, values)


def flip(rng: random.Random) -> bool:
    """Draw a boolean."""
    return rng.random() < 0.5


CHANGES: dict[str, dict[str, Draw]] = {
    "subject": {
        "kind": one_of(KINDS),
        "id": lambda rng: rng.choice([*PEOPLE, "ALICE", "REP1", "ES1", "p1"]),
        "profession": lambda rng: rng.choice([*COLUMNS, *OTHER_PROFESSIONS]),
        "structure": lambda rng: rng.choice([None, *STRUCTURE_IDS]),
        "regulator": flip,
        "authn_mode": one_of(AUTHN_MODES),
    },
    "record": {
        "state": one_of(STATES),
        "oppositions": lambda rng: rng.sample(sorted(OPPOSITIONS), rng.randrange(3)),
        "deceased": flip,
        "protection": one_of(PROTECTIONS),
        "exists": lambda rng: rng.random() < 0.7,
        "holder_birth_date": lambda rng: rng.choice(["1960-03-03", "1993-06-15", "2006-03-01", "2006-03-02"]),
    },
    "relation": {
        "holder": flip,
        "representative": flip,
        "delegate": flip,
        "treating_physician": flip,
        "mt_equivalent": flip,
        "care_team": flip,
        "authorisation": one_of(AUTHORISATIONS),
        "target_is_treating_physician": flip,
        "own_record": one_of(OWN_RECORDS),
    },
    "document": {
        "type": lambda rng: rng.choice([*sorted(TYPES), "87273-9", "EXPPAT_3", "REMB", "ATTEST-RESID", "99999-9"]),
        "class": lambda rng: rng.choice([None, "10", "11", "90", "52", "00"]),
        "labels": lambda rng: rng.sample(sorted(LABELS), rng.randrange(5)),
        "status": one_of(STATUSES),
        "author": lambda rng: rng.choice(AUTHORS),
        "author_structure": lambda rng: rng.choice([None, *STRUCTURE_IDS]),
    },
    "context": {
        "mode": one_of(MODES),
        "purpose": one_of(PURPOSES),
        "secret": flip,
        "reason": lambda rng: rng.choice(["", "coma", "ERROR", "PATIENT_REQUEST", "error"]),
        "call_ref": lambda rng: rng.choice(["", "C15-1"]),
        "mission": lambda rng: rng.choice([None, "M1"]),
        "ticket": lambda rng: rng.choice([None, "TK1"]),
        "motive": lambda rng: rng.choice([None, *sorted(MOTIVES)]),
        "target": lambda rng: rng.choice([None, *PEOPLE]),
        "role": lambda rng: rng.choice([None, "MEDECIN_TRAITANT"]),
        "protection": one_of(PROTECTIONS),
        "status_filter": lambda rng: rng.sample(sorted(STATUSES), rng.randrange(6)),
    }
    | dict.fromkeys(ATTESTATIONS, flip),
}


def change(rng: random.Random, request: Json) -> None:
    """Draw one attribute anew, and keep the request well-typed."""
    group = rng.choices(["subject", "record", "relation", "document", "context", "action"], [2, 3, 3, 3, 6, 1])[0]
    if group == "action":
        request["action"] = rng.choice(sorted(ENTITLED))
    elif isinstance(request.get(group), dict):
        name = rng.choice(sorted(CHANGES[group]))
        if group == "context" and rng.random() < 0.4:
            name = rng.choice(["patient_request", "consent", "mode", "reason", "representative_consent"])
        request[group][name] = CHANGES[group][name](rng)
        if name == "type" and rng.random() < 0.8:
            kind = TYPES.get(request[group]["type"])
            request[group]["class"] = kind.document_class if kind else None
        if name == "kind" and rng.random() < 0.8:
            request[group]["authn_mode"] = AUTHN[request[group]["kind"]]
    complete(rng, request)


def complete(rng: random.Random, request: Json) -> None:
    """Add what a changed request now needs to stay well-typed."""
    at = datetime.fromisoformat(request["at"])
    subject, record, relation, context = (request[name] for name in ("subject", "record", "relation", "context"))
    if subject["kind"] == "PROFESSIONAL" and subject["profession"] is None:
        subject["profession"] = "MEDECIN"
    if record["exists"]:
        record.setdefault("state", "ACTIVE")
        record.setdefault("oppositions", [])
        record.setdefault("holder_birth_date", "1960-03-03")
    if record.get("state") == "CLOSED" and record.get("closed_at") is None:
        record["closed_at"] = closing_date(rng, at)
    if relation["authorisation"] == "VALIDE" and relation["authorisation_added_at"] is None:
        relation["authorisation_added_at"] = added_date(rng, at)
    if request["action"].startswith("opposition."):
        context.setdefault("opposition_code", "OPPOSITION_BRIS_DE_GLACE")
    if request["action"] == "record.create":
        context.setdefault("holder_birth_date", "1960-03-03")


def leave_out_defaults(rng: random.Random, request: Json) -> None:
    """In half of the requests, leave out some attributes that only say what their absence says."""
    if rng.random() < 0.5:
        return
    for group, defaults in DEFAULTS.items():
        if not isinstance(request.get(group), dict):
            continue
        for name, default in defaults.items():
            if name in request[group] and request[group][name] == default and rng.random() < 0.6:
                del request[group][name]
    for name in ("relation", "context"):
        if request[name] == {}:
            del request[name]
    if request["profile"] == "seed-2011" and rng.random() < 0.3:
        del request["profile"]


# ---------------------------------------------------------------------------------------------------------------------
# Ill-typed requests
# ---------------------------------------------------------------------------------------------------------------------

REQUIRED = {
    "": ["at", "action", "subject", "record"],
    "subject": ["kind", "id", "authn_mode"],
    "record": ["exists", "state", "oppositions", "holder_birth_date"],
    "document": ["type", "labels", "status", "author", "deposited_at"],
}
WRONG = [None, 0, 1, 3.5, "", "true", "NO_SUCH_CODE", [], {}, ["NO_SUCH_CODE"], [None], {"a": 1}]
BAD_DATES = [
    "2011-06-15", "2011-06-15T12:00:00", "2011-13-01T00:00:00Z", "2011-02-29T00:00:00Z", "2011-06-15T25:00:00Z",
    "15/06/2011", "hier", "", None, 1308139200,
]  # fmt: skip


def spoil(rng: random.Random, request: Json) -> None:
    """Break one thing: something missing, of a wrong type, outside its list, null, unknown, or a bad date."""
    rng.choice([miss, mistype, mistype, nullify, add_unknown, bad_date])(rng, request)


def groups(request: Json) -> list[Json]:
    """The objects of a request whose attributes the catalogue lists."""
    named = [request.get(name) for name in ("subject", "record", "relation", "document", "context")]
    found = [group for group in named if isinstance(group, dict) and group]
    return found + list(request.get("documents", {}).values())


def miss(rng: random.Random, request: Json) -> None:
    """Leave out a required attribute, where the request has it."""
    place = rng.choice(sorted(REQUIRED))
    holder = request if place == "" else request.get(place)
    if isinstance(holder, dict):
        holder.pop(rng.choice(REQUIRED[place]), None)


def mistype(rng: random.Random, request: Json) -> None:
    """Give an attribute a value that is mostly of a wrong type or outside its list."""
    group = rng.choice([request, *groups(request)])
    name = rng.choice(sorted(set(group) - {"id"} if group is request else group))
    group[name] = copy.deepcopy(rng.choice(WRONG))


def nullify(rng: random.Random, request: Json) -> None:
    """Set an attribute to null, whether or not null is its absent value."""
    group = rng.choice(groups(request))
    group[rng.choice(sorted(group))] = None


def add_unknown(rng: random.Random, request: Json) -> None:
    """Add an attribute that the catalogue does not know."""
    rng.choice([request, *groups(request)])[rng.choice(["profesion", "ins", "maskd", "Consent"])] = True


def bad_date(rng: random.Random, request: Json) -> None:
    """Spoil a date."""
    dates = {"at", "closed_at", "holder_birth_date", "authorisation_added_at", "deposited_at"}
    places = [(group, name) for group in [request, *groups(request)] for name in sorted(dates & set(group))]
    group, name = rng.choice(places)
    group[name] = rng.choice(BAD_DATES)
