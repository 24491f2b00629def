"""A request for any RPC of the contract, drawn field by field from its descriptor, so that no new RPC is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import strategies as st

from dmp.access.v1 import access_pb2 as access
from dmp.documents.v1 import documents_pb2 as documents
from services.runtime.identifiers import parts

NOBODY = "99999999-9999-4999-8999-999999999999"
"""An id of nothing, in the form of one of something."""

LABELS: Sequence[Sequence[documents.Label.ValueType]] = (
    (documents.LABEL_NORMAL,),
    (documents.LABEL_NORMAL, documents.LABEL_MASQUE_PS),
    (documents.LABEL_NORMAL, documents.LABEL_INVISIBLE_PATIENT),
    (documents.LABEL_MASQUE_PS,),
)
ATTESTATIONS = (
    access.Attestations(),
    access.Attestations(consent=True, informed=True, non_opposition=True),
    access.Attestations(
        consent=True, informed=True, non_opposition=True, patient_request=True, interview=True, confirmed=True
    ),
    access.Attestations(consent=True, informed=True, non_opposition=True, patient_request=True),
    access.Attestations(patient_unable=True, immediate_risk=True, reason="coma"),
)


@dataclass
class Known:
    """What a caller may put into a request."""

    record: str
    professionals: Sequence[str]
    texts: Mapping[str, Sequence[str]]
    """By the last word of a field's name: what else than nothing it may hold."""
    contents: Sequence[bytes]
    page_tokens: dict[str, list[str]] = field(default_factory=dict)
    """By the path of the RPC, what it gave out."""


def request(draw: Any, rpc: MethodDescriptor, known: Known) -> Message:
    """A request, most often one that may be answered."""
    return _message(draw, rpc.input_type, known, rpc.full_name)


def _message(draw: Any, kind: Descriptor, known: Known, rpc: str) -> Message:
    made: Message = GetMessageClass(kind)()
    for found in kind.fields:
        rule = found.GetOptions().Extensions[access.rule]
        # Of what need not be given, half is not.
        if found.name in ("record", "attestations", "labels") or rule.required or draw(st.booleans()):
            _fill(draw, made, found, known, rpc)
    return made


def _fill(draw: Any, made: Message, found: FieldDescriptor, known: Known, rpc: str) -> None:
    if found.enum_type is documents.Label.DESCRIPTOR:
        getattr(made, found.name).extend(draw(st.sampled_from(LABELS)))
        return
    if found.is_repeated:
        number = draw(st.integers(1, 3))
        values = [_value(draw, found, known, rpc) for _ in range(number)]
        getattr(made, found.name).extend(value for value in values if value is not None)
        return
    value = _value(draw, found, known, rpc)
    if found.message_type is not None:
        getattr(made, found.name).CopyFrom(value)
    elif value is not None:
        setattr(made, found.name, value)


def _value(draw: Any, found: FieldDescriptor, known: Known, rpc: str) -> Any:
    if found.message_type is not None:
        return _part(draw, found.message_type, found, known, rpc)
    if found.enum_type is not None:
        return draw(st.sampled_from([value.number for value in found.enum_type.values if value.number]))
    if found.type == found.TYPE_STRING:
        return draw(st.sampled_from(_texts(found, known, rpc)))
    if found.type == found.TYPE_BYTES:
        return draw(st.sampled_from(known.contents))
    if found.type == found.TYPE_BOOL:
        return draw(st.booleans())
    return draw(st.integers(1, 4))


def _texts(found: FieldDescriptor, known: Known, rpc: str) -> Sequence[str]:
    if found.name == "page_token":
        return known.page_tokens.get(rpc) or [""]
    return known.texts.get(found.name.rsplit("_", 1)[-1]) or ["something"]


def _part(draw: Any, kind: Descriptor, found: FieldDescriptor, known: Known, rpc: str) -> Message:
    if kind is access.Attestations.DESCRIPTOR:
        attested: Message = draw(st.sampled_from(ATTESTATIONS))
        return attested
    if kind is access.Date.DESCRIPTOR:
        return access.Date(year=draw(st.sampled_from((1984, 2026))), month=3, day=1)
    if kind is access.Identifier.DESCRIPTOR:
        rule = found.GetOptions().Extensions[access.rule]
        of_patients = rule.identifier == access.IDENTIFIER_KIND_INS
        system, value = parts(known.record if of_patients else draw(st.sampled_from(known.professionals)))
        return access.Identifier(system=system, value=value)
    return _message(draw, kind, known, rpc)
