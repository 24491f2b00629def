"""The lane: one thread with one SQLite connection that takes every waiting unit, commits once and then answers all."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue

from services.store import schema, sqlite
from services.store.errors import Unavailable
from services.store.group import Clock, Group
from services.store.unit_of_work import Outcome, R, Unit, V
from services.store.waiting import Waiting

GROUP = 256
"""The most units that one commit answers: more would keep the first of them waiting."""


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


class Lane:
    """The executor on SQLite; its database is claimed, opened and upgraded when the constructor returns."""

    def __init__(
        self,
        path: Path,
        *,
        group: int = GROUP,
        clock: Clock = utc_now,
        pragmas: Mapping[str, str | int] = sqlite.PRAGMAS,
    ) -> None:
        """Serve this database; raises StartRefused when it cannot be served safely."""
        self._path = path
        self._size = group
        self._clock = clock
        self._pragmas = pragmas
        self._waiting: SimpleQueue[Waiting | None] = SimpleQueue()
        self._accepting = threading.Lock()
        self._closed = False
        lock = sqlite.claim(path)
        opened: Future[None] = Future()
        self._thread = threading.Thread(target=self._serve, args=(lock, opened), name="lane", daemon=True)
        self._thread.start()
        error = opened.exception()
        if error is not None:
            # Until the thread has ended, the database is still claimed.
            self._thread.join()
            raise error

    def submit(self, unit: Unit[V, R]) -> Future[Outcome[V, R]]:
        """Take a unit; never blocks on the database and never raises."""
        future: Future[Outcome[V, R]] = Future()
        # INVARIANT: nothing is put behind the end mark, where it would wait for ever.
        with self._accepting:
            if not self._closed:
                self._waiting.put(Waiting(unit, future))
                return future
        future.set_exception(Unavailable("the store is closed"))
        return future

    def close(self) -> None:
        """Answer what was taken, refuse what comes after, and let the database go."""
        with self._accepting:
            if not self._closed:
                self._closed = True
                self._waiting.put(None)
        self._thread.join()

    def _serve(self, lock: sqlite.FileLock, opened: Future[None]) -> None:
        try:
            connection = self._open(opened)
            if connection is None:
                return
            try:
                while self._turn(connection):
                    pass
            finally:
                connection.close()
        finally:
            lock.release()
            self._refuse_the_rest()

    def _refuse_the_rest(self) -> None:
        """Leave nobody waiting, should the thread have ended before it was told to."""
        with self._accepting:
            self._closed = True
        while not self._waiting.empty():
            left = self._waiting.get()
            if left is not None:
                left.refuse()

    def _open(self, opened: Future[None]) -> sqlite3.Connection | None:
        """Open in the thread that will use the connection, for SQLite then refuses it to every other."""
        try:
            connection = sqlite.connect(self._path, self._pragmas)
        except Exception as error:  # noqa: BLE001 - told to the constructor, which raises it
            opened.set_exception(error)
            return None
        try:
            schema.upgrade(connection)
        except Exception as error:  # noqa: BLE001 - as above
            connection.close()
            opened.set_exception(error)
            return None
        opened.set_result(None)
        return connection

    def _turn(self, connection: sqlite3.Connection) -> bool:
        """Answer every unit that waits, up to the size of a group; whether there may be more."""
        taken = self._waiting.get()
        group: list[Waiting] = []
        while taken is not None:
            group.append(taken)
            if len(group) == self._size or self._waiting.empty():
                break
            taken = self._waiting.get()
        if group:
            Group(connection, group, self._clock).answer()
        return taken is not None
