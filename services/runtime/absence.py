"""What the rules say of people who are not calling: who is told, who could still ask, what a reader of traces sees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from policy.absence import Absence, Capacity, part
from policy.model import Predicate
from policy.ruleset import RuleSet
from services.runtime.arrival import Arrival
from services.runtime.judgement import Verdict
from services.store.notifications import Reader
from services.store.unit_of_work import Facts

HOLDER: Final = "HOLDER"
TREATING_PHYSICIAN: Final = "MEDECIN_TRAITANT"
REPRESENTATIVE: Final = "REPRESENTATIVE"
DELEGATE: Final = "DELEGATE"
NEEDED: Final = (HOLDER, TREATING_PHYSICIAN, REPRESENTATIVE, DELEGATE)
"""The capacities that the services ask about; what they are, the rule set says."""
TOLD: Final = "notification.receive"
"""The action that is decided of an addressee at the moment when he is told."""


def reader_in(absence: Absence, capacity: str, person: str) -> Reader:
    """Somebody as one who is told."""
    return Reader(id=person, **absence.capacities[capacity].part("subject"))


def asked_as(capacity: Capacity, person: str, relation: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a request that say who asks, and how he is linked to the record."""
    return {
        "subject": {**capacity.part("subject"), "id": person},
        "relation": {**relation, **capacity.part("relation")},
        "context": {},
    }


def with_ticket(rules: RuleSet, profile: str, arrival: Arrival, facts: Facts) -> Facts:
    """The facts of a call that names a ticket, with what its opener makes true; without it, if he asks no more.

    INVARIANT: what a power gave ends with the power, at majority, with the measure or at its date (MIN-08, MIN-09).
    """
    opener = facts.get("ticket_opener") or {}
    kind = opener.get("opener_kind", "")
    again = [one for one in rules.absence.of_kind(kind) if one.asked_again]
    if again and not any(_asks_still(rules, profile, arrival, facts, one) for one in again):
        return {**facts, "ticket": None, "ticket_opener": None}
    made_true = {name: True for name, kinds in rules.absence.opened_by.items() if kind in kinds}
    return {**facts, "ticketed": part(made_true, "context")}


def _asks_still(rules: RuleSet, profile: str, arrival: Arrival, facts: Facts, capacity: Capacity) -> bool:
    """Whether who opened the ticket could open it now, by the right that is stored of him."""
    opener = facts["ticket_opener"]
    if not opener["power"]:
        return False
    relation = {name: opener[name] for name in ("power", "granted")}
    request = {
        **asked_as(capacity, opener["opener"], relation),
        "at": arrival.at,
        "record": facts.get("record"),
        "document": facts.get("document"),
    }
    asking = (name for name, action in rules.vocabulary.actions.items() if action.asks_for == arrival.action)
    return any(rules.engines[profile].decide({**request, "action": name}).permitted for name in asking)


def readable(rules: RuleSet, profile: str, verdict: Verdict) -> Predicate:
    """Which documents are not hidden from the caller, whatever their availability."""
    return rules.engines[profile].plan({**_unhindered(rules, verdict.request), "action": "doc.list"}).predicate


def could_read(rules: RuleSet, profile: str, request: Mapping[str, Any], document: Mapping[str, Any] | None) -> bool:
    """As `readable`, for one document by its facts, stored or not, and whoever it is that asks."""
    if not document:
        return False
    asked = {**_unhindered(rules, request), "action": "doc.read", "document": document}
    return rules.engines[profile].decide(asked).permitted


def may_be_told(rules: RuleSet, profile: str, at: datetime, reader: Reader, facts: Facts, *, of_document: bool) -> bool:
    """Whether whoever reads what an addressee is sent may be told now what happened to the record.

    Of a document he is told only if it is not hidden from him; where there is none any more, it is.
    """
    requests = (
        {
            "action": TOLD,
            "at": at,
            "subject": subject,
            "record": facts.get("record"),
            "relation": {**(facts.get("relation") or {}), **relation},
            "document": None,
            "context": {},
        }
        for subject, relation in _persons(rules.absence, reader)
    )
    return any(
        rules.engines[profile].decide(request).permitted
        and (not of_document or could_read(rules, profile, request, facts.get("document")))
        for request in requests
    )


def _persons(absence: Absence, reader: Reader) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Who may read what an addressee is sent, each with his relation."""
    given = {"id": reader.id, "kind": reader.kind, "authn_mode": reader.authn_mode}
    known = {"profession": reader.profession, "structure": reader.structure}
    yield {**given, **{name: value for name, value in known.items() if value is not None}}, {}
    for name in {name for one in absence.of_kind(reader.kind) for name in one.read_by}:
        also = absence.capacities[name]
        yield {**also.part("subject"), "id": reader.id}, also.part("relation")


def _unhindered(rules: RuleSet, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The caller's request as hindsight takes it, so that only a document's own stages hide it.

    INVARIANT: traces outlive closure, deletion and authorisations, and what was hidden stays hidden in them (TRC-12).
    """
    seen = {
        entity: {**asked[entity], **rules.absence.in_hindsight(entity, asked["at"])}
        for entity in ("record", "relation", "context")
    }
    return {**asked, **seen, "document": None}
