"""The formulas say of a request what the engine decides: from requests to formulas, and from models to requests."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import z3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policy.analyze.domain import SINGLE, TIMES, Domain, Stated
from policy.analyze.outcome import Outcome, Outcomes
from policy.analyze.witness import ITEM, decision_on, holds_in, request_of
from policy.calendar import elapsed
from policy.chronology import NOW
from policy.condition import SameAs, tests_of
from policy.facts import ILL_TYPED, typed
from policy.model import Decision
from policy.ruleset import RuleSet, load
from policy.vocabulary import Kind
from tests.rules.random_requests import requests

RULES = Path(__file__).parents[2] / "rules"
DEEP = "DMP_TEST_DEEP" in os.environ
COUNT = 20_000 if DEEP else 200
ILL: list[Any] = [None, 7, "", "NOT_A_CODE", [], {}, ["N", 3], "2011-99-99T00:00:00Z", True]


SUPPORT = (
    "stage: actor\n  answers: FORBIDDEN\n  actions: catalogue\n  except: record.status\n  when: {subject.kind: SUPPORT}"
)
LATE = "stage: conditions\n  answers: CONFLICT\n  actions: catalogue\n  when: {document.deposited_at: {elapsed: %s}}"
TWISTS = [
    ("traces.yaml", "  unless: {definition: treating_physician_or_equivalent}\n", ""),  # two scopes at once
    ("request.yaml", "actions: every", "actions: catalogue"),  # an item with a fault elsewhere in its request
    (
        "request.yaml",
        "  when: {context.purpose: [",
        '  from: "2012-01-01"\n  until: "2022-12-31"\n  when: {context.purpose: [',
    ),
    ("actors.yaml", SUPPORT, LATE % "authorisation_validity_days"),
    ("minors.yaml", "unless: {document.labels", "unless: {document.class: {same_as: subject.id}, document.labels"),
]
"""Edits by which rules say what those of the project never do: to try the formulas, not the law."""


@cache
def _ruleset(*, twisted: bool) -> RuleSet:
    if not twisted:
        return load(RULES)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(RULES, Path(folder) / "rules", ignore=shutil.ignore_patterns("*_test.yaml", "schema"))
        for name, old, new in TWISTS:
            path = Path(folder) / "rules" / name
            text = path.read_text("utf-8")
            assert old in text, f"{name} no longer has {old!r}: mend the twist"
            path.write_text(text.replace(old, new, 1), "utf-8")
        return load(Path(folder) / "rules")


@cache
def _outcomes(twisted: bool) -> Outcomes:
    return Outcomes(Domain([_ruleset(twisted=twisted)]), _ruleset(twisted=twisted))


def _foretold(outcome: Outcome, model: z3.ModelRef) -> dict[str, object]:
    """What the formulas say of one model."""

    def holding(formulas: Mapping[Any, z3.BoolRef]) -> set[object]:
        return {name for name, formula in formulas.items() if z3.is_true(model.eval(formula, model_completion=True))}

    return {
        "fired": holding(outcome.fired),
        "permitted": z3.is_true(model.eval(outcome.permitted, model_completion=True)),
        "answers": holding(outcome.answers),
        "stages": holding(outcome.stages),
        "told": holding(outcome.told),
        "duties": holding(outcome.duties),
        "scopes": holding(outcome.scopes),
    }


def _decided(decision: Decision) -> dict[str, object]:
    """The same of the engine's decision."""
    return {
        "fired": {*decision.matched} - {_ruleset(twisted=False).vocabulary.default_rule},
        "permitted": decision.permitted,
        "answers": {decision.answer},
        "stages": {decision.stage} - {""},
        "told": {*decision.rules},
        "duties": {*decision.obligations},
        "scopes": {decision.scope} - {None},
    }


def _compare(foretold: dict[str, object], decision: Decision) -> None:
    """The formulas say what the engine decided.

    Where nothing but a fault denies what rules permit, the engine tells of no rule that fired.
    """
    decided = _decided(decision)
    if decision.faults and decision.rules == (_ruleset(twisted=False).vocabulary.default_rule,):
        foretold = foretold | {"fired": decided["fired"]}
    assert foretold == decided


def _stated(request: dict[str, Any], name: str) -> tuple[bool, Any]:
    entity, _, attribute = name.partition(".")
    holder = request.get(entity)
    return (True, holder[attribute]) if isinstance(holder, dict) and attribute in holder else (False, None)


