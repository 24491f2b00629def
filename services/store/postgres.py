"""Opens connections to PostgreSQL as the service's own role, which can add traces and never change them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, Final

import psycopg
from psycopg import errors, sql
from psycopg.pq import TransactionStatus

from services.store.errors import Contended, StartRefused, StatementFailed
from services.store.keyring import Keyring
from services.store.session import Row
from services.store.sql import Statement

ROLE: Final = "dmp_service"
"""What every serving connection acts as; the migrations grant it all that it may do."""

SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "statement_timeout": "30s",
        # Held longer, a record's lock counts as contention.
        "lock_timeout": "5s",
        "idle_in_transaction_session_timeout": "60s",
        # A plan is made once for a statement: to plan the one that loads the facts takes longer than to run it.
        "plan_cache_mode": "force_generic_plan",
        # Always by the indexes: a plan made while the tables were small, or nothing was known of them, reads them whole
        # for as long as the connection lives or until they are analysed, however large they have become.
        "enable_seqscan": "off",
        "enable_hashjoin": "off",
        "enable_mergejoin": "off",
        "jit": "off",
        "timezone": "UTC",
    }
)
"""How every connection is set."""

_CONNECT_TIMEOUT: Final = 5
_CONTENTION = (
    errors.SerializationFailure,
    errors.DeadlockDetected,
    errors.LockNotAvailable,
    # What was looked for and not found, another has made meanwhile.
    errors.UniqueViolation,
)
_OPEN = (TransactionStatus.INTRANS, TransactionStatus.INERROR, TransactionStatus.ACTIVE)
_MAY_ADD = "SELECT has_table_privilege('traces', 'INSERT') AND has_table_privilege('traces', 'SELECT')"
_MAY_CHANGE = "SELECT has_table_privilege('traces', 'UPDATE, DELETE, TRUNCATE')"


def connect(url: str) -> psycopg.Connection[Row]:
    """A connection as the login role of the address; raises StartRefused, which never repeats the address."""
    try:
        return psycopg.connect(url, autocommit=True, connect_timeout=_CONNECT_TIMEOUT, application_name="dmp-access")
    except psycopg.Error:
        # DANGER: the driver's text may quote the address, and with it a password.
        raise StartRefused(
            "PostgreSQL cannot be reached at DMP_DATABASE_URL: is it running, and is the address right?"
        ) from None


def serving(url: str, keyring: Keyring) -> PostgresSession:
    """A session as the service's role; raises StartRefused where it could alter traces or lose a commit."""
    connection = connect(url)
    try:
        _act_as_service(connection)
        _refuse_unless_durable(connection)
        for name, value in SETTINGS.items():
            connection.execute(sql.SQL("SET {} = {}").format(sql.Identifier(name), sql.Literal(value)))
    except psycopg.Error as error:
        connection.close()
        raise StartRefused(f"PostgreSQL refuses to serve: {type(error).__name__}") from error
    except BaseException:
        connection.close()
        raise
    return PostgresSession(connection, keyring)


def look(url: str) -> psycopg.Connection[Row]:
    """A connection as the service's role that reads and changes nothing; raises StartRefused."""
    connection = connect(url)
    try:
        _act_as_service(connection)
        connection.execute("SET default_transaction_read_only = on")
        connection.execute("SET statement_timeout = '5s'")
    except BaseException:
        connection.close()
        raise
    return connection


def _act_as_service(connection: psycopg.Connection[Row]) -> None:
    try:
        connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(ROLE)))
    except psycopg.Error as error:
        raise StartRefused(
            f"the role of DMP_DATABASE_URL may not act as `{ROLE}`: run `dmp database upgrade` as the owner of the "
            f"database, then GRANT {ROLE} to the role that serves"
        ) from error
    if not _says(connection, _MAY_ADD):
        raise StartRefused(f"`{ROLE}` may not add traces: run `dmp database upgrade` as the owner of the database")
    if _says(connection, _MAY_CHANGE):
        raise StartRefused(f"`{ROLE}` may change or remove traces: REVOKE UPDATE, DELETE, TRUNCATE ON traces FROM it")


