"""Two suites on two databases that are the same but for documents hidden from one caller."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from dmp.access.v1 import access_pb2 as access
from dmp.documents.v1 import documents_pb2 as documents
from dmp.records.v1 import records_pb2 as records
from services.runtime import server
from services.store import addresses
from services.store.postgres import PostgresSession
from services.store.sqlite import SqliteSession
from tests.services.databases import created, dropped, of_server
from tests.services.world import FEATURES, PATIENCE, Person, World, of, running

UUID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NUMBER = re.compile(rb"0{24}[0-9]{12}")
"""Stands for an id that was made by chance, and has its length."""
SEALED: Final = 48
"""Characters of a cursor that is sealed, and is made by chance as well."""
HOUR = timedelta(hours=1)
HIDDEN_ID = "2.16.840.1.113883.19.5.2"
SPIED = ("begin", "mark", "undo", "release", "commit", "rows", "row", "change", "append")
Labels = tuple[documents.Label.ValueType, ...]


@dataclass(frozen=True)
class Hidden:
    """A document that is in one of the two worlds alone."""

    by: str
    labels: Labels
    type_code: str


@dataclass(frozen=True)
class Answer:
    """All that a caller is told."""

    code: str
    message: str | None
    payload: bytes
    """The response, or the details of the error; the ids made for this call are numbered in the order of the words."""


@dataclass
class Side:
    """One of the two worlds."""

    world: World
    statements: list[str]
    session: dict[str, str] = field(default_factory=dict)
    made: dict[bytes, bytes] = field(default_factory=dict)
    cursors: list[str] = field(default_factory=list)

    def call(self, person: Person, rpc: MethodDescriptor, request: Message, kept: Sequence[str]) -> Answer:
        """Call as somebody, always in the same session, and read every byte of what he is told.

        What he was told under a number he hands in under its own.
        """
        token = self.session.setdefault(person["sub"], self.world.token(person))
        path = f"/{rpc.containing_service.full_name}/{rpc.name}"
        [feature] = [found.name for found in FEATURES if rpc.containing_service in found.services]
        channel = self.world.channels[feature]
        call: Callable[..., Any] = (channel.unary_stream if rpc.server_streaming else channel.unary_unary)(path)
        metadata = (("authorization", f"Bearer {token}"),)
        try:
            answered = call(self._own(request), timeout=PATIENCE, metadata=metadata)
            payload = b"".join(answered) if rpc.server_streaming else answered
        except grpc.RpcError as error:
            details = b"".join(
                bytes(datum.value) for datum in error.trailing_metadata() or () if datum.key == server.DETAILS
            )
            return Answer(error.code().name, self._text(error.details(), kept), self._numbered(details, kept))
        return Answer("OK", None, self._numbered(self._unsealed(rpc, payload), kept))

    def _own(self, request: Message) -> bytes:
        """The request in this world's own ids and cursors."""
        own: Any = type(request)()
        own.CopyFrom(request)
        if len(getattr(own, "page_token", "")) == SEALED and own.page_token.isdigit():
            own.page_token = self.cursors[int(own.page_token)]
        known = {number: made for made, number in self.made.items()}
        said: bytes = own.SerializeToString(deterministic=True)
        return NUMBER.sub(lambda found: known.get(found[0], found[0]), said)

    def _unsealed(self, rpc: MethodDescriptor, payload: bytes) -> bytes:
        """The response with a number of the same length for a sealed cursor."""
        if "next_page_token" not in rpc.output_type.fields_by_name:
            return payload
        response: Any = GetMessageClass(rpc.output_type).FromString(payload)
        if len(response.next_page_token) == SEALED:
            self.cursors.append(response.next_page_token)
            response.next_page_token = f"{len(self.cursors) - 1:0{SEALED}d}"
        return bytes(response.SerializeToString(deterministic=True))

    def _text(self, text: str | None, kept: Sequence[str]) -> str:
        return self._numbered((text or "").encode(), kept).decode()

    def _numbered(self, told: bytes, kept: Sequence[str]) -> bytes:
        """Ids that are made by chance, each replaced by a number of the same length."""
        known = {one.encode() for one in kept}

        def number(found: re.Match[bytes]) -> bytes:
            if found[0] in known:
                return found[0]
            return self.made.setdefault(found[0], b"%036d" % len(self.made))

        return UUID.sub(number, told)


