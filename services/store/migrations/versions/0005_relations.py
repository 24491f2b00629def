"""How people are linked to a record: representatives, delegates, the care team, equivalents of a treating physician."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.store.migrations import service_role

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
PERSON = "a representative or delegate by his INS, else a professional"
GRANTED = "what an assisted adult entrusts to his curator (ACT-03)"
ENDS = "the first moment at which it holds no more; null: no end is known"
KINDS = "kind IN ('REPRESENTATIVE', 'DELEGATE', 'CARE_TEAM', 'MT_EQUIVALENT')"
POWERS = "power IN ('AUTORITE_PARENTALE', 'TUTELLE', 'HABILITATION', 'CURATELLE', 'MANDAT')"
EXTENTS = "granted IN ('CONSULTATION', 'GESTION')"
BY_A_POWER = "(kind = 'REPRESENTATIVE') = (power IS NOT NULL)"


def upgrade() -> None:
    op.create_table(
        "relations",
        sa.Column("record", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False, comment=PERSON),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("power", TEXT, comment="by which a representative acts (ACT-02, ACT-03)"),
        sa.Column("granted", TEXT, comment=GRANTED),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), comment=ENDS),
        sa.Column("collector", TEXT, nullable=False, comment="who recorded or declared it"),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(KINDS, name=op.f("relations_kind_check")),
        sa.CheckConstraint(POWERS, name=op.f("relations_power_check")),
        sa.CheckConstraint(EXTENTS, name=op.f("relations_granted_check")),
        sa.CheckConstraint(BY_A_POWER, name=op.f("relations_represents_by_a_power_check")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("relations_ends_after_start_check")),
        sa.ForeignKeyConstraint(["record"], ["records.ins"], name=op.f("relations_record_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("record", "person", "kind", name=op.f("relations_pkey")),
        sqlite_with_rowid=False,
    )
    service_role.grant(["relations"])


def downgrade() -> None:
    op.drop_table("relations")
