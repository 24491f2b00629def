"""What the test tables may say in short: an entry that stands for many people, a group of actions."""

from __future__ import annotations

import shutil
from pathlib import Path

from policy.casebook import Report, run
from policy.errors import FaultList, RuleFaults
from policy.ruleset import load
from policy.stated import TIME
from tests.policy.small_rules import WORLD, table, written

RULES = Path(__file__).parents[2] / "rules"
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


LONG_AGO = """- name: Before the calendar
  record: R1
  action: doc.read
  subjects: [D_MT]
  documents: [d1]
  facts: {holder_birth_date: 9999999 days ago}
  document: {deposited_at: 99999999999 days ago}
"""
MISSPELT = """- name: What each profession sees
  record: R13
  action: doc.list
  subjects: professionals
  permitted: [MEDECN, PHARMACIEN]
  denied: {INFIRMIER: FORBIDEN, OPTICIEN: FORBIDDEN AUT-066}
  visible: {MEDECIN: 101, PHARMACIE: 97, INFIRMIER: beaucoup, OPTICIEN: [d1, 60568-33]}
  obligations: [TRASE]
  scope: ALLL
- name: A document
  record: R1
  action: doc.read
  subjects: [ALICE, D_SPEK]
  documents: [d1, d22]
  document: {type: 1148-4}
  permitted: {ALICE: [d1, d3]}
  denied: {D_SPEC: {d1: FORBIDDEN}}
"""


def test_a_misspelt_word_is_told_where_it_stands(tmp_path: Path) -> None:
    """A profession, a document, a type, an answer, a rule, an obligation, a scope, each with what was meant."""
    folder = tmp_path / "rules"
    shutil.copytree(RULES, folder, ignore=shutil.ignore_patterns("*_test.yaml", "schema"))
    (folder / "access_test.yaml").write_text(MISSPELT, "utf-8")
    world = (folder / "world.yaml").read_text("utf-8")
    stranger = world.replace("profession: MEDECIN, authn", "profession: MEDECN, authn", 1)
    (folder / "world.yaml").write_text(stranger, "utf-8")
    faults = FaultList()
    run(load(folder), faults)
    told = [str(fault).removeprefix("rules/access_test.yaml:") for fault in RuleFaults(faults.faults).faults]
    line = stranger[: stranger.index("MEDECN")].count("\n") + 1
    assert told == [
        "5:15: unknown subject in `permitted` `MEDECN` (did you mean `MEDECIN`?)",
        "6:23: unknown answer `FORBIDEN` (did you mean `FORBIDDEN`?)",
        "6:43: unknown rule `AUT-066` (did you mean `AUT-06`?)",
        "7:27: unknown subject in `visible` `PHARMACIE` (did you mean `PHARMACIEN`?)",
        "7:53: `beaucoup` is no number of documents (write a whole number, or the list of their names)",
        "7:78: unknown document in `visible` `60568-33` (did you mean `60568-3`?)",
        "8:17: unknown obligation `TRASE` (did you mean `TRACE`?)",
        "9:10: unknown scope `ALLL` (did you mean `ALL`?)",
        "13:21: unknown subjects `D_SPEK` (did you mean `D_SPEC`?)",
        "14:19: unknown documents `d22` (did you mean `d2`?)",
        "15:20: `1148-4` is no row of table `document_types` (did you mean `11488-4`?)",
        "16:27: unknown document in `permitted` `d3` (write `d1`)",
        "17:12: unknown subject in `denied` `D_SPEC` (write `ALICE`)",
        f"rules/world.yaml:{line}:44: `MEDECN` is no row of table `professions` (did you mean `MEDECIN`?)",
    ]


def test_one_name_alone_is_a_list_of_one(tmp_path: Path) -> None:
    """`permitted: K` names the keeper, and nobody whose name is a part of his."""
    report, faults = _run(tmp_path / "rules", "{id: [g1]}", subjects="[K]\n  permitted: K", without="shut")
    assert (faults, report.failures) == ([], [])