def _literals(ruleset: RuleSet, domain: Domain, request: dict[str, Any]) -> Iterator[z3.BoolRef]:
    """A request as the domain says it, written apart from the code that goes the other way."""
    known = ruleset.vocabulary.attributes
    now = typed(known[NOW], request.get("at"))
    others: dict[frozenset[str], dict[str, str]] = {}
    for name, options in domain.options.items():
        there, value = (True, request.get("at")) if name == NOW else _stated(request, name)
        attribute = known[name]
        if name == NOW:
            span = next(
                (s for s in domain.spans if now is not ILL_TYPED and s.first <= now.date() < s.end), Stated.BROKEN
            )
            yield domain.states(name, span)
        elif not there or (value is None and attribute.nullable):
            yield domain.states(name, Stated.MISSING)
        elif (kept := typed(attribute, value)) is ILL_TYPED:
            yield domain.states(name, Stated.BROKEN)
        elif attribute.kind in TIMES:
            yield domain.states(name, Stated.GIVEN)
            for amount in domain.amounts[name] if isinstance(now, datetime) else ():
                variable = domain.elapsed(name, amount)
                yield variable if elapsed(kept, *amount, now) else z3.Not(variable)
        elif attribute.kind is Kind.CODES:
            yield domain.states(name, Stated.GIVEN)
            for code in domain.codes(name):
                yield domain.has(name, code) if code in kept else z3.Not(domain.has(name, code))
        else:
            assert attribute.kind in SINGLE
            named = others.setdefault(_compared_with(ruleset, name), {})
            option = kept if kept in options else named.setdefault(kept, _other(kept, named))
            assert option in options
            yield domain.states(name, option)
    document = request.get("document")
    yield domain.document_given if document is not None else z3.Not(domain.document_given)
    yield _stray(domain.stray, request, ("subject", "record", "relation", "context"))
    yield _stray(domain.stray_in_document, request, ("document",))


def _compared_with(ruleset: RuleSet, name: str) -> frozenset[str]:
    """The attributes that rules compare with this one, directly or not."""
    conditions = [condition for rule in ruleset.rules for condition in rule.conditions.values()]
    pairs = [{t.attribute, t.other} for c in conditions for t in tests_of(c) if isinstance(t, SameAs)]
    group = {name}
    while more := [pair for pair in pairs if pair & group and not pair <= group]:
        group.update(*more)
    return frozenset(group)


def _other(value: str, others: dict[str, str]) -> str:
    """One of the values that stand for all that no rule names: of those that say nothing, a stroke for each."""
    if any(character.isalnum() for character in value):
        return f"X{1 + sum(other[0] == 'X' for other in others.values())}"
    return "-" * (1 + sum(other[0] == "-" for other in others.values()))


def _stray(variable: z3.BoolRef, request: dict[str, Any], entities: tuple[str, ...]) -> z3.BoolRef:
    known = _ruleset(twisted=False).vocabulary.attributes
    stated = [f"{entity}.{attribute}" for entity in entities for attribute in request.get(entity) or {}]
    return variable if any(name not in known for name in stated) else z3.Not(variable)


def _spoilt(request: dict[str, Any], draw: st.DrawFn) -> None:
    """One, two or no facts replaced by something odd, which may be well typed all the same."""
    places = [(e, a) for e in ("subject", "record", "relation", "document", "context") for a in request.get(e) or {}]
    for entity, attribute in draw(st.lists(st.sampled_from(places), max_size=2)):
        request[entity][attribute] = draw(st.sampled_from(ILL))
    if draw(st.integers(0, 19)) == 0:
        request[draw(st.sampled_from(["record", "document"]))] = {"of_no_vocabulary": 1}


@st.composite
def _requests(draw: st.DrawFn) -> dict[str, Any]:
    (request,) = requests(draw(st.integers(0, 10**9)), 1)
    usable = {key: value for key, value in request.items() if key != "id"}
    for entity in ("subject", "record", "relation", "context"):
        if not isinstance(usable.get(entity, {}), dict):
            usable.pop(entity)
    if not isinstance(usable.get("document"), dict | None):
        usable.pop("document")
    usable.setdefault("subject", {})
    _spoilt(usable, draw)
    return usable


SETTINGS = settings(
    max_examples=COUNT, deadline=None, derandomize=not DEEP, database=None, suppress_health_check=list(HealthCheck)
)


def _foreseen(ruleset: RuleSet, request: dict[str, Any], document: Any, action: str) -> dict[str, object]:
    """What the formulas say of a request with a document, or with none."""
    outcomes = _outcomes(ruleset is _ruleset(twisted=True))
    solver = outcomes.domain.solver()
    solver.add(list(_literals(ruleset, outcomes.domain, request | {"document": document})))
    assert solver.check() == z3.sat
    return _foretold(outcomes.of(str(request["profile"]), action), solver.model())


