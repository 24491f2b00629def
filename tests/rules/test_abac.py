"""The rule files and py-abac allow the same, and policies that are written and read again say the same."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from policy.abac.export import NEVER, NO_OBLIGATIONS, ONLY_ILL_TYPED, export
from policy.abac.oracle import NotComparable, Oracle
from policy.abac.reading import read_policies
from policy.engine import Engine
from policy.logic import Ground
from policy.ruleset import RuleSet, load
from tests.rules.random_requests import requests

RULES = Path(__file__).parents[2] / "rules"
DEEP = bool(os.environ.get("DMP_TEST_DEEP"))
PROFILES = ("law-2023", "seed-2011")
Json = dict[str, Any]


@pytest.fixture(scope="module")
def ruleset() -> RuleSet:
    return load(RULES)


@pytest.fixture(scope="module")
def oracles(ruleset: RuleSet) -> dict[str, Oracle]:
    return {profile: Oracle(ruleset, profile) for profile in ruleset.profiles}


def ours(engine: Engine, request: Json) -> bool:
    """The engine's effect, of a list without its items."""
    return engine.decide({name: part for name, part in request.items() if name != "documents"}).permitted


def shown(engine: Engine, request: Json) -> set[str]:
    """The items that the engine would show."""
    return {name for name, decision in engine.decide_items(request).items() if decision.permitted}


def compare(
    engines: Mapping[str, Engine], oracles: Mapping[str, Oracle], seed: int, count: int
) -> tuple[Counter[str], list[Json]]:
    """Ask as many comparable requests and items; what was compared, and the requests that were answered unlike."""
    seen: Counter[str] = Counter()
    unlike: list[Json] = []
    for request in requests(seed, 10 * count):
        profile = request.get("profile", "seed-2011")
        if not isinstance(profile, str) or profile not in oracles or not isinstance(request.get("action"), str):
            continue
        engine, oracle = engines[profile], oracles[profile]
        try:
            allowed = oracle.allows(request)
            items = set(oracle.visible(request)) if engine.lists(request["action"]) else set()
        except NotComparable as reason:
            seen[str(reason)] += 1
            continue
        seen["allowed" if allowed else "refused"] += 1
        seen["items shown"] += len(items)
        seen["items hidden"] += len(request.get("documents", {})) - len(items) if engine.lists(request["action"]) else 0
        if allowed is not ours(engine, request) or items != shown(engine, request):
            unlike.append(request)
        if seen["allowed"] + seen["refused"] >= count:
            break
    return seen, unlike


def test_py_abac_allows_what_the_engine_permits(ruleset: RuleSet, oracles: dict[str, Oracle]) -> None:
    """1,000 random requests and the items of their lists are answered alike, a third of each kind at least."""
    seen, unlike = compare(ruleset.engines, oracles, 20110615, 1_000)
    assert unlike == []
    assert min(seen["allowed"], seen["refused"]) > 1_000 / 3
    assert min(seen["items shown"], seen["items hidden"]) > 50


@pytest.mark.slow
def test_py_abac_allows_what_the_engine_permits_at_length(ruleset: RuleSet, oracles: dict[str, Oracle]) -> None:
    """2,000 random requests (100,000 in the deep run) of another seed are answered alike."""
    count = 100_000 if DEEP else 2_000
    seen, unlike = compare(ruleset.engines, oracles, 20231026, count)
    assert unlike == []
    assert seen["allowed"] + seen["refused"] == count


PLANTS = {
    "a denial is lost": ("visibility.yaml", "contains: MASQUE_PS", "contains: R"),
    "a permit is narrower": ("access.yaml", "subject.kind: HOLDER, relation.holder: true", "relation.holder: false"),
    "a term is shorter": (
        "profiles/seed-2011.yaml",
        "authorisation_validity_days: 365",
        "authorisation_validity_days: 7",
    ),
    "cells are opened": ("matrix.csv", "A-", "A+"),
}


@pytest.mark.parametrize("plant", PLANTS)
def test_one_word_changed_is_seen(plant: str, oracles: dict[str, Oracle], tmp_path: Path) -> None:
    """An engine of a copy of the rules with one mistake is told apart from the policies."""
    name, old, new = PLANTS[plant]
    shutil.copytree(RULES, tmp_path / "rules")
    path = tmp_path / "rules" / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    engines = load(tmp_path / "rules").engines
    assert any(compare(engines, oracles, seed, 100)[1] for seed in range(10))


def test_every_rule_is_accounted_for(ruleset: RuleSet) -> None:
    """A rule is among the policies or left out for a reason that is true of it, and every action is decided."""
    reasons = {"is not in force in this profile", NO_OBLIGATIONS, ONLY_ILL_TYPED, NEVER}
    for profile in PROFILES:
        found = export(ruleset, profile)
        assert found.exported.keys() | found.left_out.keys() == {rule.id for rule in ruleset.rules}
        assert not found.exported.keys() & found.left_out.keys()
        assert set(found.left_out.values()) <= reasons
        assert sum(found.exported.values()) == len(found.policies) == len({p["uid"] for p in found.policies})
        assert found.actions_left_out == {}
        assert found.actions == ruleset.vocabulary.actions.keys()


