"""What `dmp rules diff` says of a single edit is what a search through many requests says of it."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from policy.casebook import cases
from policy.difference import difference
from policy.errors import FaultList, RuleFaults
from policy.model import Decision
from policy.mutants import Mutant, all_mutants, mutated, sample
from policy.rule import Readings
from policy.ruleset import RuleSet, assemble, read_files
from tests.rules.random_requests import requests

RULES = Path(__file__).parents[2] / "rules"
DEEP = bool(os.environ.get("DMP_TEST_DEEP"))
MUTANTS = 300 if DEEP else 8
NEIGHBOURS = 6 if DEEP else 1
RANDOM = 10_000 if DEEP else 2_000
ENTITIES = ("subject", "record", "relation", "document", "context")
Verdict = tuple[str, str, str, str, str]
"""Profile, action, and what becomes of the answer: the kind, what was, what is now."""


class Bench:
    """The project's rules, their mutants, and the requests that every mutant is searched with."""

    def __init__(self) -> None:
        faults = FaultList()
        self.files = read_files(RULES, faults)
        self.readings = Readings()
        self.ruleset = assemble(self.files, faults, self.readings)
        self.mutants = sample(all_mutants(self.files, self.ruleset), MUTANTS, seed=2011)
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
        if change_of.layout.is_item:
            kind = {"opens": "shows", "closes": "hides"}[kind]
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


def _loaded(bench: Bench, mutant: Mutant) -> RuleSet | None:
    try:
        return mutated(bench.files, mutant, bench.readings)
    except RuleFaults:
        return None
