"""A test of a condition counts as covered only where it decided, as true and as false."""

from __future__ import annotations

from pathlib import Path

import pytest

from policy.casebook import run
from policy.coverage import Coverage, Way, coverage
from policy.errors import FaultList, Place
from policy.questions import asked
from policy.ruleset import load
from tests.policy.small_rules import table, written

QUIET = table("late: true, loud: true", permitted=False)
INVITED = table("late: true, loud: true, invited: true")


def _coverage(folder: Path, *tables: str, told: str = "") -> Coverage:
    ruleset, faults = load(written(folder, *tables)), FaultList()
    report = run(ruleset, faults)
    # What cannot be told is told to the officer, and is a case all the same.
    assert {fault.message for fault in faults.faults} == {told} - {""}
    assert not report.failures
    return coverage(ruleset, asked(ruleset, report.asked))


def _seen(found: Coverage) -> set[tuple[str, bool]]:
    return {(way.asks, way.truth) for way in found.seen}


KIND = {("subject.kind", True), ("subject.kind", False)}
SEEN = {
    "no case": ([], set()),
    "nothing is said, so neither of two false tests decided alone": ([table()], KIND),
    "one true, the other decides": ([table("late: true")], {*KIND, ("context.loud", False)}),
    "both true, and nobody is invited": (
        [QUIET],
        {*KIND, ("context.late", True), ("context.loud", True), ("context.invited", False)},
    ),
    "an invitation decides, and hides what the others say": ([INVITED], {*KIND, ("context.invited", True)}),
}


@pytest.mark.parametrize("name", SEEN)
def test_a_test_counts_where_it_decided(name: str, tmp_path: Path) -> None:
    """A test that was asked, true or false, and changed nothing, is not covered."""
    tables, expected = SEEN[name]
    assert _seen(_coverage(tmp_path / "rules", *tables)) == expected


def test_what_cannot_be_told_covers_nothing(tmp_path: Path) -> None:
    """An ill-typed value is neither true nor false: of it no way was seen, and the other test did not decide."""
    unknown = table("late: perhaps, loud: true", permitted=False)
    found = _coverage(tmp_path / "rules", unknown, told="`context.late` must be true or false")
    assert _seen(found) == {*KIND, ("context.loud", True), ("context.invited", False)}


def test_a_permit_that_cannot_be_told_covers_nothing(tmp_path: Path) -> None:
    """Of a kind that is none, the test that the permit hangs on was not seen true, false, or any third way."""
    nobody = table().replace("[K, G]", "[X]").replace("[K]", "[]")
    found = _coverage(tmp_path / "rules", nobody, told="unknown value of `subject.kind`: `NOBODY`")
    assert _seen(found) == set()


def test_all_ways_of_a_small_rule_set_are_seen_by_five_tables(tmp_path: Path) -> None:
    """Eight of eight; and each way names where its test is written."""
    found = _coverage(tmp_path / "rules", table(), table("late: true"), table("loud: true"), QUIET, INVITED)
    assert (len(found.seen), found.of, found.unseen) == (8, 8, ())
    assert Way(Place("rules/doors.yaml", 14, 30), "context.loud", truth=True) in found.seen


def test_a_rule_that_another_hides_is_named(tmp_path: Path) -> None:
    """What is missing is told in file order, with its place."""
    found = _coverage(tmp_path / "rules", table(), QUIET)
    assert [(str(way.place), way.asks, way.truth) for way in found.unseen] == [
        ("rules/doors.yaml:14:10", "context.late", False),
        ("rules/doors.yaml:14:30", "context.loud", False),
        ("rules/doors.yaml:15:12", "context.invited", True),
    ]
