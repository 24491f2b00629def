"""An independent, slow and plain reading of the catalogue: what may be done, stage by stage, rule by rule.

It shares nothing with the engine or its rule files but the two data tables (matrix and document types).
`DOUBT:` marks a place where the catalogue can be read in two ways, with the way taken and the other one.
"""

# One `return` for each rule and one `if` for each of its conditions read like the catalogue.
# ruff: noqa: SIM102

from __future__ import annotations

import csv
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.rules.oracle_request import PARIS, Context, Document, Facts, IllTyped, Record, Relation, Subject, read

ROOT = Path(__file__).resolve().parents[2]
MATRIX_FILE = ROOT / "rules" / "matrix.csv"
TYPES_FILE = ROOT / "rules" / "document_types.csv"

READ_ACTIONS = {"doc.list", "doc.read"}
LABEL_ACTIONS = {"doc.mask", "doc.unmask", "doc.reveal_patient", "doc.reveal_rl", "doc.hide_patient"}
AUTHOR_ACTIONS = {"doc.replace", "doc.archive", "doc.unarchive", "doc.delete"}
FORBIDDEN_PURPOSES = {"INSURANCE", "EMPLOYMENT", "BANK", "CONTRACT"}
HOLDER_SIDE = {"HOLDER", "LEGAL_REP"}
PATIENT_SIDE = {"HOLDER", "LEGAL_REP", "DELEGATE"}
STRUCTURES = {"STRUCTURE_AGENT", "STRUCTURE_SYSTEM"}
VACCINATION_PROFESSIONS = {"MEDECIN", "PHARMACIEN", "INFIRMIER", "SAGE_FEMME"}

# S1 in one table: for each action the kinds that a rule ever entitles (ACT-01..17, LIF-03, VIS-20, DEC-02, TRC-09).
ENTITLED: dict[str, set[str]] = {
    "record.create": {"PROFESSIONAL"} | STRUCTURES,  # LIF-02, LIF-03
    "record.status": {"PROFESSIONAL", "SUPPORT"} | HOLDER_SIDE | STRUCTURES,  # AUT-01
    "record.close": {"PROFESSIONAL"} | HOLDER_SIDE,  # LIF-06
    "record.reactivate": {"PROFESSIONAL", "STRUCTURE_AGENT"} | HOLDER_SIDE,  # LIF-09
    "record.request_destroy": HOLDER_SIDE,  # PAT-09
    "record.destroy": {"HOST_DOCTOR"},  # LIF-11
    "record.request_copy": {"SUCCESSOR"} | HOLDER_SIDE,  # PAT-13, DEC-03, DEC-04
    "record.export_copy": {"HOST_DOCTOR"},  # PAT-13
    # DOUBT: CNS-07 speaks of "authz.add by a PS or STRUCTURE_AGENT", but AUT-03 and ACT-10 give a STRUCTURE_AGENT
    # no authz.add: denied. Alternative: a STRUCTURE_AGENT may collect an authorisation.
    "authz.add": {"PROFESSIONAL"} | HOLDER_SIDE,  # AUT-03
    "authz.remove": {"PROFESSIONAL"} | HOLDER_SIDE,  # AUT-05
    "authz.block": HOLDER_SIDE,  # AUT-06
    "authz.unblock": HOLDER_SIDE,  # AUT-07
    "authz.list": {"PROFESSIONAL"} | HOLDER_SIDE,  # AUT-13
    "opposition.set": {"PROFESSIONAL"} | HOLDER_SIDE,  # CNS-04
    "opposition.unset": {"PROFESSIONAL"} | HOLDER_SIDE,  # CNS-04
    "doc.list": {"PROFESSIONAL"} | PATIENT_SIDE,  # PAT-01, ACT-04, AUT-02
    "doc.read": {"PROFESSIONAL"} | PATIENT_SIDE,
    "doc.create": {"PROFESSIONAL", "INSURANCE_FEED"} | STRUCTURES | HOLDER_SIDE,  # DOC-07, DOC-15, ACT-17
    "doc.replace": {"PROFESSIONAL"} | STRUCTURES | HOLDER_SIDE,  # DOC-08
    "doc.archive": {"PROFESSIONAL"} | STRUCTURES | HOLDER_SIDE,  # DOC-09
    "doc.unarchive": {"PROFESSIONAL"} | STRUCTURES | HOLDER_SIDE,  # DOC-09
    "doc.delete": {"PROFESSIONAL", "HOST_DOCTOR"} | STRUCTURES | HOLDER_SIDE,  # DOC-10, DOC-11
    "doc.request_delete": HOLDER_SIDE,  # PAT-07
    "doc.request_destroy": HOLDER_SIDE,  # PAT-08
    "doc.destroy": {"HOST_DOCTOR"},  # DOC-12
    "doc.find_own_id": {"PROFESSIONAL"} | STRUCTURES,  # DOC-14
    "doc.mask": {"PROFESSIONAL"} | HOLDER_SIDE,  # VIS-04
    "doc.unmask": {"PROFESSIONAL"} | HOLDER_SIDE,  # VIS-05
    "doc.reveal_patient": {"PROFESSIONAL"} | HOLDER_SIDE,  # VIS-08, for the holder's side down to S8
    "doc.reveal_rl": {"PROFESSIONAL"} | HOLDER_SIDE,  # VIS-13, likewise
    "doc.hide_patient": {"PROFESSIONAL"} | HOLDER_SIDE,  # VIS-09: nobody in the end, but decided at S8
    # TRC-04..09
    "trace.list": {"PROFESSIONAL", "AUDITOR", "HOST_DOCTOR"} | HOLDER_SIDE,
}

KIND_RULES: dict[str, str] = {
    "HOLDER": "ACT-01",
    "LEGAL_REP": "ACT-02",
    "DELEGATE": "ACT-04",
    "PROFESSIONAL": "ACT-05",
    "STRUCTURE_AGENT": "ACT-10",
    "STRUCTURE_SYSTEM": "ACT-11",
    "HOST_DOCTOR": "ACT-13",
    "HOST_OPERATOR": "ACT-14",
    "SUPPORT": "ACT-15",
    "AUDITOR": "ACT-16",
    "INSURANCE_FEED": "ACT-17",
    "SUCCESSOR": "DEC-02",
}

