"""What a py-abac condition means in the rule language; what it would not mean soundly is refused by place.

A condition is taken only where both say the same of every well-typed value, missing ones included.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from policy import shape
from policy.abac.place import ELEMENTS, RESOLVED, Spot, attribute_at, may_be_missing
from policy.abac.terms import TermReader
from policy.abac.trees import every, negated, some, tree
from policy.abac.wording import SOMETHING
from policy.errors import FaultList, Place
from policy.ruleset import RuleSet
from policy.source import Mapping as Tree
from policy.source import Node, Scalar, Sequence
from policy.vocabulary import Attribute, Kind

_PATH = re.compile(r"\$(\.[A-Za-z_][A-Za-z0-9_]*)+")
_CASE = "case_insensitive"
_VALUE, _VALUES, _OTHER = ("value",), ("values",), ("ace", "path")
FIELDS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("Equals", "NotEquals"), (*_VALUE, _CASE)),
    **dict.fromkeys(("Eq", "Neq", "RegexMatch", "Not"), _VALUE),
    **dict.fromkeys(("IsIn", "IsNotIn", "AnyIn", "AnyNotIn", "AllIn", "AllNotIn", "AllOf", "AnyOf"), _VALUES),
    **dict.fromkeys(("Exists", "NotExists"), ()),
    **dict.fromkeys(("EqualsAttribute", "NotEqualsAttribute", "IsInAttribute", "IsNotInAttribute"), _OTHER),
}
"""The conditions that are taken, and what each needs."""
Given = Mapping[str, Node]
_VANISHES = "of a missing value it is false, and the denial vanishes"
REFUSED = {
    **dict.fromkeys(("Gt", "Gte", "Lt", "Lte"), "the rule language has no numbers: NaN and booleans pass for some"),
    **dict.fromkeys(("Contains", "NotContains", "StartsWith", "EndsWith"), "parts of a text name nothing for certain"),
    "CIDR": "a network with host bits silently never matches",
    "EqualsObject": "a whole object names no attribute",
    "Any": "it always holds",
    **dict.fromkeys(("IsEmpty", "IsNotEmpty"), "of a missing set both are false: name the members"),
    **dict.fromkeys(
        ("AnyInAttribute", "AllInAttribute", "AnyNotInAttribute", "AllNotInAttribute"),
        "two sets of a request are not compared",
    ),
}
"""Conditions that are never taken, and why."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The attribute that a condition is about."""

    attribute: Attribute
    place: Place
    guarded: bool = False
    """Whether a condition beside it says that the value is there."""

    @property
    def missing(self) -> bool:
        """Whether the condition may be asked of a missing value."""
        return may_be_missing(self.attribute) and not self.guarded


