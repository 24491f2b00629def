"""Sensitive information that waits for an interview: told of on day fourteen, revealed after a month (2023 alone)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dmp.access.v1 import access_pb2 as access
from dmp.documents.v1 import documents_pb2 as documents
from dmp.records.v1 import jobs_pb2 as jobs
from dmp.records.v1 import records_pb2 as records
from tests.services.databases import STORES, Databases, dropped
from tests.services.documents.test_life import replacement
from tests.services.notified import CONSENT, states
from tests.services.world import NORMAL, Person, World, of, refusal, running

SENSITIVE = (NORMAL, documents.LABEL_INVISIBLE_PATIENT)
NOTICE, REVEAL = jobs.JOB_NOTIFY_SENSITIVE, jobs.JOB_REVEAL_SENSITIVE
DAY = timedelta(days=1)
START = datetime.fromisoformat("2027-01-31T10:00:00+01:00")
"""A month later it is 28 February."""


@pytest.fixture(params=STORES)
def law(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> Iterator[World]:
    """A suite of its own under the law of 2023, whose clock the test moves."""
    address = databases.new(request.param, tmp_path)
    with running(tmp_path, DMP_DATABASE_URL=address, DMP_PROFILE="law-2023") as found:
        at(found, START)
        yield found
    dropped(address)


def at(world: World, moment: datetime) -> None:
    """Move the suite's clock."""
    object.__setattr__(world.suite.gate, "clock", lambda: moment)


def run(world: World, job: jobs.Job.ValueType, **others: Any) -> jobs.RunJobResponse:
    answered: jobs.RunJobResponse = world.as_("operator").RunJob(jobs.RunJobRequest(job=job, **others))
    return answered


def told(world: World, patient: Person, reader: Person | str | None = None) -> list[str]:
    """What the holder reads, the oldest first."""
    asked = records.ListNotificationsRequest(record=of(patient))
    listed = world.as_(reader or patient).ListNotifications(asked).notifications
    return [one.code for one in reversed(listed)]


def seen(world: World, patient: Person) -> list[str]:
    """The ids that the holder's list holds."""
    listed = world.as_(patient).ListDocuments(documents.ListDocumentsRequest(record=of(patient)))
    return [one.document_id for one in listed.documents]


def labels(world: World, document: str) -> int:
    [row] = world.rows("SELECT labels FROM documents WHERE logical_id = ?", document)
    return int(row["labels"])


def test_notice_on_day_fourteen_and_revealed_after_a_month(law: World) -> None:
    """Each once, however often the jobs are run, and each traced as the suite's own deed."""
    patient = law.opened("author")
    document = law.deposit(patient, *SENSITIVE)
    at(law, START + 14 * DAY - timedelta(seconds=1))
    assert (run(law, NOTICE).due, run(law, REVEAL).due) == (0, 0)
    at(law, START + 14 * DAY)
    counted = run(law, NOTICE, dry_run=True)
    assert ((counted.due, counted.done), told(law, patient)) == ((1, 0), [])
    assert (run(law, NOTICE).done, run(law, NOTICE).due) == (1, 0)
    assert (told(law, patient), seen(law, patient)) == (["SENSITIVE_NOTICE"], [])
    month = datetime.fromisoformat("2027-02-28T10:00:00+01:00")
    at(law, month - timedelta(microseconds=1))
    assert run(law, REVEAL).due == 0
    at(law, month)
    assert run(law, REVEAL, dry_run=True).due == 1
    assert (run(law, REVEAL).done, run(law, REVEAL).due, run(law, NOTICE).due) == (1, 0, 0)
    assert (labels(law, document), seen(law, patient)) == (1, [document])
    assert told(law, patient) == ["SENSITIVE_NOTICE", "SENSITIVE_REVEALED"]
    for action in ("job.notify_sensitive", "job.reveal_sensitive"):
        [entry] = law.entries("record = ? AND action = ?", patient["sub"], action)
        assert (entry["subject_kind"], entry["outcome"]) == ("SYSTEM", "DONE")


def replaced(world: World, patient: Person, document: str, *labels: documents.Label.ValueType) -> str:
    """The id of a new version."""
    return str(world.as_("author").ReplaceDocument(replacement(world, patient, document, *labels)).document_id)


def test_a_new_version_goes_on_with_the_terms_of_the_old(law: World) -> None:
    """Neither the notice nor the month begins anew, however often it is replaced, and he is told once (VIS-16)."""
    patient = law.opened("author")
    document = law.deposit(patient, *SENSITIVE)
    at(law, START + 10 * DAY)
    document = replaced(law, patient, document)
    at(law, START + 14 * DAY)
    assert run(law, NOTICE).done == 1
    document = replaced(law, patient, document)
    assert (run(law, NOTICE).due, told(law, patient)) == (0, ["SENSITIVE_NOTICE"])
    month = datetime.fromisoformat("2027-02-28T10:00:00+01:00")
    at(law, month - timedelta(microseconds=1))
    assert (run(law, REVEAL).due, seen(law, patient)) == (0, [])
    at(law, month)
    # The label counts as absent, before the job takes it away and after.
    assert seen(law, patient) == [document]
    document = replaced(law, patient, document)
    assert seen(law, patient) == [document]
    assert (run(law, REVEAL).done, seen(law, patient)) == (1, [document])


