"""Works out answers that take long once their calls are committed: one at a time, giving way to every other call."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from google.protobuf.message import Message

from services.runtime.access import Unfinished
from services.runtime.errors import Kind, ServiceError

MOST_WAITING: Final = 32
"""Answers of one RPC that wait or are being worked out; a caller who waits longer than for these is better told so."""
STRETCH: Final = 0.002
"""Seconds of work without a rest: less than Python lets a thread work before it asks it to give way."""
REST: Final = 0.0005
"""Seconds of rest, in which the other threads of the process get the interpreter."""


class Desk:
    """One thread for the answers of one RPC."""

    def __init__(self) -> None:
        """Begin without any."""
        self._thread = ThreadPoolExecutor(1, "desk")
        self._waiting = 0

    async def finish(self, unfinished: Unfinished, decision_id: str, deadline: float) -> Message:
        """The response worked out; raises ServiceError if too many wait, or if the deadline passes first.

        `deadline` is on the clock of `time.monotonic`, in seconds. What was traced stands, whatever becomes of this.
        """
        if self._waiting >= MOST_WAITING:
            raise ServiceError(Kind.CROWDED, metadata={"decision_id": decision_id})
        turn = _Turn(unfinished, deadline)
        self._waiting += 1
        try:
            await asyncio.wrap_future(self._thread.submit(turn.work))
        finally:
            self._waiting -= 1
            # A caller who has gone is not worked for any more.
            turn.gone.set()
        if turn.late():
            raise ServiceError(Kind.TOO_LONG, metadata={"decision_id": decision_id})
        return unfinished.response

    def close(self) -> None:
        """Let the thread end; every call has its answer by now, or has gone."""
        self._thread.shutdown(wait=False, cancel_futures=True)


class _Turn:
    """One answer while it is worked out."""

    def __init__(self, unfinished: Unfinished, deadline: float) -> None:
        self._unfinished = unfinished
        self._deadline = deadline
        self._rested = 0.0
        self.gone = threading.Event()

    def work(self) -> None:
        """Finish the response, unless it is too late already."""
        if not self._stopped():
            self._unfinished.finish(self._unfinished.response, self._step)

    def late(self) -> bool:
        """Whether the deadline has passed, so that the response may be without its end."""
        return time.monotonic() > self._deadline

    def _stopped(self) -> bool:
        return self.gone.is_set() or self.late()

    def _step(self) -> bool:
        """Give way, where it is time to; whether to stop."""
        if time.monotonic() - self._rested > STRETCH:
            time.sleep(REST)
            self._rested = time.monotonic()
        return self._stopped()
