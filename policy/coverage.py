"""Which tests of the rules' conditions the test tables have seen decide, as true and as false.

A test counts as seen true (false) when in some case it was so and, had it alone been the other way, a rule that asks
it would have fired otherwise. That is active clause coverage (Ammann and Offutt, Introduction to Software Testing), the
masking form of avionics' MC/DC. A test that was merely passed by does not count. What a definition asks is written
once and counts once, whichever rule it decides for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from policy.condition import Condition, Constant, Every, Has, Negation, Period, Some, Test, tests_of
from policy.engine import Engine
from policy.errors import Place
from policy.questions import AskedCase
from policy.ruleset import RuleSet
from policy.variant import Engines, Setting

Truths = tuple[bool | None, ...]
"""What each test of a condition said, in the order of `tests_of`."""


@dataclass(frozen=True, slots=True, order=True)
class Way:
    """A test as it was written, and one of the two ways that it can decide."""

    place: Place
    asks: str
    """The attribute, and of several words written together the one."""
    truth: bool


@dataclass(frozen=True, slots=True)
class Coverage:
    """The ways to decide of all tests, two each: those that were seen and the others."""

    seen: frozenset[Way] = field(repr=False)
    unseen: tuple[Way, ...] = field(repr=False)

    @property
    def of(self) -> int:
        """How many there are."""
        return len(self.seen) + len(self.unseen)


def coverage(ruleset: RuleSet, cases: Iterable[AskedCase]) -> Coverage:
    """The coverage of every test written in a rule or a definition by the questions of these cases.

    A test that no profile comes to, since a parameter says otherwise, counts only where a case sets that parameter.
    """
    engines, by_setting = Engines(ruleset), _by_setting(ruleset, cases)
    ways: set[Way] = set()
    seen: set[Way] = set()
    for setting, asked in by_setting.items():
        engine = engines.of(setting)
        vectors = _vectors(engine, asked)
        for rule in engine.rules:
            condition = rule.conditions[engine.profile]
            tests = [_written(test, rule.place) for test in tests_of(condition)]
            ways.update(Way(*test, truth) for test in tests for truth in (True, False))
            decided = _decided(condition, rule.effect == "permit", vectors[rule.id])
            seen.update(Way(*tests[number], truth) for number, truth in decided)
    return Coverage(frozenset(seen), tuple(sorted(ways - seen)))


def _by_setting(ruleset: RuleSet, cases: Iterable[AskedCase]) -> dict[Setting, list[AskedCase]]:
    """The cases by what they are asked of; every profile as it is, asked or not."""
    found: dict[Setting, list[AskedCase]] = {(profile, ()): [] for profile in ruleset.profiles}
    for case in cases:
        found.setdefault(case.case.setting, []).append(case)
    return found


def _written(test: Test, rule: Place) -> tuple[Place, str]:
    """Where a test stands and what it asks; the same in every rule and profile that reads it from there."""
    name = "context.now" if isinstance(test, Period) else test.attribute
    return test.place or rule, f"{name} {test.value}" if isinstance(test, Has) else name


def _vectors(engine: Engine, cases: Iterable[AskedCase]) -> dict[str, set[Truths]]:
    """By rule: what the tests of its condition said together, each combination once."""
    found: dict[str, set[Truths]] = defaultdict(set)
    concerned = {
        action: [(r.id, tuple(tests_of(r.conditions[engine.profile]))) for r in engine.rules if action in r.actions]
        for action in engine.vocabulary.actions
    }
    for case in cases:
        for question in case.questions:
            known: dict[Test, bool | None] = {}
            for name, tests in concerned[question.action]:
                for test in tests:
                    if test not in known:
                        known[test] = engine.ground.test(test, question.facts.values)
                found[name].add(tuple(known[test] for test in tests))
    return found


def _decided(condition: Condition, sure: bool, vectors: Iterable[Truths]) -> set[tuple[int, bool]]:
    """Which tests, by number, decided whether the rule fires, and as what."""
    found: set[tuple[int, bool]] = set()
    for truths in vectors:
        fires = _fires(condition, sure, truths)
        for number, truth in enumerate(truths):
            if truth is None or (number, truth) in found:
                continue
            other = (*truths[:number], not truth, *truths[number + 1 :])
            if _fires(condition, sure, other) is not fires:
                found.add((number, truth))
    return found


def _fires(condition: Condition, sure: bool, truths: Truths) -> bool:
    """Whether a rule of this condition fires; one that must be sure does not on what cannot be told."""
    answer = _ask(condition, iter(truths))
    return answer is True if sure else answer is not False


def _ask(condition: Condition, truths: Iterator[bool | None]) -> bool | None:
    """Kleene's logic; every test takes its own truth, even where the answer is known before."""
    match condition:
        case Constant(value):
            return value
        case Negation(part):
            answer = _ask(part, truths)
            return None if answer is None else not answer
        case Every(parts):
            answers = [_ask(part, truths) for part in parts]
            return False if False in answers else None if None in answers else True
        case Some(parts):
            answers = [_ask(part, truths) for part in parts]
            return True if True in answers else None if None in answers else False
        case _:
            return next(truths)
