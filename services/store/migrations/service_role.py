"""The role that serves on PostgreSQL: it works on the tables and only ever adds to the traces."""

from __future__ import annotations

from collections.abc import Iterable

from alembic import op

from services.store.postgres import ROLE

ALL = "SELECT, INSERT, UPDATE, DELETE"
ONLY_ADD = "SELECT, INSERT"


def make_role() -> None:
    """Make the role unless another database of the server has made it, and let it see the schema."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(
        f"DO $$ BEGIN CREATE ROLE {ROLE} NOLOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    )
    op.execute(f"GRANT USAGE ON SCHEMA public TO {ROLE}")
    op.execute(f"GRANT SELECT ON alembic_version TO {ROLE}")


def grant(tables: Iterable[str], rights: str = ALL) -> None:
    """Let the role work on these tables, and number their rows."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in tables:
        op.execute(f"GRANT {rights} ON {table} TO {ROLE}")
    op.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {ROLE}")
