"""A running suite on free loopback ports, with real storage and the real rules, and the people who call it."""

import asyncio
import io
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import grpc
from google.rpc import error_details_pb2, status_pb2

from dmp.access.v1 import access_pb2 as access
from dmp.authorization.v1 import authorization_pb2_grpc
from dmp.documents.v1 import documents_pb2 as documents
from dmp.documents.v1 import documents_pb2_grpc
from dmp.records.v1 import jobs_pb2_grpc, records_pb2_grpc
from dmp.records.v1 import records_pb2 as records
from dmp.trace.v1 import trace_pb2_grpc
from services.authorization.handlers import FEATURE as AUTHORIZATION
from services.demo.french_cda import french_cda
from services.documents.handlers import FEATURE as DOCUMENTS
from services.records.handlers import FEATURE as RECORDS
from services.runtime import local_issuer, server, settings
from services.runtime.access import Feature
from services.runtime.identifiers import canonical, ins_key, parts
from tests.services import databases
from tests.services.unsealed import Seals

FEATURES = (AUTHORIZATION, RECORDS, DOCUMENTS)
PEOPLE = Path(__file__).parents[2] / "services/demo/people.yaml"
INS_OF_TESTS = "1.2.250.1.213.1.4.10"
PATIENCE = 20.0
BIRTH = access.Date(year=1984, month=3, day=1)
NORMAL = documents.LABEL_NORMAL
Person = dict[str, Any]


@dataclass(frozen=True)
class Refusal:
    """What a refused caller is told."""

    code: str
    reason: str
    metadata: Mapping[str, str]
    fields: Mapping[str, str]
    """Reason by field."""
    message: str

    @property
    def decision_id(self) -> str:
        return self.metadata["decision_id"]


def refusal(call: Callable[..., object], *request: object) -> Refusal:
    """Make a call that must be refused, and read its error details."""
    answered = answered_or_refused(call, *request)
    if isinstance(answered, Refusal):
        return answered
    raise AssertionError(f"answered, and should have been refused: {answered}")


def answered_or_refused(call: Callable[..., Any], *request: object) -> Any:
    """Make a call, and read its response, or the details of its error as a Refusal."""
    try:
        return call(*request)
    except grpc.RpcError as error:
        return told(error)


def trailing_of(error: grpc.RpcError) -> dict[str, bytes]:
    """The metadata that end a refused call."""
    return {datum.key: bytes(datum.value) for datum in error.trailing_metadata() or () if datum.key == server.DETAILS}


def told(error: grpc.RpcError) -> Refusal:
    """The details of an error."""
    trailing = trailing_of(error)
    status = status_pb2.Status.FromString(trailing.get(server.DETAILS, b""))
    info, request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status.details:
        if not detail.Unpack(info):
            detail.Unpack(request)
    assert info.domain in ("dmp-access", "")
    fields = {violation.field: violation.reason for violation in request.field_violations}
    return Refusal(error.code().name, info.reason, dict(info.metadata), fields, error.details() or "")


class As:
    """The services as one caller has them; each stub's RPCs take a request alone."""

    def __init__(self, channels: Mapping[str, grpc.Channel], token: str, **metadata: str) -> None:
        self._metadata = (("authorization", f"Bearer {token}"), *metadata.items())
        self._channels = channels

    def __getattr__(self, rpc: str) -> Callable[..., Any]:
        for name, stub in STUBS:
            if hasattr(stub(self._channels[name]), rpc):
                method = getattr(stub(self._channels[name]), rpc)
                return lambda request, timeout=PATIENCE: method(request, timeout=timeout, metadata=self._metadata)
        raise AttributeError(rpc)


STUBS: tuple[tuple[str, Any], ...] = (
    ("authorization", authorization_pb2_grpc.AuthorizationServiceStub),
    ("authorization", trace_pb2_grpc.TraceServiceStub),
    ("records", records_pb2_grpc.RecordsServiceStub),
    ("records", jobs_pb2_grpc.JobsServiceStub),
    ("documents", documents_pb2_grpc.DocumentsServiceStub),
)


