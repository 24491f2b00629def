"""The suite's own work: asked for by an operator, done by the suite as subject SYSTEM, on the road of every call."""

import json
import os
import subprocess
import sys
from typing import Any

import grpc
import pytest

from dmp.access.v1 import access_pb2 as access
from dmp.records.v1 import jobs_pb2 as jobs
from dmp.records.v1 import records_pb2 as records
from services.runtime.identifiers import SUITE
from tests.services.world import Person, World, identified, of, raw, refusal

OPERATOR = "operator"
EXPIRE, END = jobs.JOB_EXPIRE_TICKETS, jobs.JOB_END_EMERGENCIES


def overdue(world: World) -> tuple[Person, str]:
    """A patient whose ticket has run out of time."""
    patient = world.opened("author")
    request = records.RequestRecordCopyRequest(record=of(patient))
    ticket = str(world.as_(patient).RequestRecordCopy(request).ticket_id)
    world.alter("UPDATE tickets SET opened_at = 1, expires_at = 2 WHERE id = ?", ticket)
    return patient, ticket


def run(world: World, job: jobs.Job.ValueType, **others: Any) -> jobs.RunJobResponse:
    """Have one page done."""
    answered: jobs.RunJobResponse = world.as_(OPERATOR).RunJob(jobs.RunJobRequest(job=job, **others))
    return answered


def state(world: World, ticket: str) -> str:
    [row] = world.rows("SELECT state FROM tickets WHERE id = ?", ticket)
    return str(row["state"])


def of_the_suite(world: World, patient: Person, action: str) -> list[dict[str, Any]]:
    return world.entries("record = ? AND action = ?", patient["sub"], action)


def test_a_job_is_done_once_on_each_record_and_traced_there(world: World) -> None:
    """By the suite itself, in a session of the run; what is done is due no more."""
    found = [overdue(world) for _ in range(3)]
    answered = run(world, EXPIRE, page_size=500)
    assert (answered.done, len(answered.failures)) == (answered.due, 0)
    assert {state(world, ticket) for _, ticket in found} == {"EXPIRED"}
    for patient, _ in found:
        [entry] = of_the_suite(world, patient, "job.expire_tickets")
        assert (entry["subject_kind"], entry["subject_id"], entry["outcome"]) == ("SYSTEM", SUITE, "DONE")
        assert json.loads(entry["rules"])["determining"] == ["SVC-09"]
    asked = world.trace(answered.decided.decision_id)
    assert (asked["action"], asked["subject_kind"], asked["record"]) == ("job.run", "HOST_OPERATOR", None)
    assert run(world, EXPIRE).due == 0


def test_a_dry_run_counts_and_does_nothing(world: World) -> None:
    """What it counts is traced all the same."""
    patient, ticket = overdue(world)
    answered = run(world, EXPIRE, dry_run=True)
    assert (answered.due >= 1, answered.done) == (True, 0)
    assert state(world, ticket) == "OPEN"
    assert of_the_suite(world, patient, "job.expire_tickets") == []
    run(world, EXPIRE, page_size=500)


def test_a_page_is_as_long_as_asked(world: World) -> None:
    """And the next one goes on."""
    found = [overdue(world) for _ in range(3)]
    first, second = run(world, EXPIRE, page_size=2), run(world, EXPIRE, page_size=2)
    assert (first.due - first.done, first.done) == (second.due, 2)
    run(world, EXPIRE, page_size=500)
    assert {state(world, ticket) for _, ticket in found} == {"EXPIRED"}


def test_what_fails_is_told_by_its_reason_and_passed_over(world: World) -> None:
    """A destroyed record is refused by the rules, and holds up no other."""
    gone, kept = overdue(world), overdue(world)
    world.alter("UPDATE records SET state = 'DESTROYED' WHERE ins = ?", gone[0]["sub"])
    answered = run(world, EXPIRE, page_size=500)
    assert {failure.reason: failure.count for failure in answered.failures} == {"NOT_FOUND": 1}
    assert (state(world, gone[1]), state(world, kept[1])) == ("OPEN", "EXPIRED")
    again = run(world, EXPIRE, passed_over=1)
    assert (again.due, again.done, len(again.failures)) == (1, 0, 0)
    world.alter("UPDATE tickets SET state = 'EXPIRED', settled_at = 2 WHERE id = ?", gone[1])


