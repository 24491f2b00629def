"""Brings a database to the version of the tables that this program knows, at once when it is there already."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from services.store.errors import StartRefused

HEAD = "0002"
"""The newest version in `migrations/versions`; a test holds the two together."""

_MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(connection: sqlite3.Connection) -> bool:
    """Upgrade in one transaction; whether that was due; raises StartRefused for a database of a newer program."""
    version = _version(connection)
    if version == HEAD:
        return False
    if version is not None and version > HEAD:
        raise StartRefused(f"the database has tables of version {version}, and this program knows only {HEAD}")
    # Imported only when it is needed, for it takes longer to load than the rest of the store.
    from services.store.migrations.upgrade import upgrade_sqlite  # noqa: PLC0415

    upgrade_sqlite(connection, _MIGRATIONS)
    return True


def _version(connection: sqlite3.Connection) -> str | None:
    known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
    if known is None:
        return None
    row: tuple[str] | None = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else row[0]
