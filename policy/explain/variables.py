"""The facts of a request that could have been otherwise, and of each the values that the rules tell apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from policy.calendar import PARIS, add_months, elapsed
from policy.condition import Among, Cell, Condition, Elapsed, Has, Listed, OneOf, SameAs, Test, attributes_of, tests_of
from policy.facts import UNKNOWN
from policy.logic import Ground
from policy.vocabulary import Attribute, Kind, Vocabulary

FREE_TEXT: Final = "X"
"""Stands for a text or an identifier like no other, where any would do."""
_DOCUMENT: Final = "document."
_TIMES: Final = (Kind.DATE, Kind.TIME)
_DAY: Final = timedelta(days=1)
_MONTHS: Final = {"months": 1, "years": 12}


@dataclass(frozen=True, slots=True, order=True)
class Variable:
    """One fact: an attribute, or whether an attribute that is a set has one member."""

    attribute: str
    member: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that a variable could have."""

    value: Any
    """Typed; for a member of a set, whether it is in."""
    alike: tuple[Any, ...] = ()
    """Other values that no rule tells from it."""


Changes = Mapping[Variable, Any]


@dataclass(frozen=True, slots=True)
class Domain:
    """The variables of one request, under the rules that concern its action."""

    vocabulary: Vocabulary
    ground: Ground
    values: list[Any]
    """The request's, typed."""
    has_document: bool
    tests: Mapping[str, tuple[Test, ...]]
    """By attribute, the tests that read it."""

    def value(self, attribute: str) -> Any:
        """What the request says, or what its absence stands for."""
        return self.values[self.ground.index[attribute]]

    def read_by(self, condition: Condition) -> frozenset[Variable]:
        """The variables that a condition depends on."""
        found: set[Variable] = set()
        for test in tests_of(condition):
            found.update(variable for name in attributes_of(test) for variable in self._of(name, test))
        return frozenset(found)

    def _of(self, name: str, test: Test) -> Iterator[Variable]:
        attribute = self.vocabulary.attributes[name]
        if attribute.derived or (name.startswith(_DOCUMENT) and not self.has_document):
            return
        if attribute.kind is not Kind.CODES or not isinstance(self.value(name), frozenset):
            yield Variable(name)
        elif isinstance(test, Has):
            yield Variable(name, test.value)
        else:
            yield from (Variable(name, member) for member in attribute.values)

    def choices(self, variable: Variable) -> tuple[Choice, ...]:
        """The values other than the present one: of each class that the rules tell apart one, and those alike."""
        attribute, now = self.vocabulary.attributes[variable.attribute], self.value(variable.attribute)
        if variable.member:
            return (Choice(variable.member not in now),)
        classes: dict[object, list[Any]] = {}
        for value in dict.fromkeys(self._values(attribute)):
            classes.setdefault(self._class(attribute, value), []).append(value)
        kept = ([value for value in alike if value != now] for alike in classes.values())
        own = None if now is UNKNOWN else self._class(attribute, now)
        others = [alike for key, alike in zip(classes, kept, strict=True) if alike and key != own]
        return tuple(Choice(alike[0], () if attribute.kind in _TIMES else tuple(alike[1:])) for alike in others)

    def _class(self, attribute: Attribute, value: object) -> object:
        """What the rules can tell of a value: the same for two values that no rule tells apart."""
        told: list[object] = [value is None]
        for other in self.vocabulary.attributes.values():
            told += [value in r.values for r in other.required if r.attribute == attribute.name]
        told += [self._told(test, attribute, value) for test in self.tests.get(attribute.name, ())]
        return tuple(told)

    def _told(self, test: Test, attribute: Attribute, value: object) -> object:
        """What one test can tell of a value; one that is compared with another fact is like no other."""
        if isinstance(test, SameAs | OneOf):
            return value
        if not isinstance(test, Cell):
            return self._answer(test, attribute, value)
        table = self.ground.tables[test.table]
        if test.same_as:
            return value
        if attribute.name == test.attribute:
            columns = table.columns if test.column_is_attribute else (test.column,)
            return frozenset(column for column in columns if table.cells.get((str(value), column)) in test.values)
        return frozenset(row for row in table.rows if table.cells.get((row, str(value))) in test.values)

    def _answer(self, test: Test, attribute: Attribute, value: object) -> bool | None:
        values = list(self.values)
        values[self.ground.index[attribute.name]] = value
        return self.ground.test(test, values)

    def _values(self, attribute: Attribute) -> Iterator[Any]:
        """Representatives of every class, the likeliest first."""
        match attribute.kind:
            case Kind.BOOLEAN:
                yield from (True, False)
            case Kind.CODE:
                yield from attribute.values
            case Kind.CODES:  # only where the set is missing or ill-typed: else its members are the variables
                yield from (frozenset(), *(frozenset({member}) for member in attribute.values))
            case Kind.ID | Kind.TEXT:
                yield from self._texts(attribute)
            case Kind.DATE | Kind.TIME:
                yield from self._times(attribute)
        if attribute.nullable:
            yield None

    def _texts(self, attribute: Attribute) -> Iterator[Any]:
        """What the rules name, what the facts hold that it is compared with, and something else."""
        yield FREE_TEXT
        for test in self.tests.get(attribute.name, ()):
            match test:
                case Among(values=values):
                    yield from sorted(value for value in values if isinstance(value, str))
                case SameAs(name, other):
                    yield from self._held(other if name == attribute.name else name)
                case OneOf(other=other):
                    yield from sorted(self.vocabulary.attributes[other].values)
                case Cell() | Listed():
                    yield from sorted(self._named(test, attribute.name))
                case _:
                    continue
        if attribute.kind is Kind.TEXT:
            yield ""

    def _held(self, name: str) -> Iterator[str]:
        value = self.value(name)
        if isinstance(value, str):
            yield value

    def _named(self, test: Cell | Listed, name: str) -> Iterable[str]:
        table = self.ground.tables[test.table]
        if isinstance(test, Listed):
            return table.columns if test.as_column else table.rows
        if name == test.attribute:
            return table.rows
        return table.columns if test.column_is_attribute and name == test.column else set(table.cells.values())

    def _times(self, attribute: Attribute) -> Iterator[Any]:
        """Now, and long enough ago for each of the terms that run from it."""
        now = self.value("context.now")
        if not isinstance(now, datetime):
            return
        terms = sorted(
            {t for t in self.tests.get(attribute.name, ()) if isinstance(t, Elapsed)},
            key=lambda t: t.amount * {"days": 1, "months": 30, "years": 365}[t.unit],
        )
        yield _start(attribute, now)
        for term in terms:
            yield from _around(attribute, term, now)


