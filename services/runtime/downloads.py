"""Makes the files of downloads once their calls are committed, each in a thread of its own, and streams them."""

from __future__ import annotations

import asyncio
import hashlib
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from tempfile import TemporaryFile
from typing import BinaryIO, Final, cast

from google.protobuf.message import Message

from services.runtime.access import Download
from services.runtime.errors import Kind, ServiceError
from services.store import errors as store
from services.store.unit_of_work import Reading

LONGEST: Final = 600.0
"""Seconds that a download without a deadline may take."""
CHUNK: Final = 64 * 1024
"""Bytes."""
MOST: Final = 4
"""Downloads at once; each has a thread and a connection to the database."""
REST: Final = 0.0005
"""Seconds of rest after each document, in which the other threads of the process get the interpreter."""
TOLD_EVERY: Final = 0.1
"""Seconds between two words on how far it is."""
_free = threading.BoundedSemaphore(MOST)


def check_room() -> None:
    """Raise ServiceError where too many files are being made; asked before anything is changed."""
    if not _free.acquire(blocking=False):
        raise ServiceError(Kind.CROWDED)
    _free.release()


async def stream(
    download: Download,
    opened: Callable[[], Reading],
    finish: Callable[[], Awaitable[Message]],
    decision_id: str,
    deadline: float,
) -> AsyncGenerator[Message, None]:
    """The messages in order; raises ServiceError, after which what was sent is no file.

    `finish` settles the call once the last byte is sent; until then, whatever breaks off leaves it to be made again.
    `deadline` is on the clock of `time.monotonic`, in seconds. A caller who goes closes this, and the work stops.
    """
    yield download.response
    while not _free.acquire(blocking=False):
        # Another came first since room was asked for.
        if time.monotonic() > deadline:
            raise _too_long(decision_id)
        await asyncio.sleep(TOLD_EVERY)
    thread = ThreadPoolExecutor(1, "download")
    # It has no name, so that it is gone with the process; only its owner may read it.
    work = _Work(download, opened, cast("BinaryIO", TemporaryFile()), deadline)  # noqa: SIM115 - closed by its thread
    try:
        async for message in _made(work, thread, decision_id):
            yield message
        size, digest = await asyncio.wrap_future(thread.submit(work.measured))
        yield download.file(size, digest)
        while data := await asyncio.wrap_future(thread.submit(work.file.read, CHUNK)):
            if work.late():
                raise _too_long(decision_id)
            yield download.chunk(data)
        await _finished(finish, decision_id)
        yield download.end
    finally:
        work.gone.set()
        thread.submit(work.close)
        thread.shutdown(wait=False)


async def _made(work: _Work, thread: ThreadPoolExecutor, decision_id: str) -> AsyncGenerator[Message, None]:
    """How far it is, until it is whole."""
    making = asyncio.wrap_future(thread.submit(work.make))
    told = -1
    while True:
        done, _ = await asyncio.wait({making}, timeout=TOLD_EVERY)
        if work.done != told:
            told = work.done
            yield work.download.progress(told)
        if done:
            break
    try:
        making.result()
    except _Stopped:
        raise _too_long(decision_id) from None
    except store.StateConflict:
        raise ServiceError(Kind.CHANGED, metadata={"decision_id": decision_id}) from None
    except (store.StoreError, OSError):
        # The database or the keys are gone, or there is no room for the file.
        raise ServiceError(Kind.BROKE_OFF, metadata={"decision_id": decision_id}) from None
    except ServiceError as error:
        raise ServiceError(
            error.kind, error.reason, error.faults, {**error.metadata, "decision_id": decision_id}
        ) from None


async def _finished(finish: Callable[[], Awaitable[Message]], decision_id: str) -> None:
    try:
        await finish()
    except ServiceError as error:
        # Another download of the same came to its end first, or it was refused, or its time passed.
        settled = error.kind is Kind.NOT_FOUND
        raise ServiceError(Kind.CHANGED if settled else Kind.BROKE_OFF, metadata={"decision_id": decision_id}) from None


class _Stopped(Exception):
    """Nobody waits any more."""


class _Work:
    """One file while it is made; all but `done` and `gone` is for its thread."""

    def __init__(self, download: Download, opened: Callable[[], Reading], file: BinaryIO, deadline: float) -> None:
        self.download = download
        self.file = file
        self.done = 0
        self.gone = threading.Event()
        self._opened = opened
        self._deadline = deadline

    def make(self) -> None:
        with self._opened() as reading:
            self.download.make(reading, self.file, self._step)

    def measured(self) -> tuple[int, str]:
        self.file.seek(0)
        digest = hashlib.file_digest(cast("BytesIO", self.file), "sha256").hexdigest()
        size = self.file.tell()
        self.file.seek(0)
        return size, digest

    def late(self) -> bool:
        return time.monotonic() > self._deadline

    def close(self) -> None:
        self.file.close()
        _free.release()

    def _step(self, done: int, _of: int) -> None:
        self.done = done
        time.sleep(REST)
        if self.gone.is_set() or self.late():
            raise _Stopped


def _too_long(decision_id: str) -> ServiceError:
    return ServiceError(Kind.TOO_LONG, metadata={"decision_id": decision_id})
