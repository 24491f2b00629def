"""What one profile of a rule set decides on all requests for an action, as formulas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import z3

from policy.analyze.domain import Domain
from policy.analyze.encode import Encoder, Known
from policy.analyze.reading import NO, YES, Reading, all_of, any_of, negation
from policy.model import Answer
from policy.rule import Rule
from policy.ruleset import RuleSet
from policy.vocabulary import Vocabulary


@dataclass(frozen=True)
class Outcome:
    """The decision on a request: `Engine._outcome` and `_faulty`, said of all requests by formulas.

    Each part is made when it is first asked for.
    """

    encoder: Encoder = field(repr=False)
    profile: str
    rules: Mapping[str, Rule] = field(repr=False)
    """The rules that concern the action in the profile, by id."""
    fired: Mapping[str, z3.BoolRef] = field(repr=False)

    @property
    def reading(self) -> Reading:
        """How the rule set's vocabulary reads the request."""
        return self.encoder.reading

    @property
    def action(self) -> str:
        """The action that is asked about."""
        return self.reading.action

    @cached_property
    def permitted(self) -> z3.BoolRef:
        """Whether the request is permitted."""
        return all_of([self._unfaulted, negation(self._faulty)])

    @property
    def stages(self) -> Mapping[str, z3.BoolRef]:
        """The stage that denied."""
        return self._staged[0]

    @cached_property
    def answers(self) -> Mapping[Answer, z3.BoolRef]:
        """The outward answer."""
        return {Answer.OK: self.permitted, **self._staged[1]}

    @cached_property
    def told(self) -> Mapping[str, z3.BoolRef]:
        """The determining rules, the want of a permit among them."""
        return _told(self.rules, self.fired, self.permitted, self._staged[2], self.reading.vocabulary.default_rule)

    @cached_property
    def duties(self) -> Mapping[str, z3.BoolRef]:
        """The obligations of the decision, always those of every decision."""
        return _duties(self.reading.vocabulary, self.rules, self.fired, self.permitted)

    @cached_property
    def scopes(self) -> Mapping[str, z3.BoolRef]:
        """The narrowest scope among the permits that fired."""
        return _scopes(self.reading.vocabulary, self.rules, self.fired, self.permitted)

    @cached_property
    def _permits(self) -> z3.BoolRef:
        return any_of(self.fired[name] for name, rule in self.rules.items() if rule.effect == "permit")

    @cached_property
    def _unfaulted(self) -> z3.BoolRef:
        """Whether the rules permit it, whatever its faults."""
        denied = any_of(self.fired[name] for name, rule in self.rules.items() if rule.effect == "deny")
        return all_of([self._permits, negation(denied)])

    @property
    def _faulty(self) -> z3.BoolRef:
        return self.reading.faults_of_document if self.reading.is_item else self.reading.ill_typed

    @cached_property
    def _staged(self) -> _Staged:
        fault = all_of([self._unfaulted, self._faulty])
        vocabulary = self.reading.vocabulary
        return _staged(vocabulary, _denials(vocabulary, self.rules, self.fired, negation(self._permits), fault))


class Outcomes:
    """The decisions of one rule set on the requests of a domain."""

    def __init__(self, domain: Domain, ruleset: RuleSet) -> None:
        """Nothing is encoded before it is asked for."""
        self.domain = domain
        self.ruleset = ruleset
        self._known: dict[object, Known] = {}
        self._encoders: dict[str, Encoder] = {}
        self._outcomes: dict[tuple[str, str], Outcome] = {}

    def encoder(self, action: str) -> Encoder:
        """What encodes conditions on requests for an action."""
        if action not in self._encoders:
            reading = Reading(self.domain, self.ruleset.vocabulary, action)
            known = self._known.setdefault(reading.likeness, {})
            self._encoders[action] = Encoder(reading, self.ruleset.tables, known)
        return self._encoders[action]

    def of(self, profile: str, action: str, encoder: Encoder | None = None) -> Outcome:
        """The decisions of a profile on all requests for an action; another's encoder serves if it reads alike."""
        found = self._outcomes.get((profile, action))
        if found is None:
            encoder = encoder or self.encoder(action)
            rules = {r.id: r for r in self.ruleset.rules if profile in r.conditions and action in r.actions}
            fired = {
                rule.id: encoder.formula(rule.asked(profile, action), rule.effect == "permit")
                for rule in rules.values()
            }
            found = self._outcomes[profile, action] = Outcome(encoder, profile, rules, fired)
        return found


