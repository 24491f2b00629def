"""A trace entry as the values of its row, and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime
from math import isfinite
from typing import Any

import orjson

from policy.model import Answer, Effect
from services.store import clock, sql
from services.store.envelope import Key, open_texts, seal_texts
from services.store.errors import UnfitValue
from services.store.keys import FieldsKey
from services.store.trace_entry import TraceEntry, TraceKind, TraceOutcome

_TIMES = ("at", "recorded_at")
_JSON = ("attested", "rules", "obligations", "facts", "outcomes", "items", "asserted")
_ENUMERATIONS = {"kind": TraceKind, "effect": Effect, "answer": Answer, "outcome": TraceOutcome}
_OPTIONAL = (
    "w3c_trace_id",
    "session",
    "subject_name",
    "subject_profession",
    "subject_structure",
    "client",
    "record",
    "scope",
    "audience",
    "about",
)
SEALED = ("subject_name", "reason", "call_ref", "attested", "facts", "asserted", "outcomes", "items")
"""What stands of an entry under the seal of its record's key, in this order."""
_TEXTS = (
    "decision_id",
    "subject_kind",
    "subject_id",
    "subject_authn_mode",
    "action",
    "mode",
    "purpose",
    "reason",
    "call_ref",
    "digest",
    "profile",
)


def values(entry: TraceEntry) -> dict[str, Any]:
    """What the row holds; raises UnfitValue, so that one entry that cannot be kept spoils no other's."""
    row: dict[str, Any] = {"record_revision": entry.record_revision}
    for name in _TEXTS:
        row[name] = _text(name, getattr(entry, name))
    for name in _OPTIONAL:
        value = getattr(entry, name)
        row[name] = None if value is None else _text(name, value)
    for name, kind in _ENUMERATIONS.items():
        row[name] = kind(getattr(entry, name)).value
    for name in _TIMES:
        row[name] = clock.micros(getattr(entry, name))
    for name in _JSON:
        row[name] = canonical(getattr(entry, name))
    return row


def sealed(row: dict[str, Any], by: FieldsKey) -> dict[str, Any]:
    """The row as it is written: its personal fields under seal, bound to the decision."""
    texts = [row.pop(name) for name in SEALED]
    row["key"], row["sealed"] = by.id, seal_texts(by.key, texts, *_place(row["decision_id"]))
    return row


def opened(row: Mapping[str, Any], key: Key) -> TraceEntry:
    """The entry of a row as it is stored; raises Unreadable."""
    texts = open_texts(key, row["sealed"], *_place(row["decision_id"]))
    clear = {name: value for name, value in row.items() if name not in ("key", "sealed")}
    return entry({**clear, **dict(zip(SEALED, texts, strict=True))})


def _place(decision_id: str) -> tuple[str, ...]:
    return ("trace", decision_id)


def entry(row: Mapping[str, Any]) -> TraceEntry:
    """The entry that `values` made the row of; times inside its JSON stay texts."""
    read: dict[str, Any] = dict(row)
    for name, kind in _ENUMERATIONS.items():
        read[name] = kind(row[name])
    for name in _TIMES:
        read[name] = clock.moment(row[name])
    for name in _JSON:
        read[name] = json.loads(row[name])
    read["items"] = tuple((document, index) for document, index in read["items"])
    return TraceEntry(**read)


def canonical(value: object) -> str:
    """JSON with sorted keys and sets, times as RFC 3339 in UTC; raises UnfitValue for what JSON cannot say."""
    try:
        found = orjson.dumps(value, _plain, _OPTIONS).decode()
    except (TypeError, RecursionError):
        # What the faster writer refuses, such as an unpaired surrogate or a number beyond 64 bits, may still be JSON.
        return _exactly(value)
    # DANGER: a number that is none is written as null, which would be another fact.
    if "null" in found and _holds_no_number(value):
        return _exactly(value)
    # ASCII, so that even an unpaired surrogate is kept as it came.
    return found if found.isascii() else _exactly(value)


def _holds_no_number(value: object) -> bool:
    """Whether a number that is none, or that is infinite, stands somewhere in it."""
    if type(value) in _LEAVES:
        return False
    if isinstance(value, float):
        return not isfinite(value)
    if isinstance(value, Mapping):
        return any(map(_holds_no_number, value.values()))
    return isinstance(value, list | tuple | AbstractSet) and any(map(_holds_no_number, value))


def _exactly(value: object) -> str:
    try:
        return _ENCODER.encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise UnfitValue(f"a trace cannot hold this: {error}") from error


def _instant(value: datetime) -> str:
    if value.tzinfo is None:
        raise UnfitValue("a time has no time zone")
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _sorted(value: AbstractSet[Any]) -> list[Any]:
    # Null goes first, for nothing else compares with it.
    return [None, *sorted(value - {None})] if None in value else sorted(value)


# By exact type before anything else: a trace is written for every call.
_LEAVES = frozenset({str, bool, int, type(None), datetime, date})
_AS_JSON: Mapping[type, Callable[[Any], object]] = {
    datetime: _instant,
    date: date.isoformat,
    frozenset: _sorted,
    set: _sorted,
}


def _plain(value: object) -> object:
    known = _AS_JSON.get(type(value))
    if known is not None:
        return known(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a {type(value).__name__} is no JSON")


_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME
_ENCODER = json.JSONEncoder(ensure_ascii=True, allow_nan=False, sort_keys=True, separators=(",", ":"), default=_plain)


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise UnfitValue(f"`{name}` is no text")
    if not sql.is_fit(value):
        raise UnfitValue(f"`{name}` is no text that a database keeps")
    return str(value)