@pytest.mark.slow
@SETTINGS
@given(_requests(), st.booleans())
def test_every_request_is_in_the_domain_and_decided_as_foretold(request: dict[str, Any], twisted: bool) -> None:
    """The laws let every request in, and each item of a list, and the formulas say of it what the engine decides."""
    ruleset = _ruleset(twisted=twisted)
    engine, action = ruleset.engines.get(str(request.get("profile"))), str(request.get("action"))
    known = ruleset.vocabulary.actions.get(action)
    documents = request.pop("documents", {})
    if engine is None or known is None or known.internal or not isinstance(documents, dict):
        return
    _compare(_foreseen(ruleset, request, request.get("document"), action), engine.decide(request))
    if known.items is None:
        return
    request.pop("document", None)
    documents = {name: item for name, item in [*documents.items()][:3] if isinstance(item, dict)}
    for name, decision in engine.decide_items(request | {"documents": documents}).items():
        _compare(_foreseen(ruleset, request, documents[name], known.items), decision)


USUAL = ("doc.listed", "doc.copied", "doc.read", "doc.create", "trace.list")
"""Actions whose rules look at most things, tried more often."""


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a model should be like, in names: formulas are too long to be shown."""

    twisted: bool
    profile: str
    action: str
    permitted: bool
    """But for a fault."""
    faulty: bool
    """Elsewhere than in the document."""
    bare: bool
    """Leaves out whatever has a value that a missing one stands for."""
    fired: list[str]
    stated: list[tuple[str, object]]

    def formulas(self, outcome: Outcome) -> list[z3.BoolRef]:
        """The wishes, the most telling first."""
        domain = outcome.reading.domain
        permitted = [_permits(outcome)] if self.permitted else []
        faulty = [outcome.reading.faults_elsewhere] if self.faulty else []
        known = outcome.reading.vocabulary.attributes
        bare = [name for name in domain.options if self.bare and known[name].absent is not None]
        return [
            *permitted,
            *faulty,
            *(domain.states(name, Stated.MISSING) for name in bare),
            *(outcome.fired[name] for name in self.fired),
            *(domain.states(name, option) for name, option in self.stated),
        ]


def _permits(outcome: Outcome) -> z3.BoolRef:
    """Whether rules permit and none denies, a fault apart."""
    by_effect = {
        effect: z3.Or([outcome.fired[name] for name, rule in outcome.rules.items() if rule.effect == effect])
        for effect in ("permit", "deny")
    }
    return z3.And(by_effect["permit"], z3.Not(by_effect["deny"]))


@st.composite
def _wishes(draw: st.DrawFn) -> _Wish:
    """An action in a profile, and some facts that a model should have; often that it is permitted."""
    twisted = draw(st.booleans())
    outcomes = _outcomes(twisted)
    options, actions = outcomes.domain.options, sorted(outcomes.ruleset.vocabulary.actions)
    action = draw(st.one_of(st.sampled_from(USUAL), st.sampled_from(actions)))
    profile = draw(st.sampled_from(outcomes.ruleset.profiles))
    rules = sorted(outcomes.of(profile, action).fired)
    fired = draw(st.lists(st.sampled_from(rules), max_size=3)) if rules else []
    names = draw(st.lists(st.sampled_from(sorted(options)), max_size=8, unique=True))
    stated = [(name, draw(st.sampled_from(options[name]))) for name in names]
    permitted, faulty, bare = draw(st.tuples(st.booleans(), st.booleans(), st.booleans()))
    return _Wish(twisted, profile, action, permitted, faulty, bare, fired, stated)


@pytest.mark.slow
@SETTINGS
@given(_wishes())
def test_every_model_is_a_request_that_is_decided_as_foretold(wish: _Wish) -> None:
    """Whatever the solver thinks of can be asked of the engine, which decides as the formulas say."""
    outcome = _outcomes(wish.twisted).of(wish.profile, wish.action)
    solver = outcome.reading.domain.solver()
    solver.add(outcome.reading.laws())
    for fact in wish.formulas(outcome):
        solver.push()
        solver.add(fact)
        if solver.check() != z3.sat:
            solver.pop()
    assert solver.check() == z3.sat
    model = solver.model()
    request = request_of(holds_in(model), outcome.reading, wish.profile)
    decision = decision_on(_ruleset(twisted=wish.twisted).engines[wish.profile], outcome.reading, request)
    _compare(_foretold(outcome, model), decision)
    assert (ITEM in request.get("documents", {})) is outcome.reading.is_item