def _around(attribute: Attribute, term: Elapsed, now: datetime) -> Iterator[date | datetime]:
    """A start of which a term has just run, and one of which it has not; nothing past the calendar."""
    for days in (2, 4, -2, -4):  # a month's end may take up two
        try:
            start = _start(attribute, _back(now, term) - days * _DAY)
        except (OverflowError, ValueError):
            continue
        if elapsed(start, term.amount, term.unit, now) is (days > 0):
            yield start


def _back(now: datetime, term: Elapsed) -> datetime:
    if term.unit == "days":
        return now - term.amount * _DAY
    local = now.astimezone(PARIS)
    return datetime.combine(
        add_months(local.date(), -term.amount * _MONTHS[term.unit]), local.time(), PARIS
    ).astimezone(UTC)


def _start(attribute: Attribute, moment: datetime) -> date | datetime:
    return moment.astimezone(PARIS).date() if attribute.kind is Kind.DATE else moment


def typed(changes: Changes, values: Mapping[str, Any]) -> dict[str, Any]:
    """The changed attributes with their whole new values; `values` are the present ones, for the sets among them."""
    found: dict[str, Any] = {}
    for variable, value in changes.items():
        if variable.member:
            members = found.get(variable.attribute, values[variable.attribute])
            alone = frozenset({variable.member})
            found[variable.attribute] = members | alone if value else members - alone
        else:
            found[variable.attribute] = value
    return found


def applied(request: Mapping[str, Any], changed: Mapping[str, Any]) -> dict[str, Any]:
    """The request with other values of some attributes."""
    other = dict(request)
    for attribute, value in changed.items():
        entity, _, name = attribute.partition(".")
        given = other.get(entity)
        stated = {**given} if isinstance(given, Mapping) else {}
        other[entity] = stated | {name: sorted(value) if isinstance(value, frozenset) else value}
    return other
