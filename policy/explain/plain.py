"""Explanations as plain values, for programs."""

from __future__ import annotations

from datetime import date
from typing import Any

from policy.condition import Test
from policy.explain.near import Asked
from policy.explain.officer import Otherwise, Report, RuleSeen
from policy.explain.person import Explanation
from policy.explain.search import Move
from policy.explain.words import Words
from policy.facts import UNKNOWN
from policy.model import Decision
from policy.shape import Text
from policy.vocabulary import Vocabulary


def person_form(decision: Decision, explanation: Explanation) -> dict[str, Any]:
    """What the person refused is told."""
    return {
        "effect": decision.effect.value,
        "external": decision.answer.value,
        "summary": bilingual(explanation.answer),
        "reasons": [
            {"rule": reason.rule, "title": bilingual(reason.title), "basis": reason.basis}
            for reason in explanation.reasons
        ],
        "remedies": [
            [{"attribute": step.attribute, "advice": bilingual(step.advice)} for step in remedy]
            for remedy in explanation.remedies
        ],
    }


def officer_form(vocabulary: Vocabulary, report: Report) -> dict[str, Any]:
    """What an officer is told."""
    decision = report.decision
    return {
        "effect": decision.effect.value,
        "external": decision.answer.value,
        "summary": bilingual(report.answer),
        "stage": decision.stage,
        "rules": list(decision.rules),
        "faults": list(decision.faults),
        "profile": decision.profile,
        "policy_version": decision.digest,
        "fired": [_rule(vocabulary, seen) for seen in report.fired],
        "near": [_rule(vocabulary, seen) for seen in report.near],
        "facts": [
            {
                "attribute": fact.attribute,
                "title": bilingual(fact.title),
                "value": value(fact.value),
                "given": fact.given,
                "changed_by": fact.changed_by.name if fact.changed_by else None,
            }
            for fact in report.facts
        ],
        "otherwise": [_otherwise(report, other) for other in report.otherwise],
        "proven": report.proven,
    }


def bilingual(text: Text) -> dict[str, str]:
    """A sentence in both languages."""
    return {"fr": text.fr, "en": text.en}


def value(given: Any) -> Any:
    """A typed value as JSON says it; what is unknown is told as text."""
    if given is UNKNOWN:
        return "UNKNOWN"
    if isinstance(given, frozenset):
        return sorted(given)
    return given.isoformat() if isinstance(given, date) else given


def _rule(vocabulary: Vocabulary, seen: RuleSeen) -> dict[str, Any]:
    rule = seen.rule
    found: dict[str, Any] = {
        "rule": rule.id,
        "effect": rule.effect,
        "title": bilingual(rule.title),
        "basis": rule.basis,
        "stage": rule.stage if rule.effect == "deny" else "",
        "place": str(rule.place),
        "tests": [_asked(vocabulary, asked) for asked in seen.asked],
    }
    return found | ({"wanting": [_asked(vocabulary, one) for one in seen.wanting]} if seen.wanting else {})


def _asked(vocabulary: Vocabulary, asked: Asked) -> dict[str, Any]:
    return {**_test(vocabulary, asked.test), "holds": asked.answer}


def _test(vocabulary: Vocabulary, test: Test) -> dict[str, str]:
    return {"fr": Words(vocabulary, "fr").test(test), "en": Words(vocabulary, "en").test(test)}


def _otherwise(report: Report, other: Otherwise) -> dict[str, Any]:
    return {
        "changes": [change for move in other.moves for change in _move(report, move)],
        "likely": other.likely,
        "effect": other.decision.effect.value,
        "external": other.decision.answer.value,
        "rules": list(other.decision.rules),
    }


def _move(report: Report, move: Move) -> list[dict[str, Any]]:
    """The facts that a change changes, those that come with it after it."""
    found = []
    for variable, choice in ((move.variable, move.choice), *move.brought):
        change: dict[str, Any] = {"attribute": variable.attribute}
        if variable.member:
            change["member"] = variable.member
        change |= {"from": value(report.value(variable)), "to": value(choice.value)}
        found.append(change | ({"or": [value(one) for one in choice.alike]} if choice.alike else {}))
    return found
