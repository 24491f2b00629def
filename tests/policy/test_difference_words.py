"""The sentences and examples of `dmp rules diff`: every condition told, in dates and words of real life."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from policy.cli.diff import MOST_SHOWN
from policy.difference import difference
from policy.difference.compare import Kind
from policy.ruleset import load
from tests.policy.rule_edits import RULES, edited, run_diff, told
from tests.policy.small_rules import written


@pytest.mark.slow
def test_items_and_actors_are_told_in_good_french(tmp_path: Path) -> None:
    """A document is seen in a list, one profession stands beside its actor, and no delay that is as it was is told."""
    row = "11369-6,Historique des vaccinations,52,D+,A"
    target = edited(tmp_path, "matrix.csv", f"{row}+", f"{row}-")
    told = run_diff(RULES, target, "--profile", "seed-2011", "--json").stdout
    assert "Les professionnels (pharmacien) ne peuvent plus lire un document ou voir un document dans une liste" in told
    assert "date de l'autorisation il y a" not in told


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("fr", "1 classe de demandes change de réponse (1 s'ouvre, 0 se ferme)"),
        ("en", "the answers to 1 class of requests change (1 opens, 0 close)"),
    ],
)
def test_one_class_is_told_in_the_singular(tmp_path: Path, language: str, said: str) -> None:
    """Of a rule set with one denial less."""
    old, new = written(tmp_path / "old"), written(tmp_path / "new")
    text = (new / "doors.yaml").read_text("utf-8")
    (new / "doors.yaml").write_text(text[: text.index("- id: QUIET")], "utf-8")
    assert said in run_diff(old, new, "--lang", language).stdout


@pytest.mark.slow
def test_every_kind_of_change_is_counted_and_all_are_shown_on_demand(tmp_path: Path) -> None:
    """The counts of the last line add up to its number; what is left out is shown by the option that the line names."""
    row = "11369-6,Historique des vaccinations,52,D+,A"
    target = edited(tmp_path, "matrix.csv", f"{row}+", f"{row}-")
    shown = [run_diff(RULES, target, "--lang", "en", *more).stdout for more in ((), ("--all",))]
    some, everything = (" ".join(told.split()) for told in shown)
    last = some[some.index("✗") :]
    whole, *counts = map(int, re.findall(r"\d+", last))
    assert sum(counts) == whole > MOST_SHOWN
    assert "refusals are told otherwise" in last
    assert f"and {whole - MOST_SHOWN} other sentences (--all shows all)" in some
    assert (some.count("example ("), everything.count("example (")) == (MOST_SHOWN, whole)
    assert "--all" not in everything


def test_kinds_that_are_neither_opened_nor_closed_are_counted(tmp_path: Path) -> None:
    """An obligation that goes is counted beside what opens and closes."""
    both, one = "obligations: [IRREVERSIBLE, NOTIFY_HOLDER]", "obligations: [IRREVERSIBLE]"
    told = run_diff(RULES, edited(tmp_path, "visibility.yaml", both, one), "--profile", "seed-2011").stdout
    assert "(0 s'ouvre, 0 se ferme, 2 perdent une obligation)" in " ".join(told.split())


FOUR_WEEKS = """
- id: LAB-01
  title: {fr: a, en: a}
  basis: b
  effect: deny
  stage: conditions
  answers: FORBIDDEN
  actions: doc.read
  when:
    document.deposited_at: {elapsed: sensitive_release_months}
    not: {document.deposited_at: {elapsed: ticket_validity_days}}
"""


@pytest.mark.slow
@pytest.mark.parametrize(("days", "shown"), [(28, False), (30, True)])
def test_delays_that_no_date_has_together_are_told_in_words(tmp_path: Path, days: int, shown: bool) -> None:
    """A month has passed and 28 days have not: no day is such, and but one hour a year; 30 days: every February."""
    folders = [edited(tmp_path / side, "profiles/law-2023.yaml", ": 30", f": {days}") for side in ("old", "new")]
    path = folders[1] / "documents.yaml"
    path.write_text(path.read_text("utf-8") + FOUR_WEEKS, "utf-8")
    if shown:
        found = told(run_diff(*folders, "--profile", "law-2023", "--json"))
        assert {one["witness"] is not None for one in found["classes"]} == {True}
    else:
        done = run_diff(*folders, "--profile", "law-2023")
        assert (done.returncode, done.stderr, "aucune date trouvée" in done.stdout) == (1, "", True)


def _dates(request: dict[str, Any]) -> dict[str, str]:
    """The days that a request states, by attribute."""
    document = next(iter((request.get("documents") or {}).values()), request.get("document")) or {}
    stated = {**request["record"], **request["relation"], **document}
    wanted = ("holder_birth_date", "closed_at", "authorisation_added_at", "deposited_at")
    return {name: stated[name][:10] for name in wanted if isinstance(stated.get(name), str)}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("matrix.csv", "11369-6,Historique des vaccinations,52,D+,A+", "11369-6,Historique des vaccinations,52,D+,A-"),
        ("profiles/seed-2011.yaml", "authorisation_validity_days: 365", "authorisation_validity_days: 180"),
        ("profiles/seed-2011.yaml", "retention_years: 10", "retention_years: 9"),
        ("profiles/seed-2011.yaml", "age_of_majority: 18", "age_of_majority: 16"),
    ],
)
def test_examples_have_the_dates_of_real_life(tmp_path: Path, file: str, old: str, new: str) -> None:
    """Nobody is born after his document, nothing happens after the clock, and grown-ups are shown where they may be."""
    comparison = load(RULES), load(edited(tmp_path, file, old, new))
    found = difference(*comparison, "seed-2011", "fr", lambda *_: None)
    shown = [witness for one, witness in found.classes if witness and one.change.typed]
    assert shown
    for witness in shown:
        dates = _dates(dict(witness.request))
        born = dates.pop("holder_birth_date", "")
        assert witness.plausible
        assert not born or born > "1900"
        assert all(born <= day <= str(witness.request["at"])[:10] for day in dates.values()), witness.request


BEFORE_BIRTH = """
- id: LAB-02
  title: {fr: a, en: a}
  basis: b
  effect: deny
  stage: conditions
  answers: FORBIDDEN
  actions: doc.read
  when:
    document.deposited_at: {elapsed: retention_years}
    not: {record.holder_birth_date: {elapsed: retention_years}}
