"""Loading a rule set: every fault at once, with its place and what to do; a bad rule set never loads."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from policy.errors import RuleFaults
from policy.ruleset import load

RULES = Path(__file__).parents[2] / "rules"

# What an officer may type wrongly: file, text, its replacement, and what must be said (a pattern).
EDITS = {
    "a mistyped attribute": (
        "visibility.yaml",
        "document.labels: {contains: MASQUE_PS}}\n  unless",
        "document.lables: {contains: MASQUE_PS}}\n  unless",
        r"rules/visibility.yaml:\d+:\d+: unknown attribute `document.lables` \(did you mean `document.labels`\?\)",
    ),
    "a mistyped code": ("visibility.yaml", "contains: MASQUE_PS", "contains: MASQUE_P", r"did you mean `MASQUE_PS`"),
    "a mistyped value": ("access.yaml", "subject.kind: HOLDER", "subject.kind: HOLDR", r"unknown value of `subject.kind`: `HOLDR`"),
    "a mistyped action": ("access.yaml", "actions: authz.list", "actions: authz.lst", r"unknown action or group `authz.lst`"),
    "a mistyped stage": ("access.yaml", "stage: access", "stage: acces", r"unknown stage `acces` \(did you mean `access`"),
    "a mistyped key": ("access.yaml", "  basis:", "  bases:", r"unknown key in a rule `bases` \(did you mean `basis`"),
    "a mistyped definition": ("access.yaml", "{definition: blocked", "{definition: bloked", r"unknown definition `bloked`"),
    "a mistyped parameter": ("minors.yaml", "parameter.minor_self_access", "parameter.minor_access", r"unknown parameter"),
    "a mistyped obligation": ("visibility.yaml", "[FILTER_LIST]", "[FILTR_LIST]", r"unknown obligation `FILTR_LIST`"),
    "a mistyped operator": ("request.yaml", "{elapsed: retention_years}", "{elapse: retention_years}", r"unknown operator `elapse`"),
    "text for a boolean": ("access.yaml", "context.consent: false", 'context.consent: "no"', r"is true or false, not `no`"),
    "a set compared as a value": ("visibility.yaml", "document.labels: {contains: MASQUE_PS}", "document.labels: MASQUE_PS", r"use `contains`"),
    "an id twice": ("access.yaml", "- id: AUT-13", "- id: AUT-05", r"rule `AUT-05` stands already at rules/access.yaml:\d+"),
    "no title": ("traces.yaml", 'title: {fr: "Le titulaire lit toutes les traces", en: The holder reads every trace}', "scope: ALL", r"lacks `title`"),
    "a denial without an answer": ("access.yaml", "  answers: CONFLICT\n", "", r"a rule lacks `answers`"),
    "a permit with a stage": ("access.yaml", "  effect: permit\n", "  effect: permit\n  stage: access\n", r"has no stage"),
    "a look at the document too early": (
        "actors.yaml", "when: {subject.kind: SUPPORT}", "when: {subject.kind: SUPPORT, document.status: Deleted}",
        r"rule `ACT-15` looks at `document.status` for `doc.read` before the document's own stages",
    ),
    "a circle of definitions": ("definitions.yaml", "when: {subject.kind: [HOLDER, LEGAL_REP]}", "when: {definition: patient}", r"uses itself"),
    "a definition that nobody uses": ("definitions.yaml", "patient:\n", "lonely: {fr: a, en: b, when: {record.exists: true}}\n\npatient:\n", r"no rule uses definition `lonely`"),
    "a parameter left out": ("profiles/law-2023.yaml", "  retention_years: 10\n", "", r"the profile lacks parameter `retention_years`"),
    "a parameter of the wrong type": ("profiles/law-2023.yaml", "retention_years: 10", "retention_years: ten", r"must be a number of years"),
    "an unknown mark": ("matrix.csv", ",D+,", ",X+,", r"rules/matrix.csv:\d+:\d+: unknown mark in column `MEDECIN` `X\+`"),
    "a missing cell": ("matrix.csv", ",D+,", ",", r"matrix.csv:\d+:1: has \d+ cells instead of \d+"),
    "a duplicate key": ("access.yaml", "  effect: permit\n", "  effect: permit\n  effect: deny\n", r"duplicate key `effect`"),
    "a word for a mark": ("vocabulary.yaml", "absent: false, supplied: true", "absent: false, supplied: maybe", r"`supplied` must be true or false"),
    "a derived attribute that is supplied": ("vocabulary.yaml", "derived: presence,", "derived: presence, supplied: true,", r"and not of a derived attribute"),
    "an empty any": ("access.yaml", "when: {subject.kind: HOLDER, relation.holder: true}", "when: {any: []}", r"`any` is an empty list"),
    "an empty not": ("access.yaml", "when: {subject.kind: HOLDER, relation.holder: true}", "when: {not: {}}", r"an empty condition says nothing"),
    "an empty when": ("access.yaml", "when: {subject.kind: HOLDER, relation.holder: true}", "when:", r"a condition must be a mapping"),
    "an empty list of profiles": ("access.yaml", "profiles: [law-2023]", "profiles: []", r"profiles is an empty list"),
    "everything excepted": ("access.yaml", "actions: consult\n", "actions: consult\n  except: consult\n", r"left without any action"),
    "an end before the beginning": ("access.yaml", "effect: permit\n", "effect: permit\n  from: 2024-01-01\n  until: 2023-01-01\n", r"ends before it begins"),
    "a French date": ("access.yaml", "effect: permit\n", "effect: permit\n  from: 31/12/2024\n", r"`from` must be a date such as"),
    "a semicolon for the comma": ("matrix.csv", ",", ";", r"rules/matrix.csv:1:1: has no column `typeCode`|has \d+ cells"),
    "a profession without a column": ("professions.csv", "MEDECIN,", "MEDECINE,", r"`MEDECINE` of table `professions` has no column"),
    "an anchor": ("access.yaml", "actions: consult", "actions: &c consult", r"anchors and aliases"),
}  # fmt: skip


def _copy(tmp_path: Path) -> Path:
    shutil.copytree(RULES, tmp_path / "rules")
    return tmp_path / "rules"


def _edit(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    text = path.read_text("utf-8")
    assert old in text, f"{name} no longer has {old!r}: mend the test"
    path.write_text(text.replace(old, new, 1), "utf-8")


@pytest.mark.parametrize(("name", "old", "new", "said"), EDITS.values(), ids=EDITS.keys())
def test_each_mistake_is_named(tmp_path: Path, name: str, old: str, new: str, said: str) -> None:
    """An officer's mistake is refused with its place and what to do."""
    folder = _copy(tmp_path)
    _edit(folder, name, old, new)
    with pytest.raises(RuleFaults) as caught:
        load(folder)
    assert re.search(said, str(caught.value)), str(caught.value)


def test_all_mistakes_are_told_at_once_in_file_order(tmp_path: Path) -> None:
    """Three mistakes in three files give three faults, sorted by place."""
    folder = _copy(tmp_path)
    for name, old, new, _ in (EDITS["a mistyped attribute"], EDITS["a mistyped stage"], EDITS["a mistyped parameter"]):
        _edit(folder, name, old, new)
    with pytest.raises(RuleFaults) as caught:
        load(folder)
    files = [fault.place.file for fault in caught.value.faults]
    assert {"rules/access.yaml", "rules/minors.yaml", "rules/visibility.yaml"} <= set(files)
    assert files == sorted(files)


def test_a_folder_without_rules_is_refused(tmp_path: Path) -> None:
    """An empty folder is one fault that says what is missing."""
    with pytest.raises(RuleFaults, match=r"vocabulary\.yaml"):
        load(tmp_path)


def test_the_digest_changes_with_one_letter(tmp_path: Path) -> None:
    """The digest names the rule set: any change of a rule file changes it, and nothing else does."""
    folder = _copy(tmp_path)
    before = load(folder).digest
    assert before == load(RULES).digest
    _edit(folder, "access.yaml", "An authorised professional consults", "An authorized professional consults")
    assert before != load(folder).digest
