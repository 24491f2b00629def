"""Asks many questions of one solver, which keeps what it learnt."""

from __future__ import annotations

import z3

from policy.analyze.domain import Domain
from policy.analyze.reading import NO, YES


class Questions:
    """Whether formulas can hold of any request of a domain."""

    def __init__(self, domain: Domain) -> None:
        """Begin with the laws of the domain."""
        self._solver = domain.solver()
        self._asked = 0

    def possible(self, formula: z3.BoolRef) -> bool:
        """Whether some request makes the formula hold; raises ArithmeticError where the solver gives up."""
        if formula is YES or formula is NO:
            return formula is YES
        self._asked += 1
        question = z3.Bool(f"question {self._asked}")
        self._solver.add(z3.Implies(question, formula))
        answer = self._solver.check(question)
        # The question is closed, so that later ones need not think of it.
        self._solver.add(z3.Not(question))
        if answer == z3.unknown:
            raise ArithmeticError(f"the solver gave up: {self._solver.reason_unknown()}")
        return bool(answer == z3.sat)
