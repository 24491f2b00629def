"""Where notifications go: each is handed on at least once, under an id by which the receiver knows it again."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Final, Protocol

from services.runtime.destination import Destination
from services.runtime.outgoing import NotHandedOn, Outgoing, Sink

_OWNER_ONLY: Final = 0o600


class Posting(Protocol):
    """What posts to one address (`services.runtime.webhook`)."""

    async def post(self, name: str, body: bytes) -> None:
        """Return once the receiver has it; raises NotHandedOn."""

    async def close(self) -> None:
        """Let the connections go."""


class WebhookSink:
    """Posts each to one address."""

    def __init__(self, webhook: Posting) -> None:
        """Post through this."""
        self._webhook = webhook

    async def hand_on(self, outgoing: Outgoing) -> None:
        """As Sink."""
        await self._webhook.post(outgoing.id, outgoing.body())

    async def close(self) -> None:
        """As Sink."""
        await self._webhook.close()


class FileSink:
    """Appends each as a line of JSON; the disk has it when `hand_on` returns."""

    def __init__(self, path: Path) -> None:
        """Open the file for its owner alone; raises OSError."""
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)
        self._turn = asyncio.Lock()

    async def hand_on(self, outgoing: Outgoing) -> None:
        """As Sink."""
        async with self._turn:
            try:
                await asyncio.to_thread(self._append, outgoing.body() + b"\n")
            except OSError as error:
                raise NotHandedOn("NOT_WRITTEN") from error

    async def close(self) -> None:
        """As Sink."""
        os.close(self._descriptor)

    def _append(self, line: bytes) -> None:
        # What a full disk cut short is ended by a line break, so that it spoils no other line.
        if os.write(self._descriptor, line) != len(line):
            os.write(self._descriptor, b"\n")
            raise OSError("the line was cut short")
        os.fsync(self._descriptor)


def open_sink(destination: Destination) -> Sink:
    """The sink of a destination; raises OSError or ValueError where it cannot be had."""
    if destination.file is not None:
        return FileSink(destination.file)
    # Imported only where it is used, for its library makes every start slower and larger.
    from services.runtime.webhook import Webhook  # noqa: PLC0415

    return WebhookSink(Webhook.of(destination))