@dataclass
class World:
    """One suite, and whoever calls it."""

    settings: settings.Settings
    suite: server.Suite
    loop: asyncio.AbstractEventLoop
    channels: Mapping[str, grpc.Channel]
    people: Mapping[str, Person]
    security_log: io.StringIO
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def as_(self, person: str | Person, **metadata: str) -> As:
        """Call as somebody, in a new session."""
        return As(self.channels, self.token(person), **metadata)

    def token(self, person: str | Person, **claims: object) -> str:
        known = self.people[person] if isinstance(person, str) else person
        return local_issuer.issue_token(self.settings, {**known, **claims})

    def patient(self) -> Person:
        """Somebody who was never here before."""
        number = f"28403759{next(self.numbers):05d}"
        value = f"{number}{ins_key(number):02d}"
        name = {"kind": "HOLDER", "name": "Alice Exemple", "authn_mode": "WEB_PATIENT"}
        return {**name, "sub": canonical(INS_OF_TESTS, value)}

    def opened(
        self,
        *authorised: str,
        treating: str | None = None,
        patient: Person | None = None,
        birth: access.Date = BIRTH,
    ) -> Person:
        """A patient, by default a new one, with an open record, and the professionals whom she authorised."""
        patient = patient or self.patient()
        consent = access.Attestations(consent=True, informed=True, representative_consent=True)
        record = of(patient)
        self.as_("author").CreateRecord(
            records.CreateRecordRequest(record=record, holder_birth_date=birth, attestations=consent)
        )
        for name in authorised:
            self.as_(name).GrantAccess(records.GrantAccessRequest(record=record, attestations=consent))
        if treating:
            self.as_(treating).SetTreatingPhysician(
                records.SetTreatingPhysicianRequest(record=record, attestations=consent)
            )
        return patient

    def deposit(self, patient: Person, *labels: documents.Label.ValueType, by: str = "author", **cda: Any) -> str:
        """Let somebody deposit a document of his own; its logical id."""
        request = documents.DepositDocumentRequest(
            record=of(patient),
            content=self.cda(patient, by, **cda),
            labels=labels or [NORMAL],
            attestations=access.Attestations(non_opposition=True),
        )
        return str(self.as_(by).DepositDocument(request).document_id)

    def cda(self, patient: Person, by: str = "author", **other: Any) -> bytes:
        """A document about a patient, by one of the people."""
        author = self.people[by]
        given: dict[str, Any] = {
            "unique_id": f"2.16.840.1.113883.19.5.1^{next(self.numbers)}",
            "patient": parts(patient["sub"]),
            "author": parts(author["sub"]),
            "structure": parts(author["structure"]) if "structure" in author else None,
            **other,
        }
        return french_cda(**given)

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """What is stored, as another connection sees it."""
        return databases.rows(self.settings.database, query, *values)

    def alter(self, statement: str, *values: object) -> None:
        """Change what is stored behind the suite's back, as time or an operator would."""
        databases.alter(self.settings.database, statement, *values)

    def trace(self, decision_id: str) -> dict[str, Any]:
        """The one entry of a decision, its JSON read."""
        [row] = self.entries("decision_id = ?", decision_id)
        for name in ("attested", "rules", "obligations", "facts", "outcomes", "items", "asserted"):
            row[name] = json.loads(row[name])
        return row

    def entries(self, condition: str, *values: object) -> list[dict[str, Any]]:
        """The rows of the entries that satisfy a condition, in order, their seals opened."""
        return list(Seals(self.settings.database, self.settings.keys).entries(condition, *values))

    def traces(self) -> int:
        """How many entries there are."""
        return int(self.rows("SELECT count(*) AS number FROM traces")[0]["number"])

    def state(self) -> dict[str, list[dict[str, Any]]]:
        """Everything stored but the traces."""
        tables = ("records", "oppositions", "authorisations", "roles", "consents", "documents", "document_contents")
        others = ("relations", "emergency_accesses", "notifications")
        with databases.reading(self.settings.database) as read:
            return {table: read(f"SELECT * FROM {table}", ()) for table in (*tables, *others)}  # noqa: S608 - our names


def of(person: Person) -> access.Identifier:
    """Somebody's identifier, or the id of a patient's record."""
    system, value = parts(person["sub"])
    return access.Identifier(system=system, value=value)


@contextmanager
def running(
    folder: Path,
    features: Sequence[Feature] = FEATURES,
    *,
    connect: Callable[[int], grpc.Channel] | None = None,
    **environment: str,
) -> Iterator[World]:
    """Serve from a folder until the block ends; `connect` makes a channel to a port, over plaintext when not given."""
    given = {f"DMP_{name.upper()}_PORT": "0" for name in (*settings.PORTS, "metrics")}
    # It has tests of its own, and the policies that it is made of take a second to read at every start.
    given |= {"DMP_ENVIRONMENT": "development", "DMP_VAR": str(folder), "DMP_SELF_CHECK_RATE": "0"}
    read = settings.read({**given, **environment})
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    log = io.StringIO()
    suite = asyncio.run_coroutine_threadsafe(server.start(read, features, log), loop).result(PATIENCE)
    channels = {found.name: (connect or plaintext)(found.port) for found in suite.listening}
    try:
        yield World(read, suite, loop, channels, local_issuer.people(PEOPLE), log)
    finally:
        for channel in channels.values():
            channel.close()
        asyncio.run_coroutine_threadsafe(suite.close(), loop).result(PATIENCE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)
        loop.close()


def plaintext(port: int) -> grpc.Channel:
    """A channel without TLS."""
    return grpc.insecure_channel(f"127.0.0.1:{port}", CHANNEL)


CHANNEL = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]


def raw(world: World, service: str, method: str, payload: bytes, *metadata: tuple[str, str]) -> bytes:
    """Send bytes, whatever they are."""
    path = f"/dmp.{service}.v1.{method}"
    host = world.channels[{"trace": "authorization"}.get(service, service)]
    call: Callable[..., bytes] = host.unary_unary(path)
    answer: bytes = call(payload, timeout=PATIENCE, metadata=metadata)
    return answer


def identified(world: World, person: str | Person) -> tuple[str, str]:
    """The metadata of somebody's token."""
    return "authorization", f"Bearer {world.token(person)}"
