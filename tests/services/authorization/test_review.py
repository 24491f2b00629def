"""Another person's decision explained to an officer over a running suite, and what the refused himself is told."""

import pytest

from dmp.access.v1 import access_pb2 as access
from dmp.authorization.v1 import authorization_pb2 as authorization
from dmp.documents.v1 import documents_pb2 as documents
from dmp.trace.v1 import trace_pb2 as trace
from tests.services.world import Person, World, of, refusal

OFFICER: Person = {
    "kind": "COMPLIANCE_OFFICER",
    "name": "Inès Conformité",
    "sub": "1.2.250.1.71.4.2.1|899700000199",
    "authn_mode": "HOST",
}
PRIVACY: Person = {**OFFICER, "kind": "PRIVACY_OFFICER", "sub": "1.2.250.1.71.4.2.1|899700000198"}
MASKED = documents.LABEL_MASQUE_PS


def request(patient: Person, decision_id: str, question: int = 0) -> authorization.ExplainDecisionRequest:
    return authorization.ExplainDecisionRequest(record=of(patient), decision_id=decision_id, question=question)


def read(world: World, who: str, patient: Person, document: str) -> str:
    """Try to read a document; the decision's id."""
    asked = documents.GetDocumentRequest(record=of(patient), document_id=document)
    return refusal(world.as_(who).GetDocument, asked).decision_id


def statements(changes: authorization.ChangeSet) -> list[str]:
    return [change.en for change in changes.changes]


@pytest.mark.parametrize("officer", [OFFICER, PRIVACY])
def test_an_officer_learns_why_another_was_refused(world: World, officer: Person) -> None:
    """The hidden rule, its basis and its facts; what would change it; decided again by the same rules."""
    patient = world.opened("author", "colleague")
    refused = read(world, "colleague", patient, world.deposit(patient, documents.LABEL_NORMAL, MASKED))
    told = world.as_(officer).ExplainDecision(request(patient, refused))
    assert (told.same_rules, told.same_answer, told.proven) == (True, True, True)
    assert (told.traced.actor_kind, told.traced.action) == ("PROFESSIONAL", "doc.read")
    assert (told.effect, told.answer) == (authorization.EFFECT_DENY, authorization.ANSWER_NOT_FOUND)
    assert list(told.rules) == list(told.traced.rules) == ["VIS-03"]
    [masked] = [rule for rule in told.fired if rule.rule == "VIS-03"]
    assert masked.basis
    assert any(test.holds and "MASQUE_PS" in test.statement.fr for test in masked.tests)
    unmasked = told.otherwise[0]
    assert statements(unmasked) == ["confidentiality labels: remove MASQUE_PS"]
    assert (unmasked.likely, unmasked.answer) == (True, authorization.ANSWER_OK)


def test_a_review_is_traced_on_the_record_and_the_patient_sees_it(world: World) -> None:
    """One entry that names the decision looked into, and a line of who looked."""
    patient = world.opened("author")
    refused = read(world, "colleague", patient, "never was")
    told = world.as_(OFFICER).ExplainDecision(request(patient, refused))
    entry = world.trace(told.decided.decision_id)
    assert (entry["action"], entry["outcome"], entry["record"]) == ("decision.review", "DONE", patient["sub"])
    assert entry["facts"]["context"]["decision"] == refused
    lines = world.as_(patient).ListTraces(trace.ListTracesRequest(record=of(patient))).lines
    assert ("decision.review", "COMPLIANCE_OFFICER") in {(line.action, line.actor_kind) for line in lines}


def test_nobody_else_reviews(world: World) -> None:
    """A refusal, whether or not there is such a decision, and traced."""
    patient = world.opened("author")
    refused = read(world, "colleague", patient, "never was")
    for caller in ("colleague", "author", "support", patient):
        answers = [
            refusal(world.as_(caller).ExplainDecision, request(patient, known)) for known in (refused, "never made")
        ]
        assert {(answer.code, answer.reason, answer.metadata["rules"]) for answer in answers} == {
            ("PERMISSION_DENIED", "ACCESS_DENIED", "ENV-02")
        }
        assert world.trace(answers[0].decision_id)["outcome"] == "REFUSED"


def test_a_decision_is_reviewed_on_its_own_record_alone(world: World) -> None:
    """One of another record, or none, is NOT_FOUND; so is a question past those of the entry INVALID."""
    patient, other = world.opened("author"), world.opened("author")
    refused = read(world, "colleague", patient, "never was")
    officer = world.as_(OFFICER)
    assert refusal(officer.ExplainDecision, request(other, refused)).code == "NOT_FOUND"
    assert refusal(officer.ExplainDecision, request(patient, "never made")).code == "NOT_FOUND"
    assert refusal(officer.ExplainDecision, request(patient, refused, 1)).fields == {"question": "OUT_OF_RANGE"}
    nameless = authorization.ExplainDecisionRequest(record=of(patient))
    assert refusal(officer.ExplainDecision, nameless).fields == {"decision_id": "REQUIRED"}


