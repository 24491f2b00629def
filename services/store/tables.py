"""Every table but `relations`. Identifiers are text `system|value`; times are whole microseconds of UTC since 1970."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy import Text as AnyText

from services.store.labels import ALL_BITS

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    }
)

Text = AnyText().with_variant(AnyText(collation="C"), "postgresql")
"""Compared and ordered byte for byte, on either database."""

RECORD_STATES = ("ACTIVE", "CLOSED", "SUSPENDED", "DESTROYED")
PROTECTIONS = ("none", "tutelle", "curatelle", "habilitation")
OPPOSITIONS = ("OPPOSITION_BRIS_DE_GLACE", "OPPOSITION_ACCES_URGENCE")
# NON_EXISTE is the absence of a row, and EXPIRE is computed by the rules.
AUTHORISATION_STATUSES = ("VALIDE", "INTERDIT")
ROLES = ("MEDECIN_TRAITANT",)
DOCUMENT_STATUSES = ("Approved", "Deprecated", "Archived", "Deleted", "Destroyed")
EMERGENCY_MODES = ("bris_de_glace", "centre_15")
TICKET_STATES = ("OPEN", "EXECUTED", "REFUSED", "EXPIRED")
EMERGENCY_LIMIT = 3 * 3600 * 1_000_000
"""The longest emergency access, in microseconds."""


def _one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    """A closed list of values for a column."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def _number() -> Column[int]:
    """A row number that no later row reuses; it never leaves the store, for it counts what others did."""
    # SQLite numbers its rows only through a column of type INTEGER, which holds 64 bits there.
    whole = BigInteger().with_variant(Integer(), "sqlite")
    return Column("number", whole, primary_key=True, autoincrement=True)


def _record(*, part_of_key: bool = False) -> Column[str]:
    """The record that a row belongs to, and with which it goes."""
    owner = ForeignKey("records.ins", ondelete="CASCADE")
    return Column("record", Text, owner, primary_key=part_of_key, nullable=False)


def _sealed(what: str) -> Column[bytes]:
    """Personal fields, which only the key of the record or document opens; nothing in the clear stands beside them."""
    return Column("sealed", LargeBinary, nullable=False, server_default="", comment=f"AES-256-GCM: {what}")


records = Table(
    "records",
    metadata,
    Column("ins", Text, primary_key=True, comment="the holder's national health identity, which names the record"),
    Column("state", Text, nullable=False, comment="catalogue 8.1"),
    Column("closed_at", BigInteger),
    Column("closure_motive", Text, comment="code of 1.2.250.1.213.4.1.2.4 (SET_CLOSURE)"),
    Column("retained_until", BigInteger, comment="when a closed record is due for destruction (START_RETENTION_10Y)"),
    Column("holder_birth_date", String(10), nullable=False, comment="YYYY-MM-DD"),
    Column("deceased", Boolean, nullable=False),
    Column("protection", Text, nullable=False, comment="legal protection of an adult holder"),
    Column("revision", BigInteger, nullable=False, comment="raised by every change of a fact that decisions read"),
    Column("created_at", BigInteger, nullable=False),
    Column("key", Text, nullable=False, server_default="", comment="id of the key that all in it is sealed by"),
    _one_of("state", RECORD_STATES),
    _one_of("protection", PROTECTIONS),
    CheckConstraint("(state = 'CLOSED') <= (closed_at IS NOT NULL)", name="closed_since"),
    Index(None, "key"),
    sqlite_with_rowid=False,
)

oppositions = Table(
    "oppositions",
    metadata,
    _record(part_of_key=True),
    Column("code", Text, primary_key=True, comment="catalogue CNS-04; a row stands for an opposition in force"),
    Column("collector", Text, nullable=False, comment="the person who stated or recorded it"),
    Column("set_at", BigInteger, nullable=False),
    _one_of("code", OPPOSITIONS),
    sqlite_with_rowid=False,
)

authorisations = Table(
    "authorisations",
    metadata,
    _record(part_of_key=True),
    Column("target", Text, primary_key=True, comment="a professional or a structure (AUT-01)"),
    Column("status", Text, nullable=False, comment="no row: NON_EXISTE"),
    Column("collector", Text, nullable=False, comment="the person who granted or blocked"),
    Column("added_at", BigInteger, nullable=False, comment="since when the status holds"),
    _one_of("status", AUTHORISATION_STATUSES),
    sqlite_with_rowid=False,
)

