"""The officers' tables catch what an officer may get wrong, and the quick way of asking them is the long way."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import pytest

from policy.casebook import Case, cases, run, wrong
from policy.cli.tables import CONDITIONS_WANTED, MUTANTS_WANTED
from policy.coverage import coverage
from policy.errors import FaultList, RuleFaults
from policy.mutants import Kind, Mutant, all_mutants, drawn, mutated, sample
from policy.mutants.equivalence import Equivalence
from policy.mutation import Fate, Judge, Trial, Verdict
from policy.questions import asked
from policy.rule import Readings
from policy.ruleset import Files, RuleSet, assemble, read_files
from policy.variant import Engines

RULES = Path(__file__).parents[2] / "rules"
DEEP = bool(os.environ.get("DMP_TEST_DEEP"))
CONCERN = "traces_test.yaml"


@dataclass(frozen=True)
class Planted:
    """The project's rules and every mistake that may be planted in them."""

    files: Files
    readings: Readings
    ruleset: RuleSet
    mutants: list[Mutant]
    cases: list[Case]
    trial: Trial
    """Of all the cases."""


@pytest.fixture(scope="module")
def planted() -> Planted:
    faults, readings = FaultList(), Readings()
    files = read_files(RULES, faults)
    ruleset = assemble(files, faults, readings)
    known = list(cases(ruleset, faults))
    return Planted(files, readings, ruleset, all_mutants(files, ruleset), known, Trial(ruleset, known))


def _judge(planted: Planted) -> Judge:
    return Judge(planted.files, planted.readings, planted.trial, Equivalence(planted.ruleset).witness)


def _caught(verdicts: list[Verdict]) -> float:
    """The share of mutants that were caught, in per cent, of those that load and are not proved to say the same."""
    fates = [verdict.fate for verdict in verdicts]
    return 100 * fates.count(Fate.CAUGHT) / (fates.count(Fate.CAUGHT) + fates.count(Fate.SURVIVED))


def test_the_tables_catch_planted_mistakes(planted: Planted) -> None:
    """At least nine of ten in a sample of 200 from all kinds; without the tables of one concern, fewer."""
    mutants = sample(planted.mutants, 200, seed=1)
    judge = _judge(planted)
    assert _caught([judge.verdict(mutant) for mutant in mutants]) >= MUTANTS_WANTED
    fewer = [case for case in planted.cases if case.place.file != "rules/visibility_test.yaml"]
    judge = Judge(planted.files, planted.readings, Trial(planted.ruleset, fewer))
    assert _caught([judge.verdict(mutant) for mutant in mutants if mutant.file == "visibility.yaml"]) < MUTANTS_WANTED


@pytest.mark.slow
def test_the_tables_catch_planted_mistakes_at_length(planted: Planted) -> None:
    """At least nine of ten of every kind of mistake, in every sixteenth mutant (in all of them in the deep run)."""
    judge = _judge(planted)
    by_kind: dict[Kind, list[Mutant]] = defaultdict(list)
    for mutant in planted.mutants:
        by_kind[mutant.kind].append(mutant)
    assert set(by_kind) == set(Kind) - {Kind.PERIOD}, "no rule has a first or a last day"
    step = 1 if DEEP else 16
    scores = {kind: _caught([judge.verdict(m) for m in mutants[::step]]) for kind, mutants in by_kind.items()}
    assert {kind: score for kind, score in scores.items() if score < MUTANTS_WANTED} == {}


def test_no_rule_can_be_left_out(planted: Planted) -> None:
    """Whichever rule is left out, a case fails."""
    left_out = [mutant for mutant in planted.mutants if mutant.kind is Kind.RULE]
    assert len(left_out) == len(planted.ruleset.rules)
    missed = (planted.trial.caught_by(mutated(planted.files, mutant, planted.readings)) is None for mutant in left_out)
    assert [mutant.words.en for mutant, is_missed in zip(left_out, missed, strict=True) if is_missed] == []


@pytest.mark.slow
def test_samples_agree(planted: Planted) -> None:
    """A hundred drawn with equal chances, whatever the seed, are caught as often."""
    judge = _judge(planted)
    for seed in range(30 if DEEP else 2):
        assert _caught([judge.verdict(mutant) for mutant in drawn(planted.mutants, 100, seed)]) >= MUTANTS_WANTED


def test_the_conditions_were_seen_to_decide(planted: Planted) -> None:
    """95 of 100 ways to decide of the tests written in rules and definitions; without cases, none."""
    found = coverage(planted.ruleset, asked(planted.ruleset, planted.cases))
    assert 100 * len(found.seen) >= CONDITIONS_WANTED * found.of
    nothing = coverage(planted.ruleset, [])
    assert (len(nothing.seen), found.of >= nothing.of > 0) == (0, True)


def test_a_trial_answers_as_the_engine(planted: Planted) -> None:
    """Every case's decision from the typed questions is the decision of the engine on the request."""
    engines = Engines(planted.ruleset)
    for case, decision in zip(planted.cases, planted.trial.decisions(), strict=True):
        assert decision == engines.of(case.setting).decide(case.request), case


def test_the_rules_as_they_are_fail_no_case_of_a_trial(planted: Planted) -> None:
    """A case that fails anyhow would catch every mutant; those that set parameters of their own are part of it."""
    trial = planted.trial
    assert any(asked.case.parameters for asked in trial.cases)
    failed = [
        asked.case
        for asked, decision in zip(trial.cases, trial.decisions(), strict=True)
        if wrong(asked.case, decision)
    ]
    assert failed == []


def test_a_trial_catches_what_a_run_catches(planted: Planted) -> None:
    """On mutants of every kind, the tables of one concern fail when run in full just where the trial says so."""
    trial = Trial(planted.ruleset, [case for case in planted.cases if case.place.file == f"rules/{CONCERN}"])
    near = [m for m in planted.mutants if m.kind is not Kind.CELL and m.file in ("traces.yaml", "definitions.yaml")]
    fates = set()
    for mutant in sample([*near, *planted.mutants], 60, seed=3):
        try:
            other = mutated(planted.files, mutant, planted.readings)
        except RuleFaults:
            continue
        failed = bool(run(other, FaultList(), CONCERN).failures)
        assert (trial.caught_by(other) is not None) is failed, mutant
        fates.add(failed)
    assert fates == {True, False}
