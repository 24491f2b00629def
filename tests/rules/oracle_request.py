"""The request of catalogue section 1.1 as plain facts, and ENV-01: what makes a request ill-typed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")

PROFILES = {"seed-2011", "law-2023"}
KINDS = {
    "HOLDER", "LEGAL_REP", "DELEGATE", "PROFESSIONAL", "STRUCTURE_AGENT", "STRUCTURE_SYSTEM",
    "HOST_DOCTOR", "HOST_OPERATOR", "SUPPORT", "AUDITOR", "INSURANCE_FEED", "SUCCESSOR",
}  # fmt: skip
AUTHN_MODES = {"DIRECT_CPS", "DIRECT_CPE", "INDIRECTE", "INDIRECTE_RENFORCEE", "WEB_PATIENT", "HOST"}
STATES = {"ACTIVE", "CLOSED", "SUSPENDED", "DESTROYED"}
OPPOSITIONS = {"OPPOSITION_BRIS_DE_GLACE", "OPPOSITION_ACCES_URGENCE"}
PROTECTIONS = {"none", "tutelle", "curatelle", "habilitation"}
AUTHORISATIONS = {"NON_EXISTE", "VALIDE", "INTERDIT"}
OWN_RECORDS = {"NONE", "HOLDER", "REPRESENTATIVE"}
LABELS = {"N", "R", "V", "MASQUE_PS", "INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX"}
STATUSES = {"Approved", "Deprecated", "Archived", "Deleted", "Destroyed"}
MODES = {"normal", "bris_de_glace", "centre_15"}
PURPOSES = {"CARE", "OCCUPATIONAL", "INSURANCE", "EMPLOYMENT", "BANK", "CONTRACT"}
ROLES = {"MEDECIN_TRAITANT"}
MOTIVES = {"CAUSE_OF_DEATH", "MEMORY", "ASSERT_RIGHTS", "other"}
ACTIONS = {
    "record.create", "record.status", "record.close", "record.reactivate", "record.request_destroy",
    "record.destroy", "record.request_copy", "record.export_copy",
    "authz.add", "authz.remove", "authz.block", "authz.unblock", "authz.list",
    "opposition.set", "opposition.unset",
    "doc.list", "doc.read", "doc.create", "doc.replace", "doc.archive", "doc.unarchive", "doc.delete",
    "doc.request_delete", "doc.request_destroy", "doc.destroy", "doc.find_own_id",
    "doc.mask", "doc.unmask", "doc.reveal_patient", "doc.reveal_rl", "doc.hide_patient",
    "trace.list",
}  # fmt: skip

DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE)
DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class IllTyped(Exception):
    """The request is incomplete or wrongly coded (ENV-01)."""


@dataclass
class Subject:
    """Who asks."""

    kind: str
    id: str
    authn_mode: str
    profession: str | None = None
    structure: str | None = None
    regulator: bool = False


@dataclass
class Record:
    """The record, as stored."""

    exists: bool
    state: str | None = None
    closed_at: datetime | None = None
    oppositions: frozenset[str] = frozenset()
    holder_birth_date: date | None = None
    deceased: bool = False
    protection: str = "none"


@dataclass
class Relation:
    """What links this subject to this record."""

    holder: bool = False
    representative: bool = False
    delegate: bool = False
    treating_physician: bool = False
    mt_equivalent: bool = False
    care_team: bool = False
    authorisation: str = "NON_EXISTE"
    authorisation_added_at: datetime | None = None
    target_is_treating_physician: bool = False
    own_record: str = "NONE"


@dataclass
class Document:
    """One document."""

    type: str
    labels: frozenset[str]
    status: str
    author: str
    deposited_at: datetime
    document_class: str | None = None
    author_structure: str | None = None


@dataclass
class Context:
    """The circumstances and what the person attests."""

    mode: str = "normal"
    purpose: str = "CARE"
    consent: bool = False
    informed: bool = False
    non_opposition: bool = False
    patient_request: bool = False
    interview: bool = False
    minor_consent: bool = False
    representative_consent: bool = False
    confirmed: bool = False
    patient_unable: bool = False
    immediate_risk: bool = False
    secret: bool = False
    copy_for_representative: bool = False
    reason: str = ""
    call_ref: str = ""
    mission: str | None = None
    ticket: str | None = None
    motive: str | None = None
    target: str | None = None
    role: str | None = None
    opposition_code: str | None = None
    holder_birth_date: date | None = None
    protection: str = "none"
    status_filter: frozenset[str] = frozenset({"Approved"})


@dataclass
class Facts:
    """A well-typed request."""

    profile: str
    at: datetime
    action: str
    subject: Subject
    record: Record
    relation: Relation
    document: Document | None
    context: Context
    documents: dict[str, Document] = field(default_factory=dict)

    @property
    def law(self) -> bool:
        """Whether the overlay profile [L] is in force."""
        return self.profile == "law-2023"


Reader = Callable[[object], object]


def text(value: object) -> str:
    """A string."""
    if not isinstance(value, str):
        raise IllTyped("not a string")
    return value


def identifier(value: object) -> str:
    """A string that names something; settled: a blank one names nothing and is ill-typed."""
    if not text(value).strip():
        raise IllTyped("a blank identifier")
    return text(value)


def boolean(value: object) -> bool:
    """A boolean, and nothing that merely looks like one."""
    if not isinstance(value, bool):
        raise IllTyped("not a boolean")
    return value


def date_time(value: object) -> datetime:
    """An RFC 3339 date-time with its offset."""
    # DOUBT: "T" and "Z" in either case; a blank between date and time, or second 60, is ill-typed.
    written = text(value)
    if not DATE_TIME.fullmatch(written):
        raise IllTyped("not a date-time with an offset")
    try:
        moment = datetime.fromisoformat(written.upper())
        moment.astimezone(PARIS)
    except (ValueError, OverflowError) as error:
        raise IllTyped("not a date-time") from error
    return moment


def calendar_date(value: object) -> date:
    """A date YYYY-MM-DD."""
    written = text(value)
    if not DATE.fullmatch(written):
        raise IllTyped("not a date")
    try:
        return date.fromisoformat(written)
    except ValueError as error:
        raise IllTyped("not a date") from error


def one_of(allowed: set[str]) -> Callable[[object], str]:
    """A reader of one code of a list."""

    def read(value: object) -> str:
        code = text(value)
        if code not in allowed:
            raise IllTyped("outside its code list")
        return code

    return read


def set_of(allowed: set[str]) -> Callable[[object], frozenset[str]]:
    """A reader of a JSON list of codes."""

    # DOUBT: the same code twice is accepted, the list stands for a set. Alternative: ENV-01.
    def read(value: object) -> frozenset[str]:
        if not isinstance(value, list):
            raise IllTyped("not a list")
        return frozenset(one_of(allowed)(item) for item in value)

    return read


def nullable(reader: Reader) -> Reader:
    """A reader for an attribute whose absent value is null."""

    def read(value: object) -> object:
        return None if value is None else reader(value)

    return read


SUBJECT: dict[str, Reader] = {
    "kind": one_of(KINDS),
    "id": identifier,
    "authn_mode": one_of(AUTHN_MODES),
    "profession": nullable(identifier),
    "structure": nullable(identifier),
    "regulator": boolean,
}
RECORD: dict[str, Reader] = {
    "exists": boolean,
    # DOUBT: state null is ill-typed even where the record does not exist (null is listed for closed_at only).
    "state": one_of(STATES),
    "closed_at": nullable(date_time),
    "oppositions": set_of(OPPOSITIONS),
    "holder_birth_date": calendar_date,
    "deceased": boolean,
    "protection": one_of(PROTECTIONS),
}
RELATION: dict[str, Reader] = {
    "holder": boolean,
    "representative": boolean,
    "delegate": boolean,
    "treating_physician": boolean,
    "mt_equivalent": boolean,
    "care_team": boolean,
    "authorisation": one_of(AUTHORISATIONS),
    "authorisation_added_at": nullable(date_time),
    "target_is_treating_physician": boolean,
    "own_record": one_of(OWN_RECORDS),
}
DOCUMENT: dict[str, Reader] = {
    "type": identifier,
    "class": nullable(identifier),
    "labels": set_of(LABELS),
    "status": one_of(STATUSES),
    "author": identifier,
    "author_structure": nullable(identifier),
    "deposited_at": date_time,
}
CONTEXT: dict[str, Reader] = {
    "mode": one_of(MODES),
    "purpose": one_of(PURPOSES),
    "consent": boolean,
    "informed": boolean,
    "non_opposition": boolean,
    "patient_request": boolean,
    "interview": boolean,
    "minor_consent": boolean,
    "representative_consent": boolean,
    "confirmed": boolean,
    "patient_unable": boolean,
    "immediate_risk": boolean,
    "secret": boolean,
    "copy_for_representative": boolean,
    "reason": text,
    "call_ref": text,
    "mission": nullable(identifier),
    "ticket": nullable(identifier),
    "motive": nullable(one_of(MOTIVES)),
    "target": nullable(identifier),
    "role": nullable(one_of(ROLES)),
    "opposition_code": one_of(OPPOSITIONS),
    "holder_birth_date": calendar_date,
    "protection": one_of(PROTECTIONS),
    "status_filter": set_of(STATUSES),
}
TOP = {
    "id", "title", "expected",
    "profile", "at", "action", "subject", "record", "relation", "document", "documents", "context",
}  # fmt: skip


def read_group(value: object, readers: dict[str, Reader], required: set[str]) -> dict[str, Any]:
    """The attributes of one JSON object, each read by its own reader."""
    if not isinstance(value, dict):
        raise IllTyped("not an object")
    for name in value:
        if name not in readers:
            raise IllTyped("unknown attribute " + name)
    for name in required:
        if name not in value:
            raise IllTyped("missing " + name)
    return {name: readers[name](item) for name, item in value.items()}


def read_subject(value: object) -> Subject:
    """The subject; a PROFESSIONAL needs a profession."""
    subject = Subject(**read_group(value, SUBJECT, {"kind", "id", "authn_mode"}))
    if subject.kind == "PROFESSIONAL" and subject.profession is None:
        raise IllTyped("a PROFESSIONAL without profession")
    return subject


def read_record(value: object) -> Record:
    """The record; an existing one needs its state, oppositions and birth date, a CLOSED one its date."""
    given = read_group(value, RECORD, {"exists"})
    if given["exists"]:
        read_group(value, RECORD, {"state", "oppositions", "holder_birth_date"})
    record = Record(**given)
    if record.state == "CLOSED" and record.closed_at is None:
        raise IllTyped("CLOSED without closed_at")
    return record


def read_relation(value: object) -> Relation:
    """The relation; a VALIDE authorisation needs its date."""
    relation = Relation(**read_group(value, RELATION, set()))
    if relation.authorisation == "VALIDE" and relation.authorisation_added_at is None:
        raise IllTyped("VALIDE without authorisation_added_at")
    return relation


def read_document(value: object) -> Document:
    """One document."""
    given = read_group(value, DOCUMENT, {"type", "labels", "status", "author", "deposited_at"})
    given["document_class"] = given.pop("class", None)
    return Document(**given)


def read_documents(value: object) -> dict[str, Document]:
    """The documents of a list or a copy; one bad item spoils the request."""
    # DOUBT: a null item is ill-typed (null is the absent value of `document` only). Alternative: skip it.
    if not isinstance(value, dict):
        raise IllTyped("not an object")
    return {name: read_document(item) for name, item in value.items()}


def read_context(value: object, action: str) -> Context:
    """The context; two actions need an attribute of their own."""
    required: set[str] = set()
    if action in {"opposition.set", "opposition.unset"}:
        required = {"opposition_code"}
    if action == "record.create":
        required = {"holder_birth_date"}
    return Context(**read_group(value, CONTEXT, required))


def read(request: object) -> Facts:
    """The whole request, or IllTyped."""
    if not isinstance(request, dict):
        raise IllTyped("not an object")
    for name in request:
        if name not in TOP:
            raise IllTyped("unknown " + name)
    for name in ("at", "action", "subject", "record"):
        if name not in request:
            raise IllTyped("missing " + name)
    action = one_of(ACTIONS)(request["action"])
    return Facts(
        profile=one_of(PROFILES)(request.get("profile", "seed-2011")),
        at=date_time(request["at"]),
        action=action,
        subject=read_subject(request["subject"]),
        record=read_record(request["record"]),
        relation=read_relation(request.get("relation", {})),
        document=None if request.get("document") is None else read_document(request["document"]),
        context=read_context(request.get("context", {}), action),
        documents=read_documents(request.get("documents", {})),
    )
