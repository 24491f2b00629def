"""The obligations that the services fulfil themselves, in the transaction of the permit that carries them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from policy.ruleset import RuleSet
from services.runtime.call import Call
from services.store.consents import Consent
from services.store.notifications import News

RETENTION: Final = "retention_years"
"""How long a closed record is kept; the obligation's name is of 2011."""
TREATING_PHYSICIAN: Final = "MEDECIN_TRAITANT"
"""Addressee of what every treating physician of the record is told."""


def fulfil(call: Call, owners: Mapping[str, str]) -> tuple[str, ...]:
    """Fulfil the services' own, and return those that are the caller's."""
    for duty in call.decision.obligations:
        code, _, parameter = duty.partition(":")
        if owners[code] == "service":
            EXECUTORS[code](call, code, parameter)
    return tuple(duty for duty in call.decision.obligations if owners[duty.partition(":")[0]] == "caller")


def writes(obligations: tuple[str, ...], owners: Mapping[str, str]) -> bool:
    """Whether fulfilling them writes something, which makes a read a change."""
    return any(owners[duty.partition(":")[0]] == "service" for duty in obligations)


def faults(rules: RuleSet, actions: frozenset[str]) -> list[str]:
    """Every obligation that a permit of these actions may lay on the services, and that nothing here fulfils."""
    speaking = (rule for rule in rules.rules if rule.actions & actions)
    owed = {duty.partition(":")[0]: rule.id for rule in speaking for duty in rule.obligations}
    return [
        f"obligation {code} of rule {rule} is the service's, and nothing in the service fulfils it"
        for code, rule in sorted(owed.items())
        if rules.vocabulary.obligations[code] == "service" and code not in EXECUTORS
    ]


def _record_consent(call: Call, _code: str, parameter: str) -> None:
    target = call.context.get("target")
    call.stores.consents.record(
        call.record, Consent(parameter, target, call.identity.id, call.now, call.arrival.decision_id)
    )


def _notify_holder(call: Call, code: str, _parameter: str) -> None:
    _notify(call, code, call.record)


def _notify_treating_physician(call: Call, code: str, _parameter: str) -> None:
    _notify(call, code, TREATING_PHYSICIAN)


def _notify(call: Call, code: str, addressee: str) -> None:
    news = News(
        record=call.record,
        addressee=addressee,
        code=code,
        at=call.now,
        actor=call.identity.id,
        actor_name=call.identity.name,
        actor_profession=call.identity.profession,
        actor_structure=call.identity.structure,
        mode=call.context.get("mode", "normal"),
        decision_id=call.arrival.decision_id,
    )
    # An emergency access is told of once, when it starts, and not again for each document read in it (NTF-01).
    live = call.stores.emergencies.live(call.record, call.identity.id, call.now)
    call.stores.notifications.add(news, once=live.id if live else call.arrival.decision_id)


def _set_closure(call: Call, _code: str, parameter: str) -> None:
    call.stores.records.set_closure(call.record, parameter)


def _start_retention(call: Call, _code: str, _parameter: str) -> None:
    call.stores.records.retain(call.record, call.due(call.now, RETENTION))


def _archive_at_host(call: Call, _code: str, _parameter: str) -> None:
    call.stores.documents.archive_at_host(call.record, call.document, call.now, call.arrival.decision_id)


EXECUTORS: Final[Mapping[str, Callable[[Call, str, str], None]]] = {
    "RECORD_CONSENT": _record_consent,
    "NOTIFY_HOLDER": _notify_holder,
    "NOTIFY_MT": _notify_treating_physician,
    "SET_CLOSURE": _set_closure,
    "START_RETENTION_10Y": _start_retention,
    "ARCHIVE_AT_HOST": _archive_at_host,
}
