"""Explains a decision to an officer: the rules that fired or nearly did, the facts, and what would change it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from policy.changes import Changer
from policy.condition import Condition, attributes_of
from policy.engine import Engine, Examined
from policy.explain.goals import Denied, Permitted, domain_of, is_changeable, rules_read
from policy.explain.near import Asked, asked, holds, one_away
from policy.explain.search import MOST_SETS, MOST_STEPS, Found, Move, Moves, Search, Stop, never
from policy.explain.variables import Choice, Variable, applied, typed
from policy.model import Decision
from policy.rule import Rule
from policy.shape import Text

KIND: Final = "subject.kind"


@dataclass(frozen=True, slots=True)
class RuleSeen:
    """One rule that fired, or that one test kept from firing."""

    rule: Rule
    asked: tuple[Asked, ...]
    """Its tests, and their answers."""
    wanting: tuple[Asked, ...] = ()
    """Of a rule that nearly fired, the tests of which any one answered the other way would let it fire."""
    still: tuple[str, ...] = ()
    """Of a permit that nearly fired, the rules that would refuse all the same if it did."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact that the rules looked at."""

    attribute: str
    title: Text
    value: Any
    """Typed; unknown for what is missing or ill-typed."""
    given: bool
    """Whether the request states it, or its absence stands for it."""
    changed_by: Changer | None


@dataclass(frozen=True, slots=True)
class Otherwise:
    """A set of changes of facts, and how the request would then be answered."""

    moves: Moves
    request: Mapping[str, Any]
    """The request with these changes."""
    decision: Decision
    likely: bool
    """Whether somebody can make each of the changes."""


@dataclass(frozen=True, slots=True)
class Report:
    """All that an officer is told of a decision."""

    decision: Decision
    answer: Text
    fired: tuple[RuleSeen, ...]
    """In stage order."""
    near: tuple[RuleSeen, ...]
    facts: tuple[Fact, ...]
    """In the vocabulary's order."""
    otherwise: tuple[Otherwise, ...]
    """The smallest sets of changes that turn the answer round, then others of which no part would do."""
    proven: bool
    """Whether there are certainly no smaller sets; of none at all, none of up to `search.DEEPEST` changes."""
    values: Mapping[str, Any]
    """Every typed value of the request, by attribute."""

    def value(self, variable: Variable) -> Any:
        """The present value of a fact; of a member of a set, whether it is in."""
        now = self.values[variable.attribute]
        return variable.member in now if variable.member else now


@dataclass(frozen=True, slots=True)
class Effort:
    """How far a search for changes goes."""

    unlikely: bool = False
    """Whether changes that nobody can make are told too; they are where there are no others."""
    most_sets: int = MOST_SETS
    most_steps: int = MOST_STEPS
    """Requests examined at most, in the search for likely changes and in the one for all together."""
    stop: Stop = never


def for_officer(engine: Engine, request: Mapping[str, Any], effort: Effort | None = None) -> Report:
    """Explain the decision on a request, in the shape of the worked cases."""
    effort = effort or Effort()
    decision = engine.decide(request)
    examined = engine.examine({name: value for name, value in request.items() if name != "documents"})
    fired, near = _rules(engine, examined)
    otherwise, proven = _otherwise(engine, request, examined, decision, effort)
    return Report(
        decision,
        engine.vocabulary.answers[decision.answer.value],
        fired,
        near,
        _facts(engine, request, examined),
        otherwise,
        proven,
        dict(zip(engine.ground.index, examined.facts.values, strict=True)),
    )


def _otherwise(
    engine: Engine, request: Mapping[str, Any], examined: Examined, decision: Decision, effort: Effort
) -> tuple[tuple[Otherwise, ...], bool]:
    """The sets of changes, those that somebody can make first."""
    likely = _search(engine, examined, decision, replace(effort, unlikely=False))
    told = _told(engine, request, examined, likely, decision)
    if told and not effort.unlikely:
        return told, likely.proven
    left = max(0, effort.most_steps - likely.steps)
    found = _search(engine, examined, decision, replace(effort, unlikely=True, most_steps=left))
    others = _told(engine, request, examined, found, decision)
    return (*told, *(other for other in others if not other.likely)), likely.proven and found.proven


