"""What /metrics tells of a running suite: exact counts, and nobody."""

import http.client
import io
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path

import grpc
import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from dmp.access.v1 import access_pb2 as access
from dmp.authorization.v1 import authorization_pb2 as authorization
from dmp.documents.v1 import documents_pb2 as documents
from dmp.records.v1 import records_pb2 as records
from policy.model import Answer
from services.runtime import security_log
from services.runtime.telemetry import Telemetry
from services.store.observer import Counted
from services.store.postgres_executor import WORKERS
from services.store.unit_of_work import TraceKind, TraceOutcome
from tests.services.databases import STORES, Databases, dropped
from tests.services.world import BIRTH, Person, World, of, raw, refusal, running

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]
CHECK = "dmp.authorization.v1.AuthorizationService/Check"
GET = "dmp.documents.v1.DocumentsService/GetDocument"
LABELS = {
    *("outcome", "answer", "kind", "profile", "digest", "pool", "state", "le", "result"),
    *("rpc_method", "rpc_response_status_code", "rpc_system_name", "service_name"),
}


@pytest.fixture(params=STORES)
def own(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> Iterator[World]:
    """A suite that nobody else calls, so that every count is of these calls."""
    address = databases.new(request.param, tmp_path)
    with running(tmp_path, DMP_DATABASE_URL=address) as found:
        yield found
    dropped(address)


def scraped(world: World) -> str:
    connection = http.client.HTTPConnection(world.settings.host, world.suite.metrics.port, timeout=10)
    connection.request("GET", "/metrics")
    answer = connection.getresponse()
    assert answer.status == 200
    text = answer.read().decode()
    connection.close()
    return text


def samples(world: World) -> Samples:
    families = text_string_to_metric_families(scraped(world))
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value for found in families for sample in found.samples
    }


def value(found: Samples, name: str, **labels: str) -> float:
    """The sum of the samples of a name that have these labels."""
    return sum(
        number for (named, had), number in found.items() if named == name and labels.items() <= dict(had).items()
    )


def check(world: World, patient: Person, document: str) -> authorization.CheckResponse:
    question = authorization.Question(record=of(patient), action="doc.read", document_id=document)
    answer: authorization.CheckResponse = world.as_("author").Check(authorization.CheckRequest(question=question))
    return answer