def test_nothing_medical_is_shown(world: World) -> None:
    """Neither a document's type, nor its class, nor anybody's own words; the facts are named, not shown."""
    patient = world.opened("author", "colleague")
    document = world.deposit(patient, documents.LABEL_NORMAL, MASKED)
    [stored] = world.rows("SELECT type FROM documents WHERE logical_id = ?", document)
    words = "crise d'épilepsie"
    asked = documents.GetDocumentRequest(
        record=of(patient), document_id=document, attestations=access.Attestations(reason=words)
    )
    refused = refusal(world.as_("colleague").GetDocument, asked).decision_id
    question = request(patient, refused)
    question.include_unlikely = True
    told = world.as_(OFFICER).ExplainDecision(question)
    shown = {fact.attribute: fact.value.fr for fact in told.facts}
    assert shown["document.type"] == "(non montré)"
    assert words not in str(told)
    assert all(stored["type"] not in statement for changes in told.otherwise for statement in statements(changes))
    assert world.trace(refused)["facts"]["context"]["reason"] == words


def test_a_question_of_a_batch_is_reviewed_by_its_place(world: World) -> None:
    """Each as it was answered; the entry says how many there are."""
    patient = world.opened("author", "colleague")
    shown = world.deposit(patient)
    hidden = world.deposit(patient, documents.LABEL_NORMAL, MASKED)
    items = [
        authorization.BatchItem(
            key=key, question=authorization.Question(record=of(patient), action="doc.read", document_id=document)
        )
        for key, document in (("shown", shown), ("hidden", hidden))
    ]
    answered = world.as_("colleague").CheckBatch(authorization.CheckBatchRequest(items=items))
    decision_id = answered.records[0].decision_id
    told = [world.as_(OFFICER).ExplainDecision(request(patient, decision_id, place)) for place in (0, 1)]
    assert [one.answer for one in told] == [authorization.ANSWER_OK, authorization.ANSWER_NOT_FOUND]
    assert all(one.same_answer and one.traced.questions == 2 for one in told)


def test_every_traced_decision_is_decided_again_as_it_was(world: World) -> None:
    """Opening, granting, deposit, list, read, mask, question, refusal: the stored facts reproduce every answer."""
    patient = world.opened("author", "colleague", treating="treating")
    document = world.deposit(patient)
    record = of(patient)
    world.as_("colleague").ListDocuments(documents.ListDocumentsRequest(record=record))
    world.as_("treating").GetDocument(documents.GetDocumentRequest(record=record, document_id=document))
    read(world, "nurse", patient, document)
    question = authorization.Question(record=record, action="doc.delete", document_id=document)
    world.as_("author").Check(authorization.CheckRequest(question=question))
    rows = world.rows("SELECT decision_id, action FROM traces WHERE record = ? ORDER BY number", patient["sub"])
    officer = world.as_(OFFICER)
    for row in rows:
        told = officer.ExplainDecision(request(patient, row["decision_id"]))
        assert told.same_answer, row["action"]
        assert list(told.rules) == list(told.traced.rules)
    assert len({row["action"] for row in rows}) >= 6


def test_the_refused_is_told_what_can_be_done(world: World) -> None:
    """Explain: the patient may authorise him, in both languages; nothing of it for what he may not know of."""
    patient = world.opened("author")
    document = world.deposit(patient)
    question = authorization.Question(record=of(patient), action="doc.read", document_id=document)
    told = world.as_("colleague").Explain(authorization.ExplainRequest(question=question))
    advice = {step.attribute: step.advice for remedy in told.remedies for step in remedy.steps}
    assert advice["relation.authorisation"].fr == "Le titulaire peut vous autoriser."
    assert advice["relation.authorisation"].en
    question.document_id = "never was"
    missing = world.as_("colleague").Explain(authorization.ExplainRequest(question=question))
    assert list(missing.remedies) == list(told.remedies)


def test_what_was_refused_for_its_form_was_not_decided(world: World) -> None:
    """A review says so, and which field; it makes no decision of it, whatever kind of fault it was."""
    patient = world.opened("author", "colleague")
    officer = world.as_(OFFICER)
    unfit = documents.GetDocumentRequest(record=of(patient), document_id="d" * 65)
    unknown = authorization.CheckRequest(question=authorization.Question(record=of(patient), action="doc.fly"))
    colleague = world.as_("colleague")
    for refused, field in (
        (refusal(colleague.GetDocument, unfit), "document_id"),
        (refusal(colleague.Check, unknown), "action"),
    ):
        assert refused.code == "INVALID_ARGUMENT"
        told = officer.ExplainDecision(request(patient, refused.decision_id))
        assert told.traced.answer == authorization.ANSWER_INVALID
        assert [fault.field for fault in told.traced.faults] == [field]
        assert told.traced.faults[0].description
        assert "pour sa forme" in told.summary.fr
        assert not told.HasField("same_answer")
        assert (told.answer, list(told.fired), list(told.otherwise)) == (authorization.ANSWER_UNSPECIFIED, [], [])


def test_a_question_of_a_batch_that_cannot_be_understood_was_not_decided(world: World) -> None:
    """Beside one that was."""
    patient = world.opened("author", "colleague")
    items = [
        authorization.BatchItem(key=action, question=authorization.Question(record=of(patient), action=action))
        for action in ("doc.list", "doc.fly")
    ]
    answered = world.as_("colleague").CheckBatch(authorization.CheckBatchRequest(items=items))
    decision_id = answered.records[0].decision_id
    decided, unfit = (world.as_(OFFICER).ExplainDecision(request(patient, decision_id, place)) for place in (0, 1))
    assert decided.same_answer
    assert (unfit.traced.answer, unfit.HasField("same_answer")) == (authorization.ANSWER_INVALID, False)
    assert unfit.traced.faults
