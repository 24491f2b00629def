"""Every request that can be typed, as Boolean variables: what it states, and what cannot be stated together.

A single value is one of finitely many: the constants that rules and tables name, and as many others as could ever be
told apart. A set of codes is a variable for each code. A time is told only by the tests that rules make of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from functools import cached_property
from itertools import combinations

import z3

from policy.analyze.clock import Amount, amount_of, implied, impossible, spans
from policy.chronology import NOW
from policy.condition import (
    Among,
    Cell,
    Condition,
    Elapsed,
    Exists,
    Listed,
    OneOf,
    Period,
    SameAs,
    Test,
    tests_of,
)
from policy.facts import ILL_TYPED, typed
from policy.ruleset import RuleSet
from policy.table import Table
from policy.vocabulary import Attribute, Kind

SINGLE = (Kind.BOOLEAN, Kind.CODE, Kind.ID, Kind.TEXT)
TIMES = (Kind.DATE, Kind.TIME)
Option = object
"""What a request states of an attribute: a `Stated`, a value, or for the clock a span of days."""


class Stated(Enum):
    """What a request can state of an attribute, other than one of its named values."""

    MISSING = "missing"
    NULL = "null"
    BROKEN = "broken"
    """A value of no type."""
    GIVEN = "given"
    """A set, or a time: its own variables say which."""


class Domain:
    """The variables for the requests of one rule set, or of several that are compared.

    Raises ValueError where two rule sets give one attribute types that no value can have both.
    """

    def __init__(self, rulesets: Sequence[RuleSet], conditions: Iterable[Condition] = ()) -> None:
        """Take in every test of the rules, and of further conditions that will be asked about."""
        of_rules = [c for ruleset in rulesets for rule in ruleset.rules for c in rule.conditions.values()]
        tests = {test for condition in (*of_rules, *conditions) for test in tests_of(condition)}
        self.tests = frozenset(tests)
        pairs = (pair for ruleset in rulesets for pair in ruleset.vocabulary.chronology)
        self.chronology = tuple(dict.fromkeys(pairs))
        self._variables: dict[str, z3.BoolRef] = {}
        self._stated: dict[tuple[str, Option], z3.BoolRef] = {}
        self._numbers: dict[int, int] = {}
        self.attributes = _merged(rulesets)
        self.amounts: dict[str, tuple[Amount, ...]] = {
            name: tuple(
                sorted({amount_of(test) for test in tests if isinstance(test, Elapsed) and test.attribute == name})
            )
            for name in self.attributes
        }
        self.spans = spans(test for test in tests if isinstance(test, Period))
        self.options = self._options(tests, [table for ruleset in rulesets for table in ruleset.tables.values()])
        self.document_given = z3.Bool("document is given")
        self.stray = z3.Bool("something outside the vocabulary is stated")
        self.stray_in_document = z3.Bool("something outside the vocabulary is stated of the document")
        self.implications: list[z3.BoolRef] = list(self._implications())
        """The laws but for those that give each attribute one value."""

    def states(self, attribute: str, option: Option) -> z3.BoolRef:
        """The variable that says that a request states this of an attribute."""
        key = attribute, option
        found = self._stated.get(key)
        if found is None:
            found = self._stated[key] = self._variable(f"{attribute} is {option!r}")
        return found

    def has(self, attribute: str, code: str) -> z3.BoolRef:
        """The variable that says that a set has a code, where a set is given."""
        return self._variable(f"{attribute} has {code!r}")

    def elapsed(self, attribute: str, amount: Amount) -> z3.BoolRef:
        """The variable that says that so much has elapsed, where a time is given."""
        return self._variable(f"{attribute} elapsed {amount!r}")

    def number(self, variable: z3.BoolRef) -> int:
        """The solver's number of one of these variables, asked once: they are kept, and their identities too."""
        found = self._numbers.get(id(variable))
        if found is None:
            found = self._numbers[id(variable)] = variable.get_id()
        return found

    def _variable(self, name: str) -> z3.BoolRef:
        found = self._variables.get(name)
        if found is None:
            found = self._variables[name] = z3.Bool(name)
        return found

    def codes(self, attribute: str) -> tuple[str, ...]:
        """All codes that a set may have, in any of the vocabularies."""
        return tuple(dict.fromkeys(code for known in self.attributes[attribute] for code in known.values))

    def solver(self) -> z3.Solver:
        """A solver that knows the laws."""
        solver = z3.SolverFor("QF_FD")
        solver.add(self.laws)
        return solver

    def _options(self, tests: set[Test], tables: Iterable[Table]) -> dict[str, tuple[Option, ...]]:
        values = _Values(self.attributes, tests, tables)
        options: dict[str, tuple[Option, ...]] = {}
        for name, known in self.attributes.items():
            if name == NOW:
                options[name] = (Stated.BROKEN, *self.spans)
            elif not known[0].derived:
                kinds = {attribute.nullable for attribute in known}
                null = (Stated.NULL,) if len(kinds) > 1 else ()  # else null is as good as missing, or as broken
                given = values.of(name) if known[0].kind in SINGLE else (Stated.GIVEN,)
                options[name] = (Stated.MISSING, *null, Stated.BROKEN, *given)
        return options

    @cached_property
    def laws(self) -> list[z3.BoolRef]:
        """What holds of every request."""
        stated = ([self.states(name, option) for option in options] for name, options in self.options.items())
        return [*(z3.PbEq([(variable, 1) for variable in variables], 1) for variables in stated), *self.implications]

    def _implications(self) -> Iterator[z3.BoolRef]:
        for name in self.options:
            if name.startswith("document."):
                yield z3.Implies(z3.Not(self.document_given), self.states(name, Stated.MISSING))
        yield z3.Implies(self.stray_in_document, self.document_given)
        for name, amounts in self.amounts.items():
            for amount in amounts:
                if impossible(amount):
                    yield z3.Not(self.elapsed(name, amount))
            for one, other in combinations(amounts, 2):
                for longer, shorter in ((one, other), (other, one)):
                    if implied(longer, shorter):
                        yield z3.Implies(self.elapsed(name, longer), self.elapsed(name, shorter))