roles = Table(
    "roles",
    metadata,
    _record(part_of_key=True),
    Column("person", Text, primary_key=True),
    Column("role", Text, primary_key=True),
    Column("added_at", BigInteger, nullable=False),
    _one_of("role", ROLES),
    sqlite_with_rowid=False,
)

consents = Table(
    "consents",
    metadata,
    _number(),
    _record(),
    Column("code", Text, nullable=False, comment="what was consented to; the rules own the list (RECORD_CONSENT:code)"),
    Column("target", Text, comment="the person whom an authorisation names"),
    Column("collector", Text, nullable=False, comment="who collected it (CNS-02)"),
    Column("at", BigInteger, nullable=False),
    Column("decision_id", Text, nullable=False),
    CheckConstraint("code <> ''", name="code"),
    Index(None, "record"),
    sqlite_autoincrement=True,
)

documents = Table(
    "documents",
    metadata,
    _number(),
    Column("logical_id", Text, nullable=False, unique=True, comment="UUID4, stable: what callers name (VIS-17)"),
    Column("entry_uuid", Text, nullable=False, unique=True, comment="UUID4, new at every change of labels (VIS-04)"),
    _record(),
    Column("unique_id", Text, nullable=False, comment="the CDA's own id"),
    Column("type", Text, nullable=False, comment="typeCode"),
    Column("class", Text, comment="classCode of the type; null for an unknown type"),
    Column(
        "labels",
        Integer,
        nullable=False,
        comment="bits: 1 N, 2 R, 4 V, 8 MASQUE_PS, 16 INVISIBLE_PATIENT, 32 INVISIBLE_REPRESENTANTS_LEGAUX",
    ),
    Column("status", Text, nullable=False, comment="catalogue 8.2"),
    Column("author", Text, nullable=False, comment="the person, holder or structure who deposited it"),
    Column("author_structure", Text),
    Column("custodian", Text, comment="the organisation that the CDA names as keeping the original"),
    Column("patient", Text, comment="the patient whom the CDA names"),
    Column("created_at", BigInteger, comment="when the CDA says that it was written"),
    Column("deposited_at", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False, comment="bytes"),
    Column("replaces", Text, comment="logical id of the version that this one replaces (DOC-08)"),
    _sealed("title, author's name and SHA-256 of the content, by the document's key"),
    Column(
        "waits_since",
        BigInteger,
        comment="when the first version hidden from the patient was deposited; null: this one",
    ),
    _one_of("status", DOCUMENT_STATUSES),
    CheckConstraint(f"labels BETWEEN 0 AND {ALL_BITS}", name="labels"),
    # INVARIANT: the author is part of the key, so that a conflict never betrays another's hidden document (VIS-18).
    UniqueConstraint("record", "author", "unique_id"),
    Index(None, "record", "deposited_at", "number"),
    sqlite_autoincrement=True,
)

document_contents = Table(
    "document_contents",
    metadata,
    Column("document", Text, ForeignKey("documents.logical_id", ondelete="CASCADE"), primary_key=True),
    Column("content", LargeBinary, nullable=False, comment="the bytes as deposited, sealed by the document's key"),
)

archived_contents = Table(
    "archived_contents",
    metadata,
    Column("document", Text, ForeignKey("documents.logical_id", ondelete="CASCADE"), primary_key=True),
    Column(
        "content",
        LargeBinary,
        nullable=False,
        comment="a deleted document, sealed as before, out of every reader's reach",
    ),
    Column("archived_at", BigInteger, nullable=False),
    Column("decision_id", Text, nullable=False, comment="the deletion (ARCHIVE_AT_HOST)"),
)

