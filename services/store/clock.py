"""Times as the store keeps them: whole microseconds of UTC since 1970, and back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from services.store.errors import UnfitValue

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


def micros(at: datetime) -> int:
    """Microseconds since the epoch, exact; raises UnfitValue for a time without zone."""
    return since_epoch(at) // _MICROSECOND


def since_epoch(at: datetime) -> timedelta:
    """What has passed since the epoch; raises UnfitValue for a time without zone."""
    if at.tzinfo is None:
        raise UnfitValue("a time has no time zone")
    return at - _EPOCH


def moment(stored: int) -> datetime:
    """The aware UTC time of `micros`."""
    return _EPOCH + timedelta(0, 0, stored)


def moment_or_none(stored: int | None) -> datetime | None:
    """As `moment`, where the column may be null."""
    return None if stored is None else moment(stored)


def day(stored: str) -> date:
    """A calendar day as stored, `YYYY-MM-DD`."""
    return date.fromisoformat(stored)
