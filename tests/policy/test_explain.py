"""Explanations: each change told turns the answer round, none smaller does, and the refused learn nothing hidden."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from policy.errors import RuleFaults
from policy.explain import Report, for_officer, for_person
from policy.explain.officer import Effort
from policy.model import Answer
from policy.ruleset import RuleSet, load
from tests.policy.explained import Json, engine_of, turned_round
from tests.rules.random_requests import requests

ROOT = Path(__file__).parents[2]
DEEP = bool(os.environ.get("DMP_TEST_DEEP"))
CASES: dict[str, Json] = {
    case["id"]: case for case in map(json.loads, (ROOT / "tests/rules/cases.jsonl").read_text("utf-8").splitlines())
}


@pytest.fixture(scope="module")
def ruleset() -> RuleSet:
    return load(ROOT / "rules")


def explained(ruleset: RuleSet, seed: int, count: int) -> Iterator[tuple[Json, Report]]:
    for request in requests(seed, count):
        yield request, for_officer(engine_of(ruleset, request), request)


def _iso(value: date) -> str:
    return value.isoformat()


def changed(report: Report) -> list[dict[str, Any]]:
    """Each set of changes, by attribute (of a set's member, `attribute+member`)."""
    return [
        {
            move.variable.attribute + (f"+{move.variable.member}" if move.variable.member else ""): move.choice.value
            for move in other.moves
        }
        for other in report.otherwise
    ]


@pytest.mark.slow
def test_every_change_told_turns_the_answer_round(ruleset: RuleSet) -> None:
    """10,000 random decisions in full: applying each set of changes does flip the answer, and adds no fault."""
    told: Counter[str] = Counter()
    for request, report in explained(ruleset, 41, 10_000 if DEEP else 250):
        engine = engine_of(ruleset, request)
        assert report.decision == engine.decide(request)
        for other in report.otherwise:
            decision = engine.decide(json.loads(json.dumps(other.request, default=_iso)))
            assert decision.permitted is not report.decision.permitted
            assert not decision.faults
            told[report.decision.effect] += 1
    assert min(told["PERMIT"], told["DENY"]) > 100


@pytest.mark.slow
def test_no_smaller_set_of_changes_does(ruleset: RuleSet) -> None:
    """An independent search, over more values than any rule tells apart, finds nothing smaller; sets told are small."""
    sizes: Counter[int] = Counter()
    for request, report in explained(ruleset, 42, 2_000 if DEEP else 60):
        likely = [other for other in report.otherwise if other.likely]
        if report.decision.faults or not report.proven:
            continue
        size = len(likely[0].moves) - 1 if likely else 1
        sizes[size] += 1
        # Pairs over all these values are many: a few of them here, all in full.
        if size > 1 and not DEEP and sizes[size] > 1:
            continue
        assert turned_round(engine_of(ruleset, request), request, size) is None, request
        for other in likely:
            facts = {move.variable for move in other.moves}
            assert not any({move.variable for move in smaller.moves} < facts for smaller in likely)
    assert sizes[1] > 10


def test_the_smallest_changes_of_known_refusals(ruleset: RuleSet) -> None:
    """A masked document: unmask it, or be the treating physician; a wrong purpose: another; a want of a reason: one."""
    engine = ruleset.engines["seed-2011"]
    masked = changed(for_officer(engine, CASES["T031"] | {"profile": "seed-2011"}))
    assert masked[0] == {"document.labels+MASQUE_PS": False}
    assert {"relation.treating_physician": True} in masked
    other_purpose = {**STRANGER, "relation": {"treating_physician": True}, "context": {"purpose": "BANK"}}
    assert changed(for_officer(engine, other_purpose))[0] == {"context.purpose": "CARE"}
    stranger = changed(for_officer(engine, STRANGER))
    assert {"relation.authorisation": "VALIDE"} in stranger
    assert {"relation.treating_physician": True} in stranger
    blocked = changed(for_officer(engine, {**STRANGER, "relation": {"authorisation": "INTERDIT"}}))
    assert blocked[0] == {"relation.authorisation": "VALIDE"}


STRANGER: Json = {
    "action": "doc.read",
    "at": "2011-06-15T12:00:00+00:00",
    "subject": {"kind": "PROFESSIONAL", "id": "P9", "profession": "MEDECIN", "authn_mode": "DIRECT_CPS"},
    "record": {
        "exists": True,
        "ins": "ALICE",
        "state": "ACTIVE",
        "oppositions": [],
        "holder_birth_date": "1960-03-03",
    },
    "relation": {},
    "document": {
        "type": "11488-4",
        "class": "10",
        "labels": ["N"],
        "status": "Approved",
        "author": "P1",
        "deposited_at": "2011-01-01T12:00:00+00:00",
    },
    "context": {},
}


def test_a_new_value_brings_what_it_requires(ruleset: RuleSet) -> None:
    """An authorisation without its date would be a fault: the date comes with it, as no change of its own."""
    report = for_officer(ruleset.engines["seed-2011"], STRANGER)
    [granted] = [o for o in report.otherwise if o.moves[0].variable.attribute == "relation.authorisation"]
    assert len(granted.moves) == 1
    assert [variable.attribute for variable, _ in granted.moves[0].brought] == ["relation.authorisation_added_at"]
    assert granted.decision.permitted


def test_what_nobody_can_change_is_offered_on_demand(ruleset: RuleSet) -> None:
    """Who somebody is comes last, marked; where nothing else helps it is told at once."""
    engine = ruleset.engines["seed-2011"]
    assert all(other.likely for other in for_officer(engine, STRANGER).otherwise)
    everything = for_officer(engine, STRANGER, Effort(unlikely=True)).otherwise
    marks = [other.likely for other in everything]
    assert True in marks
    assert False in marks
    assert marks == sorted(marks, reverse=True)
    insurer = for_officer(engine, {**STRANGER, "context": {"purpose": "BANK"}})
    assert insurer.otherwise
    assert not any(other.likely for other in insurer.otherwise)


def test_a_search_without_room_says_so(ruleset: RuleSet) -> None:
    """A search that had to end early claims nothing."""
    report = for_officer(ruleset.engines["seed-2011"], CASES["T073"], Effort(most_steps=5))
    assert not report.proven
    assert for_officer(ruleset.engines["seed-2011"], STRANGER).proven


def test_the_two_searches_share_their_steps(ruleset: RuleSet) -> None:
    """The search for what nobody can change has what the first one left, and both end when they are told to."""
    engine = ruleset.engines["seed-2011"]
    asked = 0

    def steps(most: int, *, stop: bool = False) -> int:
        nonlocal asked
        asked = 0

        def counting() -> bool:
            nonlocal asked
            asked += 1
            return stop

        for_officer(engine, CASES["T041"], Effort(unlikely=True, most_steps=most, stop=counting))
        return asked

    assert steps(10_000) > 130
    # Each search ends with the first step past its share.
    assert steps(100) <= 102
    assert steps(10_000, stop=True) == 2


def test_rules_that_fired_are_those_of_the_decision(ruleset: RuleSet) -> None:
    """The rules told are the matched ones; a rule one test away fires when that test's answer is another."""
    near = 0
    for request, report in explained(ruleset, 43, 80):
        if report.decision.visible is None:
            engine = engine_of(ruleset, request)
            matched = set(report.decision.matched) - {engine.vocabulary.default_rule}
            assert {seen.rule.id for seen in report.fired} == matched
        assert all(seen.wanting for seen in report.near)
        near += len(report.near)
    assert near > 500


def test_nearly_fired_means_one_test_away(ruleset: RuleSet) -> None:
    """The stranger is one authorisation from two permits; the treating physician's profession is no obstacle."""
    report = for_officer(ruleset.engines["seed-2011"], STRANGER)
    [permit] = [seen for seen in report.near if seen.rule.id == "AUT-02"]
    wanting = {getattr(one.test, "attribute", "") for one in permit.wanting}
    assert wanting == {"relation.treating_physician"}
    other = {**STRANGER, "subject": {**STRANGER["subject"], "profession": "INFIRMIER"}}
    assert "AUT-02" not in {seen.rule.id for seen in for_officer(ruleset.engines["seed-2011"], other).near}


def test_a_permit_that_another_rule_would_refuse_anyway_says_so(ruleset: RuleSet) -> None:
    """The treating physician reads this document, and not one that is deleted, which nobody does."""
    deleted = {**STRANGER, "document": {**STRANGER["document"], "status": "Deleted"}}
    for request, still in ((STRANGER, ()), (deleted, ("DOC-05",))):
        report = for_officer(ruleset.engines["seed-2011"], request)
        [seen] = [seen for seen in report.near if seen.rule.id == "AUT-02"]
        assert seen.still == still


def test_the_refused_hears_what_can_be_done(ruleset: RuleSet) -> None:
    """A refusal that somebody can lift names who; one that nobody can lift names nothing."""
    engine = ruleset.engines["seed-2011"]
    told = for_person(engine, STRANGER, engine.decide(STRANGER))
    advice = {step.advice.fr for remedy in told.remedies for step in remedy}
    assert "Le titulaire peut vous autoriser." in advice
    assert all(step.advice.en for remedy in told.remedies for step in remedy)
    bank = {**STRANGER, "context": {"purpose": "BANK"}}
    assert for_person(engine, bank, engine.decide(bank)).remedies == ()
    unasked = {**STRANGER, "action": "authz.add", "document": None}
    [only] = for_person(engine, unasked, engine.decide(unasked)).remedies
    assert [step.attribute for step in only] == ["context.consent"]


def test_nobody_is_told_to_break_the_glass(ruleset: RuleSet) -> None:
    """No remedy is an attestation of an emergency, another mode of emergency, another purpose or another identity."""
    suspicious = ("context.patient_unable", "context.immediate_risk", "context.purpose", "subject.kind", "subject.id")
    remedies = 0
    for request in requests(44, 500):
        engine = engine_of(ruleset, request)
        for remedy in for_person(engine, request, engine.decide(request)).remedies:
            remedies += 1
            assert not {step.attribute for step in remedy} & {*suspicious}
            assert all("bris" not in step.advice.fr.lower() for step in remedy)
    assert remedies > 50


HIDDEN: tuple[Json, ...] = (
    {"labels": ["N", "MASQUE_PS"]},
    {"labels": ["N", "INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX"]},
    {"status": "Deleted"},
    {"type": "REMB", "class": "60"},
)


def test_hidden_and_missing_are_explained_alike(ruleset: RuleSet) -> None:
    """To the person, whatever is hidden is explained as if it were missing, reasons and remedies and all."""
    pairs: Counter[str] = Counter()
    for request in requests(45, 4_000 if DEEP else 400):
        engine = engine_of(ruleset, request)
        if not isinstance(request.get("document"), dict) or engine.decide(request).faults:
            continue
        missing = {**request, "document": None}
        absent = engine.decide(missing)
        for hiding in HIDDEN:
            hidden = {**request, "document": {**request["document"], **hiding}}
            decision = engine.decide(hidden)
            if decision.faults or (decision.effect, decision.answer) != (absent.effect, absent.answer):
                continue
            if decision.answer is not Answer.NOT_FOUND and decision.rules != absent.rules:
                continue  # not hidden from him: his own, or refused for what he asks of it
            if decision.answer is Answer.FORBIDDEN and (not _early(ruleset, decision.stage) or _is_author(hidden)):
                continue  # what he deposits or has deposited, and knows
            assert for_person(engine, hidden, decision) == for_person(engine, missing, absent), (hidden, decision)
            pairs[decision.answer] += 1
    assert min(pairs["NOT_FOUND"], pairs["FORBIDDEN"]) > 20


def test_a_missing_record_is_explained_as_any_other(tmp_path: Path) -> None:
    """In the stage that tells of existence last, what clears a refusal does not depend on whether the record exists."""
    folder = tmp_path / "rules"
    shutil.copytree(ROOT / "rules", folder)
    path = folder / "vocabulary.yaml"
    suggested = "{by: asker, advice: [{to: CARE, fr: Changez de but., en: Change the purpose.}]}"
    text = path.read_text("utf-8")
    line = "context.purpose:                       {by: nobody}"
    assert line in text
    path.write_text(text.replace(line, f"context.purpose: {suggested}"), "utf-8")
    engine = load(folder).engines["seed-2011"]
    refused = {**STRANGER, "context": {"purpose": "BANK"}}
    nowhere = {**refused, "record": {"exists": False}}
    told = [for_person(engine, request, engine.decide(request)) for request in (refused, nowhere)]
    assert told[0] == told[1]
    assert [step.advice.en for remedy in told[0].remedies for step in remedy] == ["Change the purpose."]


def _is_author(request: Json) -> bool:
    subject = request["subject"]
    return request["document"]["author"] in (subject.get("id"), subject.get("structure"))


def _early(ruleset: RuleSet, stage: str) -> bool:
    return not next(known.uses_document for known in ruleset.vocabulary.stages if known.id == stage)


def test_remedies_clear_the_refusal_that_was_told(ruleset: RuleSet) -> None:
    """Doing all the steps of a remedy, the rules that refused refuse no longer."""
    engine = ruleset.engines["seed-2011"]
    blocked = {**STRANGER, "relation": {"authorisation": "INTERDIT"}}
    before = engine.decide(blocked)
    assert "AUT-06" in before.rules
    told = for_person(engine, blocked, before)
    assert [step.advice.fr for remedy in told.remedies for step in remedy][:1] == ["Le titulaire peut vous autoriser."]
    lifted = {**blocked, "relation": {"authorisation": "VALIDE", "authorisation_added_at": blocked["at"]}}
    assert engine.decide(lifted).permitted


def test_changes_of_the_vocabulary_are_checked(tmp_path: Path) -> None:
    """A changer, a value or an attribute misspelt, and an attribute without its line: each told with its place."""
    folder = tmp_path / "rules"
    shutil.copytree(ROOT / "rules", folder)
    path = folder / "vocabulary.yaml"
    text = path.read_text("utf-8")
    broken = (
        text.replace("record.deceased:                       {by: nobody}", "record.deceased: {by: nobdy}")
        .replace("{to: VALIDE, fr", "{to: VALID, fr")
        .replace("record.protection:                     {by: nobody}", "record.protecton: {by: nobody}")
    )
    path.write_text(broken, "utf-8")
    with pytest.raises(RuleFaults) as caught:
        load(folder)
    told = "\n".join(str(fault) for fault in caught.value.faults)
    for message in (
        "unknown changer `nobdy` (did you mean `nobody`?)",
        "unknown value of `relation.authorisation`: `VALID` (did you mean `VALIDE`?)",
        "unknown attribute `record.protecton` (did you mean `record.protection`?)",
        "`changes` does not say who changes `record.protection`",
    ):
        assert message in told
