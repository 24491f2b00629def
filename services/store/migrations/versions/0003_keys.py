"""The key that cursors are sealed with: one for all processes that serve the database."""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

from services.store.migrations import service_role

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    keys = op.create_table(
        "keys",
        sa.Column("purpose", TEXT, nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False, comment="drawn by chance when the tables were made"),
        sa.PrimaryKeyConstraint("purpose", name=op.f("keys_pkey")),
    )
    op.bulk_insert(keys, [{"purpose": "cursors", "secret": secrets.token_bytes(32)}])
    service_role.grant(["keys"], "SELECT")


def downgrade() -> None:
    op.drop_table("keys")
