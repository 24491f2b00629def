"""One connection of a database as the store speaks to it: on SQLite and on PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from services.store.keyring import Keyring
from services.store.sql import Statement

Row = tuple[Any, ...]


class Session(Protocol):
    """A connection with at most one transaction; raises StatementFailed for what the database refuses."""

    @property
    def keyring(self) -> Keyring:
        """What unwraps the keys that are stored."""

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""

    @property
    def in_transaction(self) -> bool:
        """Whether the database itself still holds the transaction that was begun."""

    @property
    def lost(self) -> bool:
        """Whether the connection is gone, so that only a new one can serve."""

    @property
    def written(self) -> int:
        """How many rows this connection has inserted, updated or deleted so far."""

    def begin(self, *, snapshot: bool = False) -> None:
        """Begin; with `snapshot`, all that is read is of one moment, that of the first statement."""

    def commit(self) -> None:
        """Make everything durable; after an error of this, nobody knows whether it is."""

    def abandon(self) -> None:
        """Undo everything, if there is anything to undo; never raises."""

    def mark(self) -> None:
        """Begin what may be undone alone."""

    def undo(self) -> None:
        """Undo what was done since the mark."""

    def release(self) -> None:
        """Keep what was done since the mark, or forget the mark after an undo."""

    def rows(self, statement: Statement, values: Mapping[str, Any]) -> list[Row]:
        """Every row that the statement yields."""

    def row(self, statement: Statement, values: Mapping[str, Any]) -> Row | None:
        """The first row, if there is one."""

    def change(self, statement: Statement, values: Mapping[str, Any]) -> int:
        """How many rows the statement inserted, updated or deleted."""

    def change_many(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute the statement with the values of each row."""

    def append(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> int:
        """Insert all of these rows at once; how many were."""

    def close(self) -> None:
        """Let the connection go; never raises."""
