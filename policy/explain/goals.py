"""What a search looks for: an answer turned round, or a refusal cleared; and what stands between it and a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from policy.condition import Test, attributes_of, tests_of
from policy.engine import Engine, Examined
from policy.explain.variables import Domain, Variable
from policy.facts import REQUIRED
from policy.model import Answer, Decision

Obstacle = frozenset[Variable]
"""The facts that something in the way depends on."""


class Goal(Protocol):
    """Says how far a request is from what is looked for."""

    def obstacles(self, examined: Examined) -> list[Obstacle] | None:
        """All that stands in the way; nothing (None) where the goal is reached."""


@dataclass(frozen=True, slots=True)
class Permitted:
    """The request is permitted."""

    engine: Engine
    read: Mapping[str, Obstacle]
    """By rule, the facts that it depends on."""

    def obstacles(self, examined: Examined) -> list[Obstacle] | None:
        """Every fault and every denial, and the want of a permit."""
        found = faulty(self.engine, examined)
        found += [self.read[rule.id] for rule in examined.fired if rule.effect == "deny"]
        if not any(rule.effect == "permit" for rule in examined.fired):
            found.append(any_permit(self.engine, self.read))
        return found or None


@dataclass(frozen=True, slots=True)
class Denied:
    """The request is well formed, and denied."""

    engine: Engine
    read: Mapping[str, Obstacle]

    def obstacles(self, examined: Examined) -> list[Obstacle] | None:
        """Any fact of any rule may turn a permit into a denial."""
        found = faulty(self.engine, examined)
        effects = {rule.effect for rule in examined.fired}
        if "permit" in effects and "deny" not in effects:
            found.append(frozenset().union(*self.read.values()))
        return found or None


@dataclass(frozen=True, slots=True)
class Cleared:
    """Nothing denies up to the stage and the answer that refused.

    INVARIANT: it looks at nothing that the answer itself does not depend on. A later stage, and in the same stage an
    answer that gives way to the one told, may depend on what is hidden.
    """

    engine: Engine
    read: Mapping[str, Obstacle]
    refusal: Decision

    def obstacles(self, examined: Examined) -> list[Obstacle] | None:
        """Every denial before or with the refusal, and the want of a permit if that is asked by then."""
        found = faulty(self.engine, examined)
        found += [
            self.read[rule.id]
            for rule in examined.fired
            if rule.effect == "deny" and self._precedes(rule.stage, rule.answers or Answer.FORBIDDEN)
        ]
        wanted = self._precedes(self.engine.vocabulary.default_stage, Answer.FORBIDDEN)
        if wanted and not any(rule.effect == "permit" for rule in examined.fired):
            found.append(any_permit(self.engine, self.read))
        return found or None

    def _precedes(self, stage: str, answer: Answer) -> bool:
        stages = self.engine.vocabulary.stages
        places = {known.id: place for place, known in enumerate(stages)}
        own, refused = places[stage], places[self.refusal.stage]
        order = stages[refused].order
        return own < refused or (own == refused and order.index(answer) <= order.index(self.refusal.answer))


def domain_of(engine: Engine, examined: Examined) -> Domain:
    """The facts of a request that could have been otherwise, whoever acts."""
    tests: dict[str, dict[Test, None]] = {}
    for _, condition in engine.concerning(examined.action):
        for test in tests_of(condition):
            for name in attributes_of(test):
                tests.setdefault(name, {})[test] = None
    has_document = bool(examined.facts.values[engine.ground.index["document.exists"]])
    read = {name: tuple(found) for name, found in tests.items()}
    return Domain(engine.vocabulary, engine.ground, examined.facts.values, has_document, read)


def rules_read(engine: Engine, domain: Domain, action: str, kind: object) -> dict[str, Obstacle]:
    """By rule, the facts that it depends on; for one kind of subject alone if one is given."""
    return {rule.id: domain.read_by(condition) for rule, condition in engine.concerning(action, kind)}


def any_permit(engine: Engine, read: Mapping[str, Obstacle]) -> Obstacle:
    """The facts that the want of a permit depends on."""
    permits = (rule.id for rule in engine.rules if rule.effect == "permit" and rule.id in read)
    return frozenset().union(*(read[name] for name in permits))


def faulty(engine: Engine, examined: Examined) -> list[Obstacle]:
    """The facts that are missing or ill-typed; what is no fact of the vocabulary cannot be put right."""
    found = []
    for fault in examined.facts.faults:
        attribute = engine.vocabulary.attributes.get(fault.partition(": ")[0])
        if attribute is None or attribute.derived:
            return [frozenset()]
        required_by = {r.attribute for r in attribute.required if r.attribute} if fault.endswith(REQUIRED) else set()
        names = {attribute.name, *(name for name in required_by if not engine.vocabulary.attributes[name].derived)}
        found.append(frozenset(Variable(name) for name in names))
    return found


def rank_of(engine: Engine, variable: Variable) -> int:
    """What a change of a fact costs, by who can bring it about."""
    change = engine.vocabulary.changes.get(variable.attribute)
    return engine.vocabulary.changers[change.changer(variable.member)].rank if change else 0


def is_changeable(engine: Engine, attribute: str) -> bool:
    """Whether somebody can change a fact."""
    change = engine.vocabulary.changes.get(attribute)
    return change is None or not engine.vocabulary.changers[change.by].never