@pytest.mark.parametrize("interview", [False, True])
def test_what_becomes_sensitive_with_a_new_version_waits_from_then_on(law: World, *, interview: bool) -> None:
    """The version before it was not, or not any more: no term of its own has run."""
    patient = law.opened("author")
    document = law.deposit(patient, *(SENSITIVE if interview else (NORMAL,)))
    at(law, START + 20 * DAY)
    if interview:
        assert run(law, NOTICE).done == 1
        attested = access.Attestations(consent=True, interview=True)
        law.as_("author").RevealToPatient(
            documents.RevealToPatientRequest(record=of(patient), document_id=document, attestations=attested)
        )
    document = replaced(law, patient, document, *SENSITIVE)
    at(law, START + 34 * DAY - timedelta(seconds=1))
    assert (run(law, NOTICE).due, run(law, REVEAL).due, seen(law, patient)) == (0, 0, [])
    at(law, START + 34 * DAY)
    assert run(law, NOTICE).done == 1
    at(law, START + 51 * DAY)
    assert run(law, REVEAL).done == 1


def test_an_interview_comes_first(law: World) -> None:
    """What was revealed in it is neither told of nor revealed again."""
    patient = law.opened("author")
    document = law.deposit(patient, *SENSITIVE)
    attested = access.Attestations(consent=True, interview=True)
    law.as_("author").RevealToPatient(
        documents.RevealToPatientRequest(record=of(patient), document_id=document, attestations=attested)
    )
    at(law, START + 60 * DAY)
    assert (run(law, NOTICE).due, run(law, REVEAL).due) == (0, 0)
    assert told(law, patient) == ["NOTIFY_HOLDER"]


def test_a_job_that_is_late_reveals_and_gives_no_notice(law: World) -> None:
    """After the month there is nothing to wait for."""
    patient = law.opened("author")
    law.deposit(patient, *SENSITIVE)
    at(law, START + 40 * DAY)
    assert run(law, NOTICE).due == 0
    assert run(law, REVEAL).done == 1
    assert told(law, patient) == ["SENSITIVE_REVEALED"]


def test_pages_go_on_where_they_stopped(law: World) -> None:
    """Cut off after a page, the job finds the rest when it is run again."""
    patients = [law.opened("author") for _ in range(2)]
    for patient in patients:
        for _ in range(3):
            law.deposit(patient, *SENSITIVE)
    at(law, START + 14 * DAY)
    assert (run(law, NOTICE, page_size=4).done, run(law, NOTICE).done, run(law, NOTICE).due) == (4, 2, 0)
    assert [told(law, patient) for patient in patients] == [["SENSITIVE_NOTICE"] * 3] * 2


def test_nothing_is_due_on_a_closed_record_until_it_is_open_again(law: World) -> None:
    """Its holder could not read it."""
    patient = law.opened("author")
    law.deposit(patient, *SENSITIVE)
    law.as_(patient).CloseRecord(records.CloseRecordRequest(record=of(patient)))
    at(law, START + 14 * DAY)
    assert run(law, NOTICE).due == 0
    law.as_(patient).ReactivateRecord(records.ReactivateRecordRequest(record=of(patient), attestations=CONSENT))
    assert run(law, NOTICE).done == 1


def test_what_a_minor_keeps_secret_is_not_told_of(law: World) -> None:
    """His representatives read his notices (VIS-12); what is revealed to him stays hidden from them."""
    patient = law.opened("author")
    secret = (*SENSITIVE, documents.LABEL_INVISIBLE_REPRESENTANTS_LEGAUX)
    document = law.deposit(patient, *secret)
    law.alter("UPDATE records SET holder_birth_date = '2015-01-01' WHERE ins = ?", patient["sub"])
    at(law, START + 20 * DAY)
    assert run(law, NOTICE).due == 0
    at(law, START + 40 * DAY)
    assert run(law, REVEAL).done == 1
    assert labels(law, document) == 1 + 32
    assert states(law, patient) == ["WAITING"]
    assert law.rows("SELECT * FROM notifications WHERE record = ? AND document IS NULL", patient["sub"]) == []


def test_in_2011_only_an_interview_reveals(world: World) -> None:
    """Neither notice nor term, however long ago."""
    patient = world.opened("author")
    document = world.deposit(patient, *SENSITIVE)
    world.alter("UPDATE documents SET deposited_at = ? WHERE logical_id = ?", 1_000_000, document)
    for job in (NOTICE, REVEAL):
        answered = run(world, job)
        assert (answered.due, answered.done) == (0, 0)
    assert (labels(world, document), told(world, patient), seen(world, patient)) == (17, [], [])
    for caller in ("author", "host"):
        assert refusal(world.as_(caller).RunJob, jobs.RunJobRequest(job=REVEAL)).code == "PERMISSION_DENIED"