TIMES = """- name: Nine years ago
  record: R1
  action: doc.read
  subjects: [D_SPEC]
  documents: [d1]
  relation: {authorisation: VALID, authorisation_added_at: 9 years ago}
- name: Of a minor
  record: R1
  action: doc.read
  subjects: [ALICE]
  documents: [d1]
  facts: {holder_birth_date: 9 years ago}
- name: At no time
  record: R1
  action: doc.read
  subjects: [ALICE]
  documents: [d1]
  at: 9 years ago
- name: Ill-typed on purpose
  record: R1
  action: doc.read
  subjects: [ALICE]
  documents: [d1]
  facts: {holder_birth_date: 9 years ago}
  denied: FORBIDDEN ENV-01
"""


def test_a_time_that_is_none_is_told_with_the_forms_that_are(tmp_path: Path) -> None:
    """The case would be denied as ill-typed, and so hold for a reason that its table does not mean."""
    folder = tmp_path / "rules"
    shutil.copytree(RULES, folder, ignore=shutil.ignore_patterns("*_test.yaml", "schema"))
    (folder / "access_test.yaml").write_text(TIMES, "utf-8")
    faults = FaultList()
    run(load(folder), faults)
    meant = "; if the case asks just this, let its `denied` name ENV-01"
    told = [str(fault).removeprefix("rules/access_test.yaml:") for fault in RuleFaults(faults.faults).faults]
    assert told == [
        f"6:29: unknown value of `relation.authorisation`: `VALID` (did you mean `VALIDE`?{meant})",
        f"6:60: `9 years ago` is no date and time (write {TIME}{meant})",
        f"12:30: `9 years ago` is no date (write `30 days ago`, or a date such as 1960-03-03{meant})",
        '18:7: `9 years ago` is no date and time (write one such as "2011-06-15T12:00:00Z")',
    ]


def _faults_with(folder: Path, old: str, new: str, context: str = "") -> list[str]:
    """What is told of the small rules whose world has another word in one place."""
    written(folder, table(context))
    (folder / "world.yaml").write_text(WORLD.replace(old, new), "utf-8")
    faults = FaultList()
    run(load(folder), faults)
    return [str(fault) for fault in faults.faults]


def test_a_record_of_the_world_lists_a_document_that_is_not_there(tmp_path: Path) -> None:
    """Told where the record names it, whether or not a table asks for the list."""
    told = _faults_with(tmp_path / "rules", "R: {facts", "R: {documents: [d, dd], facts")
    assert told == ["rules/world.yaml:8:22: unknown document of record `R` `dd` (did you mean `d`?)"]


def test_the_world_lacks_the_clock_of_a_profile(tmp_path: Path) -> None:
    """Told where the clocks stand, with what to write."""
    told = _faults_with(tmp_path / "rules", '{only: "2020-01-01T12:00:00Z"}', "{}")
    advice = 'write a time for it, such as `only: "2011-06-15T12:00:00Z"`'
    assert told == [f"rules/world.yaml:2:8: the clock lacks profile `only` ({advice})"]


def test_a_clock_of_the_world_is_no_time(tmp_path: Path) -> None:
    """As in a table, told with what to write."""
    told = _faults_with(tmp_path / "rules", "2020-01-01T12:00:00Z", "noon")
    assert told == ['rules/world.yaml:2:15: `noon` is no date and time (write one such as "2011-06-15T12:00:00Z")']


def test_a_time_before_the_calendar_is_no_time(tmp_path: Path) -> None:
    """`9999999 days ago` lies before the first year: told where it is stated, as any word that is no time."""
    folder = tmp_path / "rules"
    shutil.copytree(RULES, folder, ignore=shutil.ignore_patterns("*_test.yaml", "schema"))
    (folder / "access_test.yaml").write_text(LONG_AGO, "utf-8")
    faults = FaultList()
    run(load(folder), faults)
    told = [str(fault).partition(" (")[0] for fault in RuleFaults(faults.faults).faults]
    assert told == [
        "rules/access_test.yaml:6:30: `9999999 days ago` is no date",
        "rules/access_test.yaml:7:28: `99999999999 days ago` is no date and time",
    ]
