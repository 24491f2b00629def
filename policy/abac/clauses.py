"""Conditions in disjunctive normal form: clauses of which at least one must hold, each a conjunction of plain tests.

py-abac can join tests of different attributes only by "and"; what is joined by "or" becomes policies side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce

from policy.abac.place import may_be_missing
from policy.condition import Among, Cell, Condition, Constant, Every, Listed, Negation, Period, Some, Test
from policy.table import Table
from policy.vocabulary import Kind, Vocabulary

MAX_CLAUSES = 4096


class Unsayable(Exception):
    """A condition that no policy of py-abac can say; the text is the reason."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The value is one of some, or none of some; `None` stands for a value that is not there."""

    values: frozenset[object]
    among: bool = True

    def both(self, other: Choice) -> Choice:
        """What satisfies this and the other."""
        if self.among and other.among:
            return Choice(self.values & other.values)
        if not self.among and not other.among:
            return Choice(self.values | other.values, among=False)
        kept, removed = (self, other) if self.among else (other, self)
        return Choice(kept.values - removed.values)

    def either(self, other: Choice) -> Choice:
        """What satisfies this or the other."""
        return self.opposite.both(other.opposite).opposite

    @property
    def opposite(self) -> Choice:
        """What does not satisfy this."""
        return replace(self, among=not self.among)


@dataclass(frozen=True, slots=True)
class Literal:
    """A test that is no choice of values, and whether it must hold.

    `sure` asks whether it certainly holds, its opposite whether it may: they differ for a time that is not there.
    """

    test: Test
    holds: bool
    sure: bool


@dataclass(frozen=True, slots=True)
class Clause:
    """A conjunction: a choice for each of some attributes, and literals."""

    choices: Mapping[str, Choice] = field(default_factory=dict)
    literals: frozenset[Literal] = frozenset()

    @property
    def key(self) -> tuple[frozenset[tuple[str, Choice]], frozenset[Literal]]:
        """What two clauses have in common that say the same."""
        return frozenset(self.choices.items()), self.literals


