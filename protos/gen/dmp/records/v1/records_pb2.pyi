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

class RecordState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RECORD_STATE_UNSPECIFIED: _ClassVar[RecordState]
    RECORD_STATE_ACTIVE: _ClassVar[RecordState]
    RECORD_STATE_CLOSED: _ClassVar[RecordState]
    RECORD_STATE_SUSPENDED: _ClassVar[RecordState]

class AuthorisationStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    AUTHORISATION_STATUS_UNSPECIFIED: _ClassVar[AuthorisationStatus]
    AUTHORISATION_STATUS_NON_EXISTE: _ClassVar[AuthorisationStatus]
    AUTHORISATION_STATUS_VALIDE: _ClassVar[AuthorisationStatus]
    AUTHORISATION_STATUS_EXPIRE: _ClassVar[AuthorisationStatus]
    AUTHORISATION_STATUS_INTERDIT: _ClassVar[AuthorisationStatus]

class Protection(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PROTECTION_UNSPECIFIED: _ClassVar[Protection]
    PROTECTION_NONE: _ClassVar[Protection]
    PROTECTION_TUTELLE: _ClassVar[Protection]
    PROTECTION_CURATELLE: _ClassVar[Protection]
    PROTECTION_HABILITATION: _ClassVar[Protection]

class Role(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ROLE_UNSPECIFIED: _ClassVar[Role]
    ROLE_MEDECIN_TRAITANT: _ClassVar[Role]

class Opposition(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OPPOSITION_UNSPECIFIED: _ClassVar[Opposition]
    OPPOSITION_BRIS_DE_GLACE: _ClassVar[Opposition]
    OPPOSITION_ACCES_URGENCE: _ClassVar[Opposition]

class EmergencyMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EMERGENCY_MODE_UNSPECIFIED: _ClassVar[EmergencyMode]
    EMERGENCY_MODE_BRIS_DE_GLACE: _ClassVar[EmergencyMode]
    EMERGENCY_MODE_CENTRE_15: _ClassVar[EmergencyMode]
RECORD_STATE_UNSPECIFIED: RecordState
RECORD_STATE_ACTIVE: RecordState
RECORD_STATE_CLOSED: RecordState
RECORD_STATE_SUSPENDED: RecordState
AUTHORISATION_STATUS_UNSPECIFIED: AuthorisationStatus
AUTHORISATION_STATUS_NON_EXISTE: AuthorisationStatus
AUTHORISATION_STATUS_VALIDE: AuthorisationStatus
AUTHORISATION_STATUS_EXPIRE: AuthorisationStatus
AUTHORISATION_STATUS_INTERDIT: AuthorisationStatus
PROTECTION_UNSPECIFIED: Protection
PROTECTION_NONE: Protection
PROTECTION_TUTELLE: Protection
PROTECTION_CURATELLE: Protection
PROTECTION_HABILITATION: Protection
ROLE_UNSPECIFIED: Role
ROLE_MEDECIN_TRAITANT: Role
OPPOSITION_UNSPECIFIED: Opposition
OPPOSITION_BRIS_DE_GLACE: Opposition
OPPOSITION_ACCES_URGENCE: Opposition
EMERGENCY_MODE_UNSPECIFIED: EmergencyMode
EMERGENCY_MODE_BRIS_DE_GLACE: EmergencyMode
EMERGENCY_MODE_CENTRE_15: EmergencyMode

class CreateRecordRequest(_message.Message):
    __slots__ = ("record", "attestations", "holder_birth_date", "protection")
    RECORD_FIELD_NUMBER: _ClassVar[int]
    ATTESTATIONS_FIELD_NUMBER: _ClassVar[int]
    HOLDER_BIRTH_DATE_FIELD_NUMBER: _ClassVar[int]
    PROTECTION_FIELD_NUMBER: _ClassVar[int]
    record: _access_pb2.Identifier
    attestations: _access_pb2.Attestations
    holder_birth_date: _access_pb2.Date
    protection: Protection
    def __init__(self, record: _Optional[_Union[_access_pb2.Identifier, _Mapping]] = ..., attestations: _Optional[_Union[_access_pb2.Attestations, _Mapping]] = ..., holder_birth_date: _Optional[_Union[_access_pb2.Date, _Mapping]] = ..., protection: _Optional[_Union[Protection, str]] = ...) -> None: ...

class CreateRecordResponse(_message.Message):
    __slots__ = ("decided",)
    DECIDED_FIELD_NUMBER: _ClassVar[int]
    decided: _access_pb2.Decided
    def __init__(self, decided: _Optional[_Union[_access_pb2.Decided, _Mapping]] = ...) -> None: ...

class GetRecordStatusRequest(_message.Message):
    __slots__ = ("record", "attestations")
    RECORD_FIELD_NUMBER: _ClassVar[int]
    ATTESTATIONS_FIELD_NUMBER: _ClassVar[int]
    record: _access_pb2.Identifier
    attestations: _access_pb2.Attestations
    def __init__(self, record: _Optional[_Union[_access_pb2.Identifier, _Mapping]] = ..., attestations: _Optional[_Union[_access_pb2.Attestations, _Mapping]] = ...) -> None: ...

class GetRecordStatusResponse(_message.Message):
    __slots__ = ("decided", "state", "authorisation")
    DECIDED_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    AUTHORISATION_FIELD_NUMBER: _ClassVar[int]
    decided: _access_pb2.Decided
    state: RecordState
    authorisation: AuthorisationStatus
    def __init__(self, decided: _Optional[_Union[_access_pb2.Decided, _Mapping]] = ..., state: _Optional[_Union[RecordState, str]] = ..., authorisation: _Optional[_Union[AuthorisationStatus, str]] = ...) -> None: ...

class GrantAccessRequest(_message.Message):
    __slots__ = ("record", "attestations", "professional")
    RECORD_FIELD_NUMBER: _ClassVar[int]
    ATTESTATIONS_FIELD_NUMBER: _ClassVar[int]
    PROFESSIONAL_FIELD_NUMBER: _ClassVar[int]
    record: _access_pb2.Identifier
    attestations: _access_pb2.Attestations
    professional: _access_pb2.Identifier
    def __init__(self, record: _Optional[_Union[_access_pb2.Identifier, _Mapping]] = ..., attestations: _Optional[_Union[_access_pb2.Attestations, _Mapping]] = ..., professional: _Optional[_Union[_access_pb2.Identifier, _Mapping]] = ...) -> None: ...

class GrantAccessResponse(_message.Message):
    __slots__ = ("decided",)
    DECIDED_FIELD_NUMBER: _ClassVar[int]
    decided: _access_pb2.Decided
    def __init__(self, decided: _Optional[_Union[_access_pb2.Decided, _Mapping]] = ...) -> None: ...

class RevokeAccessRequest(_message.Message):
    __slots__ = ("record", "attestations", "professional", "role")
    RECORD_FIELD_NUMBER: _ClassVar[int]
    ATTESTATIONS_FIELD_NUMBER: _ClassVar[int]
    PROFESSIONAL_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    record: _access_pb2.Identifier
    attestations: _access_pb2.Attestations
    professional: _access_pb2.Identifier
    role: Role
    def __init__(self, record: _Optional[_Union[_access_pb2.Identifier, _Mapping]] = ..., attestations: _Optional[_Union[_access_pb2.Attestations, _Mapping]] = ..., professional: _Optional[_Union[_access_pb2.Identifier, _Mapping]] = ..., role: _Optional[_Union[Role, str]] = ...) -> None: ...

class RevokeAccessResponse(_message.Message):
    __slots__ = ("decided",)
    DECIDED_FIELD_NUMBER: _ClassVar[int]
    decided: _access_pb2.Decided
    def __init__(self, decided: _Optional[_Union[_access_pb2.Decided, _Mapping]] = ...) -> None: ...

class BlockProfessionalRequest(_message.Message):
    __slots__ = ("record", "attestations", "professional")
    RECORD_FIELD_NUMBER: _ClassVar[int]
    ATTESTATIONS_FIELD_NUMBER: _ClassVar[int]
    PROFESSIONAL_FIELD_NUMBER: _ClassVar[int]
    record: _access_pb2.Identifier
    attestations: _access_pb2.Attestations
    professional: _access_pb2.Identifier
    def __init__(self, record: _Optional[_Union[_access_pb2.Identifier, _Mapping]] = ..., attestations: _Optional[_Union[_access_pb2.Attestations, _Mapping]] = ..., professional: _Optional[_Union[_access_pb2.Identifier, _Mapping]] = ...) -> None: ...

class BlockProfessionalResponse(_message.Message):
    __slots__ = ("decided",)
    DECIDED_FIELD_NUMBER: _ClassVar[int]
    decided: _access_pb2.Decided
    def __init__(self, decided: _Optional[_Union[_access_pb2.Decided, _Mapping]] = ...) -> None: ...

class UnblockProfessionalRequest(_message.Message):
    __slots__ = ("record", "attestations", "professional")
    RECORD_FIELD_NUMBER: _ClassVar[int]
    ATTESTATIONS_FIELD_NUMBER: _ClassVar[int]
    PROFESSIONAL_FIELD_NUMBER: _ClassVar[int]
    record: _access_pb2.Identifier
    attestations: _access_pb2.Attestations
    professional: _access_pb2.Identifier
    def __init__(self, record: _Optional[_Union[_access_pb2.Identifier, _Mapping]] = ..., attestations: _Optional[_Union[_access_pb2.Attestations, _Mapping]] = ..., professional: _Optional[_Union[_access_pb2.Identifier, _Mapping]] = ...) -> None: ...

class UnblockProfessionalResponse(_message.Message):
    __slots__ = ("decided",)
    DECIDED_FIELD_NUMBER: _ClassVar[int]
    decided: _access_pb2.Decided
    def __init__(self, decided: _Optional[_Union[_access_pb2.Decided, _Mapping]] = ...) -> None: ...

class SetTreatingPhysicianRequest(_message.Message):
    __slots__ = ("record", "attestations", "professional")
    RECORD_FIELD_NUMBER: _ClassVar[int]
    ATTESTATIONS_FIELD_NUMBER: _ClassVar[int]
    PROFESSIONAL_FIELD_NUMBER: _ClassVar[int]
    record: _access_pb2.Identifier
    attestations: _access_pb2.Attestations
    professional: _access_pb2.Identifier
    def __init__(self, record: _Optional[_Union[_access_pb2.Identifier, _Mapping]] = ..., attestations: _Optional[_Union[_access_pb2.Attestations, _Mapping]] = ..., professional: _Optional[_Union[_access_pb2.Identifier, _Mapping]] = ...) -> None: ...

class SetTreatingPhysicianResponse(_message.Message):
    __slots__ = ("decided",)
    DECIDED_FIELD_NUMBER: _ClassVar[int]
    decided: _access_pb2.Decided
    def __init__(self, decided: _Optional[_Union[_access_pb2.Decided, _Mapping]] = ...) -> None: ...

class SetOppositionRequest(_message.Message):
    __slots__ = ("record", "attestations", "opposition", "opposed")
    RECORD_FIELD_NUMBER: _ClassVar[int]
    ATTESTATIONS_FIELD_NUMBER: _ClassVar[int]
    OPPOSITION_FIELD_NUMBER: _ClassVar[int]
    OPPOSED_FIELD_NUMBER: _ClassVar[int]
    record: _access_pb2.Identifier
    attestations: _access_pb2.Attestations
    opposition: Opposition
    opposed: bool
    def __init__(self, record: _Optional[_Union[_access_pb2.Identifier, _Mapping]] = ..., attestations: _Optional[_Union[_access_pb2.Attestations, _Mapping]] = ..., opposition: _Optional[_Union[Opposition, str]] = ..., opposed: _Optional[bool] = ...) -> None: ...

class SetOppositionResponse(_message.Message):
    __slots__ = ("decided",)
    DECIDED_FIELD_NUMBER: _ClassVar[int]
    decided: _access_pb2.Decided
    def __init__(self, decided: _Optional[_Union[_access_pb2.Decided, _Mapping]] = ...) -> None: ...

class StartEmergencyAccessRequest(_message.Message):
    __slots__ = ("record", "attestations", "mode")
    RECORD_FIELD_NUMBER: _ClassVar[int]
    ATTESTATIONS_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    record: _access_pb2.Identifier
    attestations: _access_pb2.Attestations
    mode: EmergencyMode
    def __init__(self, record: _Optional[_Union[_access_pb2.Identifier, _Mapping]] = ..., attestations: _Optional[_Union[_access_pb2.Attestations, _Mapping]] = ..., mode: _Optional[_Union[EmergencyMode, str]] = ...) -> None: ...

class StartEmergencyAccessResponse(_message.Message):
    __slots__ = ("decided", "expires_at")
    DECIDED_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    decided: _access_pb2.Decided
    expires_at: _timestamp_pb2.Timestamp
    def __init__(self, decided: _Optional[_Union[_access_pb2.Decided, _Mapping]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class EndEmergencyAccessRequest(_message.Message):
    __slots__ = ("record", "attestations")
    RECORD_FIELD_NUMBER: _ClassVar[int]
    ATTESTATIONS_FIELD_NUMBER: _ClassVar[int]
    record: _access_pb2.Identifier
    attestations: _access_pb2.Attestations
    def __init__(self, record: _Optional[_Union[_access_pb2.Identifier, _Mapping]] = ..., attestations: _Optional[_Union[_access_pb2.Attestations, _Mapping]] = ...) -> None: ...

class EndEmergencyAccessResponse(_message.Message):
    __slots__ = ("decided",)
    DECIDED_FIELD_NUMBER: _ClassVar[int]
    decided: _access_pb2.Decided
    def __init__(self, decided: _Optional[_Union[_access_pb2.Decided, _Mapping]] = ...) -> None: ...

class ListNotificationsRequest(_message.Message):
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

class ListNotificationsResponse(_message.Message):
    __slots__ = ("decided", "notifications", "next_page_token")
    DECIDED_FIELD_NUMBER: _ClassVar[int]
    NOTIFICATIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    decided: _access_pb2.Decided
    notifications: _containers.RepeatedCompositeFieldContainer[Notification]
    next_page_token: str
    def __init__(self, decided: _Optional[_Union[_access_pb2.Decided, _Mapping]] = ..., notifications: _Optional[_Iterable[_Union[Notification, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class Notification(_message.Message):
    __slots__ = ("notification_id", "at", "action", "actor", "actor_name", "mode", "reason")
    NOTIFICATION_ID_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    ACTOR_NAME_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    notification_id: str
    at: _timestamp_pb2.Timestamp
    action: str
    actor: _access_pb2.Identifier
    actor_name: str
    mode: str
    reason: str
    def __init__(self, notification_id: _Optional[str] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., action: _Optional[str] = ..., actor: _Optional[_Union[_access_pb2.Identifier, _Mapping]] = ..., actor_name: _Optional[str] = ..., mode: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...
