"""The table of what links people to a record: who represents the holder, helps him, or treats him."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Table

from services.store.tables import Text, metadata

RELATIONS = ("REPRESENTATIVE", "DELEGATE", "CARE_TEAM", "MT_EQUIVALENT")
POWERS = ("AUTORITE_PARENTALE", "TUTELLE", "HABILITATION", "CURATELLE", "MANDAT")
EXTENTS = ("CONSULTATION", "GESTION")

relations = Table(
    "relations",
    metadata,
    Column("record", Text, ForeignKey("records.ins", ondelete="CASCADE"), primary_key=True),
    Column("person", Text, primary_key=True, comment="a representative or delegate by his INS, else a professional"),
    Column("kind", Text, primary_key=True),
    Column("power", Text, comment="by which a representative acts (ACT-02, ACT-03)"),
    Column("granted", Text, comment="what an assisted adult entrusts to his curator (ACT-03)"),
    Column("starts_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, comment="the first moment at which it holds no more; null: no end is known"),
    Column("collector", Text, nullable=False, comment="who recorded or declared it"),
    Column("added_at", BigInteger, nullable=False),
    CheckConstraint(f"kind IN {RELATIONS}", name="kind"),
    CheckConstraint(f"power IN {POWERS}", name="power"),
    CheckConstraint(f"granted IN {EXTENTS}", name="granted"),
    CheckConstraint("(kind = 'REPRESENTATIVE') = (power IS NOT NULL)", name="represents_by_a_power"),
    CheckConstraint("ends_at > starts_at", name="ends_after_start"),
    sqlite_with_rowid=False,
)
