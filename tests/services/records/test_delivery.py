"""Notifications are handed on at least once, under one id, to whoever may still be told, and hold nothing medical."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from dmp.access.v1 import access_pb2 as access
from dmp.documents.v1 import documents_pb2 as documents
from dmp.records.v1 import jobs_pb2 as jobs
from dmp.records.v1 import records_pb2 as records
from services.records import delivery
from tests.services.databases import STORES, Databases, dropped
from tests.services.notified import CONSENT, KEY, break_the_glass, deliveries, states, subscribe, until, webhook
from tests.services.receiver import Receiver, Sent, receiving
from tests.services.records.test_representatives import MANDATE, register
from tests.services.world import NORMAL, PATIENCE, Person, World, of, refusal, running

MASKED = documents.LABEL_MASQUE_PS
LATER = 4_000_000_000_000_000
Handed = tuple[World, Receiver]


@pytest.fixture(scope="module", params=STORES)
def handed(
    request: pytest.FixtureRequest, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Handed]:
    """A suite with a receiver that takes everything unless a test says otherwise."""
    folder = tmp_path_factory.mktemp("handed")
    address = databases.new(request.param, folder)
    with receiving() as receiver, running(folder, **webhook(folder, receiver), DMP_DATABASE_URL=address) as world:
        yield world, receiver
    dropped(address)


@pytest.fixture(autouse=True)
def taking(request: pytest.FixtureRequest) -> None:
    """Every test begins with a receiver that takes what it is sent."""
    if "handed" in request.fixturenames:
        request.getfixturevalue("handed")[1].answering = lambda _: 204


def now_due(world: World, patient: Person) -> None:
    """Let the time pass that what waits is put off for."""
    world.alter("UPDATE deliveries SET due_at = 1 WHERE record = ? AND due_at IS NOT NULL", patient["sub"])


def put_off(world: World, receiver: Receiver, write: Callable[[], object], patient: Person) -> None:
    """Write something while the receiver takes nothing, so that it waits for its second attempt."""
    receiver.answering = lambda _: 503
    write()
    taken_for = delivery.TAKEN_FOR.total_seconds() / 2

    def settled(row: dict[str, Any]) -> bool:
        return bool(row["attempts"]) and row["due_at"] < (time.time() + taken_for) * 1e6

    until(lambda: bool(found := deliveries(world, patient)) and all(map(settled, found)))
    # Not before the test says so.
    world.alter("UPDATE deliveries SET due_at = ? WHERE record = ?", LATER, patient["sub"])
    receiver.answering = lambda _: 204


def test_the_holder_is_told_within_seconds_and_once(handed: Handed) -> None:
    """With the id in header and body, and a signature that the receiver can compute."""
    world, receiver = handed
    patient = world.opened()
    break_the_glass(world, patient)
    until(lambda: states(world, patient) == ["DELIVERED"])
    [sent] = [sent for sent in receiver.sent if sent.said["record"]["value"] == of(patient).value]
    assert sent.path == "/notifications"
    assert sent.headers["DMP-Notification-Id"] == sent.said["id"] == deliveries(world, patient)[0]["id"]
    at, mac = (part.partition("=")[2] for part in sent.headers["DMP-Signature"].split(","))
    assert abs(int(at) - time.time()) < PATIENCE
    assert hmac.new(KEY, f"{at}.".encode() + sent.body, hashlib.sha256).hexdigest() == mac


def test_nothing_but_who_and_when_leaves_the_suite(handed: Handed) -> None:
    """No reason, title, document or actor, whatever it is about (NTF-06)."""
    world, receiver = handed
    patient = world.opened("author", "colleague")
    subscribe(world, patient, "colleague")
    break_the_glass(world, patient, reason="secret-canary")
    document = world.deposit(patient, title="title-canary")
    until(lambda: states(world, patient) == ["DELIVERED", "DELIVERED"])
    sent = [sent for sent in receiver.sent if sent.said["record"]["value"] == of(patient).value]
    assert [one.said["code"] for one in sent] == ["NOTIFY_HOLDER", "ALERT_ON_DEPOSIT_IF_SUBSCRIBED"]
    for one in sent:
        assert set(one.said) == {"id", "code", "recipient", "record", "at"}
        told = one.body.decode() + repr(one.headers) + one.path
        for canary in ("canary", document, world.people["emergency"]["sub"].split("|")[1], "MEDECIN"):
            assert canary not in told
        assert UUID(one.said["id"]).version == 4


def test_the_treating_physician_is_told_under_the_law_alone(databases: Databases, tmp_path: Path) -> None:
    """In person (NTF-01), and not once the role is no longer his."""
    address = databases.new("sqlite", tmp_path)
    law: dict[str, Any] = {"DMP_PROFILE": "law-2023", "DMP_DATABASE_URL": address}
    with receiving() as receiver, running(tmp_path, **webhook(tmp_path, receiver), **law) as world:
        physician = world.people["treating"]["sub"]
        patient, former = world.opened(treating="treating"), world.opened(treating="treating")
        break_the_glass(world, patient)
        until(lambda: states(world, patient) == ["DELIVERED", "DELIVERED"])
        assert [told["code"] for told in receiver.told(physician)] == ["NOTIFY_MT"]
        put_off(world, receiver, lambda: break_the_glass(world, former), former)
        role = records.RevokeAccessRequest(
            record=of(former), professional=of(world.people["treating"]), role=records.ROLE_MEDECIN_TRAITANT
        )
        world.as_(former).RevokeAccess(role)
        now_due(world, former)
        until(lambda: sorted(states(world, former)) in (["DELIVERED", "LAPSED"], ["LAPSED", "LAPSED"]))
        assert {row["code"]: row["state"] for row in deliveries(world, former)}["NOTIFY_MT"] == "LAPSED"


def test_what_is_not_taken_is_handed_on_again_later_under_its_id(handed: Handed) -> None:
    """By itself, after the pause of a first attempt."""
    world, receiver = handed
    patient = world.opened()
    answers = iter([503])
    receiver.answering = lambda _: next(answers, 204)
    break_the_glass(world, patient)
    until(lambda: states(world, patient) == ["DELIVERED"])
    [first, second] = receiver.told(patient["sub"])
    assert (first, deliveries(world, patient)[0]["attempts"]) == (second, 2)


def test_pauses_grow_to_a_limit_and_are_spread() -> None:
    """About a day in all."""
    for attempt in range(1, delivery.ATTEMPTS):
        whole = min(delivery.LONGEST_PAUSE, delivery.FIRST_PAUSE * 2 ** (attempt - 1))
        found = {delivery.pause(attempt) for _ in range(20)}
        assert len(found) > 1
        assert all(whole / 2 <= one <= whole for one in found)


@pytest.mark.parametrize("status", [302, 404, 500])
def test_nothing_but_a_2xx_is_taken(handed: Handed, status: int) -> None:
    """And a redirect is never followed: it would hand patients' identifiers to somebody else."""
    world, receiver = handed
    patient = world.opened()
    receiver.answering = lambda _: status
    break_the_glass(world, patient)
    until(lambda: any(row["attempts"] for row in deliveries(world, patient)))
    receiver.answering = lambda _: 204
    assert {sent.path for sent in receiver.sent} == {"/notifications"}