@dataclass(frozen=True, slots=True)
class _Denial:
    """A rule that may deny, or the want of one that permits."""

    rule: str
    stage: str
    answer: Answer
    fires: z3.BoolRef


def _denials(
    vocabulary: Vocabulary,
    rules: Mapping[str, Rule],
    fired: Mapping[str, z3.BoolRef],
    want: z3.BoolRef,
    fault: z3.BoolRef,
) -> list[_Denial]:
    found = [
        _Denial(name, rule.stage, rule.answers or Answer.FORBIDDEN, fired[name])
        for name, rule in rules.items()
        if rule.effect == "deny"
    ]
    default = vocabulary.default_rule
    found.append(_Denial(default, vocabulary.default_stage, Answer.FORBIDDEN, want))
    found.append(_Denial(default, vocabulary.stages[0].id, Answer.FORBIDDEN, fault))
    return found


_Staged = tuple[dict[str, z3.BoolRef], dict[Answer, z3.BoolRef], dict[str, z3.BoolRef]]
"""The stages, the answers and the rules that are told."""


def _staged(vocabulary: Vocabulary, denials: list[_Denial]) -> _Staged:
    """When each stage is the first that denies, what is answered, and when each rule is among those of the answer."""
    stages: dict[str, z3.BoolRef] = {}
    answers: dict[Answer, list[z3.BoolRef]] = {}
    told: dict[str, list[z3.BoolRef]] = {}
    earlier: list[z3.BoolRef] = []
    for stage in vocabulary.stages:
        here = [denial for denial in denials if denial.stage == stage.id]
        before: list[z3.BoolRef] = [*earlier]
        for word in stage.order:
            giving = [denial for denial in here if denial.answer == word]
            first = negation(any_of(before))
            answers.setdefault(Answer(word), []).append(all_of([first, any_of(d.fires for d in giving)]))
            for denial in giving:
                told.setdefault(denial.rule, []).append(all_of([first, denial.fires]))
            before += [denial.fires for denial in giving]
        any_here = any_of(denial.fires for denial in here)
        stages[stage.id] = all_of([any_here, negation(any_of(earlier))])
        earlier.append(any_here)
    return (
        stages,
        {answer: any_of(parts) for answer, parts in answers.items()},
        {name: any_of(parts) for name, parts in told.items()},
    )


def _told(
    rules: Mapping[str, Rule],
    fired: Mapping[str, z3.BoolRef],
    permitted: z3.BoolRef,
    denying: dict[str, z3.BoolRef],
    default: str,
) -> dict[str, z3.BoolRef]:
    """The rules of the answer; the want of a permit only where no rule says why."""
    told = {
        name: all_of([permitted, fired[name]]) if rule.effect == "permit" else denying.get(name, NO)
        for name, rule in rules.items()
        if rule.effect != "oblige"
    }
    others = any_of(formula for name, formula in denying.items() if name != default)
    return told | {default: all_of([denying[default], negation(others)])}


def _duties(
    vocabulary: Vocabulary, rules: Mapping[str, Rule], fired: Mapping[str, z3.BoolRef], permitted: z3.BoolRef
) -> dict[str, z3.BoolRef]:
    names = dict.fromkeys(duty for rule in rules.values() for duty in rule.obligations)
    duties = {
        duty: all_of([permitted, any_of(fired[name] for name, rule in rules.items() if duty in rule.obligations)])
        for duty in names
    }
    return duties | dict.fromkeys(vocabulary.always, YES)


def _scopes(
    vocabulary: Vocabulary, rules: Mapping[str, Rule], fired: Mapping[str, z3.BoolRef], permitted: z3.BoolRef
) -> dict[str, z3.BoolRef]:
    """The narrowest scope among the permits that fired."""
    scopes: dict[str, z3.BoolRef] = {}
    narrower: list[z3.BoolRef] = [negation(permitted)]
    for scope in vocabulary.scopes:
        given = any_of(fired[name] for name, rule in rules.items() if rule.effect == "permit" and rule.scope == scope)
        scopes[scope] = all_of([given, negation(any_of(narrower))])
        narrower.append(given)
    return scopes
