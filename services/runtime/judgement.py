"""From a call and its stored facts to a verdict: pure, and the only place where the engine is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from policy.absence import part
from policy.engine import Engine
from policy.model import Answer, Decision, Predicate
from services.runtime.access import ATTESTED
from services.runtime.arrival import Arrival
from services.runtime.errors import FieldFault, Kind, ServiceError, invalid
from services.store.unit_of_work import Facts

MODE: Final = "context.mode"
BROUGHT: Final = "brought"
"""In the request as decided and traced, the document that the call brings."""
NORMAL: Final = "N"
"""The label that restricts nothing, which a depositor states himself (VIS-01, VIS-14)."""
NO_RECORD: Final = {"exists": False}
NO_FACTS: Final[Facts] = {}
LISTED: Final = "asker_listed"
"""The attribute of the context that says whether the calling software may ask for another."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided of a call, and on what."""

    decision: Decision
    """Of the call itself; for a question, of the right to ask."""
    request: Mapping[str, Any]
    """What the engine was asked last, in the JSON form of the catalogue."""
    facts: Facts
    """As stored."""
    asked: Decision | None = None
    """The answer to a question, where it may be asked."""
    predicate: Predicate | None = None
    """For a list, what each of its items satisfies."""
    answers: Answers | None = None
    """For a batch, what became of each question."""
    own: Mapping[str, Any] | None = None
    """For a question about another, what the engine was asked of the asker himself."""

    @property
    def told(self) -> Decision:
        """The decision that the trace is about."""
        return self.asked or self.decision

    @property
    def permitted(self) -> bool:
        """Whether the handler may run. A question that cannot be understood has no answer to run for."""
        return self.decision.permitted and not self.decision.faults and not (self.asked and self.asked.faults)


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of one question of a batch."""

    decision: Decision | None
    """Nothing where the deadline passed before it was asked."""
    faults: tuple[FieldFault, ...] = ()
    """Why it cannot be understood."""


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of a batch."""

    rights: Mapping[tuple[str | None, bool], Verdict]
    """For each record, whether the asker may ask about it, for himself and for another."""
    questions: Sequence[Answered]
    """In the order of the batch's questions."""
    requests: Sequence[Mapping[str, Any]]
    """For each frame of the batch, what the engine was asked, but for the document."""
    documents: Sequence[Mapping[str, Any] | None]
    """The document of each question, as it was decided on."""


def judge(engine: Engine, arrival: Arrival, facts: Facts = NO_FACTS, own: Facts | None = None) -> Verdict:
    """Decide a call on its stored facts; `own` are those of the asker himself, for a question about another."""
    faults = tuple(f"{fault.field}: {fault.message}" for fault in arrival.faults)
    if arrival.method.asks:
        return _judge_question(engine, arrival, facts, own, faults)
    request = _request(arrival, facts, arrival.action)
    if arrival.method.lists:
        plan = engine.plan(request, faults)
        return Verdict(plan.decision, request, facts, predicate=plan.predicate)
    if arrival.method.access.brings:
        return _brought(engine, arrival, Verdict(engine.decide(request, faults), request, facts))
    return Verdict(engine.decide(request, faults), request, facts)


def _judge_question(
    engine: Engine, arrival: Arrival, facts: Facts, own: Facts | None, faults: tuple[str, ...]
) -> Verdict:
    """First the right to ask, then what is asked; of the caller himself both are of one situation, read once."""
    question = question_of(arrival, facts)
    if not arrival.another.named:
        decide = engine.opened({**question, "action": arrival.action}, faults)
        right = decide(arrival.action, None)
        if not right.permitted:
            return Verdict(right, {**question, "action": arrival.action}, facts)
        return Verdict(right, question, facts, decide(question["action"], question["document"]))
    first = right_to_ask(engine, arrival, facts if own is None else own, faults)
    if not first.decision.permitted:
        return first
    return Verdict(first.decision, question, facts, engine.decide(question), own=first.request)


def _brought(engine: Engine, arrival: Arrival, verdict: Verdict) -> Verdict:
    """The verdict on a stored document and on the one brought for it: permitted only if both are."""
    if not verdict.permitted:
        # INVARIANT: what is said of the document brought depends on the stored one's labels, which may be hidden.
        return verdict
    first, brought = verdict.decision, part(arrival.declared, "document")
    # The new version is at least as restricted as the one replaced (VIS-16).
    inherited = {*verdict.request["document"]["labels"]} - {NORMAL}
    brought["labels"] = sorted({*brought.get("labels", ()), *inherited})
    second = engine.decide({**verdict.request, "action": arrival.method.access.brings, "document": brought})
    both = replace(
        second,
        action=first.action,
        rules=(*first.rules, *second.rules) if second.permitted else second.rules,
        matched=tuple(dict.fromkeys((*first.matched, *second.matched))),
        obligations=tuple(dict.fromkeys((*first.obligations, *second.obligations))),
    )
    return replace(verdict, decision=both, request={**verdict.request, BROUGHT: brought})


