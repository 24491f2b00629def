"""Brings a database to the version of the tables that this program knows, at once when it is there already."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any, Final

import psycopg

from services.store import addresses, postgres, sqlite
from services.store.errors import StartRefused

HEAD = "0007"
"""The newest version in `migrations/versions`; a test holds the two together."""
LOCK: Final = 5_061_981
"""Number of the advisory lock under which one process at a time upgrades."""

_MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(connection: sqlite3.Connection) -> bool:
    """Upgrade in one transaction; whether that was due; raises StartRefused for a database of a newer program."""
    known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
    found = connection.execute("SELECT version_num FROM alembic_version").fetchone() if known else None
    if not _is_due(found):
        return False
    # Imported only when it is needed, for it takes longer to load than the rest of the store.
    from services.store.migrations.upgrade import upgrade_sqlite  # noqa: PLC0415

    upgrade_sqlite(connection, _MIGRATIONS)
    return True


def upgrade_postgres(url: str) -> bool:
    """As `upgrade`, by the role of the address, one process at a time; raises StartRefused without the right."""
    with postgres.connect(url) as connection:
        if not _is_due(_version(connection)):
            return False
        connection.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        if not _is_due(_version(connection)):
            return False
        from services.store.migrations.upgrade import upgrade_postgres as migrate  # noqa: PLC0415

        try:
            migrate(connection, _MIGRATIONS)
        except Exception as error:
            raise StartRefused(
                "the tables could not be upgraded: run `dmp database upgrade` as the owner of the database, "
                "who may create roles"
            ) from error
    return True


def move(url: str, *, down_to: str = "") -> str:
    """Upgrade the database of an address to the newest version, or go back to one; the version it then has.

    Raises StartRefused where it is served, or cannot be opened or moved. Nothing that was traced is ever given up:
    a database that holds traces does not go back before them.
    """
    file = addresses.sqlite_file(url)
    if file is None:
        if not down_to:
            upgrade_postgres(url)
        with postgres.connect(url) as connection:
            if down_to:
                _back(connection, down_to)
            return _told(_version(connection))
    lock = sqlite.claim(file)
    try:
        with contextlib.closing(sqlite.connect(file)) as opened:
            if down_to:
                _back(opened, down_to)
            else:
                upgrade(opened)
            return _told(opened.execute("SELECT version_num FROM alembic_version").fetchone())
    finally:
        lock.release()


def _back(connection: sqlite3.Connection | psycopg.Connection[Any], version: str) -> None:
    from alembic import command  # noqa: PLC0415 - as above

    from services.store.migrations import upgrade as migrations  # noqa: PLC0415 - as above

    try:
        if isinstance(connection, sqlite3.Connection):
            migrations.upgrade_sqlite(connection, _MIGRATIONS, command.downgrade, version)
        else:
            migrations.upgrade_postgres(connection, _MIGRATIONS, command.downgrade, version)
    except Exception as error:
        raise StartRefused(f"the database cannot go back to version {version}: {error}") from error


def _told(found: tuple[object, ...] | None) -> str:
    return "base" if found is None else str(found[0])


def _is_due(found: tuple[object, ...] | None) -> bool:
    version = None if found is None else str(found[0])
    if version is not None and version > HEAD:
        raise StartRefused(f"the database has tables of version {version}, and this program knows only {HEAD}")
    return version != HEAD


def _version(connection: psycopg.Connection[tuple[object, ...]]) -> tuple[object, ...] | None:
    known = connection.execute("SELECT to_regclass('alembic_version')").fetchone()
    if known is None or known[0] is None:
        return None
    return connection.execute("SELECT version_num FROM alembic_version").fetchone()
