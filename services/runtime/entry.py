"""The trace entry of a call: who, what, what for, what was decided on which facts, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from policy.model import Decision
from services.runtime.access import ATTESTED
from services.runtime.arrival import Arrival
from services.runtime.judgement import Verdict
from services.store.unit_of_work import Done, Touched, TraceEntry, TraceKind, TraceOutcome

AUDIENCE: Final = "TRACE_AUDIENCE"
SECRET_AUDIENCE: Final = "INVISIBLE_REPRESENTANTS_LEGAUX"  # noqa: S105 - a code of JDV_J64, no secret
ASKER: Final = "asker"
"""In the facts of a question about another, those of the asker himself."""
CONTINUED: Final = "continued"
"""Marks the entry of a further page of a list."""
TICKETS: Final = "tickets"
"""In the first outcome of an entry, the tickets that were opened or settled, each with the document it is about."""


def entry(arrival: Arrival, verdict: Verdict, done: Done) -> TraceEntry:
    """The entry of a decided call."""
    decision, identity, context = verdict.told, arrival.identity, verdict.request["context"]
    outcomes, items = _items(arrival, verdict, done)
    return TraceEntry(
        decision_id=arrival.decision_id,
        kind=TraceKind.QUESTION if arrival.method.asks else TraceKind.ACCESS,
        w3c_trace_id=arrival.w3c_trace_id,
        at=arrival.at,
        recorded_at=done.recorded_at,
        session=identity.session,
        subject_kind=identity.kind,
        subject_id=identity.id,
        subject_name=identity.name,
        subject_profession=identity.profession,
        subject_structure=identity.structure,
        subject_authn_mode=identity.authn_mode,
        client=arrival.client,
        # The patient reads it: a word that is not of the vocabulary is never repeated.
        action=arrival.method.access.traced_as or decision.action or arrival.action,
        mode=context.get("mode", "normal"),
        purpose=context.get("purpose", "CARE"),
        reason=context.get("reason", ""),
        call_ref=context.get("call_ref", ""),
        attested={name: context[name] for name in ATTESTED.values() if name in context},
        record=arrival.record,
        record_revision=verdict.facts.get("revision"),
        effect=decision.effect,
        answer=decision.answer,
        outcome=_outcome(verdict, done),
        rules={"determining": decision.rules, "matched": decision.matched},
        obligations=decision.obligations,
        scope=decision.scope,
        digest=decision.digest,
        profile=decision.profile,
        audience=_audience(decision, context),
        facts=verdict.request if verdict.own is None else {**verdict.request, ASKER: asker(verdict.own)},
        outcomes=outcomes,
        items=items,
        about=arrival.about,
        asserted=sorted(arrival.another.supplied),
    )


def asker(own: Mapping[str, Any]) -> dict[str, Any]:
    """What the right to ask for another was decided on, as far as the question does not say it as well."""
    return {name: own[name] for name in ("subject", "relation", "context")}


def _outcome(verdict: Verdict, done: Done) -> TraceOutcome:
    # A question that was answered with a refusal is refused too: what is marked done was permitted.
    refused = done.outcome is TraceOutcome.DONE and not verdict.told.permitted
    return TraceOutcome.REFUSED if refused else done.outcome


def _audience(decision: Decision, context: Mapping[str, Any]) -> str | None:
    for duty in decision.obligations:
        code, _, parameter = duty.partition(":")
        if code == AUDIENCE:
            return parameter
    # A refusal has no such obligation, and would tell the representatives of the secret all the same.
    return SECRET_AUDIENCE if context.get("secret") else None


def _items(arrival: Arrival, verdict: Verdict, done: Done) -> tuple[list[dict[str, Any]], list[tuple[str, int]]]:
    """The documents touched, else the one asked for, stored or not; each with its place in the distinct outcomes."""
    decision = verdict.told
    outcomes: list[dict[str, Any]] = [{"effect": decision.effect, "answer": decision.answer}]
    if decision.faults:
        outcomes[0]["faults"] = decision.faults
    if done.handled:
        outcomes[0][TICKETS] = [(handled.ticket, handled.document) for handled in done.handled]
    if arrival.method.lists and getattr(arrival.request, "page_token", None):
        outcomes[0][CONTINUED] = True
    if not done.touched:
        return outcomes, [(arrival.document, 0)] if arrival.document else []
    same = {name: told for name, told in outcomes[0].items() if name != TICKETS}
    # By what was done, for to compare outcomes themselves takes longer than all else that is traced of a list.
    distinct = {_what(touched): touched for touched in done.touched}
    places = {what: place for place, what in enumerate(distinct, len(outcomes))}
    outcomes += ({**same, **_touch(touched)} for touched in distinct.values())
    return outcomes, [(touched.document, places[_what(touched)]) for touched in done.touched]


def _what(touched: Touched) -> tuple[object, ...]:
    """All of it that `_touch` tells."""
    return touched.verb, touched.type, touched.labels, touched.labels_after


def _touch(touched: Touched) -> dict[str, Any]:
    """What was done to a document, and its type and labels at that time (catalogue 7.1)."""
    told: dict[str, Any] = {"verb": touched.verb, "type": touched.type, "labels": touched.labels}
    if touched.labels_after is not None:
        told["labels_after"] = touched.labels_after
    return told