def right_to_ask(engine: Engine, arrival: Arrival, facts: Facts, faults: tuple[str, ...] = ()) -> Verdict:
    """Whether the caller may ask about the record, whatever it is that he asks, and for another if he does."""
    access = arrival.method.access
    request = _request(arrival.asker, facts, access.action)
    decision = engine.decide({**request, "document": None}, faults)
    if arrival.another.named and decision.permitted:
        context = {**request["context"], **({LISTED: True} if arrival.listed else {})}
        request = {**request, "action": access.for_another, "context": context}
        decision = engine.decide({**request, "document": None})
    return Verdict(decision, request, facts)


def question_of(arrival: Arrival, facts: Facts) -> dict[str, Any]:
    """What the engine is asked for a question."""
    return _request(arrival, facts, arrival.asked or "")


def refusal(arrival: Arrival, verdict: Verdict) -> ServiceError:
    """What the caller of a refused call is told."""
    if arrival.faults:
        return invalid(arrival.faults, arrival.decision_id)
    decision = verdict.told
    if decision.faults:
        return invalid(fields_of(arrival, decision), arrival.decision_id)
    told = {"decision_id": arrival.decision_id}
    # INVARIANT: a NOT_FOUND carries no rule, for the rule would tell the hidden from the missing (VIS-18).
    if decision.answer is Answer.NOT_FOUND:
        return ServiceError(Kind.NOT_FOUND, metadata=told)
    kind = Kind.CONFLICT if decision.answer is Answer.CONFLICT else Kind.FORBIDDEN
    looked_at = (_path(arrival, attribute) for attribute in decision.attributes)
    return ServiceError(
        kind, metadata={**told, "rules": ",".join(decision.rules), "fields": ",".join(dict.fromkeys(looked_at))}
    )


def _request(arrival: Arrival, facts: Facts, action: str) -> dict[str, Any]:
    return {
        "action": action,
        "at": arrival.at,
        "subject": arrival.subject.attributes(),
        "record": facts.get("record") or (None if arrival.method.access.record else NO_RECORD),
        "relation": _relation(arrival, facts),
        "document": facts.get("document") or _proposed(arrival),
        "context": _context(arrival, facts),
    }


def _relation(arrival: Arrival, facts: Facts) -> dict[str, Any]:
    """As stored, over what is asserted."""
    supplied = part(arrival.another.supplied, "relation")
    # INVARIANT: what is stored comes after what is asserted, so that it is never overridden.
    return {**supplied, **(facts.get("relation") or {})}


def _proposed(arrival: Arrival) -> dict[str, Any] | None:
    """The document that a request brings or describes, where it names no stored one."""
    if arrival.document is not None:
        return None
    return part({**arrival.another.supplied, **arrival.declared}, "document") or None


def _context(arrival: Arrival, facts: Facts) -> dict[str, Any]:
    declared = part(arrival.declared, "context")
    # A method that declares the mode is decided in it, on what this very request attests: it starts or ends
    # an emergency access. Every other call is in the mode of the live one, on what was attested when it started.
    live = {} if MODE in arrival.declared else facts.get("context") or {}
    owner = {"emergency_owner": True} if _asks_whose_emergency(arrival) and facts.get("emergency") else {}
    ticket = {"ticket": facts["ticket"], **facts["ticketed"]} if facts.get("ticket") else {}
    return {**arrival.attested, **declared, **live, **owner, **ticket}


def _asks_whose_emergency(arrival: Arrival) -> bool:
    return any(fact.emergency_owner and fact.is_of(arrival.asked) for fact in arrival.method.facts)


def fields_of(arrival: Arrival, decision: Decision) -> list[FieldFault]:
    """The engine's faults by the fields of the request."""
    return [_field(arrival, fault) for fault in decision.faults]


def _field(arrival: Arrival, fault: str) -> FieldFault:
    """The engine's fault by the field of the request that its attribute comes from."""
    attribute, _, message = fault.partition(": ")
    return FieldFault(_path(arrival, attribute), "INVALID_FACT", message)


def _path(arrival: Arrival, attribute: str) -> str:
    """The field of the request that an attribute comes from; the attribute itself where it comes from elsewhere."""
    access = arrival.method.access
    paths = {f"context.{name}": path for path, name in ATTESTED.items()}
    paths |= {fact.attribute: fact.field for fact in arrival.method.facts if fact.field}
    speaks_for = access.about if arrival.about is not None or not arrival.another.named else access.supplied
    paths |= {"action": access.asked, f"context.{LISTED}": speaks_for, **arrival.read_in}
    return paths.get(attribute) or attribute
