"""Notifications are handed on, deposits are subscribed to, and what waits for an interview is found quickly."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.store.migrations import service_role

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SENSITIVE = "(labels & 16) <> 0"


def upgrade() -> None:
    comment = "logical id of what must not be hidden from who reads it; null: of the record"
    op.add_column("notifications", sa.Column("document", TEXT, nullable=True, comment=comment))
    _index("documents_sensitive", "documents", ["record"], SENSITIVE)
    _deliveries()
    _subscriptions()
    service_role.grant(["deliveries", "subscriptions"])
    # What the holder was told before waits like all else; no single physician was an addressee.
    op.execute(
        "INSERT INTO deliveries (number, record, kind, authn_mode, state, attempts, due_at) "
        "SELECT number, record, 'HOLDER', 'WEB_PATIENT', 'WAITING', 0, at FROM notifications "
        "WHERE addressee = record"
    )


def downgrade() -> None:
    op.drop_table("subscriptions")
    op.drop_table("deliveries")
    op.drop_index("documents_sensitive", "documents")
    op.execute("ALTER TABLE notifications DROP COLUMN document")


def _index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, unique=False, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _reader() -> tuple[sa.Column[str], ...]:
    return (
        sa.Column("profession", TEXT),
        sa.Column("structure", TEXT),
        sa.Column("own", TEXT, comment="the INS of a professional as a patient (ACT-05)"),
        sa.Column("authn_mode", TEXT, nullable=False),
    )


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("number", WHOLE, autoincrement=False, nullable=False),
        sa.Column("record", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False, comment="the reader, as the rules are asked about him when he is told"),
        *_reader(),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="how often it was taken to be handed on"),
        sa.Column(
            "due_at",
            sa.BigInteger(),
            comment="when it is taken next; later than its taker needs, while it is taken",
        ),
        sa.Column("settled_at", sa.BigInteger()),
        sa.CheckConstraint(
            "state IN ('WAITING', 'DELIVERED', 'PARKED', 'LAPSED')", name=op.f("deliveries_state_check")
        ),
        sa.CheckConstraint("(state = 'WAITING') = (due_at IS NOT NULL)", name=op.f("deliveries_due_check")),
        sa.CheckConstraint("(state = 'WAITING') = (settled_at IS NULL)", name=op.f("deliveries_settled_check")),
        sa.ForeignKeyConstraint(
            ["number"], ["notifications.number"], name=op.f("deliveries_number_fkey"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["record"], ["records.ins"], name=op.f("deliveries_record_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("number", name=op.f("deliveries_pkey")),
    )
    _index("deliveries_due", "deliveries", ["due_at"], "due_at IS NOT NULL")
    _index("deliveries_parked", "deliveries", ["record"], "state = 'PARKED'")
    op.create_index(op.f("deliveries_record_number"), "deliveries", ["record", "number"], unique=False)


def _subscriptions() -> None:
    op.create_table(
        "subscriptions",
        sa.Column("record", TEXT, nullable=False),
        sa.Column(
            "person", TEXT, nullable=False, comment="who is alerted of deposits (NTF-03): the holder or a professional"
        ),
        sa.Column("kind", TEXT, nullable=False, comment="the subscriber, as he was authenticated"),
        *_reader(),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["record"], ["records.ins"], name=op.f("subscriptions_record_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("record", "person", name=op.f("subscriptions_pkey")),
        sqlite_with_rowid=False,
    )
