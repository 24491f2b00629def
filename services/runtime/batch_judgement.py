"""From the questions of a batch and their stored facts to the answers, each decided as if it had been asked alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from policy.engine import Engine
from policy.model import Decision
from services.runtime import judgement
from services.runtime.arrival import Arrival, Batch, Question
from services.runtime.judgement import Answered, Answers, Verdict
from services.store.unit_of_work import Facts

NOT_EVALUATED = Answered(None)
Decide = Callable[[Mapping[str, Any] | None], Answered]
"""The answer to a question about this document."""


def judge(engine: Engine, arrival: Arrival, batch: Batch, facts: Sequence[Facts], late: Callable[[], bool]) -> Verdict:
    """Decide every question, until it is too late; refused as a whole if there is no record that may be asked about."""
    judging = _Judging(engine, arrival, batch, facts)
    answered, documents = [], []
    for question in batch.questions:
        frame = judging.frame(question)
        stored = {} if question.facts is None else facts[question.facts]
        named = question.document
        document = stored.get("documents", {}).get(named) if named else frame.request["document"]
        documents.append(document)
        answered.append(NOT_EVALUATED if late() else frame.decide(document))
    rights = judging.rights
    leading = next((right for right in rights.values() if right.permitted), next(iter(rights.values())))
    requests = [judging.frames[place].request for place in range(len(batch.frames))]
    answers = Answers(rights, answered, requests, documents)
    return Verdict(leading.decision, leading.request, leading.facts, answers=answers)


@dataclass(slots=True)
class _Frame:
    """What is the same for every question that differs in its document alone."""

    request: Mapping[str, Any]
    begin: Callable[[], Decide]
    """Takes most of the time of a question that no other resembles, so that it waits until one is decided."""
    _decide: Decide | None = None

    def decide(self, document: Mapping[str, Any] | None) -> Answered:
        """The answer to a question about this document."""
        if self._decide is None:
            self._decide = self.begin()
        return self._decide(document)


@dataclass(slots=True)
class _Judging:
    """A batch while its questions are decided."""

    engine: Engine
    arrival: Arrival
    batch: Batch
    facts: Sequence[Facts]
    rights: dict[tuple[str | None, bool], Verdict] = field(default_factory=dict)
    frames: dict[int, _Frame] = field(default_factory=dict)

    def frame(self, question: Question) -> _Frame:
        """The question's frame, on the facts of the first question that has it."""
        found = self.frames.get(question.frame)
        if found is None:
            found = self.frames[question.frame] = self._begun(question)
        return found

    def _begun(self, question: Question) -> _Frame:
        asked = self.batch.frames[question.frame]
        facts = {} if question.facts is None else self.facts[question.facts]
        request = judgement.question_of(asked, facts)
        own = {} if question.own is None else self.facts[question.own]
        right = self._right(asked, own)

        def begin() -> Decide:
            if asked.faults:
                told = judgement.judge(self.engine, asked, facts, own).told
                return _always(Answered(told, asked.faults))
            return self._deciding(asked, request) if right.permitted else _always(Answered(right.decision))

        return _Frame(request, begin)

    def _right(self, asked: Arrival, own: Facts) -> Verdict:
        right = asked.record, asked.another.named
        found = self.rights.get(right)
        if found is None:
            known = {"record": judgement.NO_RECORD, **own}
            # Of the call, since what one of its questions says of the situation is no part of the right.
            call = replace(self.arrival, another=asked.another)
            found = self.rights[right] = judgement.right_to_ask(self.engine, call, known)
        return found

    def _deciding(self, asked: Arrival, request: Mapping[str, Any]) -> Decide:
        if self.engine.lists(asked.asked or ""):
            return lambda document: _answered(asked, self.engine.decide({**request, "document": document}))
        series = self.engine.series(request)
        # A decision is one object for all that it answers alike, and so is the answer made of it.
        known: dict[int, Answered] = {}

        def decide(document: Mapping[str, Any] | None) -> Answered:
            decision = series.decide(document)
            return known.get(id(decision)) or known.setdefault(id(decision), _answered(asked, decision))

        return decide


def _answered(asked: Arrival, decision: Decision) -> Answered:
    return Answered(decision, tuple(judgement.fields_of(asked, decision)) if decision.faults else ())


def _always(answered: Answered) -> Decide:
    return lambda _document: answered
