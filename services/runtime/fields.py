"""What is checked of every request field before anything is decided, and how its value is told to the rules."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Final, NamedTuple

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from dmp.access.v1 import access_pb2
from services.runtime import codes, identifiers
from services.runtime.errors import FieldFault

SYSTEMS: Final = {
    access_pb2.IDENTIFIER_KIND_UNSPECIFIED: (*identifiers.INS, identifiers.PROFESSIONAL, identifiers.STRUCTURE),
    access_pb2.IDENTIFIER_KIND_INS: identifiers.INS,
    access_pb2.IDENTIFIER_KIND_PROFESSIONAL: (identifiers.PROFESSIONAL,),
    access_pb2.IDENTIFIER_KIND_STRUCTURE: (identifiers.STRUCTURE,),
    access_pb2.IDENTIFIER_KIND_PROFESSIONAL_OR_STRUCTURE: (identifiers.PROFESSIONAL, identifiers.STRUCTURE),
}
IDENTIFIER: Final = access_pb2.Identifier.DESCRIPTOR
DATE: Final = access_pb2.Date.DESCRIPTOR
YEARS: Final = range(1850, 2201)
LONGEST_TEXT: Final = 256
MOST_REPEATED: Final = 32
CONTROLS: Final = frozenset({"Cc", "Cf", "Cs"})
"""Unicode categories of characters that nobody sees, those that turn the writing direction among them."""
WHITE_SPACE: Final = "\n\r\t"

Check = Callable[[Any], Sequence[FieldFault]]
"""Faults of the value of a field that is given; each names its field as it goes on from that one."""
_NONE: Final[Sequence[FieldFault]] = ()


class Given(NamedTuple):
    """What a message gives."""

    values: Mapping[str, Any]
    """By path, as the rules name them; nothing of a field that has a fault."""
    faults: tuple[FieldFault, ...]
    """Of those given in field order, then those missing."""


class Reader:
    """Reads one type of message in one walk over what is given: every fault, and the values at some paths."""

    def __init__(self, descriptor: Descriptor, wanted: Iterable[str] = ()) -> None:
        """Tell the values at these paths; raises KeyError for one where there is no field."""
        paths = frozenset(path for path in wanted if path)
        for path in paths:
            if find(descriptor, path) is None:
                raise KeyError(path)
        self._node = _node(descriptor, "", paths)

    def read(self, message: Message) -> Given:
        """The values at the wanted paths, and every fault of the message."""
        values: dict[str, Any] = {}
        faults: list[FieldFault] = []
        _walk(self._node, message, values, faults)
        return Given(values, tuple(faults))


@dataclass(frozen=True, slots=True)
class _Part:
    """What is done with one field of a message that is given."""

    path: str
    check: Check | None
    """Nothing where any value will do."""
    told: Callable[[Any], Any] | None
    """How its value is told; nothing where it is not wanted."""
    within: _Node | None
    """For a message some of whose fields are wanted."""


@dataclass(frozen=True, slots=True)
class _Node:
    """One message on the walk."""

    parts: dict[int, _Part]
    """By the number of the field."""
    required: dict[int, str]
    """The paths of the fields that must be given."""


def _node(descriptor: Descriptor, prefix: str, wanted: AbstractSet[str]) -> _Node:
    parts, required = {}, {}
    for field in descriptor.fields:
        path = f"{prefix}{field.name}"
        rule = field.GetOptions().Extensions[access_pb2.rule]
        if rule.required:
            required[field.number] = path
        inside = field.message_type if any(name.startswith(f"{path}.") for name in wanted) else None
        within = None if inside is None else _node(inside, f"{path}.", wanted)
        check = None if within is not None else _check(field, rule)
        parts[field.number] = _Part(path, check, _telling(field) if path in wanted else None, within)
    return _Node(parts, required)


def _walk(node: _Node, message: Message, values: dict[str, Any], faults: list[FieldFault]) -> None:
    """Those given in field order, then those missing."""
    given = message.ListFields()
    for field, value in given:
        part = node.parts[field.number]
        found = part.check(value) if part.check is not None else _NONE
        if found:
            faults += (_at(part.path, fault) for fault in found)
            continue
        if part.within is not None:
            _walk(part.within, value, values, faults)
        if part.told is not None:
            values[part.path] = part.told(value)
    if node.required:
        numbers = {field.number for field, _ in given}
        faults += (_required(path) for number, path in node.required.items() if number not in numbers)


def _at(path: str, fault: FieldFault) -> FieldFault:
    return FieldFault(f"{path}{fault.field}", fault.reason, fault.message)


def _required(path: str) -> FieldFault:
    return FieldFault(path, "REQUIRED", "must be given")


@cache
def check_of(descriptor: Descriptor, path: str) -> Check:
    """What is checked of the field at a path; raises KeyError where there is none."""
    field = find(descriptor, path)
    if field is None:
        raise KeyError(path)
    return _check(field, field.GetOptions().Extensions[access_pb2.rule]) or (lambda _value: _NONE)


def value_at(request: Message, path: str) -> Any:  # noqa: ANN401 - whatever type the attribute has
    """The value of a field as the rules name it, or nothing if the field is not given."""
    return _reader(request.DESCRIPTOR, path)(request)


def find(descriptor: Descriptor, path: str) -> FieldDescriptor | None:
    """The field at a path, if there is one."""
    *above, name = path.split(".")
    for step in above:
        field = descriptor.fields_by_name.get(step)
        if field is None or field.message_type is None:
            return None
        descriptor = field.message_type
    return descriptor.fields_by_name.get(name)


@cache
def _reader(descriptor: Descriptor, path: str) -> Callable[[Message], Any]:
    field = find(descriptor, path)
    if field is None:
        raise KeyError(path)
    *above, name = path.split(".")
    told = _telling(field)
    given = (lambda holder: holder.HasField(name)) if field.has_presence else (lambda _holder: True)

    def read(request: Message) -> Any:  # noqa: ANN401 - as above
        holder: Any = request
        for step in above:
            holder = getattr(holder, step)
        return told(getattr(holder, name)) if given(holder) else None

    return read


def _telling(field: FieldDescriptor) -> Callable[[Any], Any]:
    """How the value of the field is told; messages that the rules do not know are told as they are."""
    single = _single(field)
    return (lambda values: [single(value) for value in values] or None) if field.is_repeated else single


def _single(field: FieldDescriptor) -> Callable[[Any], Any]:
    """How one value of the field is told."""
    if field.enum_type is not None:
        return codes.by_number(field.enum_type).get
    if field.message_type is IDENTIFIER:
        return lambda value: identifiers.canonical(value.system, value.value)
    if field.message_type is DATE:
        return lambda value: date(value.year, value.month, value.day)
    if field.message_type is not None or field.type == FieldDescriptor.TYPE_BOOL:
        return lambda value: value
    return lambda value: value or None


def _check(field: FieldDescriptor, rule: access_pb2.FieldRule) -> Check | None:
    """What is checked of the field, if anything is."""
    if field.is_repeated:
        return _repeated(field, rule)
    if field.message_type is IDENTIFIER:
        return _identifier(SYSTEMS[rule.identifier])
    if field.message_type is DATE:
        return _date
    if field.message_type is not None:
        return _message(field.message_type)
    if field.enum_type is not None:
        return _enum(field)
    if field.type in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES):
        return _text(rule.max_length or LONGEST_TEXT)
    return None if field.type == FieldDescriptor.TYPE_BOOL else _number(rule.max_value)


def _message(descriptor: Descriptor) -> Check:
    """Faults of a message's own fields."""
    node = _whole(descriptor)
    if not node.required and all(part.check is None for part in node.parts.values()):
        return lambda _value: _NONE

    def check(value: Message) -> Sequence[FieldFault]:
        faults: list[FieldFault] = []
        _walk(node, value, {}, faults)
        return [_at(".", fault) for fault in faults] if faults else _NONE

    return check


