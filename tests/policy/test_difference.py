"""The difference between two rule sets, as an officer who edits one word sees it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import z3

from policy.analyze.clock import Amount
from policy.analyze.reading import any_of
from policy.cli.diff import MOST_SHOWN, first
from policy.difference import difference
from policy.difference.compare import Comparison, Kind
from policy.difference.diagram import EVERYTHING, NOTHING, Diagrams
from policy.difference.naming import Naming
from policy.difference.report import Shown, as_json_form
from policy.model import Answer
from policy.ruleset import load
from tests.policy.rule_edits import RULES, edited, run_diff, told


def test_a_comment_a_title_and_an_order_change_no_answer(tmp_path: Path) -> None:
    """Rules in another order, with other titles and comments: nothing, and exit 0."""
    target = edited(
        tmp_path, "visibility.yaml", "title: {fr: Document masqué", "# rien\n  title: {fr: Un document masqué"
    )
    path = target / "traces.yaml"
    path.write_text(
        "\n- id: ".join(reversed(path.read_text("utf-8").split("\n- id: ")[1:])).join(["- id: ", ""]), "utf-8"
    )
    done = run_diff(RULES, target)
    assert (done.returncode, done.stdout.strip()) == (0, "✓ aucune réponse ne change")


@pytest.mark.slow
def test_masked_documents_that_open_in_an_emergency_are_told_in_one_sentence(tmp_path: Path) -> None:
    """VIS-03 and MOD-08 no longer hide masked documents in an emergency: the first sentence says so."""
    target = edited(
        tmp_path, "visibility.yaml", "definition: sees_masked_documents}\n\n- id: MOD-08",
        "any: [{definition: sees_masked_documents}, {definition: emergency}]}\n\n- id: MOD-08",
    )  # fmt: skip
    path = target / "visibility.yaml"
    text = path.read_text("utf-8")
    path.write_text(
        text.replace(
            "definition: emergency, document.labels: {contains: MASQUE_PS}",
            "definition: emergency, document.labels: {contains: V}",
        ),
        "utf-8",
    )
    done = run_diff(RULES, target, "--json")
    found = told(done)
    assert done.returncode == 1
    first = found["sentences"][0]
    assert first["kind"] == "opens"
    assert "peuvent désormais lire un document" in first["sentence"]
    assert "document masqué aux professionnels" in first["sentence"]
    assert "en bris de glace" in first["sentence"]
    for shown in found["classes"]:
        if shown["kind"] == "opens":
            assert "MASQUE_PS" in json.dumps(shown["witness"]["request"])


@pytest.mark.slow
def test_a_cell_of_the_matrix_is_told_with_its_profession_and_type(tmp_path: Path) -> None:
    """One cell closed: that profession alone, that type alone, in English too."""
    target = edited(
        tmp_path,
        "matrix.csv",
        "11369-6,Historique des vaccinations,52,D+,A+",
        "11369-6,Historique des vaccinations,52,D+,A-",
    )
    found = told(run_diff(RULES, target, "--json", "--lang", "en", "--profile", "seed-2011"))
    closing = [one for one in found["sentences"] if one["kind"] == "closes"]
    assert closing
    assert all(
        "Professionals (pharmacien)" in one["sentence"] and "“Historique des vaccinations”" in one["sentence"]
        for one in closing
    )
    assert {name for one in found["sentences"] for name in one["profiles"]} == {"seed-2011"}


@pytest.mark.slow
def test_a_changed_delay_is_told_with_its_dates(tmp_path: Path) -> None:
    """An authorisation that ends sooner: how old it must be for the answer to change."""
    target = edited(
        tmp_path, "profiles/seed-2011.yaml", "authorisation_validity_days: 365", "authorisation_validity_days: 30"
    )
    told = " ".join(run_diff(RULES, target, "--profile", "seed-2011").stdout.split())
    assert "date de l'autorisation il y a au moins 30 jours et moins de 365 jours" in told


@pytest.mark.slow
def test_two_edits_at_once_are_told_apart(tmp_path: Path) -> None:
    """A closed cell, which concerns authorisations of any age, lends that age to nobody of the shortened delay."""
    target = edited(
        tmp_path, "profiles/seed-2011.yaml", "authorisation_validity_days: 365", "authorisation_validity_days: 180"
    )
    path = target / "matrix.csv"
    text = path.read_text("utf-8")
    path.write_text(text.replace("34874-8,CR opératoire,10,D+,A+", "34874-8,CR opératoire,10,D+,R-"), "utf-8")
    found = told(run_diff(RULES, target, "--json", "--profile", "seed-2011"))
    said = [" ".join(one["sentence"].split()) for one in found["sentences"] if one["actions"] == ["doc.mask"]]
    assert any("pharmacien" in one and "CR opératoire" in one for one in said)
    assert any("21 professions" in one for one in said)
    assert all("au moins 180 jours et moins de 365 jours" in one for one in said if "professions" in one)


def test_other_answers_of_a_refusal_are_told(tmp_path: Path) -> None:
    """A denial that says NOT_FOUND instead of FORBIDDEN is a change, though nothing opens or closes."""
    target = edited(tmp_path, "lifecycle.yaml", "answers: FORBIDDEN", "answers: NOT_FOUND")
    found = told(run_diff(RULES, target, "--json"))
    assert {(one["kind"], one["before"], one["after"]) for one in found["classes"]} == {
        ("answers", "FORBIDDEN", "NOT_FOUND")
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        (
            "visibility.yaml", "obligations: [IRREVERSIBLE, NOTIFY_HOLDER]", "obligations: [IRREVERSIBLE]",
            {("doc.reveal_patient", "releases", "NOTIFY_HOLDER", "")},
        ),
        (
            "visibility.yaml",
            "actions: doc.read\n  when: {subject.kind: PROFESSIONAL, document.labels: {contains: INVISIBLE_REPR",
            "actions: doc.create\n  when: {subject.kind: PROFESSIONAL, document.labels: {contains: INVISIBLE_REPR",
            {("doc.read", "releases", "ALERT_INVISIBLE_RL", ""), ("doc.create", "obliges", "", "ALERT_INVISIBLE_RL")},
        ),
        ("traces.yaml", "scope: METADATA", "scope: OWN", {("trace.list", "scopes", "METADATA", "OWN")}),
        # The list itself stays refused for that purpose, so that no item of it is ever shown.
        (
            "request.yaml",
            "actions: every\n  when: {context.purpose",
            "actions: every\n  except: doc.listed\n  when: {context.purpose",
            set(),
        ),
    ],
)  # fmt: skip
def test_exactly_the_changes_of_an_edit_are_found(
    tmp_path: Path, file: str, old: str, new: str, expected: set[tuple[str, str, str, str]]
) -> None:
    """Obligations that go, those that come, scopes, and nothing where no answer changes."""
    comparison = load(RULES), load(edited(tmp_path, file, old, new))
    found = difference(*comparison, "seed-2011", "en", lambda *_: None)
    changes = {one.change for one, _ in found.classes}
    assert {(one.action, one.kind.value, str(one.before), str(one.after)) for one in changes} == expected


def test_several_processes_find_what_one_finds(tmp_path: Path) -> None:
    """The same sentences and classes, in the same order, with the same requests."""
    comparison = load(RULES), load(edited(tmp_path, "minors.yaml", "secret: true", "secret: false"))
    one, two = (as_json_form(difference(*comparison, None, "fr", lambda *_: None, n)) for n in (1, 2))
    assert one == two
    assert one["classes"]


@pytest.mark.slow
def test_a_rule_on_every_action_that_denies_no_more_is_told(tmp_path: Path) -> None:
    """Also of requests whose action cannot be told, of which only what denies every action speaks."""
    denies = "  effect: deny\n  stage: request\n  answers: FORBIDDEN\n  actions: every\n"
    changed = load(edited(tmp_path, "request.yaml", denies, "  effect: permit\n  actions: every\n"))
    assert difference(load(RULES), changed, "seed-2011", "en", lambda *_: None).classes


def test_what_cannot_be_opened_and_what_cannot_be_loaded(tmp_path: Path) -> None:
    """No folder and no revision: exit 2, with what to do; a fault in a rule: exit 3, with its place."""
    done = run_diff("no-such-revision")
    assert (done.returncode, "neither a folder" in done.stderr) == (2, True)
    broken = edited(tmp_path, "lifecycle.yaml", "effect: deny", "effect: dney")
    done = run_diff(RULES, broken)
    assert (done.returncode, "lifecycle.yaml:" in done.stderr) == (3, True)
    assert run_diff(RULES, RULES, "--profile", "law-2040").returncode == 2


def test_a_revision_of_git_is_read_without_touching_the_worktree(tmp_path: Path) -> None:
    """The rules as committed against the rules as they lie there, from another folder than the repository's."""
    target = edited(tmp_path, "lifecycle.yaml", "answers: FORBIDDEN", "answers: FORBIDDEN")
    git = ["git", "-C", str(tmp_path), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "rules"]):
        subprocess.run([*git, *command], check=True)
    path = target / "lifecycle.yaml"
    path.write_text(path.read_text("utf-8").replace("answers: FORBIDDEN", "answers: NOT_FOUND", 1), "utf-8")
    assert run_diff("HEAD", "--rules", target, "--json").returncode == 1
    assert run_diff("HEAD", "HEAD", "--rules", target).returncode == 0
    assert "NOT_FOUND" in path.read_text("utf-8")
    done = run_diff("--output=x", "--rules", target)
    assert done.returncode == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "old", "new", "action"),
    [
        ("profiles/seed-2011.yaml", "emergency_sees_masked: false", "emergency_sees_masked: true", "doc.read"),
        ("access.yaml", "answers: CONFLICT", "answers: FORBIDDEN", "authz.add"),
        ("request.yaml", "when: {request.ill_typed: true}", "when: {record.exists: false}", "record.status"),
        ("profiles/seed-2011.yaml", "retention_years: 10", "retention_years: 9", "record.close"),
    ],
)
def test_a_solver_finds_nothing_beside_what_is_told(tmp_path: Path, file: str, old: str, new: str, action: str) -> None:
    """An SMT solver, asked for a request that is answered otherwise and lies in no region told, finds none."""
    comparison = Comparison(load(RULES), load(edited(tmp_path, file, old, new)))
    for profile in comparison.profiles:
        told = [change for change in comparison.changes(action) if change.profile == profile]
        before, after, domain = comparison.outcomes(profile, action)
        solver = domain.solver()
        solver.add(any_of(z3.Xor(before.answers[answer], after.answers[answer]) for answer in Answer))
        for change in told:
            if change.kind in (Kind.OPENS, Kind.CLOSES, Kind.ANSWERS):
                solver.add(z3.Not(change.translation.formula(change.region)))
        assert solver.check() == z3.unsat
        if told:  # and without the last of them it does find some
            lone = domain.solver()
            lone.add(any_of(z3.Xor(before.answers[answer], after.answers[answer]) for answer in Answer))
            assert lone.check() == z3.sat


