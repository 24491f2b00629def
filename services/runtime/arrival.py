"""A call that was parsed and identified: what it asks, and every fault found before anything is decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from google.protobuf.message import DecodeError, Message

from dmp.access.v1 import access_pb2
from services.runtime import another as others
from services.runtime.access import ATTESTED, Asking, Method
from services.runtime.another import NOBODY_ELSE, Another, Askable
from services.runtime.errors import FieldFault, Kind, ServiceError
from services.runtime.fields import Given
from services.runtime.identity import Identity
from services.store.unit_of_work import FactsKey

LARGE_FRAMES: Final = 16
LARGE_QUESTIONS: Final = 256
LARGEST: Final = 4 * 1024 * 1024
"""Bytes of a request."""
TARGET: Final = "context.target"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, with which software."""

    identity: Identity
    client: str | None
    """As its certificate names it; nothing over plaintext."""
    listed: bool
    """Whether it may ask for another."""
    at: datetime
    w3c_trace_id: str | None


@dataclass(frozen=True, slots=True)
class Arrival:
    """One call on its way to its decision. Faulty fields are left out of everything but `faults` and `request`."""

    decision_id: str
    method: Method
    request: Message
    identity: Identity
    """Who calls."""
    at: datetime
    w3c_trace_id: str | None
    action: str
    asked: str | None
    """The action asked about, for a question."""
    record: str | None
    document: str | None
    attested: Mapping[str, Any]
    """What the caller declares, by the name of the context's attribute."""
    declared: Mapping[str, Any]
    """The further facts of the method's declaration, by the vocabulary's name."""
    faults: tuple[FieldFault, ...]
    ticket: str | None = None
    """The id of the ticket that the caller names."""
    prepared: object = None
    read_in: Mapping[str, str] = field(default_factory=dict)
    """Where in the request the feature's reader found an attribute."""
    batch: Batch | None = None
    """The questions, where there are many."""
    client: str | None = None
    """The calling software, as its certificate names it."""
    listed: bool = False
    """Whether it may ask for another."""
    another: Another = NOBODY_ELSE
    """What a question says that only a listed caller may say."""

    @property
    def subject(self) -> Identity:
        """Who acts, or whom the question is about."""
        return self.another.subject or self.identity

    @property
    def about(self) -> str | None:
        """The person named, where it is not the caller who is asked about."""
        return None if self.another.subject is None else self.another.subject.id

    @property
    def asker(self) -> Arrival:
        """The same call as it concerns the caller alone: what his own right is decided on."""
        return replace(self, another=NOBODY_ELSE)

    @property
    def heading(self) -> Heading:
        """What a question of a batch shares with those of its trace entry."""
        if not self.listed:
            # Refused whomever it names, and one entry says so: else one call could fill a record with entries.
            return Heading(self.record, None, self.another.named)
        return Heading(self.record, self.about, bool(self.another.supplied))

    @property
    def keys(self) -> tuple[FactsKey, ...]:
        """The facts to load for the whole call."""
        if self.batch is not None:
            return self.batch.keys
        key = self.key
        if key is None:
            return ()
        return (key,) if self.own_key is None else (key, self.own_key)

    @property
    def key(self) -> FactsKey | None:
        """The facts to load, or nothing where no record is known."""
        if self.record is None:
            return None
        return FactsKey(
            self.record,
            self.subject.id,
            self.subject.structure,
            self.at,
            self.document,
            self.declared.get(TARGET),
            ticket=self.ticket,
            action=self.action if self.ticket else None,
            own=self.subject.own_ins,
        )

    @property
    def own_key(self) -> FactsKey | None:
        """The facts to load for the caller's own right, where the question is about another."""
        return self.asker.key if self.another.named else None


@dataclass(frozen=True, slots=True)
class Question:
    """One distinct question of a batch."""

    frame: int
    """Its place among the frames."""
    document: str | None
    facts: int | None
    """The place of its record's facts among those loaded; nothing where no record is known."""
    own: int | None
    """The same for the facts of the caller himself."""


@dataclass(frozen=True, slots=True)
class Heading:
    """What the questions of a batch that share a trace entry have in common."""

    record: str | None
    about: str | None
    supplied: bool

    @property
    def named(self) -> bool:
        """Whether the asker needs the right to ask for another."""
        return self.supplied or self.about is not None