def test_every_call_is_counted_once(own: World) -> None:
    """By method, status, outcome, answer and kind; as many decisions as there are traces."""
    patient = own.opened("author")
    document = own.deposit(patient)
    before = samples(own)
    for asked in (document, document, document, "never was"):
        check(own, patient, asked)
    refusal(own.as_("emergency").GetDocument, documents.GetDocumentRequest(record=of(patient), document_id=document))
    with pytest.raises(grpc.RpcError):
        raw(own, "documents", "DocumentsService/GetDocument", b"")
    after = samples(own)

    def more(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    calls = "rpc_server_call_duration_seconds_count"
    assert more(calls, rpc_method=CHECK, rpc_response_status_code="OK", rpc_system_name="grpc") == 4
    assert more(calls, rpc_method=GET, rpc_response_status_code="PERMISSION_DENIED") == 1
    assert more(calls, rpc_method=GET, rpc_response_status_code="UNAUTHENTICATED") == 1
    assert more(calls) == 6
    decided = "dmp_decisions_total"
    seed = own.settings.profile
    assert more(decided, outcome="DONE", answer="OK", kind="QUESTION", profile=seed) == 3
    assert more(decided, outcome="REFUSED", answer="NOT_FOUND", kind="QUESTION", profile=seed) == 1
    assert more(decided, outcome="REFUSED", answer="FORBIDDEN", kind="ACCESS", profile=seed) == 1
    # Whoever was not identified has no trace, and is no decision.
    assert more(decided) == 5
    assert value(after, decided) == own.traces()
    assert value(after, "dmp_trace_group_size_sum") == own.traces()
    assert more("dmp_trace_group_size_count") == more("dmp_trace_commit_duration_seconds_count") == 5


def test_the_state_of_the_store_is_shown(own: World) -> None:
    """Every connection, idle when nothing waits; the rules that decide, by their digest."""
    deadline = time.monotonic() + 10
    while value(found := samples(own), "dmp_store_connections", state="busy"):
        assert time.monotonic() < deadline
    idle = {pool.name: pool.idle for pool in own.suite.gate.executor.pools}
    assert sum(idle.values()) in {1, 1 + WORKERS}
    for name, number in idle.items():
        assert value(found, "dmp_store_connections", pool=name, state="idle") == number
        assert value(found, "dmp_store_waiting", pool=name) == 0
    assert value(found, "dmp_store_connections", state="lost") == 0
    assert ("dmp_calls_in_flight", frozenset()) in found
    assert value(found, "dmp_calls_in_flight") == 0
    digest = own.suite.gate.rules.current.digest
    assert value(found, "dmp_rules_info", digest=digest, profile=own.settings.profile) == 1


def test_an_unknown_method_is_no_label(own: World) -> None:
    """Whatever a caller names, only the methods of the contract are labels."""
    with pytest.raises(grpc.RpcError):
        raw(own, "records", "RecordsService/Canary284037599900117", b"")
    assert "Canary" not in scraped(own)


def test_only_closed_words_are_labels(own: World) -> None:
    """No label but those named here, so that a new one is thought about."""
    check(own, own.opened("author"), "one")
    assert {name for _, labels in samples(own) for name, _ in labels} <= LABELS


def test_hidden_and_missing_count_alike(own: World) -> None:
    """Whoever reads the metrics learns nothing that the caller was not told."""
    patient = own.opened("author", "colleague")
    hidden = own.deposit(patient, documents.LABEL_NORMAL, documents.LABEL_MASQUE_PS)
    counted = []
    for document in (hidden, "never was"):
        before = samples(own)
        asked = documents.GetDocumentRequest(record=of(patient), document_id=document)
        assert refusal(own.as_("colleague").GetDocument, asked).code == "NOT_FOUND"
        after = samples(own)
        timed = re.compile(r"_seconds_(bucket|sum)$|_created$|^dmp_(calls_in_flight|store_)")
        counted.append({key: after[key] - before.get(key, 0) for key in after if not timed.search(key[0])})
    assert counted[0] == counted[1]


def test_nobody_is_in_the_metrics_or_the_logs(tmp_path: Path) -> None:
    """Calls full of canaries, permitted, refused, ill-typed and without identity: none of them is told."""
    canary = "Zanzibarine"
    out, logged = io.StringIO(), io.StringIO()
    security_log.log_to(logged)
    with redirect_stdout(out), redirect_stderr(logged), running(tmp_path) as own:
        author = {**own.people["author"], "name": f"Dr {canary}"}
        patient = {**own.patient(), "name": f"Alice {canary}"}
        consent = access.Attestations(consent=True, informed=True, reason=f"raison {canary}", call_ref=canary)
        caller = own.as_(author)
        caller.CreateRecord(
            records.CreateRecordRequest(record=of(patient), holder_birth_date=BIRTH, attestations=consent)
        )
        caller.GrantAccess(records.GrantAccessRequest(record=of(patient), attestations=consent))
        document = own.deposit(patient, title=f"Titre {canary}")
        check(own, patient, document)
        check(own, patient, f"never {canary}")
        for asked in (document, canary, f"{canary}\0", canary * 1000):
            question = documents.GetDocumentRequest(record=of(patient), document_id=asked, attestations=consent)
            for person in ("author", "emergency"):
                try_call(own.as_(person).GetDocument, question)
        for token in (canary, own.token(author)[:-4] + canary):
            bearer = ("authorization", f"Bearer {token}")
            try_call(raw, own, "documents", "DocumentsService/GetDocument", canary.encode(), bearer)
        told = scraped(own) + own.security_log.getvalue()
    told += out.getvalue() + logged.getvalue()
    security_log.log_to(sys.stderr)
    assert "call refused" in told
    subjects = [patient["sub"], *(person["sub"] for person in own.people.values())]
    secrets = [canary, document, author["structure"], *subjects, *(sub.partition("|")[2] for sub in subjects)]
    assert [secret for secret in secrets if secret.lower() in told.lower()] == []


def try_call(call: Callable[..., object], *given: object) -> None:
    """Make a call, whatever comes of it."""
    with suppress(grpc.RpcError):
        call(*given)


def test_the_count_of_many_threads_is_exact() -> None:
    """Several lanes may commit at once."""
    telemetry = Telemetry()
    counted = Counted(TraceOutcome.DONE, Answer.OK, TraceKind.ACCESS, "seed-2011")

    def commit() -> None:
        for _ in range(500):
            telemetry.committed({counted: 2}, 0.001)

    threads = [threading.Thread(target=commit) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    told = generate_latest(telemetry.registry).decode()
    telemetry.close()
    assert re.search(r"^dmp_decisions_total{.*} 4000.0$", told, re.MULTILINE)
    assert re.search(r"^dmp_trace_group_size_count(?:{})? 2000.0$", told, re.MULTILINE)
