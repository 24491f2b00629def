"""All 182 rules of the catalogue are accounted for, and every place that is named for one is there."""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from policy.casebook import cases
from policy.elsewhere import Elsewhere
from policy.errors import FaultList
from policy.ruleset import RuleSet, load

ROOT = Path(__file__).parents[2]
RULES = ROOT / "rules"
ROWS = (Path(__file__).parent / "catalogue_rules.csv").read_text("utf-8").splitlines()
CATALOGUE = [row["id"] for row in csv.DictReader(ROWS)]
OUR_OWN = "SVC-"


@pytest.fixture(scope="module")
def ruleset() -> RuleSet:
    return load(RULES)


def _unaccounted(ruleset: RuleSet) -> set[str]:
    encoded = {rule.catalogue_id for rule in ruleset.rules}
    return {*CATALOGUE} ^ {name for name in encoded | {*ruleset.elsewhere["elsewhere.yaml"]} if OUR_OWN not in name}


def _missing_places(entries: list[Elsewhere]) -> list[str]:
    return [
        f"{entry.id}: {path} does not say `{word}`"
        for entry in entries
        for path, word in entry.modules.items()
        if not (ROOT / path).is_file() or word not in (ROOT / path).read_text("utf-8")
    ]


def test_every_rule_of_the_catalogue_is_accounted_for(ruleset: RuleSet) -> None:
    """182 ids, each a rule of a file or an entry of elsewhere.yaml, and nothing that the catalogue does not know."""
    assert (len(CATALOGUE), len(set(CATALOGUE))) == (182, 182)
    assert _unaccounted(ruleset) == set()


def test_a_rule_left_out_or_made_up_is_seen(ruleset: RuleSet) -> None:
    """Whichever rule or entry vanishes is missed by its id, and so is one that the catalogue does not have."""
    entries = ruleset.elsewhere["elsewhere.yaml"]
    for name in CATALOGUE:
        rules = tuple(rule for rule in ruleset.rules if rule.catalogue_id != name)
        kept = {key: entry for key, entry in entries.items() if key != name}
        assert _unaccounted(replace(ruleset, rules=rules, elsewhere={"elsewhere.yaml": kept})) == {name}
    made_up = {**entries, "VIS-21": entries["VIS-01"]}
    assert _unaccounted(replace(ruleset, elsewhere={"elsewhere.yaml": made_up})) == {"VIS-21"}


def test_the_modules_that_are_named_do_what_is_said(ruleset: RuleSet) -> None:
    """Every module is there and mentions the rule's id or the thing."""
    entries = [entry for file in ruleset.elsewhere.values() for entry in file.values()]
    assert sum(len(entry.modules) for entry in entries) > 20
    assert _missing_places(entries) == []


@pytest.mark.parametrize("modules", [{"services/store/nowhere.py": "x"}, {"services/store/facts.py": "no such word"}])
def test_a_place_that_is_not_there_is_seen(ruleset: RuleSet, modules: dict[str, str]) -> None:
    """A module that moved, or no longer does the thing, is told."""
    assert _missing_places([replace(ruleset.elsewhere["elsewhere.yaml"]["AUT-10"], modules=modules)])


def test_every_open_question_is_a_parameter_or_says_why_not(ruleset: RuleSet) -> None:
    """The 22 ambiguities of catalogue section 11, in order; four are fixed, each with its reason."""
    questions = ruleset.elsewhere["ambiguities.yaml"]
    assert list(questions) == [f"AMB-{number:02}" for number in range(1, 23)]
    settled = {name for name, entry in questions.items() if "parameters" in entry.said_by}
    assert {name for name, entry in questions.items() if entry.fixed} == questions.keys() - settled
    assert len(settled) == 18


