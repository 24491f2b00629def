"""Makes a request that `dmp rules decide` reads of what holds of it, and asks the engine whether it answers so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import z3

from policy.analyze.clock import Amount, Span, moments
from policy.analyze.domain import SINGLE, TIMES, Domain, Stated
from policy.analyze.reading import Reading
from policy.chronology import NOW
from policy.engine import Engine
from policy.model import Decision

ITEM = "d"
"""The name of the one document in a request for a list."""
BROKEN = 7
"""A number: a value of no attribute."""
STRAY = "not_of_the_vocabulary"


class Unshowable(Exception):
    """A model for which no request could be built: nothing is proved by it, and nothing refuted."""


Holds = Callable[[z3.BoolRef], bool]
"""Which variables of a domain hold of one request."""


def holds_in(model: z3.ModelRef) -> Holds:
    """The variables that hold in a model."""
    return lambda variable: bool(z3.is_true(model.eval(variable, model_completion=True)))


def request_of(holds: Holds, reading: Reading, profile: str) -> dict[str, Any]:
    """The request of which these variables hold; raises Unshowable where its times cannot be had together."""
    domain = reading.domain
    request: dict[str, Any] = {"profile": profile, "action": reading.asked}
    entities: dict[str, dict[str, Any]] = {"subject": {}, "record": {}, "relation": {}, "context": {}}
    document: dict[str, Any] | None = {} if reading.is_item or holds(domain.document_given) else None
    now, times = _times(holds, domain)
    if now is not None:
        request["at"] = _written(now)
    for name in domain.options:
        entity, _, attribute = name.partition(".")
        target = document if entity == "document" else entities.get(entity)
        stated = None if name == NOW or target is None else _stated(holds, domain, name, times)
        if target is not None and stated is not None:
            target[attribute] = stated[0]
    if holds(domain.stray):
        entities["context"][STRAY] = BROKEN
    if document is not None and holds(domain.stray_in_document):
        document[STRAY] = BROKEN
    request |= entities
    if reading.is_item:
        return request | {"documents": {ITEM: document}}
    return request if document is None else request | {"document": document}


def decision_on(engine: Engine, reading: Reading, request: dict[str, Any]) -> Decision:
    """The engine's own decision on such a request, or on its one item."""
    return engine.decide_items(request)[ITEM] if reading.is_item else engine.decide(request)


def _stated(holds: Holds, domain: Domain, name: str, times: dict[str, date | datetime]) -> tuple[Any] | None:
    """What is stated of an attribute, or nothing at all."""
    option = next((o for o in domain.options[name] if holds(domain.states(name, o))), Stated.MISSING)
    if option is Stated.MISSING:
        return None
    if option is Stated.NULL:
        return (None,)
    if option is Stated.BROKEN:
        return (BROKEN,)
    if option is not Stated.GIVEN:
        return (option,)
    if name in times:
        return (_written(times[name]),)
    return ([code for code in domain.codes(name) if holds(domain.has(name, code))],)


def _times(holds: Holds, domain: Domain) -> tuple[datetime | None, dict[str, date | datetime]]:
    """The clock, unless it is broken, and a time for each attribute that is given one."""
    span = next((o for o in domain.options[NOW] if holds(domain.states(NOW, o))), Stated.BROKEN)
    wanted: dict[str, dict[Amount, bool]] = {}
    kinds = {}
    for name, known in domain.attributes.items():
        if name != NOW and known[0].kind in TIMES and holds(domain.states(name, Stated.GIVEN)):
            wanted[name] = {amount: holds(domain.elapsed(name, amount)) for amount in domain.amounts[name]}
            kinds[name] = known[0].kind
    # Of a clock that is broken nothing has elapsed nor not: any times will do.
    at = span if isinstance(span, Span) else domain.spans[-1]
    asked = wanted if isinstance(span, Span) else {name: {} for name in wanted}
    found = moments(at, asked, kinds, domain.chronology)
    if found is None:
        raise Unshowable("no clock and times were found that the rules' delays could tell apart so")
    return (found[0] if isinstance(span, Span) else None), found[1]


def _written(moment: date | datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


__all__ = ["ITEM", "SINGLE", "Holds", "Unshowable", "decision_on", "holds_in", "request_of"]
