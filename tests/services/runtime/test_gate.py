"""The gate when something behind it fails, is late, or races."""

import ast
import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest

from dmp.access.v1 import access_pb2 as access
from dmp.documents.v1 import documents_pb2 as documents
from dmp.records.v1 import records_pb2 as records
from services.records.handlers import grant_access
from services.runtime.access import Handler
from services.runtime.call import Call
from services.runtime.errors import Kind, ServiceError
from services.runtime.settings import REPOSITORY
from services.store.errors import StateConflict
from tests.services.world import FEATURES, As, Person, World, of, refusal, running

CONSENT = access.Attestations(consent=True)


@contextmanager
def with_grants(folder: Path, handler: Handler) -> Iterator[World]:
    """A suite in which GrantAccess does this."""
    features = [
        replace(found, handlers={**found.handlers, "GrantAccess": handler}) if found.name == "records" else found
        for found in FEATURES
    ]
    with running(folder, features) as world:
        yield world


def grant(patient: Person) -> records.GrantAccessRequest:
    return records.GrantAccessRequest(record=of(patient), attestations=CONSENT)


def failing(error: Exception) -> Handler:
    """Grants, and then fails."""

    def handle(call: Call, request: records.GrantAccessRequest) -> records.GrantAccessResponse:
        grant_access(call, request)
        raise error

    return handle


