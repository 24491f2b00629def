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
        r"rule `ACT-15` looks at `document.status` before the document's own stages",
    ),
    "a circle of definitions": ("definitions.yaml", "when: {subject.kind: [HOLDER, LEGAL_REP]}", "when: {definition: patient}", r"uses itself"),
    "a parameter left out": ("profiles/law-2023.yaml", "  retention_years: 10\n", "", r"the profile lacks parameter `retention_years`"),
    "a parameter of the wrong type": ("profiles/law-2023.yaml", "retention_years: 10", "retention_years: ten", r"must be a number of years"),
    "an unknown mark": ("matrix.csv", ",D+,", ",X+,", r"rules/matrix.csv:\d+:\d+: unknown mark in column `MEDECIN` `X\+`"),
    "a missing cell": ("matrix.csv", ",D+,", ",", r"matrix.csv:\d+:1: has \d+ cells instead of \d+"),
    "a duplicate key": ("access.yaml", "  effect: permit\n", "  effect: permit\n  effect: deny\n", r"duplicate key `effect`"),
    "a word for a mark": ("vocabulary.yaml", "absent: null, supplied: true", "absent: null, supplied: maybe", r"`supplied` must be true or false"),
    "a definition that is told only where it holds": ("definitions.yaml", "  fails: {fr: titulaire majeur, en: the holder is of age}\n", "", r"definition `minor` needs both `holds` and `fails`, or neither"),
    "an order of what is no date": ("vocabulary.yaml", "- [context.holder_birth_date, context.now]", "- [context.holder_birth_dote, context.now]", r"unknown date or time `context.holder_birth_dote`"),
    "an absent person in unknown words": ("absence.yaml", "least: doc.list", "least: doc.lst", r"rules/absence.yaml:\d+:\d+: unknown action `doc.lst` \(did you mean `doc.list`"),
    "an absent person of no kind": ("absence.yaml", "[LEGAL_REP, SUCCESSOR]", "[LEGAL_REP, SUCESSOR]", r"unknown kind of subject `SUCESSOR`"),
    "an absent person with a mistyped fact": ("absence.yaml", "relation.delegate: true", "relation.delegat: true", r"unknown attribute `relation.delegat`"),
    "an absent person with an ill-typed fact": ("absence.yaml", "authn_mode: DIRECT_CPS", "authn_mode: CPS", r"`subject.authn_mode` is not one of its codes"),
    "a ticket that makes true what is no flag": ("absence.yaml", "context.copy_for_representative:", "context.motive:", r"unknown flag of the context `context.motive`"),
    "a reader who is nobody": ("absence.yaml", "read_by: REPRESENTATIVE", "read_by: REPRESENTATIV", r"unknown capacity `REPRESENTATIV`"),
    "a silence by no obligation": ("vocabulary.yaml", 'silenced_by: "TRACE_AUDIENCE', 'silenced_by: "TRACE_AUDENCE', r"unknown obligation `TRACE_AUDENCE"),
    "a derived attribute that is supplied": ("vocabulary.yaml", "derived: presence,", "derived: presence, supplied: true,", r"and not of a derived attribute"),
    "an empty any": ("access.yaml", "when: {subject.kind: HOLDER, relation.holder: true}", "when: {any: []}", r"`any` is an empty list"),
    "an empty not": ("access.yaml", "when: {subject.kind: HOLDER, relation.holder: true}", "when: {not: {}}", r"an empty condition says nothing"),
    "an empty when": ("access.yaml", "when: {subject.kind: HOLDER, relation.holder: true}", "when:", r"a condition must be a mapping"),
    "an empty list of profiles": ("access.yaml", "profiles: [law-2023]", "profiles: []", r"profiles is an empty list"),
    "everything excepted": ("access.yaml", "actions: consult\n", "actions: consult\n  except: consult\n", r"left without any action"),
    "an end before the beginning": ("access.yaml", "effect: permit\n", "effect: permit\n  from: 2024-01-01\n  until: 2023-01-01\n", r"ends before it begins"),
    "a French date": ("access.yaml", "effect: permit\n", "effect: permit\n  from: 31/12/2024\n", r"`from` must be a date such as"),
    "a comma after the last column": ("matrix.csv", "\n", ",\n", r"rules/matrix.csv:1:1: column \d+ has no name \(a comma too many\?\)"),
    "a semicolon for the comma": ("matrix.csv", ",", ";", r"rules/matrix.csv:1:1: has no column `typeCode`|has \d+ cells"),
    "a profession without a column": ("professions.csv", "MEDECIN,", "MEDECINE,", r"`MEDECINE` of table `professions` has no column"),
    "an id with a space": ("access.yaml", "- id: AUT-13", "- id: my rule!", r"rules/access.yaml:\d+:7: `my rule!` is no id such as"),
    "an id with spaces around it": ("access.yaml", "- id: AUT-13", '- id: " AUT-13 "', r"` AUT-13 ` is no id such as"),
    "an id in small letters": ("access.yaml", "- id: AUT-13", "- id: aut-13", r"`aut-13` is no id such as"),
    "a duration of nothing": (
        "profiles/seed-2011.yaml", "authorisation_validity_days: 365", "authorisation_validity_days: 0",
        r"rules/profiles/seed-2011.yaml:5:32: parameter `authorisation_validity_days` must be a number of days, not `0` \(write a whole number from 1",
    ),
    "a negative duration": ("profiles/seed-2011.yaml", "retention_years: 10", "retention_years: -1", r"from 1 to 1000, or null for no limit"),
    "a duration longer than the calendar": ("profiles/seed-2011.yaml", "retention_years: 10", "retention_years: 9999", r"not `9999` \(write a whole number from 1 to 1000, or null for no limit"),
    "a row that no table knows": ("matrix.csv", "\nEXPPAT_3,", "\nEXPPAT_33,", r"rules/matrix.csv:\d\d:1: row `EXPPAT_33` is no row of table `document_types`"),
    "a row left out": ("document_types.csv", "EXPPAT_3,", "EXPPAT_33,", r"rules/matrix.csv:1:1: `EXPPAT_33` of table `document_types` has no row"),
    "a column that no table knows": ("matrix.csv", ",PHARMACIEN,", ",PHARMACIENNE,", r"rules/matrix.csv:1:5: column `PHARMACIENNE` is no row of table `professions`"),
    "an effect of another language": ("traces.yaml", "effect: permit", "effect: allow", r"unknown effect `allow` \(did you mean `permit`\?\)"),
    "a word that no parameter has": ("profiles/law-2023.yaml", "author_scope: STRUCTURE", "author_scope: X", r"`X` \(write one of `PERSON`, `STRUCTURE`\)"),
    "half a mark": ("matrix.csv", ",D+,", ",D,", r"unknown mark in column `MEDECIN` `D` \(write one of `R\+`, `R-`, `D\+`, `D-`, `A\+`, `A-`\)"),
    "no comma at the end": ("matrix.csv", "\n11369-6,", '\n"\n11369-6,', r"rules/matrix.csv:3:1: "),
    "a label that nobody knows": ("vocabulary.yaml", "INVISIBLE_PATIENT: after_interview", "INVISIBLE: after_interview", r"unknown value of `document.labels`: `INVISIBLE`"),
    "a label that nobody changes": ("vocabulary.yaml", "INVISIBLE_PATIENT: after_interview", "INVISIBLE_PATIENT: interview", r"unknown changer `interview`"),
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


