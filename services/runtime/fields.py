"""What is checked of every request field before anything is decided, and how its value is told to the rules."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Final

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

Check = Callable[[Any, str], Iterator[FieldFault]]
"""Faults of the value of a field that is given, under the field's path."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """What is checked of one type of message."""

    checks: dict[str, Check]
    required: tuple[str, ...]


def faults_of(request: Message) -> tuple[FieldFault, ...]:
    """Every fault of a request, by the path of the field: of those given in field order, then those missing."""
    return tuple(_faults(request, ""))


@cache
def check_of(descriptor: Descriptor, path: str) -> Check:
    """What is checked of the field at a path; raises KeyError where there is none."""
    field = find(descriptor, path)
    if field is None:
        raise KeyError(path)
    return _check(field, field.GetOptions().Extensions[access_pb2.rule])


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
    single = _single(field)
    given = (lambda holder: holder.HasField(name)) if field.has_presence else (lambda _holder: True)

    def read(request: Message) -> Any:  # noqa: ANN401 - as above
        holder: Any = request
        for step in above:
            holder = getattr(holder, step)
        if not given(holder):
            return None
        value = getattr(holder, name)
        return ([single(item) for item in value] or None) if field.is_repeated else single(value)

    return read


def _single(field: FieldDescriptor) -> Callable[[Any], Any]:
    """How one value of the field is told."""
    if field.enum_type is not None:
        return codes.by_number(field.enum_type).get
    if field.message_type is IDENTIFIER:
        return lambda value: identifiers.canonical(value.system, value.value)
    if field.message_type is DATE:
        return lambda value: date(value.year, value.month, value.day)
    if field.message_type is not None:
        raise TypeError(f"{field.full_name} is of no type that the rules know")
    return lambda value: value if isinstance(value, bool) else (value or None)


def _faults(message: Message, prefix: str) -> Iterator[FieldFault]:
    shape = _shape(message.DESCRIPTOR)
    given = message.ListFields()
    for field, value in given:
        yield from shape.checks[field.name](value, f"{prefix}{field.name}")
    if shape.required:
        names = {field.name for field, _ in given}
        for name in shape.required:
            if name not in names:
                yield FieldFault(f"{prefix}{name}", "REQUIRED", "must be given")


@cache
def _shape(descriptor: Descriptor) -> _Shape:
    rules = {field.name: field.GetOptions().Extensions[access_pb2.rule] for field in descriptor.fields}
    return _Shape(
        {field.name: _check(field, rules[field.name]) for field in descriptor.fields},
        tuple(name for name, rule in rules.items() if rule.required),
    )


def _check(field: FieldDescriptor, rule: access_pb2.FieldRule) -> Check:
    if field.is_repeated:
        return _repeated(field, rule)
    if field.message_type is IDENTIFIER:
        return _identifier(SYSTEMS[rule.identifier])
    if field.message_type is DATE:
        return _date
    if field.message_type is not None:
        return lambda value, path: _faults(value, f"{path}.")
    if field.enum_type is not None:
        return _enum(field)
    if field.type in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES):
        return _text(rule.max_length or LONGEST_TEXT)
    if field.type == FieldDescriptor.TYPE_BOOL:
        return lambda _value, _path: iter(())
    return _number(rule.max_value)


def _repeated(field: FieldDescriptor, rule: access_pb2.FieldRule) -> Check:
    most = rule.max_items or MOST_REPEATED
    # Each alone: whoever takes the values apart asks for the faults of each.
    within = None if rule.each_alone else _within(field, rule)

    def check(values: Any, path: str) -> Iterator[FieldFault]:  # noqa: ANN401 - a protobuf container
        if len(values) > most:
            yield FieldFault(path, "OUT_OF_RANGE", f"must have at most {most} values")
        elif within is not None:
            yield from within(values, path)

    return check


def _within(field: FieldDescriptor, rule: access_pb2.FieldRule) -> Check:
    """Faults of the values of a repeated field."""
    if field.message_type is not None:
        return lambda values, path: (
            fault for place, value in enumerate(values) for fault in _faults(value, f"{path}[{place}].")
        )
    if field.enum_type is None:
        single = _text(rule.max_length or LONGEST_TEXT)
        return lambda values, path: (
            fault for place, value in enumerate(values) for fault in single(value, f"{path}[{place}]")
        )
    known = codes.by_number(field.enum_type)

    def check(values: Any, path: str) -> Iterator[FieldFault]:  # noqa: ANN401 - a protobuf container
        if any(value not in known for value in values):
            yield FieldFault(path, "UNKNOWN_CODE", "holds a value that is not of its list")

    return check


def _identifier(systems: tuple[str, ...]) -> Check:
    def check(value: access_pb2.Identifier, path: str) -> Iterator[FieldFault]:
        if wrong := identifiers.fault(value.system, value.value, systems):
            yield FieldFault(path, "INVALID_IDENTIFIER", wrong)

    return check


def _date(value: access_pb2.Date, path: str) -> Iterator[FieldFault]:
    if value.year not in YEARS:
        yield FieldFault(path, "OUT_OF_RANGE", f"must be a day of the years {YEARS.start} to {YEARS.stop - 1}")
        return
    try:
        date(value.year, value.month, value.day)
    except ValueError:
        yield FieldFault(path, "OUT_OF_RANGE", "is no day of the calendar")


def _enum(field: FieldDescriptor) -> Check:
    known = codes.by_number(field.enum_type) if field.enum_type is not None else {}

    def check(value: int, path: str) -> Iterator[FieldFault]:
        if value not in known:
            yield FieldFault(path, "UNKNOWN_CODE", "is not of its list")

    return check


def _text(longest: int) -> Check:
    def check(value: str | bytes, path: str) -> Iterator[FieldFault]:
        if len(value) > longest:
            yield FieldFault(path, "TOO_LONG", f"must have at most {longest} characters or bytes")
        # A control character could end a text early in the store, or forge a line where it is shown.
        elif isinstance(value, str) and not value.isprintable() and any(map(_is_control, value)):
            yield FieldFault(path, "CONTROL_CHARACTER", "holds a character that cannot be shown")

    return check


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in CONTROLS and character not in WHITE_SPACE


def _number(greatest: int) -> Check:
    def check(value: int, path: str) -> Iterator[FieldFault]:
        if value < 0 or (greatest and value > greatest):
            yield FieldFault(path, "OUT_OF_RANGE", f"must be from 0 to {greatest}" if greatest else "must be positive")

    return check
