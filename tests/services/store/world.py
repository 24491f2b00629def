"""The people, records and units that the tests of the store share."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from policy.model import Answer, Effect
from services.store.document import Deposit, Document
from services.store.group import Group
from services.store.observer import SILENT
from services.store.unit_of_work import (
    Done,
    Facts,
    FactsKey,
    Outcome,
    Scope,
    TraceEntry,
    TraceKind,
    TraceOutcome,
    Unit,
)
from services.store.waiting import Waiting
from tests.services.databases import Database

AT = datetime(2011, 6, 15, 12, 0, 0, 123456, tzinfo=UTC)
ALICE = "1.2.250.1.213.1.4.10|160032345678901"
BOB = "1.2.250.1.213.1.4.10|180032345678901"
DOCTOR = "1.2.250.1.71.4.2.1|899700000001"
COLLEAGUE = "1.2.250.1.71.4.2.1|899700000002"
HOSPITAL = "1.2.250.1.71.4.2.2|10B0000001"

Handler = Callable[[Scope, "Verdict"], object]


@dataclass(frozen=True)
class Verdict:
    """What the tests' gate decides: whether, and on which facts."""

    permitted: bool
    facts: Facts


def key(record: str = ALICE, person: str = DOCTOR, **others: Any) -> FactsKey:
    """The key of a call."""
    return FactsKey(**{"record": record, "person": person, "structure": None, "at": AT, **others})


def entry(verdict: Verdict, done: Done, asked: FactsKey | None = None, **others: Any) -> TraceEntry:
    """An entry like those that the gate builds."""
    asked = asked or key()
    made = TraceEntry(
        decision_id=str(uuid4()),
        kind=TraceKind.ACCESS,
        w3c_trace_id="0af7651916cd43dd8448eb211c80319c",
        at=asked.at,
        recorded_at=done.recorded_at,
        session="a" * 64,
        subject_kind="PROFESSIONAL",
        subject_id=asked.person,
        subject_name="Dr Élodie Ferrand",
        subject_profession="MEDECIN",
        subject_structure=asked.structure,
        subject_authn_mode="DIRECT_CPS",
        client=None,
        action="doc.read",
        mode="normal",
        purpose="CARE",
        reason="",
        call_ref="",
        attested={"consent": True},
        record=asked.record,
        record_revision=verdict.facts.get("revision"),
        effect=Effect.PERMIT if verdict.permitted else Effect.DENY,
        answer=Answer.OK if verdict.permitted else Answer.FORBIDDEN,
        outcome=done.outcome,
        rules={"determining": ("AUT-02",), "matched": ()},
        obligations=("TRACE",),
        scope=None,
        digest="d" * 64,
        profile="seed-2011",
        audience=None,
        facts={"at": asked.at, **{name: verdict.facts.get(name) for name in ("record", "relation", "document")}},
        outcomes=({"effect": "PERMIT"},),
        items=tuple((touched.document, 0) for touched in done.touched),
    )
    return replace(made, **others)


def unit(run: Handler | None = None, *, asked: FactsKey | None = None, **others: Any) -> Unit[Verdict, Any]:
    """A unit that is permitted and changes nothing, but for what `others` say."""
    asked = asked or key()
    decide = others.pop("decide", lambda facts: Verdict(permitted=True, facts=facts))
    traced = others.pop("entry", lambda verdict, done: entry(verdict, done, asked))
    fields: dict[str, Any] = {
        "keys": (asked,),
        "decide": lambda facts: decide(facts[0] if facts else {}),
        "run": run,
        "permits": lambda verdict: verdict.permitted,
        "entries": lambda verdict, done: (traced(verdict, done),),
        "changes": lambda _verdict: False,
        "deadline": time.monotonic() + 600,
    }
    return Unit(**{**fields, **others})


def change(run: Handler, **others: Any) -> Unit[Verdict, Any]:
    """A unit that is permitted and says that it changes something."""
    return unit(run, **{"changes": lambda _verdict: True, "locks": ALICE, **others})


def refused(run: Handler | None = None, **others: Any) -> Unit[Verdict, Any]:
    """A unit that is refused whatever the facts."""
    return unit(run, decide=lambda facts: Verdict(permitted=False, facts=facts), **others)


def answered(database: Database, *units: Unit[Verdict, Any]) -> list[Future[Outcome[Verdict, Any]]]:
    """The futures of units that were answered as one group on this connection."""
    futures: list[Future[Outcome[Verdict, Any]]] = [Future() for _ in units]
    waiting = [Waiting(each, future) for each, future in zip(units, futures, strict=True)]
    Group(database.session, waiting, lambda: AT, SILENT).answer()
    return futures


def outcome(database: Database, one: Unit[Verdict, Any]) -> Outcome[Verdict, Any]:
    """The outcome of a unit alone in its group."""
    return answered(database, one)[0].result(timeout=0)


def within(database: Database, act: Callable[[Scope], object]) -> Any:
    """What a handler returns that may change the database; raises what it raises."""
    ended = outcome(database, change(lambda scope, _verdict: act(scope)))
    if ended.error is not None:
        raise ended.error
    return ended.result


def create(scope: Scope, record: str = ALICE) -> None:
    """Open a record."""
    scope.records.create(record, holder_birth_date=date(1960, 3, 3), protection="none", at=AT)


def deposit(scope: Scope, *, content: bytes = b"<ClinicalDocument/>", at: datetime = AT, **others: Any) -> Document:
    """Deposit a document, by default an ordinary report by the doctor."""
    fields: dict[str, Any] = {
        "record": ALICE,
        "unique_id": f"1.2.3|{uuid4()}",
        "type": "11488-4",
        "class_code": "10",
        "title": "Compte rendu",
        "labels": frozenset({"N"}),
        "author": DOCTOR,
        "author_name": "Dr Élodie Ferrand",
        "author_structure": HOSPITAL,
        "custodian": HOSPITAL,
        "patient": ALICE,
        "created_at": AT,
    }
    return scope.documents.deposit(Deposit(**{**fields, **others}), content, at)


def count(database: Database | sqlite3.Connection, table: str) -> int:
    """How many rows a table has."""
    found: tuple[int] = database.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - a name of ours
    return found[0]


def outcomes(database: Database) -> list[str]:
    """The outcomes traced, in the order written."""
    rows = database.execute("SELECT outcome FROM traces ORDER BY number").fetchall()
    return [TraceOutcome(row[0]).value for row in rows]
