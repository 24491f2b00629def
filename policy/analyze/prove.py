"""Proves statements over every request, or shows one that breaks them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import z3

from policy.analyze.claim import broken, is_broken, spoken_of
from policy.analyze.domain import Domain
from policy.analyze.outcome import Outcome, Outcomes
from policy.analyze.questions import Questions
from policy.analyze.reading import all_of
from policy.analyze.shown import Shown, smallest
from policy.analyze.statement import Statement
from policy.analyze.witness import Unshowable, decision_on, holds_in, request_of
from policy.condition import Condition
from policy.model import Decision
from policy.ruleset import RuleSet


@dataclass(frozen=True, slots=True)
class Refutation:
    """A request that breaks a statement."""

    action: str
    profile: str
    request: dict[str, Any]
    """As `dmp rules decide` reads it; empty where none could be built."""
    decision: Decision | None
    """What the engine decides on it, on the item where the action is one of a list."""
    facts: tuple[Shown, ...]
    """What of the request matters: any other request that states as much breaks the statement too."""
    confirmed: bool
    """Whether the engine's own decision breaks the statement."""


@dataclass(slots=True)
class Proof:
    """What came of one statement."""

    statement: Statement
    questions: int = 0
    """Actions × profiles that were asked about, each over every request."""
    refutations: list[Refutation] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    """Profiles in which the statement speaks of no request at all."""

    @property
    def held(self) -> bool:
        """Whether the statement holds of every request, and speaks of some."""
        return not self.refutations and not self.silent


def prove(
    ruleset: RuleSet, statements: Sequence[Statement], proved: Callable[[Proof], None] = lambda _: None
) -> list[Proof]:
    """Prove each statement, in order, for each of its profiles and actions; `proved` is told of each as it is done."""
    outcomes = Outcomes(Domain([ruleset], _conditions(statements)), ruleset)
    questions = Questions(outcomes.domain)
    proofs = []
    for statement in statements:
        proof = Proof(statement)
        for profile in statement.when:
            _prove(outcomes, questions, profile, proof)
        proofs.append(proof)
        proved(proof)
    return proofs


def _conditions(statements: Iterable[Statement]) -> Iterable[Condition]:
    for statement in statements:
        for conditions in (statement.when, statement.unless, statement.only_if):
            yield from conditions.values()


def _prove(outcomes: Outcomes, questions: Questions, profile: str, proof: Proof) -> None:
    """One profile: the first action that breaks the statement is enough."""
    speaks = False
    for action in proof.statement.actions:
        outcome = outcomes.of(profile, action)
        proof.questions += 1
        laws = outcome.reading.laws()
        if not speaks:
            said = [spoken_of(proof.statement, outcome), *([outcome.permitted] if proof.statement.of_permits else [])]
            speaks = questions.possible(all_of([*laws, *said]))
        breaks = broken(proof.statement, outcome)
        if questions.possible(all_of([*laws, breaks])):
            proof.refutations.append(_refutation(outcomes.ruleset, proof.statement, outcome, breaks))
            return
    if not speaks:
        proof.silent.append(profile)


def _refutation(ruleset: RuleSet, statement: Statement, outcome: Outcome, breaks: z3.BoolRef) -> Refutation:
    model, facts = smallest(outcome.reading, breaks)
    try:
        request = request_of(holds_in(model), outcome.reading, outcome.profile)
    except Unshowable:
        return Refutation(outcome.action, outcome.profile, {}, None, facts, confirmed=False)
    decision = decision_on(ruleset.engines[outcome.profile], outcome.reading, request)
    confirmed = is_broken(ruleset, statement, request, decision)
    return Refutation(outcome.action, outcome.profile, request, decision, facts, confirmed)