def test_the_recommended_answers_are_the_defaults(ruleset: RuleSet) -> None:
    """Catalogue section 11, in both profiles; the head table of the catalogue where they differ."""
    both = {
        "emergency_sees_masked": False, "block_survives_emergency": True, "treating_physician_authorised": True,
        "hide_from_patient_after_deposit": False, "sensitive_hidden_from_representatives": True,
        "minor_self_access": False,
        "matrix_applies": "ALWAYS", "emergency_sees_personal_space": False, "author_acts_without_authorisation": True,
        "holder_consults_closed_record": False, "restricted_codes_deposited": False,
        "author_deletes": "ON_REQUEST_OR_ERROR",
        "cumul_invisible_patient_masque_ps": False, "interview_held_by": "ANY_PROFESSIONAL",
        "professionals_deposit_by_matrix": False, "age_of_majority": 18,
        "ticket_validity_days": 30, "retention_years": 10,
    }  # fmt: skip
    seed = {
        "authorisation_validity_days": 365, "care_team_deemed_authorised": False, "explicit_consent_each_time": False,
        "mt_equivalents": False, "author_scope": "PERSON", "sensitive_release_months": None,
        "sensitive_notice_days": None, "delegate_enabled": False,
        "occupational_doctor": "deny", "air_consultation": False, "notify_mt_on_emergency": False,
        "auto_creation": False,
        "patient_deposits": "PERSONAL_SPACE", "closed_rules_cover_suspended": False,
    }  # fmt: skip
    law = {
        "authorisation_validity_days": None, "care_team_deemed_authorised": True, "explicit_consent_each_time": True,
        "mt_equivalents": True, "author_scope": "STRUCTURE", "sensitive_release_months": 1,
        "sensitive_notice_days": 14, "delegate_enabled": True,
        "occupational_doctor": "express_consent", "air_consultation": True, "notify_mt_on_emergency": True,
        "auto_creation": True, "patient_deposits": "ALL_PATIENT_TYPES", "closed_rules_cover_suspended": True,
    }  # fmt: skip
    assert ruleset.parameters == {"seed-2011": both | seed, "law-2023": both | law}


def test_the_professions_are_in_order(ruleset: RuleSet) -> None:
    """HAB-07: doctor, then pharmacist and nurse, then other health professions, then the social ones, by open types."""
    opened = Counter(column for (_, column), cell in ruleset.tables["matrix"].cells.items() if cell == "permitted")
    health = {c for c in opened if ruleset.cell("professions", c, "codes").startswith("G15")}  # type: ignore[union-attr]
    first = {"MEDECIN", "PHARMACIEN", "INFIRMIER"}
    assert opened["MEDECIN"] >= max(opened["PHARMACIEN"], opened["INFIRMIER"])
    assert min(opened["PHARMACIEN"], opened["INFIRMIER"]) >= max(opened[c] for c in health - first)
    social = set(opened) - health
    assert max(opened[c] for c in social) * 5 < min(opened[c] for c in first)


EDITS = {
    "an unknown rule": ("rules: [DOC-07]", "rules: [DOC-77]", "unknown word in `rules` of `AUT-08`: `DOC-77`"),
    "an unknown definition": ("[valid_authorisation]", "[valid_authorisatio]", "(did you mean `valid_authorisation`?)"),
    "an unknown key": (
        '  later: {fr: "étape 5',
        '  latr: {fr: "étape 5',
        "unknown key in `TRC-03` `latr` (did you mean `later`?)",
    ),
    "no French": ('  fr: "Dossier qui', '  xx: "Dossier qui', "`LIF-05` lacks `fr`"),
    "nothing said": ("  rules: [CNS-01]\n", "", "`PAT-15` does not say where it lives"),
    "a rule of a file": ("AUT-08:\n", "DOC-07:\n", "`DOC-07` is a rule of a file (remove it here)"),
    "a reason in one language": (', en: "step 4: notifications"}', "}", "later lacks `en`"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "fault"), EDITS.values(), ids=EDITS.keys())
def test_a_mistake_is_told_by_place(old: str, new: str, fault: str, tmp_path: Path) -> None:
    """Each mistake is a fault of the rule set, with file, line and column."""
    folder = tmp_path / "rules"
    shutil.copytree(RULES, folder)
    path = folder / "elsewhere.yaml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    [told] = [str(found) for found in load(folder).loose if fault in str(found)]
    assert told.startswith("rules/elsewhere.yaml:")


def test_every_parameter_is_tried_with_another_value(ruleset: RuleSet) -> None:
    """Each parameter is set in a test table to what a profile of that table does not say."""
    tried = {
        name
        for case in cases(ruleset, FaultList())
        for name, value in case.parameters
        if ruleset.parameters[case.profile][name] != value
    }
    by_services = {duty.term for duty in ruleset.vocabulary.obligations.values()} - {""}  # which no rule looks at
    assert tried >= set(ruleset.vocabulary.parameters) - by_services


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("minor_self_acces: true", "did you mean `minor_self_access`?"),
        ("minor_self_access: 1", "must be true or false"),
    ],
)
def test_a_parameter_misspelt_in_a_table_is_told(written: str, fault: str, tmp_path: Path) -> None:
    """A table that sets no known parameter, or no value of its type, is a fault and not a case that holds."""
    folder = tmp_path / "rules"
    shutil.copytree(RULES, folder)
    path = folder / "minors_test.yaml"
    path.write_text(path.read_text("utf-8").replace("minor_self_access: true", written), "utf-8")
    faults = FaultList()
    list(cases(load(folder), faults))
    assert [str(found) for found in faults.faults if fault in str(found)]
