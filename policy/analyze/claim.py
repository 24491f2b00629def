"""What breaks a statement: as formulas over all requests, and of one request that was decided."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import z3

from policy.analyze.outcome import Outcome
from policy.analyze.reading import NO, all_of, any_of, negation
from policy.analyze.statement import Statement
from policy.analyze.witness import ITEM
from policy.condition import Condition
from policy.facts import FactReader
from policy.logic import Ground
from policy.model import Decision
from policy.ruleset import RuleSet


def spoken_of(statement: Statement, outcome: Outcome) -> z3.BoolRef:
    """Whether the statement speaks of a request."""
    profile, encoder = outcome.profile, outcome.encoder
    excepted = encoder.formula(statement.unless[profile], sure=True)
    return all_of([encoder.formula(statement.when[profile], sure=True), negation(excepted)])


def broken(statement: Statement, outcome: Outcome) -> z3.BoolRef:
    """Whether a request breaks a claim that the statement makes of it."""
    return all_of([spoken_of(statement, outcome), any_of(_broken(statement, outcome))])


def _broken(statement: Statement, outcome: Outcome) -> Iterator[z3.BoolRef]:
    """A formula for each claim."""
    permitted = outcome.permitted
    if statement.permitted:
        yield permitted if statement.permitted == "never" else negation(permitted)
    if statement.only_if:
        holds = outcome.encoder.formula(statement.only_if[outcome.profile], sure=True)
        yield all_of([permitted, negation(holds)])
    if statement.answers:
        yield negation(any_of(outcome.answers[answer] for answer in statement.answers if answer in outcome.answers))
    if statement.refused_by:
        stages = list(outcome.stages)
        yield negation(any_of(outcome.stages[name] for name in stages[: stages.index(statement.refused_by) + 1]))
    absent = NO
    for duty in statement.carries:
        yield all_of([permitted, negation(outcome.duties.get(duty, absent))])
    for duty in statement.omits:
        yield all_of([permitted, outcome.duties.get(duty, absent)])
    if statement.scope:
        yield all_of([permitted, negation(any_of(outcome.scopes[scope] for scope in statement.scope))])


def is_broken(ruleset: RuleSet, statement: Statement, request: dict[str, Any], decision: Decision) -> bool:
    """Whether the decision of the engine on a request breaks the statement: told without any formula."""
    asked = _Asked(ruleset, request)
    profile = decision.profile
    if not asked.holds(statement.when[profile]) or asked.holds(statement.unless[profile]):
        return False
    stages = [stage.id for stage in ruleset.vocabulary.stages]
    duties = {*decision.obligations}
    if statement.permitted and (statement.permitted == "never") is decision.permitted:
        return True
    if statement.answers and decision.answer not in statement.answers:
        return True
    if statement.refused_by and (
        decision.permitted or stages.index(decision.stage) > stages.index(statement.refused_by)
    ):
        return True
    return decision.permitted and (
        (bool(statement.only_if) and not asked.holds(statement.only_if[profile]))
        or not duties.issuperset(statement.carries)
        or not duties.isdisjoint(statement.omits)
        or (bool(statement.scope) and decision.scope not in statement.scope)
    )


class _Asked:
    """The typed facts of a request, or of the one item of its list."""

    def __init__(self, ruleset: RuleSet, request: dict[str, Any]) -> None:
        reader = FactReader(ruleset.vocabulary)
        facts = reader.read(request)
        if "documents" in request:
            items = ruleset.vocabulary.actions[request["action"]].items or ""
            facts = reader.with_document(facts, request["documents"][ITEM], items, ITEM)
        self._values = facts.values
        self._ground = Ground(reader.index, ruleset.tables)

    def holds(self, condition: Condition) -> bool:
        """Whether a condition certainly holds."""
        return self._ground.ask(condition, self._values) is True
