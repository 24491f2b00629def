"""A notification as it leaves the suite: who is told, that something happened, and never what (NTF-06)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import orjson

from services.runtime import identifiers


class NotHandedOn(Exception):
    """The receiver has not taken it, as far as is known; `reason` is a word of a closed list."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """All that leaves the suite of a notification. INVARIANT: nothing medical, and no document (NTF-06)."""

    id: str
    """The same however often it is handed on."""
    code: str
    """What happened, in the word of the obligation or event."""
    recipient: str
    """The holder by his INS, or the professional."""
    record: str
    at: datetime
    """When it happened."""

    def body(self) -> bytes:
        """As JSON, byte for byte the same at every attempt."""
        said: dict[str, Any] = {
            "id": self.id,
            "code": self.code,
            "recipient": _identifier(self.recipient),
            "record": _identifier(self.record),
            "at": self.at.isoformat(),
        }
        return orjson.dumps(said)


class Sink(Protocol):
    """Takes notifications."""

    async def hand_on(self, outgoing: Outgoing) -> None:
        """Return only once the receiver has it for good; raises NotHandedOn."""

    async def close(self) -> None:
        """Let the receiver go."""


def _identifier(text: str) -> dict[str, str]:
    system, value = identifiers.parts(text)
    return {"system": system, "value": value}
