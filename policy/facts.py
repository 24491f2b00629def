"""Turns a request into typed facts in the vocabulary's order; what is missing or ill-typed is UNKNOWN, and a fault."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final

from policy.vocabulary import Attribute, Kind, Vocabulary

MAX_TEXT = 4096
MAX_ID = 400
ENTITIES = ("subject", "record", "relation", "document", "context")
_KNOWN = frozenset({"action", "at", "profile", "documents", *ENTITIES, "id", "title", "expected"})
"""What a request may hold; the last three are people's, and ignored."""
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


class _Unknown:
    """The value of a fact that cannot be told."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()
ILL_TYPED: Final = object()
REQUIRED: Final = ": is required"
"""How the fault of a missing attribute ends."""
WANTED: Final = {
    Kind.BOOLEAN: "must be true or false",
    Kind.CODE: "is not one of its codes",
    Kind.CODES: "must be a list of its codes",
    Kind.ID: "must be an identifier (text)",
    Kind.TEXT: "must be text",
    Kind.DATE: "must be a date such as 1960-03-03",
    Kind.TIME: "must be a date and time with an offset (RFC 3339)",
}
"""What is said of an ill-typed value."""


@dataclass(slots=True)
class Facts:
    """One request, typed: `values` by the vocabulary's order of attributes."""

    values: list[Any]
    faults: list[str] = field(default_factory=list)


