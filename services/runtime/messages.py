"""The contract's shared messages, made of the values that are used inside, and page sizes read from it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

from dmp.access.v1 import access_pb2
from policy.calendar import due
from services.runtime import identifiers
from services.store import clock

PAGE: Final = 50
"""Items of a list, where the caller does not say."""


def identifier(text: str | None) -> access_pb2.Identifier | None:
    """An identifier of the form `system|value`."""
    if text is None:
        return None
    system, value = identifiers.parts(text)
    return access_pb2.Identifier(system=system, value=value)


def timestamp(at: datetime | None) -> Timestamp | None:
    """An aware time, to the microsecond."""
    if at is None:
        return None
    return Timestamp(**in_seconds(at))


def in_seconds(at: datetime) -> dict[str, int]:
    """The fields of the message of an aware time, to the microsecond."""
    # Not by `Timestamp.FromDatetime`, which takes the calendar apart: a list has a hundred of them.
    since = clock.since_epoch(at)
    return {"seconds": since.days * 86_400 + since.seconds, "nanos": since.microseconds * 1_000}


def midnight(day: access_pb2.Date) -> datetime:
    """When a day begins in Paris; the day was checked with the field."""
    begins = due(date(day.year, day.month, day.day), 0, "days")
    if begins is None:
        raise AssertionError("no day of the contract lies beyond the calendar")
    return begins


def text(found: str | None) -> str:
    """A text of the contract, which is empty where there is none."""
    return found or ""


def page_size(asked: int) -> int:
    """How many items a list may have; the limit was checked with the field."""
    return asked or PAGE
