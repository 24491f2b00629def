"""What the store tells of its own work: how much, how long and how busy, and never about whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final, NamedTuple, Protocol

import structlog

from policy.model import Answer
from services.store.trace_entry import TraceEntry, TraceKind, TraceOutcome

_log = structlog.get_logger()


class Counted(NamedTuple):
    """All that may be counted of a trace entry: words of closed lists."""

    outcome: TraceOutcome
    answer: Answer
    kind: TraceKind
    profile: str


@dataclass(frozen=True, slots=True)
class Pool:
    """The units that wait for the same connections, and those connections, at this moment."""

    name: str
    waiting: int
    busy: int
    idle: int
    lost: int


class Observer(Protocol):
    """Whoever watches the store; called in its threads, so that it must be quick."""

    def committed(self, entries: Mapping[Counted, int], seconds: float) -> None:
        """So many entries are durable, whose commit took so many seconds."""


class Silent:
    """Watches nothing."""

    def committed(self, entries: Mapping[Counted, int], seconds: float) -> None:
        """As Observer."""


SILENT: Final = Silent()


_WORDS = attrgetter(*Counted._fields)


def tell(observer: Observer, entries: Iterable[TraceEntry], seconds: float) -> None:
    """Report a commit, before its units are answered, so that whoever was answered is counted."""
    words: dict[tuple[Any, ...], int] = {}
    for said in map(_WORDS, entries):
        words[said] = words.get(said, 0) + 1
    counted = {Counted(*said): number for said, number in words.items()}
    try:
        observer.committed(counted, seconds)
    except Exception as error:  # noqa: BLE001 - what is durable is answered, whatever becomes of its count
        _log.error("commit not counted", error=type(error).__name__)
