"""The executor on SQLite: one lane for everything, in the one process that the file belongs to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path

from services.store import custody, schema, sqlite
from services.store.clock import utc_now
from services.store.group import Group
from services.store.intake import Intake
from services.store.key_provider import KeyProvider
from services.store.keyring import Keyring
from services.store.lane import Lane, pool
from services.store.observer import SILENT, Observer, Pool
from services.store.reading import Reading
from services.store.session import Session
from services.store.transaction import Clock
from services.store.unit_of_work import Outcome, R, Receiver, Unit, V
from services.store.waiting import Waiting

GROUP = 256
"""The most units that one commit answers: more would keep the first of them waiting."""


class SqliteExecutor:
    """Runs units in one lane; its database is claimed, opened and upgraded when the constructor returns."""

    def __init__(
        self,
        path: Path,
        keys: KeyProvider,
        *,
        group: int = GROUP,
        clock: Clock = utc_now,
        pragmas: Mapping[str, str | int] = sqlite.PRAGMAS,
        observer: Observer = SILENT,
    ) -> None:
        """Serve this database; raises StartRefused when it cannot be served safely."""
        self._clock = clock
        self._observer = observer
        self._intake = Intake(1)
        self._lock = sqlite.claim(path)
        keyring = Keyring(keys)
        # The lane's own connection alone checkpoints.
        reading = {**pragmas, "wal_autocheckpoint": 0, "cache_size": -2_000}
        self._read: Callable[[], Session] = lambda: sqlite.SqliteSession(
            sqlite.connect(path, reading), keyring, reads=True
        )

        def opening() -> Session:
            connection = sqlite.connect(path, pragmas)
            try:
                schema.upgrade(connection)
                session = sqlite.SqliteSession(connection, keyring)
                custody.assume(session)
            except BaseException:
                connection.close()
                raise
            return session

        try:
            self._lane = Lane(self._intake, opening, self._answer, group=group)
        except BaseException:
            self._lock.release()
            raise

    @property
    def pools(self) -> tuple[Pool, ...]:
        """As Executor."""
        return (pool("lane", self._intake, [self._lane]),)

    def hand(self, unit: Unit[V, R], receiver: Receiver) -> None:
        """As Executor."""
        self._intake.put(Waiting(unit, receiver))

    def submit(self, unit: Unit[V, R]) -> Future[Outcome[V, R]]:
        """As Executor."""
        future: Future[Outcome[V, R]] = Future()
        self.hand(unit, future)
        return future

    def reading(self) -> Reading:
        """As Executor."""
        return Reading(self._read())

    def close(self) -> None:
        """As Executor."""
        self._intake.close()
        self._lane.join()
        self._lock.release()

    def _answer(self, session: Session, units: Sequence[Waiting]) -> None:
        Group(session, units, self._clock, self._observer).answer()
