"""How one vocabulary reads a request: which value an attribute has, whether it has none, whether none can be told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any

import z3

from policy.analyze.domain import TIMES, Domain, Option, Stated
from policy.chronology import NOW
from policy.facts import ILL_TYPED, typed
from policy.vocabulary import Attribute, Requirement, Vocabulary

YES, NO = z3.BoolVal(True), z3.BoolVal(False)


def all_of(parts: Iterable[z3.BoolRef]) -> z3.BoolRef:
    """The conjunction, without what is certain."""
    kept = [part for part in parts if part is not YES]
    if any(part is NO for part in kept):
        return NO
    return kept[0] if len(kept) == 1 else _joined(z3.Z3_mk_and, kept) if kept else YES


def any_of(parts: Iterable[z3.BoolRef]) -> z3.BoolRef:
    """The disjunction, without what is certain."""
    kept = [part for part in parts if part is not NO]
    if any(part is YES for part in kept):
        return YES
    return kept[0] if len(kept) == 1 else _joined(z3.Z3_mk_or, kept) if kept else NO


def _joined(make: Callable[..., Any], parts: Sequence[z3.BoolRef]) -> z3.BoolRef:
    """As z3.And and z3.Or, which look at the sort of every part first: that took a sixth of the time of a diff."""
    context = parts[0].ctx
    terms = (z3.Ast * len(parts))(*[part.as_ast() for part in parts])
    return z3.BoolRef(make(context.ref(), len(parts), terms), context)


def negation(part: z3.BoolRef) -> z3.BoolRef:
    """The opposite."""
    if part is YES or part is NO:
        return NO if part is YES else YES
    return z3.Not(part)


class Reading:
    """A request for one action, as `FactReader` of one vocabulary types it.

    Of an action that lists ask of their items, the request is for the list and its document is the item.
    """

    def __init__(self, domain: Domain, vocabulary: Vocabulary, action: str) -> None:
        """Read requests for an action of the vocabulary."""
        self.domain = domain
        self.vocabulary = vocabulary
        self.action = action
        self.asked = next((name for name, known in vocabulary.actions.items() if known.items == action), action)
        self.is_item = self.asked != action
        self._unknown: dict[str, z3.BoolRef] = {}
        self._values: dict[tuple[str, object], z3.BoolRef] = {}

    @property
    def likeness(self) -> object:
        """What two actions have in common whose requests are typed alike."""
        needs = [
            (name, requirement)
            for name, attribute in self.vocabulary.attributes.items()
            for requirement in attribute.required
            if requirement.attribute == "action" and self._requirement(attribute, requirement) is YES
        ]
        return self.is_item, frozenset(needs)

    @property
    def document_exists(self) -> z3.BoolRef:
        """Whether there is a document: of an item of a list, always."""
        return YES if self.is_item else self.domain.document_given

    def unknown(self, name: str) -> z3.BoolRef:
        """Whether the attribute's value cannot be told."""
        found = self._unknown.get(name)
        if found is None:
            found = self._unknown[name] = self._read_unknown(self.vocabulary.attributes[name])
        return found

    def nothing(self, name: str) -> z3.BoolRef:
        """Whether the attribute is known to have no value."""
        attribute = self.vocabulary.attributes[name]
        if attribute.derived or attribute.absent is not None:
            return NO
        return all_of([self._missing(attribute), negation(self._required(attribute))])

    def is_value(self, name: str, value: object) -> z3.BoolRef:
        """Whether the attribute has this single value."""
        found = self._values.get((name, value))
        if found is None:
            found = self._values[name, value] = self._read_value(self.vocabulary.attributes[name], value)
        return found

    def values(self, name: str) -> tuple[Option, ...]:
        """The single values that the attribute can have."""
        attribute = self.vocabulary.attributes[name]
        if attribute.derived:
            return (self.action,) if attribute.derived == "action" else (True, False)
        options = self.domain.options[name]
        return tuple(o for o in options if not isinstance(o, Stated) and typed(attribute, o) is not ILL_TYPED)

    def has(self, name: str, code: str) -> z3.BoolRef:
        """Whether the attribute, a set, has this code."""
        attribute = self.vocabulary.attributes[name]
        given = all_of([self._states(name, Stated.GIVEN), negation(self.unknown(name)), self.domain.has(name, code)])
        absent = attribute.absent if isinstance(attribute.absent, frozenset) else frozenset()
        return any_of([given, self._missing(attribute) if code in absent else NO])

    def is_time(self, name: str) -> z3.BoolRef:
        """Whether the attribute, a date or time, has a value."""
        return YES if name == NOW else self._states(name, Stated.GIVEN)

    @cached_property
    def faults_of_document(self) -> z3.BoolRef:
        """Whether the document is ill-typed."""
        names = [name for name in self.domain.options if name.startswith("document.")]
        return any_of([self.domain.stray_in_document, *self._faults(names)])

    @cached_property
    def faults_elsewhere(self) -> z3.BoolRef:
        """Whether anything but the document is ill-typed."""
        names = [name for name in self.domain.options if not name.startswith("document.")]
        return any_of([self.domain.stray, *self._faults(names)])

    @cached_property
    def ill_typed(self) -> z3.BoolRef:
        """Whether anything is."""
        return any_of([self.faults_elsewhere, self.faults_of_document])

    def laws(self) -> list[z3.BoolRef]:
        """What holds of every request for this action: an item is there."""
        return [self.domain.document_given] if self.is_item else []

    def _faults(self, names: list[str]) -> list[z3.BoolRef]:
        """A fault each: of known attributes, no value that can be told; of others, any value at all."""
        known = self.vocabulary.attributes
        return [self.unknown(name) if name in known else negation(self._states(name, Stated.MISSING)) for name in names]

    def _states(self, name: str, option: Option) -> z3.BoolRef:
        return self.domain.states(name, option) if option in self.domain.options[name] else NO

    def _missing(self, attribute: Attribute) -> z3.BoolRef:
        null = self._states(attribute.name, Stated.NULL) if attribute.nullable else NO
        return any_of([self._states(attribute.name, Stated.MISSING), null])

    def _read_unknown(self, attribute: Attribute) -> z3.BoolRef:
        name = attribute.name
        if attribute.derived and name != NOW:
            return NO
        broken = [self._states(name, Stated.BROKEN)]
        if name == NOW:
            return broken[0]
        if not attribute.nullable:
            broken.append(self._states(name, Stated.NULL))
        broken += [self._states(name, o) for o in self._untyped(attribute)]
        strange = [code for code in self.domain.codes(name) if code not in attribute.values]
        if self._is_set(attribute):
            broken += [all_of([self._states(name, Stated.GIVEN), self.domain.has(name, code)]) for code in strange]
        if attribute.absent is None and attribute.required:
            broken.append(all_of([self._missing(attribute), self._required(attribute)]))
        return any_of(broken)

    def _untyped(self, attribute: Attribute) -> list[Option]:
        """The single values of other vocabularies that this one does not know."""
        options = self.domain.options[attribute.name]
        return [o for o in options if not isinstance(o, Stated) and typed(attribute, o) is ILL_TYPED]

    @staticmethod
    def _is_set(attribute: Attribute) -> bool:
        return attribute.kind not in TIMES and attribute.kind.value == "codes"

    def _read_value(self, attribute: Attribute, value: object) -> z3.BoolRef:
        if attribute.derived == "action":
            return YES if value == self.action else NO
        if attribute.derived == "presence":
            return self.document_exists if value is True else negation(self.document_exists) if value is False else NO
        if attribute.derived == "faults":
            return self.ill_typed if value is True else negation(self.ill_typed) if value is False else NO
        if value is None:
            return self.nothing(attribute.name)
        stated = self._states(attribute.name, value) if typed(attribute, value) is not ILL_TYPED else NO
        # True equals 1 in Python; no vocabulary can name both for one attribute.
        return any_of([stated, self._missing(attribute) if attribute.absent == value else NO])

    def _required(self, attribute: Attribute) -> z3.BoolRef:
        return any_of(self._requirement(attribute, requirement) for requirement in attribute.required)

    def _requirement(self, attribute: Attribute, requirement: Requirement) -> z3.BoolRef:
        if not requirement.attribute:
            return YES
        if requirement.attribute == "action":
            action = self.action if attribute.entity == "document" else self.asked
            return YES if action in requirement.values else NO
        return any_of(self.is_value(requirement.attribute, value) for value in requirement.values)
