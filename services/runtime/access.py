"""What each RPC declares, read from the descriptors; a declaration with a fault keeps the server from starting."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO, Final, Protocol

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message

from dmp.access.v1 import access_pb2
from policy.ruleset import RuleSet
from services.runtime import codes, fields
from services.runtime.fields import Reader as Fields
from services.runtime.identity import Identity
from services.runtime.outbound import Outbound
from services.store.unit_of_work import Reading

FROM_REQUEST = ("context.", "document.")
QUESTIONS = frozenset({access_pb2.FORM_ASKED, access_pb2.FORM_BATCH})
ATTESTATIONS: Final = "attestations"
"""The field of a request that holds them."""
_RENAMED: Final = {"secret_connection": "secret"}
ATTESTED: Final = {
    f"{ATTESTATIONS}.{field.name}": _RENAMED.get(field.name, field.name)
    for field in access_pb2.Attestations.DESCRIPTOR.fields
}
"""Path of an attestation → attribute of the context."""
KEY = "key"
"""The field of a batch's item that holds the caller's own name for it."""
STORED = frozenset({"context.ticket", "context.mission", "context.copy_for_representative", "context.asked_by_holder"})
"""Attributes of the context that only the store may state (design section 7)."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What a feature may look at when it reads facts out of a request."""

    identity: Identity
    """Who acts, or whom a question is about."""
    record: str | None
    at: datetime
    cell: Callable[[str, str, str], str | None]
    """`(table, row, column)` of the rule set's tables."""
    supplied: Mapping[str, Any] = field(default_factory=dict)
    """The facts that the asker asserts, by the vocabulary's name."""


@dataclass(frozen=True, slots=True)
class Read:
    """What was read from a request before it is decided."""

    attributes: Mapping[str, Any]
    """By the vocabulary's name."""
    prepared: object = None
    """For the handler, so that nothing is read twice."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Where in the request an attribute was read, by the vocabulary's name."""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What a handler returns whose answer takes longer than other calls can wait: it is finished after the commit."""

    response: Message
    finish: Callable[[Any, Callable[[], bool]], None]
    """`finish(response, stop)`: plain, in a thread; reads no store, and asks `stop` at each step whether to give up."""


@dataclass(frozen=True, slots=True)
class Download:
    """What a handler returns whose answer is a file: made once the call is committed, streamed once it is whole."""

    response: Message
    """The first message."""
    make: Callable[[Reading, BinaryIO, Callable[[int, int], None]], None]
    """`make(reading, file, progress)`: plain, in a thread; reads what the permit was about, and raises ServiceError."""
    progress: Callable[[int], Message]
    """`progress(done)`."""
    file: Callable[[int, str], Message]
    """`file(size, sha256)`: it is whole."""
    chunk: Callable[[bytes], Message]
    finish: Message
    """The request of the suite's own that settles the call: made after the last chunk, and before `end`."""
    end: Message


Answered = Message | Unfinished | Download
Handler = Callable[[Any, Any], Answered]
"""`name(call, request)`: plain, synchronous, called only after a permit."""
Reader = Callable[[Any, Asking], Read]
"""Raises ServiceError of kind INVALID for a request that cannot be read."""


class System(Protocol):
    """The suite's own calls on behalf of one that was permitted; raises ServiceError like any call."""

    async def act(self, request: Message) -> Any:  # noqa: ANN401 - the response of the RPC that takes the request
        """Make the call that takes this request, as subject SYSTEM."""

    @property
    def outbound(self) -> Outbound:
        """What leaves the suite."""

    def now(self) -> datetime:
        """The clock of decisions."""


Followup = Callable[[System, Any, Any], Awaitable[None]]
"""`name(system, request, response)`: what the suite does by itself once a call is permitted, traced and committed."""
Background = Callable[[System], Awaitable[None]]
"""`name(system)`: what the suite goes on doing by itself until it is cancelled."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One of the three services as the server hosts it."""

    name: str
    services: tuple[ServiceDescriptor, ...]
    handlers: Mapping[str, Handler]
    """By the name of the RPC."""
    readers: Mapping[str, Reader]
    """For the RPCs whose facts are read from the request itself."""
    followups: Mapping[str, Followup] = field(default_factory=dict)
    """For the RPCs that the suite goes on from by itself."""
    internal: tuple[ServiceDescriptor, ...] = ()
    """What no port serves: the calls that only the suite makes."""
    background: Background | None = None
    """What goes on while the feature is served."""


@dataclass(frozen=True, slots=True)
class Stated:
    """One fact of a declaration, taken out of its message once, for every call looks at all of them."""

    attribute: str
    field: str
    value: str
    asked: str
    emergency_owner: bool

    def is_of(self, asked: str | None) -> bool:
        """Whether a question about this action states it; what is no question states all."""
        return self.asked in ("", asked)


