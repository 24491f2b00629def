"""How many calls a second the lane decides and traces, alone and in groups; shown, not judged."""

import time
from pathlib import Path

import pytest

from services.store.sqlite_executor import SqliteExecutor
from tests.services.databases import keys_of
from tests.services.store.world import change, create, deposit, key, unit

UNITS = 2_000


def per_second(lane: SqliteExecutor, document: str) -> float:
    """Units answered in a second, all of them submitted at once."""
    units = [unit(asked=key(document=document)) for _ in range(UNITS)]
    started = time.perf_counter()
    for future in [lane.submit(each) for each in units]:
        future.result(timeout=60)
    return UNITS / (time.perf_counter() - started)


@pytest.mark.parametrize("group", [1, 16, 256])
def test_groups_are_faster(database: Path, group: int, capsys: pytest.CaptureFixture[str]) -> None:
    """The figure is printed, since machines differ; that it moves at all is asserted."""
    lane = SqliteExecutor(database, keys_of(database), group=group)
    lane.submit(change(lambda scope, _: create(scope))).result(timeout=10)
    deposited = lane.submit(change(lambda scope, _: deposit(scope).logical_id)).result(timeout=10)
    rate = per_second(lane, str(deposited.result))
    lane.close()
    with capsys.disabled():
        print(f"\nlane, groups of at most {group}: {rate:,.0f} traced decisions/s")  # noqa: T201 - what it is for
    assert rate > 10
