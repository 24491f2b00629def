"""A small closed domain round a request, every request of which can be asked, and the place of a request in a diagram.

The domain is the product of a few values of each fact that an edited rule reads, and the rules beside it: one value
that each test names, one that it does not, none, and for one fact a value of no type. Within it what changes is known,
not sampled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from datetime import datetime, timedelta
from itertools import product
from typing import Any

from policy.analyze.clock import Span
from policy.analyze.domain import TIMES, Stated
from policy.calendar import PARIS, add_months, elapsed
from policy.chronology import NOW
from policy.condition import Among, Cell, Elapsed, Exists, Has, Listed, OneOf, Period, SameAs, Test, tests_of
from policy.difference.compare import Change
from policy.difference.diagram import EVERYTHING
from policy.difference.translate import DOCUMENT_GIVEN, STRAY, STRAY_IN_DOCUMENT, Translation
from policy.facts import ILL_TYPED, typed
from policy.rule import Rule
from policy.ruleset import RuleSet
from policy.vocabulary import Attribute, Kind

Request = dict[str, Any]
ABSENT = object()
BROKEN = 7
_STRANGE = "Z9"


Edited = Mapping[str, tuple[str, str]]
"""By table, the row and the column of a cell that was edited."""


def edited_cells(old: RuleSet, new: RuleSet) -> Edited:
    """A cell of each table that says something else."""
    return {
        name: next(where for where, cell in sorted(table.cells.items()) if new.tables[name].cells[where] != cell)
        for name, table in old.tables.items()
        if new.tables[name].cells != table.cells
    }


def around(base: Request, tests: Iterable[Test], ruleset: RuleSet, edited: Edited, most: int) -> Iterator[Request]:
    """Every request of the product round `base`, of so many facts that there are at most `most`."""
    chosen: dict[str, list[Any]] = {}
    size = 1
    for name, values in _choices(base, tests, ruleset, edited).items():
        if size * len(values) <= most:
            chosen[name] = values
            size *= len(values)
    for combination in product(*chosen.values()):
        request = deepcopy(base)
        for name, value in zip(chosen, combination, strict=True):
            _put(request, name, value)
        yield request


def _choices(base: Request, tests: Iterable[Test], ruleset: RuleSet, edited: Edited) -> dict[str, list[Any]]:
    """By attribute, in the order of the tests, its values; a value of no type for the first."""
    found: dict[str, list[Any]] = {}
    for test in tests:
        for name, value in [*_of_edited(test, edited), *_values(base, test, ruleset)]:
            attribute = ruleset.vocabulary.attributes[name]
            if not attribute.derived and name != NOW:
                values = found.setdefault(name, [ABSENT] if found else [ABSENT, BROKEN])
                if value not in values:
                    values.append(value)
    return found


def _values(base: Request, test: Test, ruleset: RuleSet) -> Iterator[tuple[str, Any]]:
    """What a test tells apart, by attribute."""
    match test:
        case Among(name, values):
            yield from ((name, v) for v in sorted(values - {None}, key=repr)[:1])
            yield from ((name, v) for v in _others(name, values, ruleset)[:1])
        case SameAs(name, other):
            yield name, _got(base, other)
            yield name, _STRANGE
        case OneOf(name, other):
            yield from ((other, [code]) for code in ruleset.vocabulary.attributes[other].values[:2])
            yield from ((name, code) for code in ruleset.vocabulary.attributes[other].values[:2])
        case Has(name, code):
            held = [c for c in _got(base, name) or () if c != code] if isinstance(_got(base, name), list) else []
            yield from ((name, held), (name, [*held, code]))
        case Exists(name):
            yield from ((name, value) for value in _given(ruleset.vocabulary.attributes[name], base))
        case Elapsed(name):
            yield from ((name, value) for value in _about(test, ruleset.vocabulary.attributes[name], base))
        case Cell():
            yield from _of_cell(test, ruleset)
        case Listed(name, table, as_column):
            listed = ruleset.tables[table].columns if as_column else ruleset.tables[table].rows
            yield from ((name, value) for value in (*sorted(listed)[:1], _STRANGE))
        case Period():
            return


def _others(name: str, values: frozenset[object], ruleset: RuleSet) -> list[Any]:
    attribute = ruleset.vocabulary.attributes[name]
    known = (True, False) if attribute.kind is Kind.BOOLEAN else attribute.values or (_STRANGE,)
    return [value for value in known if value not in values]


def _given(attribute: Attribute, base: Request) -> list[Any]:
    if attribute.kind is Kind.CODES:
        return [[], list(attribute.values[:1])]
    if attribute.kind in TIMES:
        return [str(base["at"])[: 10 if attribute.kind is Kind.DATE else None]]
    return list(attribute.values[:1]) or [_STRANGE, "-"]


def _about(test: Elapsed, attribute: Attribute, base: Request) -> list[str]:
    """A day before and a day after the amount has elapsed."""
    now = datetime.fromisoformat(base["at"])
    months = test.amount * (12 if test.unit == "years" else 1)
    day = now.date() - timedelta(days=test.amount) if test.unit == "days" else add_months(now.date(), -months)
    days = [day + timedelta(days=offset) for offset in (-1, 1)]
    return [
        d.isoformat() if attribute.kind is Kind.DATE else datetime.combine(d, now.timetz()).isoformat() for d in days
    ]


def _of_edited(test: Test, edited: Edited) -> Iterator[tuple[str, str]]:
    """The edited row and column of the table that a test looks at."""
    if isinstance(test, Cell) and test.table in edited:
        row, column = edited[test.table]
        yield test.attribute, row
        if test.column_is_attribute:
            yield test.column, column


def _of_cell(test: Cell, ruleset: RuleSet) -> Iterator[tuple[str, Any]]:
    table = ruleset.tables[test.table]
    columns = sorted(table.columns)[:2] if test.column_is_attribute else [test.column]
    if test.column_is_attribute:
        yield from ((test.column, column) for column in columns)
    of_column = {
        row: cell in test.values for (row, column), cell in sorted(table.cells.items()) if column == columns[0]
    }
    for wanted in (True, False):
        yield from [(test.attribute, row) for row, held in of_column.items() if held is wanted][:1]
    yield test.attribute, _STRANGE
    if test.same_as:
        yield from ((test.same_as, cell) for cell in sorted(set(table.cells.values()))[:2])


def _got(request: Request, name: str) -> Any:
    entity, _, key = name.partition(".")
    holder = _document(request) if entity == "document" else request.get(entity)
    return holder.get(key) if isinstance(holder, dict) else None


def _document(request: Request) -> Any:
    """The document, or the one item of a list."""
    items = request.get("documents")
    return next(iter(items.values()), None) if isinstance(items, dict) else request.get("document")


def _put(request: Request, name: str, value: Any) -> None:
    entity, _, key = name.partition(".")
    holder = _document(request) if entity == "document" else request.setdefault(entity, {})
    if not isinstance(holder, dict):
        return
    if value is ABSENT:
        holder.pop(key, None)
    else:
        holder[key] = value


class Placed:
    """One request, placed among the variables of diagrams; of a list, with its one item or without."""

    def __init__(self, request: Request, groups: Mapping[str, str], *, of_item: bool, stray: bool) -> None:
        """`groups` are those of `groups_of`; `stray` says that an item of its list is ill-typed."""
        self._request, self._groups, self._stray = request, groups, stray
        self._document = _document(request) if of_item or "documents" not in request else None
        self._chosen: dict[int, list[int] | None] = {}

    def lies_in(self, change: Change, edges: dict[tuple[int, int], tuple[int, tuple[int, ...]]]) -> bool:
        """Whether a change tells of the request; `edges` keeps those of nodes that were met."""
        chosen = self._values(change.translation)
        node = change.region
        while chosen is not None and node > EVERYTHING:
            key = id(change.translation), node
            if key not in edges:
                edges[key] = change.translation.diagrams.edges(node)
            variable, ends = edges[key]
            node = ends[chosen[variable]]
        return chosen is not None and node == EVERYTHING

    def _values(self, translation: Translation) -> list[int] | None:
        """The number of its value for each variable; nothing where a translation has no such value."""
        if id(translation) not in self._chosen:
            self._chosen[id(translation)] = self._numbers(translation)
        return self._chosen[id(translation)]

    def _numbers(self, translation: Translation) -> list[int] | None:
        told = dict(self._told(translation))
        if self._stray and STRAY not in translation.number:
            return None
        numbers = []
        for name in translation.names:
            if told[name] not in translation.values[name]:
                return None
            numbers.append(translation.values[name].index(told[name]))
        return numbers

    def _told(self, translation: Translation) -> Iterator[tuple[str, Any]]:
        domain = translation.domain
        strays: dict[tuple[str, Any], str] = {}
        yield from ((DOCUMENT_GIVEN, self._document is not None), (STRAY, self._stray), (STRAY_IN_DOCUMENT, False))
        now = datetime.fromisoformat(self._request["at"])
        for name, options in domain.options.items():
            if name == NOW:
                day = now.astimezone(PARIS).date()
                yield name, next(o for o in options if isinstance(o, Span) and o.first <= day < o.end)
                continue
            option, value = self._option(domain.attributes[name][0], options, strays)
            yield name, option
            for code, variable in translation.codes.get(name, {}).items():
                yield variable, option is Stated.GIVEN and code in value
            for amount, unit in domain.amounts[name]:
                yield f"{name} elapsed {amount} {unit}", option is Stated.GIVEN and elapsed(value, amount, unit, now)

    def _option(
        self, attribute: Attribute, options: tuple[Any, ...], strays: dict[tuple[str, Any], str]
    ) -> tuple[Any, Any]:
        """What it states of an attribute, and the typed value."""
        entity, _, key = attribute.name.partition(".")
        holder: Mapping[str, Any] = (self._document if entity == "document" else self._request.get(entity)) or {}
        if key not in holder:
            return Stated.MISSING, None
        given = holder[key]
        if given is None and attribute.nullable:
            return (Stated.NULL if Stated.NULL in options else Stated.MISSING), None
        value = typed(attribute, given)
        if value is ILL_TYPED:
            return Stated.BROKEN, None
        if Stated.GIVEN in options:
            return Stated.GIVEN, value
        if value in options:
            return value, value
        group = self._groups.get(attribute.name, attribute.name)
        if (group, value) not in strays:
            taken = [option for (of, _), option in strays.items() if of == group]
            strays[group, value] = _free(value, [o for o in options if o not in taken])
        return strays[group, value], value


def _free(value: str, options: list[Any]) -> str:
    """A value that stands for one which no rule names: as silent as it, where some rule asks whether it is."""
    said = [option for option in options if isinstance(option, str) and option[:1] == "X" and option[1:].isdigit()]
    silent = [option for option in options if isinstance(option, str) and option and not option.strip("-")]
    speaks = any(character.isalnum() for character in value)
    return (said if speaks or not silent else silent)[0]


def groups_of(rules: Iterable[Rule]) -> dict[str, str]:
    """By attribute, one of those that some rule compares it with, the same for all of them."""
    groups: dict[str, str] = {}
    for test in (test for rule in rules for condition in rule.conditions.values() for test in tests_of(condition)):
        if isinstance(test, SameAs):
            one, other = (groups.get(name, name) for name in (test.attribute, test.other))
            groups |= {name: one for name, group in groups.items() if group == other}
            groups |= {test.attribute: one, test.other: one}
    return groups
