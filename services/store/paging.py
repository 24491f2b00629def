"""A page of something, newest first, and whether more follows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from services.store.savepoint import Row

Item = TypeVar("Item")

LAST = 2**63 - 1
"""Greater than every number and time stored: where the first page starts."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """What is shown, and whether the reader may ask for more after the last one shown."""

    items: tuple[Item, ...]
    more: bool


def page(rows: Sequence[Row], limit: int, read: Callable[[Row], Item]) -> Page[Item]:
    """The first `limit` rows of a query that was asked for one row more."""
    return Page(tuple(read(row) for row in rows[:limit]), len(rows) > limit)
