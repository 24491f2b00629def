"""Brings what the store tells in its threads to the loop: many outcomes by one wake, for a wake costs more than one."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from services.store.unit_of_work import Outcome


@dataclass(slots=True, eq=False)
class Mailbox:
    """What was told and is not yet known on the loop."""

    loop: asyncio.AbstractEventLoop
    _told: deque[tuple[asyncio.Future[Any], Outcome[Any, Any] | None, Exception | None]] = field(default_factory=deque)
    _waking: bool = False

    def expect(self) -> Letter:
        """One that will be told; called on the loop."""
        return Letter(self, self.loop.create_future())

    def post(
        self, future: asyncio.Future[Any], outcome: Outcome[Any, Any] | None, error: Exception | None = None
    ) -> None:
        """Tell it; called in any thread."""
        # INVARIANT: put in before it is asked whether the loop wakes, so that none is left lying.
        self._told.append((future, outcome, error))
        if not self._waking:
            self._waking = True
            with suppress(RuntimeError):  # the loop has ended, and nobody waits any more
                self.loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        self._waking = False
        while self._told:
            future, outcome, error = self._told.popleft()
            if future.done():
                continue  # whoever waited has gone
            if error is None:
                future.set_result(outcome)
            else:
                future.set_exception(error)


@dataclass(frozen=True, slots=True, eq=False)
class Letter:
    """Where one unit is told (`services.store.unit_of_work.Receiver`), and what its caller awaits."""

    mailbox: Mailbox
    future: asyncio.Future[Any]

    def set_running_or_notify_cancel(self) -> bool:
        """Whether somebody still waits."""
        return not self.future.cancelled()

    def done(self) -> bool:
        """Whether nobody need be told any more."""
        return self.future.done()

    def set_result(self, outcome: Outcome[Any, Any]) -> None:
        """Tell the outcome."""
        self.mailbox.post(self.future, outcome)

    def set_exception(self, error: Exception) -> None:
        """Tell why there is none."""
        self.mailbox.post(self.future, None, error)
