"""What `dmp rules diff` says of a single edit is what a search through many requests says of it."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from policy.casebook import cases
from policy.condition import Test, narrow, tests_of
from policy.difference import difference
from policy.difference.compare import Comparison
from policy.errors import FaultList, RuleFaults
from policy.model import Decision
from policy.mutants import Kind, Mutant, all_mutants, mutated, sample
from policy.rule import Readings, Rule
from policy.ruleset import RuleSet, assemble, read_files
from tests.rules.closed_domain import Placed, around, edited_cells, groups_of
from tests.rules.random_requests import requests

RULES = Path(__file__).parents[2] / "rules"
DEEP = bool(os.environ.get("DMP_TEST_DEEP"))
MUTANTS = 300 if DEEP else 8
NEIGHBOURS = 6 if DEEP else 1
RANDOM = 10_000 if DEEP else 2_000
ENTITIES = ("subject", "record", "relation", "document", "context")
_KINDS_OF_ITEM = {"opens": "shows", "closes": "hides"}
Verdict = tuple[str, str, str, str, str]
"""Profile, action, and what becomes of the answer: the kind, what was, what is now."""


class Bench:
    """The project's rules, their mutants, and the requests that every mutant is searched with."""

    def __init__(self) -> None:
        faults = FaultList()
        self.files = read_files(RULES, faults)
        self.readings = Readings()
        self.ruleset = assemble(self.files, faults, self.readings)
        self.everything = all_mutants(self.files, self.ruleset)
        self.mutants = sample(self.everything, MUTANTS, seed=2011)
        self.cases = [case.request | {"profile": case.profile} for case in cases(self.ruleset, faults)]
        self.requests = [*self._requests(faults)]
        self.before = [self.ruleset.engines[request["profile"]].decide(request) for request in self.requests]

    def _requests(self, faults: FaultList) -> Iterator[dict[str, Any]]:
        """The officers' cases and random requests in both profiles, and neighbours of each."""
        rng = random.Random(4)
        found = [case.request for case in cases(self.ruleset, faults)] + list(requests(11, RANDOM))
        seen = _values_seen(found)
        for request in found:
            yield from ({**request, "profile": profile} for profile in self.ruleset.profiles)
            for _ in range(NEIGHBOURS):
                yield {**_neighbour(rng, request, seen), "profile": rng.choice(self.ruleset.profiles)}

    def searched(self, mutant: RuleSet) -> set[Verdict]:
        """What changes in any of the requests, by the engines alone."""
        found: set[Verdict] = set()
        for request, before in zip(self.requests, self.before, strict=True):
            after = mutant.engines[request["profile"]].decide(request)
            if before != after:
                found |= {
                    (request["profile"], _action(request, kind, self.ruleset), kind, was, is_now)
                    for kind, was, is_now in _ways(before, after)
                }
        return found


def _values_seen(found: list[dict[str, Any]]) -> dict[tuple[str, str], list[Any]]:
    """The values that each attribute has in any request, each once."""
    seen: dict[tuple[str, str], dict[str, Any]] = {}
    for request in found:
        for entity in ENTITIES:
            for name, value in (request.get(entity) or {}).items() if isinstance(request.get(entity), dict) else ():
                seen.setdefault((entity, name), {})[repr(value)] = value
    return {where: list(values.values()) for where, values in seen.items()}


def _neighbour(rng: random.Random, request: dict[str, Any], seen: dict[tuple[str, str], list[Any]]) -> dict[str, Any]:
    """The request with one or two attributes as another request has them."""
    near = deepcopy(request)
    for _ in range(rng.choice([1, 1, 2])):
        entity, name = rng.choice(list(seen))
        items = [near["documents"][key] for key in near.get("documents") or ()] if entity == "document" else []
        for holder in [near.get(entity), *items]:
            if isinstance(holder, dict):
                holder[name] = rng.choice(seen[entity, name])
    return near


