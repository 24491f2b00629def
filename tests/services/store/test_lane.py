"""The lane decides on facts that hold, runs what is permitted and in time, and answers each unit once it is traced."""

import threading
import time
from concurrent.futures import CancelledError, Future
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.store import addresses
from services.store.errors import ScopeClosed, StateConflict, Unavailable, WroteInRead
from services.store.lane import Lane
from services.store.sqlite_executor import SqliteExecutor
from services.store.unit_of_work import Done, Executor, Facts, Scope, TraceEntry, TraceOutcome
from tests.services.databases import Database, keys_of, rows
from tests.services.store.world import (
    ALICE,
    AT,
    BOB,
    DOCTOR,
    Handler,
    Verdict,
    answered,
    change,
    count,
    create,
    deposit,
    entry,
    key,
    outcome,
    outcomes,
    refused,
    unit,
)


def grant(scope: Scope, _verdict: Verdict) -> str:
    """Let the doctor in."""
    scope.authorisations.grant(ALICE, DOCTOR, collector=ALICE, at=AT)
    return "granted"


def shut(scope: Scope, _verdict: Verdict) -> None:
    """Block the doctor."""
    scope.authorisations.block(ALICE, DOCTOR, collector=ALICE, at=AT)


def then_status(act: Handler) -> Handler:
    """A change that tells what it was decided on."""

    def handle(scope: Scope, verdict: Verdict) -> str:
        act(scope, verdict)
        return status(scope, verdict)

    return handle


def status(_scope: Scope, verdict: Verdict) -> str:
    """What the unit was decided on."""
    told: str = verdict.facts["relation"]["authorisation"]
    return told


def written(address: str | Path, table: str) -> int:
    """How many rows of a table another process sees."""
    if isinstance(address, Path):
        address = f"{addresses.SQLITE}{address}"
    [found] = rows(address, f"SELECT count(*) AS number FROM {table}")  # noqa: S608 - a name of ours
    return int(found["number"])


def occupied(lane: Executor) -> tuple[threading.Event, Future[Any]]:
    """Keep the lane busy until the event is set."""
    free, begun = threading.Event(), threading.Event()

    def hold(_scope: Scope, _verdict: Verdict) -> None:
        begun.set()
        free.wait(10)

    holding = lane.submit(unit(hold))
    begun.wait(10)
    return free, holding


def test_a_unit_is_answered_once_it_is_traced(lane: Executor, address: str) -> None:
    """What the caller is told of is in the database for everybody."""
    ended = lane.submit(change(lambda scope, _: create(scope))).result(timeout=10)
    assert (ended.error, ended.late, ended.entries[0].outcome) == (None, False, TraceOutcome.DONE)
    assert (written(address, "records"), written(address, "traces")) == (1, 1)


def test_waiting_units_are_committed_together(database: Path) -> None:
    """However many wait, up to the size of a group, the disk is asked once."""
    lane = SqliteExecutor(database, keys_of(database), group=100)
    free, _ = occupied(lane)
    waiting = [lane.submit(unit(refused().run)) for _ in range(250)]
    free.set()
    stamps = [one.result(timeout=10).entries[0].recorded_at for one in waiting]
    lane.close()
    assert written(database, "traces") == 251
    assert len(stamps) == 250


@pytest.mark.parametrize("store", ["sqlite"])
def test_a_group_is_one_transaction(connection: Database) -> None:
    """One BEGIN, one statement of facts, one of keys, few that insert, one COMMIT for all."""
    ran: list[str] = []
    connection.connection.set_trace_callback(ran.append)
    answered(connection, *(unit() for _ in range(50)))
    connection.connection.set_trace_callback(None)
    words = [statement.split()[0] for statement in ran]
    assert [word for word in words if word != "INSERT"] == ["BEGIN", "WITH", "SELECT", "COMMIT"]
    # By powers of two: 32, 16 and 2 rows.
    assert words.count("INSERT") == 3


