"""Proves that a mutant says the same as the rules, or finds a request of which a case could be made that catches it.

It says the same when no case of any table could hold of the rules and fail of the mutant. A case sees whether a request
is permitted; of a permit the obligations, the scope and what of a list is visible; of a denial its outward answer, and
that the rules which it names are among those that say why. That a denial comes to name a rule more, or that a stage
has another name, no case can see.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import z3

from policy.analyze import Domain, Outcome, Outcomes, Unshowable, holds_in, request_of
from policy.analyze.domain import Stated
from policy.analyze.encode import Encoder, Known
from policy.analyze.reading import NO, YES, Reading, all_of, any_of, negation
from policy.analyze.shown import smallest
from policy.condition import Test, narrow, tests_of
from policy.model import Answer
from policy.mutation import Change, change
from policy.rule import Rule
from policy.ruleset import RuleSet

_DENIALS = (Answer.FORBIDDEN, Answer.NOT_FOUND, Answer.CONFLICT)


class Equivalence:
    """Compares mutants with the rule set that they were made of, over every request that can be typed."""

    def __init__(self, ruleset: RuleSet) -> None:
        """Nothing is encoded before the first mutant asks for it."""
        self._ruleset = ruleset
        self._tests: frozenset[Test] = frozenset()
        self._outcomes: Outcomes | None = None

    def witness(self, ruleset: RuleSet, mutant: RuleSet) -> Mapping[str, Any] | None:
        """The smallest request by which a case would tell the two apart, or nothing: it is proved that there is none.

        Empty where no times are found that the request would need; raises ArithmeticError where the solver gives up.
        """
        changes = {profile: change(ruleset, mutant, profile) for profile in ruleset.profiles}
        outcomes = self._over(mutant, changes.values())
        mutants = _Mutants(outcomes, mutant)
        for profile, found in changes.items():
            for action in sorted(found.actions):
                if mutants.speak_otherwise(profile, action, found):
                    for formula in _told_apart(outcomes, mutants, profile, action, found):
                        if _possible(outcomes.domain, formula):
                            return _request(outcomes.encoder(action).reading, profile, formula)
        return None

    def _over(self, mutant: RuleSet, changes: Iterable[Change]) -> Outcomes:
        """The decisions of the rule set over requests in which all is told apart that the mutant tells apart."""
        if self._outcomes is None:
            self._outcomes = Outcomes(Domain([self._ruleset]), self._ruleset)
            self._tests = frozenset(_tests(self._ruleset.rules))
        come = [rule for found in changes for rule in found.come]
        if self._tests.issuperset(_tests(come)):
            return self._outcomes
        return Outcomes(Domain([self._ruleset, mutant]), self._ruleset)


def _tests(rules: Iterable[Rule]) -> Iterator[Test]:
    for rule in rules:
        for condition in rule.conditions.values():
            yield from tests_of(condition)


def _possible(domain: Domain, formula: z3.BoolRef) -> bool:
    """Whether some request makes the formula hold."""
    if z3.is_false(formula):
        return False
    # A solver that keeps what it learnt of other questions comes to need minutes where a new one needs a second.
    solver = domain.solver()
    solver.add(formula)
    answer = solver.check()
    if answer == z3.unknown:
        raise ArithmeticError(f"the solver gave up: {solver.reason_unknown()}")
    return bool(answer == z3.sat)


def _request(reading: Reading, profile: str, formula: z3.BoolRef) -> dict[str, Any]:
    try:
        return request_of(holds_in(smallest(reading, formula)[0]), reading, profile)
    except Unshowable:
        return {}


class _Mutants:
    """The decisions of a mutant, in which all that it has in common with the rule set is the same formula."""

    def __init__(self, outcomes: Outcomes, mutant: RuleSet) -> None:
        self._outcomes, self._mutant = outcomes, mutant
        before = outcomes.ruleset.tables
        self._tables = {name for name, table in mutant.tables.items() if table.cells != before[name].cells}
        self._known: dict[str, Known] = {}

    def speak_otherwise(self, profile: str, action: str, found: Change) -> bool:
        """Whether a rule on this action says something else, as written."""
        if self._tables:
            return True
        gone = [rule for rule in self._outcomes.ruleset.engines[profile].rules if rule.id in found.gone]
        before, after = (
            {rule.id: _said(rule, profile, action) for rule in rules if action in rule.actions}
            for rules in (gone, found.come)
        )
        return before != after

    def of(self, profile: str, action: str, found: Change) -> Outcome:
        """The decisions of a profile on all requests for an action."""
        base = self._outcomes.of(profile, action)
        encoder = self._encoder(action) if self._tables else base.encoder
        come = {rule.id: rule for rule in found.come if action in rule.actions}
        rules = {name: rule for name, rule in base.rules.items() if name not in found.gone} | come
        fired = {name: formula for name, formula in base.fired.items() if name not in found.gone}
        for rule in come.values():
            condition = narrow(rule.conditions[profile], "action", action)
            fired[rule.id] = encoder.formula(condition, sure=rule.effect == "permit")
        return Outcome(encoder, profile, rules, fired)

    def _encoder(self, action: str) -> Encoder:
        known = self._known.setdefault(action, {})
        return Encoder(self._outcomes.encoder(action).reading, self._mutant.tables, known)


def _said(rule: Rule, profile: str, action: str) -> tuple[object, ...]:
    """All of a rule that makes decisions on one action."""
    condition = narrow(rule.conditions[profile], "action", action)
    return rule.effect, rule.stage, rule.answers, rule.obligations, rule.scope, condition


def _told_apart(
    outcomes: Outcomes, mutants: _Mutants, profile: str, action: str, found: Change
) -> Iterator[z3.BoolRef]:
    """Of which requests for an action a case could tell the two apart."""
    before, after = outcomes.of(profile, action), mutants.of(profile, action, found)
    reading = before.reading
    if not reading.vocabulary.actions[action].internal:
        yield all_of([*reading.laws(), any_of(_ways(before, after))])
    for name, known in reading.vocabulary.actions.items():
        if known.items == action:
            shown = z3.Xor(before.permitted, after.permitted)
            yield all_of([*reading.laws(), shown, _list_permitted(outcomes.of(profile, name))])


def _ways(before: Outcome, after: Outcome) -> Iterator[z3.BoolRef]:
    """Each way in which the decisions on a request can differ so that a case sees it."""
    yield z3.Xor(before.permitted, after.permitted)
    for answer in _DENIALS:
        if answer in before.answers:
            yield all_of([before.answers[answer], negation(after.answers[answer])])
    denials = [name for name, rule in before.rules.items() if rule.effect == "deny"]
    for name in (*denials, before.reading.vocabulary.default_rule):
        still = all_of([negation(after.permitted), after.told.get(name, NO)])
        yield all_of([before.told[name], negation(still)])
    yield from _otherwise(before.duties, after.duties)
    yield from _otherwise(before.scopes, after.scopes)


def _otherwise(before: Mapping[str, z3.BoolRef], after: Mapping[str, z3.BoolRef]) -> Iterator[z3.BoolRef]:
    """Obligations or scopes, all of permits, that only one of the two gives."""
    for name in before.keys() | after.keys():
        one, other = before.get(name, NO), after.get(name, NO)
        if not one.eq(other):
            yield z3.Xor(one, other)


def _list_permitted(of_list: Outcome) -> z3.BoolRef:
    """Whether the list is permitted to which an item belongs: asked for without a document."""
    domain = of_list.reading.domain
    nothing = [(domain.document_given, NO), (domain.stray_in_document, NO)]
    for name, options in domain.options.items():
        if name.startswith("document."):
            nothing += [(domain.states(name, option), YES if option is Stated.MISSING else NO) for option in options]
    return z3.substitute(of_list.permitted, *nothing)
