"""An independent check of explanations: facts changed one by one at the request itself, over values chosen here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import combinations, product
from typing import Any

from policy.engine import Engine
from policy.facts import REQUIRED
from policy.ruleset import RuleSet
from policy.vocabulary import Attribute, Kind

Json = dict[str, Any]
TEXTS = ("P1", "ES1", "ALICE", "somebody else", "MEDECIN", "INFIRMIER", "OSTEOPATHE", "11488-4", "60593-1", "")


def engine_of(ruleset: RuleSet, request: Mapping[str, Any]) -> Engine:
    """The engine of the profile that a request names."""
    named = request.get("profile")
    return ruleset.engines[named if isinstance(named, str) and named in ruleset.engines else "seed-2011"]


def changeable(engine: Engine, request: Json) -> list[Attribute]:
    """The attributes that somebody can change, the document's where there is one."""
    vocabulary = engine.vocabulary
    return [
        attribute
        for attribute in vocabulary.attributes.values()
        if not attribute.derived
        and vocabulary.changes[attribute.name].by != "nobody"
        and not (attribute.entity == "document" and not isinstance(request.get("document"), dict))
    ]


def values(engine: Engine, attribute: Attribute, request: Json) -> list[Any]:
    """Values of an attribute, more than any rule tells apart."""
    found: list[Any]
    match attribute.kind:
        case Kind.BOOLEAN:
            found = [True, False]
        case Kind.CODE:
            found = list(attribute.values)
        case Kind.CODES:
            found = list(_sets(attribute, (request.get(attribute.entity) or {}).get(attribute.name.partition(".")[2])))
        case Kind.DATE | Kind.TIME:
            found = list(_times(attribute, request))
        case _:
            found = [*TEXTS, *(str(v) for e in ("subject", "record") for v in (request.get(e) or {}).values())]
    return [*found, None] if attribute.nullable else found


def _sets(attribute: Attribute, now: Any) -> Iterator[list[str]]:
    """The set with one member more or less: each member is a fact of its own; any small set where there is none."""
    if isinstance(now, list):
        yield from (sorted({*now} ^ {member}) for member in attribute.values)
    else:
        yield from (list(some) for size in range(3) for some in combinations(attribute.values, size))


def _times(attribute: Attribute, request: Json) -> Iterator[str]:
    now = datetime.fromisoformat(request["at"])
    for days in (0, 20, 100, 360, 370, 6_000, 7_000):
        moment = now - timedelta(days=days)
        yield moment.date().isoformat() if attribute.kind is Kind.DATE else moment.isoformat()


def with_fact(request: Json, name: str, value: Any) -> Json:
    """The request with one other fact."""
    entity, _, key = name.partition(".")
    return {**request, entity: {**(request.get(entity) or {}), key: value}}


def one_change_more(engine: Engine, request: Json) -> Iterator[tuple[str, Json]]:
    """Every request with one fact changed, and what is required only because of it."""
    missing = set(engine.decide(request).faults)
    for attribute in changeable(engine, request):
        for value in values(engine, attribute, request):
            changed = with_fact(request, attribute.name, value)
            brought = [
                engine.vocabulary.attributes[fault.removesuffix(REQUIRED)]
                for fault in engine.decide(changed).faults
                if fault.endswith(REQUIRED) and fault not in missing
            ]
            for chosen in product(*(values(engine, other, request) for other in brought)):
                whole = changed
                for other, given in zip(brought, chosen, strict=True):
                    whole = with_fact(whole, other.name, given)
                yield attribute.name, whole


def turned_round(engine: Engine, request: Json, size: int) -> Json | None:
    """A request that differs in so many facts at most and is answered otherwise, if there is one."""
    before = engine.decide(request).permitted
    frontier = [request]
    for depth in range(size):
        following = []
        for known in frontier:
            for _, changed in one_change_more(engine, known):
                decision = engine.decide(changed)
                if decision.permitted is not before and not decision.faults:
                    return changed
                if depth + 1 < size:
                    following.append(changed)
        frontier = following
    return None