PERMIT_RULES: dict[str, list[str]] = {
    "record.create": ["LIF-02", "CNS-01"],
    "record.status": ["AUT-01"],
    "record.close": ["LIF-06"],
    "record.reactivate": ["LIF-09", "CNS-06"],
    "record.request_destroy": ["PAT-09"],
    "record.destroy": ["LIF-11", "ACT-13"],
    "record.request_copy": ["PAT-13"],
    "record.export_copy": ["PAT-13", "ACT-13"],
    "authz.add": ["AUT-03"],
    "authz.remove": ["AUT-05"],
    "authz.block": ["AUT-06"],
    "authz.unblock": ["AUT-07"],
    "authz.list": ["AUT-13"],
    "opposition.set": ["CNS-04"],
    "opposition.unset": ["CNS-04"],
    "doc.list": ["ENV-05"],
    "doc.create": ["DOC-07"],
    "doc.replace": ["DOC-08"],
    "doc.archive": ["DOC-09"],
    "doc.unarchive": ["DOC-09"],
    "doc.delete": ["DOC-10"],
    "doc.request_delete": ["PAT-07"],
    "doc.request_destroy": ["PAT-08"],
    "doc.destroy": ["DOC-12", "ACT-13"],
    "doc.find_own_id": ["DOC-14"],
    "doc.mask": ["VIS-04"],
    "doc.unmask": ["VIS-05"],
    "doc.reveal_patient": ["VIS-08"],
    "doc.reveal_rl": ["VIS-13"],
}


@dataclass(frozen=True)
class Matrix:
    """The consultation matrix: its columns, those of health professions (G15), and the pairs marked +."""

    columns: frozenset[str]
    health: frozenset[str]
    types: frozenset[str]
    allowed: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class DocumentType:
    """One row of the document types: its class and who normally produces it."""

    document_class: str
    producer: str


DocumentTypes = dict[str, DocumentType]


@dataclass(frozen=True)
class Denial:
    """A refusal: what is shown outside, and the rules behind it."""

    external: str
    rules: tuple[str, ...]


@dataclass
class Case:
    """The facts of one request together with the two data tables."""

    facts: Facts
    matrix: Matrix
    doc_types: DocumentTypes

    @property
    def action(self) -> str:
        """The action asked for."""
        return self.facts.action

    @property
    def kind(self) -> str:
        """The kind of the subject."""
        return self.facts.subject.kind

    @property
    def at(self) -> datetime:
        """The clock of the decision."""
        return self.facts.at

    @property
    def law(self) -> bool:
        """Whether the profile is law-2023."""
        return self.facts.law

    @property
    def subject(self) -> Subject:
        """Who asks."""
        return self.facts.subject

    @property
    def record(self) -> Record:
        """The record."""
        return self.facts.record

    @property
    def relation(self) -> Relation:
        """The link between them."""
        return self.facts.relation

    @property
    def context(self) -> Context:
        """The circumstances."""
        return self.facts.context


def load_matrix(path: Path = MATRIX_FILE) -> Matrix:
    """Read the matrix file: a header, a line of profession codes, then one line per document type."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    columns = [name for name in rows[0] if name not in {"typeCode", "label_fr", "classCode"}]
    codes = rows[0]
    cells = rows[1:]
    return Matrix(
        columns=frozenset(columns),
        health=frozenset(name for name in columns if codes[name].startswith("G15:")),
        types=frozenset(row["typeCode"] for row in cells),
        allowed=frozenset((name, row["typeCode"]) for row in cells for name in columns if row[name].endswith("+")),
    )


def load_doc_types(path: Path = TYPES_FILE) -> DocumentTypes:
    """Read the document types."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return {row["typeCode"]: DocumentType(row["classCode"], row["normal_producer"]) for row in rows}


def decide(request: dict[str, Any], matrix: Matrix, doc_types: DocumentTypes) -> dict[str, Any]:
    """Decide one request."""
    try:
        case = Case(read(request), matrix, doc_types)
    except IllTyped:
        return denied(Denial("FORBIDDEN", ("ENV-01",)))
    denial = first_denial(case)
    if denial is not None:
        return denied(denial)
    decision: dict[str, Any] = {
        "effect": "PERMIT",
        "external": "OK",
        "obligations": sorted(obligations(case)),
        "rules": permit_rules(case),
    }
    if case.action == "doc.list":
        decision["visible"] = [name for name, document in case.facts.documents.items() if listed(case, document)]
    if case.action == "record.export_copy":
        decision["visible"] = [name for name, document in case.facts.documents.items() if copied(case, document)]
    if case.action == "trace.list":
        decision["scope"] = trace_scope(case)
    return decision


def denied(denial: Denial) -> dict[str, Any]:
    """The answer for a refusal; TRACE is owed on refusals too (ENV-04)."""
    return {
        "effect": "DENY",
        "external": denial.external,
        "obligations": ["TRACE"],
        "rules": list(denial.rules),
    }


def first_denial(case: Case) -> Denial | None:
    """The denial of the first stage that denies (ENV-02), or None."""
    for record_stage in (s0_existence, s1_actor, s2_state, s3_link, s4_access):
        denial = record_stage(case)
        if denial is not None:
            return denial
    if case.action.startswith("doc.") and case.action != "doc.list":
        document = case.facts.document
        if document is None:
            return Denial("NOT_FOUND", ("ENV-03",))
        for document_stage in (s5_status, s6_labels, s7_matrix, s8_document):
            denial = document_stage(case, document)
            if denial is not None:
                return denial
        return s9_document_state(case, document)
    denial = s8_record(case)
    if denial is not None:
        return denial
    return s9_record_state(case)


# ---------------------------------------------------------------------------------------------------------------------
# Dates: Europe/Paris, months and years clamp to the end of the month
# ---------------------------------------------------------------------------------------------------------------------


