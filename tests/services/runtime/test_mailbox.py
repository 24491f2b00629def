"""Outcomes that threads tell reach the loop: each, once, and many by one wake."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from services.runtime.mailbox import Letter, Mailbox
from services.store.unit_of_work import Unavailable

MANY = 2_000
THREADS = 4


class Counting:
    """A loop that counts its wakes."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.wakes = 0

    def create_future(self) -> asyncio.Future[Any]:
        return self.loop.create_future()

    def call_soon_threadsafe(self, deliver: Callable[[], None]) -> None:
        self.wakes += 1
        self.loop.call_soon_threadsafe(deliver)


def told(letters: list[Letter], outcome: Callable[[int], Any]) -> None:
    """Tell each letter from a thread, as the store does."""

    def tell() -> None:
        for place, letter in enumerate(letters):
            if letter.set_running_or_notify_cancel():
                letter.set_result(outcome(place))

    thread = threading.Thread(target=tell)
    thread.start()
    thread.join()


def test_what_threads_tell_at_once_arrives_whole() -> None:
    """Each gets its own outcome, whichever thread tells it and while the loop is taking out others."""

    async def asked() -> list[int]:
        mailbox = Mailbox(asyncio.get_running_loop())
        letters = [mailbox.expect() for _ in range(MANY)]

        def tell(first: int) -> None:
            for place in range(first, MANY, THREADS):
                letters[place].set_result(place)  # type: ignore[arg-type]  # whatever it is

        threads = [threading.Thread(target=tell, args=(first,)) for first in range(THREADS)]
        for thread in threads:
            thread.start()
        return await asyncio.wait_for(asyncio.gather(*(letter.future for letter in letters)), 30)

    assert asyncio.run(asked()) == list(range(MANY))


def test_many_outcomes_take_one_wake() -> None:
    """The loop is woken once for what is told while it is busy."""

    async def asked() -> tuple[int, list[int]]:
        counting = Counting(asyncio.get_running_loop())
        mailbox = Mailbox(counting)  # type: ignore[arg-type]  # all that it needs of a loop
        letters = [mailbox.expect() for _ in range(MANY)]
        told(letters, lambda place: place)
        return counting.wakes, [await letter.future for letter in letters]

    assert asyncio.run(asked()) == (1, list(range(MANY)))


def test_what_is_told_later_wakes_the_loop_again() -> None:
    """One wake serves what was told until then, and no more."""

    async def asked() -> int:
        counting = Counting(asyncio.get_running_loop())
        mailbox = Mailbox(counting)  # type: ignore[arg-type]  # all that it needs of a loop
        for _ in range(3):
            letter = mailbox.expect()
            told([letter], lambda place: place)
            assert await asyncio.wait_for(letter.future, 5) == 0
        return counting.wakes

    assert asyncio.run(asked()) == 3


def test_who_has_gone_is_told_nothing() -> None:
    """A caller who left before the store took his unit withdrew it; one who left later spoils no other's answer."""

    async def asked() -> None:
        mailbox = Mailbox(asyncio.get_running_loop())
        gone, leaving, staying = (mailbox.expect() for _ in range(3))
        gone.future.cancel()
        assert not gone.set_running_or_notify_cancel()
        assert leaving.set_running_or_notify_cancel()
        told([staying], lambda _: "kept")
        leaving.set_exception(Unavailable("lost"))
        leaving.future.cancel()
        assert await staying.future == "kept"
        assert leaving.future.cancelled()

    asyncio.run(asked())


def test_an_error_is_raised_where_it_is_awaited() -> None:
    """As it was told."""

    async def asked() -> None:
        letter = Mailbox(asyncio.get_running_loop()).expect()
        letter.set_exception(Unavailable("lost"))
        await letter.future

    with pytest.raises(Unavailable, match="lost"):
        asyncio.run(asked())


def test_what_is_told_after_the_end_harms_nobody() -> None:
    """The loop has ended, and the store still tells."""

    async def expected() -> Letter:
        return Mailbox(asyncio.get_running_loop()).expect()

    letter = asyncio.run(expected())
    told([letter], lambda _: None)
    assert not letter.done()