def metrics(world: World) -> dict[str, float]:
    """Those of the outbox, by their name and the one label."""
    from prometheus_client import generate_latest  # noqa: PLC0415

    lines = generate_latest(world.suite.telemetry.registry).decode().splitlines()
    found = (line.rpartition(" ") for line in lines if line.startswith("dmp_notifications"))
    return {name: float(value) for name, _, value in found}


def of_label(found: dict[str, float], start: str, label: str) -> float:
    [value] = [value for name, value in found.items() if name.startswith(start) and f'"{label}"' in name]
    return value


def test_after_the_last_attempt_it_is_parked_and_seen_until_it_is_begun_anew(handed: Handed) -> None:
    """By the operator's job."""
    world, receiver = handed
    patient = world.opened()
    put_off(world, receiver, lambda: break_the_glass(world, patient), patient)
    before = metrics(world)
    world.alter("UPDATE deliveries SET attempts = ? WHERE record = ?", delivery.ATTEMPTS - 1, patient["sub"])
    receiver.answering = lambda _: 503
    now_due(world, patient)
    until(lambda: states(world, patient) == ["PARKED"])
    until(lambda: of_label(metrics(world), "dmp_notifications{", "parked") == 1)
    attempts = "dmp_notifications_attempts_total"
    assert of_label(metrics(world), attempts, "PARKED") == of_label(before, attempts, "PARKED") + 1
    receiver.answering = lambda _: 204
    answered = world.as_("operator").RunJob(jobs.RunJobRequest(job=jobs.JOB_REQUEUE_NOTIFICATIONS))
    assert answered.done == 1
    until(lambda: states(world, patient) == ["DELIVERED"])
    until(lambda: of_label(metrics(world), "dmp_notifications{", "parked") == 0)


