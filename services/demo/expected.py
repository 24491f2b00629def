"""What the rules expect of a step, and whether it came."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from services.client import calls
from services.client.calls import Reply

Read = Callable[[Any], Iterable[str]]
"""Takes from a response what the step is about, in words."""


@dataclass(frozen=True, slots=True)
class Expected:
    """The answer, the rule where it is told, and what the response says where that matters."""

    answer: str
    rule: str = ""
    says: tuple[str, ...] | None = None
    read: Read | None = None

    def heard(self, reply: Reply) -> tuple[str, ...] | None:
        """What the response says of what the step is about."""
        return tuple(self.read(reply.response)) if self.read and reply.response else None

    def held_by(self, reply: Reply) -> bool:
        """Whether a reply is the one expected; a NOT_FOUND must tell no rule (VIS-18)."""
        rules_fit = self.rule in reply.rules if self.rule else not reply.rules
        return reply.answer == self.answer and rules_fit and self.heard(reply) == self.says


OK: Final = Expected(calls.OK)
NOT_FOUND: Final = Expected("NOT_FOUND")


def refused(rule: str) -> Expected:
    """Refused by a rule."""
    return Expected("FORBIDDEN", rule)


def conflict(rule: str) -> Expected:
    """Right as such, but not in the present state."""
    return Expected("CONFLICT", rule)


def says(read: Read, *words: str) -> Expected:
    """Permitted, with a response that says exactly this."""
    return Expected(calls.OK, says=words, read=read)
