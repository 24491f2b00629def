"""When the database fails in whatever way, nobody is answered as if his trace were kept, and nothing is half kept."""

import json
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from services.store import addresses
from services.store.errors import StatementFailed, StoreError, Unavailable
from services.store.sqlite import PRAGMAS
from services.store.sqlite_executor import SqliteExecutor
from services.store.unit_of_work import Scope, TraceOutcome
from tests.services.databases import Database, keys_of
from tests.services.store.world import (
    ALICE,
    AT,
    BOB,
    DOCTOR,
    Verdict,
    answered,
    change,
    count,
    create,
    deposit,
    outcome,
    unit,
)
from tests.services.unsealed import Seals


@pytest.fixture
def store() -> str:
    """These are of SQLite alone."""
    return "sqlite"


TABLES = ("records", "authorisations", "documents", "document_contents", "traces")


def grant(scope: Scope, _verdict: Verdict) -> None:
    """A change that would be kept."""
    scope.authorisations.grant(ALICE, DOCTOR, collector=ALICE, at=AT)


def contents(connection: Database | sqlite3.Connection) -> list[int]:
    """How much is stored."""
    return [count(connection, table) for table in TABLES]


def test_a_commit_that_fails_answers_nobody(connection: Database) -> None:
    """A reference left open makes the commit itself fail: neither the reads nor the changes beside it are answered."""
    connection.execute("CREATE TABLE owed (ins TEXT REFERENCES records (ins) DEFERRABLE INITIALLY DEFERRED)")
    before = contents(connection)
    owing = change(lambda _scope, _verdict: connection.execute("INSERT INTO owed VALUES ('nobody')"))
    for future in answered(connection, unit(), change(grant), owing, change(lambda scope, _: create(scope, BOB))):
        error = future.exception()
        assert isinstance(error, Unavailable)
        assert isinstance(error.__cause__, sqlite3.IntegrityError)
    assert contents(connection) == before
    assert outcome(connection, change(grant)).entries[0].outcome is TraceOutcome.DONE


@pytest.mark.parametrize("way", ["ABORT", "FAIL", "ROLLBACK"])
def test_a_trace_that_cannot_be_written_answers_nobody(connection: Database, way: str) -> None:
    """Whether the database keeps the transaction or leaves it, everything in it is undone."""
    before = contents(connection)
    connection.execute(
        f"CREATE TEMP TRIGGER refuse BEFORE INSERT ON traces WHEN new.outcome = 'REFUSED' "
        f"BEGIN SELECT RAISE({way}, 'no room'); END"
    )
    units = (change(grant), unit(), unit(decide=lambda facts: Verdict(permitted=False, facts=facts)), unit())
    assert all(isinstance(future.exception(), Unavailable) for future in answered(connection, *units))
    assert contents(connection) == before
    assert outcome(connection, unit()).entries[0].outcome is TraceOutcome.DONE


def test_a_closed_connection_answers_nobody(connection: Database, database: Path) -> None:
    """From then on every unit is unavailable, and what was committed stays."""
    before = contents(connection)

    def close(scope: Scope, verdict: Verdict) -> None:
        grant(scope, verdict)
        connection.connection.close()

    breaking = change(close)
    for future in (*answered(connection, unit(), breaking, unit()), *answered(connection, unit())):
        assert isinstance(future.exception(), Unavailable)
    reopened = sqlite3.connect(database)
    assert contents(reopened) == before
    reopened.close()


Act = Callable[[Scope, Verdict], object]


def swallowing(act: Act) -> Act:
    """A handler that hides the store's errors, and goes on writing."""

    def handle(scope: Scope, verdict: Verdict) -> object:
        with suppress(StoreError):
            act(scope, verdict)
        with suppress(StoreError):
            grant(scope, verdict)
        return "as if nothing had happened"

    return handle


@pytest.mark.parametrize("hidden", [False, True])
def test_an_interrupted_change_answers_nobody(connection: Database, *, hidden: bool) -> None:
    """SQLite leaves the transaction by itself; what a handler writes after that would be committed without a trace."""
    before = contents(connection)

    def interrupted(scope: Scope, _verdict: Verdict) -> None:
        connection.connection.set_progress_handler(lambda: 1, 1)
        try:
            create(scope, BOB)
        finally:
            connection.connection.set_progress_handler(None, 1)

    handler = swallowing(interrupted) if hidden else interrupted
    futures = answered(connection, change(grant), change(handler), unit(), change(grant))
    assert all(isinstance(future.exception(), Unavailable) for future in futures)
    assert contents(connection) == before
    assert not connection.connection.in_transaction


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("hidden", [False, True])
def test_a_transaction_that_the_database_leaves_answers_nobody(
    connection: Database, *, hidden: bool, last: bool
) -> None:
    """A statement that rolls everything back takes the units before it along, and nothing is written after it."""
    before = contents(connection)
    connection.execute(
        "CREATE TEMP TRIGGER leave BEFORE INSERT ON documents BEGIN SELECT RAISE(ROLLBACK, 'no room'); END"
    )

    def leaving(scope: Scope, _verdict: Verdict) -> None:
        deposit(scope)

    units = [unit(), change(grant), change(swallowing(leaving) if hidden else leaving)]
    futures = answered(connection, *units, *([] if last else [change(lambda scope, _: create(scope, BOB))]))
    assert all(isinstance(future.exception(), Unavailable) for future in futures)
    assert contents(connection) == before
    assert not connection.connection.in_transaction