@dataclass(frozen=True, slots=True)
class Method:
    """One RPC: its declaration and its code."""

    service: str
    name: str
    request: type[Message]
    response: type[Message]
    access: access_pb2.Access
    handler: Handler
    reader: Reader | None
    followup: Followup | None
    facts: tuple[Stated, ...]
    """The facts of the declaration."""
    choices: Mapping[str, str]
    """The action for each value of the field that chooses."""
    asks: bool
    """Whether it answers questions instead of acting."""
    many: bool
    """Whether it answers many questions."""
    lists: bool
    """Whether the rules give a predicate for its items."""
    downloads: bool
    """Whether its answer is a file."""
    fields: Fields
    """Reads a request."""
    item: Fields
    """Reads what the paths of the declaration begin at: an item of a batch, else the request."""

    @property
    def path(self) -> str:
        """As it stands on the wire."""
        return f"/{self.service}/{self.name}"


def methods_of(feature: Feature, rules: RuleSet) -> tuple[list[Method], list[str]]:
    """The feature's RPCs, and every fault of their declarations."""
    methods, faults = [], []
    known = set()
    for service in (*feature.services, *feature.internal):
        for rpc in service.methods:
            known.add(rpc.name)
            found = list(_faults(rpc, feature, rules))
            faults += [f"{rpc.full_name}: {fault}" for fault in found]
            if not found:
                methods.append(_method(rpc, feature))
    roles = (("handler", feature.handlers), ("reader", feature.readers), ("follow-up", feature.followups))
    faults += [
        f"{feature.name}: {role} `{name}` has no RPC" for role, given in roles for name in sorted(given.keys() - known)
    ]
    return methods, faults


def actions_of(method: Method) -> frozenset[str]:
    """The actions that the RPC may do."""
    return frozenset((method.access.action, *(choice.action for choice in method.access.choices)))


def _method(rpc: MethodDescriptor, feature: Feature) -> Method:
    declared = _declared(rpc)
    attested = ATTESTED if fields.find(rpc.input_type, ATTESTATIONS) else {}
    said = _paths(declared)
    asking = _asking(rpc, declared) or rpc.input_type
    return Method(
        rpc.containing_service.full_name,
        rpc.name,
        message_factory.GetMessageClass(rpc.input_type),
        message_factory.GetMessageClass(rpc.output_type),
        declared,
        feature.handlers[rpc.name],
        feature.readers.get(rpc.name),
        feature.followups.get(rpc.name),
        tuple(
            Stated(fact.attribute, fact.field, fact.value, fact.asked, fact.emergency_owner) for fact in declared.facts
        ),
        {choice.value: choice.action for choice in declared.choices},
        asks=declared.form in QUESTIONS,
        many=declared.form == access_pb2.FORM_BATCH,
        lists=declared.form == access_pb2.FORM_EACH,
        downloads=declared.downloads,
        fields=Fields(rpc.input_type, attested if declared.items else (*attested, *said)),
        item=Fields(asking, said),
    )


def _paths(declared: access_pb2.Access) -> tuple[str, ...]:
    """Where the declaration finds what it asks of the rules."""
    named = declared.record, declared.document, declared.ticket, declared.asked, declared.chosen_by
    return (*named, declared.about, declared.supplied, *(fact.field for fact in declared.facts))


def _declared(rpc: MethodDescriptor) -> access_pb2.Access:
    return rpc.GetOptions().Extensions[access_pb2.access]


def _faults(rpc: MethodDescriptor, feature: Feature, rules: RuleSet) -> Iterator[str]:
    if rpc.name not in feature.handlers:
        yield "has no handler"
    if rpc.client_streaming or rpc.server_streaming != _declared(rpc).downloads:
        yield "streams, which the gate serves only for what downloads a file"
    decided = rpc.output_type.fields_by_name.get("decided")
    if decided is None or decided.message_type is not access_pb2.Decided.DESCRIPTOR:
        yield "its response has no field `decided` for what the gate tells"
    if not rpc.GetOptions().HasExtension(access_pb2.access):
        yield "declares no access"
        return
    declared = _declared(rpc)
    yield from _form_faults(declared, rules)
    yield from _action_faults(declared, rules)
    yield from _brings_faults(declared, rules)
    asking = _asking(rpc, declared)
    if asking is None:
        yield "must name its repeated field of items, each with a text `key`, if, and only if, it is a batch"
        return
    yield from _path_faults(asking, declared)
    for fact in declared.facts:
        yield from _fact_faults(asking, declared, fact, rules)


def _asking(rpc: MethodDescriptor, declared: access_pb2.Access) -> Descriptor | None:
    """The message that the paths of the declaration begin at."""
    if (declared.form == access_pb2.FORM_BATCH) != bool(declared.items):
        return None
    if not declared.items:
        return rpc.input_type
    items = fields.find(rpc.input_type, declared.items)
    if items is None or not items.is_repeated or items.message_type is None:
        return None
    key = items.message_type.fields_by_name.get(KEY)
    return items.message_type if key is not None and _is_text(key) else None


