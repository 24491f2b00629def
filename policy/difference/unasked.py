"""Requests for what nobody can ask: actions that a vocabulary lacks, or decides on the items of lists alone."""

from __future__ import annotations

from functools import cached_property

import z3

from policy.analyze.domain import Domain
from policy.analyze.encode import Encoder
from policy.analyze.outcome import Outcome
from policy.analyze.reading import YES, Reading
from policy.condition import Among, Condition, Constant, Every, Negation, Some, narrow
from policy.ruleset import RuleSet

UNKNOWN_ACTION = ""
"""Stands for every word that is no action."""


class _Refused(Reading):
    """A request whose action alone makes it ill-typed; what it states is read as of any other."""

    def __init__(self, domain: Domain, ruleset: RuleSet, action: str) -> None:
        super().__init__(domain, ruleset.vocabulary, action)
        self.asked, self.is_item = action, False

    @cached_property
    def faults_elsewhere(self) -> z3.BoolRef:
        return YES


def refused(domain: Domain, ruleset: RuleSet, profile: str, action: str) -> Outcome:
    """The decisions on requests that name such an action: never a permit, by the rules that the engine then asks.

    Of an action that is no word at all only the denials of every action speak.
    """
    vocabulary = ruleset.vocabulary
    encoder = Encoder(_Refused(domain, ruleset, action), ruleset.tables, {})
    known = action in vocabulary.actions
    rules = {
        rule.id: rule
        for rule in ruleset.rules
        if profile in rule.conditions
        and (action in rule.actions if known else rule.effect == "deny" and rule.actions == vocabulary.actions.keys())
    }
    fired = {}
    for rule in rules.values():
        condition, sure = rule.conditions[profile], rule.effect == "permit"
        asked = narrow(condition, "action", action) if known else _of_no_action(condition, sure)
        fired[rule.id] = encoder.formula(asked, sure)
    return Outcome(encoder, profile, rules, fired)


def _of_no_action(condition: Condition, sure: bool) -> Condition:
    """What is left of a condition when the action cannot be told: a test of it may hold, and is not sure."""
    match condition:
        case Among("action"):
            return Constant(not sure)
        case Negation(part):
            return Negation(_of_no_action(part, not sure))
        case Every(parts):
            return Every(tuple(_of_no_action(part, sure) for part in parts))
        case Some(parts):
            return Some(tuple(_of_no_action(part, sure) for part in parts))
        case _:
            return condition
