"""The suite's own work on records: what is due for it, and how it is done on one."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Final, Protocol

from google.protobuf.message import Message

from dmp.records.v1 import jobs_pb2
from services.records import delivery, rotation, sensitive
from services.runtime.access import Followup, System
from services.runtime.call import Call
from services.runtime.errors import ServiceError
from services.runtime.messages import identifier, page_size
from services.store.unit_of_work import Scope

AT_ONCE: Final = 32
"""Records or documents worked on at the same time: enough for the store to commit them together."""


class Source(Protocol):
    """A store that knows what is due."""

    def due(self, now: datetime, *, passed_over: int, limit: int) -> tuple[int, tuple[str, ...]]:
        """How many records are due, and the next of them."""


def destroy(call: Call) -> None:
    """Destroy a record; whatever waits on it ends with it."""
    call.stores.erasures.destroy_record(call.record, call.arrival.decision_id, call.now)
    call.stores.emergencies.end_all(call.record, call.now)
    call.stores.outbox.lapse_all(call.record, call.now)
    call.stores.subscriptions.end_all(call.record)
    call.stores.tickets.lapse(call.record, call.now, but=call.context.get("ticket"))


SOURCES: Final[Mapping[int, Callable[[Scope], Source]]] = {
    jobs_pb2.JOB_EXPIRE_TICKETS: lambda stores: stores.tickets,
    jobs_pb2.JOB_END_EMERGENCIES: lambda stores: stores.emergencies,
    jobs_pb2.JOB_DESTROY_RETAINED: lambda stores: stores.records,
    jobs_pb2.JOB_DELIVER_NOTIFICATIONS: lambda stores: stores.outbox,
    jobs_pb2.JOB_REQUEUE_NOTIFICATIONS: lambda stores: stores.parked,
}
DEEDS: Final[Mapping[int, Callable[[Call], None]]] = {
    jobs_pb2.JOB_EXPIRE_TICKETS: lambda call: call.stores.tickets.expire(call.record, call.now),
    jobs_pb2.JOB_END_EMERGENCIES: lambda call: call.stores.emergencies.end_expired(call.record, call.now),
    jobs_pb2.JOB_DESTROY_RETAINED: destroy,
    jobs_pb2.JOB_REQUEUE_NOTIFICATIONS: lambda call: call.stores.outbox.requeue(call.record, call.now),
}
ELSEWHERE: Final[Mapping[int, Followup]] = {
    jobs_pb2.JOB_ROTATE_KEYS: rotation.go_on,
    jobs_pb2.JOB_DELIVER_NOTIFICATIONS: delivery.go_on,
}
"""The jobs that are not done record by record, or document by document."""


def list_due(call: Call, request: jobs_pb2.ListDueRequest) -> jobs_pb2.ListDueResponse:
    """What waits for the job."""
    if request.job in sensitive.OVERDUE:
        return sensitive.list_due(call, request)
    source = SOURCES[request.job](call.stores)
    due, records = source.due(call.now, passed_over=request.passed_over, limit=page_size(request.page_size))
    return jobs_pb2.ListDueResponse(due=due, records=[found for record in records if (found := identifier(record))])


def do_job(call: Call, request: jobs_pb2.DoJobRequest) -> jobs_pb2.DoJobResponse:
    """Do it on one record."""
    DEEDS[request.job](call)
    return jobs_pb2.DoJobResponse()


def run_job(call: Call, request: jobs_pb2.RunJobRequest) -> jobs_pb2.RunJobResponse:
    """The operator may have it done; the suite goes on from here by itself."""
    return jobs_pb2.RunJobResponse()


async def go_on(system: System, request: jobs_pb2.RunJobRequest, response: jobs_pb2.RunJobResponse) -> None:
    """Do the job on the next records that are due, each in a call of its own."""
    if job := ELSEWHERE.get(request.job):
        await job(system, request, response)
        return
    asked = jobs_pb2.ListDueRequest(job=request.job, passed_over=request.passed_over, page_size=request.page_size)
    found = await system.act(asked)
    response.due = found.due
    if request.dry_run:
        return
    turn = asyncio.Semaphore(AT_ONCE)
    reasons = Counter(await asyncio.gather(*(_reason(system, turn, each) for each in _wanted(request.job, found))))
    response.done = reasons.pop("", 0)
    response.failures.extend(jobs_pb2.JobFailure(reason=name, count=n) for name, n in sorted(reasons.items()))


def _wanted(job: jobs_pb2.Job.ValueType, found: jobs_pb2.ListDueResponse) -> Iterator[Message]:
    if job not in sensitive.OVERDUE:
        yield from (jobs_pb2.DoJobRequest(job=job, record=record) for record in found.records)
        return
    for record, document in zip(found.records, found.document_ids, strict=True):
        yield jobs_pb2.DoDocumentJobRequest(job=job, record=record, document_id=document)


async def _reason(system: System, turn: asyncio.Semaphore, wanted: Message) -> str:
    """Why it was not done on one record or document; nothing if it was."""
    async with turn:
        try:
            await system.act(wanted)
        except ServiceError as error:
            return error.reason
        return ""
