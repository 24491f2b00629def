"""The closed list of what a caller can be told instead of an answer, and its one translation to gRPC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import grpc
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2

from services.store import errors as store

DOMAIN = "dmp-access"


class Kind(Enum):
    """What went wrong, its gRPC code, its machine reason and its sentence. Nothing else is ever answered."""

    MALFORMED = (grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED", "the message is not of the type that the RPC takes")
    INVALID = (
        grpc.StatusCode.INVALID_ARGUMENT,
        "INVALID_REQUEST",
        "the request is not valid; the details name each field",
    )
    TOO_LARGE = (grpc.StatusCode.RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE", "the message is larger than 4 MiB")
    CROWDED = (
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "ANSWERS_WAIT",
        "too many answers of this kind are being worked out: try again a little later",
    )
    OVERLOADED = (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED", "too much is under way: try again a little later")
    UNAUTHENTICATED = (grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED", "the caller is not identified")
    FORBIDDEN = (grpc.StatusCode.PERMISSION_DENIED, "ACCESS_DENIED", "the rules do not allow it")
    NOT_FOUND = (grpc.StatusCode.NOT_FOUND, "NOT_FOUND", "it does not exist, or not for this caller")
    CONFLICT = (grpc.StatusCode.FAILED_PRECONDITION, "STATE_CONFLICT", "the present state does not allow it")
    LATE = (grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED", "the deadline passed before the call was taken up")
    TOO_LONG = (
        grpc.StatusCode.DEADLINE_EXCEEDED,
        "ANSWER_TOOK_TOO_LONG",
        "the deadline passed before the answer was worked out; the call is traced",
    )
    CHANGED = (
        grpc.StatusCode.ABORTED,
        "CHANGED_MEANWHILE",
        "what was to be sent has changed since the decision, and what was sent is not whole; the call is traced",
    )
    BROKE_OFF = (
        grpc.StatusCode.UNAVAILABLE,
        "DOWNLOAD_BROKE_OFF",
        "what was to be sent could not be made to its end, and what was sent is not whole; the call is traced",
    )
    CONTENDED = (grpc.StatusCode.ABORTED, "CONTENDED", "others were changing the same record: try again")
    UNAVAILABLE = (grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE", "the call could not be traced, and nothing was done")
    BUG = (grpc.StatusCode.INTERNAL, "INTERNAL", "the call failed, and nothing was done")

    def __init__(self, code: grpc.StatusCode, reason: str, sentence: str) -> None:
        self.code = code
        self.reason = reason
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class FieldFault:
    """One field of the request that cannot be accepted; it never holds the value."""

    field: str
    reason: str
    """For machines: REQUIRED, OUT_OF_RANGE, …"""
    message: str


class ServiceError(Exception):
    """What the caller is told; `reason` replaces the kind's own."""

    def __init__(
        self,
        kind: Kind,
        reason: str = "",
        faults: tuple[FieldFault, ...] = (),
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(kind.sentence)
        self.kind = kind
        self.reason = reason or kind.reason
        self.faults = faults
        self.metadata = metadata or {}


def invalid(faults: Sequence[FieldFault], decision_id: str = "") -> ServiceError:
    """Every fault at once; a single fault gives its reason to the whole."""
    reasons = {fault.reason for fault in faults}
    reason = reasons.pop() if len(reasons) == 1 else Kind.INVALID.reason
    return ServiceError(Kind.INVALID, reason, tuple(faults), {"decision_id": decision_id} if decision_id else {})


def from_handler(error: Exception, decision_id: str) -> ServiceError:
    """What a handler's failure tells; by class alone, since foreign errors have attributes of any name."""
    told = {"decision_id": decision_id}
    match error:
        case ServiceError():
            return ServiceError(error.kind, error.reason, error.faults, {**error.metadata, **told})
        case store.StateConflict():
            return ServiceError(Kind.CONFLICT, metadata=told)
        case store.NotStored():
            return ServiceError(Kind.NOT_FOUND, metadata=told)
        case store.UnknownCursor():
            return invalid([FieldFault("page_token", "UNKNOWN_PAGE", "continues no list of this caller")], decision_id)
        case store.Contended():
            return ServiceError(Kind.CONTENDED, metadata=told)
        case store.Unavailable():
            return ServiceError(Kind.UNAVAILABLE)
        case _:
            return ServiceError(Kind.BUG, metadata=told)


def status_of(error: ServiceError) -> status_pb2.Status:
    """The google.rpc status with its details: reason, metadata and every field."""
    info = error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=dict(error.metadata))
    details = [_packed(info)]
    if error.faults:
        violations = [
            error_details_pb2.BadRequest.FieldViolation(
                field=fault.field, reason=fault.reason, description=fault.message
            )
            for fault in error.faults
        ]
        details.append(_packed(error_details_pb2.BadRequest(field_violations=violations)))
    number, _ = error.kind.code.value
    return status_pb2.Status(code=number, message=error.kind.sentence, details=details)


def _packed(message: error_details_pb2.ErrorInfo | error_details_pb2.BadRequest) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed
