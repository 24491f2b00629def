import datetime

from dmp.access.v1 import access_pb2 as _access_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class LineKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LINE_KIND_UNSPECIFIED: _ClassVar[LineKind]
    LINE_KIND_ACCESS: _ClassVar[LineKind]
    LINE_KIND_ACTION: _ClassVar[LineKind]
    LINE_KIND_DOCUMENT: _ClassVar[LineKind]
    LINE_KIND_QUESTION: _ClassVar[LineKind]

class Outcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUTCOME_UNSPECIFIED: _ClassVar[Outcome]
    OUTCOME_DONE: _ClassVar[Outcome]
    OUTCOME_REFUSED: _ClassVar[Outcome]
    OUTCOME_FAILED: _ClassVar[Outcome]
    OUTCOME_LATE: _ClassVar[Outcome]
LINE_KIND_UNSPECIFIED: LineKind
LINE_KIND_ACCESS: LineKind
LINE_KIND_ACTION: LineKind
LINE_KIND_DOCUMENT: LineKind
LINE_KIND_QUESTION: LineKind
OUTCOME_UNSPECIFIED: Outcome
OUTCOME_DONE: Outcome
OUTCOME_REFUSED: Outcome
OUTCOME_FAILED: Outcome
OUTCOME_LATE: Outcome

class ListTracesRequest(_message.Message):
    __slots__ = ("record", "attestations", "page_size", "page_token")
    RECORD_FIELD_NUMBER: _ClassVar[int]
    ATTESTATIONS_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    record: _access_pb2.Identifier
    attestations: _access_pb2.Attestations
    page_size: int
    page_token: str
    def __init__(self, record: _Optional[_Union[_access_pb2.Identifier, _Mapping]] = ..., attestations: _Optional[_Union[_access_pb2.Attestations, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListTracesResponse(_message.Message):
    __slots__ = ("decided", "lines", "next_page_token")
    DECIDED_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    decided: _access_pb2.Decided
    lines: _containers.RepeatedCompositeFieldContainer[Line]
    next_page_token: str
    def __init__(self, decided: _Optional[_Union[_access_pb2.Decided, _Mapping]] = ..., lines: _Optional[_Iterable[_Union[Line, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class Line(_message.Message):
    __slots__ = ("kind", "at", "actor_kind", "actor", "actor_name", "profession", "structure", "mode", "reason", "attested", "action", "outcome", "document_id")
    KIND_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    ACTOR_KIND_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    ACTOR_NAME_FIELD_NUMBER: _ClassVar[int]
    PROFESSION_FIELD_NUMBER: _ClassVar[int]
    STRUCTURE_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ATTESTED_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    kind: LineKind
    at: _timestamp_pb2.Timestamp
    actor_kind: str
    actor: _access_pb2.Identifier
    actor_name: str
    profession: str
    structure: _access_pb2.Identifier
    mode: str
    reason: str
    attested: _containers.RepeatedScalarFieldContainer[str]
    action: str
    outcome: Outcome
    document_id: str
    def __init__(self, kind: _Optional[_Union[LineKind, str]] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., actor_kind: _Optional[str] = ..., actor: _Optional[_Union[_access_pb2.Identifier, _Mapping]] = ..., actor_name: _Optional[str] = ..., profession: _Optional[str] = ..., structure: _Optional[_Union[_access_pb2.Identifier, _Mapping]] = ..., mode: _Optional[str] = ..., reason: _Optional[str] = ..., attested: _Optional[_Iterable[str]] = ..., action: _Optional[str] = ..., outcome: _Optional[_Union[Outcome, str]] = ..., document_id: _Optional[str] = ...) -> None: ...
