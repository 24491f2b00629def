"""How far a rule is from firing: the tests that decide it, and those one of which alone would let it fire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from policy.condition import Condition, Constant, Every, Negation, Some, Test, tests_of
from policy.logic import Ground


@dataclass(frozen=True, slots=True)
class Asked:
    """One test of a rule, and its answer."""

    test: Test
    answer: bool | None
    """Unknown for a fact that is missing or ill-typed."""


def asked(condition: Condition, values: list[Any], ground: Ground) -> tuple[Asked, ...]:
    """Every test of a condition, each once."""
    return tuple(Asked(test, ground.test(test, values)) for test in dict.fromkeys(tests_of(condition)))


def one_away(condition: Condition, sure: bool, values: list[Any], ground: Ground) -> tuple[Asked, ...]:
    """The tests of which any one, answered the other way, would let a rule fire that does not; `sure` as compiled."""
    return tuple(one for one in asked(condition, values, ground) if holds(condition, sure, values, ground, one.test))


def holds(condition: Condition, sure: bool, values: list[Any], ground: Ground, other_way: Test) -> bool:
    """Whether a rule would fire if one test were answered the other way."""
    match condition:
        case Constant(value):
            return value
        case Negation(part):
            return not holds(part, not sure, values, ground, other_way)
        case Every(parts):
            return all(holds(part, sure, values, ground, other_way) for part in parts)
        case Some(parts):
            return any(holds(part, sure, values, ground, other_way) for part in parts)
        case _:
            answer = ground.test(condition, values)
            return (answer is True if sure else answer is not False) is not (condition == other_way)