def _ways(before: Decision, after: Decision) -> Iterator[tuple[str, str, str]]:
    if before.permitted != after.permitted:
        yield ("opens", "", "OK") if after.permitted else ("closes", "OK", "")
        return
    if before.answer != after.answer:
        yield "answers", before.answer.value, after.answer.value
    yield from (("obliges", "", duty) for duty in {*after.obligations} - {*before.obligations})
    yield from (("releases", duty, "") for duty in {*before.obligations} - {*after.obligations})
    if before.scope != after.scope:
        yield "scopes", before.scope or "", after.scope or ""
    if {*(after.visible or ())} - {*(before.visible or ())}:
        yield "shows", "", "OK"
    if {*(before.visible or ())} - {*(after.visible or ())}:
        yield "hides", "OK", ""


def _action(request: dict[str, Any], kind: str, ruleset: RuleSet) -> str:
    """The action that the change is of: of an item that is shown or hidden, the list's action on items."""
    asked = request["action"]
    if not isinstance(asked, str) or asked not in ruleset.vocabulary.actions:
        return ""
    return (ruleset.vocabulary.actions[asked].items or asked) if kind in ("shows", "hides") else asked


def told(old: RuleSet, new: RuleSet) -> set[Verdict]:
    """What `dmp rules diff` says changes; every one of its classes has a request that both engines confirm."""
    found = difference(old, new, None, "fr", lambda *_: None)
    verdicts = set()
    for one, _ in found.classes:
        change_of, kind = one.change, one.change.kind.value
        if change_of.is_item:
            kind = _KINDS_OF_ITEM[kind]
        verdicts.add((change_of.profile, change_of.action, kind, str(change_of.before), str(change_of.after)))
    return verdicts


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench()


@pytest.mark.slow
def test_what_is_told_of_mutants_is_what_a_search_finds(bench: Bench) -> None:
    """No request answers otherwise but in a way that is told; each way told has a request that answers so.

    The second half is asked of the engines inside `difference`, which raises where one answers otherwise.
    """
    searched_any = told_any = 0
    for mutant in bench.mutants:
        new = _loaded(bench, mutant)
        if new is None:
            continue
        said, found = told(bench.ruleset, new), bench.searched(new)
        assert found <= said, mutant.words.en
        searched_any += len(found)
        told_any += len(said)
    # A search that found little would show little.
    assert searched_any > 0.5 * told_any, (searched_any, told_any)


CLOSED = 300 if DEEP else len(Kind)
ACTIONS = 6 if DEEP else 2
BASES = 3 if DEEP else 2
MOST = 3_000 if DEEP else 250
"""Mutants, actions of each, requests that a domain is drawn round for an action in a profile, requests of a domain."""


@pytest.mark.slow
def test_what_is_told_is_exact_in_a_closed_domain(bench: Bench) -> None:
    """Of each request of a small closed domain, just those ways are told in which both engines differ on it."""
    asked = changed = 0
    verdicts: Counter[tuple[bool, bool]] = Counter()
    for mutant in sample(bench.everything, CLOSED, seed=7):
        new = _loaded(bench, mutant)
        if new is None:
            continue
        told = found = 0
        for request, teller in _closed(bench, new, random.Random(mutant.name)):
            profile = request["profile"]
            before, after = (side.engines[profile].decide(request) for side in (bench.ruleset, new))
            ways = set(_ways(before, after))
            assert teller.ways(request, before) == ways, (mutant.words.en, request)
            asked += 1
            told += bool(teller.changes)
            found += bool(ways)
        changed += found
        verdicts[bool(told), bool(found)] += 1
    print(f"{asked} requests, {changed} answered otherwise; mutants by told and found: {dict(verdicts)}")  # noqa: T201
    assert asked > CLOSED * 100
    assert verdicts[False, False] > 0
    # A domain in which nothing changes where something is told would show little.
    assert verdicts[True, True] > 4 * verdicts[True, False]


