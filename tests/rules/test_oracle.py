"""The oracle agrees with the worked cases, and the random requests are worth deciding."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.rules.oracle import ENTITLED, DocumentTypes, Matrix, decide, load_doc_types, load_matrix
from tests.rules.random_requests import requests

CASES_FILE = Path(__file__).with_name("cases.jsonl")
CASES: list[dict[str, Any]] = [json.loads(line) for line in CASES_FILE.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def matrix() -> Matrix:
    """The consultation matrix."""
    return load_matrix()


@pytest.fixture(scope="module")
def doc_types() -> DocumentTypes:
    """The document types."""
    return load_doc_types()


def contract(decision: dict[str, Any]) -> dict[str, Any]:
    """The part of a decision that callers rely on; `rules` are for people."""
    return {
        "effect": decision["effect"],
        "external": decision["external"],
        "obligations": set(decision["obligations"]),
        "visible": decision.get("visible"),
        "scope": decision.get("scope"),
    }


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_worked_case(case: dict[str, Any], matrix: Matrix, doc_types: DocumentTypes) -> None:
    """The oracle answers a worked case as expected."""
    assert contract(decide(case, matrix, doc_types)) == contract(case["expected"])


def test_there_are_119_worked_cases() -> None:
    """No case was lost on the way."""
    assert len(CASES) == 119


def test_requests_repeat_for_a_seed() -> None:
    """The same seed gives the same requests, another seed others."""
    assert list(requests(7, 200)) == list(requests(7, 200))
    assert list(requests(7, 200)) != list(requests(8, 200))


def test_requests_are_json() -> None:
    """A request survives the road through a JSON line."""
    for request in requests(1, 300):
        assert json.loads(json.dumps(request)) == request


def test_random_requests_are_interesting(matrix: Matrix, doc_types: DocumentTypes) -> None:
    """A third is permitted, some are ill-typed, every answer occurs, and every entitled kind is permitted once."""
    external: Counter[str] = Counter()
    ill_typed = 0
    permitted: set[tuple[str, str]] = set()
    count = 20_000
    for request in requests(2011, count):
        decision = decide(request, matrix, doc_types)
        external[decision["external"]] += 1
        ill_typed += decision["rules"] == ["ENV-01"]
        if decision["effect"] == "PERMIT":
            permitted.add((request["action"], request["subject"]["kind"]))
    assert external["OK"] >= count / 3
    assert min(external[answer] for answer in ("FORBIDDEN", "NOT_FOUND", "CONFLICT")) >= count / 100
    assert count * 0.03 <= ill_typed <= count * 0.08
    assert permitted == entitled_pairs()


def entitled_pairs() -> set[tuple[str, str]]:
    """Every action with every kind that can be permitted to do it in some profile."""
    pairs = {(action, kind) for action, kinds in ENTITLED.items() for kind in kinds}
    never = {("doc.hide_patient", "PROFESSIONAL")}  # VIS-09
    for action in ("doc.hide_patient", "doc.reveal_patient", "doc.reveal_rl"):  # theirs to be refused at S8
        never |= {(action, "HOLDER"), (action, "LEGAL_REP")}
    return pairs - never
