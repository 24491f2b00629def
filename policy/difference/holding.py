"""What else holds of a class than its named values: facts, definitions, and how attributes relate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from policy.analyze.domain import Option
from policy.analyze.encode import Encoder
from policy.analyze.reading import Reading
from policy.condition import Cell, Condition, Listed, OneOf, SameAs, Test, narrow, tests_of
from policy.difference.diagram import Region
from policy.difference.translate import Translation
from policy.errors import FaultList
from policy.grammar import Grammar
from policy.ruleset import RuleSet


@dataclass(frozen=True, slots=True)
class Fact:
    """A variable has one of these values."""

    variable: str
    values: tuple[Option, ...]
    others: tuple[Option, ...] = ()
    """The values that it has not; where any text will do but some, these are told."""


@dataclass(frozen=True, slots=True)
class Named:
    """A definition holds, or fails."""

    definition: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Related:
    """A test of two attributes, or of a table, holds or fails."""

    test: Test
    holds: bool


Held = Fact | Named | Related
Candidate = tuple[Held, Region]
"""Something that may hold of a class, and of which requests it does."""


class Holdings:
    """What sentences can say beside the values of one attribute, of requests for one action in one profile."""

    def __init__(self, translation: Translation, layout: Reading, profile: str, old: RuleSet, new: RuleSet) -> None:
        """Only what both rule sets mean alike: a definition that was edited names neither what was nor what is."""
        self._translation, self._layout = translation, layout
        self._profile, self._old, self._new = profile, old, new
        self._encoder = Encoder(layout, {**old.tables, **new.tables}, {})
        self._edited = {name for name, table in new.tables.items() if old.tables.get(name) != table}
        self._tests = translation.domain.tests

    @cached_property
    def _definitions(self) -> list[tuple[str, Region]]:
        return list(self._of_definitions())

    @cached_property
    def _relations(self) -> list[tuple[Test, Region]]:
        return list(self._of_tests())

    def _of_definitions(self) -> Iterator[tuple[str, Region]]:
        conditions = [_conditions(side, self._profile) for side in (self._old, self._new)]
        for name in (name for name in self._new.sayings if name in self._old.sayings):
            condition = conditions[1][name]
            if condition == conditions[0][name] and self._can_be_told(condition):
                yield name, self._where(condition)

    def _of_tests(self) -> Iterator[tuple[Test, Region]]:
        for test in sorted(self._tests, key=repr):
            if isinstance(test, SameAs | OneOf | Cell) and self._can_be_told(test):
                yield test, self._where(test)

    def _can_be_told(self, condition: Condition) -> bool:
        """Whether the compared requests say if it holds: whether their rules ask all that it asks."""
        tests = set(tests_of(condition))
        tables = {test.table for test in tests if isinstance(test, Cell | Listed)}
        return tests <= self._tests and not tables & self._edited

    def _where(self, condition: Condition) -> Region:
        asked = narrow(condition, "action", self._layout.action)
        return self._translation.region(self._encoder.formula(asked, sure=True))

    @property
    def named(self) -> list[Candidate]:
        """That definitions hold, which says most to an officer."""
        return [(Named(name, holds=True), region) for name, region in self._definitions]

    def others(self, facts: Sequence[tuple[Fact, Region]]) -> list[Candidate]:
        """All else that could be said, that first which says more."""
        opposite = self._translation.diagrams.opposite
        return [
            *((Named(name, holds=False), opposite(region)) for name, region in self._definitions),
            *facts,
            *((Related(test, holds=True), region) for test, region in self._relations),
            *((Related(test, holds=False), opposite(region)) for test, region in self._relations),
        ]


def _conditions(ruleset: RuleSet, profile: str) -> dict[str, Condition]:
    values = ruleset.parameters[profile]
    grammar = Grammar(ruleset.vocabulary, ruleset.tables, values, ruleset.definitions, FaultList())
    return {name: grammar.condition(ruleset.definitions[name]) for name in ruleset.sayings}


def needed(region: Region, among: Region, candidates: Sequence[Candidate], translation: Translation) -> list[Candidate]:
    """Of what holds of the whole region, as little as says all of it that is not so among all those requests."""
    diagrams = translation.diagrams
    some = diagrams.part(region)  # most candidates fail of it already, which is found a hundred times as fast
    kept = [
        (held, where)
        for held, where in candidates
        if diagrams.lies_in(some, where) and diagrams.lies_in(region, where) and not diagrams.lies_in(among, where)
    ]
    whole = met(among, kept, translation)
    for each in reversed(kept):
        others = [other for other in kept if other is not each]
        if met(among, others, translation) == whole:
            kept = others
    return kept


def met(among: Region, candidates: Sequence[Candidate], translation: Translation) -> Region:
    """The requests of which all of it holds."""
    for _, where in candidates:
        among = translation.diagrams.both(among, where)
    return among


def deciding(region: Region, among: Region, translation: Translation) -> tuple[str, ...]:
    """The attributes that still tell the region from the rest of those requests."""
    diagrams = translation.diagrams
    tested = diagrams.tested(region) if region != among else []
    rest = diagrams.without(among, region)
    found = [n for n in tested if diagrams.meets_but_for(n, region, rest)]
    # Where no attribute alone would make a difference, several together do.
    names = [translation.names[number] for number in found or tested]
    return tuple(dict.fromkeys(name.partition(" has ")[0].partition(" elapsed ")[0] for name in names))