def test_the_age_of_the_oldest_that_waits_is_seen(handed: Handed) -> None:
    """And that nothing waits."""
    world, receiver = handed
    patient = world.opened()
    until(lambda: of_label(metrics(world), "dmp_notifications{", "waiting") == 0)
    put_off(world, receiver, lambda: break_the_glass(world, patient), patient)
    world.alter("UPDATE notifications SET at = at - 3600000000 WHERE record = ?", patient["sub"])

    def oldest() -> float:
        [found] = [value for name, value in metrics(world).items() if name.startswith("dmp_notifications_oldest")]
        return found

    until(lambda: oldest() > 3600)
    assert of_label(metrics(world), "dmp_notifications{", "waiting") == 1
    now_due(world, patient)
    until(lambda: oldest() == 0)


def test_a_document_that_was_masked_meanwhile_is_told_of_no_more(handed: Handed) -> None:
    """Asked at the moment when it is handed on; the entry is dropped, and the list leaves it out."""
    world, receiver = handed
    patient = world.opened("author", "colleague")
    subscribe(world, patient, "colleague")
    colleague = world.people["colleague"]["sub"]
    before = len(receiver.told(colleague))
    named: list[str] = []
    put_off(world, receiver, lambda: named.append(world.deposit(patient)), patient)
    assert len(own(world, patient, "colleague")) == 1
    world.as_(patient).MaskDocument(documents.MaskDocumentRequest(record=of(patient), document_id=named[0]))
    now_due(world, patient)
    until(lambda: states(world, patient) == ["LAPSED"])
    assert len(receiver.told(colleague)) == before + 1
    assert own(world, patient, "colleague") == []


def own(world: World, patient: Person, person: str) -> list[str]:
    """The codes of what a professional was notified of."""
    request = records.ListNotificationsRequest(record=of(patient), own=True, attestations=CONSENT)
    return [told.code for told in world.as_(person).ListNotifications(request).notifications]


def test_whoever_lost_his_access_is_told_nothing_more(handed: Handed) -> None:
    """Blocked before it was handed on."""
    world, receiver = handed
    patient = world.opened("author", "colleague")
    subscribe(world, patient, "colleague")
    put_off(world, receiver, lambda: world.deposit(patient), patient)
    world.as_(patient).BlockProfessional(
        records.BlockProfessionalRequest(record=of(patient), professional=of(world.people["colleague"]))
    )
    now_due(world, patient)
    until(lambda: states(world, patient) == ["LAPSED"])
    asked = records.ListNotificationsRequest(record=of(patient), own=True)
    assert refusal(world.as_("colleague").ListNotifications, asked).code == "PERMISSION_DENIED"


def test_nobody_is_alerted_of_what_he_may_not_see(handed: Handed) -> None:
    """Neither a professional of a masked document, nor the holder of a sensitive one, nor who deposited it."""
    world, _ = handed
    patient = world.opened("author", "colleague")
    for person in ("colleague", "author"):
        subscribe(world, patient, person)
    subscribe(world, patient, patient, own=False)
    world.deposit(patient, NORMAL, MASKED)
    world.deposit(patient, NORMAL, documents.LABEL_INVISIBLE_PATIENT)
    assert [row["addressee"] for row in deliveries(world, patient)] == [patient["sub"]]
    world.deposit(patient)
    told = [row["addressee"] for row in deliveries(world, patient)][1:]
    assert sorted(told) == sorted([patient["sub"], world.people["colleague"]["sub"]])
    assert own(world, patient, "author") == []
    until(lambda: set(states(world, patient)) == {"DELIVERED"})


