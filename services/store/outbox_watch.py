"""Looks at the outbox from outside, for the metrics and for whoever hands on: no facts, no decision, no person."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg

from services.store import clock, postgres, sqlite
from services.store.addresses import sqlite_file
from services.store.errors import StartRefused

_WAITING: Final = (
    "SELECT count(*), coalesce(sum(CASE WHEN d.due_at <= {0} THEN 1 ELSE 0 END), 0), min(n.at) "
    "FROM deliveries d JOIN notifications n ON n.number = d.number WHERE d.due_at IS NOT NULL"
)
_PARKED: Final = "SELECT count(*) FROM deliveries WHERE state = 'PARKED'"
FAILURES: Final = (sqlite3.Error, psycopg.Error, StartRefused, OSError)
"""Why it may not be seen at the moment."""


@dataclass(frozen=True, slots=True)
class Depth:
    """How much is in the outbox."""

    waiting: int
    """What is neither handed on nor given up."""
    due: int
    """Of these, what may be taken now."""
    parked: int
    """What was given up after the last attempt."""
    oldest: float
    """Seconds since the oldest that waits has happened; 0 where nothing waits."""


NOTHING: Final = Depth(0, 0, 0, 0.0)


class OutboxWatch:
    """One connection of its own, opened when it is first needed; every method in the same thread."""

    def __init__(self, url: str) -> None:
        """Look at the database of this address, which is served."""
        self._url = url
        self._connection: Any = None

    def look(self, now: datetime) -> Depth:
        """What is in the outbox; raises one of FAILURES where it cannot be seen."""
        try:
            self._connection = self._connection or self._opening()()
            at = clock.micros(now)
            place = "?" if isinstance(self._connection, sqlite3.Connection) else "%s"
            waiting, due, first = self._connection.execute(_WAITING.format(place), (at,)).fetchone()
            [parked] = self._connection.execute(_PARKED).fetchone()
        except FAILURES:
            self.close()
            raise
        oldest = 0.0 if first is None else max(0.0, (now - clock.moment(first)).total_seconds())
        return Depth(int(waiting), int(due), int(parked), oldest)

    def close(self) -> None:
        """Let the connection go."""
        if self._connection is not None:
            with contextlib.suppress(*FAILURES):
                self._connection.close()
            self._connection = None

    def _opening(self) -> Callable[[], Any]:
        file = sqlite_file(self._url)
        if file is not None:
            return lambda: sqlite.look(file)
        return lambda: postgres.look(self._url)
