"""The obligations that the services fulfil themselves, in the transaction of the permit that carries them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from policy.obligation import Obligation
from policy.ruleset import RuleSet
from services.runtime.absence import HOLDER, NEEDED, TREATING_PHYSICIAN, reader_in
from services.runtime.call import Call
from services.store.consents import Consent
from services.store.notifications import News, Reader
from services.store.terms import told_once
from services.store.tickets import Request
from services.store.unit_of_work import Verb

OPEN_HOST_TICKET: Final = "OPEN_HOST_TICKET"


def fulfil(call: Call, owners: Mapping[str, Obligation]) -> tuple[str, ...]:
    """Fulfil the services' own, and return those that are the caller's."""
    _use_ticket(call)
    for duty in call.decision.obligations:
        code, _, parameter = duty.partition(":")
        if owners[code].fulfilled_by == "service" and not _silenced(call, code):
            EXECUTORS[code](call, code, parameter)
    return tuple(duty for duty in call.decision.obligations if owners[duty.partition(":")[0]].fulfilled_by == "caller")


def _silenced(call: Call, code: str) -> bool:
    """Whether another obligation of the same permit forbids this one."""
    return call.rules.vocabulary.obligations[code].silenced_by in call.decision.obligations


def _use_ticket(call: Call) -> None:
    """A ticket permits one change: that of the same transaction, or one file, however often its download breaks off."""
    if ticket := call.context.get("ticket"):
        tickets = call.stores.tickets
        use = tickets.begin if call.arrival.method.downloads else tickets.execute
        use(call.record, ticket, by=call.identity.id, at=call.now)


def ticket(call: Call) -> str:
    """The id of the ticket that a permit opens: that of its decision; empty where it opens none."""
    return call.arrival.decision_id if OPEN_HOST_TICKET in call.decision.obligations else ""


def writes(obligations: tuple[str, ...], owners: Mapping[str, Obligation]) -> bool:
    """Whether fulfilling them writes something, which makes a read a change."""
    return any(owners[duty.partition(":")[0]].fulfilled_by == "service" for duty in obligations)


def faults(rules: RuleSet, actions: frozenset[str]) -> list[str]:
    """Every obligation that a permit of these actions may lay on the services, and that nothing here can fulfil."""
    speaking = (rule for rule in rules.rules if rule.actions & actions)
    owed = {duty.partition(":")[0]: rule for rule in speaking for duty in rule.obligations}
    unfulfilled = [
        f"obligation {code} of rule {rule.id} is the service's, and nothing in the service fulfils it"
        for code, rule in sorted(owed.items())
        if rules.vocabulary.obligations[code].fulfilled_by == "service" and code not in EXECUTORS
    ]
    unknown = [
        f"absence.yaml does not say as whom the rules are asked about a {name}"
        for name in NEEDED
        if name not in rules.absence.capacities
    ]
    return unfulfilled + unknown + (_ticket_faults(rules) if OPEN_HOST_TICKET in owed else [])


def _ticket_faults(rules: RuleSet) -> list[str]:
    """Why a ticket could not be opened: it is for an action, and for a time."""
    term = rules.vocabulary.obligations[OPEN_HOST_TICKET].term
    opening = (rule for rule in rules.rules if OPEN_HOST_TICKET in rule.obligations)
    asking = sorted({name for rule in opening for name in rule.actions})
    return [
        *(
            f"profile `{profile}` gives {OPEN_HOST_TICKET} no term, and a ticket must expire"
            for profile, parameters in rules.parameters.items()
            if not parameters.get(term)
        ),
        *(
            f"action `{name}` opens a ticket, and the vocabulary does not say what it `asks_for`"
            for name in asking
            if rules.vocabulary.actions[name].asks_for is None
        ),
    ]


def _record_consent(call: Call, _code: str, parameter: str) -> None:
    target = call.context.get("target")
    call.stores.consents.record(
        call.record, Consent(parameter, target, call.identity.id, call.now, call.arrival.decision_id)
    )


def _notify_holder(call: Call, code: str, parameter: str) -> None:
    _notify(call, parameter or code, reader_in(call.rules.absence, HOLDER, call.record))


def _notify_treating_physicians(call: Call, code: str, _parameter: str) -> None:
    for person in call.stores.authorisations.treating_physicians(call.record):
        _notify(call, code, reader_in(call.rules.absence, TREATING_PHYSICIAN, person))


def _notify(call: Call, code: str, reader: Reader) -> None:
    # An emergency access is told of once, when it starts, and not again for each document read in it (NTF-01).
    live = call.stores.emergencies.live(call.record, call.identity.id, call.now)
    changed = any(one.document == call.document and one.verb is Verb.RELABELLED for one in call.stores.touched)
    once = told_once(code, call.document) if call.document else call.arrival.decision_id
    # What tells of a change to a document tells of the document, which must then not be hidden from who reads it.
    document = call.document if changed and live is None else None
    call.stores.notifications.add(_news(call, code, reader, document), live.id if live else once, reader)


def _alert_subscribers(call: Call, code: str, _parameter: str) -> None:
    """Alert of the document that was just deposited whoever subscribed and may see it, but for who deposited it."""
    readers = call.stores.subscriptions.readers(call.record)
    deposited = [one.document for one in call.stores.touched if one.verb is Verb.CREATED] if readers else []
    for document in deposited:
        for reader in readers:
            if reader.id != call.identity.id and call.may_tell(reader, document):
                news = _news(call, code, reader, document)
                call.stores.notifications.add(news, told_once(code, document), reader)


def _news(call: Call, code: str, reader: Reader, document: str | None) -> News:
    return News(
        record=call.record,
        addressee=reader.id,
        code=code,
        at=call.now,
        actor=call.identity.id,
        actor_name=call.identity.name,
        actor_profession=call.identity.profession,
        actor_structure=call.identity.structure,
        mode=call.context.get("mode", "normal"),
        decision_id=call.arrival.decision_id,
        document=document,
    )


def _set_closure(call: Call, _code: str, parameter: str) -> None:
    call.stores.records.set_closure(call.record, parameter)


def _start_retention(call: Call, code: str, _parameter: str) -> None:
    call.stores.records.retain(call.record, call.until(code))


def _archive_at_host(call: Call, _code: str, _parameter: str) -> None:
    call.stores.documents.archive_at_host(call.record, call.document, call.now, call.arrival.decision_id)


def _open_host_ticket(call: Call, code: str, _parameter: str) -> None:
    action, expires_at = call.rules.vocabulary.actions[call.decision.action], call.until(code)
    if action.asks_for is None or expires_at is None:
        raise AssertionError("what a ticket lacks is told at the start")
    request = Request(
        id=call.arrival.decision_id,
        record=call.record,
        kind=action.asks_for,
        document=call.arrival.document,
        beneficiary=call.identity.id if action.for_asker else call.record,
        opener=call.identity.id,
        opener_kind=call.identity.kind,
        opened_at=call.now,
        expires_at=expires_at,
    )
    call.stores.tickets.open(request)


def _manual_review(call: Call, _code: str, _parameter: str) -> None:
    call.stores.tickets.ask_for_review(call.record, call.arrival.decision_id)


def _tombstone(call: Call, _code: str, _parameter: str) -> None:
    """The destruction is in the ledger, and what its trace says of the record is sealed by a key that is gone."""
    if not call.stores.erased:
        raise AssertionError("a tombstone stands for what was destroyed")


EXECUTORS: Final[Mapping[str, Callable[[Call, str, str], None]]] = {
    "RECORD_CONSENT": _record_consent,
    "NOTIFY_HOLDER": _notify_holder,
    "NOTIFY_MT": _notify_treating_physicians,
    "ALERT_ON_DEPOSIT_IF_SUBSCRIBED": _alert_subscribers,
    "SET_CLOSURE": _set_closure,
    "START_RETENTION_10Y": _start_retention,
    "ARCHIVE_AT_HOST": _archive_at_host,
    "TOMBSTONE_TRACE": _tombstone,
    OPEN_HOST_TICKET: _open_host_ticket,
    # After it in the vocabulary's order.
    "MANUAL_REVIEW": _manual_review,
}