UNREAD = {
    "a tab in a file of rules": ("access.yaml", b"- id: A\n\ttitle: b\n", r"rules/access.yaml:2:1: is not YAML: .*no tabs\)"),
    "another encoding": ("access.yaml", "- id: A\n  title: né".encode("latin-1"), r"rules/access.yaml:2:11: is not UTF-8 text \(save the file as UTF-8\)"),
    "nothing": ("visibility.yaml", b"", r"rules/visibility.yaml:1:1: is empty \(.+\)"),
    "definitions that are no YAML": ("definitions.yaml", b"patient: [", r"rules/definitions.yaml:2:1: is not YAML"),
    "a vocabulary of nothing": ("vocabulary.yaml", b"# nothing\n", r"rules/vocabulary.yaml:1:1: is empty"),
    "a vocabulary that is a list": ("vocabulary.yaml", b"- a\n", r"rules/vocabulary.yaml:1:1: the vocabulary must be a mapping"),
    "a profile that laughs": ("profiles/law-2023.yaml", b"a: &a [x]\nb: *a\n", r"rules/profiles/law-2023.yaml:1:4: anchors and aliases"),
    "a table of another encoding": ("matrix.csv", "typeCode,é".encode("latin-1"), r"rules/matrix.csv:1:10: is not UTF-8 text"),
    "a table with an endless cell": ("professions.csv", b"profession\n\n" + b"x" * 200_000, r"rules/professions.csv:3:1: is not a CSV file: .* \(save it as .*\)"),
    "no file of rules": ("visibility.yaml", None, r"rules/vocabulary.yaml:3:\d+: the rules of `visibility.yaml` are missing \(put .* back"),
    "no definitions": ("definitions.yaml", None, r"rules/definitions.yaml:1:1: is missing \(put it back"),
    "no table": ("document_types.csv", None, r"rules/document_types.csv:1:1: is missing \(put it back"),
}  # fmt: skip
"""A file that cannot be read: its name, what stands in it (nothing where it is gone), and all that must be said."""


