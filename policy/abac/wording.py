"""The tests of a clause in py-abac's conditions, each chosen so that it says the same of a value that is missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policy.abac.clauses import Choice, Clause, Literal, Unsayable
from policy.abac.place import Spot, may_be_missing, resolved_spot, spot_of
from policy.condition import Elapsed, Exists, Has, OneOf, SameAs
from policy.vocabulary import Attribute, Kind, Vocabulary

SOMETHING = r"[^\W_]"
"""A letter or a digit: the one regular expression that is written and read, in linear time."""
Json = dict[str, Any]


def spot_and_condition(clause: Clause, vocabulary: Vocabulary) -> Iterator[tuple[Spot, Json]]:
    """Each test of the clause: where its value lies, and what must hold of it."""
    for attribute in sorted(clause.choices):
        yield spot_of(attribute), chosen(clause.choices[attribute], vocabulary.attributes[attribute])
    for literal in sorted(clause.literals, key=repr):
        where = resolved_spot(literal.test) if isinstance(literal.test, Elapsed) else spot_of(_subject(literal))
        yield where, _literal(literal, vocabulary)


def chosen(choice: Choice, attribute: Attribute) -> Json:
    """A choice of values."""
    missing = (None in choice.values) is choice.among
    values = sorted((value for value in choice.values if value is not None), key=repr)
    if attribute.kind is Kind.BOOLEAN:
        return _flag(choice, missing=missing)
    if choice.among and attribute.kind is Kind.CODE and missing:
        # All but the others: of a missing value IsIn is false, and so its opposite true.
        return _not(_among(sorted(set(attribute.values) - choice.values)))
    if choice.among:
        named = [_among(values)] if values else []
        return _any([{"condition": "NotExists"}, *named]) if missing else named[0]
    others = [_not(_among(values))] if values else []
    return others[0] if missing else _every([{"condition": "Exists"}, *others])


def _flag(choice: Choice, *, missing: bool) -> Json:
    """py-abac cannot say `true`, and counts it as the number 1."""
    values = choice.values - {None}
    if len(values) != 1:
        return {"condition": "Exists"} if values else {"condition": "NotExists"}
    number = int(True in values)
    return _not(_eq(1 - number)) if missing else _eq(number)


def _literal(literal: Literal, vocabulary: Vocabulary) -> Json:
    test, holds = literal.test, literal.holds
    match test:
        case Has(value=value):
            said = {"condition": "AnyIn", "values": [value]}
        case Exists(attribute):
            return _exists(vocabulary.attributes[attribute], holds=holds)
        case SameAs(attribute, other):
            said = _same(vocabulary.attributes[attribute], vocabulary.attributes[other])
        case OneOf(other=other):
            said = _other("IsInAttribute", other)
        case Elapsed():
            # INVARIANT: of a time that is not there a denial may hold and a permit does not surely hold.
            return _eq(int(holds)) if literal.sure is holds else _not(_eq(int(not holds)))
        case _:
            raise Unsayable(f"py-abac has no condition for {type(test).__name__}")
    return said if holds else _not(said)


def _exists(attribute: Attribute, *, holds: bool) -> Json:
    if attribute.kind in (Kind.ID, Kind.TEXT):
        said = {"condition": "RegexMatch", "value": SOMETHING}
        return said if holds else _not(said)
    return {"condition": "Exists" if holds else "NotExists"}


def _same(attribute: Attribute, other: Attribute) -> Json:
    said = _other("EqualsAttribute", other.name)
    # DANGER: py-abac takes two values that are missing for the same.
    guarded = may_be_missing(attribute) and may_be_missing(other)
    return _every([{"condition": "Exists"}, said]) if guarded else said


def _subject(literal: Literal) -> str:
    test = literal.test
    if isinstance(test, SameAs | OneOf | Has | Exists):
        return test.attribute
    raise Unsayable(f"py-abac has no condition for {type(test).__name__}")


def _other(condition: str, attribute: str) -> Json:
    spot = spot_of(attribute)
    return {"condition": condition, "ace": spot.element, "path": spot.path}


def _among(values: list[Any]) -> Json:
    if len(values) == 1:
        return {"condition": "Equals", "value": values[0]}
    return {"condition": "IsIn", "values": values}


def _eq(number: int) -> Json:
    return {"condition": "Eq", "value": number}


def _not(condition: Json) -> Json:
    return {"condition": "Not", "value": condition}


def _every(conditions: list[Json]) -> Json:
    return conditions[0] if len(conditions) == 1 else {"condition": "AllOf", "values": conditions}


def _any(conditions: list[Json]) -> Json:
    return conditions[0] if len(conditions) == 1 else {"condition": "AnyOf", "values": conditions}
