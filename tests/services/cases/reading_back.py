"""What must have become of a case: a permitted action has its effect, and a refused one has none."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dmp.documents.v1 import documents_pb2 as documents
from tests.services.cases import looks
from tests.services.cases.facts import CONSENT
from tests.services.cases.playing import Heard
from tests.services.cases.stage import Stage
from tests.services.world import Refusal, answered_or_refused, of

Then = Callable[[Stage, Any, Heard], Any]
"""From what was seen before a permitted action, and its answer, what is seen after it."""


@dataclass(frozen=True)
class Look:
    """What is looked at before and after an action, and what is then seen if it was permitted."""

    see: Callable[[Stage], Any]
    then: Then


def becomes(value: Any) -> Then:
    def then(stage: Stage, before: Any, heard: Heard) -> Any:
        assert before != value
        return value

    return then


def gone(stage: Stage, before: dict[str, int], heard: Heard) -> dict[str, int]:
    """The document is not among those seen any more."""
    assert stage.documents[""] in before
    return {document: status for document, status in before.items() if document != stage.documents[""]}


def there(stage: Stage, before: dict[str, int], heard: Heard) -> dict[str, int]:
    """The document is now among those seen."""
    assert stage.documents[""] not in before
    return {**before, stage.documents[""]: documents.DOCUMENT_STATUS_APPROVED}


def deposited(stage: Stage, before: dict[str, int], heard: Heard) -> dict[str, int]:
    return {**before, heard.said[0].document_id: documents.DOCUMENT_STATUS_APPROVED}


def asked(action: str) -> Then:
    def then(stage: Stage, before: list[tuple[str, str, str, str]], heard: Heard) -> Any:
        return [(heard.said[0].ticket_id, action, stage.documents[""], "OPEN"), *before]

    return then


def asked_by_a_successor(stage: Stage, before: list[tuple[str, str, bool]], heard: Heard) -> Any:
    return [*before, (heard.said[0].ticket_id, "record.export_copy", True)]


def copied(stage: Stage, before: list[tuple[str, str, str, str]], heard: Heard) -> Any:
    """The ticket is done, and can be done no more."""
    assert before == [(stage.ticket, "record.export_copy", "", "OPEN")]
    return [(stage.ticket, "record.export_copy", "", "EXECUTED")]


def told_of(stage: Stage, before: list[str], heard: Heard) -> list[str]:
    """The document as it was deposited, and a line of it unless it is hidden from the holder."""
    assert heard.said[0].content == stage.contents[""]
    document = stage.documents[""]
    return [document, *before] if stage.minor or document in looks.shown_to_the_holder(stage) else before


def each_alone(stage: Stage, before: None, heard: Heard) -> None:
    """What is listed is read, and what is not listed is not there to be read."""
    listed = {found.document_id for found in heard.said[0].documents}
    for document in stage.documents.values():
        request = documents.GetDocumentRequest(record=stage.record, document_id=document, attestations=CONSENT)
        told = answered_or_refused(stage.as_(stage.subject).GetDocument, request)
        current = isinstance(told, Refusal) or told.document.status == documents.DOCUMENT_STATUS_APPROVED
        assert isinstance(told, Refusal) is (document not in listed) or not current


def as_far_as_the_scope(stage: Stage, before: None, heard: Heard) -> None:
    """Everybody's lines, or the caller's own alone."""
    own, actors = of(stage.subject), [line.actor for line in heard.said[0].lines]
    others = any(actor != own for actor in actors)
    assert actors
    assert others is (stage.case["expected"]["scope"] == "ALL")


def nothing(_: Stage) -> None:
    """What is only read changes nothing."""


LOOKS = {
    "record.create": Look(looks.state, becomes("ACTIVE")),
    "record.close": Look(looks.state, becomes("CLOSED")),
    "record.reactivate": Look(looks.state, becomes("ACTIVE")),
    "record.destroy": Look(looks.state, becomes("NOT_FOUND")),
    "record.request_copy": Look(looks.queue, asked_by_a_successor),
    "record.export_copy": Look(looks.tickets, copied),
    "authz.add": Look(looks.status_of_the_target, becomes("VALIDE")),
    "authz.block": Look(looks.status_of_the_target, becomes("INTERDIT")),
    "opposition.set": Look(looks.glass, becomes("PERMISSION_DENIED")),
    "opposition.unset": Look(looks.glass, becomes("OK")),
    "doc.mask": Look(looks.shown_to_a_stranger, gone),
    "doc.unmask": Look(looks.shown_to_a_stranger, there),
    "doc.reveal_patient": Look(looks.shown_to_the_holder, there),
    "doc.hide_patient": Look(looks.shown_to_the_holder, gone),
    "doc.create": Look(looks.shown_to_a_stranger, deposited),
    "doc.replace": Look(looks.shown_to_a_stranger, gone),
    "doc.delete": Look(looks.shown_to_a_stranger, gone),
    "doc.request_delete": Look(looks.tickets, asked("doc.delete")),
    "doc.request_destroy": Look(looks.tickets, asked("doc.destroy")),
    "doc.read": Look(looks.readings, told_of),
    "doc.list": Look(nothing, each_alone),
    "trace.list": Look(nothing, as_far_as_the_scope),
}


def check(stage: Stage, look: Look, before: Any, heard: Heard) -> None:
    """What is seen after a case follows from its answer, and the holder was told of it where he must be."""
    expected = stage.case["expected"]
    permitted = expected["effect"] == "PERMIT"
    assert look.see(stage) == (look.then(stage, before, heard) if permitted else before)
    if "NOTIFY_HOLDER" in expected["obligations"]:
        assert ("NOTIFY_HOLDER", stage.subject["name"]) in looks.told(stage)