def _merged(rulesets: Sequence[RuleSet]) -> dict[str, tuple[Attribute, ...]]:
    """Each attribute as every vocabulary that has it says."""
    merged: dict[str, tuple[Attribute, ...]] = {}
    for ruleset in rulesets:
        for name, attribute in ruleset.vocabulary.attributes.items():
            merged[name] = (*merged.get(name, ()), attribute)
    for name, known in merged.items():
        if len({_shape(attribute) for attribute in known}) > 1:
            raise ValueError(f"attribute `{name}` is of types that cannot be compared")
    return merged


def _shape(attribute: Attribute) -> object:
    return attribute.derived or ("single" if attribute.kind in SINGLE else attribute.kind)


class _Values:
    """The values that single attributes can have, as many as rules can tell apart."""

    def __init__(self, attributes: dict[str, tuple[Attribute, ...]], tests: set[Test], tables: Iterable[Table]) -> None:
        self._attributes = attributes
        self._single = {name for name, known in attributes.items() if known[0].kind in SINGLE or known[0].derived}
        self._named: dict[str, set[object]] = {name: self._own(name) for name in self._single}
        self._together: dict[str, set[str]] = {name: {name} for name in self._single}
        by_name: dict[str, list[Table]] = {}
        for table in tables:
            by_name.setdefault(table.name, []).append(table)
        for test in tests:
            self._take(test, by_name)
        self._asked = {test.attribute for test in tests if isinstance(test, Exists)}

    def of(self, name: str) -> tuple[object, ...]:
        """The values, each of which at least one vocabulary can type; those that rules do not name come last."""
        group = sorted(self._together[name])
        named = {value for member in group for value in self._named[member]}
        free = [member for member in group if any(a.kind in (Kind.ID, Kind.TEXT) for a in self._attributes[member])]
        others = [f"X{number}" for number in range(1, 2 * len(named) + len(free) + 1) if f"X{number}" not in named]
        # A text of blanks or strokes says nothing, and is yet a value that can be the same as another.
        strokes = [
            stroke for number in range(1, 2 * len(named) + len(free) + 1) if (stroke := "-" * number) not in named
        ]
        silent = strokes[: len(free)] if self._asked & set(group) else []
        values = [*sorted(named, key=repr), *others[: len(free)], *silent]
        return tuple(value for value in values if any(typed(a, value) is not ILL_TYPED for a in self._attributes[name]))

    def _own(self, name: str) -> set[object]:
        """The values that the vocabularies name."""
        own: set[object] = set()
        for attribute in self._attributes[name]:
            own |= {True, False} if attribute.kind is Kind.BOOLEAN else set(attribute.values)
            own |= {attribute.absent} - {None}
        return own

    def _take(self, test: Test, tables: dict[str, list[Table]]) -> None:
        match test:
            case Among(name, values):
                self._named.setdefault(name, set()).update(values - {None})
            case SameAs(one, other):
                self._join(one, other)
            case OneOf(name, other):
                self._named[name].update(code for a in self._attributes[other] for code in a.values)
            case Listed(name, table, as_column):
                for known in tables[table]:
                    self._named[name].update(known.columns if as_column else known.rows)
            case Cell():
                self._take_cell(test, tables[test.table])
            case _:
                return

    def _take_cell(self, test: Cell, tables: list[Table]) -> None:
        for table in tables:
            self._named[test.attribute].update(table.rows)
            if test.column_is_attribute:
                self._named[test.column].update(table.columns)
            if test.same_as:
                wanted = [
                    cell for (_, name), cell in table.cells.items() if test.column_is_attribute or name == test.column
                ]
                self._named[test.same_as].update(wanted)

    def _join(self, one: str, other: str) -> None:
        joined = self._together[one] | self._together[other]
        for name in joined:
            self._together[name] = joined
