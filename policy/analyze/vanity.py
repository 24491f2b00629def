"""Rules that say nothing: that never fire, never make a difference, or permit what is always denied."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

import z3

from policy.analyze.domain import Domain
from policy.analyze.outcome import Outcome, Outcomes
from policy.analyze.questions import Questions
from policy.analyze.reading import all_of, any_of, negation
from policy.errors import FaultList
from policy.model import Answer
from policy.rule import Rule
from policy.ruleset import RuleSet

_WEAKENED = "see by `dmp rules diff` whether another rule has become weaker; if that is meant, remove `kept_because`"


class Vanity(Enum):
    """Why a rule need not stand."""

    NEVER_FIRES = "can fire for no complete request"
    NEVER_WINS = "permits nothing: whatever it fires for is denied"
    SHADOWED = "is shadowed: whatever it fires for is answered the same without it, and it is never told"
    REPEATS = "repeats others: whatever it fires for is answered the same without it"


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that says nothing, and the rules that speak in its place."""

    rule: Rule
    vanity: Vanity
    instead: tuple[str, ...]
    """A smallest choice of rules of which one fires wherever it does; none where it never fires."""


def vain_rules(ruleset: RuleSet, rules: Sequence[Rule]) -> Iterator[Finding]:
    """Which of some rules of a rule set say nothing, in their order."""
    outcomes = Outcomes(Domain([ruleset]), ruleset)
    questions = Questions(outcomes.domain)
    for rule in rules:
        found = _vanity(rule, outcomes, questions)
        if found is not None:
            instead = () if found is Vanity.NEVER_FIRES else _instead(rule, outcomes, questions)
            yield Finding(rule, found, instead)


def _vanity(rule: Rule, outcomes: Outcomes, questions: Questions) -> Vanity | None:
    wins = rule.effect != "permit" or _ever(rule, outcomes, questions, _wins)
    if _ever(rule, outcomes, questions, _matters):
        return None if wins else Vanity.NEVER_WINS
    # Of a request that is ill-typed any denial may fire, which is denied all the same: that is not what a rule is for.
    if not _ever(rule, outcomes, questions, _fires):
        return Vanity.NEVER_FIRES
    if not wins:
        return Vanity.NEVER_WINS
    told = rule.effect != "oblige" and _ever(rule, outcomes, questions, _is_told)
    return Vanity.REPEATS if told else Vanity.SHADOWED


Sign = Callable[[Outcome, Rule], z3.BoolRef]
"""Of a request, whether it shows that the rule says something."""


def _ever(rule: Rule, outcomes: Outcomes, questions: Questions, sign: Sign) -> bool:
    """Whether some request, for any of the rule's actions in any of its profiles, shows the sign."""
    return any(
        questions.possible(all_of([*outcome.reading.laws(), sign(outcome, rule)])) for outcome in _all(rule, outcomes)
    )


def _all(rule: Rule, outcomes: Outcomes) -> Iterator[Outcome]:
    actions = [name for name in outcomes.ruleset.vocabulary.actions if name in rule.actions]
    return (outcomes.of(profile, action) for action in actions for profile in rule.conditions)


def _fires(outcome: Outcome, rule: Rule) -> z3.BoolRef:
    return all_of([outcome.fired[rule.id], negation(outcome.reading.ill_typed)])


def _wins(outcome: Outcome, rule: Rule) -> z3.BoolRef:
    return all_of([outcome.fired[rule.id], outcome.permitted])


def _is_told(outcome: Outcome, rule: Rule) -> z3.BoolRef:
    return outcome.told[rule.id]


