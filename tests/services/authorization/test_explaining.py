"""Explanations are worked out beside the other calls: they hold nobody up, and end with their callers' patience."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from statistics import median

import grpc
import pytest

from dmp.authorization.v1 import authorization_pb2 as authorization
from dmp.documents.v1 import documents_pb2 as documents
from services.runtime import desk
from services.runtime.access import Unfinished
from services.runtime.errors import Kind, ServiceError
from tests.services.authorization.test_review import MASKED, OFFICER, read, request
from tests.services.world import As, Person, World, of, refusal, told

REVIEWS = 30


@pytest.fixture(scope="module")
def refused(world: World) -> tuple[Person, authorization.ExplainDecisionRequest]:
    """A patient, and a refusal that takes long to explain."""
    patient = world.opened("author", "colleague")
    document = world.deposit(patient, documents.LABEL_NORMAL, MASKED)
    asked = request(patient, read(world, "nurse", patient, document))
    asked.include_unlikely = True
    return patient, asked


def check(caller: As, patient: Person) -> float:
    """Ask a question; how long it took, in seconds."""
    started = time.perf_counter()
    question = authorization.Question(record=of(patient), action="doc.list")
    caller.Check(authorization.CheckRequest(question=question))
    return time.perf_counter() - started


def test_explanations_hold_no_other_call_up(
    world: World, refused: tuple[Person, authorization.ExplainDecisionRequest]
) -> None:
    """While thirty are worked out, questions are answered: the slowest in a small part of the time that these take."""
    patient, asked = refused
    caller, officer = world.as_("author"), world.as_(OFFICER)
    with ThreadPoolExecutor(REVIEWS) as pool:
        started = time.perf_counter()
        running: list[Future[object]] = [pool.submit(officer.ExplainDecision, asked, 60) for _ in range(REVIEWS)]
        meanwhile = []
        while not all(one.done() for one in running):
            meanwhile.append(check(caller, patient))
        took = time.perf_counter() - started
    assert all(one.exception() is None for one in running)
    assert max(meanwhile) < took / 4
    assert median(meanwhile) < took / 40


def test_who_comes_when_too_many_wait_is_told_so(
    world: World, refused: tuple[Person, authorization.ExplainDecisionRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the reason; the call is traced as what it was, a review that was permitted."""
    _, asked = refused
    monkeypatch.setattr(desk, "MOST_WAITING", 1)
    officer = world.as_(OFFICER)
    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(officer.ExplainDecision, asked) for _ in range(4)]
        wait(running)
    errors = [one.exception() for one in running if one.exception() is not None]
    assert 0 < len(errors) < 4
    for error in errors:
        assert isinstance(error, grpc.RpcError)
        found = told(error)
        assert (found.code, found.reason) == ("RESOURCE_EXHAUSTED", "ANSWERS_WAIT")
        entry = world.trace(found.decision_id)
        assert (entry["action"], entry["outcome"]) == ("decision.review", "DONE")


def test_a_review_ends_with_its_deadline(
    world: World, refused: tuple[Person, authorization.ExplainDecisionRequest]
) -> None:
    """Its trace stands, and the next one is answered."""
    patient, asked = refused
    officer = world.as_(OFFICER)
    before = _reviews(world, patient)
    late = refusal(lambda: officer.ExplainDecision(asked, 0.1))
    assert late.code == "DEADLINE_EXCEEDED"
    assert officer.ExplainDecision(asked).proven
    assert _reviews(world, patient) == before + 2


def _reviews(world: World, patient: Person) -> int:
    rows = world.rows("SELECT 1 FROM traces WHERE record = ? AND action = 'decision.review'", patient["sub"])
    return len(rows)


def _until_stopped(_response: object, stop: Callable[[], bool]) -> None:
    while not stop():
        pass


def _at_once(response: authorization.ExplainResponse, _stop: Callable[[], bool]) -> None:
    response.effect = authorization.EFFECT_DENY


def test_late_answers_are_not_given_and_gone_callers_not_worked_for() -> None:
    """The deadline ends the work, and so does the caller's going; what waits behind is answered."""

    async def story() -> None:
        one = desk.Desk()
        response = authorization.ExplainResponse()
        with pytest.raises(ServiceError) as late:
            await one.finish(Unfinished(response, _until_stopped), "d1", time.monotonic() + 0.05)
        assert (late.value.kind, late.value.metadata) == (Kind.TOO_LONG, {"decision_id": "d1"})
        gone = asyncio.ensure_future(one.finish(Unfinished(response, _until_stopped), "d2", time.monotonic() + 3600))
        await asyncio.sleep(0.05)
        gone.cancel()
        answered = await one.finish(Unfinished(response, _at_once), "d3", time.monotonic() + 5)
        assert answered == authorization.ExplainResponse(effect=authorization.EFFECT_DENY)
        one.close()

    asyncio.run(story())