@dataclass(frozen=True, slots=True)
class Batch:
    """The questions of a call that asks many."""

    frames: tuple[Arrival, ...]
    """What is asked, whatever the document."""
    questions: tuple[Question, ...]
    keys: tuple[FactsKey, ...]
    items: tuple[tuple[str, int], ...]
    """The caller's key, and the place of its question."""
    headings: tuple[tuple[Heading, str], ...]
    """What each trace entry is about, with its decision id, in the order of the request."""

    @property
    def large(self) -> bool:
        """Whether it takes ten times as long as a single question, or longer."""
        return len(self.frames) > LARGE_FRAMES or len(self.questions) > LARGE_QUESTIONS


def parse(method: Method, payload: bytes) -> Message:
    """The request in its type; raises ServiceError for a message that is too large or not of the type."""
    if len(payload) > LARGEST:
        raise ServiceError(Kind.TOO_LARGE)
    try:
        return method.request.FromString(payload)
    except DecodeError:
        raise ServiceError(Kind.MALFORMED) from None


def arrive(method: Method, request: Message, caller: Caller, may: Askable) -> Arrival:
    """Read what the request says; its faults are kept, for they are decided and traced like all else."""
    given = method.fields.read(request)
    return Arrival(
        decision_id=str(uuid4()),
        method=method,
        request=request,
        identity=caller.identity,
        client=caller.client,
        listed=caller.listed,
        at=caller.at,
        w3c_trace_id=caller.w3c_trace_id,
        # Nothing for what was not declared: an absence has its own meaning in the vocabulary.
        attested={ATTESTED[path]: value for path, value in given.values.items() if path in ATTESTED},
        # What a batch asks is said by its items.
        **(_nothing(method.access, given) if method.many else _told(method, request, given, caller, may)),
    )


def frame(arrival: Arrival, item: Message, may: Askable) -> Arrival:
    """One item of a batch as if it were a call of its own."""
    caller = Caller(arrival.identity, arrival.client, arrival.listed, arrival.at, arrival.w3c_trace_id)
    told = _told(arrival.method, item, arrival.method.item.read(item), caller, may)
    return replace(arrival, request=item, **told)


def _told(method: Method, message: Message, given: Given, caller: Caller, may: Askable) -> dict[str, Any]:
    """All that a message says; of one that has a fault, no more than stands in its fields."""
    access, values = method.access, given.values
    asked = values.get(access.asked)
    told = {
        "action": _action(method, values) if method.choices else access.action,
        "asked": asked,
        "record": values.get(access.record),
        "document": values.get(access.document),
        "ticket": values.get(access.ticket),
        "declared": _declared(method, values, asked),
        "faults": given.faults,
    }
    if not given.faults and (method.asks or method.reader):
        _look_inside(told, method, message, others.read(access, values, caller.identity, may), caller, may)
    return told


def _look_inside(
    told: dict[str, Any], method: Method, message: Message, another: Another, caller: Caller, may: Askable
) -> None:
    """Note whom a message speaks for, and the facts that the feature reads inside it."""
    told |= {"another": another, "faults": another.faults, "read_in": another.read_in}
    if method.reader is None or another.faults:
        return
    asking = Asking(another.subject or caller.identity, told["record"], caller.at, may.rules.cell, another.supplied)
    try:
        found = method.reader(message, asking)
    except ServiceError as error:
        told["faults"] = error.faults
        return
    told["declared"] |= found.attributes
    told["prepared"] = found.prepared
    told["read_in"] = {**another.read_in, **found.fields}
    told["faults"] = _twice(another, found.attributes)


def _twice(another: Another, attributes: Mapping[str, Any]) -> tuple[FieldFault, ...]:
    """Facts that the request supplies and the feature has read in it as well."""
    return tuple(
        FieldFault(another.read_in[name], "STATED_TWICE", "says what the request says elsewhere")
        for name in another.supplied
        if name in attributes
    )


def _nothing(access: access_pb2.Access, given: Given) -> dict[str, Any]:
    nothing = dict.fromkeys(("asked", "record", "document", "ticket"))
    return {"action": access.action, "declared": {}, "faults": given.faults, **nothing}


def _action(method: Method, values: Mapping[str, Any]) -> str:
    chosen = values.get(method.access.chosen_by)
    word = str(chosen).lower() if isinstance(chosen, bool) else chosen
    return method.choices.get(word or "", method.access.action)


def _declared(method: Method, values: Mapping[str, Any], asked: str | None) -> dict[str, Any]:
    stated = ((fact, values.get(fact.field) if fact.field else fact.value) for fact in method.facts)
    return {fact.attribute: given for fact, given in stated if given and fact.is_of(asked)}