@dataclass(frozen=True)
class Bare:
    """A record with documents that both worlds have, in a database that nobody serves."""

    address: str
    patient: Person
    documents: tuple[str, ...]
    at: datetime
    keys: Path
    """The directory of its master keys."""

    def copied(self, folder: Path) -> str:
        """The address of another database like it."""
        folder.mkdir(parents=True)
        shutil.copytree(self.keys, folder / "keys")
        file = addresses.sqlite_file(self.address)
        if file is not None:
            return f"{addresses.SQLITE}{shutil.copy(file, folder / 'dmp.sqlite')}"
        name = self.address.partition("dbname=")[2].partition("&")[0]
        return created(of_server(self.address, "postgres"), name)


@contextmanager
def pair(bare: Bare, folder: Path) -> Iterator[tuple[Side, Side]]:
    """Serve two copies, each noting the statements that it runs."""
    with ExitStack() as ending:
        sides = []
        for name in ("without", "with"):
            address = bare.copied(folder / name)
            ending.callback(dropped, address)
            world = ending.enter_context(running(folder / name, DMP_DATABASE_URL=address))
            sides.append(Side(world, []))
        yield sides[0], sides[1]


def at(world: World, moment: datetime) -> None:
    """Stop the clock of a suite at a moment, so that no answer differs by when it was asked for."""
    object.__setattr__(world.suite.gate, "clock", lambda: moment)


def hide(sides: tuple[Side, Side], bare: Bare, hidden: Sequence[Hidden]) -> tuple[list[str], list[bytes]]:
    """Deposit documents into the second world; in the first, the same people only look at the record's status.

    Gives the ids, and contents that bear the same unique ids.
    """
    named, contents = [], []
    for side in sides:
        at(side.world, bare.at + HOUR)
    for number, one in enumerate(hidden):
        without, with_ = (side.world.as_(one.by) for side in sides)
        without.GetRecordStatus(records.GetRecordStatusRequest(record=of(bare.patient)))
        content = sides[1].world.cda(bare.patient, one.by, type_code=one.type_code, unique_id=f"{HIDDEN_ID}^{number}")
        answered = with_.DepositDocument(
            documents.DepositDocumentRequest(
                record=of(bare.patient),
                content=content,
                labels=one.labels,
                attestations=access.Attestations(non_opposition=True),
            )
        )
        named.append(answered.document_id)
        contents.append(content)
    for side in sides:
        at(side.world, bare.at + 2 * HOUR)
    return named, contents


@contextmanager
def noting(side: Side, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Note every statement that a store runs until the block ends, in order, without its values."""
    with monkeypatch.context() as patch:
        for session in (SqliteSession, PostgresSession):
            for name in SPIED:
                patch.setattr(session, name, _spying(getattr(session, name), name, side.statements))
        yield


def _spying(own: Any, name: str, statements: list[str]) -> Any:
    def spied(session: Any, *given: Any, **named: Any) -> Any:
        text = given[0].on(session.dialect).text if given else ""
        rows = len(given[1]) if name == "append" else ""
        statements.append(f"{name} {rows} {named or ''} {text}")
        return own(session, *given, **named)

    return spied


def bare_of(world: World, address: str, labels: Mapping[str, Sequence[Labels]], types: Sequence[str]) -> Bare:
    """Open a record, and let people deposit what everybody's world has."""
    patient = world.opened("author", "colleague", "nurse", treating="treating")
    for start in ("emergency", "regulator"):
        _break_the_glass(world, start, patient)
    world.as_(patient).BlockProfessional(
        records.BlockProfessionalRequest(record=of(patient), professional=of(world.people["blocked"]))
    )
    named = [
        world.deposit(patient, *given, by=author, type_code=types[place % len(types)])
        for author, each in labels.items()
        for place, given in enumerate(each)
    ]
    return Bare(address, patient, tuple(named), datetime.now(UTC), world.settings.keys)


def _break_the_glass(world: World, person: str, patient: Person) -> None:
    modes = {"emergency": records.EMERGENCY_MODE_BRIS_DE_GLACE, "regulator": records.EMERGENCY_MODE_CENTRE_15}
    attested = access.Attestations(patient_unable=True, immediate_risk=True, reason="coma", call_ref="15-1")
    world.as_(person).StartEmergencyAccess(
        records.StartEmergencyAccessRequest(record=of(patient), mode=modes[person], attestations=attested)
    )
