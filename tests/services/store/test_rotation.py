"""The nightly change of the master key: each key is wrapped anew, in turns that others can wait for."""

from __future__ import annotations

import os
import time
from uuid import uuid4

import pytest

from services.records.rotation import AT_ONCE
from services.store.envelope import Key, drawn
from services.store.keyring import record_place
from services.store.unit_of_work import Executor
from tests.services.databases import fill, keys_of, rows
from tests.services.store.world import AT, change

RECORDS = 1_000_000 if os.environ.get("DMP_TEST_DEEP") else 4_000
LONGEST = 1.0
"""Seconds that one turn may take on a busy machine."""


@pytest.mark.slow
def test_every_key_is_wrapped_anew(address: str, lane: Executor) -> None:
    """In turns of bounded length; the old master key is destroyed, and no row names it."""
    [epoch] = rows(address, "SELECT number FROM key_epochs WHERE current")
    master = Key(keys_of(address).secret(epoch["number"]))
    insert = "INSERT INTO record_keys (record, id, epoch, wrapped) VALUES (?, ?, ?, ?)"
    for first in range(0, RECORDS, 50_000):
        names = [(f"r|{number}", str(uuid4())) for number in range(first, min(first + 50_000, RECORDS))]
        fill(
            address,
            insert,
            [(r, name, epoch["number"], master.seal(drawn(), *record_place(name))) for r, name in names],
        )
    began, turns = time.perf_counter(), []
    lane.submit(change(lambda scope, _: scope.epochs.begin(AT))).result()
    while True:
        started = time.perf_counter()
        if not lane.submit(change(lambda scope, _: scope.epochs.rewrap(AT_ONCE))).result().result:
            break
        turns.append(time.perf_counter() - started)
    took = time.perf_counter() - began
    lane.submit(change(lambda scope, _: scope.epochs.retire(AT))).result()
    assert lane.submit(change(lambda scope, _: scope.epochs.destroy_retired())).result().result == 1
    assert rows(address, "SELECT DISTINCT epoch FROM record_keys") == [{"epoch": epoch["number"] + 1}]
    turns.sort()
    print(  # noqa: T201
        f"\n{address.partition(':')[0]}: {RECORDS + 1:,} keys in {took:.1f} s, {took / RECORDS * 1e6:.0f} µs a key, "
        f"turns of {AT_ONCE}: median {turns[len(turns) // 2] * 1e3:.0f} ms, longest {turns[-1] * 1e3:.0f} ms"
    )
    assert turns[-1] < LONGEST
