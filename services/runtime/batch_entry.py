"""The trace entries of a batch: one for each record and person asked about, each decision reproducible."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from policy.model import Effect
from services.runtime import entry
from services.runtime.arrival import Arrival, Batch, Heading
from services.runtime.judgement import Answered, Answers
from services.store import clock
from services.store.unit_of_work import Done, TraceEntry

QUESTIONS: Final = "questions"
"""In the facts of an entry, marks that of a batch."""
DEPOSITED_AT: Final = "deposited_at"
NO_DOCUMENT: Final = -1
NOT_EVALUATED: Final = "NOT_EVALUATED"


def entries(arrival: Arrival, answers: Answers, done: Done) -> tuple[TraceEntry, ...]:
    """An entry for each record and person asked about, in the order of the request."""
    batch = arrival.batch
    if batch is None:
        raise AssertionError("only a batch has many answers")
    tables = {heading: _Table(batch, answers) for heading, _ in batch.headings}
    of_frames = [tables[frame.heading] for frame in batch.frames]
    for place, question in enumerate(batch.questions):
        of_frames[question.frame].add(place)
    return tuple(
        _entry(replace(arrival, decision_id=decision_id, record=heading.record), heading, tables[heading], done)
        for heading, decision_id in batch.headings
    )


def _entry(arrival: Arrival, heading: Heading, table: _Table, done: Done) -> TraceEntry:
    right = table.answers.rights[heading.record, heading.named]
    header = entry.entry(arrival, right, done)
    of_asker = {entry.ASKER: entry.asker(right.request)} if heading.named else {}
    same = {outcome["action"] for outcome in table.outcomes}
    known = same.pop() if len(same) == 1 else ""
    return replace(
        header,
        action=known or header.action,
        about=heading.about,
        asserted=table.asserted(),
        facts={name: right.request[name] for name in ("subject", "record", "at")} | of_asker | table.facts(),
        outcomes=table.outcomes,
        items=table.items,
    )


def apart(traced: TraceEntry) -> Iterator[TraceEntry]:
    """An entry of its own for each question of a batch's entry, as far as it is told to readers."""
    asked = traced.facts["items"]
    for (document, outcome), (_, known, _) in zip(traced.items, asked, strict=True):
        answered = traced.outcomes[outcome]
        yield replace(
            traced,
            action=answered["action"] or traced.action,
            facts={"document": None if known == NO_DOCUMENT else traced.facts["documents"][known]},
            outcomes=(answered,),
            items=((document, 0),) if document else (),
        )


def request_of(traced: TraceEntry, place: int) -> dict[str, Any]:
    """What the engine was asked for one item of a batch's entry."""
    facts = traced.facts
    question, document, deposited_at = facts["items"][place]
    shared = {name: facts[name] for name in ("subject", "record", "at")}
    known = None if document == NO_DOCUMENT else dict(facts["documents"][document])
    if known is not None and deposited_at is not None:
        known[DEPOSITED_AT] = clock.moment(deposited_at)
    return {**shared, **facts[QUESTIONS][question], "document": known}


@dataclass(slots=True)
class _Table:
    """The questions on one record, each as a few numbers that point at what several have in common."""

    batch: Batch
    answers: Answers
    frames: dict[int, int] = field(default_factory=dict)
    documents: dict[object, tuple[int, Mapping[str, Any]]] = field(default_factory=dict)
    places: list[tuple[int, int, int | None]] = field(default_factory=list)
    known: dict[tuple[int, int], int] = field(default_factory=dict)
    outcomes: list[dict[str, Any]] = field(default_factory=list)
    by_words: dict[str, int] = field(default_factory=dict)
    items: list[tuple[str, int]] = field(default_factory=list)

    def add(self, place: int) -> None:
        """One more question."""
        question, answered = self.batch.questions[place], self.answers.questions[place]
        document = self.answers.documents[place]
        frame = self.frames.setdefault(question.frame, len(self.frames))
        if document is None:
            self.places.append((frame, NO_DOCUMENT, None))
        else:
            deposited_at = document.get(DEPOSITED_AT)
            micros = None if deposited_at is None else clock.micros(deposited_at)
            self.places.append((frame, self._document(document), micros))
        self.items.append((question.document or "", self._outcome(question.frame, answered)))

    def facts(self) -> dict[str, Any]:
        """The facts of every question."""
        return {
            QUESTIONS: [self._question(frame) for frame in self.frames],
            "documents": [document for _, document in self.documents.values()],
            "items": self.places,
        }

    def _question(self, frame: int) -> dict[str, Any]:
        request = self.answers.requests[frame]
        named = () if self.batch.frames[frame].about is None else ("subject",)
        return {name: request[name] for name in ("action", "relation", "context", *named)}

    def asserted(self) -> list[str]:
        """The attributes that any of the questions was asked on, as the asker asserted them."""
        return sorted({name for frame in self.frames for name in self.batch.frames[frame].another.supplied})

    def _document(self, document: Mapping[str, Any]) -> int:
        likeness = tuple([_hashable(value) for name, value in document.items() if name != DEPOSITED_AT])
        found = self.documents.get(likeness)
        if found is None:
            told = {name: value for name, value in document.items() if name != DEPOSITED_AT}
            found = self.documents[likeness] = len(self.documents), told
        return found[0]

    def _outcome(self, frame: int, answered: Answered) -> int:
        # The answer is one object for all questions of a frame that it answers alike.
        likeness = frame, id(answered)
        found = self.known.get(likeness)
        if found is None:
            outcome = _outcome(answered)
            # By its words: to look through the outcomes for each would take the square of their number.
            found = self.known[likeness] = self.by_words.setdefault(repr(outcome), len(self.outcomes))
            if found == len(self.outcomes):
                self.outcomes.append(outcome)
        return found


def _hashable(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _outcome(answered: Answered) -> dict[str, Any]:
    decision = answered.decision
    if decision is None:
        return {"action": "", "effect": Effect.DENY, "answer": NOT_EVALUATED}
    outcome: dict[str, Any] = {
        # A word that is not of the vocabulary is never repeated.
        "action": decision.action,
        "effect": decision.effect,
        "answer": decision.answer,
        "rules": decision.rules,
        "matched": decision.matched,
        "obligations": decision.obligations,
    }
    if decision.faults:
        outcome["faults"] = decision.faults
    return outcome