def _matters(outcome: Outcome, rule: Rule) -> z3.BoolRef:
    """Whether the decision would be another one without the rule: effect, answer, stage, obligations or scope.

    That nothing permits is no rule: a denial that it would repeat says why, and matters.
    """
    if rule.effect == "deny":
        alike = [
            o.id for o in outcome.rules.values() if (o.effect, o.stage, o.answers) == ("deny", rule.stage, rule.answers)
        ]
        return all_of([outcome.told[rule.id], negation(_any_other(outcome, rule, alike))])
    parts = [all_of([outcome.permitted, outcome.fired[rule.id], negation(others)]) for others in _dues(outcome, rule)]
    if rule.effect == "permit":
        permits = [other.id for other in outcome.rules.values() if other.effect == "permit"]
        alone = all_of([outcome.fired[rule.id], negation(_any_other(outcome, rule, permits))])
        parts.append(all_of([alone, any_of([outcome.permitted, _denied_later(outcome)])]))
    return any_of(parts)


def _dues(outcome: Outcome, rule: Rule) -> Iterator[z3.BoolRef]:
    """Of each obligation of the rule, and of its scope, whether another rule gives it too."""
    for duty in rule.obligations:
        yield _any_other(outcome, rule, [other.id for other in outcome.rules.values() if duty in other.obligations])
    if rule.scope:
        scopes = list(outcome.scopes)
        as_narrow = scopes[: scopes.index(rule.scope) + 1]
        yield _any_other(outcome, rule, [other.id for other in outcome.rules.values() if other.scope in as_narrow])


def _any_other(outcome: Outcome, rule: Rule, names: list[str]) -> z3.BoolRef:
    return any_of(outcome.fired[name] for name in names if name != rule.id)


def _denied_later(outcome: Outcome) -> z3.BoolRef:
    """Whether a denial answers that comes after the want of a permit, and that this would displace."""
    vocabulary = outcome.reading.vocabulary
    stages = list(outcome.stages)
    later = stages[stages.index(vocabulary.default_stage) + 1 :]
    order = next(stage.order for stage in vocabulary.stages if stage.id == vocabulary.default_stage)
    weaker = order[order.index(Answer.FORBIDDEN) + 1 :]
    here = all_of([outcome.stages[vocabulary.default_stage], any_of(outcome.answers[Answer(word)] for word in weaker)])
    return any_of([*(outcome.stages[name] for name in later), here])


def _instead(rule: Rule, outcomes: Outcomes, questions: Questions) -> tuple[str, ...]:
    """A smallest choice of rules of which one fires wherever this one does."""
    known = {name: other for outcome in _all(rule, outcomes) for name, other in outcome.rules.items()}
    wanted = ("permit", "oblige") if rule.effect == "oblige" else ("deny",)
    kept = [other.id for other in known.values() if other is not rule and other.effect in wanted]
    for name in [*kept]:
        others = [other for other in kept if other != name]
        if not _ever(rule, outcomes, questions, _fires_without(others)):
            kept = others
    return tuple(kept)


def _fires_without(others: list[str]) -> Sign:
    return lambda outcome, rule: all_of(
        [outcome.fired[rule.id], *(negation(outcome.fired[name]) for name in others if name in outcome.fired)]
    )


def vain_faults(ruleset: RuleSet, rules: Sequence[Rule]) -> FaultList:
    """A fault for each of some rules that says nothing and not why it stays, and for each that says so without need."""
    faults = FaultList()
    findings = {finding.rule.id: finding for finding in vain_rules(ruleset, rules)}
    for rule in rules:
        finding = findings.get(rule.id)
        if finding is None and rule.kept_because:
            told = f"rule `{rule.id}` makes a difference, and its `kept_because` says why it stays without making one"
            faults.add(rule.place, told, _WEAKENED)
        elif finding is not None and finding.vanity is Vanity.NEVER_FIRES:
            faults.add(rule.place, f"rule `{rule.id}` {finding.vanity.value}", "mend its `when`, or remove it")
        elif finding is not None and not rule.kept_because:
            faults.add(rule.place, f"rule `{rule.id}` {finding.vanity.value}", _advice(finding))
    return faults


def _advice(finding: Finding) -> str:
    names = " or ".join(f"`{name}`" for name in finding.instead)
    return f"{names} fires wherever it does; mend it, remove it, or say why it stays under `kept_because`"
