"""What a scene has at hand: the people, the documents deposited so far, and the way to take a step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast
from uuid import uuid4

from google.protobuf.message import Message

from services.client.calls import Reply, Suite
from services.demo.cast import HOLDER, Player
from services.demo.expected import Expected
from services.demo.stage import Stage
from services.demo.step import Step

SAME: Final = "SAME"
DIFFERENT: Final = "DIFFERENT"
NEVER_DEPOSITED: Final = str(uuid4())
"""A document id that names nothing."""


@dataclass(slots=True)
class Telling:
    """One telling of the story, about one new record."""

    suite: Suite
    players: Mapping[str, Player]
    stage: Stage
    steps: list[Step] = field(default_factory=list)
    documents: dict[str, str] = field(default_factory=dict)
    """Logical ids, by the key of the document."""
    traces: list[dict[str, object]] = field(default_factory=list)
    """The lines that the holder read at the end."""
    _scene: str = ""

    def scene(self, title: str, french: str) -> None:
        """Begin a scene."""
        self._scene = title
        self.stage.scene(french)

    def document(self, key: str) -> str:
        """The id of a document; one that was not deposited has none, and its steps then fail by themselves."""
        return self.documents.get(key, NEVER_DEPOSITED)

    def step(self, title: str, who: str, does: str, request: Message, expected: Expected) -> Reply:
        """Let somebody of the cast make a call on the record, show what came, and go on whatever it is."""
        player = self.players[who]
        reply = self.suite.ask(player.token, self._on_record(request))
        self._show(title, player.name, does, expected, reply)
        return reply

    def same(self, title: str, does: str, one: Reply, other: Reply) -> None:
        """Show that nobody could tell two refusals apart."""
        alike = one.told == other.told and bool(one.told)
        reply = replace(other, answer=SAME if alike else DIFFERENT, rules=(), decision_id="")
        self._show(title, "Les deux réponses", does, Expected(SAME), reply)

    def _on_record(self, request: Message) -> Message:
        filled: Any = type(request)()
        filled.CopyFrom(request)
        holder = getattr(filled, "question", filled)
        if "record" in holder.DESCRIPTOR.fields_by_name:
            holder.record.CopyFrom(self.players[HOLDER].identifier)
        return cast("Message", filled)

    def _show(self, title: str, who: str, does: str, expected: Expected, reply: Reply) -> None:
        held = expected.held_by(reply)
        step = Step(len(self.steps) + 1, self._scene, title, who, does, expected, reply, held)
        self.steps.append(step)
        self.stage.step(step)
