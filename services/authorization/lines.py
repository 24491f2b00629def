"""What its reader is shown of a trace entry: lines that tell nothing of what is hidden from him (TRC-12, VIS-18)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from dmp.trace.v1 import trace_pb2
from services.runtime import batch_entry, codes
from services.runtime.call import Call
from services.runtime.entry import CONTINUED, TICKETS
from services.runtime.messages import identifier, text, timestamp
from services.store.touched import Verb
from services.store.trace_entry import TraceEntry, TraceKind
from services.store.traces import StoredTrace

QUIET: Final = "record.status"
"""Shows as the access alone, so that an access with nothing but hidden acts looks like any other."""
MANY: Final = "decision.ask"
"""Stands for the several actions that the questions of a batch were about."""
DOCUMENT: Final = "document"
"""The group of the vocabulary's actions on one document."""


def lines(call: Call, stored: StoredTrace, not_hidden: frozenset[str], kind: TraceKind) -> list[trace_pb2.Line]:
    """The lines that one entry has among those of a kind, the latest first.

    They are its documents, its action, and the access if it began there: which is one of the accesses, whatever the
    entry. INVARIANT: otherwise its place would tell a session that began with a question about what is hidden.
    """
    found = _said(call, stored, not_hidden) if stored.entry.kind is kind else []
    if stored.opens_session and kind is TraceKind.ACCESS:
        found.append(_line(stored.entry, trace_pb2.LINE_KIND_ACCESS))
    return found


def _said(call: Call, stored: StoredTrace, not_hidden: frozenset[str]) -> list[trace_pb2.Line]:
    action = _shown(call, stored.entry, not_hidden)
    found = _documents(stored.entry, action or stored.entry.action, not_hidden)
    if action is not None:
        line = _action(stored.entry, action)
        line.ticket_ids.extend(ticket for ticket, document in _tickets(stored.entry) if _told_of(document, not_hidden))
        found.append(line)
    return found


def documents_of(entry: TraceEntry) -> Iterator[str]:
    """Every stored document on which it depends what is told of an entry."""
    yield from (document for document, _ in entry.items)
    yield from (document for _, document in _tickets(entry) if document is not None)


def _tickets(entry: TraceEntry) -> Sequence[tuple[str, str | None]]:
    return entry.outcomes[0].get(TICKETS, ()) if entry.outcomes else ()


def _told_of(document: str | None, not_hidden: frozenset[str]) -> bool:
    return document is None or document in not_hidden


def _shown(call: Call, entry: TraceEntry, not_hidden: frozenset[str]) -> str | None:
    """The action, if it has a line of its own."""
    if batch_entry.QUESTIONS in entry.facts:
        return _asked(call, entry, not_hidden)
    return None if _is_silent(call, entry, not_hidden) else entry.action


def _asked(call: Call, entry: TraceEntry, not_hidden: frozenset[str]) -> str | None:
    """What the questions of a batch were about, where one may be told at all."""
    asked = {one.action for one in batch_entry.apart(entry) if not _is_silent(call, one, not_hidden)}
    return asked.pop() if len(asked) == 1 else MANY if asked else None


def _is_silent(call: Call, entry: TraceEntry, not_hidden: frozenset[str]) -> bool:
    own = entry.outcomes[0] if entry.outcomes else {}
    if entry.action == QUIET or own.get(CONTINUED):
        return True
    if entry.items:
        # A list or a copy shows even if all that it holds is hidden: as one that found nothing.
        listed = entry.outcomes[entry.items[0][1]].get("verb") in (Verb.LISTED, Verb.COPIED)
        return not listed and not any(document in not_hidden for document, _ in entry.items)
    if tickets := _tickets(entry):
        return not any(_told_of(document, not_hidden) for _, document in tickets)
    # A deposit that was refused, or asked about, left no document to be hidden, and tells of one all the same.
    attempted: Mapping[str, Any] | None = entry.facts.get("document")
    if attempted is not None:
        return not call.shows(attempted)
    # An act on a document that could not be read from the request would tell that there is one to act on.
    action = call.rules.vocabulary.actions.get(entry.action)
    return action is not None and DOCUMENT in action.groups


def _documents(entry: TraceEntry, action: str, not_hidden: frozenset[str]) -> list[trace_pb2.Line]:
    touched = dict.fromkeys(document for document, _ in entry.items)
    kind = trace_pb2.LINE_KIND_DOCUMENT
    return [_told(entry, kind, action, document) for document in touched if document in not_hidden]


def _action(entry: TraceEntry, action: str) -> trace_pb2.Line:
    asked = entry.kind is TraceKind.QUESTION
    return _told(entry, trace_pb2.LINE_KIND_QUESTION if asked else trace_pb2.LINE_KIND_ACTION, action)


def _told(entry: TraceEntry, kind: trace_pb2.LineKind.ValueType, action: str, document: str = "") -> trace_pb2.Line:
    line = _line(entry, kind)
    line.attested.extend(sorted(name for name, value in entry.attested.items() if value is True))
    line.action = action
    line.outcome = codes.number_of(trace_pb2.Outcome, entry.outcome)
    line.document_id = document
    return line


def _line(entry: TraceEntry, kind: trace_pb2.LineKind.ValueType) -> trace_pb2.Line:
    """Who, when, in which mode and why."""
    return trace_pb2.Line(
        kind=kind,
        at=timestamp(entry.at),
        actor_kind=entry.subject_kind,
        actor=identifier(entry.subject_id),
        actor_name=text(entry.subject_name),
        profession=text(entry.subject_profession),
        structure=identifier(entry.subject_structure),
        mode=entry.mode,
        reason=entry.reason,
        call_ref=entry.call_ref,
        purpose=entry.purpose,
        asked_about=identifier(entry.about) if kind != trace_pb2.LINE_KIND_ACCESS else None,
    )
