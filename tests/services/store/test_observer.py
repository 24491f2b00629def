"""What the store tells of its own work, to whoever watches it."""

import threading
from collections.abc import Mapping

from services.store.executors import open_executor
from services.store.observer import Counted, Pool
from services.store.unit_of_work import Executor, TraceKind
from tests.services.databases import keys_of
from tests.services.store.world import unit


class Watching:
    """Keeps what it was told, and then fails."""

    def __init__(self) -> None:
        self.told: list[tuple[Mapping[Counted, int], float]] = []

    def committed(self, entries: Mapping[Counted, int], seconds: float) -> None:
        self.told.append((dict(entries), seconds))
        raise RuntimeError


def test_a_commit_is_told_before_its_answers_and_keeps_none_back(address: str) -> None:
    """Whoever was answered was counted, and an observer that fails harms nobody."""
    watching = Watching()
    lane = open_executor(address, keys_of(address), watching)
    for number in range(1, 4):
        lane.submit(unit()).result(timeout=10)
        assert len(watching.told) == number
    lane.close()
    for entries, seconds in watching.told:
        [(counted, number)] = entries.items()
        assert (counted.kind, number) == (TraceKind.ACCESS, 1)
        assert 0 < seconds < 10


def test_the_pool_shows_who_works_and_who_waits(lane: Executor) -> None:
    """A connection that is held inside a unit is busy, and what came after waits."""
    free, begun = threading.Event(), threading.Event()

    def hold(*_: object) -> None:
        begun.set()
        free.wait(10)

    name = lane.pools[-1].name
    assert lane.pools[-1] == Pool(name, waiting=0, busy=0, idle=1, lost=0)
    futures = [lane.submit(unit(hold))]
    assert begun.wait(10)
    futures += [lane.submit(unit()) for _ in range(3)]
    assert lane.pools[-1] == Pool(name, waiting=3, busy=1, idle=0, lost=0)
    free.set()
    for future in futures:
        future.result(timeout=10)
    lane.close()
    assert lane.pools[-1] == Pool(name, waiting=0, busy=0, idle=1, lost=0)
