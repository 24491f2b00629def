"""The nightly change of the epoch: records' keys are wrapped anew, and the old master key is destroyed."""

from __future__ import annotations

from typing import Final

from dmp.records.v1 import jobs_pb2
from services.runtime.access import System
from services.runtime.call import Call

AT_ONCE: Final = 1_000
"""Keys of one transaction: others wait for it, a few hundredths of a second."""
TURNS: Final = 10
"""Transactions of one call."""


def rotate_keys(call: Call, request: jobs_pb2.RotateKeysRequest) -> jobs_pb2.RotateKeysResponse:
    """Go on where it stopped; the master keys that wrap nothing any more are destroyed a transaction later."""
    epochs = call.stores.epochs
    left = epochs.left()
    if not request.limit:
        return jobs_pb2.RotateKeysResponse(due=left or epochs.total())
    epochs.destroy_retired()
    if request.begin and not left:
        epochs.begin(call.now)
        left = epochs.left()
    done = epochs.rewrap(request.limit)
    if done == left:
        epochs.retire(call.now)
    return jobs_pb2.RotateKeysResponse(due=left, done=done)


async def go_on(system: System, request: jobs_pb2.RunJobRequest, response: jobs_pb2.RunJobResponse) -> None:
    """Wrap the next keys, or tell how many there are to wrap."""
    if request.dry_run:
        response.due = (await system.act(jobs_pb2.RotateKeysRequest())).due
        return
    begin = not request.continues
    for _ in range(TURNS):
        turn = await system.act(jobs_pb2.RotateKeysRequest(begin=begin, limit=AT_ONCE))
        response.due = response.due or turn.due
        response.done += turn.done
        begin = False
        if not turn.done:
            return
