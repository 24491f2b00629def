"""Questions about another that are refused: an unlisted software, an overridden fact, bad input."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dmp.access.v1 import access_pb2 as access
from dmp.authorization.v1 import authorization_pb2 as authorization
from dmp.documents.v1 import documents_pb2 as documents
from services.runtime import another
from tests.services.secured import OTHER, VOCABULARY, Secured, check, fact, foreign, question, refused, some, subject
from tests.services.world import World, refusal

NORMAL, MASKED = documents.LABEL_NORMAL, documents.LABEL_MASQUE_PS
STATED = [found for found in VOCABULARY.attributes.values() if not found.derived]
UNSUPPLIED = [found.name for found in STATED if not found.supplied]
OF_DOCUMENTS = [found.name for found in STATED if found.supplied and found.entity == "document"]


@pytest.mark.parametrize("document", ["stored", "hidden", "never was", ""])
def test_an_unlisted_software_is_told_one_thing(secured: Secured, document: str) -> None:
    """Whatever it asks: the rule and the field. Nothing is written but the trace, which names the one asked about."""
    world = secured.unlisted
    patient = world.opened("author", "colleague", treating="treating")
    ids = {"stored": world.deposit(patient), "hidden": world.deposit(patient, NORMAL, MASKED)}
    before = world.state()
    asked = question(patient, document_id=ids.get(document, document), subject=subject(world, "treating"))
    for name in ("hospital", "colleague", "treating", "author"):
        answered = refused(world.as_(name), asked)
        assert (answered.code, answered.reason) == ("PERMISSION_DENIED", "ACCESS_DENIED")
        assert answered.metadata.keys() == {"decision_id", "rules", "fields"}
        assert (answered.metadata["rules"], answered.metadata["fields"]) == ("SVC-10.unlisted", "question.subject")
        traced = world.trace(answered.decision_id)
        assert (traced["action"], traced["outcome"]) == ("decision.ask_for", "REFUSED")
        assert (traced["about"], traced["client"]) == (world.people["treating"]["sub"], OTHER)
    assert world.state() == before


def test_what_is_asked_of_an_unknown_record_is_not_told_either(secured: Secured) -> None:
    """A record that does not exist answers an unlisted software as any question about it does."""
    world = secured.unlisted
    stranger = world.patient()
    own = check(world.as_("hospital"), question(stranger, "doc.list"))
    named = refused(world.as_("hospital"), question(stranger, "doc.list", subject=subject(world, "author")))
    assert own.answer == authorization.ANSWER_NOT_FOUND
    assert (named.code, named.metadata["fields"]) == ("PERMISSION_DENIED", "question.subject")


def test_plaintext_names_nobody(world: World) -> None:
    """Without TLS no software is listed, and none is traced."""
    patient = world.opened("author")
    asked = question(patient, "doc.list", subject=subject(world, "author"))
    answered = refused(world.as_("hospital"), asked)
    assert (answered.code, answered.metadata["fields"]) == ("PERMISSION_DENIED", "question.subject")
    assert world.trace(answered.decision_id)["client"] is None


@pytest.mark.parametrize("name", UNSUPPLIED)
def test_what_is_stored_is_never_overridden(secured: Secured, name: str) -> None:
    """Nor what is identified or attested: the field is named, and nothing is written but the trace."""
    world = secured.world
    patient = world.opened()
    before = world.state()
    supplied = [fact("document.type", "34112-3"), some(VOCABULARY.attributes[name])]
    asked = question(patient, "doc.list", subject=subject(world, "nurse"), supplied=supplied)
    answered = refused(world.as_("hospital"), asked)
    assert (answered.code, answered.fields) == ("INVALID_ARGUMENT", {"question.supplied[1]": "NOT_SUPPLIED"})
    traced = world.trace(answered.decision_id)
    assert (traced["outcome"], traced["asserted"]) == ("REFUSED", [])
    assert world.state() == before


@pytest.mark.parametrize("name", OF_DOCUMENTS)
def test_a_stored_document_is_never_overridden(secured: Secured, name: str) -> None:
    """Hidden, missing or visible: what is named here is decided on what is stored here."""
    world = secured.world
    patient = world.opened("author", "colleague")
    for document in (world.deposit(patient), world.deposit(patient, NORMAL, MASKED), "never was"):
        asked = question(
            patient,
            document_id=document,
            subject=subject(world, "colleague"),
            supplied=[some(VOCABULARY.attributes[name])],
        )
        answered = refused(world.as_("hospital"), asked)
        assert (answered.code, answered.fields) == ("INVALID_ARGUMENT", {"question.supplied[0]": "STORED_FACT"})


def test_the_mark_of_the_vocabulary_covers_no_stored_fact() -> None:
    """A slip of an officer keeps the server from starting."""
    assert OF_DOCUMENTS
    assert another.faults(VOCABULARY) == []
    slips = (
        "relation.holder",
        "relation.authorisation",
        "record.state",
        "context.mode",
        "subject.kind",
        "context.consent",
    )
    for name in slips:
        slipped = {**VOCABULARY.attributes, name: replace(VOCABULARY.attributes[name], supplied=True)}
        [told_so] = another.faults(replace(VOCABULARY, attributes=slipped))
        assert name in told_so


NO_VALUE = access.SuppliedFact(attribute="document.type")
BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "an unknown kind": ({"subject": {"kind": "KING"}}, "question.subject.kind", "KIND_NOT_ALLOWED"),
    "our own background": ({"subject": {"kind": "SYSTEM"}}, "question.subject.kind", "KIND_NOT_ALLOWED"),
    "no kind": ({"subject": {"kind": ""}}, "question.subject.kind", "REQUIRED"),
    "a professional with the id of a patient": (
        {"subject": {"id": access.Identifier(system="1.2.250.1.213.1.4.10", value="284037599900117")}},
        "question.subject.id",
        "INVALID_IDENTIFIER",
    ),
    "no id": ({"subject": {"id": None}}, "question.subject.id", "REQUIRED"),
    "no profession": ({"subject": {"profession": ""}}, "question.subject.profession", "INVALID_FACT"),
    "an unknown way of authentication": (
        {"subject": {"authn_mode": "SHOUTED"}},
        "question.subject.authn_mode",
        "INVALID_FACT",
    ),
    "a profession that cannot be shown": (
        {"subject": {"profession": "MEDE\0CIN"}},
        "question.subject.profession",
        "CONTROL_CHARACTER",
    ),
    "an endless profession": ({"subject": {"profession": "M" * 201}}, "question.subject.profession", "TOO_LONG"),
    "an unknown attribute": ({"supplied": [fact("relation.king", True)]}, "question.supplied[0]", "NOT_SUPPLIED"),
    "a derived attribute": ({"supplied": [fact("document.exists", True)]}, "question.supplied[0]", "NOT_SUPPLIED"),
    "a class": ({"supplied": [fact("document.class", "90")]}, "question.supplied[0]", "NOT_SUPPLIED"),
    "an attribute twice": (
        {"supplied": [fact("document.type", "34112-3"), fact("document.type", "68599-0")]},
        "question.supplied[1]",
        "DUPLICATE_FACT",
    ),
    "a boolean for text": ({"supplied": [fact("document.type", True)]}, "question.supplied[0]", "INVALID_FACT"),
    "no value": ({"supplied": [NO_VALUE]}, "question.supplied[0]", "INVALID_FACT"),
    "an unknown code": ({"supplied": foreign(labels=["N", "X"])}, "question.supplied[1]", "INVALID_FACT"),
    "a time without an offset": (
        {"supplied": foreign(deposited_at="2020-03-03T12:00:00")},
        "question.supplied[4]",
        "INVALID_FACT",
    ),
    "half a character": ({"supplied": foreign(type="\u202e")}, "question.supplied[0].text", "CONTROL_CHARACTER"),
    "too many": ({"supplied": [fact("document.type", "34112-3")] * 17}, "question.supplied", "OUT_OF_RANGE"),
    "no attribute": ({"supplied": [access.SuppliedFact(flag=True)]}, "question.supplied[0].attribute", "REQUIRED"),
}  # fmt: skip


@pytest.mark.parametrize("bad", BAD)
def test_bad_input_is_named(secured: Secured, bad: str) -> None:
    """By its field, alone and as an item of a batch, where it spoils no other; nothing is written but the trace."""
    world = secured.world
    patient = world.opened("author")
    changed, field, reason = BAD[bad]
    said = subject(world, "nurse", **changed.get("subject", {}))
    asked = question(patient, subject=said, supplied=changed.get("supplied", []))
    before = world.state()
    answered = refused(world.as_("hospital"), asked)
    assert (answered.code, answered.fields.get(field)) == ("INVALID_ARGUMENT", reason), answered.fields
    assert world.trace(answered.decision_id)["outcome"] == "REFUSED"
    good = authorization.BatchItem(key="good", question=question(patient, "doc.list"))
    items = [authorization.BatchItem(key="bad", question=asked), good]
    found = world.as_("author").CheckBatch(authorization.CheckBatchRequest(items=items))
    outcomes = {item.key: found.outcomes[item.outcome] for item in found.items}
    assert outcomes["bad"].answer == authorization.ANSWER_INVALID
    assert field in [fault.field for fault in outcomes["bad"].faults]
    assert outcomes["good"].answer == authorization.ANSWER_OK
    assert world.state() == before


def test_a_batch_of_an_unlisted_software_answers_for_itself_alone(secured: Secured) -> None:
    """Where every question names another, it is refused as a whole, with the field."""
    world = secured.unlisted
    patient = world.opened("author", "colleague")
    hidden = world.deposit(patient, NORMAL, MASKED)
    named = [
        authorization.BatchItem(
            key=document, question=question(patient, document_id=document, subject=subject(world, "author"))
        )
        for document in (hidden, "never was")
    ]
    own = authorization.BatchItem(key="own", question=question(patient, "doc.list"))
    found = world.as_("colleague").CheckBatch(authorization.CheckBatchRequest(items=[*named, own]))
    outcomes = {item.key: found.outcomes[item.outcome] for item in found.items}
    assert outcomes["own"].answer == authorization.ANSWER_OK
    assert outcomes[hidden] == outcomes["never was"]
    assert (outcomes[hidden].answer, list(outcomes[hidden].rules)) == (
        authorization.ANSWER_FORBIDDEN,
        ["SVC-10.unlisted"],
    )
    answered = refusal(world.as_("colleague").CheckBatch, authorization.CheckBatchRequest(items=named))
    assert (answered.code, answered.metadata["fields"]) == ("PERMISSION_DENIED", "question.subject")


def test_an_unlisted_caller_leaves_one_entry_however_many_he_names(world: World) -> None:
    """Else a stranger could fill the traces of a record by one call."""
    patient, stranger = world.opened("author"), world.patient()
    names = ("author", "colleague", "nurse", "treating")
    items = [
        authorization.BatchItem(key=name, question=question(patient, subject=subject(world, name))) for name in names
    ]
    query = "SELECT count(*) AS number FROM traces WHERE record = ?"
    [before] = world.rows(query, patient["sub"])
    assert refusal(world.as_(stranger).CheckBatch, authorization.CheckBatchRequest(items=items)).code == (
        "PERMISSION_DENIED"
    )
    [after] = world.rows(query, patient["sub"])
    assert after["number"] - before["number"] == 1
