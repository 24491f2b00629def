"""Where units wait for the lanes that serve them, from the first to the last."""

from __future__ import annotations

import threading
from queue import SimpleQueue

from services.store.waiting import Waiting


class Intake:
    """A queue that any number of callers fill and a fixed number of lanes empty."""

    def __init__(self, lanes: int) -> None:
        """Expect so many lanes."""
        self._queue: SimpleQueue[Waiting | None] = SimpleQueue()
        self._accepting = threading.Lock()
        self._closed = False
        self._serving = lanes

    @property
    def waiting(self) -> int:
        """About how many units wait."""
        return self._queue.qsize()

    def put(self, unit: Waiting) -> None:
        """Take a unit; it is refused where the store is closed."""
        # INVARIANT: nothing is put behind the end marks, where it would wait for ever.
        with self._accepting:
            if not self._closed:
                self._queue.put(unit)
                return
        unit.refuse()

    def take(self, most: int) -> list[Waiting]:
        """Wait for a unit, and take with it those that wait already; none at the end mark, one for each lane."""
        group: list[Waiting] = []
        taken = self._queue.get()
        while taken is not None:
            group.append(taken)
            if len(group) == most or self._queue.empty():
                return group
            taken = self._queue.get()
        if group:
            # The end is met again at the next turn.
            self._queue.put(None)
        return group

    def close(self) -> None:
        """Accept nothing more, and let each lane end once what was taken is answered."""
        with self._accepting:
            if not self._closed:
                self._closed = True
                for _ in range(self._serving):
                    self._queue.put(None)

    def leave(self) -> None:
        """Tell that a lane has ended; after the last, nobody is left waiting, should it have ended before its time."""
        with self._accepting:
            self._serving -= 1
            if self._serving:
                return
            self._closed = True
        while not self._queue.empty():
            left = self._queue.get()
            if left is not None:
                left.refuse()
