"""A lane: one thread with one session that takes waiting units, answers them together, and takes the next."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from services.store.intake import Intake
from services.store.observer import Pool
from services.store.session import Session
from services.store.waiting import Waiting

Answer = Callable[[Session, Sequence[Waiting]], None]
"""Answers every unit of a group, whatever happens."""


class Lane:
    """A thread that serves an intake, alone or beside others; its session is open when the constructor returns."""

    def __init__(self, intake: Intake, opening: Callable[[], Session], answer: Answer, *, group: int) -> None:
        """Serve the intake in groups of at most so many units; raises what the opening raises."""
        self._intake = intake
        self._opening = opening
        self._answer = answer
        self._group = group
        self._busy = self._lost = False
        opened: Future[None] = Future()
        self._thread = threading.Thread(target=self._serve, args=(opened,), name="lane", daemon=True)
        self._thread.start()
        error = opened.exception()
        if error is not None:
            self._thread.join()
            raise error

    @property
    def busy(self) -> bool:
        """Whether it is serving units now."""
        return self._busy

    @property
    def lost(self) -> bool:
        """Whether its database was gone when it last served, so that it opens a new session at its next turn."""
        return self._lost

    def join(self) -> None:
        """Wait until the thread has ended."""
        self._thread.join()

    def _serve(self, opened: Future[None]) -> None:
        try:
            # In the thread that will use it, for SQLite then refuses it to every other.
            session = self._opening()
        except Exception as error:  # noqa: BLE001 - told to the constructor, which raises it
            self._intake.leave()
            opened.set_exception(error)
            return
        opened.set_result(None)
        try:
            while units := self._intake.take(self._group):
                self._busy = True
                session = self._turn_or_fail(session, units)
                self._busy, self._lost = False, session.lost
        finally:
            session.close()
            self._intake.leave()

    def _turn_or_fail(self, session: Session, units: Sequence[Waiting]) -> Session:
        try:
            return self._turn(session, units)
        except BaseException as error:
            # The thread ends, and nobody is left waiting for it.
            for unit in units:
                unit.fail(error)
            raise

    def _turn(self, session: Session, units: Sequence[Waiting]) -> Session:
        """Answer these units, through a new session if the old one has lost its database; the session then in use."""
        if session.lost:
            session.close()
            try:
                session = self._opening()
            except Exception as error:  # noqa: BLE001 - whatever it is, nobody may be answered as if it were kept
                for unit in units:
                    unit.take()
                    unit.fail(error)
                return session
        self._answer(session, units)
        return session


def pool(name: str, intake: Intake, lanes: Sequence[Lane]) -> Pool:
    """What the lanes of one intake are doing now."""
    states = ["lost" if lane.lost else "busy" if lane.busy else "idle" for lane in lanes]
    return Pool(name, intake.waiting, states.count("busy"), states.count("idle"), states.count("lost"))
