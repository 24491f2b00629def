"""Explains a decision to the person whom it concerns: the reasons, and what he or somebody else can do next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from policy.engine import Engine
from policy.explain.goals import Cleared, domain_of, rules_read
from policy.explain.search import Moves, Search, Stop, never
from policy.explain.variables import Choice, Variable
from policy.model import Answer, Decision
from policy.shape import Text

MOST_REMEDIES: Final = 5
MOST_STEPS: Final = 400
"""Requests examined at most: some ten milliseconds, inside a call."""
LARGEST: Final = 3
"""Steps of a remedy at most: who needs more is helped by nobody."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule that made the decision."""

    rule: str
    title: Text
    basis: str


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do, and the fact that it changes."""

    attribute: str
    advice: Text


@dataclass(frozen=True, slots=True)
class Explanation:
    """What may be said to the person who asked."""

    answer: Text
    reasons: tuple[Reason, ...]
    remedies: tuple[tuple[Step, ...], ...] = ()
    """Ways to clear the refusal, the shortest first; of each, all its steps. Another refusal may lie behind it."""


def for_person(engine: Engine, request: Mapping[str, Any], decision: Decision, stop: Stop = never) -> Explanation:
    """Explain a decision on a request to its subject.

    INVARIANT: of a NOT_FOUND nothing is said but the answer, so that hidden and missing are explained alike.
    """
    words = engine.vocabulary.answers[decision.answer.value]
    if decision.answer is Answer.NOT_FOUND:
        return Explanation(words, ())
    rules = {rule.id: rule for rule in engine.rules}
    reasons = tuple(Reason(name, rules[name].title, rules[name].basis) for name in decision.rules if name in rules)
    if decision.permitted or decision.faults:
        return Explanation(words, reasons)
    return Explanation(words, reasons, _remedies(engine, request, decision, stop))


def _remedies(
    engine: Engine, request: Mapping[str, Any], refusal: Decision, stop: Stop
) -> tuple[tuple[Step, ...], ...]:
    alone = {name: value for name, value in request.items() if name != "documents"}
    examined = engine.examine(alone)
    domain = domain_of(engine, examined)
    kind = examined.facts.values[engine.ground.index["subject.kind"]]
    goal = Cleared(engine, rules_read(engine, domain, examined.action, kind), refusal)
    early = not next(stage for stage in engine.vocabulary.stages if stage.id == refusal.stage).uses_document

    def allows(variable: Variable, choice: Choice) -> bool:
        # INVARIANT: before the document's own stages its facts suggest nothing: it may be hidden, or missing.
        return not (early and variable.attribute.startswith("document.")) and bool(_advice(engine, variable, choice))

    search = Search(engine, examined, domain, goal, allows, MOST_REMEDIES, LARGEST, MOST_STEPS, stop)
    steps = (_steps(engine, moves) for moves in search.run().sets)
    return tuple(dict.fromkeys(steps))


def _steps(engine: Engine, moves: Moves) -> tuple[Step, ...]:
    advised = ((move.variable.attribute, _advice(engine, move.variable, move.choice)) for move in moves)
    return tuple(Step(name, advice) for name, advice in advised if advice is not None)


def _advice(engine: Engine, variable: Variable, choice: Choice) -> Text | None:
    """What to do so that the fact changes so; nothing for what is never suggested."""
    change = engine.vocabulary.changes.get(variable.attribute)
    if change is None or (variable.member and not choice.value):
        return None
    values = (variable.member,) if variable.member else (choice.value, *choice.alike)
    return next((a.sentence for value in values if value is not None for a in change.advice if a.fits(value)), None)
