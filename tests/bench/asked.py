"""The measures: what is asked of the echo and of a suite, and how each right answer is told from a wrong one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from dmp.authorization.v1 import authorization_pb2
from dmp.documents.v1 import documents_pb2
from dmp.records.v1 import records_pb2
from tests.bench import echo
from tests.bench.load import Load
from tests.bench.measure import Measure
from tests.bench.servers import Server
from tests.bench.stock import READ, RECORDS, Stock

MANY: Final = (8, 8)
"""Connections, and calls that each has under way."""
ONE: Final = (1, 1)
CHECK: Final = "/dmp.authorization.v1.AuthorizationService/Check"
BATCH: Final = "/dmp.authorization.v1.AuthorizationService/CheckBatch"
READING: Final = "/dmp.documents.v1.DocumentsService/GetDocument"
CHANGE: Final = "/dmp.records.v1.RecordsService/GrantAccess"
PERMITTED: Final = ("PERMIT", "OK", "DONE")


def of_echo(server: Server, stock: Stock) -> Iterator[Measure]:
    """The same bytes as a check, to the echo."""
    for name, (connections, streams) in (("echo", MANY), ("echo, one caller", ONE)):
        load = Load(server.ports["echo"], echo.PATH, [stock.check()], stock.token, connections, streams)
        yield Measure(name, server, load, _echo_fault, None)


def of_suite(server: Server, stock: Stock) -> Iterator[Measure]:
    """What is asked of a suite over one store."""
    store = server.name

    def load(service: str, path: str, bodies: Sequence[bytes], shape: tuple[int, int]) -> Load:
        return Load(server.ports[service], path, bodies, stock.token, *shape)

    read, add = (READ, *PERMITTED), ("authz.add", *PERMITTED)
    check, batch = [stock.check()], [stock.batch()]
    spread = (RECORDS, MANY[1])
    yield Measure(f"check, {store}", server, load("authorization", CHECK, check, MANY), _check_fault, read)
    yield Measure(f"check, one caller, {store}", server, load("authorization", CHECK, check, ONE), _check_fault, read)
    yield Measure(f"read, {store}", server, load("documents", READING, stock.reads(), spread), _read_fault, read)
    yield Measure(f"change, {store}", server, load("records", CHANGE, stock.changes(), spread), _change_fault, add)
    yield Measure(f"batch of 500, {store}", server, load("authorization", BATCH, batch, ONE), _batch_fault, read)


def _echo_fault(request: bytes, answer: bytes) -> str:
    return "" if answer == request else "the echo gave back something else"


def _check_fault(_request: bytes, answer: bytes) -> str:
    told = authorization_pb2.CheckResponse.FromString(answer)
    return _unless(_permits(told.effect, told.answer) and bool(told.rules), told)


def _batch_fault(request: bytes, answer: bytes) -> str:
    asked = authorization_pb2.CheckBatchRequest.FromString(request)
    told = authorization_pb2.CheckBatchResponse.FromString(answer)
    outcomes = [told.outcomes[item.outcome] for item in told.items]
    permitted = all(_permits(outcome.effect, outcome.answer) for outcome in outcomes)
    return _unless(permitted and [item.key for item in told.items] == [item.key for item in asked.items], told)


def _read_fault(request: bytes, answer: bytes) -> str:
    asked = documents_pb2.GetDocumentRequest.FromString(request)
    told = documents_pb2.GetDocumentResponse.FromString(answer)
    right = told.document.document_id == asked.document_id and b"<ClinicalDocument" in told.content
    return _unless(right, told.document)


def _change_fault(_request: bytes, answer: bytes) -> str:
    told = records_pb2.GrantAccessResponse.FromString(answer)
    return _unless(bool(told.decided.decision_id), told)


def _permits(effect: int, answer: int) -> bool:
    return effect == authorization_pb2.EFFECT_PERMIT and answer == authorization_pb2.ANSWER_OK


def _unless(right: bool, told: object) -> str:
    return "" if right else f"the answer is wrong: {told}"
