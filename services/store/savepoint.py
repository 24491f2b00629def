"""One savepoint of the database, through which alone the stores of a scope speak to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from services.store.errors import ScopeClosed, StatementFailed
from services.store.sql import Statement
from services.store.touched import Touched

Row = tuple[Any, ...]


class Savepoint:
    """Executes statements while its unit runs, and notes the documents that are touched."""

    __slots__ = ("_connection", "_open", "touched")

    dialect = "sqlite"

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Speak through this connection, which must be inside a transaction."""
        self._connection = connection
        self._open = True
        self.touched: list[Touched] = []

    def close(self) -> None:
        """Let nothing more be executed: the unit is over."""
        self._open = False

    def rows(self, statement: Statement, **values: Any) -> list[Row]:  # noqa: ANN401 - whatever the columns hold
        """Every row that the statement yields."""
        return self._execute(statement, values).fetchall()

    def row(self, statement: Statement, **values: Any) -> Row | None:  # noqa: ANN401 - as above
        """The first row, if there is one."""
        found: Row | None = self._execute(statement, values).fetchone()
        return found

    def change(self, statement: Statement, **values: Any) -> int:  # noqa: ANN401 - as above
        """How many rows the statement inserted, updated or deleted."""
        return self._execute(statement, values).rowcount

    def _execute(self, statement: Statement, values: Mapping[str, Any]) -> sqlite3.Cursor:
        # INVARIANT: nothing is written outside the transaction. SQLite leaves it by itself when it runs out of room
        # or is interrupted, and a later statement would then be committed alone, without its trace.
        if not self._open or not self._connection.in_transaction:
            raise ScopeClosed("the unit of work is over")
        prepared = statement.on(self.dialect)
        try:
            return self._connection.execute(prepared.text, prepared.bound(values))
        except (sqlite3.Error, UnicodeEncodeError) as error:
            raise StatementFailed("the database refused a statement") from error
