"""The engine denies whatever it cannot tell, answers lists as single documents, and changes nothing it is given."""

from __future__ import annotations

import copy
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from policy.calendar import microseconds
from policy.facts import FactReader
from policy.model import AllOf, Always, Answer, AnyOf, Contains, IsOneOf, Not, Predicate, Within
from policy.ruleset import RuleSet, load
from tests.rules.random_requests import requests

RULES = Path(__file__).parents[2] / "rules"


@pytest.fixture(scope="module")
def ruleset() -> RuleSet:
    return load(RULES)


def _well_typed(ruleset: RuleSet, seed: int, count: int) -> Iterator[tuple[Any, dict[str, Any]]]:
    for request in requests(seed, count):
        engine = ruleset.engines.get(str(request.get("profile", "seed-2011")))
        if engine is not None and not engine.decide(request).faults:
            yield engine, request


BROKEN: list[Any] = [
    None,
    7,
    "",
    "NOT_A_CODE",
    [],
    {},
    ["N", 3],
    float("nan"),
    "2011-99-99T00:00:00Z",
    "2011-06-15T12:00:00",
    True,
    "true",
]


def test_an_ill_typed_fact_never_opens(ruleset: RuleSet) -> None:
    """Breaking any one fact of a permitted request leaves it permitted only if the fact is still well typed."""
    generator = random.Random(1)
    tried = 0
    for engine, request in _well_typed(ruleset, 11, 3_000):
        if not engine.decide(request).permitted:
            continue
        entity = generator.choice(
            [name for name in ("subject", "record", "relation", "document", "context") if request.get(name)]
        )
        broken = copy.deepcopy(request)
        name = generator.choice(sorted(broken[entity]))
        broken[entity][name] = generator.choice(BROKEN)
        decision = engine.decide(broken)
        tried += 1
        assert not (decision.faults and decision.permitted)
        if decision.faults:
            assert decision.answer is Answer.FORBIDDEN
            assert "ENV-01" in decision.rules
    assert tried > 500


def test_a_misspelt_attribute_denies(ruleset: RuleSet) -> None:
    """An attribute that the vocabulary does not know is not ignored: it may be a restriction misspelt."""
    for engine, request in _well_typed(ruleset, 12, 300):
        misspelt = {**request, "record": {**(request.get("record") or {}), "opositions": []}}
        assert not engine.decide(misspelt).permitted


def test_every_denial_and_permit_is_traced(ruleset: RuleSet) -> None:
    """TRACE is an obligation of every decision (ENV-04)."""
    for engine, request in _well_typed(ruleset, 13, 500):
        assert "TRACE" in engine.decide(request).obligations


def test_a_request_is_left_as_it_was(ruleset: RuleSet) -> None:
    """Deciding changes nothing in the request."""
    for engine, request in _well_typed(ruleset, 14, 300):
        before = copy.deepcopy(request)
        engine.decide(request)
        assert before == request


def test_unknown_actions_are_denied(ruleset: RuleSet) -> None:
    """An action that is not in the vocabulary, and one that only items have, are ill-typed requests."""
    engine = ruleset.engines["seed-2011"]
    request = next(r for _, r in _well_typed(ruleset, 15, 50))
    for action in ("doc.steal", "doc.listed", "doc.copied", None, 7, ""):
        decision = engine.decide({**request, "action": action})
        assert (decision.permitted, decision.answer, decision.rules) == (False, Answer.FORBIDDEN, ("ENV-01",))


def _holds(predicate: Predicate, facts: dict[str, Any]) -> bool:
    match predicate:
        case Always(value):
            return value
        case Not(part):
            return not _holds(part, facts)
        case AllOf(parts):
            return all(_holds(part, facts) for part in parts)
        case AnyOf(parts):
            return any(_holds(part, facts) for part in parts)
        case IsOneOf(attribute, values):
            return facts[attribute] in values
        case Contains(attribute, value):
            return value in facts[attribute]
        case Within(attribute, intervals):
            moment = microseconds(facts[attribute])
            return any((low is None or low <= moment) and (high is None or moment < high) for low, high in intervals)


def test_a_list_is_its_documents_one_by_one(ruleset: RuleSet) -> None:
    """The predicate of a plan shows exactly the documents that `decide` finds visible, over random lists."""
    reader = FactReader(ruleset.vocabulary)
    shown = asked = 0
    for engine, request in _well_typed(ruleset, 16, 8_000):
        if request["action"] not in ("doc.list", "record.export_copy"):
            continue
        decision, plan = engine.decide(request), engine.plan(request)
        assert decision.answer is plan.decision.answer
        for name, document in (request.get("documents") or {}).items():
            values = reader.read({**request, "document": document}).values
            facts = {attribute: values[position] for attribute, position in reader.index.items()}
            visible = name in (decision.visible or ())
            assert _holds(plan.predicate, facts) is visible, (request, name, plan.predicate)
            asked, shown = asked + 1, shown + visible
    assert shown > 50
    assert asked > 2 * shown


def test_threads_share_an_engine(ruleset: RuleSet) -> None:
    """Four threads deciding the same requests get what one gets: nothing of a request is kept in the rules."""
    work = list(_well_typed(load(RULES), 17, 400))
    expected = [engine.decide(request) for engine, request in work]
    wrong: list[int] = []

    def decide() -> None:
        for position, (engine, request) in enumerate(work):
            if engine.decide(request) != expected[position]:
                wrong.append(position)

    threads = [threading.Thread(target=decide) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
