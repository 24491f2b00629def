"""The work of one unit on the database, through which alone the stores of a scope speak to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.store.errors import ScopeClosed
from services.store.key_provider import Erasure
from services.store.keyring import Keyring
from services.store.session import Row, Session
from services.store.sql import Statement
from services.store.touched import Handled, Touched

__all__ = ["Row", "Savepoint"]


class Savepoint:
    """Executes statements while its unit runs, and notes the documents touched and tickets handled."""

    __slots__ = ("_open", "_session", "erased", "handled", "touched")

    def __init__(self, session: Session) -> None:
        """Speak through this session, which must be inside a transaction."""
        self._session = session
        self._open = True
        self.touched: list[Touched] = []
        self.handled: list[Handled] = []
        self.erased: list[Erasure] = []

    @property
    def keyring(self) -> Keyring:
        """What unwraps the keys that are stored."""
        return self._session.keyring

    def close(self) -> None:
        """Let nothing more be executed: the unit is over."""
        self._open = False

    def rows(self, statement: Statement, **values: Any) -> list[Row]:  # noqa: ANN401 - whatever the columns hold
        """Every row that the statement yields."""
        return self._session_inside().rows(statement, values)

    def row(self, statement: Statement, **values: Any) -> Row | None:  # noqa: ANN401 - as above
        """The first row, if there is one."""
        return self._session_inside().row(statement, values)

    def change(self, statement: Statement, **values: Any) -> int:  # noqa: ANN401 - as above
        """How many rows the statement inserted, updated or deleted."""
        return self._session_inside().change(statement, values)

    def change_many(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute the statement with the values of each row."""
        self._session_inside().change_many(statement, rows)

    def _session_inside(self) -> Session:
        # INVARIANT: nothing is written outside the transaction. SQLite leaves it by itself when it runs out of room
        # or is interrupted, and a later statement would then be committed alone, without its trace.
        if not self._open or not self._session.in_transaction:
            raise ScopeClosed("the unit of work is over")
        return self._session
