"""What the test tables may say in short: an entry that stands for many people, a group of actions."""

from __future__ import annotations

from pathlib import Path

from policy.casebook import Report, run
from policy.errors import FaultList
from policy.ruleset import load
from tests.policy.small_rules import WORLD, written

CROWD = """
- name: Nobody shuts
  record: R
  action: all
  except: {without}
  subjects: {subjects}
"""


def _run(folder: Path, each: str, *, subjects: str = "[crowd, G]", without: str = "open") -> tuple[Report, list[str]]:
    written(folder, CROWD.format(subjects=subjects, without=without))
    world = WORLD.replace("subjects:\n", f"subjects:\n  crowd: {{each: {each}, kind: GUEST}}\n")
    (folder / "world.yaml").write_text(world, "utf-8")
    faults = FaultList()
    return run(load(folder), faults), [str(fault) for fault in faults.faults]


def test_an_entry_that_stands_for_many(tmp_path: Path) -> None:
    """One subject a word, named as it is; the actions of a group but those excepted."""
    report, faults = _run(tmp_path / "rules", "{id: [g1, g2]}")
    assert not faults
    assert [case.title for case in report.asked] == ["only g1 shut", "only g2 shut", "only G shut"]
    assert [case.request["subject"]["id"] for case in report.asked] == ["g1", "g2", "G"]


def test_a_case_of_many_fails_by_its_own_name(tmp_path: Path) -> None:
    """What one of the many may do is told of that one: here the keeper, who opens and is not listed."""
    report, faults = _run(tmp_path / "rules", "{id: [g1]}", subjects="[crowd, K]", without="shut")
    assert not faults
    assert [failure.case for failure in report.failures] == ["only K open"]


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    """The rows of a table that the vocabulary does not know are a fault, not nobody."""
    _, faults = _run(tmp_path / "rules", "{id: rooms}")
    assert any("unknown table in `crowd`: `rooms`" in fault for fault in faults)


def test_a_name_twice(tmp_path: Path) -> None:
    """One of the many cannot have the name of somebody else."""
    _, faults = _run(tmp_path / "rules", "{id: [g1, K]}")
    assert any("`K` of `crowd` stands already in `subjects`" in fault for fault in faults)