def _brings_faults(declared: access_pb2.Access, rules: RuleSet) -> Iterator[str]:
    if declared.brings and declared.brings not in rules.vocabulary.actions:
        yield f"action `{declared.brings}` is not of the vocabulary"
    if declared.brings and not (declared.changes and declared.document and declared.form == access_pb2.FORM_FIXED):
        yield "brings a document, and does not change a stored one"


def _form_faults(declared: access_pb2.Access, rules: RuleSet) -> Iterator[str]:
    if declared.form == access_pb2.FORM_UNSPECIFIED:
        yield "declares no form"
    action = rules.vocabulary.actions.get(declared.action)
    if declared.form == access_pb2.FORM_EACH and (action is None or action.items is None):
        yield f"is a list, and action `{declared.action}` has no items"
    if declared.form == access_pb2.FORM_BATCH and not (declared.record and declared.document):
        yield "is a batch, and does not name the record and the document of an item"
    if (declared.form in QUESTIONS) != bool(declared.asked):
        yield "must name the field of the action asked about if, and only if, it answers a question"
    if (declared.about or declared.supplied) and declared.form not in QUESTIONS:
        yield "lets the caller speak for another, and answers no question"
    if bool(declared.about or declared.supplied) != bool(declared.for_another):
        yield "must name the right to ask for another if, and only if, it lets the caller speak for one"


def _action_faults(declared: access_pb2.Access, rules: RuleSet) -> Iterator[str]:
    needed = [declared.action, *(choice.action for choice in declared.choices)]
    needed += [declared.for_another] if declared.for_another else []
    for name in dict.fromkeys(needed):
        action = rules.vocabulary.actions.get(name)
        if action is None or action.internal:
            yield f"action `{name}` is not of the vocabulary"
        else:
            yield from (
                f"no rule of profile `{profile}` permits action `{name}`"
                for profile in rules.profiles
                if not any(rule.effect == "permit" and name in rule.actions for rule in _in_force(rules, profile))
            )


def _in_force(rules: RuleSet, profile: str) -> Iterator[Any]:
    return (rule for rule in rules.rules if profile in rule.profiles)


def _path_faults(asking: Descriptor, declared: access_pb2.Access) -> Iterator[str]:
    wanted: tuple[tuple[str, Callable[[FieldDescriptor], bool]], ...] = (
        (declared.record, _is_identifier),
        (declared.document, _is_text),
        (declared.asked, _is_text),
        (declared.ticket, _is_text),
        (declared.chosen_by, _is_choice),
        (declared.about, _is_subject),
        (declared.supplied, _is_facts),
    )
    for path, fits in wanted:
        field = fields.find(asking, path) if path else None
        if path and field is None:
            yield f"its request has no field `{path}`"
        elif field is not None and not fits(field):
            yield f"field `{path}` is of the wrong type"
    if declared.document and not declared.record:
        yield "names a document and no record"
    if declared.ticket and not (declared.record and declared.changes):
        yield "names a ticket, and does not change a record"
    if bool(declared.choices) != bool(declared.chosen_by):
        yield "must name both the choices and the field that chooses"


def _fact_faults(
    asking: Descriptor, declared: access_pb2.Access, fact: access_pb2.Fact, rules: RuleSet
) -> Iterator[str]:
    if fact.attribute not in rules.vocabulary.attributes:
        yield f"attribute `{fact.attribute}` is not of the vocabulary"
    if not fact.attribute.startswith(FROM_REQUEST) or fact.attribute in STORED:
        yield f"attribute `{fact.attribute}` is a stored fact, which no request states"
    if fact.attribute.startswith("document.") and declared.document:
        yield f"attribute `{fact.attribute}` is a stored fact of the document that the request names"
    source = fact.WhichOneof("source")
    if source is None:
        yield f"attribute `{fact.attribute}` has no source"
    if source == "field":
        field = fields.find(asking, fact.field)
        if field is None:
            yield f"its request has no field `{fact.field}`"
        else:
            yield from _uncoded(field)


def _uncoded(field: FieldDescriptor) -> Iterator[str]:
    if field.enum_type is None:
        return
    coded = codes.by_number(field.enum_type)
    for value in field.enum_type.values:
        if value.number and value.number not in coded:
            yield f"value {value.name} of field `{field.name}` has no code"


def _is_identifier(field: FieldDescriptor) -> bool:
    return field.message_type is access_pb2.Identifier.DESCRIPTOR


def _is_subject(field: FieldDescriptor) -> bool:
    return field.message_type is access_pb2.Subject.DESCRIPTOR and not field.is_repeated


def _is_facts(field: FieldDescriptor) -> bool:
    return bool(field.is_repeated and field.message_type is access_pb2.SuppliedFact.DESCRIPTOR)


def _is_text(field: FieldDescriptor) -> bool:
    return bool(field.type == FieldDescriptor.TYPE_STRING)


def _is_choice(field: FieldDescriptor) -> bool:
    return field.enum_type is not None or bool(field.type == FieldDescriptor.TYPE_BOOL)
