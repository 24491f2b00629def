from google.protobuf import descriptor_pb2 as _descriptor_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Form(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FORM_UNSPECIFIED: _ClassVar[Form]
    FORM_FIXED: _ClassVar[Form]
    FORM_EACH: _ClassVar[Form]
    FORM_ASKED: _ClassVar[Form]

class IdentifierKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    IDENTIFIER_KIND_UNSPECIFIED: _ClassVar[IdentifierKind]
    IDENTIFIER_KIND_INS: _ClassVar[IdentifierKind]
    IDENTIFIER_KIND_PROFESSIONAL: _ClassVar[IdentifierKind]
    IDENTIFIER_KIND_STRUCTURE: _ClassVar[IdentifierKind]
    IDENTIFIER_KIND_PROFESSIONAL_OR_STRUCTURE: _ClassVar[IdentifierKind]

class Purpose(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PURPOSE_UNSPECIFIED: _ClassVar[Purpose]
    PURPOSE_CARE: _ClassVar[Purpose]
    PURPOSE_OCCUPATIONAL: _ClassVar[Purpose]
    PURPOSE_INSURANCE: _ClassVar[Purpose]
    PURPOSE_EMPLOYMENT: _ClassVar[Purpose]
    PURPOSE_BANK: _ClassVar[Purpose]
    PURPOSE_CONTRACT: _ClassVar[Purpose]
FORM_UNSPECIFIED: Form
FORM_FIXED: Form
FORM_EACH: Form
FORM_ASKED: Form
IDENTIFIER_KIND_UNSPECIFIED: IdentifierKind
IDENTIFIER_KIND_INS: IdentifierKind
IDENTIFIER_KIND_PROFESSIONAL: IdentifierKind
IDENTIFIER_KIND_STRUCTURE: IdentifierKind
IDENTIFIER_KIND_PROFESSIONAL_OR_STRUCTURE: IdentifierKind
PURPOSE_UNSPECIFIED: Purpose
PURPOSE_CARE: Purpose
PURPOSE_OCCUPATIONAL: Purpose
PURPOSE_INSURANCE: Purpose
PURPOSE_EMPLOYMENT: Purpose
PURPOSE_BANK: Purpose
PURPOSE_CONTRACT: Purpose
ACCESS_FIELD_NUMBER: _ClassVar[int]
access: _descriptor.FieldDescriptor
RULE_FIELD_NUMBER: _ClassVar[int]
rule: _descriptor.FieldDescriptor
CODE_FIELD_NUMBER: _ClassVar[int]
code: _descriptor.FieldDescriptor

class Access(_message.Message):
    __slots__ = ("action", "form", "record", "document", "facts", "changes", "chosen_by", "choices", "asked", "traced_as")
    ACTION_FIELD_NUMBER: _ClassVar[int]
    FORM_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    FACTS_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    CHOSEN_BY_FIELD_NUMBER: _ClassVar[int]
    CHOICES_FIELD_NUMBER: _ClassVar[int]
    ASKED_FIELD_NUMBER: _ClassVar[int]
    TRACED_AS_FIELD_NUMBER: _ClassVar[int]
    action: str
    form: Form
    record: str
    document: str
    facts: _containers.RepeatedCompositeFieldContainer[Fact]
    changes: bool
    chosen_by: str
    choices: _containers.RepeatedCompositeFieldContainer[Choice]
    asked: str
    traced_as: str
    def __init__(self, action: _Optional[str] = ..., form: _Optional[_Union[Form, str]] = ..., record: _Optional[str] = ..., document: _Optional[str] = ..., facts: _Optional[_Iterable[_Union[Fact, _Mapping]]] = ..., changes: _Optional[bool] = ..., chosen_by: _Optional[str] = ..., choices: _Optional[_Iterable[_Union[Choice, _Mapping]]] = ..., asked: _Optional[str] = ..., traced_as: _Optional[str] = ...) -> None: ...

class Fact(_message.Message):
    __slots__ = ("attribute", "field", "value", "emergency_owner")
    ATTRIBUTE_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    EMERGENCY_OWNER_FIELD_NUMBER: _ClassVar[int]
    attribute: str
    field: str
    value: str
    emergency_owner: bool
    def __init__(self, attribute: _Optional[str] = ..., field: _Optional[str] = ..., value: _Optional[str] = ..., emergency_owner: _Optional[bool] = ...) -> None: ...

class Choice(_message.Message):
    __slots__ = ("value", "action")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    value: str
    action: str
    def __init__(self, value: _Optional[str] = ..., action: _Optional[str] = ...) -> None: ...

class FieldRule(_message.Message):
    __slots__ = ("required", "identifier", "max_length", "max_value")
    REQUIRED_FIELD_NUMBER: _ClassVar[int]
    IDENTIFIER_FIELD_NUMBER: _ClassVar[int]
    MAX_LENGTH_FIELD_NUMBER: _ClassVar[int]
    MAX_VALUE_FIELD_NUMBER: _ClassVar[int]
    required: bool
    identifier: IdentifierKind
    max_length: int
    max_value: int
    def __init__(self, required: _Optional[bool] = ..., identifier: _Optional[_Union[IdentifierKind, str]] = ..., max_length: _Optional[int] = ..., max_value: _Optional[int] = ...) -> None: ...

class Identifier(_message.Message):
    __slots__ = ("system", "value")
    SYSTEM_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    system: str
    value: str
    def __init__(self, system: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class Date(_message.Message):
    __slots__ = ("year", "month", "day")
    YEAR_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    DAY_FIELD_NUMBER: _ClassVar[int]
    year: int
    month: int
    day: int
    def __init__(self, year: _Optional[int] = ..., month: _Optional[int] = ..., day: _Optional[int] = ...) -> None: ...

class Attestations(_message.Message):
    __slots__ = ("consent", "informed", "non_opposition", "patient_request", "interview", "minor_consent", "representative_consent", "confirmed", "patient_unable", "immediate_risk", "reason", "call_ref", "mission", "secret_connection", "purpose")
    CONSENT_FIELD_NUMBER: _ClassVar[int]
    INFORMED_FIELD_NUMBER: _ClassVar[int]
    NON_OPPOSITION_FIELD_NUMBER: _ClassVar[int]
    PATIENT_REQUEST_FIELD_NUMBER: _ClassVar[int]
    INTERVIEW_FIELD_NUMBER: _ClassVar[int]
    MINOR_CONSENT_FIELD_NUMBER: _ClassVar[int]
    REPRESENTATIVE_CONSENT_FIELD_NUMBER: _ClassVar[int]
    CONFIRMED_FIELD_NUMBER: _ClassVar[int]
    PATIENT_UNABLE_FIELD_NUMBER: _ClassVar[int]
    IMMEDIATE_RISK_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    CALL_REF_FIELD_NUMBER: _ClassVar[int]
    MISSION_FIELD_NUMBER: _ClassVar[int]
    SECRET_CONNECTION_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    consent: bool
    informed: bool
    non_opposition: bool
    patient_request: bool
    interview: bool
    minor_consent: bool
    representative_consent: bool
    confirmed: bool
    patient_unable: bool
    immediate_risk: bool
    reason: str
    call_ref: str
    mission: str
    secret_connection: bool
    purpose: Purpose
    def __init__(self, consent: _Optional[bool] = ..., informed: _Optional[bool] = ..., non_opposition: _Optional[bool] = ..., patient_request: _Optional[bool] = ..., interview: _Optional[bool] = ..., minor_consent: _Optional[bool] = ..., representative_consent: _Optional[bool] = ..., confirmed: _Optional[bool] = ..., patient_unable: _Optional[bool] = ..., immediate_risk: _Optional[bool] = ..., reason: _Optional[str] = ..., call_ref: _Optional[str] = ..., mission: _Optional[str] = ..., secret_connection: _Optional[bool] = ..., purpose: _Optional[_Union[Purpose, str]] = ...) -> None: ...

class Decided(_message.Message):
    __slots__ = ("decision_id", "obligations")
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    OBLIGATIONS_FIELD_NUMBER: _ClassVar[int]
    decision_id: str
    obligations: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, decision_id: _Optional[str] = ..., obligations: _Optional[_Iterable[str]] = ...) -> None: ...