@pytest.mark.parametrize(
    ("delays", "said"),
    [
        ([((180, "days"), False), ((365, "days"), False)], "moins de 180 jours"),
        ([((180, "days"), True), ((365, "days"), True)], "au moins 365 jours"),
        ([((1, "years"), False), ((30, "days"), False), ((13, "months"), False)], "moins de 30 jours"),
        ([((180, "days"), True), ((365, "days"), False)], "au moins 180 jours et moins de 365 jours"),
        # A month is longer than 28 days or as long: neither says the other.
        ([((30, "days"), False), ((1, "months"), False)], "moins de 30 jours et moins de 1 mois"),
    ],
)
def test_of_delays_that_go_together_the_narrowest_is_told(delays: list[tuple[Amount, bool]], said: str) -> None:
    """What a shorter delay says already, a longer one does not say again."""
    rules = load(RULES)
    assert Naming(rules, rules, "fr").delays("record.closed_at", delays) == f"date de fermeture il y a {said}"


def test_regions_are_sets() -> None:
    """Union, intersection, complement and projection as of sets, over every value of three variables."""
    diagrams = Diagrams([2, 3, 2])
    one, other = diagrams.where(0, [1]), diagrams.where(1, [0, 2])
    assert diagrams.both(one, diagrams.opposite(one)) == NOTHING
    assert diagrams.either(one, diagrams.opposite(one)) == EVERYTHING
    met = diagrams.both(one, other)
    assert diagrams.opposite(met) == diagrams.either(diagrams.opposite(one), diagrams.opposite(other))
    assert diagrams.whatever(met, [0]) == other
    assert diagrams.possible(met) == {0: frozenset({1}), 1: frozenset({0, 2})}
    assert diagrams.one(met, {0: [0, 1], 1: [1, 2, 0]}) == {0: 1, 1: 2}
    with pytest.raises(ValueError, match="empty"):
        diagrams.one(NOTHING, {})


def test_no_kind_of_change_hides_another() -> None:
    """Of many sentences, those shown first are of every kind, in their order."""
    told = [Shown(kind, f"{kind.value} {number}", (), (), (), None) for kind in Kind for number in range(20)]
    shown = first(told)
    assert len(shown) == MOST_SHOWN
    assert {one.kind for one in shown} == set(Kind)
    assert shown == [one for one in told if one in shown]
    assert first(told[:20]) == told[:MOST_SHOWN]
