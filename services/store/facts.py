"""The stored facts of calls, in the shape of the request's JSON form: alike for what is hidden and what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Final

import orjson

from services.store import clock
from services.store.emergencies import declared
from services.store.facts_statement import DOCUMENT, DOCUMENTS, EMERGENCY, FACTS, OPENER, RECORD
from services.store.keys import FieldsKey, KeyStore
from services.store.labels import codes_of
from services.store.relations import CARE_TEAM, DELEGATE, MT_EQUIVALENT, REPRESENTATIVE
from services.store.savepoint import Row, Savepoint
from services.store.unit_of_work import Facts, FactsKey

_RELATION_ENDS = 11
_RECORD_ENDS = _RELATION_ENDS + len(RECORD)
_DOCUMENT_ENDS = _RECORD_ENDS + len(DOCUMENT)
_OPENER_BEGINS = -len(OPENER)


def facts_many(savepoint: Savepoint, keys: Sequence[FactsKey]) -> list[Facts]:
    """The facts of each call, in the order of the keys, read by one statement, and one more for further documents."""
    documents = _documents(savepoint, keys)
    asked = orjson.dumps([_asked(place, key) for place, key in enumerate(keys)]).decode()
    rows = {row[0]: row for row in savepoint.rows(FACTS, keys=asked)}
    live = {key.record for place, key in enumerate(keys) if rows[place][_DOCUMENT_ENDS] is not None}
    opening = KeyStore(savepoint).of_records(live) if live else {}
    # A call without its row is a KeyError, and its group is not answered.
    return [
        _facts(rows[place], key, documents.get(key.record, {}), opening.get(key.record))
        for place, key in enumerate(keys)
    ]


def _asked(place: int, key: FactsKey) -> list[str | int | None]:
    at = clock.micros(key.at)
    named = (key.document, key.target, key.ticket, key.action, key.own)
    return [place, key.record, key.person, key.structure, at, *named]


def _documents(savepoint: Savepoint, keys: Sequence[FactsKey]) -> dict[str, dict[str, Facts]]:
    """By record and id."""
    pairs = [(key.record, document) for key in keys for document in key.documents]
    found: dict[str, dict[str, Facts]] = {}
    if pairs:
        for record, document, *facts in savepoint.rows(DOCUMENTS, pairs=orjson.dumps(pairs).decode()):
            found.setdefault(record, {})[document] = _document(dict(zip(DOCUMENT, facts, strict=True))) or {}
    return found


def _facts(row: Row, key: FactsKey, documents: Mapping[str, Facts], opening: FieldsKey | None) -> Facts:
    record = dict(zip(RECORD, row[_RELATION_ENDS:_RECORD_ENDS], strict=True))
    document = dict(zip(DOCUMENT, row[_RECORD_ENDS:_DOCUMENT_ENDS], strict=True))
    emergency = _emergency(dict(zip(EMERGENCY, row[_DOCUMENT_ENDS:_OPENER_BEGINS], strict=True)), key.record, opening)
    return {
        "revision": record.pop("revision"),
        "emergency": emergency.pop("id", None),
        "record": _record(record, row[9]),
        "relation": _relation(row, key),
        "document": _document(document),
        "context": emergency,
        "ticket": row[8],
        "ticket_opener": dict(zip(OPENER, row[_OPENER_BEGINS:], strict=True)) if row[8] else None,
        "documents": documents,
    }


def _record(record: dict[str, Any], opposed: str | None) -> dict[str, Any]:
    if record["ins"] is None:
        return {"exists": False}
    record["exists"] = True
    record["closed_at"] = clock.moment_or_none(record["closed_at"])
    record["holder_birth_date"] = date.fromisoformat(record["holder_birth_date"])
    record["deceased"] = bool(record["deceased"])
    record["oppositions"] = frozenset(opposed.split(",")) if opposed else frozenset()
    return record


DECLARED: Final = ("mode", "reason", "call_ref", "patient_unable", "immediate_risk")
RELATION: Final = (
    "holder",
    "treating_physician",
    "authorisation",
    "authorisation_added_at",
    "target_is_treating_physician",
    "target_authorisation",
    "target_is_oneself",
    "representative",
    "delegate",
    "mt_equivalent",
    "care_team",
    "power",
    "granted",
    "own_record",
)
STORED: Final = frozenset({
    "record.exists",
    "record.oppositions",
    *(f"record.{name}" for name in RECORD if name != "revision"),
    *(f"relation.{name}" for name in RELATION),
    *(f"context.{name}" for name in DECLARED),
})  # fmt: skip
"""The attributes that are loaded for every call; those of a document come besides, where one is named."""


def _relation(row: Row, key: FactsKey) -> dict[str, Any]:
    own, own_since, house, house_since, target, role_since, target_role_since = row[1:8]
    status, since = _authorisation((own, own_since), (house, house_since))
    facts = (
        key.person == key.record,
        role_since is not None,
        status,
        clock.moment_or_none(since),
        target_role_since is not None,
        target or "NON_EXISTE",
        key.own is not None and key.own == key.target,
        *_related(row[10], key.own == key.record),
    )
    return dict(zip(RELATION, facts, strict=True))


@lru_cache(maxsize=256)
def _related(told: str | None, is_holder: bool) -> tuple[Any, ...]:  # noqa: FBT001 - by place, for the cache
    """What links the caller to the record, in the order of RELATION."""
    links = {kind: (power, granted) for kind, power, granted in _links(told)}
    power, granted = links.get(REPRESENTATIVE, ("", ""))
    own = "HOLDER" if is_holder else "REPRESENTATIVE" if f"OWN_{REPRESENTATIVE}" in links else "NONE"
    kinds = (kind in links for kind in (REPRESENTATIVE, DELEGATE, MT_EQUIVALENT, CARE_TEAM))
    return *kinds, power or None, granted or None, own


def _links(told: str | None) -> list[list[str]]:
    return [link.split("/") for link in told.split(",")] if told else []


def _authorisation(*stored: tuple[str | None, int | None]) -> tuple[str, int | None]:
    """The person's own authorisation and that of his structure (AUT-10) as one: a block of either, else the younger."""
    if any(status == "INTERDIT" for status, _ in stored):
        return "INTERDIT", None
    valid = [since for status, since in stored if status == "VALIDE" and since is not None]
    return ("VALIDE", max(valid)) if valid else ("NON_EXISTE", None)


def _document(document: dict[str, Any]) -> dict[str, Any] | None:
    if document["type"] is None:
        return None
    document["labels"] = codes_of(document["labels"])
    document["deposited_at"] = clock.moment(document["deposited_at"])
    return document


def _emergency(emergency: dict[str, Any], record: str, opening: FieldsKey | None) -> dict[str, Any]:
    """What was declared in the live emergency access, if there is one that still opens, with its id."""
    if emergency["id"] is None or opening is None:
        return {}
    reason, call_ref = declared(opening.key, emergency["sealed"], record, emergency["id"])
    said = (emergency["mode"], reason, call_ref, bool(emergency["patient_unable"]), bool(emergency["immediate_risk"]))
    return {"id": emergency["id"], **dict(zip(DECLARED, said, strict=True))}
