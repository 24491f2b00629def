"""What leaves the suite: where notifications are handed on, how many wait, and what became of each attempt."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from enum import Enum

import structlog

from services.runtime.outgoing import Sink
from services.store.outbox_watch import FAILURES, NOTHING, Depth, OutboxWatch

_log = structlog.get_logger()


class Attempt(Enum):
    """What became of a notification that was taken to be handed on."""

    DELIVERED = "DELIVERED"
    FAILED = "FAILED"
    PARKED = "PARKED"
    LAPSED = "LAPSED"


class Outbound:
    """The one way out."""

    def __init__(self, sink: Sink | None = None, watch: OutboxWatch | None = None) -> None:
        """Hand on to this sink, and see the outbox by this watch."""
        self.sink = sink
        self.depth = NOTHING
        """As it was last seen."""
        self._watch = watch
        self._thread = ThreadPoolExecutor(1, "outbox")
        self._attempts: Counter[Attempt] = Counter()
        self._counting = threading.Lock()

    async def look(self, now: datetime) -> Depth:
        """What is in the outbox now; what was seen last where it cannot be seen."""
        if self._watch is not None:
            try:
                self.depth = await asyncio.get_running_loop().run_in_executor(self._thread, self._watch.look, now)
            except FAILURES as error:
                _log.error("outbox not seen", error=type(error).__name__)
        return self.depth

    def count(self, attempt: Attempt, number: int = 1) -> None:
        """So many more have ended so."""
        with self._counting:
            self._attempts[attempt] += number

    @property
    def attempts(self) -> dict[Attempt, int]:
        """How many have ended so, since the start."""
        with self._counting:
            return {attempt: self._attempts[attempt] for attempt in Attempt}

    async def close(self) -> None:
        """Hand on nothing more."""
        if self._watch is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._watch.close)
        self._thread.shutdown()
        if self.sink is not None:
            await self.sink.close()
