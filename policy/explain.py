"""Puts a decision into words, in French and in English, for the person whom it concerns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from policy.model import Answer, Decision
from policy.rule import Rule
from policy.ruleset import RuleSet
from policy.shape import Text


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule that made the decision."""

    rule: str
    title: Text
    basis: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """What may be said to the person who asked."""

    answer: Text
    reasons: tuple[Reason, ...]


def explain(ruleset: RuleSet, decision: Decision) -> Explanation:
    """Explain a decision to its subject.

    INVARIANT: of a NOT_FOUND nothing is said but the answer, so that hidden and missing are explained alike.
    """
    words = ruleset.vocabulary.answers[decision.answer.value]
    if decision.answer is Answer.NOT_FOUND:
        return Explanation(words, ())
    rules: Mapping[str, Rule] = {rule.id: rule for rule in ruleset.rules}
    reasons = tuple(Reason(name, rules[name].title, rules[name].basis) for name in decision.rules if name in rules)
    return Explanation(words, reasons)
