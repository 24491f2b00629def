"""What is proved to say the same does, for every request; what is not has a request of which a case can be made."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from policy.casebook import Case, cases, wrong
from policy.errors import FaultList, Place, RuleFaults
from policy.model import Decision
from policy.mutants import Kind, Mutant, all_mutants, mutated, sample
from policy.mutants.equivalence import Equivalence
from policy.rule import Readings
from policy.ruleset import Files, RuleSet, assemble, read_files
from tests.policy.small_rules import written
from tests.rules.random_requests import requests

RULES = Path(__file__).parents[2] / "rules"
Request = dict[str, Any]


class Bench:
    """A rule set and its mutants."""

    def __init__(self, folder: Path) -> None:
        faults, self.readings = FaultList(), Readings()
        self.files: Files = read_files(folder, faults)
        self.ruleset = assemble(self.files, faults, self.readings)
        self.mutants = all_mutants(self.files, self.ruleset)
        self.equivalence = Equivalence(self.ruleset)

    def loaded(self, mutants: list[Mutant]) -> Iterator[tuple[Mutant, RuleSet]]:
        for mutant in mutants:
            try:
                yield mutant, mutated(self.files, mutant, self.readings)
            except RuleFaults:
                continue

    def tells(self, request: Request, mutant: RuleSet) -> bool:
        """Whether the sharpest case of a request, which holds of the rules, fails of the mutant."""
        profile = request["profile"]
        before, after = (side.engines[profile].decide(request) for side in (self.ruleset, mutant))
        case = _sharpest(request, before)
        assert wrong(case, before) is None
        return wrong(case, after) is not None


def _sharpest(request: Request, decision: Decision) -> Case:
    """A case that says all that a table can say of a decision."""
    expected = {"obligations": [*decision.obligations], "scope": decision.scope}
    if decision.visible is not None:
        expected["visible"] = [*decision.visible]
    answer = "" if decision.permitted else " ".join([decision.answer, *decision.rules])
    return Case(
        Place("x"), "", "", request["profile"], request, decision.permitted, answer,
        expected if decision.permitted else {},
    )  # fmt: skip


def _every_small_request() -> Iterator[Request]:
    """All that the small vocabulary can tell apart, ill-typed and missing values among them."""
    truths = (True, False, 7)
    for action, kind, exists, late, loud, invited in product(
        ("open", "shut"), ("KEEPER", "GUEST", 7, None), *([truths] * 4)
    ):
        yield {
            "profile": "only", "action": action, "at": "2020-01-01T12:00:00Z",
            "subject": {"id": "K", **({} if kind is None else {"kind": kind})}, "record": {"exists": exists},
            "context": {"late": late, "loud": loud, "invited": invited},
        }  # fmt: skip


def test_a_proof_is_what_every_request_says(tmp_path: Path) -> None:
    """Over all requests of a small vocabulary, each mutant is told apart just where a request of it is found."""
    bench = Bench(written(tmp_path / "rules"))
    everything = list(_every_small_request())
    verdicts = set()
    for mutant, other in bench.loaded(bench.mutants):
        request = bench.equivalence.witness(bench.ruleset, other)
        told_apart = any(bench.tells(one, other) for one in everything)
        assert (request is not None) is told_apart, mutant
        assert request is None or bench.tells(dict(request), other), mutant
        verdicts.add(told_apart)
    assert verdicts == {True, False}


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench(RULES)


def test_a_request_found_tells_a_mutant_apart(bench: Bench) -> None:
    """Of mutants of every kind, those of lists' items and of delays among them: a case of it holds, and then fails."""
    of_items = [m for m in bench.mutants if "doc.copied" in m.words.en or "doc.listed" in m.words.en]
    delays = [m for m in bench.mutants if m.kind is Kind.PARAMETER and re.search("_(days|months|years)`", m.words.en)]
    found = 0
    drawn = [*sample(bench.mutants, 30, seed=6), *sample(of_items, 15, seed=7), *sample(delays, 8, seed=8)]
    for mutant, other in bench.loaded(drawn):
        request = bench.equivalence.witness(bench.ruleset, other)
        assert request is None or bench.tells(dict(request), other), mutant
        found += request is not None
    assert found > 30


@pytest.mark.slow
def test_no_request_tells_apart_what_is_proved_the_same(bench: Bench) -> None:
    """None of the officers' cases, and none of many random requests, in either profile."""
    asked = [case.request | {"profile": case.profile} for case in cases(bench.ruleset, FaultList())]
    # A request that names no profile, or none that there is, is one for `dmp rules decide` to refuse.
    asked = [*asked[::14], *(r for r in requests(17, 800) if r.get("profile") in bench.ruleset.engines)]
    sharpest = [(r, _sharpest(r, bench.ruleset.engines[r["profile"]].decide(r))) for r in asked]
    assert len(sharpest) > 1_000
    suspects = [m for m in bench.mutants if m.kind in (Kind.STAGE, Kind.ACTION, Kind.PART, Kind.SCOPE)]
    proved = 0
    for mutant, other in bench.loaded(sample(suspects, 50, seed=8)):
        if bench.equivalence.witness(bench.ruleset, other) is None:
            proved += 1
            engines = other.engines
            assert not any(wrong(case, engines[r["profile"]].decide(r)) for r, case in sharpest), mutant
    assert proved > 3
