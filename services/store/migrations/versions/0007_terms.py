"""A version that replaces one hidden from the patient goes on with its terms."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    comment = "when the first version hidden from the patient was deposited; null: this one"
    op.add_column("documents", sa.Column("waits_since", sa.BigInteger(), nullable=True, comment=comment))


def downgrade() -> None:
    op.execute("ALTER TABLE documents DROP COLUMN waits_since")