@dataclass(frozen=True, slots=True)
class ClauseWriter:
    """Brings conditions into clauses, for well-typed requests in one vocabulary."""

    vocabulary: Vocabulary
    tables: Mapping[str, Table]

    def clauses(self, condition: Condition, sure: bool) -> tuple[Clause, ...]:
        """The clauses of a condition, none for what never holds; raises Unsayable."""
        return tuple(self._shortened(self._of(condition, holds=True, sure=sure)))

    def _of(self, condition: Condition, *, holds: bool, sure: bool) -> list[Clause]:
        match condition:
            case Constant(value):
                return [Clause()] if value is holds else []
            case Negation(part):
                return self._of(part, holds=not holds, sure=not sure)
            case Every(parts) | Some(parts):
                of_parts = [self._of(part, holds=holds, sure=sure) for part in parts]
                joined = isinstance(condition, Every) is holds
                if joined:
                    return reduce(self._both, of_parts, [Clause()])
                return self._shortened([clause for part in of_parts for clause in part])
            case _:
                return self._test(condition, holds, sure)

    def _test(self, test: Test, holds: bool, sure: bool) -> list[Clause]:
        match test:
            case Among(attribute, values):
                return self._choice(attribute, Choice(values, holds))
            case Listed(attribute, table, as_column):
                named = self.tables[table]
                return self._choice(attribute, Choice(named.columns if as_column else named.rows, holds))
            case Cell():
                return self._cell(test, holds)
            case Period():
                raise Unsayable("py-abac has no calendar: `from` and `until`")
            case _:
                return [Clause(literals=frozenset({Literal(test, holds, sure)}))]

    def _choice(self, attribute: str, choice: Choice) -> list[Clause]:
        simplest = self._simplest(attribute, choice)
        if simplest is None:
            return [Clause()]
        return [Clause({attribute: simplest})] if simplest.values or not simplest.among else []

    def _simplest(self, attribute: str, choice: Choice) -> Choice | None:
        """The choice among the values that there are; nothing when it leaves them all."""
        known = self.vocabulary.attributes[attribute]
        if known.kind is Kind.BOOLEAN:
            every: frozenset[object] = frozenset({True, False})
        elif known.kind is Kind.CODE:
            every = frozenset(known.values)
        else:
            return None if not choice.among and not choice.values else choice
        every |= {None} if may_be_missing(known) else set()
        kept = Choice(every).both(choice)
        return None if kept.values == every else kept

    def _cell(self, test: Cell, holds: bool) -> list[Clause]:
        """A look-up, written out: for each column (or cell) the rows that it has."""
        cells = self.tables[test.table].cells
        rows: dict[str, set[object]] = {}
        for (row, column), cell in cells.items():
            if test.same_as and column == test.column:
                rows.setdefault(cell, set()).add(row)
            elif not test.same_as and cell in test.values:
                rows.setdefault(column, set()).add(row)
        if not test.column_is_attribute and not test.same_as:
            return self._choice(test.attribute, Choice(frozenset(rows.get(test.column, ())), holds))
        if test.column_is_attribute and test.same_as:
            raise Unsayable("a table look-up whose column and whose cell are both attributes")
        selector = test.same_as or test.column
        found = [clause for name in sorted(rows) for clause in self._row(test.attribute, selector, name, rows, holds)]
        return found if holds else found + self._choice(selector, Choice(frozenset(rows), among=False))

    def _row(
        self, attribute: str, selector: str, name: str, rows: Mapping[str, Iterable[object]], holds: bool
    ) -> list[Clause]:
        chosen = self._choice(selector, Choice(frozenset({name})))
        return self._both(chosen, self._choice(attribute, Choice(frozenset(rows[name]), holds)))

    def _both(self, left: list[Clause], right: list[Clause]) -> list[Clause]:
        joined = (self._joined(one, other) for one in left for other in right)
        return self._shortened([clause for clause in joined if clause is not None])

    def _joined(self, one: Clause, other: Clause) -> Clause | None:
        """Both clauses in one, or nothing when they contradict one another."""
        choices = dict(one.choices)
        for attribute, choice in other.choices.items():
            both = choices[attribute].both(choice) if attribute in choices else choice
            if both.among and not both.values:
                return None
            choices[attribute] = both
        literals = one.literals | other.literals
        if any(replace(literal, holds=not literal.holds) in literals for literal in literals):
            return None
        return Clause(choices, literals)

    def _shortened(self, clauses: list[Clause]) -> list[Clause]:
        """The same in fewer clauses."""
        if len(clauses) > MAX_CLAUSES:
            raise Unsayable(f"more than {MAX_CLAUSES} policies would be needed")
        kept = list({clause.key: clause for clause in clauses}.values())
        kept = [c for c in kept if not any(o is not c and _absorbs(o, c) for o in kept)]
        while (merged := self._one_merge(kept)) is not None:
            kept = merged
        return kept

    def _one_merge(self, clauses: list[Clause]) -> list[Clause] | None:
        """Two clauses that differ in one attribute's choice alone are one; nothing when there are none such."""
        seen: dict[object, Clause] = {}
        for clause in clauses:
            for attribute in clause.choices:
                rest = {name: choice for name, choice in clause.choices.items() if name != attribute}
                key = (attribute, frozenset(rest.items()), clause.literals)
                if (other := seen.get(key)) is not None:
                    both = self._simplest(attribute, clause.choices[attribute].either(other.choices[attribute]))
                    joined = Clause(rest if both is None else {**rest, attribute: both}, clause.literals)
                    kept = [c for c in clauses if c is not clause and c is not other and not _absorbs(joined, c)]
                    return [*kept, joined]
                seen[key] = clause
        return None


def _absorbs(wide: Clause, narrow: Clause) -> bool:
    """Whether the wide clause holds wherever the narrow one does."""
    if not wide.literals <= narrow.literals:
        return False
    for attribute, choice in wide.choices.items():
        other = narrow.choices.get(attribute)
        if other is None or other.both(choice) != other:
            return False
    return True
