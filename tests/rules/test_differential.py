"""The rule files and the independent evaluator answer random requests alike."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from policy.cli import DEFAULT_PROFILE
from policy.ruleset import RuleSet, load
from tests.rules.oracle import decide, load_doc_types, load_matrix
from tests.rules.random_requests import requests

RULES = Path(__file__).parents[2] / "rules"
DEEP = bool(os.environ.get("DMP_TEST_DEEP"))


@pytest.fixture(scope="module")
def ruleset() -> RuleSet:
    return load(RULES)


def _ours(ruleset: RuleSet, request: dict[str, Any]) -> dict[str, Any]:
    named = request.get("profile", DEFAULT_PROFILE)
    known = isinstance(named, str) and named in ruleset.engines
    decision = ruleset.engines[named if known else DEFAULT_PROFILE].decide(
        request, () if known else ("profile: unknown",)
    )
    return {
        "effect": decision.effect.value,
        "external": decision.answer.value,
        "obligations": sorted(decision.obligations),
        "visible": None if decision.visible is None else list(decision.visible),
        "scope": decision.scope,
    }


def _theirs(request: dict[str, Any], matrix: Any, types: Any) -> dict[str, Any]:
    found = decide(request, matrix, types)
    return {
        "effect": found["effect"],
        "external": found["external"],
        "obligations": sorted(found["obligations"]),
        "visible": found.get("visible"),
        "scope": found.get("scope"),
    }


def _compare(ruleset: RuleSet, seed: int, count: int) -> int:
    matrix, types = load_matrix(), load_doc_types()
    permits = 0
    for request in requests(seed, count):
        ours, theirs = _ours(ruleset, request), _theirs(request, matrix, types)
        assert theirs == ours, request
        permits += ours["effect"] == "PERMIT"
    return permits


def test_the_rules_agree_with_the_oracle(ruleset: RuleSet) -> None:
    """5,000 random requests, a third of them permitted at least, are answered alike."""
    assert _compare(ruleset, 20110615, 5_000) > 5_000 / 3


@pytest.mark.slow
def test_the_rules_agree_with_the_oracle_at_length(ruleset: RuleSet) -> None:
    """40,000 random requests (200,000 in the deep run) of another seed are answered alike."""
    _compare(ruleset, 20231026, 200_000 if DEEP else 15_000)


def test_the_comparison_can_fail(tmp_path: Path) -> None:
    """One parameter changed in a copy of the rules is told apart: the comparison sees what it should."""
    folder = tmp_path / "rules"
    shutil.copytree(RULES, folder)
    profile = folder / "profiles" / "seed-2011.yaml"
    profile.write_text(profile.read_text("utf-8").replace("author_scope: PERSON", "author_scope: STRUCTURE"), "utf-8")
    with pytest.raises(AssertionError):
        _compare(load(folder), 20110615, 5_000)
