"""The tables of what is handed on and of who asked to be told, and the index by which what waits is found."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Integer, Table, text

from services.store.labels import BITS
from services.store.tables import Text, documents, metadata

deliveries = Table(
    "deliveries",
    metadata,
    # The number of its notification, so that what is handed on keeps the order in which it happened.
    Column(
        "number",
        BigInteger().with_variant(Integer(), "sqlite"),
        ForeignKey("notifications.number", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("record", Text, ForeignKey("records.ins", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False, comment="the reader, as the rules are asked about him when he is told"),
    Column("profession", Text),
    Column("structure", Text),
    Column("own", Text, comment="the INS of a professional as a patient (ACT-05)"),
    Column("authn_mode", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, comment="how often it was taken to be handed on"),
    Column("due_at", BigInteger, comment="when it is taken next; later than its taker needs, while it is taken"),
    Column("settled_at", BigInteger),
    CheckConstraint("state IN ('WAITING', 'DELIVERED', 'PARKED', 'LAPSED')", name="state"),
    CheckConstraint("(state = 'WAITING') = (due_at IS NOT NULL)", name="due"),
    CheckConstraint("(state = 'WAITING') = (settled_at IS NULL)", name="settled"),
    Index(
        "deliveries_due", "due_at", sqlite_where=text("due_at IS NOT NULL"), postgresql_where=text("due_at IS NOT NULL")
    ),
    Index(
        "deliveries_parked", "record", sqlite_where=text("state = 'PARKED'"), postgresql_where=text("state = 'PARKED'")
    ),
    Index(None, "record", "number"),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("record", Text, ForeignKey("records.ins", ondelete="CASCADE"), primary_key=True),
    Column(
        "person", Text, primary_key=True, comment="who is alerted of deposits (NTF-03): the holder or a professional"
    ),
    Column("kind", Text, nullable=False, comment="the subscriber, as he was authenticated"),
    Column("profession", Text),
    Column("structure", Text),
    Column("own", Text, comment="the INS of a professional as a patient (ACT-05)"),
    Column("authn_mode", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

WAITS = f"(labels & {BITS['INVISIBLE_PATIENT']}) <> 0"
"""That a document waits for its interview, which is rare, and is looked for in all records."""
Index("documents_sensitive", documents.c.record, sqlite_where=text(WAITS), postgresql_where=text(WAITS))
