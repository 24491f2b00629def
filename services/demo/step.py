"""One step of the story, as it is shown and as it is told to programs."""

from __future__ import annotations

from dataclasses import dataclass

from services.client.calls import Reply
from services.demo.expected import Expected


@dataclass(frozen=True, slots=True)
class Step:
    """Who did what, what the rules expect, and what came."""

    number: int
    scene: str
    """In English."""
    title: str
    """In English."""
    who: str
    does: str
    """In French."""
    expected: Expected
    came: Reply
    held: bool

    @property
    def heard(self) -> tuple[str, ...] | None:
        """What the response says of what the step is about."""
        return self.expected.heard(self.came)

    def as_json(self) -> dict[str, object]:
        """The step for programs."""
        expected = {"answer": self.expected.answer, "rule": self.expected.rule, "says": self.expected.says}
        came = {"answer": self.came.answer, "rules": self.came.rules, "says": self.heard, "reason": self.came.reason}
        return {
            "number": self.number,
            "scene": self.scene,
            "title": self.title,
            "who": self.who,
            "does": self.does,
            "expected": expected,
            "came": {**came, "decision_id": self.came.decision_id},
            "held": self.held,
        }
