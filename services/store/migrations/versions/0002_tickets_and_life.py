"""Tickets, closing and retention, replaced versions, the host's archive, and questions about another."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.store.migrations import service_role

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
ADDED = {
    "records": (
        sa.Column("closure_motive", TEXT, comment="code of 1.2.250.1.213.4.1.2.4 (SET_CLOSURE)"),
        sa.Column(
            "retained_until",
            sa.BigInteger(),
            comment="when a closed record is due for destruction (START_RETENTION_10Y)",
        ),
    ),
    "documents": (sa.Column("replaces", TEXT, comment="logical id of the version that this one replaces (DOC-08)"),),
    "traces": (
        sa.Column("about", TEXT, comment="the person whom a question was about, where it was not the asker"),
        sa.Column(
            "asserted", TEXT, nullable=False, server_default="[]", comment="JSON: the facts that the asker asserted"
        ),
    ),
}


def upgrade() -> None:
    for table, columns in ADDED.items():
        for column in columns:
            op.add_column(table, column)
    _archived_contents()
    _tickets()
    service_role.grant(["archived_contents", "tickets"])


def downgrade() -> None:
    op.drop_table("tickets")
    op.drop_table("archived_contents")
    for table, columns in ADDED.items():
        for column in columns:
            op.drop_column(table, column.name)


def _archived_contents() -> None:
    op.create_table(
        "archived_contents",
        sa.Column("document", TEXT, nullable=False),
        sa.Column(
            "content",
            sa.LargeBinary(),
            nullable=False,
            comment="the bytes of a deleted document, out of every reader's reach",
        ),
        sa.Column("archived_at", sa.BigInteger(), nullable=False),
        sa.Column("decision_id", TEXT, nullable=False, comment="the deletion (ARCHIVE_AT_HOST)"),
        sa.ForeignKeyConstraint(
            ["document"], ["documents.logical_id"], name=op.f("archived_contents_document_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("document", name=op.f("archived_contents_pkey")),
    )


def _tickets() -> None:
    op.create_table(
        "tickets",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("id", TEXT, nullable=False, comment="UUID4"),
        sa.Column("record", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False, comment="the action that the host's doctor is asked to do"),
        sa.Column("document", TEXT, comment="logical id; null where the whole record is meant"),
        sa.Column("beneficiary", TEXT, nullable=False, comment="the person for whom it is done"),
        sa.Column("opener", TEXT, nullable=False, comment="the person who asked"),
        sa.Column("opener_kind", TEXT, nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "needs_review", sa.Boolean(), nullable=False, comment="a person must look at it first (MANUAL_REVIEW)"
        ),
        sa.Column("decision_id", TEXT, nullable=False, comment="the permit that opened it"),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("settled_at", sa.BigInteger()),
        sa.Column("settled_by", TEXT),
        sa.Column("refusal", TEXT, comment="why it was refused, in the words of who refused"),
        sa.CheckConstraint("state IN ('OPEN', 'EXECUTED', 'REFUSED', 'EXPIRED')", name=op.f("tickets_state_check")),
        sa.CheckConstraint("(state = 'OPEN') = (settled_at IS NULL)", name=op.f("tickets_settled_check")),
        sa.CheckConstraint("(state = 'REFUSED') = (refusal IS NOT NULL)", name=op.f("tickets_refusal_check")),
        sa.CheckConstraint("expires_at > opened_at", name=op.f("tickets_expires_after_opening_check")),
        sa.ForeignKeyConstraint(["record"], ["records.ins"], name=op.f("tickets_record_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("number", name=op.f("tickets_pkey")),
        sa.UniqueConstraint("id", name=op.f("tickets_id_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("tickets_record_number"), "tickets", ["record", "number"], unique=False)
    op.create_index(
        "tickets_open",
        "tickets",
        ["number"],
        unique=False,
        sqlite_where=sa.text("state = 'OPEN'"),
        postgresql_where=sa.text("state = 'OPEN'"),
    )
