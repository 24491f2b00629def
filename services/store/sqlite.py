"""Opens the SQLite file that one process alone serves: for its owner's eyes, and on disk when it says so."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from services.store.errors import StartRefused

PRAGMAS: Mapping[str, str | int] = MappingProxyType(
    {
        "journal_mode": "WAL",
        "synchronous": "FULL",
        "foreign_keys": "ON",
        # Without it REPLACE would remove a trace without firing the trigger that refuses it.
        "recursive_triggers": "ON",
        "busy_timeout": 5_000,
        "wal_autocheckpoint": 1_000,
        "journal_size_limit": 64 << 20,
        "cache_size": -16_000,
        "trusted_schema": "OFF",
    }
)
"""How it is opened: times in ms, the autocheckpoint in pages, the limit in bytes, the cache in KiB below zero."""

OLDEST = (3, 35, 0)
"""The first SQLite that knows materialised common table expressions, which the facts are loaded by."""

_DURABLE = {2: "FULL", 3: "EXTRA"}
_OWNER_ONLY = 0o600


class FileLock:
    """One process's claim on a database, held on a file beside it; the system drops it when the process ends."""

    __slots__ = ("_descriptor",)

    def __init__(self, database: Path) -> None:
        """Claim the database; raises StartRefused if another process has it."""
        beside = database.with_name(database.name + ".lock")
        self._descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._descriptor)
            raise StartRefused(
                f"the database `{database}` is served by another process: stop it first, "
                "or use PostgreSQL to run several"
            ) from error

    def release(self) -> None:
        """Give the claim up."""
        os.close(self._descriptor)


def claim(path: Path) -> FileLock:
    """Make the database file if need be, for its owner alone, and lock it; raises StartRefused."""
    database = path.resolve()
    try:
        database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = FileLock(database)
        os.close(os.open(database, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY))
        # SQLite gives its log and index files the mode of the database.
        database.chmod(_OWNER_ONLY)
    except OSError as error:
        raise StartRefused(f"the database `{database}` cannot be opened: {error.strerror}") from error
    return lock


def connect(path: Path, pragmas: Mapping[str, str | int] = PRAGMAS) -> sqlite3.Connection:
    """The connection, for the thread that calls, set as `pragmas` say; raises StartRefused if it is not durable."""
    if sqlite3.sqlite_version_info < OLDEST:
        raise StartRefused(f"SQLite {sqlite3.sqlite_version} is too old: {'.'.join(map(str, OLDEST))} is needed")
    # No isolation level: the lane alone says when a transaction begins.
    connection = sqlite3.connect(path.resolve(), isolation_level=None, cached_statements=256)
    try:
        for name, value in pragmas.items():
            connection.execute(f"PRAGMA {name} = {value}").fetchall()
        _refuse_unless_durable(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _refuse_unless_durable(connection: sqlite3.Connection) -> None:
    """Read back what a commit is worth, for SQLite ignores a setting that it cannot honour."""
    journal = _setting(connection, "journal_mode")
    if journal != "wal":
        raise StartRefused(f"the database keeps its journal as `{journal}` and needs `wal`: is it on a local disk?")
    synchronous = _setting(connection, "synchronous")
    if synchronous not in _DURABLE:
        raise StartRefused("the database would answer before the disk has it: `synchronous` must be FULL or EXTRA")
    if _setting(connection, "foreign_keys") != 1 or _setting(connection, "recursive_triggers") != 1:
        raise StartRefused("this SQLite was built without foreign keys or triggers")


def _setting(connection: sqlite3.Connection, name: str) -> object:
    row: tuple[object, ...] = connection.execute(f"PRAGMA {name}").fetchone()
    return row[0]