def _refuse_unless_durable(connection: psycopg.Connection[Row]) -> None:
    for name in ("fsync", "full_page_writes"):
        if not _says(connection, f"SELECT current_setting('{name}') = 'on'"):
            raise StartRefused(f"the database would answer before the disk has it: `{name}` must be on")
    if _says(connection, "SELECT current_setting('synchronous_commit') = 'off'"):
        connection.execute("SET synchronous_commit = on")
    if not _says(connection, "SELECT current_setting('server_encoding') = 'UTF8'"):
        raise StartRefused("the database must be encoded as UTF8")


def _says(connection: psycopg.Connection[Row], question: str) -> bool:
    row = connection.execute(question.encode()).fetchone()
    return row is not None and bool(row[0])


class PostgresSession:
    """One connection to PostgreSQL; a record is locked by whoever changes it, and reading waits for nobody."""

    __slots__ = ("_marked", "_written", "connection", "keyring")

    dialect: Final = "postgresql"

    def __init__(self, connection: psycopg.Connection[Row], keyring: Keyring) -> None:
        """Speak through this connection, which commits by itself until a transaction is begun."""
        self.connection = connection
        self.keyring = keyring
        self._written = 0
        self._marked = False

    @property
    def in_transaction(self) -> bool:
        """As Session."""
        return self.connection.info.transaction_status in _OPEN

    @property
    def lost(self) -> bool:
        """As Session."""
        return self.connection.closed

    @property
    def written(self) -> int:
        """As Session."""
        return self._written

    def begin(self, *, snapshot: bool = False) -> None:
        """As Session; without `snapshot` each statement reads what was committed before it."""
        # The mark goes with it, for each message takes longer on its way than in the database. Not where a record is
        # locked next: to undo back to a mark lets go of what was locked after it.
        self._run("BEGIN ISOLATION LEVEL REPEATABLE READ; SAVEPOINT unit" if snapshot else "BEGIN")
        self._marked = snapshot

    def commit(self) -> None:
        """As Session."""
        self._run("COMMIT")

    def abandon(self) -> None:
        """As Session."""
        with contextlib.suppress(psycopg.Error):
            if self.in_transaction:
                self.connection.execute("ROLLBACK")

    def mark(self) -> None:
        """As Session."""
        if not self._marked:
            self._run("SAVEPOINT unit")
        self._marked = False

    def undo(self) -> None:
        """As Session."""
        self._run("ROLLBACK TO SAVEPOINT unit")

    def release(self) -> None:
        """As Session; nothing is sent, for the commit keeps what was done since every mark."""
        if self.connection.info.transaction_status is not TransactionStatus.INTRANS:
            raise StatementFailed("the database has left the transaction")

    def rows(self, statement: Statement, values: Mapping[str, Any]) -> list[Row]:
        """As Session."""
        return self._execute(statement, values).fetchall()

    def row(self, statement: Statement, values: Mapping[str, Any]) -> Row | None:
        """As Session."""
        return self._execute(statement, values).fetchone()

    def change(self, statement: Statement, values: Mapping[str, Any]) -> int:
        """As Session."""
        changed = self._execute(statement, values).rowcount
        self._written += changed
        return changed

    def change_many(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
        """As Session."""
        prepared = statement.on(self.dialect)
        with _told(), self.connection.cursor() as cursor:
            cursor.executemany(prepared.text.encode(), [prepared.bound(row) for row in rows])
            self._written += len(rows)

    def append(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> int:
        """As Session."""
        if len(rows) == 1:
            return self._execute(statement, rows[0]).rowcount
        with _told(), self.connection.cursor() as cursor:
            cursor.executemany(statement.on(self.dialect).text.encode(), rows)
            return cursor.rowcount

    def close(self) -> None:
        """As Session."""
        with contextlib.suppress(psycopg.Error):
            self.connection.close()

    def _run(self, command: str) -> None:
        with _told():
            # Prepared, it could not be two commands.
            self.connection.execute(command.encode(), prepare=False)

    def _execute(self, statement: Statement, values: Mapping[str, Any]) -> psycopg.Cursor[Row]:
        prepared = statement.on(self.dialect)
        with _told():
            # Binary, for in text the bytes of a document come in hexadecimal.
            return self.connection.execute(prepared.text.encode(), prepared.bound(values), prepare=True, binary=True)


@contextmanager
def _told() -> Iterator[None]:
    """Tell the driver's errors by the store's own."""
    try:
        yield
    except _CONTENTION as error:
        raise Contended("another transaction was in the way") from error
    except (psycopg.Error, UnicodeEncodeError) as error:
        raise StatementFailed("the database refused a statement") from error