def add_months_to_date(day: date, months: int) -> date:
    """The same day so many months later, or the last day of that month."""
    index = day.year * 12 + day.month - 1 + months
    year = min(index // 12, 9999)
    month = index % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def add_months(moment: datetime, months: int) -> datetime:
    """The same wall-clock time in Paris so many months later, as an instant."""
    # DOUBT: a wall-clock time that exists twice (end of summer time) is the first of the two.
    local = moment.astimezone(PARIS)
    later = datetime.combine(add_months_to_date(local.date(), months), local.time(), tzinfo=PARIS)
    return later.replace(fold=0).astimezone(UTC)


def is_minor(birth: date | None, at: datetime) -> bool:
    """MIN-02, MIN-08: not yet 18 at `at`; majority begins at 00:00 in Paris on the birthday."""
    if birth is None:
        return False
    # Somebody born on 29 February comes of age on 28 February (clamping).
    return at.astimezone(PARIS).date() < add_months_to_date(birth, 18 * 12)


def holder_is_minor(case: Case) -> bool:
    """Whether the holder, or the future holder for record.create, is a minor."""
    if case.action == "record.create":
        return is_minor(case.context.holder_birth_date, case.at)
    return is_minor(case.record.holder_birth_date, case.at)


def past_ten_years(case: Case) -> bool:
    """LIF-10: CLOSED and the ten years of retention are over."""
    # DOUBT: compared as instants ("now >= closed_at + 10 years"), not as days ("the limit day" of 6.1).
    if case.record.state != "CLOSED" or case.record.closed_at is None:
        return False
    return case.at >= add_months(case.record.closed_at, 10 * 12)


# ---------------------------------------------------------------------------------------------------------------------
# Named facts
# ---------------------------------------------------------------------------------------------------------------------


def is_blocked(case: Case) -> bool:
    """AUT-06: a PROFESSIONAL whose authorisation is INTERDIT."""
    return case.kind == "PROFESSIONAL" and case.relation.authorisation == "INTERDIT"


def is_treating_physician(case: Case) -> bool:
    """ACT-07: the role counts with profession MEDECIN only, and INTERDIT wins over it."""
    if case.kind != "PROFESSIONAL" or case.subject.profession != "MEDECIN":
        return False
    return case.relation.treating_physician and not is_blocked(case)


def is_mt_equivalent(case: Case) -> bool:
    """[L] An MT-equivalent who is not blocked."""
    # DOUBT: any profession may be MT-equivalent, only treating_physician is tied to MEDECIN. Alternative: MEDECIN only.
    if case.kind != "PROFESSIONAL" or not case.law:
        return False
    return case.relation.mt_equivalent and not is_blocked(case)


def is_valid(case: Case) -> bool:
    """AUT-01, AUT-04: the stored authorisation is VALIDE and, in [S], younger than 365 days of 24 hours."""
    # DOUBT: an authorisation added after `at` counts as VALIDE (AUT-04 has an upper limit only).
    if case.relation.authorisation != "VALIDE" or case.relation.authorisation_added_at is None:
        return False
    if case.law:
        return True
    return case.at < case.relation.authorisation_added_at + timedelta(days=365)


def is_author(case: Case, document: Document | None) -> bool:
    """DOC-08: author is the person, and for STRUCTURE_* also the structure."""
    if document is None:
        return False
    if document.author == case.subject.id:
        return True
    return case.kind in STRUCTURES and case.subject.structure is not None and document.author == case.subject.structure


def as_for_reading(case: Case) -> bool:
    """Whether a PROFESSIONAL must pass S1 to S7 as for doc.read: consultation, labels, another author's document."""
    if case.kind != "PROFESSIONAL":
        return False
    if case.action in READ_ACTIONS or case.action in LABEL_ACTIONS:
        return True
    return case.action in AUTHOR_ACTIONS and not is_author(case, case.facts.document)


def individually_authenticated(case: Case) -> bool:
    """ACT-05, ACT-12: DIRECT_CPS, and in [L] also INDIRECTE_RENFORCEE."""
    if case.subject.authn_mode == "DIRECT_CPS":
        return True
    return case.law and case.subject.authn_mode == "INDIRECTE_RENFORCEE"


def has_column(case: Case) -> bool:
    """ACT-06: the profession has a column in the matrix."""
    return case.subject.profession in case.matrix.columns


def labels_in_force(case: Case, document: Document) -> frozenset[str]:
    """VIS-11 [L]: INVISIBLE_PATIENT is treated as absent one calendar month after the deposit."""
    if case.law and case.at >= add_months(document.deposited_at, 1):
        return document.labels - {"INVISIBLE_PATIENT"}
    return document.labels


def consultation_refused(case: Case) -> Denial | None:
    """AUT-02, AUT-06, AUT-11, AUT-12: why mode normal would not let this PROFESSIONAL consult, or None."""
    if is_blocked(case):
        return Denial("FORBIDDEN", ("AUT-06",))
    in_team = case.law and case.relation.care_team
    if not is_treating_physician(case) and not is_valid(case) and not in_team:
        return Denial("FORBIDDEN", ("AUT-02",))
    if case.law and not in_team and not is_treating_physician(case) and not case.context.consent:
        return Denial("FORBIDDEN", ("AUT-12",))
    return None


# ---------------------------------------------------------------------------------------------------------------------
# S0  Is the request well coded (ENV-01, done by read)? Forbidden purpose? Does the record exist?
# ---------------------------------------------------------------------------------------------------------------------


def s0_existence(case: Case) -> Denial | None:
    """ACT-18 first, then LIF-01, LIF-10, LIF-12."""
    # ACT-18
    if case.context.purpose in FORBIDDEN_PURPOSES:
        return Denial("FORBIDDEN", ("ACT-18",))
    if case.action == "record.create":
        return None
    # LIF-01, LIF-12
    if not case.record.exists or case.record.state == "DESTROYED":
        return Denial("NOT_FOUND", ("LIF-12",))
    # LIF-10
    if past_ten_years(case):
        return Denial("NOT_FOUND", ("LIF-10",))
    return None


# ---------------------------------------------------------------------------------------------------------------------
# S1  May this kind of actor, so authenticated, do this action at all?
# ---------------------------------------------------------------------------------------------------------------------


def s1_actor(case: Case) -> Denial | None:
    """ACT-01..17, LIF-03, VIS-20, DEC-02, TRC-08, TRC-09."""
    if case.kind not in ENTITLED[case.action]:
        return Denial("FORBIDDEN", (KIND_RULES[case.kind], "ENV-02"))
    # ACT-04
    if case.kind == "DELEGATE" and not case.law:
        return Denial("FORBIDDEN", ("ACT-04",))
    # ACT-13, TRC-08
    # DOUBT: an empty ticket or mission is none. Alternative: any string that is not null is one.
    if case.kind == "HOST_DOCTOR" and not case.context.ticket:
        return Denial("FORBIDDEN", ("ACT-13",))
    if case.kind == "AUDITOR" and not case.context.mission:
        return Denial("FORBIDDEN", ("ACT-16", "TRC-08"))
    # ACT-05, ACT-06, ACT-12
    # DOUBT: authn_mode is asked of a PROFESSIONAL who consults, and of nobody else (no rule denies a HOLDER with
    # INDIRECTE, or a PROFESSIONAL with INDIRECTE who feeds, closes or authorises). Alternative: one mode per kind.
    if as_for_reading(case) and not individually_authenticated(case):
        return Denial("FORBIDDEN", ("ACT-05", "ACT-12"))
    if as_for_reading(case) and not has_column(case):
        return Denial("FORBIDDEN", ("ACT-06",))
    return None


# ---------------------------------------------------------------------------------------------------------------------
# S2  Does the record state allow it?
# ---------------------------------------------------------------------------------------------------------------------


def s2_state(case: Case) -> Denial | None:
    """LIF-05, LIF-07, LIF-08, DEC-01."""
    if case.action == "record.create":
        return None
    # DEC-01: nobody acts with the codes of a dead person, and nobody reactivates the record
    if case.record.deceased and case.kind in HOLDER_SIDE and not is_dec_04(case):
        return Denial("FORBIDDEN", ("DEC-01",))
    if case.record.deceased and case.action == "record.reactivate":
        return Denial("FORBIDDEN", ("DEC-01",))
    # DOUBT: a deceased holder's record counts as CLOSED even if it is still stored ACTIVE (DEC-01 "close").
    # Alternative: on such a record DEC-01 denies consultation only, and a PROFESSIONAL may go on feeding it.
    if case.record.state == "ACTIVE" and not case.record.deceased:
        return None
    # DOUBT: in [S], where SUSPENDED does not exist, LIF-08 opens nothing, record.status included.
    if case.record.state == "SUSPENDED" and not case.law:
        return Denial("FORBIDDEN", ("LIF-05", "LIF-07"))
    # ENV-08: closing a CLOSED record is a conflict, found at S9. Settled: nobody closes in a dead person's name.
    if case.action == "record.close" and case.record.state == "CLOSED" and not case.record.deceased:
        return None
    if not allowed_when_closed(case):
        return Denial("FORBIDDEN", ("LIF-07",))
    return None


def is_dec_04(case: Case) -> bool:
    """DEC-04: the representative of a deceased minor asks for a copy."""
    # DOUBT: "deceased minor" = not 18 at `at`, for the day of death is no attribute.
    return case.kind == "LEGAL_REP" and case.action == "record.request_copy" and holder_is_minor(case)


def allowed_when_closed(case: Case) -> bool:
    """LIF-08: the only actions on a CLOSED, or in [L] SUSPENDED, record."""
    if case.action == "record.status":
        return True
    if case.action in {"record.request_copy", "record.request_destroy", "doc.request_destroy"}:
        return case.kind in HOLDER_SIDE or (case.kind == "SUCCESSOR" and case.action == "record.request_copy")
    if case.action == "record.reactivate":
        return case.kind in HOLDER_SIDE or case.kind in {"PROFESSIONAL", "STRUCTURE_AGENT"}
    # DOUBT: a SUSPENDED record [L] may be destroyed (LIF-08), though LIF-11 and 8.1 say "ACTIVE or CLOSED".
    if case.action in {"record.export_copy", "record.destroy", "doc.destroy"}:
        return case.kind == "HOST_DOCTOR"
    if case.action == "trace.list":
        return case.kind in HOLDER_SIDE or case.kind in {"HOST_DOCTOR", "AUDITOR"}
    return False


# ---------------------------------------------------------------------------------------------------------------------
# S3  Link with the record? Minor, purpose, secret connection?
# ---------------------------------------------------------------------------------------------------------------------


def s3_link(case: Case) -> Denial | None:
    """ACT-02, ACT-04, MIN-05, MIN-07, ACT-19."""
    # ACT-02 (ACT-01 for the holder)
    if case.kind == "HOLDER" and not case.relation.holder:
        return Denial("FORBIDDEN", ("ACT-02",))
    # DOUBT: a LEGAL_REP with relation.representative is believed, whatever record.protection says (ACT-03, curatelle).
    if case.kind == "LEGAL_REP" and not case.relation.representative:
        return Denial("FORBIDDEN", ("ACT-02",))
    # ACT-04
    if case.kind == "DELEGATE" and not case.relation.delegate:
        return Denial("FORBIDDEN", ("ACT-04",))
    # DOUBT: "while delegation.active" is not under a measure that puts another in the holder's place.
    # Alternative: a delegate whom the holder designated before the measure stays.
    if case.kind == "DELEGATE" and case.record.protection in {"tutelle", "habilitation"}:
        return Denial("FORBIDDEN", ("ACT-04",))
    # MIN-05
    if case.kind == "HOLDER" and holder_is_minor(case):
        return Denial("FORBIDDEN", ("MIN-05",))
    # MIN-07
    if case.context.secret and (case.action == "record.create" or not holder_is_minor(case)):
        return Denial("FORBIDDEN", ("MIN-07",))
    return occupational(case)


def occupational(case: Case) -> Denial | None:
    """ACT-19: the occupational physician."""
    if case.context.purpose != "OCCUPATIONAL":
        return None
    # DOUBT: the patient side (HOLDER, LEGAL_REP, DELEGATE; not SUCCESSOR) is excepted in both profiles.
    # Alternative: excepted in [S] only, where the parenthesis stands.
    if case.kind in PATIENT_SIDE:
        return None
    if not case.law or case.kind != "PROFESSIONAL" or case.subject.profession != "MEDECIN":
        return Denial("FORBIDDEN", ("ACT-19",))
    if case.action not in {"doc.list", "doc.read", "doc.create"} or case.context.mode != "normal":
        return Denial("FORBIDDEN", ("ACT-19",))
    # DOUBT: "then AUT-02, AUT-12 and the matrix" binds list and read, as these rules do by themselves; doc.create
    # still needs no authorisation. Alternative: an occupational doc.create needs AUT-02 and AUT-12 too.
    if not case.context.consent or not case.context.informed:
        return Denial("FORBIDDEN", ("ACT-19",))
    return None


# ---------------------------------------------------------------------------------------------------------------------
# S4  Record-level access: block, mode, opposition, authorisation
# ---------------------------------------------------------------------------------------------------------------------


def s4_access(case: Case) -> Denial | None:
    """AUT-02, AUT-06, AUT-07, AUT-11, AUT-12, AUT-13, CNS-04, MOD."""
    # DOUBT: outside mode normal nothing is granted to any kind but PROFESSIONAL, also where no MOD rule names the kind
    # (AUDITOR, SUCCESSOR, INSURANCE_FEED). Alternative: they are indifferent to the mode.
    if case.context.mode != "normal":
        return emergency(case)
    if case.kind != "PROFESSIONAL":
        return None  # granted by kind (S1) and link (S3)
    # AUT-06, AUT-07
    # DOUBT: a blocked PROFESSIONAL may not authz.remove either: for himself it would lift the block (8.3), for another
    # it is an act in the patient's name. Alternative: AUT-05 unhindered, since AUT-06 does not list it.
    if is_blocked(case) and case.action in {
        "record.close", "record.reactivate", "opposition.set", "opposition.unset", "authz.add", "authz.remove",
    }:  # fmt: skip
        return Denial("FORBIDDEN", ("AUT-06",))
    # AUT-13
    # DOUBT: an MT-equivalent may not list the authorisations (AUT-13 names the MT alone). Alternative: he may in [L].
    if case.action == "authz.list" and not is_treating_physician(case):
        return Denial("FORBIDDEN", ("AUT-13",))
    # CNS-04: to unset, the right to consult in mode normal
    # DOUBT: that right includes individual authentication and a matrix column (ACT-05, ACT-06), and AUT-12 in [L].
    if case.action == "opposition.unset":
        if not individually_authenticated(case) or not has_column(case) or consultation_refused(case) is not None:
            return Denial("FORBIDDEN", ("CNS-04",))
    # AUT-02, AUT-11, AUT-12
    if as_for_reading(case):
        return consultation_refused(case)
    return None


def emergency(case: Case) -> Denial | None:
    """MOD-03 to MOD-19: modes bris_de_glace and centre_15."""
    # MOD-17, also for a professional on his own record (ACT-05)
    if case.kind in PATIENT_SIDE:
        return Denial("FORBIDDEN", ("MOD-17",))
    if case.kind != "PROFESSIONAL":
        return Denial("FORBIDDEN", ("MOD-06", "MOD-14"))
    if case.relation.own_record != "NONE":
        return Denial("FORBIDDEN", ("MOD-17", "ACT-05"))
    # MOD-15
    if is_blocked(case):
        return Denial("FORBIDDEN", ("MOD-15", "AUT-06"))
    if case.context.mode == "centre_15":
        return centre_15(case)
    return bris_de_glace(case)


def centre_15(case: Case) -> Denial | None:
    """MOD-11 to MOD-14."""
    # MOD-14
    if case.action not in READ_ACTIONS:
        return Denial("FORBIDDEN", ("MOD-14",))
    # ACT-09, MOD-11
    if case.subject.profession != "MEDECIN" or not case.subject.regulator:
        return Denial("FORBIDDEN", ("MOD-11", "ACT-09"))
    if case.context.call_ref == "":
        return Denial("FORBIDDEN", ("MOD-11",))
    # MOD-12, MOD-16
    if "OPPOSITION_ACCES_URGENCE" in case.record.oppositions:
        return Denial("FORBIDDEN", ("MOD-12",))
    return None  # MOD-13: the authorisation is not looked at


def bris_de_glace(case: Case) -> Denial | None:
    """MOD-03 to MOD-07, MOD-18 last."""
    # MOD-07, MOD-19
    if case.action not in {"doc.list", "doc.read", "doc.create"}:
        return Denial("FORBIDDEN", ("MOD-07",))
    # MOD-06
    # DOUBT: a profession without a matrix column is not known to be of G15, so it is no health profession here.
    if case.subject.profession not in case.matrix.health:
        return Denial("FORBIDDEN", ("MOD-06",))
    # MOD-03
    if not individually_authenticated(case):
        return Denial("FORBIDDEN", ("MOD-03", "ACT-05"))
    if not case.context.patient_unable or not case.context.immediate_risk:
        return Denial("FORBIDDEN", ("MOD-03",))
    # MOD-04
    if case.context.reason == "":
        return Denial("FORBIDDEN", ("MOD-04",))
    # MOD-05, MOD-16
    if "OPPOSITION_BRIS_DE_GLACE" in case.record.oppositions:
        return Denial("FORBIDDEN", ("MOD-05",))
    # MOD-18
    if consultation_refused(case) is None:
        return Denial("CONFLICT", ("MOD-18",))
    return None


# ---------------------------------------------------------------------------------------------------------------------
# S5  Document status
# ---------------------------------------------------------------------------------------------------------------------


def s5_status(case: Case, document: Document) -> Denial | None:
    """DOC-05, DOC-06."""
    # DOC-06
    if document.status == "Destroyed":
        return Denial("NOT_FOUND", ("DOC-06",))
    # DOC-05
    if document.status != "Deleted":
        return None
    # DOUBT: the host's doctor reaches a Deleted document by doc.destroy only; doc.delete of it is NOT_FOUND.
    # Alternative: he sees it on his ticket, and doc.delete of it is a CONFLICT (8.2).
    if case.action == "doc.destroy":
        return None
    # DOUBT: the exception for the holder's doc.request_destroy serves a LEGAL_REP too (ACT-02).
    if case.action == "doc.request_destroy" and "INVISIBLE_PATIENT" not in labels_in_force(case, document):
        return None
    return Denial("NOT_FOUND", ("DOC-05",))


# ---------------------------------------------------------------------------------------------------------------------
# S6  Labels
# ---------------------------------------------------------------------------------------------------------------------


def s6_labels(case: Case, document: Document) -> Denial | None:
    """VIS-02, VIS-03, VIS-06, VIS-11, VIS-12."""
    labels = labels_in_force(case, document)
    own_record = case.relation.own_record if case.kind == "PROFESSIONAL" else "NONE"
    # VIS-06, and ACT-05 for a professional who is the holder or represents him
    if "INVISIBLE_PATIENT" in labels and (case.kind in PATIENT_SIDE or own_record != "NONE"):
        return Denial("NOT_FOUND", ("VIS-06",))
    # VIS-12, likewise
    if "INVISIBLE_REPRESENTANTS_LEGAUX" in labels:
        if case.kind in {"LEGAL_REP", "DELEGATE"} or own_record == "REPRESENTATIVE":
            return Denial("NOT_FOUND", ("VIS-12",))
    # VIS-03, MOD-08
    if "MASQUE_PS" in labels and as_for_reading(case) and not sees_masked(case, document):
        return Denial("NOT_FOUND", ("VIS-03",))
    return None


def sees_masked(case: Case, document: Document) -> bool:
    """VIS-02, for a PROFESSIONAL: author, MT, and in [L] the MT-equivalent and the author's structure."""
    if document.author == case.subject.id:
        return True
    if is_treating_physician(case) or is_mt_equivalent(case):
        return True
    if not case.law or case.subject.structure is None:
        return False
    # DOUBT: in [L] a document whose author *is* the structure (deposited by STRUCTURE_*) counts as well as one whose
    # author_structure it is. Alternative: author_structure only.
    return case.subject.structure in {document.author_structure, document.author}


# ---------------------------------------------------------------------------------------------------------------------
# S7  Personal space in emergency, then matrix
# ---------------------------------------------------------------------------------------------------------------------


def s7_matrix(case: Case, document: Document) -> Denial | None:
    """MOD-09, DEC-06, HAB-01, HAB-02, HAB-10."""
    # MOD-09, DEC-06
    # DOUBT: applies to doc.create in bris_de_glace too (NOT_FOUND), where HAB-08 would answer FORBIDDEN.
    if case.context.mode != "normal" and in_personal_space(case, document):
        if document.type not in {"EXPPAT_1", "EXPPAT_3"}:
            return Denial("NOT_FOUND", ("MOD-09",))
    # HAB-10: only professionals meet the matrix; and only where they consult
    if not as_for_reading(case):
        return None
    # HAB-02
    # DOUBT: an unknown type is refused to its author too; his exemption is from the cell (HAB-01), not from HAB-02.
    if document.type not in case.matrix.types:
        return Denial("NOT_FOUND", ("HAB-02",))
    # HAB-01
    if document.author == case.subject.id:
        return None
    if (case.subject.profession, document.type) not in case.matrix.allowed:
        return Denial("NOT_FOUND", ("HAB-01",))
    return None


def in_personal_space(case: Case, document: Document) -> bool:
    """Whether the document is of class 90."""
    # DOUBT: the stored class or the class of the type, whichever says 90. Alternative: document.class alone.
    if document.document_class == "90":
        return True
    known = case.doc_types.get(document.type)
    return known is not None and known.document_class == "90"


# ---------------------------------------------------------------------------------------------------------------------
# S8  Action conditions: author, consent, patient request, confirmation
# ---------------------------------------------------------------------------------------------------------------------


def s8_record(case: Case) -> Denial | None:
    """Conditions of the actions that touch no single document."""
    if case.action == "record.create":
        return record_create(case)
    if case.action == "record.reactivate":
        return record_reactivate(case)
    # LIF-06
    # DOUBT: the patient's request is enough, a PROFESSIONAL who closes needs no authorisation.
    if case.action == "record.close" and case.kind == "PROFESSIONAL" and not case.context.patient_request:
        return Denial("FORBIDDEN", ("LIF-06",))
    # CNS-04
    if case.action in {"opposition.set", "opposition.unset"}:
        if case.kind == "PROFESSIONAL" and not case.context.patient_request:
            return Denial("FORBIDDEN", ("CNS-04",))
    # DEC-03, ACT-21
    if case.action == "record.request_copy" and case.kind == "SUCCESSOR":
        if not case.record.deceased or case.context.motive not in {"CAUSE_OF_DEATH", "MEMORY", "ASSERT_RIGHTS"}:
            return Denial("FORBIDDEN", ("DEC-03",))
    if case.action == "authz.add":
        return authz_add(case)
    if case.action == "authz.remove":
        return authz_remove(case)
    # DOUBT: authz.* by the holder's side without a target is not refused. Alternative: FORBIDDEN, nobody is named.
    return None


def record_create(case: Case) -> Denial | None:
    """CNS-01, CNS-07."""
    # CNS-01
    if not case.context.informed or not case.context.consent:
        return Denial("FORBIDDEN", ("CNS-01",))
    # CNS-07
    # DOUBT: representative_consent comes on top of consent, a STRUCTURE_SYSTEM needs it as well, and of the adults only
    # tutelle counts. Alternatives: instead of consent; PROFESSIONAL and STRUCTURE_AGENT only; habilitation too.
    if holder_is_minor(case) or case.context.protection == "tutelle":
        if not case.context.representative_consent:
            return Denial("FORBIDDEN", ("CNS-07",))
    return None


def record_reactivate(case: Case) -> Denial | None:
    """CNS-06, CNS-07, LIF-09."""
    # CNS-06
    # DOUBT: the holder's side attests consent too (CNS-06 lists HOLDER). Alternative: his own act is his consent.
    if not case.context.consent:
        return Denial("FORBIDDEN", ("CNS-06", "LIF-09"))
    return representative_consent(case)


def representative_consent(case: Case) -> Denial | None:
    """CNS-07 on an existing record: a minor, or an adult under tutelle (habilitation is not named)."""
    if case.kind not in {"PROFESSIONAL", "STRUCTURE_AGENT"}:
        return None
    if holder_is_minor(case) or case.record.protection == "tutelle":
        if not case.context.representative_consent:
            return Denial("FORBIDDEN", ("CNS-07",))
    return None


def targets_himself(case: Case) -> bool:
    """AUT-03: a target that is absent or the subject's own id."""
    return case.context.target is None or case.context.target == case.subject.id


def authz_add(case: Case) -> Denial | None:
    """AUT-03, AUT-09, CNS-07."""
    # AUT-03
    # DOUBT: "a person's own act as holder" covers HOLDER and LEGAL_REP. Alternative: HOLDER only.
    if case.kind in HOLDER_SIDE:
        return None
    if not case.context.consent:
        return Denial("FORBIDDEN", ("AUT-03",))
    # DOUBT: "VALIDE himself" is a valid authorisation or the role of MT, not care_team (AUT-11 is about consulting).
    if not targets_himself(case) and not is_valid(case) and not is_treating_physician(case):
        return Denial("FORBIDDEN", ("AUT-03",))
    # AUT-09
    # DOUBT: the PROFESSIONAL who adds the role is a doctor, whoever is the target; the holder's side may add it freely.
    if case.context.role == "MEDECIN_TRAITANT" and case.subject.profession != "MEDECIN":
        return Denial("FORBIDDEN", ("AUT-09", "ACT-07"))
    return representative_consent(case)


def authz_remove(case: Case) -> Denial | None:
    """AUT-05."""
    # DOUBT: no conflict when there is nothing to remove (ENV-08 does not list it), and for another person the
    # patient's request is enough: no authorisation of one's own.
    if case.kind == "PROFESSIONAL" and not targets_himself(case) and not case.context.patient_request:
        return Denial("FORBIDDEN", ("AUT-05",))
    return None


def s8_document(case: Case, document: Document) -> Denial | None:
    """Conditions of the actions on one document."""
    if case.action == "doc.create":
        return doc_create(case, document)
    if case.action in AUTHOR_ACTIONS and case.kind != "HOST_DOCTOR":
        return author_action(case, document)
    if case.action in LABEL_ACTIONS:
        return label_action(case, document)
    # DOC-14
    if case.action == "doc.find_own_id" and not is_author(case, document):
        return Denial("NOT_FOUND", ("DOC-14",))
    # DOUBT: doc.request_delete of the holder's own document is permitted (PAT-07 "own documents directly"), and a
    # LEGAL_REP may request the deletion of an EXPPAT_3 (DEC-07 names create, replace and delete).
    return None


def doc_create(case: Case, document: Document) -> Denial | None:
    """CNS-05, DOC-16, VIS-10, VIS-14, VIS-15, MIN-04, HAB-08, HAB-09, DEC-07."""
    labels = labels_in_force(case, document)
    # CNS-05
    if case.kind == "PROFESSIONAL" or case.kind in STRUCTURES:
        if not case.context.non_opposition:
            return Denial("FORBIDDEN", ("CNS-05",))
    # VIS-14, VIS-01
    # DOUBT: N is asked of every depositor (VIS-01). Alternative: of PS and STRUCTURE_* only, the subjects of VIS-14.
    if "N" not in labels:
        return Denial("FORBIDDEN", ("VIS-14",))
    # VIS-15
    if "R" in labels or "V" in labels:
        return Denial("FORBIDDEN", ("VIS-15",))
    # VIS-10
    if "MASQUE_PS" in labels and "INVISIBLE_PATIENT" in labels:
        return Denial("FORBIDDEN", ("VIS-10",))
    # MIN-04
    # Settled: every depositor, for one unlabelled document would undo the secret connection (MIN-06).
    if case.context.secret and "INVISIBLE_REPRESENTANTS_LEGAUX" not in labels:
        return Denial("FORBIDDEN", ("MIN-04",))
    # DOC-16
    known = case.doc_types.get(document.type)
    if known is None or document.document_class != known.document_class:
        return Denial("FORBIDDEN", ("DOC-16",))
    if not may_sign(case, document):
        return Denial("FORBIDDEN", ("DOC-16", "HAB-08"))
    return depositor(case, document, known)


def may_sign(case: Case, document: Document) -> bool:
    """DOC-16, HAB-08, DOC-15: the author is the depositor or, for professionals and structures, the structure."""
    if document.author == case.subject.id:
        return True
    # DOUBT: "author=self or its structure" (HAB-08) is read for PROFESSIONAL too. Alternative: for STRUCTURE_* only.
    if case.kind == "PROFESSIONAL" or case.kind in STRUCTURES:
        return case.subject.structure is not None and document.author == case.subject.structure
    return False


def depositor(case: Case, document: Document, known: DocumentType) -> Denial | None:
    """HAB-08, HAB-09, DEC-07, ACT-17: which kind may deposit which type."""
    # ACT-17
    if known.producer == "ALIM_AM" or case.kind == "INSURANCE_FEED":
        if case.kind == "INSURANCE_FEED" and document.type == "REMB":
            return None
        return Denial("FORBIDDEN", ("HAB-08", "ACT-17"))
    # HAB-08, DOC-15
    if (known.producer == "PATIENT") != (case.kind in HOLDER_SIDE):
        return Denial("FORBIDDEN", ("HAB-08",))
    if known.producer == "PATIENT" and not case.law and known.document_class != "90":
        return Denial("FORBIDDEN", ("HAB-08", "DOC-15"))
    # DEC-07
    if document.type == "EXPPAT_3" and case.kind != "HOLDER":
        return Denial("FORBIDDEN", ("DEC-07",))
    # HAB-09
    if document.type == "87273-9" and case.kind == "PROFESSIONAL":
        if case.subject.profession not in VACCINATION_PROFESSIONS:
            return Denial("FORBIDDEN", ("HAB-09",))
    return None


def author_action(case: Case, document: Document) -> Denial | None:
    """DOC-08, DOC-09, DOC-10, DEC-07: replace, archive, unarchive, delete."""
    if not is_author(case, document):
        if case.kind in STRUCTURES:
            return Denial("NOT_FOUND", ("DOC-08",))
        return Denial("FORBIDDEN", ("DOC-08", "DOC-10"))
    # DEC-07
    # Settled: "only the holder", whoever else is written down as the author.
    if case.kind != "HOLDER" and document.type == "EXPPAT_3" and case.action in {"doc.replace", "doc.delete"}:
        return Denial("FORBIDDEN", ("DEC-07",))
    # DOC-10
    # DOUBT: a LEGAL_REP deletes what he deposited without giving a reason, as the holder does.
    if case.action == "doc.delete" and case.kind not in HOLDER_SIDE:
        if case.context.reason not in {"PATIENT_REQUEST", "ERROR"} and not case.context.patient_request:
            return Denial("FORBIDDEN", ("DOC-10",))
    return None


def label_action(case: Case, document: Document) -> Denial | None:
    """VIS-04, VIS-05, VIS-08, VIS-09, VIS-10, VIS-13."""
    # VIS-09
    if case.action == "doc.hide_patient":
        return Denial("FORBIDDEN", ("VIS-09",))
    # VIS-08, VIS-13: a professional's act
    if case.action == "doc.reveal_patient":
        if case.kind != "PROFESSIONAL" or not case.context.interview:
            return Denial("FORBIDDEN", ("VIS-08",))
    if case.action == "doc.reveal_rl":
        if case.kind != "PROFESSIONAL" or not case.context.minor_consent or not case.context.confirmed:
            return Denial("FORBIDDEN", ("VIS-13",))
    # VIS-04, VIS-05
    if case.action in {"doc.mask", "doc.unmask"}:
        if case.kind == "PROFESSIONAL" and not case.context.patient_request:
            return Denial("FORBIDDEN", ("VIS-04", "VIS-05"))
    # VIS-10
    if case.action == "doc.mask" and "INVISIBLE_PATIENT" in labels_in_force(case, document):
        return Denial("FORBIDDEN", ("VIS-10",))
    return None


# ---------------------------------------------------------------------------------------------------------------------
# S9  State conflict; then obligations
# ---------------------------------------------------------------------------------------------------------------------


def s9_record_state(case: Case) -> Denial | None:
    """ENV-08, LIF-02, LIF-04, ACT-08."""
    # LIF-04; a destroyed record, or one past ten years, may be created anew (LIF-02)
    # DOUBT: a SUSPENDED record exists, so record.create is a CONFLICT, in [S] too.
    if case.action == "record.create" and case.record.exists:
        if case.record.state != "DESTROYED" and not past_ten_years(case):
            return Denial("CONFLICT", ("LIF-04", "ENV-08"))
    # LIF-09, on a SUSPENDED record as well
    if case.action == "record.reactivate" and case.record.state != "CLOSED":
        return Denial("CONFLICT", ("ENV-08",))
    # LIF-06
    if case.action == "record.close" and (case.record.state == "CLOSED" or case.record.deceased):
        return Denial("CONFLICT", ("ENV-08",))
    # ACT-08
    if case.action == "authz.block" and case.relation.target_is_treating_physician:
        return Denial("CONFLICT", ("ACT-08",))
    return None


def s9_document_state(case: Case, document: Document) -> Denial | None:
    """ENV-08, section 8.2."""
    conflict = Denial("CONFLICT", ("ENV-08",))
    labels = labels_in_force(case, document)
    if case.action in {"doc.create", "doc.replace", "doc.archive"} and document.status != "Approved":
        return conflict
    if case.action == "doc.unarchive" and document.status != "Archived":
        return conflict
    if case.action == "doc.delete" and document.status not in {"Approved", "Archived", "Deprecated"}:
        return conflict
    if case.action in LABEL_ACTIONS and document.status not in {"Approved", "Archived"}:
        return conflict
    if case.action == "doc.mask" and "MASQUE_PS" in labels:
        return conflict
    if case.action == "doc.unmask" and "MASQUE_PS" not in labels:
        return conflict
    if case.action == "doc.reveal_patient" and "INVISIBLE_PATIENT" not in labels:
        return conflict
    if case.action == "doc.reveal_rl" and "INVISIBLE_REPRESENTANTS_LEGAUX" not in labels:
        return conflict
    return None


# ---------------------------------------------------------------------------------------------------------------------
# What a permit carries: obligations (1.2), visible documents, scope
# ---------------------------------------------------------------------------------------------------------------------


def obligations(case: Case) -> set[str]:
    """Section 1.2."""
    owed = {"TRACE"}
    # NTF-01, MOD-03, MOD-11
    if case.context.mode != "normal":
        owed |= {"DISPLAY_EMERGENCY", "NOTIFY_HOLDER"}
        if case.law:
            owed |= {"NOTIFY_MT"}
    # MIN-04, TRC-05
    if case.context.secret:
        owed |= {"TRACE_AUDIENCE:INVISIBLE_REPRESENTANTS_LEGAUX"}
    if case.action.startswith("doc."):
        owed |= document_obligations(case)
    else:
        owed |= record_obligations(case)
    return owed


def record_obligations(case: Case) -> set[str]:
    """The obligations of record.*, authz.* and opposition.*."""
    if case.action == "record.create":
        return {"RECORD_CONSENT:CONSENTEMENT_OUVERTURE_DMP"}
    if case.action == "record.reactivate":
        return {"RECORD_CONSENT:CONSENTEMENT_REACTIVATION_DMP", "RECOLLECT_OPPOSITIONS"}
    if case.action == "record.close":
        return {"SET_CLOSURE:FERMETURE_DEMANDE_PATIENT", "START_RETENTION_10Y", "NOTIFY_HOLDER"}
    if case.action == "record.request_copy" and case.kind == "SUCCESSOR":
        return {"OPEN_HOST_TICKET", "MANUAL_REVIEW"}
    if case.action in {"record.request_copy", "record.request_destroy"}:
        return {"OPEN_HOST_TICKET"}
    if case.action == "record.destroy":
        return {"IRREVERSIBLE", "TOMBSTONE_TRACE"}
    if case.action == "record.export_copy":
        return {"IHE_XDM_OR_PAPER"}
    if case.action == "authz.add":
        return {"RECORD_CONSENT:AUTORISATION"}
    # DOUBT: opposition.unset records nothing (1.2 names opposition.set). Alternative: its code too (CNS-04).
    if case.action == "opposition.set":
        return {"RECORD_CONSENT:" + str(case.context.opposition_code)}
    return set()


def document_obligations(case: Case) -> set[str]:
    """The obligations of doc.*."""
    if case.action == "doc.list":
        return {"FILTER_LIST"}
    if case.action == "doc.read" and case.facts.document is not None:
        return read_alerts(case, case.facts.document)
    if case.action == "doc.create" and case.facts.document is not None:
        return deposit_alert(case, case.facts.document)
    if case.action == "doc.delete":
        return {"ARCHIVE_AT_HOST"}
    if case.action in {"doc.request_delete", "doc.request_destroy"}:
        return {"OPEN_HOST_TICKET"}
    if case.action == "doc.destroy":
        return {"IRREVERSIBLE", "TOMBSTONE_TRACE"}
    if case.action == "doc.reveal_patient":
        return {"IRREVERSIBLE", "NOTIFY_HOLDER"}
    if case.action == "doc.reveal_rl":
        return {"IRREVERSIBLE"}
    return set()


def read_alerts(case: Case, document: Document) -> set[str]:
    """VIS-07, NTF-05: what a professional is told about the labels of the document he reads."""
    alerts: set[str] = set()
    if case.kind != "PROFESSIONAL":
        return alerts
    labels = labels_in_force(case, document)
    if "INVISIBLE_PATIENT" in labels:
        alerts.add("ALERT_INVISIBLE_PATIENT")
    if "INVISIBLE_REPRESENTANTS_LEGAUX" in labels:
        alerts.add("ALERT_INVISIBLE_RL")
    return alerts


def deposit_alert(case: Case, document: Document) -> set[str]:
    """NTF-03: an alert for a professional's deposit, unless a label hides it from the addressee."""
    labels = labels_in_force(case, document)
    if case.kind != "PROFESSIONAL" and case.kind not in STRUCTURES:
        return set()
    if "INVISIBLE_PATIENT" in labels:
        return set()
    if "INVISIBLE_REPRESENTANTS_LEGAUX" in labels and holder_is_minor(case):
        return set()
    return {"ALERT_ON_DEPOSIT_IF_SUBSCRIBED"}


def listed(case: Case, document: Document) -> bool:
    """ENV-05, DOC-02 to DOC-04: in the status filter, and doc.read would be permitted."""
    if document.status not in case.context.status_filter:
        return False
    return all(stage(case, document) is None for stage in (s5_status, s6_labels, s7_matrix))


def copied(case: Case, document: Document) -> bool:
    """PAT-13: what a copy holds."""
    labels = labels_in_force(case, document)
    if document.status not in {"Approved", "Archived"}:
        return False
    if "INVISIBLE_PATIENT" in labels:
        return False
    return not (case.context.copy_for_representative and "INVISIBLE_REPRESENTANTS_LEGAUX" in labels)


def trace_scope(case: Case) -> str:
    """TRC-04 to TRC-08."""
    if case.kind == "HOLDER":
        return "ALL"
    if case.kind == "LEGAL_REP":
        return "ALL_BUT_RESTRICTED"
    if case.kind in {"AUDITOR", "HOST_DOCTOR"}:
        return "METADATA"
    # DOUBT: the role alone opens ALL (TRC-06); an MT-equivalent [L] needs no VALIDE authorisation for it.
    if is_treating_physician(case) or is_mt_equivalent(case):
        return "ALL"
    return "OWN"


def permit_rules(case: Case) -> list[str]:
    """The main rules of a permit, for people."""
    if case.action == "trace.list":
        return ["TRC-04", "TRC-05", "TRC-06", "TRC-07", "TRC-08"]
    if case.context.mode == "bris_de_glace":
        return ["MOD-03"]
    if case.context.mode == "centre_15":
        return ["MOD-11"]
    if case.action == "doc.read":
        return ["AUT-02"] if case.kind == "PROFESSIONAL" else ["PAT-01"]
    return PERMIT_RULES[case.action]