def test_units_without_stored_facts_are_decided(connection: Database) -> None:
    """The rules that describe themselves need no record, and load nothing."""
    keyless = unit(lambda _scope, verdict: dict(verdict.facts), keys=())
    alone, beside, other = answered(connection, keyless, unit(status), keyless)
    assert (alone.result().result, other.result().result) == ({}, {})
    assert beside.result().result == "NON_EXISTE"


def test_a_refused_unit_runs_nothing_and_is_traced(connection: Database) -> None:
    """Its entry is the only thing that it leaves."""
    ended = outcome(connection, refused(grant, changes=lambda _verdict: True))
    assert (ended.result, ended.error, ended.entries[0].outcome) == (None, None, TraceOutcome.REFUSED)
    assert count(connection, "authorisations") == 0
    assert outcomes(connection)[-1] == "REFUSED"


def test_a_unit_without_handler_is_answered(connection: Database) -> None:
    """A question is done once it is decided."""
    ended = outcome(connection, unit(None))
    assert (ended.result, ended.entries[0].outcome) == (None, TraceOutcome.DONE)


def test_a_failing_handler_loses_its_change_and_keeps_its_trace(connection: Database) -> None:
    """Those beside it keep theirs, and what it touched was not shown to anybody."""

    def fail(scope: Scope, verdict: Verdict) -> None:
        grant(scope, verdict)
        deposit(scope)
        raise StateConflict("no")

    done: list[Done] = []

    def noted(verdict: Verdict, ended: Done) -> TraceEntry:
        done.append(ended)
        return entry(verdict, ended)

    failing = change(fail, entry=noted)
    before, failed, after = answered(connection, change(lambda s, _: create(s, BOB)), failing, unit())
    assert isinstance(failed.result().error, StateConflict)
    assert failed.result().entries[0].outcome is TraceOutcome.FAILED
    assert done[0].touched == ()
    assert (count(connection, "authorisations"), count(connection, "documents")) == (0, 0)
    assert count(connection, "records") == 2
    assert outcomes(connection)[-3:] == ["DONE", "FAILED", "DONE"]
    assert before.result().entries[0].outcome is after.result().entries[0].outcome is TraceOutcome.DONE


def test_reads_see_nothing_of_the_changes_of_their_group(connection: Database) -> None:
    """They are decided before, in whatever order they came; each change is decided on what those before it left."""
    granted, block = change(then_status(grant)), change(then_status(shut))
    futures = answered(connection, unit(status), granted, unit(status), block, unit(status), change(status))
    told = [future.result().result for future in futures]
    assert told == ["NON_EXISTE", "NON_EXISTE", "NON_EXISTE", "VALIDE", "NON_EXISTE", "INTERDIT"]


def test_a_change_is_refused_by_what_the_one_before_it_did(connection: Database) -> None:
    """The second of two that cannot both be done is decided again, and traced with the facts that refused it."""

    def only_once(facts: Facts) -> Verdict:
        return Verdict(permitted=facts["relation"]["authorisation"] == "NON_EXISTE", facts=facts)

    futures = answered(connection, *(change(grant, decide=only_once) for _ in range(3)))
    assert [future.result().entries[0].outcome.value for future in futures] == ["DONE", "REFUSED", "REFUSED"]
    assert [future.result().entries[0].record_revision for future in futures] == [1, 2, 2]


def test_a_change_after_one_that_was_undone_sees_no_trace_of_it(connection: Database) -> None:
    """A rolled back savepoint is as if it had never been."""

    def fail(scope: Scope, verdict: Verdict) -> None:
        grant(scope, verdict)
        raise StateConflict("no")

    _, after = answered(connection, change(fail), change(status))
    assert (after.result().result, after.result().entries[0].record_revision) == ("NON_EXISTE", 1)