def test_a_doctor_who_represents_the_holder_is_not_alerted_of_what_is_kept_from_him(handed: Handed) -> None:
    """As a professional no more than as a representative (ACT-05, VIS-12)."""
    world, _ = handed
    patient = world.opened("author", "colleague")
    colleague = {**world.people["colleague"], "own_ins": register(world, patient, MANDATE)["sub"]}
    subscribe(world, patient, colleague)
    subscribe(world, patient, patient, own=False)
    world.deposit(patient, NORMAL, documents.LABEL_INVISIBLE_REPRESENTANTS_LEGAUX)
    world.deposit(patient)
    told = [row["addressee"] for row in deliveries(world, patient) if row["code"].startswith("ALERT")]
    assert sorted(told) == sorted([patient["sub"], patient["sub"], colleague["sub"]])


def test_a_subscription_ends(handed: Handed) -> None:
    """And begins only for who has access, as a professional, or is the patient."""
    world, _ = handed
    patient = world.opened("author", "colleague")
    subscribe(world, patient, "colleague")
    subscribe(world, patient, "colleague", alerted=False)
    world.deposit(patient)
    assert deliveries(world, patient) == []
    for person, as_professional in (("emergency", True), ("colleague", False), ("secretary", True), ("host", True)):
        told = refusal(lambda who=person, own=as_professional: subscribe(world, patient, who, own=own))
        assert told.code == "PERMISSION_DENIED"
    assert refusal(lambda: subscribe(world, patient, world.patient(), own=False)).code == "PERMISSION_DENIED"


def test_a_destroyed_record_is_told_of_no_more(handed: Handed) -> None:
    """Its notifications lapse with it, and its subscriptions go."""
    world, receiver = handed
    patient = world.opened("author", "colleague")
    subscribe(world, patient, "colleague")
    put_off(world, receiver, lambda: break_the_glass(world, patient), patient)
    ticket = world.as_(patient).RequestRecordDestruction(records.RequestRecordDestructionRequest(record=of(patient)))
    world.as_("host").DestroyRecord(
        records.DestroyRecordRequest(
            record=of(patient), ticket_id=ticket.ticket_id, attestations=access.Attestations(confirmed=True)
        )
    )
    assert set(states(world, patient)) == {"LAPSED"}
    assert world.rows("SELECT * FROM subscriptions WHERE record = ?", patient["sub"]) == []


def test_a_record_closed_ten_years_ago_is_told_of_no_more_and_keeps_no_other_waiting(handed: Handed) -> None:
    """What waits on it lapses, rather than be refused at every turn before all others (LIF-10)."""
    world, receiver = handed
    patient = world.opened("author")
    put_off(world, receiver, lambda: break_the_glass(world, patient), patient)
    world.as_(patient).CloseRecord(records.CloseRecordRequest(record=of(patient)))
    world.alter("UPDATE records SET closed_at = 1 WHERE ins = ?", patient["sub"])
    now_due(world, patient)
    until(lambda: set(states(world, patient)) == {"LAPSED"})


def test_what_is_written_while_it_is_taken_keeps_its_order(handed: Handed) -> None:
    """One record's notifications come one after another, more of them than are taken at once."""
    world, receiver = handed
    patient = world.opened("author", "colleague")
    subscribe(world, patient, "colleague")
    for _ in range(2 * delivery.TOGETHER + 1):
        world.deposit(patient)
    until(lambda: set(states(world, patient)) == {"DELIVERED"})
    mine = [sent.said["id"] for sent in receiver.sent if sent.said["record"]["value"] == of(patient).value]
    assert mine == [row["id"] for row in deliveries(world, patient)]


