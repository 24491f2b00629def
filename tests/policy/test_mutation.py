"""A mutant is caught where a case fails, and is told to be the same only where nothing is said otherwise."""

from __future__ import annotations

from pathlib import Path

from policy.casebook import run
from policy.errors import FaultList
from policy.mutants import all_mutants
from policy.mutation import Fate, Judge, Trial, Verdict
from policy.rule import Readings
from policy.ruleset import assemble, read_files
from tests.policy.small_rules import table, written

FULL = (
    table(),
    table("late: true"),
    table("loud: true"),
    table("late: true, loud: true", permitted=False),
    table("late: true, loud: true, invited: true"),
)


def _verdicts(folder: Path, *tables: str) -> list[Verdict]:
    faults, readings = FaultList(), Readings()
    files = read_files(written(folder, *tables), faults)
    ruleset = assemble(files, faults, readings)
    report = run(ruleset, faults)
    assert not faults.faults
    assert not report.failures
    judge = Judge(files, readings, Trial(ruleset, report.asked))
    return [judge.verdict(mutant) for mutant in all_mutants(files, ruleset)]


def _survivors(verdicts: list[Verdict]) -> set[str]:
    return {verdict.mutant.words.en for verdict in verdicts if verdict.fate is Fate.SURVIVED}


NEVER_ASKED = {"OPEN: the action `shut` is added", "QUIET: the action `shut` is added"}
NOT_SAID = {
    "QUIET: `first` becomes `last`",
    "QUIET: `FORBIDDEN` becomes `NOT_FOUND`",
    "QUIET: `FORBIDDEN` becomes `CONFLICT`",
}


def test_what_no_table_asks_survives(tmp_path: Path) -> None:
    """Tables that say who may, and of the others neither the answer nor anything of `shut`: just that is missed."""
    verdicts = _verdicts(tmp_path / "rules", *FULL)
    assert _survivors(verdicts) == NEVER_ASKED | NOT_SAID
    assert {verdict.fate for verdict in verdicts} == {Fate.CAUGHT, Fate.SURVIVED}


def test_one_sharp_case_more_catches_more(tmp_path: Path) -> None:
    """A denial whose answer the table says tells the answers apart."""
    sharp = table("late: true, loud: true", permitted=False).rstrip() + "\n  denied: {K: FORBIDDEN QUIET}\n"
    assert _survivors(_verdicts(tmp_path / "rules", *FULL, sharp)) == NEVER_ASKED | {"QUIET: `first` becomes `last`"}


def test_a_case_less_lets_through_what_only_it_asked(tmp_path: Path) -> None:
    """Without the case of an invited keeper nobody misses the exception, and the case that caught it is named."""
    last = [v for v in _verdicts(tmp_path / "all", *FULL) if v.mutant.words.en == "QUIET: `unless` is left out"]
    assert [v.case.table for v in last if v.case] == ["late: true, loud: true, invited: true"]
    assert "QUIET: `unless` is left out" in _survivors(_verdicts(tmp_path / "fewer", *FULL[:-1]))


def test_without_tables_nothing_is_caught(tmp_path: Path) -> None:
    """A score cannot come from anywhere but the cases."""
    assert {verdict.fate for verdict in _verdicts(tmp_path / "rules")} == {Fate.SURVIVED}


def test_what_is_proved_the_same_counts_neither_way(tmp_path: Path) -> None:
    """A proof is asked of survivors only, and taken at its word."""
    faults, readings = FaultList(), Readings()
    files = read_files(written(tmp_path / "rules", *FULL), faults)
    ruleset = assemble(files, faults, readings)
    trial = Trial(ruleset, run(ruleset, faults).asked)
    proved = Judge(files, readings, trial, witness=lambda _old, _new: None)
    fates = [proved.verdict(mutant).fate for mutant in all_mutants(files, ruleset)]
    assert fates.count(Fate.EQUIVALENT) == len(NEVER_ASKED | NOT_SAID)
    assert fates.count(Fate.SURVIVED) == 0