def test_a_read_that_writes_is_undone(connection: Database) -> None:
    """The reads of a group were decided together, so none may change what the others were decided on."""
    first, second = answered(connection, unit(grant), unit(status))
    assert isinstance(first.result().error, WroteInRead)
    assert first.result().entries[0].outcome is TraceOutcome.FAILED
    assert second.result().result == "NON_EXISTE"
    assert count(connection, "authorisations") == 0


def test_a_late_unit_is_traced_and_not_run(connection: Database) -> None:
    """Its deadline had passed when it was taken; whether it was permitted does not matter any more."""
    past = time.monotonic() - 1
    permitted, denied = answered(connection, change(grant, deadline=past), refused(grant, deadline=past))
    for future in (permitted, denied):
        assert (future.result().late, future.result().entries[0].outcome) == (True, TraceOutcome.LATE)
    assert count(connection, "authorisations") == 0
    assert outcomes(connection)[-2:] == ["LATE", "LATE"]


def test_a_withdrawn_unit_is_traced_and_not_run(lane: Executor, address: str) -> None:
    """A caller who goes away before his turn leaves his trace, and no change."""
    lane.submit(change(lambda scope, _: create(scope))).result(timeout=10)
    free, holding = occupied(lane)
    withdrawn = lane.submit(change(grant))
    assert withdrawn.cancel()
    free.set()
    holding.result(timeout=10)
    lane.submit(unit()).result(timeout=10)
    with pytest.raises(CancelledError):
        withdrawn.result()
    assert written(address, "authorisations") == 0
    assert written(address, "traces") == 4


def test_a_running_unit_can_no_longer_be_withdrawn(lane: Executor) -> None:
    """Once it is taken, it ends, and its caller is told."""
    free, holding = occupied(lane)
    assert not holding.cancel()
    free.set()
    assert holding.result(timeout=10).entries[0].outcome is TraceOutcome.DONE


def test_a_unit_that_cannot_be_decided_fails_alone(connection: Database) -> None:
    """It is unavailable, and those beside it are answered."""

    def broken(_facts: Facts) -> Verdict:
        raise KeyError("a bug")

    failed, beside = answered(connection, change(grant, decide=broken), unit())
    assert isinstance(failed.exception(), Unavailable)
    assert isinstance(failed.exception().__cause__, KeyError)  # type: ignore[union-attr]
    assert beside.result().entries[0].outcome is TraceOutcome.DONE
    assert count(connection, "authorisations") == 0


def test_an_entry_that_claims_too_much_is_not_written(connection: Database) -> None:
    """No trace says DONE of what was refused, failed or late, whatever the gate builds."""

    def boast(verdict: Verdict, done: Done) -> TraceEntry:
        return entry(Verdict(permitted=True, facts=verdict.facts), done, outcome=TraceOutcome.DONE)

    def fail(_scope: Scope, _verdict: Verdict) -> None:
        raise StateConflict("no")

    before = count(connection, "traces")
    units = (refused(entry=boast), unit(fail, entry=boast), unit(deadline=0, entry=boast))
    assert all(isinstance(future.exception(), Unavailable) for future in answered(connection, *units))
    assert count(connection, "traces") == before


def test_a_scope_ends_with_its_unit(connection: Database) -> None:
    """A handler that keeps its scope can do nothing with it, neither beside the transaction nor in another's."""
    kept: list[Scope] = []
    outcome(connection, unit(lambda scope, _: kept.append(scope)))
    with pytest.raises(ScopeClosed):
        kept[0].records.status(ALICE)
    intruding = outcome(connection, change(lambda _scope, _verdict: create(kept[0], BOB)))
    assert isinstance(intruding.error, ScopeClosed)
    assert count(connection, "records") == 1


def test_an_entry_is_not_recorded_before_its_call(connection: Database) -> None:
    """A wall clock set back between the two does not turn them round."""
    later = AT + timedelta(seconds=5)
    ended = outcome(connection, unit(asked=key(at=later)))
    assert ended.entries[0].recorded_at == later