emergency_accesses = Table(
    "emergency_accesses",
    metadata,
    Column("id", Text, primary_key=True, comment="UUID4"),
    _record(),
    Column("person", Text, nullable=False, comment="who started it, and alone may use or end it"),
    Column("mode", Text, nullable=False),
    Column("patient_unable", Boolean, nullable=False, comment="attested: the patient cannot express himself"),
    Column("immediate_risk", Boolean, nullable=False, comment="attested"),
    Column("started_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger, comment="null until ended"),
    _sealed("reason, verbatim (MOD-04), and reference of the emergency call, by the record's key"),
    _one_of("mode", EMERGENCY_MODES),
    CheckConstraint(f"expires_at > started_at AND expires_at - started_at <= {EMERGENCY_LIMIT}", name="three_hours"),
    CheckConstraint("ended_at >= started_at", name="ends_after_start"),
    # A person has one access mode at a time on a record.
    Index(
        "emergency_accesses_open",
        "record",
        "person",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
)

notifications = Table(
    "notifications",
    metadata,
    _number(),
    Column("id", Text, nullable=False, unique=True, comment="UUID4"),
    _record(),
    Column("addressee", Text, nullable=False, comment="the holder, or the professional to be told"),
    Column("code", Text, nullable=False, comment="what happened; never anything medical (NTF-06)"),
    Column("once", Text, nullable=False, comment="what the addressee is told of only once"),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("decision_id", Text, nullable=False),
    _sealed("the actor's name, profession and structure, by the record's key"),
    Column("document", Text, comment="logical id of what must not be hidden from who reads it; null: of the record"),
    UniqueConstraint("record", "addressee", "once"),
    sqlite_autoincrement=True,
)

tickets = Table(
    "tickets",
    metadata,
    _number(),
    Column("id", Text, nullable=False, unique=True, comment="UUID4"),
    _record(),
    Column("kind", Text, nullable=False, comment="the action that the host's doctor is asked to do"),
    Column("document", Text, comment="logical id; null where the whole record is meant"),
    Column("beneficiary", Text, nullable=False, comment="the person for whom it is done"),
    Column("opener", Text, nullable=False, comment="the person who asked"),
    Column("opener_kind", Text, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("needs_review", Boolean, nullable=False, comment="a person must look at it first (MANUAL_REVIEW)"),
    Column("decision_id", Text, nullable=False, comment="the permit that opened it"),
    Column("state", Text, nullable=False),
    Column("settled_at", BigInteger),
    Column("settled_by", Text),  # of an open one, who began what takes longer than a call, and alone may go on
    Column("refusal", Text, comment="why it was refused, in the words of who refused; sealed by the record's key"),
    _one_of("state", TICKET_STATES),
    CheckConstraint("(state = 'OPEN') = (settled_at IS NULL)", name="settled"),
    CheckConstraint("(state = 'REFUSED') = (refusal IS NOT NULL)", name="refusal"),
    CheckConstraint("expires_at > opened_at", name="expires_after_opening"),
    Index(None, "record", "number"),
    Index("tickets_open", "number", sqlite_where=text("state = 'OPEN'"), postgresql_where=text("state = 'OPEN'")),
    sqlite_autoincrement=True,
)

key_epochs = Table(
    "key_epochs",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("current", Boolean, nullable=False, comment="its master key wraps every new key"),
    Column("begun_at", BigInteger, nullable=False),
    Column("destroyed_at", BigInteger, comment="when nothing was wrapped by it any more, and its master key went"),
    CheckConstraint("NOT current OR destroyed_at IS NULL", name="current_lives"),
    Index("key_epochs_one", "current", unique=True, sqlite_where=text("current"), postgresql_where=text("current")),
    sqlite_with_rowid=False,
)

record_keys = Table(
    "record_keys",
    metadata,
    # No foreign key: one row is for what concerns no record.
    Column("record", Text, primary_key=True),
    Column("id", Text, nullable=False, unique=True, comment="UUID4: what names the record once it is destroyed"),
    Column("epoch", BigInteger, ForeignKey("key_epochs.number"), nullable=False),
    Column("wrapped", LargeBinary, nullable=False, comment="by the master key of the epoch"),
    Index(None, "epoch", "record"),
    sqlite_with_rowid=False,
)

data_keys = Table(
    "data_keys",
    metadata,
    Column("record", Text, ForeignKey("record_keys.record"), primary_key=True),
    Column("document", Text, primary_key=True, comment="logical id; empty for the record's personal fields"),
    Column("wrapped", LargeBinary, nullable=False, comment="by the record's key"),
    sqlite_with_rowid=False,
)

erasures = Table(
    "erasures",
    metadata,
    _number(),
    Column("id", Text, nullable=False, unique=True, comment="the decision that permitted it"),
    Column("kind", Text, nullable=False),
    Column("what", Text, nullable=False, comment="id of the record's key, or logical id of the document"),
    Column("at", BigInteger, nullable=False),
    _one_of("kind", ("record", "document")),
    sqlite_autoincrement=True,
)

keys = Table(
    "keys",
    metadata,
    Column("purpose", Text, primary_key=True),
    Column("secret", LargeBinary, nullable=False, comment="drawn by chance when the tables were made"),
)

traces = Table(
    "traces",
    metadata,
    _number(),
    Column("decision_id", Text, nullable=False, comment="UUID4"),
    Column("kind", Text, nullable=False),
    Column("w3c_trace_id", Text),
    Column("at", BigInteger, nullable=False, comment="when it was decided"),
    Column("recorded_at", BigInteger, nullable=False, comment="when it was written"),
    Column("session", Text, comment="SHA-256 of the token's jti, in hexadecimal"),
    Column("subject_kind", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("subject_profession", Text),
    Column("subject_structure", Text),
    Column("subject_authn_mode", Text, nullable=False),
    Column("client", Text, comment="the calling software"),
    Column("action", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    # No foreign key: a refusal on a record that does not exist is traced as well.
    Column("record", Text),
    Column("record_revision", BigInteger, comment="the revision that the facts were read from"),
    Column("effect", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("rules", Text, nullable=False, comment="JSON: determining and matched"),
    Column("obligations", Text, nullable=False, comment="JSON"),
    Column("scope", Text),
    Column("digest", Text, nullable=False, comment="SHA-256 of the rule set, in hexadecimal"),
    Column("profile", Text, nullable=False),
    Column("audience", Text, comment="INVISIBLE_REPRESENTANTS_LEGAUX: kept from the legal representatives"),
    Column("about", Text, comment="the person whom a question was about, where it was not the asker"),
    Column("key", Text, comment="id of the record's key that it is sealed by; that of nobody's where there was none"),
    _sealed("names, reason, attestations, facts, outcomes and items: the rest of the entry"),
    _one_of("kind", ("ACCESS", "QUESTION")),
    _one_of("effect", ("PERMIT", "DENY")),
    _one_of("answer", ("OK", "FORBIDDEN", "NOT_FOUND", "CONFLICT")),
    _one_of("outcome", ("DONE", "REFUSED", "FAILED", "LATE")),
    _one_of("audience", ("INVISIBLE_REPRESENTANTS_LEGAUX",)),
    # INVARIANT: what was refused is never marked done; a question is done when it is answered, even by a no.
    CheckConstraint("kind = 'QUESTION' OR effect = 'PERMIT' OR outcome <> 'DONE'", name="refused_is_not_done"),
    # One index only: each further one costs 40 to 60 µs per call. It answers the newest first, and finds a cursor.
    Index("traces_of_record", "record", "number", "decision_id"),
    sqlite_autoincrement=True,
)

_FINAL = "traces are only ever added"
_APPEND_ONLY = {
    "sqlite": tuple(
        f"CREATE TRIGGER traces_no_{verb.lower()} BEFORE {verb} ON traces BEGIN SELECT RAISE(ABORT, '{_FINAL}'); END"
        for verb in ("UPDATE", "DELETE")
    ),
    "postgresql": (
        (
            "CREATE FUNCTION traces_are_final() RETURNS trigger LANGUAGE plpgsql "
            f"AS $$ BEGIN RAISE EXCEPTION '{_FINAL}'; END $$"
        ),
        (
            "CREATE TRIGGER traces_final BEFORE UPDATE OR DELETE OR TRUNCATE ON traces "
            "FOR EACH STATEMENT EXECUTE FUNCTION traces_are_final()"
        ),
    ),
}
"""What was traced can be neither changed nor removed."""
for _dialect, _statements in _APPEND_ONLY.items():
    for _statement in _statements:
        event.listen(traces, "after_create", DDL(_statement).execute_if(dialect=_dialect))  # type: ignore[no-untyped-call]
