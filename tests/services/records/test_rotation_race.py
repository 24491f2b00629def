"""Keys made while the master key changes: none is ever wrapped by one that is gone (PostgreSQL, two processes)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from dmp.records.v1 import jobs_pb2 as jobs
from services.store import postgres
from services.store.errors import Contended
from services.store.keyring import Keyring
from services.store.local_keys import LocalKeys
from services.store.postgres import PostgresSession
from services.store.savepoint import Savepoint
from services.store.unit_of_work import Scope
from tests.services.databases import Databases, dropped, rows
from tests.services.world import World, running

RECORD = "1.2.250.1.213.1.4.10|280037590000100"
PATIENCE = 20.0


@pytest.fixture
def world(databases: Databases, tmp_path: Path) -> Iterator[World]:
    """A suite of its own, for the master key is everybody's."""
    address = databases.new("postgresql", tmp_path)
    with running(tmp_path, DMP_DATABASE_URL=address) as found:
        yield found
    dropped(address)


@pytest.fixture
def other(world: World) -> Iterator[PostgresSession]:
    """Another process on the same database, as far as the database can tell."""
    keyring = Keyring(LocalKeys(world.settings.keys))
    with closing(postgres.serving(world.settings.database, keyring)) as session:
        yield session


def rotate(world: World) -> None:
    """The job, until it has nothing left to do."""
    continues = False
    while world.as_("operator").RunJob(jobs.RunJobRequest(job=jobs.JOB_ROTATE_KEYS, continues=continues)).done:
        continues = True


def waits_for_a_lock(world: World) -> bool:
    """Whether some connection of the database waits for another's transaction."""
    query = "SELECT 1 AS found FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return bool(rows(world.settings.database, query))


def until_it_waits(world: World) -> None:
    wait = threading.Event()
    for _ in range(int(PATIENCE / 0.02)):
        if waits_for_a_lock(world):
            return
        wait.wait(0.02)
    pytest.fail("nothing waited")


def readable(world: World) -> bool:
    """Whether the key of the record can still be unwrapped by what is kept."""
    keyring = Keyring(LocalKeys(world.settings.keys))
    [row] = rows(world.settings.database, "SELECT id, epoch, wrapped FROM record_keys WHERE record = ?", RECORD)
    return keyring.record(row["epoch"], bytes(row["wrapped"]), row["id"]) is not None


def test_a_key_made_while_an_epoch_ends_is_wrapped_anew(world: World, other: PostgresSession) -> None:
    """It was made before the change and committed after it began: the old master key outlives it."""
    other.begin()
    Scope(Savepoint(other)).keys.create(RECORD)
    runner = threading.Thread(target=rotate, args=(world,))
    runner.start()
    until_it_waits(world)
    other.commit()
    runner.join(PATIENCE)
    assert readable(world)
    rotate(world)
    assert readable(world)
    assert len(LocalKeys(world.settings.keys).epochs()) == 1


def test_who_still_sees_the_old_wrapping_looks_again(world: World, other: PostgresSession) -> None:
    """A transaction from before the change cannot unwrap a key any more: it is repeated as a whole, not failed."""
    other.begin()
    Scope(Savepoint(other)).keys.create(RECORD)
    other.commit()
    other.keyring.forget()
    other.begin(snapshot=True)
    old = Savepoint(other)
    assert Scope(old).records.status(RECORD) is None
    rotate(world)
    for look in (Scope(old).keys.fields, Scope(old).keys.record_key):
        with pytest.raises(Contended):
            look(RECORD)
    other.abandon()
    other.begin(snapshot=True)
    assert Scope(Savepoint(other)).keys.fields_key(RECORD) is not None
    other.abandon()


def test_a_key_made_after_an_epoch_ended_is_of_the_next(world: World, other: PostgresSession) -> None:
    """Who waits for the change finds the new epoch, and does not fail for want of the old one."""
    other.begin()
    began = Scope(Savepoint(other)).epochs.begin(world.suite.gate.clock())
    made: list[int] = []

    def create() -> None:
        keyring = Keyring(LocalKeys(world.settings.keys))
        with closing(postgres.serving(world.settings.database, keyring)) as session:
            session.begin()
            Scope(Savepoint(session)).keys.create(RECORD)
            session.commit()
            made.append(began)

    creator = threading.Thread(target=create)
    creator.start()
    until_it_waits(world)
    other.commit()
    creator.join(PATIENCE)
    [row] = rows(world.settings.database, "SELECT epoch FROM record_keys WHERE record = ?", RECORD)
    assert (row["epoch"], made) == (began, [began])
