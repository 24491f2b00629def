from dmp.access.v1 import access_pb2 as _access_pb2
from dmp.documents.v1 import documents_pb2 as _documents_pb2
from dmp.records.v1 import records_pb2 as _records_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Effect(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EFFECT_UNSPECIFIED: _ClassVar[Effect]
    EFFECT_PERMIT: _ClassVar[Effect]
    EFFECT_DENY: _ClassVar[Effect]

class Answer(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ANSWER_UNSPECIFIED: _ClassVar[Answer]
    ANSWER_OK: _ClassVar[Answer]
    ANSWER_FORBIDDEN: _ClassVar[Answer]
    ANSWER_NOT_FOUND: _ClassVar[Answer]
    ANSWER_CONFLICT: _ClassVar[Answer]
EFFECT_UNSPECIFIED: Effect
EFFECT_PERMIT: Effect
EFFECT_DENY: Effect
ANSWER_UNSPECIFIED: Answer
ANSWER_OK: Answer
ANSWER_FORBIDDEN: Answer
ANSWER_NOT_FOUND: Answer
ANSWER_CONFLICT: Answer

class Question(_message.Message):
    __slots__ = ("record", "action", "document_id", "professional", "role", "opposition", "holder_birth_date", "protection", "statuses")
    RECORD_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    PROFESSIONAL_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    OPPOSITION_FIELD_NUMBER: _ClassVar[int]
    HOLDER_BIRTH_DATE_FIELD_NUMBER: _ClassVar[int]
    PROTECTION_FIELD_NUMBER: _ClassVar[int]
    STATUSES_FIELD_NUMBER: _ClassVar[int]
    record: _access_pb2.Identifier
    action: str
    document_id: str
    professional: _access_pb2.Identifier
    role: _records_pb2.Role
    opposition: _records_pb2.Opposition
    holder_birth_date: _access_pb2.Date
    protection: _records_pb2.Protection
    statuses: _containers.RepeatedScalarFieldContainer[_documents_pb2.DocumentStatus]
    def __init__(self, record: _Optional[_Union[_access_pb2.Identifier, _Mapping]] = ..., action: _Optional[str] = ..., document_id: _Optional[str] = ..., professional: _Optional[_Union[_access_pb2.Identifier, _Mapping]] = ..., role: _Optional[_Union[_records_pb2.Role, str]] = ..., opposition: _Optional[_Union[_records_pb2.Opposition, str]] = ..., holder_birth_date: _Optional[_Union[_access_pb2.Date, _Mapping]] = ..., protection: _Optional[_Union[_records_pb2.Protection, str]] = ..., statuses: _Optional[_Iterable[_Union[_documents_pb2.DocumentStatus, str]]] = ...) -> None: ...

class CheckRequest(_message.Message):
    __slots__ = ("question", "attestations")
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    ATTESTATIONS_FIELD_NUMBER: _ClassVar[int]
    question: Question
    attestations: _access_pb2.Attestations
    def __init__(self, question: _Optional[_Union[Question, _Mapping]] = ..., attestations: _Optional[_Union[_access_pb2.Attestations, _Mapping]] = ...) -> None: ...

class CheckResponse(_message.Message):
    __slots__ = ("decided", "effect", "answer", "rules", "obligations")
    DECIDED_FIELD_NUMBER: _ClassVar[int]
    EFFECT_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    OBLIGATIONS_FIELD_NUMBER: _ClassVar[int]
    decided: _access_pb2.Decided
    effect: Effect
    answer: Answer
    rules: _containers.RepeatedScalarFieldContainer[str]
    obligations: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, decided: _Optional[_Union[_access_pb2.Decided, _Mapping]] = ..., effect: _Optional[_Union[Effect, str]] = ..., answer: _Optional[_Union[Answer, str]] = ..., rules: _Optional[_Iterable[str]] = ..., obligations: _Optional[_Iterable[str]] = ...) -> None: ...

class ExplainRequest(_message.Message):
    __slots__ = ("question", "attestations")
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    ATTESTATIONS_FIELD_NUMBER: _ClassVar[int]
    question: Question
    attestations: _access_pb2.Attestations
    def __init__(self, question: _Optional[_Union[Question, _Mapping]] = ..., attestations: _Optional[_Union[_access_pb2.Attestations, _Mapping]] = ...) -> None: ...

class ExplainResponse(_message.Message):
    __slots__ = ("decided", "effect", "answer", "summary", "reasons")
    DECIDED_FIELD_NUMBER: _ClassVar[int]
    EFFECT_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    decided: _access_pb2.Decided
    effect: Effect
    answer: Answer
    summary: Text
    reasons: _containers.RepeatedCompositeFieldContainer[Reason]
    def __init__(self, decided: _Optional[_Union[_access_pb2.Decided, _Mapping]] = ..., effect: _Optional[_Union[Effect, str]] = ..., answer: _Optional[_Union[Answer, str]] = ..., summary: _Optional[_Union[Text, _Mapping]] = ..., reasons: _Optional[_Iterable[_Union[Reason, _Mapping]]] = ...) -> None: ...

class Text(_message.Message):
    __slots__ = ("fr", "en")
    FR_FIELD_NUMBER: _ClassVar[int]
    EN_FIELD_NUMBER: _ClassVar[int]
    fr: str
    en: str
    def __init__(self, fr: _Optional[str] = ..., en: _Optional[str] = ...) -> None: ...

class Reason(_message.Message):
    __slots__ = ("rule", "title", "basis")
    RULE_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    BASIS_FIELD_NUMBER: _ClassVar[int]
    rule: str
    title: Text
    basis: str
    def __init__(self, rule: _Optional[str] = ..., title: _Optional[_Union[Text, _Mapping]] = ..., basis: _Optional[str] = ...) -> None: ...

class DescribeRulesRequest(_message.Message):
    __slots__ = ("attestations",)
    ATTESTATIONS_FIELD_NUMBER: _ClassVar[int]
    attestations: _access_pb2.Attestations
    def __init__(self, attestations: _Optional[_Union[_access_pb2.Attestations, _Mapping]] = ...) -> None: ...

class DescribeRulesResponse(_message.Message):
    __slots__ = ("decided", "digest", "profile", "rules")
    DECIDED_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    decided: _access_pb2.Decided
    digest: str
    profile: str
    rules: _containers.RepeatedCompositeFieldContainer[Rule]
    def __init__(self, decided: _Optional[_Union[_access_pb2.Decided, _Mapping]] = ..., digest: _Optional[str] = ..., profile: _Optional[str] = ..., rules: _Optional[_Iterable[_Union[Rule, _Mapping]]] = ...) -> None: ...

class Rule(_message.Message):
    __slots__ = ("rule", "catalogue_id", "title", "basis", "effect", "stage", "actions")
    RULE_FIELD_NUMBER: _ClassVar[int]
    CATALOGUE_ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    BASIS_FIELD_NUMBER: _ClassVar[int]
    EFFECT_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    ACTIONS_FIELD_NUMBER: _ClassVar[int]
    rule: str
    catalogue_id: str
    title: Text
    basis: str
    effect: Effect
    stage: str
    actions: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, rule: _Optional[str] = ..., catalogue_id: _Optional[str] = ..., title: _Optional[_Union[Text, _Mapping]] = ..., basis: _Optional[str] = ..., effect: _Optional[_Union[Effect, str]] = ..., stage: _Optional[str] = ..., actions: _Optional[_Iterable[str]] = ...) -> None: ...
