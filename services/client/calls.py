"""Calls over gRPC as any client makes them, and their answers in the catalogue's words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Final

import grpc
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2, status_pb2

from dmp.authorization.v1 import authorization_pb2
from dmp.documents.v1 import documents_pb2
from dmp.records.v1 import jobs_pb2, records_pb2
from dmp.trace.v1 import trace_pb2
from services.runtime.settings import Settings

OK: Final = "OK"
ANSWERS: Final = {
    grpc.StatusCode.PERMISSION_DENIED: "FORBIDDEN",
    grpc.StatusCode.NOT_FOUND: "NOT_FOUND",
    grpc.StatusCode.FAILED_PRECONDITION: "CONFLICT",
}
TIMEOUT: Final = 10.0
DETAILS: Final = "grpc-status-details-bin"
DECISION: Final = "decision_id"
# A proxy of the environment has no business on the loopback, and a probe must not wait for the one before it.
OPTIONS: Final = (("grpc.enable_http_proxy", 0), ("grpc.use_local_subchannel_pool", 1))
SERVED: Final = {
    authorization_pb2: "authorization",
    trace_pb2: "authorization",
    records_pb2: "records",
    jobs_pb2: "records",
    documents_pb2: "documents",
}
METHODS: Final = {
    method.input_type.full_name: (feature, f"/{service.full_name}/{method.name}", GetMessageClass(method.output_type))
    for module, feature in SERVED.items()
    for service in module.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}
"""The service, the path and the response of the RPC that takes a request."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    answer: str
    """OK, FORBIDDEN, NOT_FOUND, CONFLICT; or the gRPC code, for what is no decision."""
    response: Message | None = None
    rules: tuple[str, ...] = ()
    decision_id: str = ""
    reason: str = ""
    told: bytes = b""
    """All that a refused caller was told, but for the id of the decision."""


@dataclass(frozen=True, slots=True)
class Suite:
    """A running suite as a client sees it."""

    channels: Mapping[str, grpc.Channel] = field(repr=False)

    def ask(self, token: str, request: Message) -> Reply:
        """Make the call that takes this request, as the bearer of a token."""
        feature, path, answer = METHODS[request.DESCRIPTOR.full_name]
        call = self.channels[feature].unary_unary(path, type(request).SerializeToString, answer.FromString)
        try:
            response: Message = call(request, timeout=TIMEOUT, metadata=(("authorization", f"Bearer {token}"),))
        except grpc.RpcError as error:
            return _refused(error)
        return Reply(OK, response, decision_id=response.decided.decision_id)  # type: ignore[attr-defined]  # every response has it


@contextmanager
def opened(settings: Settings) -> Iterator[Suite]:
    """The suite on the configured ports."""
    with ExitStack() as stack:
        addresses = {name: f"{settings.host}:{port}" for name, port in settings.ports.items()}
        yield Suite({name: stack.enter_context(channel(address)) for name, address in addresses.items()})


def channel(address: str) -> grpc.Channel:
    """A plaintext channel, as development has it."""
    return grpc.insecure_channel(address, options=OPTIONS)


def _refused(error: grpc.RpcError) -> Reply:
    """Read a refusal with its details."""
    code = error.code()
    packed = next((trailer.value for trailer in error.trailing_metadata() or () if trailer.key == DETAILS), b"")
    status = status_pb2.Status.FromString(packed)
    info = error_details_pb2.ErrorInfo()
    for detail in status.details:
        if detail.Unpack(info):
            break
    decision_id = info.metadata.pop(DECISION, "")
    others = [detail.value for detail in status.details if not detail.Is(info.DESCRIPTOR)]
    told = repr((code, status.code, status.message, info.SerializeToString(deterministic=True), others)).encode()
    rules = tuple(filter(None, info.metadata.get("rules", "").split(",")))
    reason = info.reason or error.details() or ""
    return Reply(ANSWERS.get(code, code.name), None, rules, decision_id, reason, told)