def _rules(engine: Engine, examined: Examined) -> tuple[tuple[RuleSeen, ...], tuple[RuleSeen, ...]]:
    values = examined.facts.values
    stages = [stage.id for stage in engine.vocabulary.stages]
    names = {rule.id for rule in examined.fired}
    fired, near = [], []
    for rule, condition in sorted(_concerning(engine, examined), key=lambda pair: stages.index(pair[0].stage)):
        tests = asked(condition, values, engine.ground)
        if rule.id in names:
            fired.append(RuleSeen(rule, tests))
        elif wanting := one_away(condition, rule.effect == "permit", values, engine.ground):
            near.append(RuleSeen(rule, tests, wanting, _still(engine, examined, rule, wanting)))
    return tuple(fired), tuple(near)


def _still(engine: Engine, examined: Examined, rule: Rule, wanting: tuple[Asked, ...]) -> tuple[str, ...]:
    """The rules that would refuse whichever test were answered the other way."""
    then = [engine.answer(examined.action, _if(engine, examined, one)) for one in wanting]
    if rule.effect != "permit" or any(decision.permitted for decision in then):
        return ()
    return tuple(dict.fromkeys(name for decision in then for name in decision.rules))


def _if(engine: Engine, examined: Examined, one: Asked) -> Iterator[str]:
    """The rules that would fire if one test were answered the other way."""
    values = examined.facts.values
    for rule, condition in _concerning(engine, examined):
        if holds(condition, rule.effect == "permit", values, engine.ground, one.test):
            yield rule.id


def _concerning(engine: Engine, examined: Examined) -> tuple[tuple[Rule, Condition], ...]:
    return engine.concerning(examined.action, examined.facts.values[engine.ground.index[KIND]])


def _facts(engine: Engine, request: Mapping[str, Any], examined: Examined) -> tuple[Fact, ...]:
    """Who acts, and all that the rules on the action look at."""
    looked_at = {KIND}
    for _, condition in _concerning(engine, examined):
        looked_at.update(attributes_of(condition))
    vocabulary = engine.vocabulary
    found = []
    for name, attribute in vocabulary.attributes.items():
        if name not in looked_at or attribute.derived:
            continue
        entity = request.get(attribute.entity)
        given = isinstance(entity, Mapping) and name.partition(".")[2] in entity
        change = vocabulary.changes.get(name)
        value = examined.facts.values[engine.ground.index[name]]
        found.append(Fact(name, attribute.title, value, given, vocabulary.changers[change.by] if change else None))
    return tuple(found)


def _search(engine: Engine, examined: Examined, decision: Decision, effort: Effort) -> Found:
    domain = domain_of(engine, examined)
    # What is left of a rule for one kind of subject depends on less, but holds for that kind alone.
    kind = None if effort.unlikely or is_changeable(engine, KIND) else examined.facts.values[engine.ground.index[KIND]]
    goal = (Denied if decision.permitted else Permitted)(engine, rules_read(engine, domain, examined.action, kind))

    def allows(variable: Variable, _: Choice) -> bool:
        return effort.unlikely or is_changeable(engine, variable.attribute)

    return Search(
        engine, examined, domain, goal, allows, effort.most_sets, most_steps=effort.most_steps, stop=effort.stop
    ).run()


def _told(
    engine: Engine, request: Mapping[str, Any], examined: Examined, found: Found, before: Decision
) -> tuple[Otherwise, ...]:
    """The sets with the decision that each leads to.

    INVARIANT: a set that does not turn the whole request's answer round (an item of its list is ill-typed) is not told.
    """
    values = dict(zip(engine.ground.index, examined.facts.values, strict=True))
    told = []
    for moves in found.sets:
        changes = {variable: value for move in moves for variable, value in move.changes.items()}
        other = applied(request, typed(changes, values))
        decision = engine.decide(other)
        if decision.permitted is not before.permitted:
            told.append(Otherwise(moves, other, decision, _likely(engine, moves)))
    return tuple(told)


def _likely(engine: Engine, moves: tuple[Move, ...]) -> bool:
    return all(is_changeable(engine, move.variable.attribute) for move in moves)
