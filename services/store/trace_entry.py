"""One entry of the trace: who asked what about which record, what was decided on which facts, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from policy.model import Answer, Effect


class TraceKind(StrEnum):
    """Whether the asker acted or only asked whether he might."""

    ACCESS = "ACCESS"
    QUESTION = "QUESTION"


class TraceOutcome(StrEnum):
    """How the call ended after the decision."""

    DONE = "DONE"
    REFUSED = "REFUSED"
    FAILED = "FAILED"
    LATE = "LATE"


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceEntry:
    """One entry per call and record (catalogue 7.1); identifiers in the form `system|value`."""

    decision_id: str
    """UUID4 text made by the gate."""
    kind: TraceKind
    w3c_trace_id: str | None
    at: datetime
    """When it was decided: the clock of the rules."""
    recorded_at: datetime
    """When the store wrote it: `Done.recorded_at`."""
    session: str | None
    """SHA-256 of the token's jti, in hexadecimal."""
    subject_kind: str
    subject_id: str
    subject_name: str | None
    subject_profession: str | None
    subject_structure: str | None
    subject_authn_mode: str
    client: str | None
    """The calling software, as its certificate names it."""
    action: str
    mode: str
    """The access mode: normal, bris_de_glace or centre_15."""
    purpose: str
    reason: str
    """Verbatim; empty where none was given."""
    call_ref: str
    attested: Mapping[str, Any]
    """What the subject declared in this call."""
    record: str | None
    record_revision: int | None
    """The revision of the record that the facts were read from."""
    effect: Effect
    answer: Answer
    outcome: TraceOutcome
    rules: Mapping[str, Sequence[str]]
    """`{"determining": […], "matched": […]}`: for the trace alone."""
    obligations: Sequence[str]
    scope: str | None
    digest: str
    """SHA-256 of the rule set, in hexadecimal."""
    profile: str
    audience: str | None
    """INVISIBLE_REPRESENTANTS_LEGAUX for an access in secret connection, else nothing."""
    facts: Mapping[str, Any]
    """The whole request as decided, so that the decision can be reproduced."""
    outcomes: Sequence[Mapping[str, Any]] = ()
    """The distinct outcomes of the items."""
    items: Sequence[tuple[str, int]] = ()
    """Each document touched, by logical id, with the index of its outcome."""
    about: str | None = None
    """The person whom a question was about, where it was not the asker."""
    asserted: Sequence[str] = ()
    """The attributes whose values the asker asserted, because the suite does not store them."""