def test_units_are_traced_in_the_order_they_came(connection: Database) -> None:
    """Whatever ran first, the traces are in the order of arrival."""
    units = [change(grant), unit(), refused(), change(grant), unit()]
    futures = answered(connection, *units)
    rows = connection.execute("SELECT decision_id FROM traces ORDER BY number DESC LIMIT 5").fetchall()
    assert [future.result().entries[0].decision_id for future in futures] == [row[0] for row in rows][::-1]


def test_what_was_taken_is_answered_before_the_end(database: Path) -> None:
    """Closing waits for it, and refuses what comes after; closing twice is closing once."""
    lane = SqliteExecutor(database, keys_of(database))
    free, _ = occupied(lane)
    taken = [lane.submit(unit()) for _ in range(600)]
    closing = threading.Thread(target=lane.close)
    closing.start()
    free.set()
    closing.join(10)
    lane.close()
    assert all(future.result(timeout=0).entries[0].outcome is TraceOutcome.DONE for future in taken)
    assert isinstance(lane.submit(unit()).exception(timeout=0), Unavailable)
    assert written(database, "traces") == 601


def test_no_unit_is_forgotten_when_the_lane_closes_under_load(database: Path) -> None:
    """Each of those that many threads submit meanwhile is answered or refused."""
    lane = SqliteExecutor(database, keys_of(database), group=7)
    futures: list[Future[Any]] = []

    def submit() -> None:
        futures.extend(lane.submit(unit()) for _ in range(200))

    threads = [threading.Thread(target=submit) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.01)
    lane.close()
    for thread in threads:
        thread.join()
    ended = [future.exception(timeout=10) for future in futures]
    assert len(ended) == 800
    assert all(error is None or isinstance(error, Unavailable) for error in ended)
    assert written(database, "traces") == ended.count(None)


def test_a_handler_that_would_end_the_thread_ends_only_its_group(lane: Executor) -> None:
    """Even what is no ordinary error leaves the lane serving."""

    def leave(_scope: Scope, _verdict: Verdict) -> None:
        raise SystemExit

    assert isinstance(lane.submit(unit(leave)).exception(timeout=10), Unavailable)
    assert lane.submit(unit()).result(timeout=10).entries[0].outcome is TraceOutcome.DONE


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_lane_whose_thread_has_ended_leaves_nobody_waiting(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Should the thread die of what no group can catch, those who wait and those who come are refused."""
    lane = SqliteExecutor(database, keys_of(database))
    free, holding = occupied(lane)
    waiting = [lane.submit(unit()) for _ in range(3)]

    def die(*_: object) -> None:
        raise SystemExit

    monkeypatch.setattr(Lane, "_turn", die)
    free.set()
    assert holding.result(timeout=10).entries[0].outcome is TraceOutcome.DONE
    assert all(isinstance(future.exception(timeout=10), Unavailable) for future in waiting)
    assert isinstance(lane.submit(unit()).exception(timeout=10), Unavailable)
    lane.close()


def test_a_call_after_an_acknowledged_change_sees_it(lane: Executor) -> None:
    """From whichever thread: what was told is decided on."""
    lane.submit(change(lambda scope, _: create(scope))).result(timeout=10)
    stale: list[str] = []

    def blocked(doctor: str) -> None:
        lane.submit(change(lambda s, _: s.authorisations.block(ALICE, doctor, collector=ALICE, at=AT))).result(10)

    def unblocked(doctor: str) -> None:
        lane.submit(change(lambda s, _: s.authorisations.unblock(ALICE, doctor))).result(10)

    def alternate(doctor: str) -> None:
        for act, told in ((blocked, "INTERDIT"), (unblocked, "NON_EXISTE")) * 40:
            act(doctor)
            seen = lane.submit(unit(status, asked=key(person=doctor))).result(10).result
            stale.extend([] if seen == told else [str(seen)])

    threads = [threading.Thread(target=alternate, args=(f"{DOCTOR}{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stale == []
