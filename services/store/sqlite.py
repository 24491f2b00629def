"""Opens the SQLite file that one process alone serves: for its owner's eyes, and on disk when it says so."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from services.store.errors import StartRefused, StatementFailed
from services.store.keyring import Keyring
from services.store.session import Row
from services.store.sql import Statement

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

MOST_TOGETHER = 128
"""The most rows that one statement inserts; fewer are so many that their numbers, powers of two, are few statements."""

_DURABLE = {2: "FULL", 3: "EXTRA"}
_OWNER_ONLY = 0o600


class FileLock:
    """One process's claim on a database, held on a file beside it; the system drops it when the process ends."""

    __slots__ = ("_descriptor",)

    def __init__(self, database: Path) -> None:
        """Claim the database; raises StartRefused if another process has it."""
        beside = database.with_name(database.name + ".lock")
        self._descriptor: int | None = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.release()
            raise StartRefused(
                f"the database `{database}` is served by another process: stop it first, "
                "or use PostgreSQL to run several"
            ) from error

    def release(self) -> None:
        """Give the claim up, if it is held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


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


def look(path: Path) -> sqlite3.Connection:
    """A connection that can change nothing, to a file that is served."""
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)


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


class SqliteSession:
    """The one connection of a SQLite file; its transaction holds the database alone from its first statement on."""

    __slots__ = ("_begin", "connection", "keyring")

    dialect: Final = "sqlite"

    def __init__(self, connection: sqlite3.Connection, keyring: Keyring, *, reads: bool = False) -> None:
        """Speak through this connection, of the same thread; one that only `reads` keeps nobody waiting."""
        self.connection = connection
        self.keyring = keyring
        self._begin = "BEGIN" if reads else "BEGIN IMMEDIATE"

    @property
    def in_transaction(self) -> bool:
        """As Session; SQLite leaves a transaction by itself when it runs out of room or is interrupted."""
        return self.connection.in_transaction

    @property
    def lost(self) -> bool:
        """As Session; a file is never lost."""
        return False

    @property
    def written(self) -> int:
        """As Session."""
        return self.connection.total_changes

    def begin(self, *, snapshot: bool = False) -> None:  # noqa: ARG002 - every reading here is of one moment
        """As Session. IMMEDIATE, so that what is decided on is read under the lock under which it changes."""
        self.connection.execute(self._begin)

    def commit(self) -> None:
        """As Session."""
        self.connection.execute("COMMIT")

    def abandon(self) -> None:
        """As Session. Where even this fails, so will the next begin."""
        with contextlib.suppress(sqlite3.Error):
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")

    def mark(self) -> None:
        """As Session."""
        self.connection.execute("SAVEPOINT unit")

    def undo(self) -> None:
        """As Session."""
        self.connection.execute("ROLLBACK TO unit")

    def release(self) -> None:
        """As Session; fails where the database itself has left the transaction."""
        self.connection.execute("RELEASE unit")

    def rows(self, statement: Statement, values: Mapping[str, Any]) -> list[Row]:
        """As Session."""
        return self._execute(statement, values).fetchall()

    def row(self, statement: Statement, values: Mapping[str, Any]) -> Row | None:
        """As Session."""
        found: Row | None = self._execute(statement, values).fetchone()
        return found

    def change(self, statement: Statement, values: Mapping[str, Any]) -> int:
        """As Session."""
        return self._execute(statement, values).rowcount

    def change_many(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
        """As Session."""
        prepared = statement.on(self.dialect)
        with _told():
            self.connection.executemany(prepared.text, [prepared.bound(row) for row in rows])

    def append(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> int:
        """As Session; many rows by one statement, for around each the driver gives way to every other thread."""
        columns, start, written = statement.columns, 0, 0
        while start < len(rows):
            together = min(MOST_TOGETHER, 1 << ((len(rows) - start).bit_length() - 1))
            values = [row[name] for row in rows[start : start + together] for name in columns]
            written += self.connection.execute(statement.on(self.dialect).rows(together), values).rowcount
            start += together
        return written

    def close(self) -> None:
        """As Session."""
        with contextlib.suppress(sqlite3.Error):
            self.connection.close()

    def _execute(self, statement: Statement, values: Mapping[str, Any]) -> sqlite3.Cursor:
        prepared = statement.on(self.dialect)
        with _told():
            return self.connection.execute(prepared.text, prepared.bound(values))


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Tell the driver's errors by the store's own."""
    try:
        yield
    except (sqlite3.Error, UnicodeEncodeError) as error:
        raise StatementFailed("the database refused a statement") from error
