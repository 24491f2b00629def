"""Hands notifications on: taken in one call, sent outside of any, settled in another, so that none is lost (NTF-06).

Whoever is killed between the sending and the settling leaves what he took due again when his time is over: it is then
handed on a second time, under the same id.
"""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, timedelta
from typing import Final

from dmp.records.v1 import jobs_pb2
from services.runtime.access import System
from services.runtime.call import Call
from services.runtime.errors import ServiceError
from services.runtime.identifiers import canonical
from services.runtime.messages import identifier, timestamp
from services.runtime.outbound import Attempt
from services.runtime.outgoing import NotHandedOn, Outgoing, Sink
from services.store.outbox import DELIVERED, LAPSED, PARKED

RECORDS: Final = 16
"""Records whose notifications are handed on at the same time; those of one record go one after another."""
TOGETHER: Final = 5
"""Notifications of one record that are taken at once."""
TAKEN_FOR: Final = timedelta(minutes=2)
"""How long nobody else is given what was taken: longer than the sink takes for so many."""
ATTEMPTS: Final = 16
"""How often one is handed on before it is parked: for most of a day."""
FIRST_PAUSE: Final = 5.0
"""Seconds after the first attempt; twice as many after each further one."""
LONGEST_PAUSE: Final = 6 * 3600.0
"""Seconds, at most."""
LOOK: Final = 0.5
"""Seconds between two looks at the outbox."""
LOOK_WITHOUT_SINK: Final = 15.0
"""The same, where it is for the metrics alone."""
REST: Final = 5.0
"""Seconds of rest where the suite could not take or settle, so that it does not fail without end."""
NO_SINK: Final = "NO_DESTINATION"


def take_notifications(call: Call, request: jobs_pb2.TakeNotificationsRequest) -> jobs_pb2.TakeNotificationsResponse:
    """What is due on the record, as far as its addressees may still be told."""
    waiting = call.stores.outbox.take(call.record, call.now, until=call.now + TAKEN_FOR, limit=TOGETHER)
    response = jobs_pb2.TakeNotificationsResponse(more=len(waiting) == TOGETHER)
    for one in waiting:
        # INVARIANT: asked now and not when it was written, for it may have been hidden from him since.
        if not call.may_tell(one.reader, one.document):
            call.stores.outbox.settle(call.record, one.id, LAPSED, call.now)
            response.lapsed += 1
            continue
        response.notifications.add(
            notification_id=one.id,
            code=one.code,
            recipient=identifier(one.reader.id),
            at=timestamp(one.at),
            attempts=one.attempts,
        )
    return response


def settle_notifications(
    call: Call, request: jobs_pb2.SettleNotificationsRequest
) -> jobs_pb2.SettleNotificationsResponse:
    """As the sink has told."""
    for one in request.notifications:
        if not one.delivered and one.again_after:
            until = call.now + timedelta(milliseconds=one.again_after)
            call.stores.outbox.put_off(call.record, one.notification_id, until)
        else:
            state = DELIVERED if one.delivered else PARKED
            call.stores.outbox.settle(call.record, one.notification_id, state, call.now)
    return jobs_pb2.SettleNotificationsResponse()


async def deliver(system: System) -> None:
    """Hand on what is due as long as the suite runs; without a sink, only see how much waits."""
    while True:
        depth = await system.outbound.look(system.now())
        if system.outbound.sink is None:
            await asyncio.sleep(LOOK_WITHOUT_SINK)
        elif not depth.due:
            await asyncio.sleep(LOOK)
        else:
            response = jobs_pb2.RunJobResponse()
            request = jobs_pb2.RunJobRequest(job=jobs_pb2.JOB_DELIVER_NOTIFICATIONS)
            await go_on(system, request, response)
            if response.failures or not response.done:
                await asyncio.sleep(REST)


async def go_on(system: System, request: jobs_pb2.RunJobRequest, response: jobs_pb2.RunJobResponse) -> None:
    """Hand on what is due on the next records; what is put off waits for its time and is due no more."""
    # No more than go at the same time: an operator's call must end within its time, however slow the receiver is.
    page_size = min(request.page_size or RECORDS, RECORDS)
    asked = jobs_pb2.ListDueRequest(job=request.job, passed_over=request.passed_over, page_size=page_size)
    found = await system.act(asked)
    response.due = found.due
    if request.dry_run or not found.records:
        return
    if (sink := system.outbound.sink) is None:
        response.failures.add(reason=NO_SINK, count=len(found.records))
        return
    turn = asyncio.Semaphore(RECORDS)

    async def one(record: jobs_pb2.TakeNotificationsRequest) -> tuple[str, bool]:
        async with turn:
            try:
                return "", await _hand_on_record(system, sink, record)
            except ServiceError as error:
                return error.reason, False

    wanted = (one(jobs_pb2.TakeNotificationsRequest(record=record)) for record in found.records)
    for reason, put_off in await asyncio.gather(*wanted):
        response.done += not reason
        response.put_off += put_off
        if reason:
            response.failures.add(reason=reason, count=1)


async def _hand_on_record(system: System, sink: Sink, wanted: jobs_pb2.TakeNotificationsRequest) -> bool:
    """The next that are due on one record, in its order; whether something has to be tried again.

    INVARIANT: no more at once, for all other records wait meanwhile, and whoever acts on one can write without end.
    """
    taken = await system.act(wanted)
    system.outbound.count(Attempt.LAPSED, taken.lapsed)
    record = canonical(wanted.record.system, wanted.record.value)
    settled = [await _hand_on(sink, record, one) for one in taken.notifications]
    if settled:
        await system.act(jobs_pb2.SettleNotificationsRequest(record=wanted.record, notifications=settled))
    for attempt in map(_became, settled):
        system.outbound.count(attempt)
    return any(not one.delivered for one in settled)


async def _hand_on(sink: Sink, record: str, one: jobs_pb2.TakenNotification) -> jobs_pb2.SettledNotification:
    settled = jobs_pb2.SettledNotification(notification_id=one.notification_id)
    outgoing = Outgoing(
        id=one.notification_id,
        code=one.code,
        recipient=canonical(one.recipient.system, one.recipient.value),
        record=record,
        at=one.at.ToDatetime(tzinfo=UTC),
    )
    try:
        await sink.hand_on(outgoing)
    except NotHandedOn:
        settled.again_after = 0 if one.attempts >= ATTEMPTS else round(1000 * pause(one.attempts))
    else:
        settled.delivered = True
    return settled


def pause(attempts: int) -> float:
    """Seconds until the next attempt: doubled each time, up to half of it left to chance so that they spread."""
    whole = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (attempts - 1))
    return whole * (0.5 + random.random() / 2)  # noqa: S311 - no secret hangs on it


def _became(one: jobs_pb2.SettledNotification) -> Attempt:
    if one.delivered:
        return Attempt.DELIVERED
    return Attempt.FAILED if one.again_after else Attempt.PARKED
