"""Sensitive information that waits for an interview: told of, and in the end revealed (VIS-11, NTF-04)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from dmp.records.v1 import jobs_pb2
from policy.model import AllOf, Contains, Not, Predicate
from services.runtime.call import Call
from services.runtime.messages import identifier, page_size
from services.store.terms import NOTICE

LABEL: Final = "INVISIBLE_PATIENT"
KEPT: Final = Contains("document.labels", "INVISIBLE_REPRESENTANTS_LEGAUX")
DEPOSITED: Final = "document.deposited_at"


def _to_reveal(call: Call) -> Predicate:
    return call.overdue(DEPOSITED, "sensitive_release_months")


def _to_notice(call: Call) -> Predicate:
    """Neither what is visible in any case, nor what a minor keeps from who reads his notices."""
    return AllOf((call.overdue(DEPOSITED, "sensitive_notice_days"), Not(_to_reveal(call)), Not(KEPT)))


OVERDUE: Final[Mapping[int, tuple[Callable[[Call], Predicate], str]]] = {
    jobs_pb2.JOB_NOTIFY_SENSITIVE: (_to_notice, NOTICE),
    jobs_pb2.JOB_REVEAL_SENSITIVE: (_to_reveal, ""),
}
"""The documents that a job is due on, and what the holder must not have been told of them."""


def list_due(call: Call, request: jobs_pb2.ListDueRequest) -> jobs_pb2.ListDueResponse:
    """What waits for one of these jobs."""
    condition, untold = OVERDUE[request.job]
    due, found = call.stores.sensitive.overdue(
        condition(call), untold=untold, passed_over=request.passed_over, limit=page_size(request.page_size)
    )
    response = jobs_pb2.ListDueResponse(due=due, document_ids=[one.document for one in found])
    response.records.extend(named for one in found if (named := identifier(one.record)))
    return response


def do_document_job(call: Call, request: jobs_pb2.DoDocumentJobRequest) -> jobs_pb2.DoDocumentJobResponse:
    """The notice is the permit's obligation; to reveal takes the label away for good."""
    if request.job == jobs_pb2.JOB_REVEAL_SENSITIVE:
        call.stores.documents.relabel(call.record, call.document, remove=[LABEL])
    return jobs_pb2.DoDocumentJobResponse()
