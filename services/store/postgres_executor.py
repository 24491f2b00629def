"""The executor on PostgreSQL: questions together in one lane, every other unit in a transaction of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from services.store import custody, postgres, schema
from services.store.alone import Alone
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
"""The most questions that one commit answers."""
WORKERS = 8
"""Connections for the units that use the stores; more gain nothing on few cores."""


class PostgresExecutor:
    """Runs units over several connections; the database is upgraded, and all are open, when the constructor returns."""

    def __init__(
        self,
        url: str,
        keys: KeyProvider,
        *,
        group: int = GROUP,
        workers: int = WORKERS,
        clock: Clock = utc_now,
        observer: Observer = SILENT,
    ) -> None:
        """Serve this database; raises StartRefused when it cannot be served safely."""
        self._clock = clock
        self._observer = observer
        schema.upgrade_postgres(url)
        keyring = Keyring(keys)
        self._read: Callable[[], Session] = lambda: postgres.serving(url, keyring)
        with contextlib.closing(postgres.serving(url, keyring)) as session:
            custody.assume(session)
        self._together, self._apart = Intake(1), Intake(workers)
        self._lanes: list[Lane] = []
        try:
            self._serve(self._together, lambda: postgres.serving(url, keyring), group)
            for _ in range(workers):
                self._serve(self._apart, lambda: postgres.serving(url, keyring), 1)
        except BaseException:
            self.close()
            raise

    @property
    def pools(self) -> tuple[Pool, ...]:
        """As Executor."""
        [together, *apart] = self._lanes
        return (pool("questions", self._together, [together]), pool("units", self._apart, apart))

    def hand(self, unit: Unit[V, R], receiver: Receiver) -> None:
        """As Executor."""
        (self._apart if unit.stores else self._together).put(Waiting(unit, receiver))

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
        self._together.close()
        self._apart.close()
        for lane in self._lanes:
            lane.join()

    def _serve(self, intake: Intake, opening: Callable[[], Session], group: int) -> None:
        self._lanes.append(Lane(intake, opening, self._answer, group=group))

    def _answer(self, session: Session, units: Sequence[Waiting]) -> None:
        [first, *others] = units
        if first.unit.stores and not others:
            Alone(session, first, self._clock, self._observer).answer()
        else:
            Group(session, units, self._clock, self._observer).answer()
