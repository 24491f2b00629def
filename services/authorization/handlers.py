"""What each RPC of the authorization service does once it is permitted."""

from __future__ import annotations

from typing import Final

from dmp.authorization.v1 import authorization_pb2
from dmp.trace.v1 import trace_pb2
from services.authorization import outcomes, review, traces, wire
from services.runtime.access import Asking, Feature, Read, Unfinished
from services.runtime.call import Call


def read_question(
    request: authorization_pb2.CheckRequest | authorization_pb2.ExplainRequest | authorization_pb2.BatchItem,
    asking: Asking,
) -> Read:
    """Read the document that a question may bring along."""
    return wire.proposed(request.question, asking)


def check(call: Call, request: authorization_pb2.CheckRequest) -> authorization_pb2.CheckResponse:
    """Tell the answer."""
    return wire.check(call.answer)


def check_batch(call: Call, request: authorization_pb2.CheckBatchRequest) -> authorization_pb2.CheckBatchResponse:
    """Tell the answers."""
    return outcomes.batch(call)


def explain(call: Call, request: authorization_pb2.ExplainRequest) -> Unfinished:
    """Tell the answer in words."""
    return wire.explanation(call)


def explain_decision(
    call: Call, request: authorization_pb2.ExplainDecisionRequest
) -> authorization_pb2.ExplainDecisionResponse | Unfinished:
    """Tell an officer why another person was answered so."""
    return review.explanation(call, request)


def describe_rules(
    call: Call, request: authorization_pb2.DescribeRulesRequest
) -> authorization_pb2.DescribeRulesResponse:
    """Tell the rules in force."""
    return wire.rules(call)


def list_traces(call: Call, request: trace_pb2.ListTracesRequest) -> trace_pb2.ListTracesResponse:
    """Who saw the record, when, and what for."""
    return traces.page(call, request)


FEATURE: Final = Feature(
    name="authorization",
    services=(
        authorization_pb2.DESCRIPTOR.services_by_name["AuthorizationService"],
        trace_pb2.DESCRIPTOR.services_by_name["TraceService"],
    ),
    handlers={
        "Check": check,
        "CheckBatch": check_batch,
        "Explain": explain,
        "ExplainDecision": explain_decision,
        "DescribeRules": describe_rules,
        "ListTraces": list_traces,
    },
    readers={"Check": read_question, "CheckBatch": read_question, "Explain": read_question},
)
