"""Questions about another over mTLS: on which facts they are decided, what is told and what is traced."""

from __future__ import annotations

import json
from typing import Any

from dmp.authorization.v1 import authorization_pb2 as authorization
from dmp.documents.v1 import documents_pb2 as documents
from dmp.trace.v1 import trace_pb2 as trace
from services.runtime import batch_entry
from services.store import trace_row
from services.store.trace_entry import TraceEntry
from tests.services.secured import VIEWER, Secured, check, foreign, question, refused, subject, told
from tests.services.world import of

NORMAL, MASKED = documents.LABEL_NORMAL, documents.LABEL_MASQUE_PS


def test_a_listed_software_is_told_what_the_person_named_would_be(secured: Secured) -> None:
    """Permitted, refused, hidden and missing: as he would be told himself, over Check and Explain."""
    world = secured.world
    patient = world.opened("author", "colleague", treating="treating")
    ids = [world.deposit(patient), world.deposit(patient, NORMAL, MASKED), "never was", ""]
    actions = ("doc.read", "doc.list", "doc.mask", "doc.archive", "authz.add", "record.close", "decision.ask")
    answers = set()
    for name in ("author", "colleague", "treating", "nurse", "secretary", "support"):
        for action in actions:
            for document in ids:
                alone = question(patient, action, document_id=document)
                named = question(patient, action, document_id=document, subject=subject(world, name))
                own = told(check(world.as_(name), alone))
                assert told(check(world.as_("hospital"), named)) == own, (name, action, document)
                answers.add(own.answer)
                explained = [
                    told(caller.Explain(authorization.ExplainRequest(question=asked)))
                    for caller, asked in ((world.as_(name), alone), (world.as_("hospital"), named))
                ]
                assert explained[0] == explained[1]
    assert answers >= {authorization.ANSWER_OK, authorization.ANSWER_FORBIDDEN, authorization.ANSWER_NOT_FOUND}


def test_hidden_and_missing_are_alike_to_the_asker(secured: Secured) -> None:
    """The asker's own rights open nothing: he is the treating physician, and the person named is not."""
    world = secured.world
    patient = world.opened("author", "colleague", treating="treating")
    hidden = world.deposit(patient, NORMAL, MASKED)
    caller, named = world.as_("treating"), subject(world, "colleague")
    answers = [
        told(check(caller, question(patient, document_id=document, subject=named))).SerializeToString()
        for document in (hidden, "never was")
    ]
    assert answers[0] == answers[1]
    assert told(check(caller, question(patient, document_id=hidden))).answer == authorization.ANSWER_OK


def test_the_trace_tells_who_asked_about_whom_with_what(secured: Secured) -> None:
    """The subject is the asker; the person named, the software and the asserted facts stand beside it."""
    world = secured.world
    patient = world.opened("author")
    asked = question(patient, subject=subject(world, "nurse"), supplied=foreign())
    traced = world.trace(check(world.as_("hospital"), asked).decided.decision_id)
    hospital, nurse = world.people["hospital"]["sub"], world.people["nurse"]["sub"]
    assert (traced["kind"], traced["action"]) == ("QUESTION", "doc.read")
    assert (traced["subject_id"], traced["about"], traced["client"]) == (hospital, nurse, VIEWER)
    assert traced["asserted"] == sorted(supplied.attribute for supplied in asked.supplied)
    assert traced["facts"]["subject"]["id"] == nurse
    assert traced["facts"]["document"]["type"] == "34112-3"
    assert traced["facts"]["asker"]["subject"]["id"] == hospital
    assert traced["facts"]["asker"]["context"]["asker_listed"] is True


def test_a_document_of_another_system_is_decided_by_the_same_rules(secured: Secured) -> None:
    """Its facts are supplied as a whole; its class is the rule set's own."""
    world = secured.world
    patient = world.opened("author", "colleague")
    caller, named = world.as_("hospital"), subject(world, "colleague")
    told_of = {
        labels: check(caller, question(patient, subject=named, supplied=foreign(labels=list(labels)))).answer
        for labels in (("N",), ("N", "MASQUE_PS"))
    }
    assert told_of == {("N",): authorization.ANSWER_OK, ("N", "MASQUE_PS"): authorization.ANSWER_NOT_FOUND}
    traced = check(caller, question(patient, subject=named, supplied=foreign()))
    assert world.trace(traced.decided.decision_id)["facts"]["document"]["class"] is not None
    partial = refused(caller, question(patient, subject=named, supplied=foreign()[1:]))
    assert (partial.code, partial.fields) == ("INVALID_ARGUMENT", {"question.supplied": "INVALID_FACT"})


def test_facts_may_be_supplied_about_oneself(secured: Secured) -> None:
    """Only with the same right, and marked too."""
    world = secured.world
    patient = world.opened("author")
    asked = question(patient, supplied=foreign())
    traced = world.trace(check(world.as_("nurse"), asked).decided.decision_id)
    assert (traced["about"], len(traced["asserted"])) == (None, len(asked.supplied))
    told_off = refused(secured.unlisted.as_("nurse"), asked)
    assert (told_off.code, told_off.metadata["fields"]) == ("PERMISSION_DENIED", "question.supplied")


def test_a_proposed_document_and_a_supplied_one_are_one_too_many(secured: Secured) -> None:
    """The document to deposit is described once; its author is the person named."""
    world = secured.world
    patient = world.opened("author")
    new = authorization.ProposedDocument(type_code="34112-3", labels=[NORMAL])
    asked = question(patient, "doc.create", subject=subject(world, "author"), new_document=new)
    answered = check(world.as_("hospital"), asked, non_opposition=True)
    assert answered.answer == authorization.ANSWER_OK
    assert world.trace(answered.decided.decision_id)["facts"]["document"]["author"] == world.people["author"]["sub"]
    asked.supplied.extend(foreign()[:1])
    told_off = refused(world.as_("hospital"), asked)
    assert (told_off.code, told_off.fields) == ("INVALID_ARGUMENT", {"question.supplied[0]": "STATED_TWICE"})