def _closed(bench: Bench, new: RuleSet, rng: random.Random) -> Iterator[tuple[dict[str, Any], _Teller]]:
    """Requests round some of the officers' cases that the edit can concern, each with what is told of it."""
    comparison, edited = Comparison(bench.ruleset, new), edited_cells(bench.ruleset, new)
    touched = {
        (profile, action): [rule for side in comparison.touched.rules(profile, action) for rule in side]
        for profile in comparison.profiles
        for action in bench.ruleset.vocabulary.actions
    }
    actions = sorted({action for (_, action), rules in touched.items() if rules})
    for action in rng.sample(actions, min(ACTIONS, len(actions))):
        known = bench.ruleset.vocabulary.actions
        lists = [name for name in known if known[name].items == action]
        items = [known[action].items or action]
        teller = _Teller([*dict.fromkeys([*lists, action, *items])], comparison)
        for profile in comparison.profiles:
            if touched[profile, action]:
                tests = list(_tests(touched[profile, action], bench.ruleset, profile, action))
                for base in _bases(bench, new, profile, lists or [action], rng):
                    for request in around(base, tests, bench.ruleset, edited, MOST):
                        yield request, teller


def _tests(rules: list[Rule], ruleset: RuleSet, profile: str, action: str) -> Iterator[Test]:
    """The tests of the edited rules, and then of those beside them: of their stages, and the permits."""
    stages = {rule.stage for rule in rules}
    near = [
        r for r in ruleset.engines[profile].rules if action in r.actions and (r.stage in stages or r.effect == "permit")
    ]
    for rule in [*rules, *near]:
        yield from tests_of(narrow(rule.conditions[profile], "action", action))


def _bases(
    bench: Bench, new: RuleSet, profile: str, actions: list[str], rng: random.Random
) -> Iterator[dict[str, Any]]:
    """Some cases of these actions: one that is answered otherwise, a permitted one, any; of a list one item is left."""
    known = [r for r in bench.cases if r["profile"] == profile and r["action"] in actions]
    rng.shuffle(known)
    before, after = bench.ruleset.engines[profile].decide, new.engines[profile].decide
    chosen = [
        next((r for r in known if {*_ways(before(r), after(r))}), None),
        next((r for r in known if before(r).permitted), None),
        *known,
    ]
    for base in [deepcopy(request) for request in chosen if request][:BASES]:
        if base.get("documents"):
            names = [name for name in base["documents"] if _item_changes(base, name, before, after)]
            name = (names or rng.sample(list(base["documents"]), 1))[0]
            base["documents"] = {name: base["documents"][name]}
        yield base


def _item_changes(base: dict[str, Any], name: str, *decide: Callable[[dict[str, Any]], Decision]) -> bool:
    """Whether an item of a list is shown by only one of the two."""
    one, other = (side(base) for side in decide)
    return (name in (one.visible or ())) is not (name in (other.visible or ()))


class _Teller:
    """Tells which changes of some actions' answers a request lies in."""

    def __init__(self, actions: list[str], comparison: Comparison) -> None:
        self.changes = [change for action in actions for change in comparison.changes(action)]
        self._groups = {action: groups_of(_concerning(comparison, action)) for action in actions}
        self._edges: dict[tuple[int, int], tuple[int, tuple[int, ...]]] = {}

    def ways(self, request: dict[str, Any], before: Decision) -> set[tuple[str, str, str]]:
        """What is told to change on a request that was decided so before."""
        stray = any(fault.startswith("documents.") for fault in before.faults)
        placed = {
            (action, item): Placed(request, groups, of_item=item, stray=stray)
            for action, groups in self._groups.items()
            for item in ((True, False) if request.get("documents") else (False,))
        }
        return {
            (_KINDS_OF_ITEM[one.kind] if one.layout.is_item else one.kind.value, str(one.before), str(one.after))
            for one in self.changes
            if (one.profile, one.layout.asked) == (request["profile"], request["action"])
            and (one.action, one.layout.is_item) in placed
            and placed[one.action, one.layout.is_item].lies_in(one, self._edges)
        }


def _concerning(comparison: Comparison, action: str) -> Iterator[Rule]:
    """The rules of either side that speak of an action, or of a list of its items."""
    for side in (comparison.old, comparison.new):
        lists = {name for name, known in side.vocabulary.actions.items() if known.items == action}
        yield from (rule for rule in side.rules if {action, *lists} & rule.actions)


def _loaded(bench: Bench, mutant: Mutant) -> RuleSet | None:
    try:
        return mutated(bench.files, mutant, bench.readings)
    except RuleFaults:
        return None
