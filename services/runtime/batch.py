"""The questions of a call that asks many: taken apart so that what is the same for several is read once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import uuid4

from google.protobuf.message import Message

from services.runtime import arrival as arrivals
from services.runtime import fields
from services.runtime.access import KEY
from services.runtime.another import Askable
from services.runtime.arrival import Arrival, Batch, Question
from services.runtime.errors import FieldFault
from services.store.unit_of_work import FactsKey

ANY_KEY = ANY_DOCUMENT = "x"
"""Stands for the document while a question is read, for a question is read alike whichever it names."""
MOST_DIFFERENT: Final = 256
"""Questions of a batch that differ in more than their document: each takes a millisecond, in which all others wait."""


def read(arrival: Arrival, may: Askable) -> Arrival:
    """The call with its questions; with faults instead if the whole cannot be accepted."""
    if arrival.faults:
        return arrival
    items = getattr(arrival.request, arrival.method.access.items)
    if faults := tuple(_key_faults(items, arrival.method.access.items)):
        return replace(arrival, faults=faults)
    reading = _Reading(arrival, may)
    named = []
    for item in items:
        named.append((getattr(item, KEY), reading.question(item)))
        if len(reading.read) > MOST_DIFFERENT:
            return replace(arrival, faults=(_too_different(arrival.method.access.items),))
    return replace(arrival, batch=reading.batch(tuple(named)))


def _too_different(path: str) -> FieldFault:
    sentence = (
        f"must have at most {MOST_DIFFERENT} questions that differ in more than their document: ask in several calls"
    )
    return FieldFault(path, "TOO_DIFFERENT", sentence)


def _key_faults(items: Sequence[Message], path: str) -> list[FieldFault]:
    """The first item without an acceptable key of its own: without it an item cannot be answered."""
    check = fields.check_of(items[0].DESCRIPTOR, KEY)
    keys = [getattr(item, KEY) for item in items]
    for place, key in enumerate(keys):
        if not key:
            return [FieldFault(f"{path}[{place}].{KEY}", "REQUIRED", "must be given")]
        if found := check(key):
            return [FieldFault(f"{path}[{place}].{KEY}", fault.reason, fault.message) for fault in found]
    if len(set(keys)) < len(keys):
        return [FieldFault(path, "DUPLICATE_KEY", "has a key twice")]
    return []


@dataclass(slots=True)
class _Reading:
    """What has been read of a batch so far."""

    arrival: Arrival
    may: Askable
    frames: dict[bytes, int] = field(default_factory=dict)
    read: list[Arrival] = field(default_factory=list)
    asked: dict[tuple[int, str | None], int] = field(default_factory=dict)

    def question(self, item: Message) -> int:
        """The place of an item's question among the distinct ones."""
        document, frame = self._framed(item)
        return self.asked.setdefault((frame, document), len(self.asked))

    def _framed(self, item: Message) -> tuple[str | None, int]:
        path = self.arrival.method.access.document
        holder, name = _holder(item, path)
        document: str = getattr(holder, name)
        fits = not fields.check_of(item.DESCRIPTOR, path)(document)
        if document and fits:
            setattr(holder, name, ANY_DOCUMENT)
        # The key was read before, and would set every item apart.
        setattr(item, KEY, ANY_KEY)
        said = item.SerializeToString(deterministic=True)
        frame = self.frames.get(said)
        if frame is None:
            frame = self.frames[said] = len(self.read)
            self.read.append(arrivals.frame(self.arrival, item, self.may))
        return (document or None) if fits else None, frame

    def batch(self, items: tuple[tuple[str, int], ...]) -> Batch:
        """All that was read."""
        heads: dict[FactsKey, int] = {}
        of_frames = [(_place(heads, frame.key), _place(heads, frame.own_key or frame.key)) for frame in self.read]
        named: list[dict[str, None]] = [{} for _ in heads]
        questions = []
        for frame, document in self.asked:
            place, own = of_frames[frame]
            questions.append(Question(frame, document, place, own))
            if place is not None and document is not None:
                named[place][document] = None
        keys = [replace(head, documents=tuple(named[place])) for head, place in heads.items()]
        # Each frame was read for a question, in the order of the request.
        headings = dict.fromkeys(frame.heading for frame in self.read)
        ids = (self.arrival.decision_id, *(str(uuid4()) for _ in list(headings)[1:]))
        return Batch(tuple(self.read), tuple(questions), tuple(keys), items, tuple(zip(headings, ids, strict=True)))


def _place(heads: dict[FactsKey, int], key: FactsKey | None) -> int | None:
    """Where the facts of a frame will stand, whatever the document."""
    return None if key is None else heads.setdefault(replace(key, document=None), len(heads))


def _holder(message: Message, path: str) -> tuple[Any, str]:
    """The message that holds the field at a path, and the field's name."""
    *above, name = path.split(".")
    holder: Any = message
    for step in above:
        holder = getattr(holder, step)
    return holder, name