def test_a_batch_answers_each_person_as_alone(secured: Secured) -> None:
    """Many persons, the asker himself and supplied facts beside one another; each has an entry of his own."""
    world = secured.world
    patient, other = world.opened("author", "colleague", treating="treating"), world.opened("author")
    ids = [world.deposit(patient), world.deposit(patient, NORMAL, MASKED), "never was"]
    kinds: list[dict[str, Any]] = [
        *({"subject": subject(world, name)} for name in ("author", "colleague", "treating", "nurse")),
        {},
    ]
    vouched = [{**kind, "supplied": foreign()} for kind in kinds[-2:]]
    asked = [question(patient, document_id=document, **kind) for document in ids for kind in kinds]
    asked += [question(other, "doc.list", **kind) for kind in kinds]
    asked += [question(record, **kind) for record in (patient, other) for kind in vouched]
    asked += [question(patient, supplied=foreign(labels=labels), **kinds[1]) for labels in (["N"], ["N", "MASQUE_PS"])]
    items = [authorization.BatchItem(key=str(place), question=one) for place, one in enumerate(asked)]
    for caller in (world.as_("hospital"), world.as_("colleague")):
        found = caller.CheckBatch(authorization.CheckBatchRequest(items=items))
        for item, one in zip(found.items, asked, strict=True):
            alone, outcome = check(caller, one), found.outcomes[item.outcome]
            assert (outcome.effect, outcome.answer, outcome.rules) == (alone.effect, alone.answer, alone.rules)
        headings = [(record.record.value, record.subject.value, record.supplied) for record in found.records]
        assert len(headings) == len(set(headings)) == 2 * len([*kinds, *vouched]) + 1
        for record in found.records:
            traced = world.trace(record.decision_id)
            assert (traced["about"] or "").partition("|")[2] == record.subject.value
            assert bool(traced["asserted"]) == record.supplied
            assert traced["client"] == VIEWER


def test_decisions_about_another_can_be_reproduced(secured: Secured) -> None:
    """From the facts of the trace alone: the asker's right and each answer, single and in a batch."""
    world = secured.world
    engine = world.suite.gate.rules.current.engines["seed-2011"]
    patient = world.opened("author", "colleague")
    ids = [world.deposit(patient), world.deposit(patient, NORMAL, MASKED)]
    people = [subject(world, name) for name in ("author", "nurse")]
    asked = [question(patient, document_id=document, subject=said) for document in ids for said in people]
    asked += [question(patient, subject=people[0], supplied=foreign())]
    single = [check(world.as_("hospital"), one).decided.decision_id for one in asked]
    items = [authorization.BatchItem(key=str(place), question=one) for place, one in enumerate(asked)]
    many = world.as_("hospital").CheckBatch(authorization.CheckBatchRequest(items=items))
    for decision_id in single:
        traced = world.trace(decision_id)
        facts = {name: value for name, value in traced["facts"].items() if name != "asker"}
        again = engine.decide(facts)
        assert (again.effect, again.answer) == (traced["effect"], traced["answer"])
        own = {**facts, **traced["facts"]["asker"], "document": None, "action": "decision.ask_for"}
        assert engine.decide(own).permitted
    for record in many.records:
        [row] = world.entries("decision_id = ?", record.decision_id)
        del row["number"]
        stored: TraceEntry = trace_row.entry(row)
        for place, (_, outcome) in enumerate(stored.items):
            decided = engine.decide(json.loads(trace_row.canonical(batch_entry.request_of(stored, place))))
            assert decided.answer == stored.outcomes[outcome]["answer"]


def test_the_holder_reads_who_was_asked_about(secured: Secured) -> None:
    """Accesses come first, then the questions, each with the person whom it was about."""
    world = secured.world
    patient = world.opened("author")
    hospital = world.as_("hospital")
    check(hospital, question(patient, "doc.list", subject=subject(world, "nurse")))
    check(hospital, question(patient, "doc.list"))
    world.as_("author").ListDocuments(documents.ListDocumentsRequest(record=of(patient)))
    shown = world.as_(patient).ListTraces(trace.ListTracesRequest(record=of(patient))).lines
    asked = trace.LINE_KIND_QUESTION
    kinds = [line.kind for line in shown]
    assert kinds == [kind for kind in kinds if kind != asked] + [asked] * 2
    assert [line.asked_about.value for line in shown[-2:]] == ["", of(world.people["nurse"]).value]
    assert not any(line.HasField("asked_about") for line in shown[:-2])


def test_an_officer_looks_into_a_question_about_another(secured: Secured) -> None:
    """Alone and in a batch: decided again as it was answered, without the asker's own facts."""
    world = secured.world
    patient = world.opened("author")
    asked = question(patient, subject=subject(world, "nurse"), supplied=foreign())
    alone = check(world.as_("hospital"), asked).decided.decision_id
    items = [authorization.BatchItem(key="a", question=asked)]
    batch = world.as_("hospital").CheckBatch(authorization.CheckBatchRequest(items=items)).decided.decision_id
    officer = {**world.people["support"], "kind": "COMPLIANCE_OFFICER"}
    for decision in (alone, batch):
        review = authorization.ExplainDecisionRequest(record=of(patient), decision_id=decision)
        found = world.as_(officer).ExplainDecision(review)
        assert (found.same_rules, found.same_answer) == (True, True)
        assert list(found.rules) == list(found.traced.rules)
        assert [each.value.fr for each in found.facts if each.attribute == "subject.profession"] == ["INFIRMIER"]