"""


def test_an_example_that_real_life_does_not_have_is_said_to_be_one(tmp_path: Path) -> None:
    """Of documents older than their patient there is no other request, and the sentence that shows one says so."""
    target = edited(tmp_path, "documents.yaml", "# Documents", "# documents")
    path = target / "documents.yaml"
    path.write_text(path.read_text("utf-8") + BEFORE_BIRTH, "utf-8")
    told = " ".join(run_diff(RULES, target, "--profile", "seed-2011").stdout.split())
    assert "exemple aux dates invraisemblables, faute d'autre (OK → FORBIDDEN)" in told


MASKED = """    any:
      - document.author: {same_as: subject.id}
      - definition: treating_physician_or_equivalent"""


OWN_ID = "actions: doc.find_own_id\n  unless: {definition: author_of_the_document}"


OPEN_MATRIX = "  unless: {definition: permitted_by_the_matrix}"


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("definitions.yaml", MASKED, MASKED.replace("      - document.author: {same_as: subject.id}\n", ""),
         "document dont ils sont l'auteur"),
        ("documents.yaml", OWN_ID, OWN_ID.replace("{definition: author_of_the_document}", "{definition: structure}"),
         "l'auteur"),
        ("visibility.yaml", OPEN_MATRIX, "  unless: [{definition: permitted_by_the_matrix}, {subject.structure: ES1}]",
         "structure de rattachement : ES1"),
        ("visibility.yaml", OPEN_MATRIX,
         "  unless: [{definition: permitted_by_the_matrix}, {document.author_structure: {same_as: subject.structure}}]",
         "structure de l'auteur = structure de rattachement"),
        ("visibility.yaml", OPEN_MATRIX,
         "  unless: [{definition: permitted_by_the_matrix}, {not: {document.labels: {contains: R}}}]",
         "sauf si « confidentialité restreinte »"),
        ("documents.yaml", OWN_ID, OWN_ID + "\n  when: {context.secret: false}", "connexion secrète"),
        ("documents.yaml", OWN_ID, OWN_ID + "\n  when: {subject.profession: {exists: true}}",
         "(profession (colonne de la matrice, ou une autre) : non indiqué)"),
        ("documents.yaml", OWN_ID, OWN_ID + "\n  when: {context.reason: {exists: true}}", "motif : non indiqué"),
        ("documents.yaml", OWN_ID, OWN_ID + "\n  when: {not: {document.status: Archived}}", "document archivé"),
        ("documents.yaml", OWN_ID, OWN_ID + "\n  when: {relation.authorisation: [VALIDE, INTERDIT]}",
         "sans autorisation"),
        ("documents.yaml", OWN_ID, OWN_ID + "\n  when: {not: {subject.authn_mode: DIRECT_CPE}}", "par carte CPE"),
        ("documents.yaml", OWN_ID,
         OWN_ID + "\n  when: {not: {subject.authn_mode: DIRECT_CPE, subject.profession: {column_of: matrix}}}",
         "par carte CPE"),
        ("documents.yaml", OWN_ID, OWN_ID + "\n  when: {not: {document.class: '10'}}", "classe (classCode) : 10"),
        ("documents.yaml", OWN_ID, OWN_ID + "\n  when: {document.class: '10'}", "classe (classCode) : autre que 10"),
    ],
)  # fmt: skip
def test_no_condition_of_an_edit_is_left_out(tmp_path: Path, file: str, old: str, new: str, said: str) -> None:
    """What opens or closes for some alone is told of these: authors, a structure, what is not so, any other text."""
    comparison = load(RULES), load(edited(tmp_path, file, old, new))
    found = difference(*comparison, "seed-2011", "fr", lambda *_: None)
    asked = [one for one in found.told if {*one.actions} & {"doc.read", "doc.find_own_id"}]
    assert asked
    for one in (one for one in asked if one.kind in (Kind.OPENS, Kind.CLOSES)):
        assert said in " · ".join([one.sentence, *one.always]).replace("\N{NO-BREAK SPACE}", " ")


def test_what_no_words_tell_apart_is_said_to_hold_in_some_cases_only(tmp_path: Path) -> None:
    """Two facts of which one must fail: neither always does, and both are named as what decides."""
    new = OWN_ID + "\n  when: {context.secret: true, context.informed: true}"
    comparison = load(RULES), load(edited(tmp_path, "documents.yaml", OWN_ID, new))
    (told,) = difference(*comparison, "seed-2011", "en", lambda *_: None).told
    assert told.sentence.endswith(
        "in some cases only, depending on: information given (attested) and secret connection"
    )