@dataclass(frozen=True, slots=True)
class ConditionReader:
    """Reads the conditions of one policy."""

    ruleset: RuleSet
    profile: str
    denies: bool
    faults: FaultList

    def condition(self, element: str, key: Scalar, node: Node) -> Node | None:
        """What a path and its condition mean, or nothing after noting why it is refused."""
        spot = self._spot(element, key.place, key.value)
        if spot is None:
            return None
        if spot.element == "context" and spot.steps[0] == RESOLVED:
            return TermReader(self.ruleset, self.profile, self.denies, self.faults).read(spot, key.place, node)
        attribute = self._attribute(spot, key.place)
        return None if attribute is None else self._read(Subject(attribute, key.place), node)

    def _spot(self, element: str, place: Place, path: object) -> Spot | None:
        if not isinstance(path, str) or not _PATH.fullmatch(path):
            self.faults.add(
                place, "a path is `$` and plain names", "brackets, quotes, filters, operators and functions mislead"
            )
            return None
        return Spot(element, tuple(path.split(".")[1:]))

    def _attribute(self, spot: Spot, place: Place) -> Attribute | None:
        found = attribute_at(spot, self.ruleset.vocabulary)
        if found is None:
            known = self.ruleset.vocabulary.attributes
            name = ".".join(spot.steps if spot.element == "resource" else (spot.element, *spot.steps))
            self.faults.add_unknown(place, f"attribute of the {spot.element}:", name, known)
        return found

    def _read(self, subject: Subject, node: Node) -> Node | None:
        condition = shape.mapping(node, "a condition", None, self.faults)
        if condition is None:
            return None
        name = shape.text(shape.required(condition, "condition", "a condition", self.faults), "condition", self.faults)
        if name not in FIELDS:
            self._refuse(condition, name)
            return None
        given = self._fields(condition, name)
        return None if given is None else self._readers[name](replace(subject, place=condition.place), given)

    def _fields(self, condition: Tree, name: str) -> Given | None:
        """What the condition is given, all of it, or nothing after noting what it lacks or has too much."""
        wanted = FIELDS[name]
        shape.mapping(condition, f"`{name}`", ("condition", *wanted), self.faults)
        case = condition.get(_CASE)
        if case is not None and not (isinstance(case, Scalar) and case.value is False):
            self.faults.add(case.place, "letters are compared as they are", "write the value as it is stored")
            return None
        found = {
            field: shape.required(condition, field, f"`{name}`", self.faults) for field in wanted if field != _CASE
        }
        given = {field: node for field, node in found.items() if node is not None}
        return given if len(given) == len(found) else None

    @property
    def _readers(self) -> Mapping[str, Callable[[Subject, Given], Node | None]]:
        return {
            "Equals": self._equals,
            "NotEquals": self._not_equals,
            "IsIn": self._is_in,
            "IsNotIn": self._is_not_in,
            "Eq": self._eq,
            "Neq": self._neq,
            "Exists": self._exists,
            "NotExists": self._not_exists,
            "RegexMatch": self._regex,
            "AnyIn": self._any_in,
            "AnyNotIn": self._any_not_in,
            "AllIn": self._all_in,
            "AllNotIn": self._all_not_in,
            "EqualsAttribute": self._equals_attribute,
            "NotEqualsAttribute": self._not_equals_attribute,
            "IsInAttribute": self._is_in_attribute,
            "IsNotInAttribute": self._is_not_in_attribute,
            "AllOf": self._all_of,
            "AnyOf": self._any_of,
            "Not": self._negated,
        }

    def _refuse(self, condition: Tree, name: str) -> None:
        if name in REFUSED:
            self.faults.add(condition.place, f"`{name}` is not taken", REFUSED[name])
        elif name:
            self.faults.add_unknown(condition.place, "condition", name, (*FIELDS, *REFUSED))

    def _opposite(self, subject: Subject, said: Node | None) -> Node | None:
        """A condition that is false of a missing value as its opposite is."""
        if said is None:
            return None
        if not subject.missing:
            return negated(subject.place, said)
        if self.denies:
            self.faults.add(subject.place, _VANISHES, "write `Not` and the plain condition")
            return None
        if not subject.attribute.nullable and subject.attribute.kind in (Kind.ID, Kind.TEXT):
            self.faults.add(subject.place, "what a missing value does cannot be said here", "write `Not`")
            return None
        return every(subject.place, [_given(subject), negated(subject.place, said)])

    def _values(self, subject: Subject, node: Node | None, *, single: bool) -> Node | None:
        kind = subject.attribute.kind
        if kind not in (Kind.CODE, Kind.ID, Kind.TEXT):
            advice = {Kind.BOOLEAN: "write `Eq` and 1 or 0", Kind.CODES: "write `AnyIn`"}.get(kind, "")
            self.faults.add(subject.place, f"`{subject.attribute.name}` is no single text", advice)
            return None
        return self._among(subject, node, single=single)

    def _among(self, subject: Subject, node: Node | None, *, single: bool) -> Node | None:
        """The value, or the list of values, all of them text."""
        if node is None:
            return None
        if single:
            return _is(subject, node) if self._is_text(subject, node) else None
        if not isinstance(node, Sequence):
            self.faults.add(node.place, "`values` must be a list")
            return None
        items = shape.items(node, "values", self.faults)
        found = tuple(item for item in items if self._is_text(subject, item))
        return _is(subject, Sequence(node.place, found)) if found else None

    def _is_text(self, subject: Subject, node: Node) -> bool:
        """Whether the value is text; only what may hold any text may be compared with none."""
        empty = isinstance(node, Scalar) and node.value == ""
        if empty and subject.attribute.kind is Kind.TEXT:
            return True
        return bool(shape.text(node, "value", self.faults))

    def _equals(self, subject: Subject, given: Given) -> Node | None:
        return self._values(subject, given["value"], single=True)

    def _not_equals(self, subject: Subject, given: Given) -> Node | None:
        return self._opposite(subject, self._equals(subject, given))

    def _is_in(self, subject: Subject, given: Given) -> Node | None:
        return self._values(subject, given["values"], single=False)

    def _is_not_in(self, subject: Subject, given: Given) -> Node | None:
        said = self._is_in(subject, given)
        return None if said is None else negated(subject.place, said)

    def _eq(self, subject: Subject, given: Given) -> Node | None:
        number = given["value"]
        if subject.attribute.kind is not Kind.BOOLEAN:
            told = f"`{subject.attribute.name}` is not true or false"
            self.faults.add(subject.place, told, "the rule language has no numbers; `Eq` is for flags")
            return None
        if not isinstance(number, Scalar) or type(number.value) is not int or number.value not in (0, 1):
            self.faults.add(number.place, "true is the number 1 and false the number 0")
            return None
        return _is(subject, Scalar(number.place, number.value == 1))

    def _neq(self, subject: Subject, given: Given) -> Node | None:
        return self._opposite(subject, self._eq(subject, given))

    def _exists(self, subject: Subject, _given: Given) -> Node | None:
        return self._presence(subject, there=True)

    def _not_exists(self, subject: Subject, _given: Given) -> Node | None:
        return self._presence(subject, there=False)

    def _presence(self, subject: Subject, *, there: bool) -> Node | None:
        if not may_be_missing(subject.attribute):
            self.faults.add(subject.place, f"`{subject.attribute.name}` is never missing", "remove the condition")
            return None
        if subject.attribute.kind in (Kind.ID, Kind.TEXT) and not subject.attribute.nullable:
            advice = f"`RegexMatch` of `{SOMETHING}` asks for a letter or a digit"
            self.faults.add(subject.place, "blank text would count as given", advice)
            return None
        return _given(subject) if there else negated(subject.place, _given(subject))

    def _regex(self, subject: Subject, given: Given) -> Node | None:
        pattern = given["value"]
        if not isinstance(pattern, Scalar) or pattern.value != SOMETHING:
            self.faults.add(subject.place, "only one regular expression is taken", f"`{SOMETHING}`: something is given")
            return None
        if subject.attribute.kind not in (Kind.ID, Kind.TEXT):
            self.faults.add(subject.place, f"`{subject.attribute.name}` is no text", "write `Exists`")
            return None
        return _operator(subject, "exists", Scalar(subject.place, value=True))

    def _any_in(self, subject: Subject, given: Given) -> Node | None:
        return self._members(subject, given["values"], "AnyIn")

    def _any_not_in(self, subject: Subject, given: Given) -> Node | None:
        """py-abac's word for "the two sets have nothing in common"."""
        return self._opposite(subject, self._members(subject, given["values"], "AnyNotIn"))

    def _all_in(self, subject: Subject, given: Given) -> Node | None:
        """A set within some values, the empty one too: it has none of the others."""
        return self._opposite(subject, self._others(subject, given["values"], "AllIn"))

    def _all_not_in(self, subject: Subject, given: Given) -> Node | None:
        """py-abac's word for "not within these values": it has one of the others."""
        return self._others(subject, given["values"], "AllNotIn")

    def _others(self, subject: Subject, node: Node, name: str) -> Node | None:
        if self._members(subject, node, name) is None:
            return None
        named = {item.value for item in node.items if isinstance(item, Scalar)} if isinstance(node, Sequence) else set()
        others = [value for value in subject.attribute.values if value not in named]
        if not others:
            self.faults.add(subject.place, f"`{name}` of every code says nothing", "remove the condition")
            return None
        listed = Sequence(node.place, tuple(Scalar(node.place, value) for value in others))
        return _operator(subject, "contains_any", listed)

    def _members(self, subject: Subject, node: Node, name: str) -> Node | None:
        if subject.attribute.kind is not Kind.CODES:
            self.faults.add(subject.place, f"`{name}` asks of a set, and `{subject.attribute.name}` is none")
            return None
        if not isinstance(node, Sequence):
            self.faults.add(node.place, "`values` must be a list")
            return None
        found = [item for item, _ in shape.texts(node, "values", self.faults)]
        return _operator(subject, "contains_any", Sequence(node.place, tuple(found))) if found else None

    def _equals_attribute(self, subject: Subject, given: Given) -> Node | None:
        other = self._other(given)
        if other is None:
            return None
        if subject.missing and may_be_missing(other):
            self.faults.add(
                subject.place, "two values that are missing would be the same", "add `Exists` beside it, in `AllOf`"
            )
            return None
        return _operator(subject, "same_as", Scalar(subject.place, other.name))

    def _not_equals_attribute(self, subject: Subject, given: Given) -> Node | None:
        # Of one missing value it holds, of two it does not: sound where one is always there.
        said = self._equals_attribute(subject, given)
        return None if said is None else negated(subject.place, said)

    def _is_in_attribute(self, subject: Subject, given: Given) -> Node | None:
        other = self._other(given)
        return None if other is None else _operator(subject, "one_of", Scalar(subject.place, other.name))

    def _is_not_in_attribute(self, subject: Subject, given: Given) -> Node | None:
        other = self._other(given)
        if other is None:
            return None
        if may_be_missing(other):
            self.faults.add(subject.place, _VANISHES if self.denies else "of a missing set it is false", "write `Not`")
            return None
        return negated(subject.place, _operator(subject, "one_of", Scalar(subject.place, other.name)))

    def _other(self, given: Given) -> Attribute | None:
        element, path = given["ace"], given["path"]
        name = shape.text(element, "ace", self.faults)
        if name and name not in ELEMENTS:
            self.faults.add_unknown(element.place, "element", name, ELEMENTS)
            return None
        spot = self._spot(name, path.place, path.value if isinstance(path, Scalar) else None)
        return None if spot is None else self._attribute(spot, path.place)

    def _all_of(self, subject: Subject, given: Given) -> Node | None:
        items = shape.items(given["values"], "values", self.faults)
        guards = [item for item in items if _name(item) == "Exists"]
        compared = [item for item in items if _name(item) == "EqualsAttribute"]
        if guards and compared:
            # `same_as` holds of values that are there alone, so that it says the guard too.
            items = tuple(item for item in items if item not in guards)
            subject = replace(subject, guarded=True)
        return self._joined(subject, items, "all")

    def _any_of(self, subject: Subject, given: Given) -> Node | None:
        return self._joined(subject, shape.items(given["values"], "values", self.faults), "any")

    def _joined(self, subject: Subject, items: Iterable[Node], word: str) -> Node | None:
        read = [self._read(subject, item) for item in items]
        parts = [part for part in read if part is not None]
        if not parts or len(parts) < len(read):
            return None
        return (every if word == "all" else some)(subject.place, parts)

    def _negated(self, subject: Subject, given: Given) -> Node | None:
        # Under `Not` what is false of a missing value holds: what would open a permit closes a denial.
        said = replace(self, denies=not self.denies)._read(subject, given["value"])  # noqa: SLF001 - its own kind
        return None if said is None else negated(subject.place, said)


def _name(node: Node) -> object:
    named = node.get("condition") if isinstance(node, Tree) else None
    return named.value if isinstance(named, Scalar) else None


def _is(subject: Subject, value: Node) -> Node:
    return tree(subject.place, {subject.attribute.name: value})


def _operator(subject: Subject, operator: str, value: Node) -> Node:
    return _is(subject, tree(subject.place, {operator: value}))


def _given(subject: Subject) -> Node:
    """The value is there, be it blank."""
    if subject.attribute.nullable and subject.attribute.kind in (Kind.ID, Kind.TEXT):
        return negated(subject.place, _is(subject, Scalar(subject.place, None)))
    return _operator(subject, "exists", Scalar(subject.place, value=True))
