"""A call that was parsed and identified: what it asks, and every fault found before anything is decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from google.protobuf.message import DecodeError, Message

from dmp.access.v1 import access_pb2
from policy.ruleset import RuleSet
from services.runtime import another as others
from services.runtime import fields, trace_context
from services.runtime.access import Asking, Method
from services.runtime.another import NOBODY_ELSE, Another, Askable
from services.runtime.errors import FieldFault, Kind, ServiceError
from services.runtime.identity import Identity
from services.store.unit_of_work import FactsKey

LARGEST: Final = 4 * 1024 * 1024
"""Bytes of a request."""
TARGET: Final = "context.target"
ATTESTATIONS: Final = "attestations"
_RENAMED: Final = {"secret_connection": "secret"}
ATTESTED: Final = {
    field.name: _RENAMED.get(field.name, field.name) for field in access_pb2.Attestations.DESCRIPTOR.fields
}
"""Field of the attestations → attribute of the context."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, with which software."""

    identity: Identity
    client: str | None
    """As its certificate names it; nothing over plaintext."""
    listed: bool
    """Whether it may ask for another."""


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
        return tuple(key for key in (self.key, self.own_key) if key is not None)

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


def parse(method: Method, payload: bytes) -> Message:
    """The request in its type; raises ServiceError for a message that is too large or not of the type."""
    if len(payload) > LARGEST:
        raise ServiceError(Kind.TOO_LARGE)
    try:
        return method.request.FromString(payload)
    except DecodeError:
        raise ServiceError(Kind.MALFORMED) from None


def arrive(
    method: Method,
    request: Message,
    caller: Caller,
    metadata: Sequence[tuple[str, str | bytes]],
    at: datetime,
) -> Arrival:
    """Read what the request says; its faults are kept, for they are decided and traced like all else."""
    faults = fields.faults_of(request)
    faulty = {fault.field for fault in faults}
    return Arrival(
        decision_id=str(uuid4()),
        method=method,
        request=request,
        identity=caller.identity,
        client=caller.client,
        listed=caller.listed,
        at=at,
        w3c_trace_id=trace_context.trace_id(metadata),
        attested=_attested(request, faulty),
        faults=faults,
        # What a batch asks is said by its items.
        **(_nothing(method.access) if method.many else _said(method, request, faulty)),
    )


def frame(arrival: Arrival, item: Message) -> Arrival:
    """One item of a batch as if it were a call of its own."""
    faults = fields.faults_of(item)
    said = _said(arrival.method, item, {fault.field for fault in faults})
    return replace(arrival, request=item, faults=faults, **said)


def _said(method: Method, request: Message, faulty: AbstractSet[str]) -> dict[str, Any]:
    """What a message says at the paths of the declaration."""
    access = method.access

    def value(path: str) -> Any:  # noqa: ANN401 - whatever type the attribute has
        return None if not path or path in faulty else fields.value_at(request, path)

    return {
        "action": _action(access, value),
        "asked": value(access.asked),
        "record": value(access.record),
        "document": value(access.document),
        "ticket": value(access.ticket),
        "declared": _declared(method, value),
    }


def read(arrival: Arrival, rules: RuleSet, kinds: AbstractSet[str]) -> Arrival:
    """Read whom the request speaks for, and let the feature read the facts that lie inside it.

    Not of a request that has a fault already. `kinds` are those of the subjects whom an issuer may assert.
    """
    if arrival.faults:
        return arrival
    reader, may = arrival.method.reader, Askable(rules.vocabulary, kinds)
    another = others.read(arrival.method.access, arrival.request, arrival.identity, arrival.document, may)
    if reader is None or another.faults:
        return replace(arrival, another=another, faults=another.faults, read_in=another.read_in)
    subject = another.subject or arrival.identity
    asking = Asking(subject, arrival.record, arrival.at, rules.cell, another.supplied)
    try:
        found = reader(arrival.request, asking)
    except ServiceError as error:
        return replace(arrival, another=another, faults=error.faults, read_in=another.read_in)
    faults = _twice(another, found.attributes)
    return replace(
        arrival,
        another=another,
        declared={**arrival.declared, **found.attributes},
        prepared=found.prepared,
        read_in={**another.read_in, **found.fields},
        faults=faults,
    )


def _twice(another: Another, attributes: Mapping[str, Any]) -> tuple[FieldFault, ...]:
    """Facts that the request supplies and the feature has read in it as well."""
    return tuple(
        FieldFault(another.read_in[name], "STATED_TWICE", "says what the request says elsewhere")
        for name in another.supplied
        if name in attributes
    )


def _nothing(access: access_pb2.Access) -> dict[str, Any]:
    return {"action": access.action, "asked": None, "record": None, "document": None, "ticket": None, "declared": {}}


def _action(access: access_pb2.Access, value: Callable[[str], Any]) -> str:
    chosen = value(access.chosen_by)
    word = str(chosen).lower() if isinstance(chosen, bool) else chosen
    return next((choice.action for choice in access.choices if choice.value == word), access.action)


def _attested(request: Message, faulty: AbstractSet[str]) -> dict[str, Any]:
    """What was declared, and nothing for what was not: an absence has its own meaning in the vocabulary."""
    field = request.DESCRIPTOR.fields_by_name.get(ATTESTATIONS)
    if field is None or not request.HasField(ATTESTATIONS):
        return {}
    holder = getattr(request, ATTESTATIONS)
    given = {field.name for field, _ in holder.ListFields() if f"{ATTESTATIONS}.{field.name}" not in faulty}
    return {ATTESTED[name]: fields.value_at(holder, name) for name in given}


def _declared(method: Method, value: Callable[[str], Any]) -> dict[str, Any]:
    asked = value(method.access.asked)
    stated = (fact for fact in method.facts if fact.is_of(asked))
    found = ((fact.attribute, value(fact.field) if fact.field else fact.value) for fact in stated)
    return {attribute: given for attribute, given in found if given}
