"""The officers' test tables hold, speak of every rule, and catch a word of the rules that was changed by mistake."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from policy.casebook import TABLES, Report, run
from policy.errors import FaultList
from policy.ruleset import RuleSet, load, rule_files

RULES = Path(__file__).parents[2] / "rules"
CONCERNS = [path.stem for path in rule_files(RULES)]

# A mistake that an officer may make: file, the place from which on to look, text, its replacement, and the tables that
# must catch it.
SEED, LAW = "profiles/seed-2011.yaml", "profiles/law-2023.yaml"
PLANTS = {
    "masked is shown": ("visibility.yaml", "VIS-03", "contains: MASQUE_PS", "contains: R", "visibility"),
    "masked is shown to colleagues in 2011": (SEED, "author_scope", "PERSON", "STRUCTURE", "visibility"),
    "masked is shown in an emergency": (LAW, "emergency_sees_masked", "false", "true", "emergency"),
    "hidden is refused": ("visibility.yaml", "VIS-06", "NOT_FOUND", "FORBIDDEN", "visibility"),
    "the patient reveals": ("visibility.yaml", "VIS-08.interview", "subject.kind: PROFESSIONAL, ", "", "visibility"),
    "sensitive for two months": (LAW, "sensitive_release_months", "1", "2", "visibility"),
    "sensitive is released in 2011": (SEED, "sensitive_release_months", "null", "1", "visibility"),
    "dentists read directives": ("matrix.csv", "EXPPAT_3", "R-", "R+", "visibility"),
    "a block ends in an emergency": ("emergency.yaml", "MOD-15", "_emergency: true", "_emergency: false", "emergency"),
    "one opposition closes all": ("emergency.yaml", "MOD-12", "_ACCES_URGENCE", "_BRIS_DE_GLACE", "emergency"),
    "glass broken at no risk": ("emergency.yaml", "MOD-03.refused", ", context.immediate_risk: true", "", "emergency"),
    "the holder is not told": ("emergency.yaml", "MOD-03", ", NOTIFY_HOLDER]", "]", "emergency"),
    "labels change in an emergency": ("emergency.yaml", "MOD-19", "stage: access", "stage: state", "emergency"),
    "a block spares labels": ("access.yaml", "AUT-06", "consult, label,", "consult,", "access"),
    "no right is told too late": ("access.yaml", "AUT-02.refused", "stage: access", "stage: conditions", "access"),
    "a nurse as treating physician": ("definitions.yaml", "treating_physician:", "MEDECIN", "INFIRMIER", "access"),
    "an authorisation of 366 days": (SEED, "authorisation_validity_days", "365", "366", "access"),
    "an authorisation for ever": (SEED, "authorisation_validity_days", "365", "null", "access"),
    "opposition unasked": ("documents.yaml", "CNS-05", "non_opposition: false", "non_opposition: true", "documents"),
    "deleted is read": ("documents.yaml", "DOC-05", "status: Deleted", "status: Destroyed", "documents"),
    "any professional deletes": ("documents.yaml", "DOC-08.author", "HOST_DOCTOR", "PROFESSIONAL", "documents"),
    "eleven years of retention": (LAW, "retention_years", "10", "11", "lifecycle"),
    "closed is read": ("lifecycle.yaml", "LIF-07", "state: CLOSED", "state: SUSPENDED", "lifecycle"),
    "a dead person's codes": ("lifecycle.yaml", "DEC-01.patient", "deceased: true", "deceased: false", "lifecycle"),
    "of age at 17": (LAW, "age_of_majority", "18", "17", "minors"),
    "secrets told by the trace": ("minors.yaml", "MIN-04.audience", "secret: true", "secret: false", "minors"),
    "an auditor without a mission": ("traces.yaml", "TRC-08", ", context.mission: {exists: true}", "", "traces"),
    "insurers": ("request.yaml", "ACT-18", "[INSURANCE, ", "[", "request"),
    "support reads": ("actors.yaml", "ACT-15", "except: record.status", "except: [record.status, doc.read]", "actors"),
    "another ends the emergency": ("suite.yaml", "SVC-05", ", context.emergency_owner: true", "", "suite"),
}  # fmt: skip


@pytest.fixture(scope="module")
def ruleset() -> RuleSet:
    return load(RULES)


@pytest.fixture(scope="module")
def report(ruleset: RuleSet) -> Report:
    return _run(ruleset)


def _run(ruleset: RuleSet, files: str = TABLES) -> Report:
    faults = FaultList()
    report = run(ruleset, faults, files)
    assert not faults.faults, "\n".join(map(str, faults.faults))
    return report


def test_every_table_holds(report: Report) -> None:
    """Every case is answered as its table says."""
    assert not report.failures, "\n".join(
        f"{f.place} {f.case}: expected {f.expected}, got {f.got}" for f in report.failures
    )
    assert report.cases > 4_000


def test_every_concern_has_tables() -> None:
    """Beside each file of rules stand its tables, and no tables stand alone."""
    assert {path.name for path in RULES.glob("*_test.yaml")} == {f"{concern}_test.yaml" for concern in CONCERNS}


def test_every_rule_makes_an_answer(ruleset: RuleSet, report: Report) -> None:
    """Every rule has its part in the answer to at least one case."""
    assert {rule.id for rule in ruleset.rules} - report.covered == set()


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_mistake_is_caught(plant: str, tmp_path: Path) -> None:
    """One word changed in a copy of the rules fails a case of the tables that speak of it."""
    name, where, old, new, concern = PLANTS[plant]
    folder = tmp_path / "rules"
    others = [path.name for path in RULES.glob("*_test.yaml") if path.name != f"{concern}_test.yaml"]
    shutil.copytree(RULES, folder, ignore=shutil.ignore_patterns(*others))
    text = (folder / name).read_text(encoding="utf-8")
    start = text.index(f"- id: {where}\n" if f"- id: {where}\n" in text else where)
    assert old in text[start:]
    (folder / name).write_text(text[:start] + text[start:].replace(old, new, 1), encoding="utf-8")
    assert _run(load(folder)).failures