@cache
def _whole(descriptor: Descriptor) -> _Node:
    return _node(descriptor, "", frozenset())


def _repeated(field: FieldDescriptor, rule: access_pb2.FieldRule) -> Check:
    most = rule.max_items or MOST_REPEATED
    # Each alone: whoever takes the values apart asks for the faults of each.
    within = None if rule.each_alone else _within(field, rule)

    def check(values: Any) -> Sequence[FieldFault]:  # noqa: ANN401 - a protobuf container
        if len(values) > most:
            return [FieldFault("", "OUT_OF_RANGE", f"must have at most {most} values")]
        return _NONE if within is None else within(values)

    return check


def _within(field: FieldDescriptor, rule: access_pb2.FieldRule) -> Check:
    """Faults of the values of a repeated field."""
    if field.enum_type is None:
        return _each(
            _text(rule.max_length or LONGEST_TEXT) if field.message_type is None else _message(field.message_type)
        )
    known = codes.by_number(field.enum_type)

    def check(values: Any) -> Sequence[FieldFault]:  # noqa: ANN401 - a protobuf container
        if any(value not in known for value in values):
            return [FieldFault("", "UNKNOWN_CODE", "holds a value that is not of its list")]
        return _NONE

    return check


def _each(single: Check) -> Check:
    return lambda values: [_at(f"[{place}]", fault) for place, value in enumerate(values) for fault in single(value)]


def _identifier(systems: tuple[str, ...]) -> Check:
    def check(value: access_pb2.Identifier) -> Sequence[FieldFault]:
        wrong = identifiers.fault(value.system, value.value, systems)
        return [FieldFault("", "INVALID_IDENTIFIER", wrong)] if wrong else _NONE

    return check


def _date(value: access_pb2.Date) -> Sequence[FieldFault]:
    if value.year not in YEARS:
        told = f"must be a day of the years {YEARS.start} to {YEARS.stop - 1}"
        return [FieldFault("", "OUT_OF_RANGE", told)]
    try:
        date(value.year, value.month, value.day)
    except ValueError:
        return [FieldFault("", "OUT_OF_RANGE", "is no day of the calendar")]
    return _NONE


def _enum(field: FieldDescriptor) -> Check:
    known = codes.by_number(field.enum_type) if field.enum_type is not None else {}
    unknown = [FieldFault("", "UNKNOWN_CODE", "is not of its list")]
    return lambda value: _NONE if value in known else unknown


def _text(longest: int) -> Check:
    def check(value: str | bytes) -> Sequence[FieldFault]:
        if len(value) > longest:
            return [FieldFault("", "TOO_LONG", f"must have at most {longest} characters or bytes")]
        # A control character could end a text early in the store, or forge a line where it is shown.
        if isinstance(value, str) and not value.isprintable() and any(map(_is_control, value)):
            return [FieldFault("", "CONTROL_CHARACTER", "holds a character that cannot be shown")]
        return _NONE

    return check


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in CONTROLS and character not in WHITE_SPACE


def _number(greatest: int) -> Check:
    told = f"must be from 0 to {greatest}" if greatest else "must be positive"
    outside = [FieldFault("", "OUT_OF_RANGE", told)]
    return lambda value: outside if value < 0 or (greatest and value > greatest) else _NONE
