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

class Label(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LABEL_UNSPECIFIED: _ClassVar[Label]
    LABEL_NORMAL: _ClassVar[Label]
    LABEL_RESTRICTED: _ClassVar[Label]
    LABEL_VERY_RESTRICTED: _ClassVar[Label]
    LABEL_MASQUE_PS: _ClassVar[Label]
    LABEL_INVISIBLE_PATIENT: _ClassVar[Label]
    LABEL_INVISIBLE_REPRESENTANTS_LEGAUX: _ClassVar[Label]

class DocumentStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DOCUMENT_STATUS_UNSPECIFIED: _ClassVar[DocumentStatus]
    DOCUMENT_STATUS_APPROVED: _ClassVar[DocumentStatus]
    DOCUMENT_STATUS_DEPRECATED: _ClassVar[DocumentStatus]
    DOCUMENT_STATUS_ARCHIVED: _ClassVar[DocumentStatus]
    DOCUMENT_STATUS_DELETED: _ClassVar[DocumentStatus]
LABEL_UNSPECIFIED: Label
LABEL_NORMAL: Label
LABEL_RESTRICTED: Label
LABEL_VERY_RESTRICTED: Label
LABEL_MASQUE_PS: Label
LABEL_INVISIBLE_PATIENT: Label
LABEL_INVISIBLE_REPRESENTANTS_LEGAUX: Label
DOCUMENT_STATUS_UNSPECIFIED: DocumentStatus
DOCUMENT_STATUS_APPROVED: DocumentStatus
DOCUMENT_STATUS_DEPRECATED: DocumentStatus
DOCUMENT_STATUS_ARCHIVED: DocumentStatus
DOCUMENT_STATUS_DELETED: DocumentStatus

class Document(_message.Message):
    __slots__ = ("document_id", "unique_id", "entry_uuid", "type_code", "class_code", "title", "labels", "status", "author", "author_structure", "created_at", "deposited_at")
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    UNIQUE_ID_FIELD_NUMBER: _ClassVar[int]
    ENTRY_UUID_FIELD_NUMBER: _ClassVar[int]
    TYPE_CODE_FIELD_NUMBER: _ClassVar[int]
    CLASS_CODE_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_STRUCTURE_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    DEPOSITED_AT_FIELD_NUMBER: _ClassVar[int]
    document_id: str
    unique_id: str
    entry_uuid: str
    type_code: str
    class_code: str
    title: str
    labels: _containers.RepeatedScalarFieldContainer[Label]
    status: DocumentStatus
    author: _access_pb2.Identifier
    author_structure: _access_pb2.Identifier
    created_at: _timestamp_pb2.Timestamp
    deposited_at: _timestamp_pb2.Timestamp
    def __init__(self, document_id: _Optional[str] = ..., unique_id: _Optional[str] = ..., entry_uuid: _Optional[str] = ..., type_code: _Optional[str] = ..., class_code: _Optional[str] = ..., title: _Optional[str] = ..., labels: _Optional[_Iterable[_Union[Label, str]]] = ..., status: _Optional[_Union[DocumentStatus, str]] = ..., author: _Optional[_Union[_access_pb2.Identifier, _Mapping]] = ..., author_structure: _Optional[_Union[_access_pb2.Identifier, _Mapping]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., deposited_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class DepositDocumentRequest(_message.Message):
    __slots__ = ("record", "attestations", "content", "labels")
    RECORD_FIELD_NUMBER: _ClassVar[int]
    ATTESTATIONS_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    record: _access_pb2.Identifier
    attestations: _access_pb2.Attestations
    content: bytes
    labels: _containers.RepeatedScalarFieldContainer[Label]
    def __init__(self, record: _Optional[_Union[_access_pb2.Identifier, _Mapping]] = ..., attestations: _Optional[_Union[_access_pb2.Attestations, _Mapping]] = ..., content: _Optional[bytes] = ..., labels: _Optional[_Iterable[_Union[Label, str]]] = ...) -> None: ...

class DepositDocumentResponse(_message.Message):
    __slots__ = ("decided", "document_id", "entry_uuid")
    DECIDED_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    ENTRY_UUID_FIELD_NUMBER: _ClassVar[int]
    decided: _access_pb2.Decided
    document_id: str
    entry_uuid: str
    def __init__(self, decided: _Optional[_Union[_access_pb2.Decided, _Mapping]] = ..., document_id: _Optional[str] = ..., entry_uuid: _Optional[str] = ...) -> None: ...

class ListDocumentsRequest(_message.Message):
    __slots__ = ("record", "attestations", "statuses", "page_size", "page_token")
    RECORD_FIELD_NUMBER: _ClassVar[int]
    ATTESTATIONS_FIELD_NUMBER: _ClassVar[int]
    STATUSES_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    record: _access_pb2.Identifier
    attestations: _access_pb2.Attestations
    statuses: _containers.RepeatedScalarFieldContainer[DocumentStatus]
    page_size: int
    page_token: str
    def __init__(self, record: _Optional[_Union[_access_pb2.Identifier, _Mapping]] = ..., attestations: _Optional[_Union[_access_pb2.Attestations, _Mapping]] = ..., statuses: _Optional[_Iterable[_Union[DocumentStatus, str]]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListDocumentsResponse(_message.Message):
    __slots__ = ("decided", "documents", "next_page_token")
    DECIDED_FIELD_NUMBER: _ClassVar[int]
    DOCUMENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    decided: _access_pb2.Decided
    documents: _containers.RepeatedCompositeFieldContainer[Document]
    next_page_token: str
    def __init__(self, decided: _Optional[_Union[_access_pb2.Decided, _Mapping]] = ..., documents: _Optional[_Iterable[_Union[Document, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetDocumentRequest(_message.Message):
    __slots__ = ("record", "attestations", "document_id")
    RECORD_FIELD_NUMBER: _ClassVar[int]
    ATTESTATIONS_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    record: _access_pb2.Identifier
    attestations: _access_pb2.Attestations
    document_id: str
    def __init__(self, record: _Optional[_Union[_access_pb2.Identifier, _Mapping]] = ..., attestations: _Optional[_Union[_access_pb2.Attestations, _Mapping]] = ..., document_id: _Optional[str] = ...) -> None: ...

class GetDocumentResponse(_message.Message):
    __slots__ = ("decided", "document", "content")
    DECIDED_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    decided: _access_pb2.Decided
    document: Document
    content: bytes
    def __init__(self, decided: _Optional[_Union[_access_pb2.Decided, _Mapping]] = ..., document: _Optional[_Union[Document, _Mapping]] = ..., content: _Optional[bytes] = ...) -> None: ...

class MaskDocumentRequest(_message.Message):
    __slots__ = ("record", "attestations", "document_id")
    RECORD_FIELD_NUMBER: _ClassVar[int]
    ATTESTATIONS_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    record: _access_pb2.Identifier
    attestations: _access_pb2.Attestations
    document_id: str
    def __init__(self, record: _Optional[_Union[_access_pb2.Identifier, _Mapping]] = ..., attestations: _Optional[_Union[_access_pb2.Attestations, _Mapping]] = ..., document_id: _Optional[str] = ...) -> None: ...

class MaskDocumentResponse(_message.Message):
    __slots__ = ("decided", "document")
    DECIDED_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    decided: _access_pb2.Decided
    document: Document
    def __init__(self, decided: _Optional[_Union[_access_pb2.Decided, _Mapping]] = ..., document: _Optional[_Union[Document, _Mapping]] = ...) -> None: ...

class UnmaskDocumentRequest(_message.Message):
    __slots__ = ("record", "attestations", "document_id")
    RECORD_FIELD_NUMBER: _ClassVar[int]
    ATTESTATIONS_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    record: _access_pb2.Identifier
    attestations: _access_pb2.Attestations
    document_id: str
    def __init__(self, record: _Optional[_Union[_access_pb2.Identifier, _Mapping]] = ..., attestations: _Optional[_Union[_access_pb2.Attestations, _Mapping]] = ..., document_id: _Optional[str] = ...) -> None: ...

class UnmaskDocumentResponse(_message.Message):
    __slots__ = ("decided", "document")
    DECIDED_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    decided: _access_pb2.Decided
    document: Document
    def __init__(self, decided: _Optional[_Union[_access_pb2.Decided, _Mapping]] = ..., document: _Optional[_Union[Document, _Mapping]] = ...) -> None: ...

class RevealToPatientRequest(_message.Message):
    __slots__ = ("record", "attestations", "document_id")
    RECORD_FIELD_NUMBER: _ClassVar[int]
    ATTESTATIONS_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    record: _access_pb2.Identifier
    attestations: _access_pb2.Attestations
    document_id: str
    def __init__(self, record: _Optional[_Union[_access_pb2.Identifier, _Mapping]] = ..., attestations: _Optional[_Union[_access_pb2.Attestations, _Mapping]] = ..., document_id: _Optional[str] = ...) -> None: ...

class RevealToPatientResponse(_message.Message):
    __slots__ = ("decided", "document")
    DECIDED_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    decided: _access_pb2.Decided
    document: Document
    def __init__(self, decided: _Optional[_Union[_access_pb2.Decided, _Mapping]] = ..., document: _Optional[_Union[Document, _Mapping]] = ...) -> None: ...