def full(connection: Database, spare: int) -> None:
    """Let the database grow by some pages and no more."""
    pages: tuple[int] = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages[0] + spare}")


@pytest.mark.parametrize("spare", range(0, 40, 3))
def test_a_full_disk_answers_whole_groups_or_nobody(connection: Database, spare: int) -> None:
    """Wherever the room ends, each answered unit has its trace and its change, and the others nothing."""
    full(connection, spare)
    for _ in range(8):
        before = contents(connection)
        large = change(lambda scope, _: deposit(scope, content=b"x" * 20_000))
        futures = answered(connection, unit(), large, *(unit() for _ in range(8)))
        ended = [future.exception() for future in futures]
        if any(ended):
            assert all(isinstance(error, Unavailable) for error in ended)
            assert contents(connection) == before
        else:
            kept = futures[1].result().error is None
            assert kept or isinstance(futures[1].result().error, StatementFailed)
            grown = [now - then for now, then in zip(contents(connection), before, strict=True)]
            assert grown == [0, 0, int(kept), int(kept), 10]
    assert not connection.connection.in_transaction
    connection.execute("PRAGMA max_page_count = 1000000")
    assert outcome(connection, change(grant)).entries[0].outcome is TraceOutcome.DONE


def test_a_disk_that_is_full_at_once_answers_nobody(connection: Database) -> None:
    """Not even a refusal is told without its trace."""
    full(connection, 0)
    while all(future.exception() is None for future in answered(connection, *(unit() for _ in range(8)))):
        pass
    before = contents(connection)
    refusal = unit(decide=lambda facts: Verdict(permitted=False, facts=facts))
    futures = answered(connection, *[refusal] * 8)
    assert all(isinstance(future.exception(), Unavailable) for future in futures)
    assert contents(connection) == before


def test_a_database_held_by_another_answers_nobody(database: Path) -> None:
    """A tool that keeps the write lock makes calls unavailable, and none permitted, until it lets go."""
    lane = SqliteExecutor(database, keys_of(database), pragmas={**PRAGMAS, "busy_timeout": 50})
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    started = time.monotonic()
    assert isinstance(lane.submit(unit()).exception(timeout=10), Unavailable)
    assert time.monotonic() - started < 5
    other.execute("ROLLBACK")
    other.close()
    assert lane.submit(unit()).result(timeout=10).entries[0].outcome is TraceOutcome.DONE
    lane.close()


def test_an_interruption_at_any_moment_answers_nobody_wrongly(database: Path) -> None:
    """Interrupted again and again by another thread: who is answered has his trace, and no change is without one."""
    lane = SqliteExecutor(database, keys_of(database))
    lane.submit(change(lambda scope, _: create(scope))).result(timeout=10)
    seized: list[sqlite3.Connection] = []

    def seize(scope: Scope, _verdict: Verdict) -> None:
        seized.append(scope._savepoint._session.connection)  # type: ignore[attr-defined]  # noqa: SLF001

    lane.submit(unit(seize)).result(timeout=10)
    stop = threading.Event()

    def interrupt() -> None:
        while not stop.wait(0.002):
            seized[0].interrupt()

    pest = threading.Thread(target=interrupt)
    pest.start()
    futures = [
        lane.submit(change(lambda scope, _: deposit(scope)) if number % 4 == 0 else unit()) for number in range(3000)
    ]
    ended = [future.exception(timeout=60) for future in futures]
    stop.set()
    pest.join()
    lane.close()
    assert all(error is None or isinstance(error, Unavailable) for error in ended)
    assert any(ended)
    told = {
        future.result().entries[0].decision_id for future, error in zip(futures, ended, strict=True) if error is None
    }
    traced, in_traces, stored = kept(database)
    assert told <= traced
    assert in_traces == stored


def kept(database: Path) -> tuple[set[str], set[str], set[str]]:
    """The decisions traced, the documents that their traces name, and the documents stored."""
    connection = sqlite3.connect(database)
    stored = {row[0] for row in connection.execute("SELECT logical_id FROM documents")}
    connection.close()
    rows = list(Seals(f"{addresses.SQLITE}{database}", database.with_name("keys")).entries())
    named = {name for row in rows for name, _ in json.loads(row["items"])}
    return {row["decision_id"] for row in rows}, named, stored