class FactReader:
    """Reads requests against one vocabulary."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.index = {name: position for position, name in enumerate(vocabulary.attributes)}
        self._actions = vocabulary.actions
        attributes = vocabulary.attributes.values()
        self._absent = [attribute.absent for attribute in attributes]
        self._entities: dict[str, dict[str, tuple[int, Attribute, Typing]]] = {name: {} for name in ENTITIES}
        for attribute in attributes:
            entity, _, name = attribute.name.partition(".")
            if not attribute.derived:
                self._entities[entity][name] = (self.index[attribute.name], attribute, _TYPINGS[attribute.kind])
        self._document = [position for position, _, _ in self._entities["document"].values()]
        self.times_of_documents = [a.name for a in attributes if a.entity == "document" and a.kind is Kind.TIME]
        self._required = [a for a in attributes if a.required]
        self._required_of_documents = [a for a in self._required if a.entity == "document"]
        self._ill_typed = self.index["request.ill_typed"]
        self._action = self.index["action"]
        self._now = self.index["context.now"]
        self._exists = self.index["document.exists"]

    def read(self, request: Mapping[str, Any], faults: tuple[str, ...] = ()) -> Facts:
        """Type every fact of the request; `faults` are those that the caller found already."""
        return self.finish(self.begin(request, faults), request.get("document"))

    def begin(self, request: Mapping[str, Any], faults: tuple[str, ...] = ()) -> Facts:
        """Type every fact but those of the document."""
        facts = Facts(list(self._absent), list(faults))
        facts.faults += [f"{_shown(key)}: is not part of a request" for key in request if key not in _KNOWN]
        self._fill_derived(facts, request)
        for name in ENTITIES:
            if name in request and name != "document":
                self._fill(facts, name, request[name])
        if "subject" not in request:
            facts.faults.append("subject: must be an object")
        return facts

    def finish(self, begun: Facts, document: object, action: str | None = None) -> Facts:
        """The request that was begun, with this document, and with another action if one is given;."""
        draft = self.draft(begun, document)
        if action is not None:
            draft.values[self._action] = action
        return self._complete(draft)

    def draft(self, begun: Facts, document: object) -> Facts:
        """As `finish`, before it is seen what is required and missing."""
        facts = Facts(list(begun.values), list(begun.faults))
        facts.values[self._exists] = document is not None
        # INVARIANT: only the document may be null, which says that there is none.
        if document is not None:
            self._fill(facts, "document", document)
        return facts

    def changed(self, draft: Facts, changes: Mapping[str, Any]) -> Facts:
        """The request of a draft with other values, typed, of some attributes; as if it had stated them."""
        faults = [fault for fault in draft.faults if fault.partition(": ")[0] not in changes]
        facts = Facts(list(draft.values), faults)
        for name, value in changes.items():
            facts.values[self.index[name]] = value
        return self._complete(facts)

    def _complete(self, facts: Facts) -> Facts:
        self._require(facts, self._required)
        facts.values[self._ill_typed] = bool(facts.faults)
        return facts

    def with_document(self, facts: Facts, document: Any, action: str, name: str) -> Facts:
        """The same request about one item of its list."""
        item = Facts(list(facts.values))
        for position in self._document:
            item.values[position] = self._absent[position]
        item.values[self._action] = action
        item.values[self._exists] = True
        self._fill(item, "document", document)
        self._require(item, self._required_of_documents)
        item.faults = [f"documents.{_shown(name)}: {fault}" for fault in item.faults]
        item.values[self._ill_typed] = item.values[self._ill_typed] or bool(item.faults)
        return item

    def _fill(self, facts: Facts, name: str, entity: Any) -> None:
        # By exact type first: to ask whether it is of an abstract class takes longer than to read it.
        if type(entity) is not dict and not isinstance(entity, Mapping):
            facts.faults.append(f"{name}: must be an object")
            return
        known = self._entities[name]
        for key, given in entity.items():
            found = known.get(key)
            if found is None:
                facts.faults.append(f"{name}.{_shown(key)}: is not an attribute of the vocabulary")
                continue
            position, attribute, typing = found
            if given is None and attribute.nullable:
                continue
            value = typing(attribute, given)
            if value is ILL_TYPED:
                facts.faults.append(f"{attribute.name}: {WANTED[attribute.kind]}")
                value = UNKNOWN
            facts.values[position] = value

    def _fill_derived(self, facts: Facts, request: Mapping[str, Any]) -> None:
        """What the engine computes itself: the action and the clock."""
        action = request.get("action")
        if not isinstance(action, str) or action not in self._actions or self._actions[action].internal:
            facts.faults.append("action: is not one of the vocabulary's")
            action = UNKNOWN
        now = _moment(request.get("at"))
        if now is ILL_TYPED:
            facts.faults.append(f"at: {WANTED[Kind.TIME]}")
            now = UNKNOWN
        facts.values[self._action] = action
        facts.values[self._now] = now

    def _require(self, facts: Facts, attributes: list[Attribute]) -> None:
        for attribute in attributes:
            position = self.index[attribute.name]
            if facts.values[position] is None and self._is_required(attribute, facts.values):
                facts.values[position] = UNKNOWN
                facts.faults.append(attribute.name + REQUIRED)

    def _is_required(self, attribute: Attribute, values: list[Any]) -> bool:
        return any(not r.attribute or values[self.index[r.attribute]] in r.values for r in attribute.required)


def typed(attribute: Attribute, given: Any) -> Any:
    """The value as the engine keeps it, or ILL_TYPED."""
    return _TYPINGS[attribute.kind](attribute, given)


def _boolean(_: Attribute, given: Any) -> Any:
    return given if isinstance(given, bool) else ILL_TYPED


def _code(attribute: Attribute, given: Any) -> Any:
    return given if isinstance(given, str) and given in attribute.values else ILL_TYPED


def _id(_: Attribute, given: Any) -> Any:
    return given if _is_text(given, MAX_ID) and given.strip() else ILL_TYPED


def _text(_: Attribute, given: Any) -> Any:
    return given if _is_text(given, MAX_TEXT) else ILL_TYPED


def _is_text(given: Any, longest: int) -> bool:
    """Text that can be stored: bounded, and without the half characters that JSON escapes can smuggle in."""
    if not isinstance(given, str) or len(given) > longest:
        return False
    return given.isascii() or not any("\ud800" <= character <= "\udfff" for character in given)


def _codes(attribute: Attribute, given: Any) -> Any:
    if not isinstance(given, list | tuple | set | frozenset):
        return ILL_TYPED
    if any(not isinstance(item, str) or item not in attribute.values for item in given):
        return ILL_TYPED
    return frozenset(given)


def _date(_: Attribute, given: Any) -> Any:
    if isinstance(given, date) and not isinstance(given, datetime):
        return given
    try:
        return date.fromisoformat(given) if isinstance(given, str) and _DAY.fullmatch(given) else ILL_TYPED
    except ValueError:
        return ILL_TYPED


def _time(_: Attribute, given: Any) -> Any:
    return _moment(given)


def _moment(given: Any) -> Any:
    try:
        if isinstance(given, str) and given.isascii() and _RFC_3339.fullmatch(given):
            given = datetime.fromisoformat(given)
        if not isinstance(given, datetime) or given.tzinfo is None:
            return ILL_TYPED
        return given.astimezone(UTC)
    except (ValueError, OverflowError):
        return ILL_TYPED


Typing = Callable[[Attribute, Any], Any]
"""From a value that was given to the value as the engine keeps it, or ILL_TYPED."""
_TYPINGS: Final[Mapping[Kind, Typing]] = {
    Kind.BOOLEAN: _boolean,
    Kind.CODE: _code,
    Kind.CODES: _codes,
    Kind.ID: _id,
    Kind.TEXT: _text,
    Kind.DATE: _date,
    Kind.TIME: _time,
}


def _shown(key: object) -> str:
    """A key as a fault names it: bounded, since it came from outside."""
    return str(key)[:40] if isinstance(key, str) and key.isprintable() else "?"
