"""Which dates never come after which: what the vocabulary says of real life, so that examples are taken from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import combinations
from typing import Any

from policy import shape
from policy.errors import FaultList
from policy.source import Node

NOW = "context.now"
"""The clock of a request."""
Pair = tuple[str, str]
"""Two attributes, the first never later than the second."""


def read_chronology(node: Node | None, times: Iterable[str], faults: FaultList) -> tuple[Pair, ...]:
    """Every pair of the lists under `chronology`, each of which goes from the earliest date to the latest."""
    known = tuple(times)
    found: dict[Pair, None] = {}
    for item in shape.items(node, "chronology", faults) if node else ():
        names = shape.texts(item, "an order of dates", faults)
        for place, name in names:
            if name not in known:
                faults.add_unknown(place.place, "date or time", name, known)
        found |= dict.fromkeys(combinations([name for _, name in names], 2))
    return tuple(found)


def broken(times: Mapping[str, date | datetime], pairs: Sequence[Pair]) -> Iterator[Pair]:
    """The pairs whose first date is a later day than the second."""
    for first, second in pairs:
        if first in times and second in times and _day(times[first]) > _day(times[second]):
            yield first, second


def _day(time: date | datetime) -> date:
    return time.date() if isinstance(time, datetime) else time


def in_order(request: Mapping[str, Any], pairs: Sequence[Pair]) -> bool:
    """Whether the dates that a request states, the one item of its list included, come in their order."""
    items = request.get("documents") or {"": request.get("document") or {}}
    entities = {**request, "document": next(iter(items.values()))}
    found: dict[str, date | datetime] = {}
    for name in {name for pair in pairs for name in pair}:
        entity, _, attribute = name.partition(".")
        written = request.get("at") if name == NOW else entities.get(entity, {}).get(attribute)
        if isinstance(written, str):
            found[name] = date.fromisoformat(written[:10])
    return not any(broken(found, pairs))
