"""A background job that is killed half-way goes on where it stopped, and does nothing twice."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path
from uuid import uuid4

import pytest

from services.client import jobs
from services.client.calls import Suite
from services.client.jobs import Progress
from services.runtime.identifiers import canonical, ins_key
from tests.faults.process import Process, started
from tests.services.databases import STORES, Databases, fill, rows

RECORDS = 1_500
RECORD = (
    "INSERT INTO records (ins, state, holder_birth_date, deceased, protection, revision, created_at) "
    "VALUES (?, 'ACTIVE', '1984-03-01', ?, 'none', 1, 1)"
)
TICKET = (
    "INSERT INTO tickets (id, record, kind, beneficiary, opener, opener_kind, opened_at, expires_at, needs_review, "
    "decision_id, state) VALUES (?, ?, 'record.export_copy', ?, ?, 'HOLDER', 1, 2, ?, ?, 'OPEN')"
)


def _overdue(address: str, count: int) -> None:
    """So many records, each with a ticket whose time has passed."""
    values = [f"28403759{number:05d}" for number in range(count)]
    holders = [canonical("1.2.250.1.213.1.4.10", f"{value}{ins_key(value):02d}") for value in values]
    fill(address, RECORD, [(ins, False) for ins in holders])
    tickets = [(str(uuid4()), ins) for ins in holders]
    fill(address, TICKET, [(ticket, ins, ins, ins, False, ticket) for ticket, ins in tickets])


def _run(process: Process, told: list[Progress] | None = None) -> Progress:
    [(_, bearer)] = process.metadata("operator")
    with process.channel("records") as channel:
        heard = told if told is not None else []
        token = bearer.removeprefix("Bearer ")
        return jobs.run(Suite({"records": channel}), token, "expire-tickets", heard.append, dry_run=False)


@pytest.mark.slow
@pytest.mark.parametrize("store", STORES)
def test_a_killed_job_goes_on_where_it_stopped(tmp_path: Path, databases: Databases, store: str) -> None:
    """Killed in the middle of a page: what was done is done, each record has one entry, and the rest is done later."""
    address = databases.new(store, tmp_path)
    _overdue(address, RECORDS)
    told: list[Progress] = []
    with started(tmp_path, DMP_DATABASE_URL=address) as process:
        runner = threading.Thread(target=_run, args=(process, told))
        runner.start()
        while not told:
            time.sleep(0.001)
        process.child.send_signal(signal.SIGKILL)
        runner.join()
    [before] = rows(address, "SELECT count(*) AS number FROM tickets WHERE state = 'EXPIRED'")
    assert 0 < before["number"] < RECORDS
    with started(tmp_path, DMP_DATABASE_URL=address) as process:
        progress = _run(process)
    assert (progress.held, progress.due, progress.done) == (True, RECORDS - before["number"], progress.due)
    done = "SELECT record, count(*) AS number FROM traces WHERE action = 'job.expire_tickets' GROUP BY record"
    assert [row["number"] for row in rows(address, done)] == [1] * RECORDS
    assert rows(address, "SELECT id FROM tickets WHERE state <> 'EXPIRED'") == []