def test_a_record_of_which_much_is_told_keeps_no_other_waiting(handed: Handed) -> None:
    """However fast somebody has it written, and however slow the receiver is."""
    world, receiver = handed
    busy, quiet = world.opened("author", "colleague"), world.opened()
    subscribe(world, busy, "colleague")
    receiver.answering = lambda _: 503
    for _ in range(4 * delivery.TOGETHER):
        world.deposit(busy)
    until(lambda: all(row["attempts"] for row in deliveries(world, busy)))
    receiver.answering = slowly
    now_due(world, busy)
    until(lambda: "DELIVERED" in states(world, busy))
    break_the_glass(world, quiet)
    until(lambda: states(world, quiet) == ["DELIVERED"])
    assert "WAITING" in states(world, busy)


def test_the_operators_job_counts_and_hands_on(handed: Handed) -> None:
    """As the suite does by itself; what the receiver does not take is put off."""
    world, receiver = handed
    patient = world.opened()
    put_off(world, receiver, lambda: break_the_glass(world, patient), patient)
    job = jobs.JOB_DELIVER_NOTIFICATIONS
    assert world.as_("operator").RunJob(jobs.RunJobRequest(job=job, dry_run=True)).done == 0
    receiver.answering = lambda _: 500
    now_due(world, patient)
    until(lambda: deliveries(world, patient)[0]["attempts"] == 2)
    for entry in world.entries("record = ? AND action = ?", patient["sub"], "job.deliver_notifications"):
        assert (entry["subject_kind"], entry["outcome"]) == ("SYSTEM", "DONE")
    assert refusal(world.as_("author").RunJob, jobs.RunJobRequest(job=job)).code == "PERMISSION_DENIED"


def test_two_processes_hand_on_each_notification_once(databases: Databases, tmp_path: Path) -> None:
    """They share a database, and neither takes what the other has taken."""
    address = databases.new("postgresql", tmp_path)
    environment: dict[str, Any] = {"DMP_DATABASE_URL": address, "DMP_KEYS": str(tmp_path / "keys")}
    with receiving() as receiver:
        receiver.answering = slowly
        given = {**environment, **webhook(tmp_path, receiver)}
        with running(tmp_path / "a", **environment) as quiet:
            patients = [quiet.opened() for _ in range(12)]
            for patient in patients:
                break_the_glass(quiet, patient)
        with running(tmp_path / "b", **given) as one, running(tmp_path / "c", **given):
            until(lambda: all(states(one, patient) == ["DELIVERED"] for patient in patients))
        assert sorted(sent.said["id"] for sent in receiver.sent) == sorted({sent.said["id"] for sent in receiver.sent})
        assert len(receiver.sent) == len(patients)
    dropped(address)


def slowly(_: Sent) -> int:
    time.sleep(0.05)
    return 204


def test_a_file_gets_each_as_a_line(databases: Databases, tmp_path: Path) -> None:
    """On disk before it is marked, and for its owner's eyes alone."""
    file = tmp_path / "outbox.jsonl"
    given: dict[str, Any] = {"DMP_DATABASE_URL": databases.new("sqlite", tmp_path), "DMP_NOTIFICATIONS": f"file:{file}"}
    with running(tmp_path, **given) as world:
        patients = [world.opened() for _ in range(3)]
        for patient in patients:
            break_the_glass(world, patient)
        until(lambda: all(states(world, patient) == ["DELIVERED"] for patient in patients))
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        assert {line["recipient"]["value"] for line in lines} == {of(patient).value for patient in patients}
    assert file.stat().st_mode & 0o777 == 0o600


def test_without_a_destination_they_wait(databases: Databases, tmp_path: Path) -> None:
    """And the operator's job says why it hands nothing on."""
    with running(tmp_path, DMP_DATABASE_URL=databases.new("sqlite", tmp_path)) as world:
        patient = world.opened()
        break_the_glass(world, patient)
        asked = jobs.RunJobRequest(job=jobs.JOB_DELIVER_NOTIFICATIONS)
        answered = world.as_("operator").RunJob(asked)
        assert [(one.reason, one.count) for one in answered.failures] == [("NO_DESTINATION", 1)]
        assert states(world, patient) == ["WAITING"]