def test_an_action_with_a_rule_that_cannot_be_said_is_left_out(tmp_path: Path) -> None:
    """A denial with a date is not dropped alone: the policies would allow more than the rules do."""
    shutil.copytree(RULES, tmp_path / "rules")
    path = tmp_path / "rules" / "access.yaml"
    path.write_text(path.read_text("utf-8").replace("- id: AUT-07\n", '- id: AUT-07\n  from: "2020-01-01"\n'), "utf-8")
    changed = load(tmp_path / "rules")
    found = export(changed, "seed-2011")
    assert found.left_out["AUT-07"] == "py-abac has no calendar: `from` and `until`"
    assert found.actions_left_out == {"authz.add": "AUT-07"}
    assert not any("authz.add" in policy["targets"]["action_id"] for policy in found.policies)
    request = next(
        r for r in requests(1, 10_000) if r["action"] == "authz.add" and ours(changed.engines["seed-2011"], r)
    )
    with pytest.raises(NotComparable, match=r"authz\.add"):
        Oracle(changed, "seed-2011").allows(request)


def read_again(ruleset: RuleSet, profile: str) -> RuleSet:
    """The rule set whose rules were written as policies of one profile, and read again."""
    written = json_of(export(ruleset, profile).policies)
    rules = read_policies(written, "policies.json", ruleset, profile).rules
    ground = Ground({name: place for place, name in enumerate(ruleset.vocabulary.attributes)}, ruleset.tables)
    return replace(ruleset, rules=rules, engines={profile: Engine(profile, "", ruleset.vocabulary, rules, ground)})


def json_of(policies: Any) -> bytes:
    return json.dumps(policies, ensure_ascii=False).encode()


@pytest.mark.slow
@pytest.mark.parametrize("profile", PROFILES)
def test_policies_that_are_read_again_are_the_same(ruleset: RuleSet, profile: str) -> None:
    """Rules, as policies, as rules, as policies: the second policies are the first, to the byte."""
    again = export(read_again(ruleset, profile), profile)
    assert json_of(again.policies) == json_of(export(ruleset, profile).policies)


@pytest.mark.slow
@pytest.mark.parametrize("profile", PROFILES)
def test_rules_that_are_read_again_permit_the_same(ruleset: RuleSet, profile: str) -> None:
    """The engine of the rules read again gives the effect of the engine of the rules."""
    again = read_again(ruleset, profile).engines[profile]
    asked = [r for r in requests(20200101, 2_000) if r.get("profile", "seed-2011") == profile]
    # ENV-01 is not among the policies; a request with a fault is denied by the engine itself.
    unlike = [r for r in asked if ours(again, r) is not ours(ruleset.engines[profile], r)]
    assert unlike == []
    assert sum(ours(again, r) for r in asked) > len(asked) / 3


ODD = {
    "a term of a time that is not there": "record.closed_at: {elapsed: retention_years}",
    "no term of a time that is not there": "not: {record.closed_at: {elapsed: retention_years}}",
    "a code that may be missing": "context.role: MEDECIN_TRAITANT",
    "not a code that may be missing": "not: {context.role: MEDECIN_TRAITANT}",
    "null": "context.motive: null",
    "not null": "not: {context.motive: null}",
    "null or a value": "subject.structure: [ES1, null]",
    "not null and not a value": "not: {subject.structure: [ES1, null]}",
    "two that may be missing": "subject.structure: {same_as: context.target}",
    "not two that may be missing": "not: {subject.structure: {same_as: context.target}}",
    "something": "context.reason: {exists: true}",
    "nothing": "context.reason: {exists: false}",
    "a set": "record.oppositions: {exists: false}",
}


@pytest.mark.parametrize("effect", ["permit", "deny"])
def test_what_is_missing_is_said_exactly(effect: str, tmp_path: Path) -> None:
    """Conditions on values that are not there, each as the one permit or the one denial of an action."""
    shutil.copytree(RULES, tmp_path / "rules")
    with (tmp_path / "rules" / "vocabulary.yaml").open(encoding="utf-8") as file:
        text = file.read()
    odd = {f"odd.a{number}": condition for number, condition in enumerate(ODD.values())}
    actions = "".join(f"  {name}: {{fr: a, en: a, groups: [odd]}}\n" for name in odd)
    (tmp_path / "rules" / "vocabulary.yaml").write_text(
        text.replace("\nactions:\n", f"\nactions:\n{actions}", 1).replace("concerns: [", "concerns: [odd, ", 1), "utf-8"
    )
    same = "title: {fr: a, en: a}, basis: a"
    permit = f"- {{id: ODD-ALL, {same}, effect: permit, actions: odd}}\n"
    stage = ", stage: access, answers: FORBIDDEN" if effect == "deny" else ""
    written = [
        f"- {{id: ODD-{number}, {same}, effect: {effect}{stage}, actions: {name}, when: {{{condition}}}}}\n"
        for number, (name, condition) in enumerate(odd.items())
    ]
    (tmp_path / "rules" / "odd.yaml").write_text("".join([*written, *([permit] if effect == "deny" else [])]), "utf-8")
    ruleset = load(tmp_path / "rules")
    oracle, engine = Oracle(ruleset, "seed-2011"), ruleset.engines["seed-2011"]
    seen: set[tuple[str, bool]] = set()
    for number, request in enumerate(requests(7, 60 * len(odd))):
        asked = {**request, "action": list(odd)[number % len(odd)], "profile": "seed-2011"}
        asked.pop("documents", None)
        if engine.decide(asked).faults:
            continue
        assert oracle.allows(asked) is engine.decide(asked).permitted, asked
        seen.add((asked["action"], oracle.allows(asked)))
    assert len(seen) > 1.5 * len(odd)
