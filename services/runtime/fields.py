"""What is checked of every request field before anything is decided, and how its value is told to the rules."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
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
IDENTIFIER: Final = access_pb2.Identifier.DESCRIPTOR.full_name
DATE: Final = access_pb2.Date.DESCRIPTOR.full_name
YEARS: Final = range(1850, 2201)
LONGEST_TEXT: Final = 256
MOST_REPEATED: Final = 32
CONTROLS: Final = frozenset({"Cc", "Cf", "Cs"})
"""Unicode categories of characters that nobody sees, those that turn the writing direction among them."""
WHITE_SPACE: Final = "\n\r\t"

Check = Callable[[Message], Iterator[FieldFault]]


def faults_of(request: Message) -> tuple[FieldFault, ...]:
    """Every fault of a request, in field order, by the path of the field."""
    return tuple(fault for check in _checks(request.DESCRIPTOR, "") for fault in check(request))


def value_at(request: Message, path: str) -> Any:  # noqa: ANN401 - whatever type the attribute has
    """The value of a field as the rules name it, or nothing if the field is not given."""
    *above, name = path.split(".")
    holder = request
    for step in above:
        holder = getattr(holder, step)
    return _value(holder, holder.DESCRIPTOR.fields_by_name[name])


def find(descriptor: Descriptor, path: str) -> FieldDescriptor | None:
    """The field at a path, if there is one."""
    *above, name = path.split(".")
    for step in above:
        field = descriptor.fields_by_name.get(step)
        if field is None or field.message_type is None:
            return None
        descriptor = field.message_type
    return descriptor.fields_by_name.get(name)


def _value(holder: Message, field: Any) -> Any:  # noqa: ANN401 - as above
    value = getattr(holder, field.name)
    if field.is_repeated:
        return [_single(field, item) for item in value] or None
    if field.has_presence and not holder.HasField(field.name):
        return None
    return _single(field, value)


def _single(field: FieldDescriptor, value: Any) -> Any:  # noqa: ANN401 - as above
    if field.enum_type is not None:
        return codes.by_number(field.enum_type).get(value)
    if field.message_type is None:
        return value if isinstance(value, bool) else (value or None)
    if field.message_type.full_name == IDENTIFIER:
        return identifiers.canonical(value.system, value.value)
    if field.message_type.full_name == DATE:
        return date(value.year, value.month, value.day)
    raise TypeError(f"{field.full_name} is of no type that the rules know")


@cache
def _checks(descriptor: Descriptor, prefix: str) -> tuple[Check, ...]:
    return tuple(_check(field, f"{prefix}{field.name}") for field in descriptor.fields)


def _check(field: FieldDescriptor, path: str) -> Check:
    rule = field.GetOptions().Extensions[access_pb2.rule]
    if field.is_repeated:
        return lambda message: _repeated(message, field, path, rule)
    if field.message_type is not None:
        return lambda message: _message(message, field, path, rule)
    if field.has_presence:
        return lambda message: _required(rule, path, given=message.HasField(field.name))
    if field.enum_type is not None:
        return lambda message: _enum(getattr(message, field.name), field, path, rule)
    if field.type in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES):
        return lambda message: _text(getattr(message, field.name), path, rule)
    return lambda message: _number(getattr(message, field.name), path, rule)


def _required(rule: access_pb2.FieldRule, path: str, *, given: bool) -> Iterator[FieldFault]:
    if rule.required and not given:
        yield FieldFault(path, "REQUIRED", "must be given")


def _repeated(message: Message, field: FieldDescriptor, path: str, rule: access_pb2.FieldRule) -> Iterator[FieldFault]:
    values = getattr(message, field.name)
    yield from _required(rule, path, given=bool(values))
    if len(values) > MOST_REPEATED:
        yield FieldFault(path, "OUT_OF_RANGE", f"must have at most {MOST_REPEATED} values")
    elif any(value not in codes.by_number(field.enum_type) for value in values):
        yield FieldFault(path, "UNKNOWN_CODE", "holds a value that is not of its list")


def _message(message: Message, field: FieldDescriptor, path: str, rule: access_pb2.FieldRule) -> Iterator[FieldFault]:
    given = message.HasField(field.name)
    yield from _required(rule, path, given=given)
    if not given:
        return
    value, kind = getattr(message, field.name), value_type(field)
    if kind.full_name == IDENTIFIER:
        if wrong := identifiers.fault(value.system, value.value, SYSTEMS[rule.identifier]):
            yield FieldFault(path, "INVALID_IDENTIFIER", wrong)
    elif kind.full_name == DATE:
        yield from _date(value, path)
    else:
        for check in _checks(kind, f"{path}."):
            yield from check(value)


def value_type(field: FieldDescriptor) -> Descriptor:
    """The type of a field that holds a message."""
    if field.message_type is None:
        raise TypeError(f"{field.full_name} holds no message")
    return field.message_type


def _date(value: access_pb2.Date, path: str) -> Iterator[FieldFault]:
    if value.year not in YEARS:
        yield FieldFault(path, "OUT_OF_RANGE", f"must be a day of the years {YEARS.start} to {YEARS.stop - 1}")
        return
    try:
        date(value.year, value.month, value.day)
    except ValueError:
        yield FieldFault(path, "OUT_OF_RANGE", "is no day of the calendar")


def _enum(value: int, field: FieldDescriptor, path: str, rule: access_pb2.FieldRule) -> Iterator[FieldFault]:
    yield from _required(rule, path, given=value != 0)
    if value and value not in codes.by_number(field.enum_type):
        yield FieldFault(path, "UNKNOWN_CODE", "is not of its list")


def _text(value: str | bytes, path: str, rule: access_pb2.FieldRule) -> Iterator[FieldFault]:
    yield from _required(rule, path, given=bool(value))
    longest = rule.max_length or LONGEST_TEXT
    if len(value) > longest:
        yield FieldFault(path, "TOO_LONG", f"must have at most {longest} characters or bytes")
    # A control character could end a text early in the store, or forge a line where it is shown.
    elif isinstance(value, str) and not value.isprintable() and any(map(_is_control, value)):
        yield FieldFault(path, "CONTROL_CHARACTER", "holds a character that cannot be shown")


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in CONTROLS and character not in WHITE_SPACE


def _number(value: int, path: str, rule: access_pb2.FieldRule) -> Iterator[FieldFault]:
    if value < 0 or (rule.max_value and value > rule.max_value):
        yield FieldFault(
            path, "OUT_OF_RANGE", f"must be from 0 to {rule.max_value}" if rule.max_value else "must not be negative"
        )
