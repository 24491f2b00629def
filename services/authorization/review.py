"""Explains another person's traced decision to an officer, decided again from its stored facts; nothing medical."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from dmp.authorization.v1 import authorization_pb2
from policy.engine import Engine
from policy.explain import Effort, Report, for_officer
from policy.explain.near import Asked
from policy.explain.officer import Fact, Otherwise, RuleSeen
from policy.explain.search import Move
from policy.explain.words import Words
from policy.shape import Text
from services.authorization import wire
from services.runtime import batch_entry
from services.runtime.access import Unfinished
from services.runtime.call import Call
from services.runtime.entry import ASKER
from services.runtime.errors import FieldFault, Kind, ServiceError, invalid
from services.runtime.judgement import BROUGHT
from services.runtime.messages import timestamp
from services.store.trace_entry import TraceEntry

MOST_STEPS: Final = 3_000
"""Requests examined at most in looking for changes: a few seconds, in which others wait for their explanations."""
UNDECIDED: Final = {
    authorization_pb2.ANSWER_INVALID: Text(
        "La demande a été refusée pour sa forme ; rien n'a été décidé.",
        "The request was refused for its form; nothing was decided.",
    ),
    authorization_pb2.ANSWER_NOT_EVALUATED: Text(
        "Le délai de l'appel était passé ; rien n'a été décidé.",
        "The deadline of the call had passed; nothing was decided.",
    ),
}
"""What is said of an answer behind which there is no decision."""


def explanation(
    call: Call, request: authorization_pb2.ExplainDecisionRequest
) -> authorization_pb2.ExplainDecisionResponse | Unfinished:
    """What was decided, and what the rules in force make of it; raises ServiceError for no decision on this record."""
    traced = call.stores.traces.of_decision(call.record, request.decision_id)
    if traced is None:
        raise ServiceError(Kind.NOT_FOUND)
    then = _then(traced, request.question)
    engine = call.rules.engines.get(traced.profile) or call.engine
    response = authorization_pb2.ExplainDecisionResponse(traced=then, same_rules=traced.digest == call.rules.digest)
    if then.answer in UNDECIDED:
        response.summary.CopyFrom(wire.bilingual(UNDECIDED[then.answer]))
        return response
    asked = _asked(traced, request.question)

    def explain(response: authorization_pb2.ExplainDecisionResponse, stop: Callable[[], bool]) -> None:
        effort = Effort(request.include_unlikely, most_steps=MOST_STEPS, stop=stop)
        response.MergeFrom(_told(_Speech(engine), for_officer(engine, _decided(engine, asked), effort)))
        response.same_answer = (then.effect, then.answer) == (response.effect, response.answer)

    return Unfinished(response, explain)


def _then(traced: TraceEntry, question: int) -> authorization_pb2.TracedDecision:
    """The decision as traced; raises ServiceError for a question that the entry does not have."""
    batch = batch_entry.QUESTIONS in traced.facts
    questions = len(traced.items) if batch else 1
    if question >= questions:
        raise invalid([FieldFault("question", "OUT_OF_RANGE", f"the decision has {questions} question(s), from 0")])
    then = authorization_pb2.TracedDecision(
        at=timestamp(traced.at),
        actor_kind=traced.subject_kind,
        action=traced.action,
        effect=wire.effect(traced.effect),
        answer=wire.answer(traced.answer),
        rules=traced.rules["determining"],
        digest=traced.digest,
        profile=traced.profile,
        questions=questions,
    )
    if batch:
        outcome = traced.outcomes[traced.items[question][1]]
        then.action = outcome["action"] or traced.action
        then.effect, then.answer = wire.effect(outcome["effect"]), wire.answer(outcome["answer"])
        then.ClearField("rules")
        then.rules.extend(outcome.get("rules", ()))
    else:
        outcome = traced.outcomes[0]
    if faults := outcome.get("faults"):
        then.answer = authorization_pb2.ANSWER_INVALID
        then.faults.extend(map(_fault, faults))
    return then


def _fault(told: str) -> authorization_pb2.TracedFault:
    field, _, description = told.partition(": ")
    return authorization_pb2.TracedFault(field=field, description=description)


def _asked(traced: TraceEntry, question: int) -> dict[str, Any]:
    """What the engine was asked."""
    if batch_entry.QUESTIONS in traced.facts:
        return batch_entry.request_of(traced, question)
    # Of a question about another, the asker's own right was a decision by itself.
    return {name: part for name, part in traced.facts.items() if name != ASKER}


def _decided(engine: Engine, asked: dict[str, Any]) -> dict[str, Any]:
    """What gave the answer: where a document was brought for a stored one that was no obstacle, its deposit."""
    brought = asked.pop(BROUGHT, None)
    if brought is None or not engine.decide(asked).permitted:
        return asked
    return {**asked, "action": wire.DEPOSIT, "document": brought}


class _Speech:
    """Both languages, for a reader who is not shown what is medical."""

    def __init__(self, engine: Engine) -> None:
        self.vocabulary = engine.vocabulary
        self._french = Words(engine.vocabulary, "fr", withholds=True)
        self._english = Words(engine.vocabulary, "en", withholds=True)

    def say(self, sentence: Callable[[Words], str]) -> authorization_pb2.Text:
        """The same in each."""
        return wire.bilingual(Text(sentence(self._french), sentence(self._english)))


def _told(speech: _Speech, report: Report) -> authorization_pb2.ExplainDecisionResponse:
    decision = report.decision
    return authorization_pb2.ExplainDecisionResponse(
        effect=wire.effect(decision.effect),
        answer=wire.answer(decision.answer),
        summary=wire.bilingual(report.answer),
        stage=decision.stage,
        rules=decision.rules,
        fired=[_rule(speech, seen) for seen in report.fired],
        near=[_rule(speech, seen) for seen in report.near],
        facts=[_fact(speech, fact) for fact in report.facts],
        otherwise=[_changes(speech, report, other) for other in report.otherwise],
        proven=report.proven,
    )


def _rule(speech: _Speech, seen: RuleSeen) -> authorization_pb2.RuleSeen:
    rule = seen.rule
    return authorization_pb2.RuleSeen(
        rule=rule.id,
        effect=wire.rule_effect(rule),
        stage=rule.stage if rule.effect == "deny" else "",
        title=wire.bilingual(rule.title),
        basis=rule.basis,
        tests=[_test(speech, asked) for asked in seen.asked],
        wanting=[_test(speech, asked) for asked in seen.wanting],
        still_refused_by=seen.still,
    )


def _test(speech: _Speech, asked: Asked) -> authorization_pb2.TestSeen:
    return authorization_pb2.TestSeen(statement=speech.say(lambda words: words.test(asked.test)), holds=asked.answer)


def _fact(speech: _Speech, fact: Fact) -> authorization_pb2.FactSeen:
    return authorization_pb2.FactSeen(
        attribute=fact.attribute,
        title=wire.bilingual(fact.title),
        value=speech.say(lambda words: words.fact(fact.attribute, fact.value)),
        given=fact.given,
        changed_by=wire.bilingual(fact.changed_by.title) if fact.changed_by else None,
    )


def _changes(speech: _Speech, report: Report, other: Otherwise) -> authorization_pb2.ChangeSet:
    decision = other.decision
    return authorization_pb2.ChangeSet(
        changes=[_change(speech, report, move) for move in other.moves],
        likely=other.likely,
        effect=wire.effect(decision.effect),
        answer=wire.answer(decision.answer),
        rules=decision.rules,
    )


def _change(speech: _Speech, report: Report, move: Move) -> authorization_pb2.Text:
    return speech.say(lambda words: words.move(move, report.value(move.variable)))
