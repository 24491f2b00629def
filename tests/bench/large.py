"""What grows: one record's list among ten thousand and a million documents, a document of 1 MB, a copy of 500."""

from __future__ import annotations

import statistics
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from dmp.access.v1 import access_pb2
from dmp.documents.v1 import documents_pb2
from dmp.records.v1 import records_pb2
from services.demo.french_cda import french_cda
from services.runtime import local_issuer
from services.runtime.identifiers import parts
from tests.bench.filled import fill
from tests.bench.load import RunFailed
from tests.bench.measure import Sample
from tests.bench.served import buckets, median
from tests.bench.servers import Server, Traced
from tests.bench.stock import READER, WRITER, Stock
from tests.faults.process import PEOPLE, Process
from tests.services.world import As

FEW: Final = 10_000
MANY: Final = 1_000_000
PAGE: Final = 50
MEGABYTE: Final = b"<!--" + b"x" * (1 << 20) + b"-->"
HOLDER: Final = "bench holder"
HOST: Final = "host"
_DONE: Final = ("PERMIT", "OK", "DONE")

Advance = Callable[[int], object]
Call = Callable[[Any], Any]
Named = Iterator[tuple[str, Sample]]


class Grown:
    """One suite, which is filled while it runs, and asked by one caller at a time."""

    def __init__(self, server: Server, process: Process, stock: Stock, times: int) -> None:
        """Ask each thing so many times."""
        self._server, self._process, self._stock, self._times = server, process, stock, times
        self._channels = {name: process.channel(name) for name in process.settings.ports}
        self._reader, self._writer = (self._as(local_issuer.people(PEOPLE)[name]) for name in (READER, WRITER))

    def close(self) -> None:
        """Let the connections go."""
        for channel in self._channels.values():
            channel.close()

    def measures(self, many: int, advance: Advance) -> Named:
        """Every figure, by its name."""
        record = self._stock.records[0]
        store = self._server.name
        for word, stored in (("few", FEW), ("many", many)):
            fill(str(self._server.database), f"{record.system}|{record.value}", stored, advance)
            yield f"list among {word}, {store}", self._lists()
        yield f"deposit of 1 MB, {store}", self._deposits()
        yield f"read of 1 MB, {store}", self._reads()
        yield f"copy, {store}", self._copied()

    def _copied(self) -> Sample:
        """A copy of the record on disc."""
        record, child = self._stock.records[0], self._server.child.pid
        holder, host = self._as(_holder(record)), self._as(local_issuer.people(PEOPLE)[HOST])
        ticket = holder.RequestRecordCopy(records_pb2.RequestRecordCopyRequest(record=record)).ticket_id
        idle = _memory(child, "VmRSS")
        Path(f"/proc/{child}/clear_refs").write_text("5", "ascii")
        request = records_pb2.ExportCopyRequest(record=record, ticket_id=ticket, medium=records_pb2.COPY_MEDIUM_DISC)
        began, before = time.perf_counter(), self._server.cpu
        messages = deque(host.ExportCopy(request), maxlen=1)
        took = time.perf_counter() - began
        if not messages or not messages[0].HasField("end"):
            raise RunFailed("the copy has no end")
        memory = (_memory(child, "VmHWM") - idle) / 1024
        return Sample(1, 1 / took, took * 1e3, took * 1e3, self._server.cpu - before, memory)

    def _lists(self) -> Sample:
        request = documents_pb2.ListDocumentsRequest(record=self._stock.records[0])

        def fault(told: Any) -> str:
            return "" if len(told.documents) == PAGE and told.next_page_token else "the page is not full"

        before = buckets(self._server.metrics, "ListDocuments")
        sample = self._timed(self._reader.ListDocuments, [request] * self._times, fault, ("doc.list", *_DONE))
        return replace(sample, served=median(before, buckets(self._server.metrics, "ListDocuments"), self._times))

    def _deposits(self) -> Sample:
        record, author = self._stock.records[1], local_issuer.people(PEOPLE)[WRITER]
        requests = [
            documents_pb2.DepositDocumentRequest(
                record=record,
                content=french_cda(
                    unique_id=f"2.16.840.1.113883.19.5.2^{place}",
                    patient=(record.system, record.value),
                    author=parts(author["sub"]),
                    structure=parts(author["structure"]),
                    body=MEGABYTE,
                ),
                labels=[documents_pb2.LABEL_NORMAL],
                attestations=access_pb2.Attestations(non_opposition=True),
            )
            for place in range(self._times)
        ]
        self._large: list[str] = []

        def fault(told: Any) -> str:
            self._large.append(told.document_id)
            return "" if told.document_id else "the deposit has no id"

        return self._timed(self._writer.DepositDocument, requests, fault, ("doc.create", *_DONE))

    def _reads(self) -> Sample:
        record = self._stock.records[1]
        requests = [documents_pb2.GetDocumentRequest(record=record, document_id=name) for name in self._large]

        def fault(told: Any) -> str:
            return "" if len(told.content) > len(MEGABYTE) else "the document is too short"

        return self._timed(self._reader.GetDocument, requests, fault, ("doc.read", *_DONE))

    def _timed(self, call: Call, requests: Sequence[Any], fault: Callable[[Any], str], traced: Traced) -> Sample:
        """One after another: each answer is looked at, and each must have its entry."""
        _, last = self._server.entries()
        before, took = self._server.cpu, []
        for request in requests:
            began = time.perf_counter()
            told = call(request)
            took.append((time.perf_counter() - began) * 1e3)
            if found := fault(told):
                raise RunFailed(f"{traced[0]}: {found}")
        cpu = (self._server.cpu - before) / len(requests)
        entries, _ = self._server.entries(last)
        if entries != Counter({traced: len(requests)}):
            raise RunFailed(f"{traced[0]}: the traces say {dict(entries)}")
        cuts = statistics.quantiles(took, n=100, method="inclusive")
        return Sample(len(took), 1e3 * len(took) / sum(took), cuts[49], cuts[98], cpu)

    def _as(self, person: Any) -> As:
        return As(self._channels, local_issuer.issue_token(self._process.settings, person))


def _holder(record: access_pb2.Identifier) -> dict[str, str]:
    return {"sub": f"{record.system}|{record.value}", "kind": "HOLDER", "name": HOLDER, "authn_mode": "WEB_PATIENT"}


def _memory(process: int, name: str) -> int:
    """Kilobytes."""
    status = Path(f"/proc/{process}/status").read_text("ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(f"{name}:"))
