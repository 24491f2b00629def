"""The contract's shared messages, made of the values that are used inside, and page sizes read from it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

from dmp.access.v1 import access_pb2
from policy.calendar import due
from services.runtime import identifiers

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
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
    # As `Timestamp.FromDatetime`, which takes as long as all the rest of a listed document.
    seconds, micros = divmod((at - _EPOCH) // _MICROSECOND, 1_000_000)
    return Timestamp(seconds=seconds, nanos=1_000 * micros)


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
