"""The sampled self-check: it sees a difference, tells it without a name, and changes no answer."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import structlog
from prometheus_client import generate_latest

from dmp.authorization.v1 import authorization_pb2 as authorization
from dmp.documents.v1 import documents_pb2 as documents
from policy.ruleset import RuleSet, load
from services.runtime import settings
from services.runtime.self_check import WAITING, Compared, SelfCheck
from services.runtime.settings import SettingsRefused
from tests.services.world import PATIENCE, Person, World, of, refusal, running

RULES = Path(__file__).parents[3] / "rules"


def counted(world: World) -> Counter[str]:
    """How many samples ended how."""
    text = generate_latest(world.suite.telemetry.registry).decode()
    found = re.findall(r'dmp_self_check_samples_total\{[^}]*result="(\w+)"[^}]*\} (\d+)', text)
    return Counter({result: int(number) for result, number in found})


def until(held: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not held():
        assert time.monotonic() < end
        time.sleep(0.01)


def ended(world: World, number: int) -> Counter[str]:
    """The count once so many samples have ended."""
    until(lambda: counted(world).total() >= number)
    return counted(world)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[World]:
    """A suite of which every decision is compared."""
    with running(tmp_path, DMP_SELF_CHECK_RATE="1") as found:
        yield found


def check(world: World, patient: Person, document: str) -> authorization.CheckResponse:
    question = authorization.Question(record=of(patient), action="doc.read", document_id=document)
    answer: authorization.CheckResponse = world.as_("author").Check(authorization.CheckRequest(question=question))
    return answer


def calls(world: World, patient: Person, document: str) -> int:
    """Calls of every form, permitted and refused; their number."""
    record = of(patient)
    check(world, patient, document)
    check(world, patient, "never was")
    world.as_("author").ListDocuments(documents.ListDocumentsRequest(record=record))
    refusal(world.as_("secretary").ListDocuments, documents.ListDocumentsRequest(record=record))
    question = authorization.Question(record=record, action="doc.read", document_id=document)
    items = [authorization.BatchItem(key="a", question=question)]
    world.as_("author").CheckBatch(authorization.CheckBatchRequest(items=items))
    return 5


def planted(folder: Path) -> RuleSet:
    """Rules whose engine decides by others: what a fault of the compiler would do."""
    copytree(RULES, folder / "rules")
    path = folder / "rules" / "matrix.csv"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    closed = [line.replace("+", "-") if line.startswith("34112-3,") else line for line in lines]
    path.write_text("".join(closed), "utf-8")
    return replace(load(RULES), engines=load(folder / "rules").engines)


def test_every_form_of_call_is_compared_and_agrees(own: World) -> None:
    """A check, a list, a refusal, a batch: each is one sample, and py-abac says the same."""
    patient = own.opened("author")
    document = own.deposit(patient)
    before = ended(own, 3)
    more = calls(own, patient, document)
    after = ended(own, before.total() + more)
    assert before["DIFFERED"] == after["DIFFERED"] == after["FAILED"] == 0
    assert after["AGREED"] - before["AGREED"] == more


def test_a_difference_is_told_and_changes_no_answer(own: World, tmp_path: Path) -> None:
    """With an engine that decides by other rules the count rises, the log names no one, the answers stay."""
    patient = own.opened("colleague")
    document = own.deposit(patient)
    question = authorization.Question(record=of(patient), action="doc.read", document_id=document)
    asked = authorization.CheckRequest(question=question)
    assert own.as_("colleague").Check(asked).effect == authorization.EFFECT_PERMIT
    own.suite.gate.rules.replace(planted(tmp_path / "other"))
    before = ended(own, 4)
    with structlog.testing.capture_logs() as logs:
        assert own.as_("colleague").Check(asked).effect == authorization.EFFECT_DENY
        after = ended(own, before.total() + 1)
    assert after - before == Counter(DIFFERED=1)
    [told] = [log for log in logs if log["event"] == "self-check differs"]
    assert {k: v for k, v in told.items() if k not in ("digest", "log_level", "event")} == {
        "action": "doc.read",
        "effect": "DENY",
        "stage": "matrix",
        "profile": own.settings.profile,
    }
    assert patient["sub"] not in str(logs)
    assert document not in str(logs)


def test_new_rules_are_compared_with_themselves(own: World, tmp_path: Path) -> None:
    """After a reload the oracle follows the rules that decided."""
    patient = own.opened("colleague")
    document = own.deposit(patient)
    asked = documents.GetDocumentRequest(record=of(patient), document_id=document)
    own.as_("colleague").GetDocument(asked)
    planted(tmp_path / "other")
    own.suite.gate.rules.replace(load(tmp_path / "other" / "rules"))
    before = ended(own, 4)
    assert refusal(own.as_("colleague").GetDocument, asked).code == "NOT_FOUND"
    assert ended(own, before.total() + 1) - before == Counter(AGREED=1)


def test_none_is_compared_at_rate_0(tmp_path: Path) -> None:
    with running(tmp_path, DMP_SELF_CHECK_RATE="0") as world:
        patient = world.opened("author")
        calls(world, patient, world.deposit(patient))
        assert counted(world) == Counter(
            dict.fromkeys(("AGREED", "DIFFERED", "NOT_COMPARABLE", "DROPPED", "FAILED"), 0)
        )


class Noting(SelfCheck):
    """Keeps what it is offered, to be offered again."""

    def __init__(self) -> None:
        super().__init__(0, lambda _: None)
        self.seen: list[tuple[Any, ...]] = []

    def offer(self, *sample: Any) -> None:
        self.seen.append(sample)


@pytest.fixture
def sample(own: World) -> tuple[Any, ...]:
    """What the gate offers of one question."""
    patient, noting = own.opened("author"), Noting()
    own.suite.gate.self_check.close()
    object.__setattr__(own.suite.gate, "self_check", noting)
    check(own, patient, "never was")
    return noting.seen[-1]


def test_a_flood_is_dropped_and_counted(sample: tuple[Any, ...]) -> None:
    """What comes faster than it is compared waits to a bound; the rest is counted, and nobody waits for it."""
    results: Counter[Compared] = Counter()
    flooded = SelfCheck(1, lambda result: results.update([result]))
    started = time.perf_counter()
    for _ in range(10_000):
        flooded.offer(*sample)
    spent = time.perf_counter() - started
    until(lambda: results.total() == 10_000)
    flooded.close()
    assert results.keys() == {Compared.AGREED, Compared.DROPPED}
    assert results[Compared.DROPPED] > 10_000 / 2
    assert results[Compared.AGREED] >= WAITING
    assert spent < 5


def test_few_are_compared_by_default(sample: tuple[Any, ...]) -> None:
    """One in a thousand."""
    rate = settings.read({"DMP_ENVIRONMENT": "development"}).self_check_rate
    results: Counter[Compared] = Counter()
    draws = iter(number / 1000 for number in range(1000))
    few = SelfCheck(rate, lambda result: results.update([result]), lambda: next(draws))
    for _ in range(1000):
        few.offer(*sample)
    until(lambda: results.total() == 1)
    few.close()
    assert results == Counter([Compared.AGREED])


def test_an_error_of_the_check_is_counted_and_goes_no_further(sample: tuple[Any, ...]) -> None:
    """A verdict that it cannot read, rules that it cannot export: the next sample is compared all the same."""
    results: Counter[Compared] = Counter()
    check = SelfCheck(1, lambda result: results.update([result]))
    rules, profile, arrival, verdict = sample
    check.offer(rules, profile, arrival, None)  # type: ignore[arg-type]  # that is the point
    check.offer(replace(rules, digest="", rules=(None,)), profile, arrival, verdict)
    check.offer(*sample)
    until(lambda: results.total() == 3)
    check.close()
    assert results == Counter({Compared.FAILED: 2, Compared.AGREED: 1})


@pytest.mark.parametrize("value", ["-0.1", "1.1", "2", "one", "nan", "1e-3", ".5", "0,5", " 1"])
def test_a_rate_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(SettingsRefused, match=r"DMP_SELF_CHECK_RATE is .*a share from 0 to 1"):
        settings.read({"DMP_ENVIRONMENT": "development", "DMP_SELF_CHECK_RATE": value})