@pytest.mark.parametrize(("name", "content", "said"), UNREAD.values(), ids=UNREAD.keys())
def test_what_follows_from_an_unread_file_is_not_told(
    tmp_path: Path, name: str, content: bytes | None, said: str
) -> None:
    """One fault, in no word of Python, and none of the hundreds that would follow from what was not read."""
    folder = _copy(tmp_path)
    (folder / name).unlink() if content is None else (folder / name).write_bytes(content)
    with pytest.raises(RuleFaults) as caught:
        load(folder)
    [told] = map(str, caught.value.faults)
    assert re.fullmatch(f"{said}.*", told), told
    assert "Error" not in told


def test_other_faults_are_told_beside_an_unread_file(tmp_path: Path) -> None:
    """A file of rules that cannot be read hides no mistake of another one."""
    folder = _copy(tmp_path)
    (folder / "access.yaml").write_bytes(b"\xff")
    _edit(folder, "minors.yaml", "parameter.minor_self_access", "parameter.minor_access")
    with pytest.raises(RuleFaults) as caught:
        load(folder)
    assert [fault.place.file for fault in caught.value.faults] == ["rules/access.yaml", "rules/minors.yaml"]


def test_a_file_that_the_vocabulary_does_not_list_is_told(tmp_path: Path) -> None:
    """A renamed file is missing and unknown: two faults, and its rules are not read."""
    folder = _copy(tmp_path)
    (folder / "visibility.yaml").rename(folder / "visibility (copie).yaml")
    with pytest.raises(RuleFaults) as caught:
        load(folder)
    told = [str(fault) for fault in caught.value.faults]
    assert told[0].startswith("rules/visibility (copie).yaml:1:1: is not among the `concerns` of vocabulary.yaml")
    assert "the rules of `visibility.yaml` are missing" in told[1]
    assert len(told) == 2


def test_a_fact_used_too_early_is_told_once_a_rule(tmp_path: Path) -> None:
    """However many actions it is about; the place is that of the fact."""
    folder = _copy(tmp_path)
    early = EDITS["a look at the document too early"]
    _edit(folder, *early[:3])
    with pytest.raises(RuleFaults) as caught:
        load(folder)
    [fault] = caught.value.faults
    line = (folder / "actors.yaml").read_text("utf-8").splitlines()[fault.place.line - 1]
    assert line[fault.place.column - 1 :].startswith("document.status: Deleted")
    assert "`authz.add`, `authz.block`, `authz.list` and 28 more actions" in fault.message
    assert "choose one of the stages `status`, `labels`" in fault.advice


LOOSE = {
    "a definition that nobody uses": (
        "definitions.yaml", "patient:\n", "lonely: {fr: a, en: b, when: {record.exists: true}}\n\npatient:\n",
        r"rules/definitions.yaml:4:30: no rule uses definition `lonely` \(use it, or remove it\)",
    ),
    "law elsewhere that is no rule": (
        "elsewhere.yaml", "rules: [DOC-07]", "rules: [DOC-77]", r"unknown word in `rules` of `AUT-08`: `DOC-77`"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "said"), LOOSE.values(), ids=LOOSE.keys())
def test_what_changes_no_decision_keeps_no_rule_from_deciding(
    tmp_path: Path, name: str, old: str, new: str, said: str
) -> None:
    """The rule set loads and decides as before; what is wrong is kept for `check`."""
    folder = _copy(tmp_path)
    _edit(folder, name, old, new)
    found = load(folder)
    assert [rule.id for rule in found.rules] == [rule.id for rule in load(RULES).rules]
    [told] = map(str, found.loose)
    assert re.search(said, told), told


def test_the_rules_have_no_loose_word() -> None:
    """The project's own files use all that they define."""
    assert load(RULES).loose == ()


@pytest.mark.parametrize(
    ("called", "said"), [("", "rules/access.yaml"), (".", "access.yaml"), ("HEAD~1:rules", "HEAD~1:rules/access.yaml")]
)
def test_a_place_is_below_the_folder_as_it_is_called(tmp_path: Path, called: str, said: str) -> None:
    """A fault names its file as the reader can open it."""
    folder = _copy(tmp_path)
    _edit(folder, *EDITS["a mistyped stage"][:3])
    with pytest.raises(RuleFaults) as caught:
        load(folder, called)
    assert {fault.place.file for fault in caught.value.faults} == {said}


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


@pytest.mark.parametrize("name", ["matrix.csv", "document_types.csv"])
def test_a_comma_too_many_is_one_fault(name: str, tmp_path: Path) -> None:
    """The row stands there, although it cannot be read: no table is told to lack it."""
    folder = tmp_path / "rules"
    shutil.copytree(RULES, folder)
    lines = (folder / name).read_text("utf-8").splitlines()
    lines[4] += ","
    (folder / name).write_text("\n".join(lines), "utf-8")
    with pytest.raises(RuleFaults) as raised:
        load(folder)
    assert [fault.place.line for fault in raised.value.faults] == [5], str(raised.value)
