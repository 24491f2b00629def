"""Turns a request into typed facts in the vocabulary's order; what is missing or ill-typed is UNKNOWN, and a fault."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final

from policy.vocabulary import Attribute, Kind, Vocabulary

MAX_TEXT = 4096
MAX_ID = 400
IGNORED = frozenset({"id", "title", "expected"})
_TOP = frozenset({"action", "at", "profile", "subject", "record", "relation", "document", "documents", "context"})
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


class _Unknown:
    """The value of a fact that cannot be told."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()
_ILL_TYPED: Final = object()
_WANTED = {
    Kind.BOOLEAN: "must be true or false",
    Kind.CODE: "is not one of its codes",
    Kind.CODES: "must be a list of its codes",
    Kind.ID: "must be an identifier (text)",
    Kind.TEXT: "must be text",
    Kind.DATE: "must be a date such as 1960-03-03",
    Kind.TIME: "must be a date and time with an offset (RFC 3339)",
}


@dataclass(slots=True)
class Facts:
    """One request, typed: `values` by the vocabulary's order of attributes."""

    values: list[Any]
    faults: list[str] = field(default_factory=list)


class FactReader:
    """Reads requests against one vocabulary."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.index = {name: position for position, name in enumerate(vocabulary.attributes)}
        self._attributes = tuple(vocabulary.attributes.values())
        self._actions = vocabulary.actions
        self._names: dict[str, frozenset[str]] = {}
        for entity in ("subject", "record", "relation", "document", "context"):
            own = (a for a in self._attributes if a.entity == entity and not a.derived)
            self._names[entity] = frozenset(a.name.partition(".")[2] for a in own)
        self._document = [(i, a) for i, a in enumerate(self._attributes) if a.entity == "document"]
        self._others = [(i, a) for i, a in enumerate(self._attributes) if a.entity != "document"]
        self._ill_typed = self.index["request.ill_typed"]

    def read(self, request: Mapping[str, Any], faults: tuple[str, ...] = ()) -> Facts:
        """Type every fact of the request; `faults` are those that the caller found already."""
        facts = Facts([None] * len(self._attributes), list(faults))
        for key in request:
            if key not in _TOP and key not in IGNORED:
                facts.faults.append(f"{_shown(key)}: is not part of a request")
        action = request.get("action")
        if not isinstance(action, str) or action not in self._actions or self._actions[action].internal:
            facts.faults.append("action: is not one of the vocabulary's")
            action = None
        self._fill(facts, request, action, self._others)
        self._fill(facts, request, action, self._document)
        self._require(facts, self._attributes)
        facts.values[self._ill_typed] = bool(facts.faults)
        return facts

    def with_document(self, facts: Facts, document: Any, action: str, name: str) -> Facts:
        """The same request about one item of its list."""
        item = Facts(list(facts.values))
        self._fill(item, {"document": document}, action, self._document)
        if "action" in self.index:
            item.values[self.index["action"]] = action
        self._require(item, tuple(a for _, a in self._document))
        if document is None:
            item.faults.append("document: must be an object")
        item.faults = [f"documents.{_shown(name)}: {fault}" for fault in item.faults]
        item.values[self._ill_typed] = item.values[self._ill_typed] or bool(item.faults)
        return item

    def _fill(
        self, facts: Facts, request: Mapping[str, Any], action: str | None, wanted: list[tuple[int, Attribute]]
    ) -> None:
        entities = {
            name: self._entity(name, request, facts.faults)
            for name in {a.entity for _, a in wanted} & self._names.keys()
        }
        for position, attribute in wanted:
            if attribute.derived:
                facts.values[position] = self._derived(attribute, request, action, facts.faults)
            else:
                entity = entities.get(attribute.entity) or {}
                facts.values[position] = _value(attribute, entity, facts.faults)

    def _entity(self, name: str, request: Mapping[str, Any], faults: list[str]) -> Mapping[str, Any] | None:
        """One part of the request; only the document may be null, which says that there is none."""
        value = request.get(name)
        if value is None and (name not in request or name == "document"):
            return None
        if not isinstance(value, Mapping):
            faults.append(f"{name}: must be an object")
            return None
        unknown = [key for key in value if key not in self._names[name]]
        faults += [f"{name}.{_shown(key)}: is not an attribute of the vocabulary" for key in unknown]
        return value

    @staticmethod
    def _derived(attribute: Attribute, request: Mapping[str, Any], action: str | None, faults: list[str]) -> Any:
        if attribute.derived == "presence":
            return request.get(attribute.entity) is not None
        if attribute.derived == "at":
            moment = _typed(attribute, request.get("at"))
            if moment is _ILL_TYPED:
                faults.append(f"at: {_WANTED[Kind.TIME]}")
                return UNKNOWN
            return moment
        return UNKNOWN if action is None and attribute.derived == "action" else action

    def _require(self, facts: Facts, attributes: tuple[Attribute, ...]) -> None:
        for attribute in attributes:
            position = self.index[attribute.name]
            if attribute.required and facts.values[position] is None and self._is_required(attribute, facts.values):
                facts.values[position] = UNKNOWN
                facts.faults.append(f"{attribute.name}: is required")

    def _is_required(self, attribute: Attribute, values: list[Any]) -> bool:
        return any(not r.attribute or values[self.index[r.attribute]] in r.values for r in attribute.required)


def _value(attribute: Attribute, entity: Mapping[str, Any], faults: list[str]) -> Any:
    given = entity.get(attribute.name.partition(".")[2], _ILL_TYPED)
    if given is _ILL_TYPED or (given is None and attribute.absent is None):
        return attribute.absent
    value = _typed(attribute, given)
    if value is _ILL_TYPED:
        faults.append(f"{attribute.name}: {_WANTED[attribute.kind]}")
        return UNKNOWN
    return value


def _typed(attribute: Attribute, given: Any) -> Any:  # one line a type
    match attribute.kind:
        case Kind.BOOLEAN:
            return given if isinstance(given, bool) else _ILL_TYPED
        case Kind.CODE:
            return given if isinstance(given, str) and given in attribute.values else _ILL_TYPED
        case Kind.CODES:
            return _codes(attribute, given)
        case Kind.ID:
            return given if _is_text(given, MAX_ID) and given.strip() else _ILL_TYPED
        case Kind.TEXT:
            return given if _is_text(given, MAX_TEXT) else _ILL_TYPED
        case Kind.DATE:
            return _date(given)
        case Kind.TIME:
            return _time(given)


def _is_text(given: Any, longest: int) -> bool:
    """Text that can be stored: bounded, and without the half characters that JSON escapes can smuggle in."""
    if not isinstance(given, str) or len(given) > longest:
        return False
    return given.isascii() or not any("\ud800" <= character <= "\udfff" for character in given)


def _codes(attribute: Attribute, given: Any) -> Any:
    if not isinstance(given, list | tuple | set | frozenset):
        return _ILL_TYPED
    if any(not isinstance(item, str) or item not in attribute.values for item in given):
        return _ILL_TYPED
    return frozenset(given)


def _date(given: Any) -> Any:
    if isinstance(given, date) and not isinstance(given, datetime):
        return given
    try:
        return date.fromisoformat(given) if isinstance(given, str) and _DAY.fullmatch(given) else _ILL_TYPED
    except ValueError:
        return _ILL_TYPED


def _time(given: Any) -> Any:
    try:
        if isinstance(given, str) and given.isascii() and _RFC_3339.fullmatch(given):
            given = datetime.fromisoformat(given)
        if not isinstance(given, datetime) or given.tzinfo is None:
            return _ILL_TYPED
        return given.astimezone(UTC)
    except (ValueError, OverflowError):
        return _ILL_TYPED


def _shown(key: object) -> str:
    """A key as a fault names it: bounded, since it came from outside."""
    return str(key)[:40] if isinstance(key, str) and key.isprintable() else "?"
