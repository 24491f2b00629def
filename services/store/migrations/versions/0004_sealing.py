"""Keys of epochs, records and documents, and one sealed column in place of every personal field."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.store.migrations import service_role

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# By table: what was kept in the clear.
CLEAR = {
    "documents": {"title": False, "author_name": True, "sha256": False},
    "emergency_accesses": {"reason": False, "call_ref": False},
    "notifications": {"actor_name": True, "actor_profession": True, "actor_structure": True},
    "traces": {
        "subject_name": True,
        "reason": False,
        "call_ref": False,
        "attested": False,
        "facts": False,
        "outcomes": False,
        "items": False,
        "asserted": False,
    },
}

SEALED = {
    "documents": "AES-256-GCM: title, author's name and SHA-256 of the content, by the document's key",
    "emergency_accesses": (
        "AES-256-GCM: reason, verbatim (MOD-04), and reference of the emergency call, by the record's key"
    ),
    "notifications": "AES-256-GCM: the actor's name, profession and structure, by the record's key",
    "traces": "AES-256-GCM: names, reason, attestations, facts, outcomes and items: the rest of the entry",
}
# Before and after.
COMMENTS = {
    "document_contents.content": (
        "the bytes as deposited; no row once destroyed",
        "the bytes as deposited, sealed by the document's key",
    ),
    "archived_contents.content": (
        "the bytes of a deleted document, out of every reader's reach",
        "a deleted document, sealed as before, out of every reader's reach",
    ),
    "tickets.refusal": (
        "why it was refused, in the words of who refused",
        "why it was refused, in the words of who refused; sealed by the record's key",
    ),
}


def upgrade() -> None:
    _refuse_unless_empty("holds what was never sealed: no release ever wrote it, so begin with an empty database")
    for statement in _drops():
        op.execute(statement)
    for table, comment in SEALED.items():
        column = sa.Column("sealed", sa.LargeBinary(), nullable=False, server_default="", comment=comment)
        op.add_column(table, column)
    name = "id of the record's key that it is sealed by; that of nobody's where there was none"
    op.add_column("traces", sa.Column("key", TEXT, nullable=True, comment=name))
    name = "id of the key that all in it is sealed by"
    op.add_column("records", sa.Column("key", TEXT, nullable=False, server_default="", comment=name))
    op.create_index(op.f("records_key"), "records", ["key"], unique=False)
    for column_name, before_and_after in COMMENTS.items():
        _comment(column_name, before_and_after[1])
    _key_epochs()
    _record_keys()
    _data_keys()
    _erasures()
    service_role.grant(["key_epochs", "record_keys", "data_keys"])
    service_role.grant(["erasures"], service_role.ONLY_ADD)


def downgrade() -> None:
    _refuse_unless_empty("holds what is sealed, which the version before cannot open")
    for table in ("erasures", "data_keys", "record_keys", "key_epochs"):
        op.drop_table(table)
    for column_name, comment in COMMENTS.items():
        _comment(column_name, comment[0])
    op.drop_index(op.f("records_key"), "records")
    op.execute("ALTER TABLE records DROP COLUMN key")
    op.execute("ALTER TABLE traces DROP COLUMN key")
    for table, columns in CLEAR.items():
        op.execute(f"ALTER TABLE {table} DROP COLUMN sealed")
        for name, nullable in columns.items():
            default = None if nullable else ""
            op.add_column(table, sa.Column(name, TEXT, nullable=nullable, server_default=default))


def _refuse_unless_empty(because: str) -> None:
    if op.get_bind().execute(sa.text("SELECT 1 FROM traces LIMIT 1")).first():
        raise ValueError(f"traces are only ever added, and the database {because}")


def _comment(column: str, comment: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        quoted = comment.replace("'", "''")
        op.execute(f"COMMENT ON COLUMN {column} IS '{quoted}'")


def _drops() -> list[str]:
    return [f"ALTER TABLE {table} DROP COLUMN {name}" for table, columns in CLEAR.items() for name in columns]


def _key_epochs() -> None:
    op.create_table(
        "key_epochs",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False, comment="its master key wraps every new key"),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "destroyed_at",
            sa.BigInteger(),
            comment="when nothing was wrapped by it any more, and its master key went",
        ),
        sa.CheckConstraint("NOT current OR destroyed_at IS NULL", name=op.f("key_epochs_current_lives_check")),
        sa.PrimaryKeyConstraint("number", name=op.f("key_epochs_pkey")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "key_epochs_one",
        "key_epochs",
        ["current"],
        unique=True,
        sqlite_where=sa.text("current"),
        postgresql_where=sa.text("current"),
    )


def _record_keys() -> None:
    op.create_table(
        "record_keys",
        sa.Column("record", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False, comment="UUID4: what names the record once it is destroyed"),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False, comment="by the master key of the epoch"),
        sa.ForeignKeyConstraint(["epoch"], ["key_epochs.number"], name=op.f("record_keys_epoch_fkey")),
        sa.PrimaryKeyConstraint("record", name=op.f("record_keys_pkey")),
        sa.UniqueConstraint("id", name=op.f("record_keys_id_key")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("record_keys_epoch_record"), "record_keys", ["epoch", "record"], unique=False)


def _data_keys() -> None:
    op.create_table(
        "data_keys",
        sa.Column("record", TEXT, nullable=False),
        sa.Column("document", TEXT, nullable=False, comment="logical id; empty for the record's personal fields"),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False, comment="by the record's key"),
        sa.ForeignKeyConstraint(["record"], ["record_keys.record"], name=op.f("data_keys_record_fkey")),
        sa.PrimaryKeyConstraint("record", "document", name=op.f("data_keys_pkey")),
        sqlite_with_rowid=False,
    )


def _erasures() -> None:
    op.create_table(
        "erasures",
        sa.Column("number", WHOLE, autoincrement=True, nullable=False),
        sa.Column("id", TEXT, nullable=False, comment="the decision that permitted it"),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("what", TEXT, nullable=False, comment="id of the record's key, or logical id of the document"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('record', 'document')", name=op.f("erasures_kind_check")),
        sa.PrimaryKeyConstraint("number", name=op.f("erasures_pkey")),
        sa.UniqueConstraint("id", name=op.f("erasures_id_key")),
        sqlite_autoincrement=True,
    )