def test_emergency_accesses_whose_time_has_passed_are_ended(world: World) -> None:
    """With the time at which they ended, and no other."""
    patient = world.opened("author")
    attested = access.Attestations(patient_unable=True, immediate_risk=True, reason="coma")
    request = records.StartEmergencyAccessRequest(
        record=of(patient), mode=records.EMERGENCY_MODE_BRIS_DE_GLACE, attestations=attested
    )
    world.as_("colleague").StartEmergencyAccess(request)
    query = "SELECT * FROM emergency_accesses WHERE record = ?"
    run(world, END, page_size=500)
    [row] = world.rows(query, patient["sub"])
    assert row["ended_at"] is None
    started = row["started_at"] - 4 * 3600 * 1_000_000
    expired = row["expires_at"] - 4 * 3600 * 1_000_000
    world.alter(
        "UPDATE emergency_accesses SET started_at = ?, expires_at = ? WHERE record = ?",
        *(started, expired, patient["sub"]),
    )
    assert run(world, END, page_size=500).done >= 1
    [row] = world.rows(query, patient["sub"])
    assert row["ended_at"] == expired


@pytest.mark.parametrize("caller", ["author", "host", "support", "secretary"])
def test_nobody_but_the_operator_has_a_job_done(world: World, caller: str) -> None:
    """Whatever he may do else."""
    told = refusal(world.as_(caller).RunJob, jobs.RunJobRequest(job=EXPIRE))
    assert told.code == "PERMISSION_DENIED"


def test_a_patient_has_no_job_done(world: World) -> None:
    """Not even on his own record."""
    patient, ticket = overdue(world)
    assert refusal(world.as_(patient).RunJob, jobs.RunJobRequest(job=EXPIRE)).code == "PERMISSION_DENIED"
    assert state(world, ticket) == "OPEN"
    run(world, EXPIRE, page_size=500)


@pytest.mark.parametrize("method", ["ListDue", "DoJob"])
def test_the_suites_own_calls_are_served_to_nobody(world: World, method: str) -> None:
    """No port has them, whatever the token."""
    with pytest.raises(grpc.RpcError) as found:
        raw(world, "records", f"SystemService/{method}", b"", identified(world, OPERATOR))
    assert found.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_no_token_says_that_its_bearer_is_the_suite(world: World) -> None:
    """Even a rightly signed one."""
    person = {"kind": "SYSTEM", "name": "x", "sub": world.people[OPERATOR]["sub"], "authn_mode": "HOST"}
    told = refusal(world.as_(person).RunJob, jobs.RunJobRequest(job=EXPIRE))
    assert (told.code, told.reason) == ("UNAUTHENTICATED", "KIND_NOT_ALLOWED")


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (jobs.RunJobRequest(), "job"),
        (jobs.RunJobRequest(job=99), "job"),  # type: ignore[arg-type]  # the wire may hold any number
        (jobs.RunJobRequest(job=EXPIRE, page_size=501), "page_size"),
        (jobs.RunJobRequest(job=EXPIRE, passed_over=-1), "passed_over"),
    ],
)
def test_a_job_that_cannot_be_understood_is_refused(world: World, request_: jobs.RunJobRequest, field: str) -> None:
    """With its field, and nothing is begun."""
    told = refusal(world.as_(OPERATOR).RunJob, request_)
    assert (told.code, set(told.fields)) == ("INVALID_ARGUMENT", {field})


def command(world: World, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `dmp jobs` beside the running suite."""
    ports = {f"DMP_{found.name.upper()}_PORT": str(found.port) for found in world.suite.listening}
    given = {"DMP_ENVIRONMENT": "development", "DMP_VAR": str(world.settings.var), **ports, **environment}
    return subprocess.run(
        [sys.executable, "-m", "services.cli", "jobs", *words],
        env={**os.environ, **given},
        check=False,
        capture_output=True,
        text=True,
    )


def test_the_operators_command_goes_on_until_nothing_is_due(world: World) -> None:
    """It counts first where asked to, and tells a program in JSON."""
    found = [overdue(world) for _ in range(2)]
    counted = command(world, "run", "expire-tickets", "--dry-run", "--json")
    assert (counted.returncode, json.loads(counted.stdout)["done"]) == (0, 0)
    done = command(world, "run", "expire-tickets", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["failures"], told["refused"]) == (0, {}, "")
    assert told["done"] == told["due"] >= 2
    assert {state(world, ticket) for _, ticket in found} == {"EXPIRED"}
    assert "done on 0 of 0" in command(world, "run", "expire-tickets").stdout


def test_the_operators_command_says_why_not(world: World) -> None:
    """For the token of another, for a suite that is not there, and for a job that is none."""
    refused = command(world, "run", "expire-tickets", DMP_TOKEN=world.token("author"))
    assert (refused.returncode, "HOST_OPERATOR" in refused.stdout) == (1, True)
    missing = command(world, "run", "expire-tickets", DMP_RECORDS_PORT="1")
    assert (missing.returncode, "no suite answers" in missing.stdout) == (2, True)
    unknown = command(world, "run", "expire")
    assert (unknown.returncode, "expire-tickets" in unknown.stderr) == (2, True)
