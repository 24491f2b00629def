"""The answers of a batch: a table of the distinct ones, and for each question its place in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from dmp.authorization.v1 import authorization_pb2
from services.authorization import wire
from services.runtime.call import Call
from services.runtime.errors import FieldFault
from services.runtime.judgement import Answered
from services.runtime.messages import identifier


def batch(call: Call) -> authorization_pb2.CheckBatchResponse:
    """What became of every question, in the order in which they were asked."""
    asked, answers = call.batch
    table = _Table()
    places = [table.place(answered) for answered in answers.questions]
    return authorization_pb2.CheckBatchResponse(
        outcomes=table.outcomes,
        items=[authorization_pb2.BatchAnswer(key=key, outcome=places[question]) for key, question in asked.items],
        records=[
            authorization_pb2.BatchRecord(
                record=identifier(heading.record),
                decision_id=decision_id,
                subject=identifier(heading.about),
                supplied=heading.supplied,
            )
            for heading, decision_id in asked.headings
        ],
    )


@dataclass(slots=True)
class _Table:
    """The distinct outcomes so far."""

    outcomes: list[authorization_pb2.BatchOutcome] = field(default_factory=list)
    by_words: dict[bytes, int] = field(default_factory=dict)
    by_answer: dict[int, int] = field(default_factory=dict)

    def place(self, answered: Answered) -> int:
        # One object answers all that is alike, and lives as long as the batch.
        found = self.by_answer.get(id(answered))
        if found is None:
            found = self.by_answer[id(answered)] = self._place(_outcome(answered))
        return found

    def _place(self, outcome: authorization_pb2.BatchOutcome) -> int:
        words = outcome.SerializeToString(deterministic=True)
        place = self.by_words.setdefault(words, len(self.outcomes))
        if place == len(self.outcomes):
            self.outcomes.append(outcome)
        return place


def _outcome(answered: Answered) -> authorization_pb2.BatchOutcome:
    if answered.faults:
        return _denied(authorization_pb2.ANSWER_INVALID, answered.faults)
    if answered.decision is None:
        return _denied(authorization_pb2.ANSWER_NOT_EVALUATED)
    told = wire.check(answered.decision)
    return authorization_pb2.BatchOutcome(
        effect=told.effect, answer=told.answer, rules=told.rules, obligations=told.obligations
    )


def _denied(
    answer: authorization_pb2.Answer.ValueType, faults: Sequence[FieldFault] = ()
) -> authorization_pb2.BatchOutcome:
    return authorization_pb2.BatchOutcome(
        effect=authorization_pb2.EFFECT_DENY,
        answer=answer,
        faults=[
            authorization_pb2.BatchFault(field=fault.field, reason=fault.reason, description=fault.message)
            for fault in faults
        ],
    )