ERRORS: dict[str, tuple[Exception, str, str]] = {
    "a bug": (KeyError("1.2.250.1.213.1.4.10|284037599900117"), "INTERNAL", "INTERNAL"),
    "a conflict": (StateConflict("the patient is blocked"), "FAILED_PRECONDITION", "STATE_CONFLICT"),
    "a refusal": (ServiceError(Kind.FORBIDDEN), "PERMISSION_DENIED", "ACCESS_DENIED"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_a_handler_that_fails_keeps_its_trace_and_loses_its_change(tmp_path: Path, name: str) -> None:
    """Its consent and its right are undone, and the answer holds nothing of the error."""
    error, code, reason = ERRORS[name]
    with with_grants(tmp_path, failing(error)) as world:
        patient = world.opened()
        before, traces = world.state(), world.traces()
        refused = refusal(world.as_("author").GrantAccess, grant(patient))
        assert (refused.code, refused.reason) == (code, reason)
        assert "284037599900117" not in f"{refused}"
        assert "blocked" not in f"{refused}"
        assert world.state() == before
        assert world.traces() == traces + 1
        [row] = world.rows("SELECT outcome, effect FROM traces ORDER BY number DESC LIMIT 1")
        assert (row["outcome"], row["effect"]) == ("FAILED", "PERMIT")


def test_a_handler_that_answers_nothing_is_a_bug(tmp_path: Path) -> None:
    """No permit without a response."""
    with with_grants(tmp_path, lambda _call, _request: None) as world:  # type: ignore[arg-type, return-value]
        patient = world.opened()
        assert refusal(world.as_("author").GrantAccess, grant(patient)).code == "INTERNAL"
        assert world.rows("SELECT * FROM authorisations") == []


def test_a_store_that_cannot_trace_answers_nobody(tmp_path: Path) -> None:
    """Neither permits nor refusals: UNAVAILABLE, for no answer leaves without its trace."""
    with running(tmp_path) as world:
        patient = world.opened("author")
        world.suite.gate.executor.close()
        listed = documents.ListDocumentsRequest(record=of(patient))
        for who in ("author", "nurse"):
            refused = refusal(world.as_(who).ListDocuments, listed)
            assert (refused.code, refused.reason) == ("UNAVAILABLE", "UNAVAILABLE")


def test_a_call_whose_deadline_passed_is_traced_and_not_done(tmp_path: Path) -> None:
    """It waited behind another; when its turn comes, its caller has gone."""
    begun, go_on = threading.Event(), threading.Event()

    def slow(call: Call, request: records.GrantAccessRequest) -> records.GrantAccessResponse:
        begun.set()
        go_on.wait(10)
        return grant_access(call, request)

    with with_grants(tmp_path, slow) as world, ThreadPoolExecutor(1) as pool:
        patient = world.opened()
        first = pool.submit(world.as_("author").GrantAccess, grant(patient))
        assert begun.wait(10)
        refused = refusal(lambda: world.as_("colleague").GrantAccess(grant(patient), timeout=0.2))
        assert refused.code == "DEADLINE_EXCEEDED"
        go_on.set()
        first.result()
        world.as_("author").GetRecordStatus(records.GetRecordStatusRequest(record=of(patient)))
        late = world.rows("SELECT subject_id FROM traces WHERE outcome = 'LATE'")
        assert [row["subject_id"] for row in late] == [world.people["colleague"]["sub"]]
        granted = world.rows("SELECT target FROM authorisations")
        assert [row["target"] for row in granted] == [world.people["author"]["sub"]]


def test_no_read_starts_after_an_acknowledged_mask_and_sees_past_it(world: World) -> None:
    """While a document is masked and unmasked, eight readers read it without a pause."""
    patient = world.opened("author", "colleague")
    document = world.deposit(patient)
    # Odd from a mask's acknowledgement until its end begins: a read within one odd number is within one mask.
    masked, ended = [0], threading.Event()
    mask = documents.MaskDocumentRequest(record=of(patient), document_id=document)
    unmask = documents.UnmaskDocumentRequest(record=of(patient), document_id=document)

    def read(colleague: As) -> list[bool]:
        stale = []
        while not ended.is_set():
            before = masked[0]
            found = can_read(colleague, patient, document)
            stale.append(before % 2 == 1 and found and masked[0] == before)
        return stale

    with ThreadPoolExecutor(8) as pool:
        readers = [pool.submit(read, world.as_("colleague")) for _ in range(8)]
        holder = world.as_(patient)
        for _ in range(15):
            holder.MaskDocument(mask)
            masked[0] += 1
            assert not can_read(world.as_("colleague"), patient, document)
            masked[0] += 1
            holder.UnmaskDocument(unmask)
        ended.set()
        answers = [answer for reader in readers for answer in reader.result()]
    assert len(answers) > 50
    assert not any(answers)


def can_read(caller: As, patient: Person, document: str) -> bool:
    try:
        caller.GetDocument(documents.GetDocumentRequest(record=of(patient), document_id=document))
    except grpc.RpcError as error:
        return error.code() is not grpc.StatusCode.NOT_FOUND
    return True


def test_many_calls_at_once_are_each_traced_once(world: World) -> None:
    """Every answer has its own entry, and no entry is another's."""
    patients = [world.opened("author") for _ in range(4)]
    caller = world.as_("author")

    def ask(number: int) -> tuple[str, str]:
        patient = patients[number % 4]
        answered = caller.GetRecordStatus(records.GetRecordStatusRequest(record=of(patient)))
        return answered.decided.decision_id, patient["sub"]

    with ThreadPoolExecutor(32) as pool:
        answers = dict(pool.map(ask, range(400)))
    stored = {row["decision_id"]: row["record"] for row in world.rows("SELECT decision_id, record FROM traces")}
    assert len(answers) == 400
    assert {name: stored.get(name) for name in answers} == answers


def test_a_caller_who_leaves_disturbs_nobody(world: World) -> None:
    """His call is decided and traced, or never taken; those beside him are answered."""
    patient = world.opened("author")
    request = records.GetRecordStatusRequest(record=of(patient))
    path = "/dmp.records.v1.RecordsService/GetRecordStatus"
    token = (("authorization", f"Bearer {world.token('author')}"),)
    channel = world.channels["records"]
    begin: Callable[..., Any] = channel.unary_unary(path).future
    gone = [begin(request.SerializeToString(), metadata=token) for _ in range(50)]
    for call in gone:
        call.cancel()
    assert world.as_("author").GetRecordStatus(request).state == records.RECORD_STATE_ACTIVE


def test_only_the_gate_makes_a_call() -> None:
    """INVARIANT: a handler that skips the decision has no stores, for stores are reached through a call alone."""
    makers = []
    for path in sorted((REPOSITORY / "services").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {ast.unparse(node.func).rpartition(".")[2] for node in ast.walk(tree) if isinstance(node, ast.Call)}
        makers += [path.relative_to(REPOSITORY).as_posix()] if "Call" in names else []
    assert makers == ["services/runtime/gate.py"]


def test_rules_reloaded_decide_from_then_on(tmp_path: Path) -> None:
    """Without a restart, and with the digest of the new files in the trace."""
    rules = tmp_path / "rules"
    rules.mkdir()
    for found in (REPOSITORY / "rules").rglob("*"):
        if found.is_file():
            target = rules / found.relative_to(REPOSITORY / "rules")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(found.read_bytes())
    with running(tmp_path, DMP_RULES=str(rules)) as world:
        patient = world.opened("nurse")
        document = world.deposit(patient)
        request = documents.GetDocumentRequest(record=of(patient), document_id=document)
        before = world.trace(world.as_("nurse").GetDocument(request).decided.decision_id)
        matrix = rules / "matrix.csv"
        lines = matrix.read_text(encoding="utf-8").splitlines(keepends=True)
        column = lines[0].strip().split(",").index("INFIRMIER")
        closed = [closed_to(line, column) if line.startswith("34112-3,") else line for line in lines]
        matrix.write_text("".join(closed), encoding="utf-8")
        asyncio.run_coroutine_threadsafe(world.suite.reload(world.settings), world.loop).result(20)
        refused = refusal(world.as_("nurse").GetDocument, request)
        assert refused.code == "NOT_FOUND"
        assert world.trace(refused.decision_id)["digest"] != before["digest"]


def closed_to(line: str, column: int) -> str:
    cells = line.rstrip("\n").split(",")
    cells[column] = cells[column].replace("+", "-")
    return ",".join(cells) + "\n"
