"""The first version of the tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.store.migrations import service_role

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Compared and ordered byte for byte, on either database.
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

# What was traced can be neither changed nor removed.
REFUSAL = "BEGIN SELECT RAISE(ABORT, 'traces are only ever added'); END"
FINAL = {
    "sqlite": (
        f"CREATE TRIGGER traces_no_update BEFORE UPDATE ON traces {REFUSAL}",
        f"CREATE TRIGGER traces_no_delete BEFORE DELETE ON traces {REFUSAL}",
    ),
    "postgresql": (
        (
            "CREATE FUNCTION traces_are_final() RETURNS trigger LANGUAGE plpgsql "
            "AS $$ BEGIN RAISE EXCEPTION 'traces are only ever added'; END $$"
        ),
        (
            "CREATE TRIGGER traces_final BEFORE UPDATE OR DELETE OR TRUNCATE ON traces "
            "FOR EACH STATEMENT EXECUTE FUNCTION traces_are_final()"
        ),
    ),
}
TABLES = (
    "traces",
    "notifications",
    "emergency_accesses",
    "document_contents",
    "documents",
    "consents",
    "roles",
    "authorisations",
    "oppositions",
    "records",
)


def upgrade() -> None:
    _records()
    _oppositions()
    _authorisations()
    _roles()
    _consents()
    _documents()
    _document_contents()
    _emergency_accesses()
    _notifications()
    _traces()
    for statement in FINAL[op.get_bind().dialect.name]:
        op.execute(statement)
    service_role.make_role()
    service_role.grant(TABLES[1:])
    service_role.grant(["traces"], service_role.ONLY_ADD)


def downgrade() -> None:
    if op.get_bind().execute(sa.text("SELECT 1 FROM traces LIMIT 1")).first():
        raise ValueError("traces are only ever added: a database that holds some does not go back before them")
    for table in TABLES:
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION traces_are_final()")


def _records() -> None:
    op.create_table(
        "records",
        sa.Column("ins", TEXT, nullable=False, comment="the holder's national health identity, which names the record"),
        sa.Column("state", TEXT, nullable=False, comment="catalogue 8.1"),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("holder_birth_date", sa.String(length=10), nullable=False, comment="YYYY-MM-DD"),
        sa.Column("deceased", sa.Boolean(), nullable=False),
        sa.Column("protection", TEXT, nullable=False, comment="legal protection of an adult holder"),
        sa.Column(
            "revision", sa.BigInteger(), nullable=False, comment="raised by every change of a fact that decisions read"
        ),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("(state = 'CLOSED') <= (closed_at IS NOT NULL)", name=op.f("records_closed_since_check")),
        sa.CheckConstraint(
            "protection IN ('none', 'tutelle', 'curatelle', 'habilitation')", name=op.f("records_protection_check")
        ),
        sa.CheckConstraint("state IN ('ACTIVE', 'CLOSED', 'SUSPENDED', 'DESTROYED')", name=op.f("records_state_check")),
        sa.PrimaryKeyConstraint("ins", name=op.f("records_pkey")),
        sqlite_with_rowid=False,
    )


def _oppositions() -> None:
    op.create_table(
        "oppositions",
        sa.Column("record", TEXT, nullable=False),
        sa.Column("code", TEXT, nullable=False, comment="catalogue CNS-04; a row stands for an opposition in force"),
        sa.Column("collector", TEXT, nullable=False, comment="the person who stated or recorded it"),
        sa.Column("set_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "code IN ('OPPOSITION_BRIS_DE_GLACE', 'OPPOSITION_ACCES_URGENCE')", name=op.f("oppositions_code_check")
        ),
        sa.ForeignKeyConstraint(["record"], ["records.ins"], name=op.f("oppositions_record_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("record", "code", name=op.f("oppositions_pkey")),
        sqlite_with_rowid=False,
    )


def _authorisations() -> None:
    op.create_table(
        "authorisations",
        sa.Column("record", TEXT, nullable=False),
        sa.Column("target", TEXT, nullable=False, comment="a professional or a structure (AUT-01)"),
        sa.Column("status", TEXT, nullable=False, comment="no row: NON_EXISTE"),
        sa.Column("collector", TEXT, nullable=False, comment="the person who granted or blocked"),
        sa.Column("added_at", sa.BigInteger(), nullable=False, comment="since when the status holds"),
        sa.CheckConstraint("status IN ('VALIDE', 'INTERDIT')", name=op.f("authorisations_status_check")),
        sa.ForeignKeyConstraint(
            ["record"], ["records.ins"], name=op.f("authorisations_record_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("record", "target", name=op.f("authorisations_pkey")),
        sqlite_with_rowid=False,
    )


def _roles() -> None:
    op.create_table(
        "roles",
        sa.Column("record", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("role IN ('MEDECIN_TRAITANT')", name=op.f("roles_role_check")),
        sa.ForeignKeyConstraint(["record"], ["records.ins"], name=op.f("roles_record_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("record", "person", "role", name=op.f("roles_pkey")),
        sqlite_with_rowid=False,
    )


def _consents() -> None:
    op.create_table(
        "consents",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("record", TEXT, nullable=False),
        sa.Column(
            "code",
            TEXT,
            nullable=False,
            comment="what was consented to; the rules own the list (RECORD_CONSENT:code)",
        ),
        sa.Column("target", TEXT, nullable=True, comment="the person whom an authorisation names"),
        sa.Column("collector", TEXT, nullable=False, comment="who collected it (CNS-02)"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("decision_id", TEXT, nullable=False),
        sa.CheckConstraint("code <> ''", name=op.f("consents_code_check")),
        sa.ForeignKeyConstraint(["record"], ["records.ins"], name=op.f("consents_record_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("number", name=op.f("consents_pkey")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("consents_record"), "consents", ["record"], unique=False)


def _documents() -> None:
    op.create_table(
        "documents",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("logical_id", TEXT, nullable=False, comment="UUID4, stable: what callers name (VIS-17)"),
        sa.Column("entry_uuid", TEXT, nullable=False, comment="UUID4, new at every change of labels (VIS-04)"),
        sa.Column("record", TEXT, nullable=False),
        sa.Column("unique_id", TEXT, nullable=False, comment="the CDA's own id"),
        sa.Column("type", TEXT, nullable=False, comment="typeCode"),
        sa.Column("class", TEXT, nullable=True, comment="classCode of the type; null for an unknown type"),
        sa.Column("title", TEXT, nullable=False),
        sa.Column(
            "labels",
            sa.Integer(),
            nullable=False,
            comment="bits: 1 N, 2 R, 4 V, 8 MASQUE_PS, 16 INVISIBLE_PATIENT, 32 INVISIBLE_REPRESENTANTS_LEGAUX",
        ),
        sa.Column("status", TEXT, nullable=False, comment="catalogue 8.2"),
        sa.Column("author", TEXT, nullable=False, comment="the person, holder or structure who deposited it"),
        sa.Column("author_name", TEXT, nullable=True),
        sa.Column("author_structure", TEXT, nullable=True),
        sa.Column(
            "custodian", TEXT, nullable=True, comment="the organisation that the CDA names as keeping the original"
        ),
        sa.Column("patient", TEXT, nullable=True, comment="the patient whom the CDA names"),
        sa.Column("created_at", sa.BigInteger(), nullable=True, comment="when the CDA says that it was written"),
        sa.Column("deposited_at", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False, comment="bytes"),
        sa.Column("sha256", TEXT, nullable=False, comment="of the content, in hexadecimal"),
        sa.CheckConstraint(
            "status IN ('Approved', 'Deprecated', 'Archived', 'Deleted', 'Destroyed')",
            name=op.f("documents_status_check"),
        ),
        sa.CheckConstraint("labels BETWEEN 0 AND 63", name=op.f("documents_labels_check")),
        sa.ForeignKeyConstraint(["record"], ["records.ins"], name=op.f("documents_record_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("number", name=op.f("documents_pkey")),
        sa.UniqueConstraint("entry_uuid", name=op.f("documents_entry_uuid_key")),
        sa.UniqueConstraint("logical_id", name=op.f("documents_logical_id_key")),
        sa.UniqueConstraint("record", "author", "unique_id", name=op.f("documents_record_author_unique_id_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("documents_record_deposited_at_number"), "documents", ["record", "deposited_at", "number"], unique=False
    )


def _document_contents() -> None:
    op.create_table(
        "document_contents",
        sa.Column("document", TEXT, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False, comment="the bytes as deposited; no row once destroyed"),
        sa.ForeignKeyConstraint(
            ["document"], ["documents.logical_id"], name=op.f("document_contents_document_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("document", name=op.f("document_contents_pkey")),
    )


def _emergency_accesses() -> None:
    op.create_table(
        "emergency_accesses",
        sa.Column("id", TEXT, nullable=False, comment="UUID4"),
        sa.Column("record", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False, comment="who started it, and alone may use or end it"),
        sa.Column("mode", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False, comment="verbatim (MOD-04)"),
        sa.Column("call_ref", TEXT, nullable=False, comment="reference of the emergency call; empty outside centre_15"),
        sa.Column(
            "patient_unable", sa.Boolean(), nullable=False, comment="attested: the patient cannot express himself"
        ),
        sa.Column("immediate_risk", sa.Boolean(), nullable=False, comment="attested"),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True, comment="null until ended"),
        sa.CheckConstraint("mode IN ('bris_de_glace', 'centre_15')", name=op.f("emergency_accesses_mode_check")),
        sa.CheckConstraint("ended_at >= started_at", name=op.f("emergency_accesses_ends_after_start_check")),
        sa.CheckConstraint(
            "expires_at > started_at AND expires_at - started_at <= 10800000000",
            name=op.f("emergency_accesses_three_hours_check"),
        ),
        sa.ForeignKeyConstraint(
            ["record"], ["records.ins"], name=op.f("emergency_accesses_record_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("emergency_accesses_pkey")),
    )
    op.create_index(
        "emergency_accesses_open",
        "emergency_accesses",
        ["record", "person"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def _notifications() -> None:
    op.create_table(
        "notifications",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("id", TEXT, nullable=False, comment="UUID4"),
        sa.Column("record", TEXT, nullable=False),
        sa.Column("addressee", TEXT, nullable=False, comment="the holder, or the professional to be told"),
        sa.Column("code", TEXT, nullable=False, comment="what happened; never anything medical (NTF-06)"),
        sa.Column("once", TEXT, nullable=False, comment="what the addressee is told of only once"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("actor_name", TEXT, nullable=True),
        sa.Column("actor_profession", TEXT, nullable=True),
        sa.Column("actor_structure", TEXT, nullable=True),
        sa.Column("mode", TEXT, nullable=False),
        sa.Column("decision_id", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["record"], ["records.ins"], name=op.f("notifications_record_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("notifications_pkey")),
        sa.UniqueConstraint("id", name=op.f("notifications_id_key")),
        sa.UniqueConstraint("record", "addressee", "once", name=op.f("notifications_record_addressee_once_key")),
        sqlite_autoincrement=True,
    )


def _traces() -> None:
    op.create_table(
        "traces",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("decision_id", TEXT, nullable=False, comment="UUID4"),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("w3c_trace_id", TEXT, nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False, comment="when it was decided"),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False, comment="when it was written"),
        sa.Column("session", TEXT, nullable=True, comment="SHA-256 of the token's jti, in hexadecimal"),
        sa.Column("subject_kind", TEXT, nullable=False),
        sa.Column("subject_id", TEXT, nullable=False),
        sa.Column("subject_name", TEXT, nullable=True),
        sa.Column("subject_profession", TEXT, nullable=True),
        sa.Column("subject_structure", TEXT, nullable=True),
        sa.Column("subject_authn_mode", TEXT, nullable=False),
        sa.Column("client", TEXT, nullable=True, comment="the calling software"),
        sa.Column("action", TEXT, nullable=False),
        sa.Column("mode", TEXT, nullable=False),
        sa.Column("purpose", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False, comment="verbatim"),
        sa.Column("call_ref", TEXT, nullable=False),
        sa.Column("attested", TEXT, nullable=False, comment="JSON: what the subject declared"),
        sa.Column("record", TEXT, nullable=True),
        sa.Column(
            "record_revision", sa.BigInteger(), nullable=True, comment="the revision that the facts were read from"
        ),
        sa.Column("effect", TEXT, nullable=False),
        sa.Column("answer", TEXT, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("rules", TEXT, nullable=False, comment="JSON: determining and matched"),
        sa.Column("obligations", TEXT, nullable=False, comment="JSON"),
        sa.Column("scope", TEXT, nullable=True),
        sa.Column("digest", TEXT, nullable=False, comment="SHA-256 of the rule set, in hexadecimal"),
        sa.Column("profile", TEXT, nullable=False),
        sa.Column(
            "audience",
            TEXT,
            nullable=True,
            comment="INVISIBLE_REPRESENTANTS_LEGAUX: kept from the legal representatives",
        ),
        sa.Column("facts", TEXT, nullable=False, comment="JSON: the whole request as decided"),
        sa.Column("outcomes", TEXT, nullable=False, comment="JSON: the distinct outcomes of the items"),
        sa.Column("items", TEXT, nullable=False, comment="JSON: [document, index into outcomes]"),
        sa.CheckConstraint("answer IN ('OK', 'FORBIDDEN', 'NOT_FOUND', 'CONFLICT')", name=op.f("traces_answer_check")),
        sa.CheckConstraint("audience IN ('INVISIBLE_REPRESENTANTS_LEGAUX')", name=op.f("traces_audience_check")),
        sa.CheckConstraint(
            "kind = 'QUESTION' OR effect = 'PERMIT' OR outcome <> 'DONE'", name=op.f("traces_refused_is_not_done_check")
        ),
        sa.CheckConstraint("effect IN ('PERMIT', 'DENY')", name=op.f("traces_effect_check")),
        sa.CheckConstraint("kind IN ('ACCESS', 'QUESTION')", name=op.f("traces_kind_check")),
        sa.CheckConstraint("outcome IN ('DONE', 'REFUSED', 'FAILED', 'LATE')", name=op.f("traces_outcome_check")),
        sa.PrimaryKeyConstraint("number", name=op.f("traces_pkey")),
        sqlite_autoincrement=True,
    )
    op.create_index("traces_of_record", "traces", ["record", "number", "decision_id"], unique=False)
