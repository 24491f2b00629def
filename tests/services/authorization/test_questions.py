"""Questions over a running suite: may I, why, and what the rules are."""

from collections.abc import Callable

import pytest

from dmp.access.v1 import access_pb2 as access
from dmp.authorization.v1 import authorization_pb2 as authorization
from dmp.documents.v1 import documents_pb2 as documents
from dmp.records.v1 import records_pb2 as records
from tests.services.world import BIRTH, As, Person, World, of, refusal

NORMAL = documents.LABEL_NORMAL
MASKED = documents.LABEL_MASQUE_PS
NO_OPPOSITION = access.Attestations(non_opposition=True)


def ask(
    caller: As, patient: Person, action: str, attestations: access.Attestations | None = None, **other: object
) -> authorization.CheckResponse:
    question = authorization.Question(record=of(patient), action=action, **other)  # type: ignore[arg-type]  # by name
    found: authorization.CheckResponse = caller.Check(
        authorization.CheckRequest(question=question, attestations=attestations)
    )
    return found


def explain(caller: As, patient: Person, action: str, **other: object) -> authorization.ExplainResponse:
    question = authorization.Question(record=of(patient), action=action, **other)  # type: ignore[arg-type]  # by name
    found: authorization.ExplainResponse = caller.Explain(authorization.ExplainRequest(question=question))
    return found


def test_a_question_is_answered_as_the_act_would_be(world: World) -> None:
    """A permit with its obligations, a refusal with its rules; both are answers, and both are traced as questions."""
    patient = world.opened("author")
    document = world.deposit(patient)
    permitted = ask(world.as_("author"), patient, "doc.read", document_id=document)
    assert (permitted.effect, permitted.answer) == (authorization.EFFECT_PERMIT, authorization.ANSWER_OK)
    assert list(permitted.obligations) == ["TRACE"]
    refused = ask(world.as_("colleague"), patient, "doc.read", document_id=document)
    assert (refused.effect, refused.answer) == (authorization.EFFECT_DENY, authorization.ANSWER_FORBIDDEN)
    assert refused.rules
    for answered, outcome in ((permitted, "DONE"), (refused, "REFUSED")):
        trace = world.trace(answered.decided.decision_id)
        assert (trace["kind"], trace["action"], trace["outcome"]) == ("QUESTION", "doc.read", outcome)


def test_what_is_hidden_is_missing_to_a_question(world: World) -> None:
    """The answer is NOT_FOUND and nothing else: no rule, no obligation, no reason; the trace alone holds the rule."""
    patient = world.opened("author", "colleague")
    hidden = world.deposit(patient, NORMAL, MASKED)
    caller = world.as_("colleague")
    answers, explanations = [], []
    for document in (hidden, "never was"):
        answered = ask(caller, patient, "doc.read", document_id=document)
        explained = explain(caller, patient, "doc.read", document_id=document)
        answered.ClearField("decided")
        explained.ClearField("decided")
        answers.append(answered)
        explanations.append(explained)
    assert (
        answers[0]
        == answers[1]
        == authorization.CheckResponse(effect=authorization.EFFECT_DENY, answer=authorization.ANSWER_NOT_FOUND)
    )
    assert explanations[0] == explanations[1]
    assert not explanations[0].reasons
    asked = world.entries("kind = 'QUESTION' AND record = ?", patient["sub"])
    row = next(entry for entry in asked if hidden in entry["items"])
    assert "VIS-03" in row["rules"]


def test_a_question_changes_nothing(world: World) -> None:
    """Not even one about an act that would be permitted."""
    patient = world.opened("author")
    document = world.deposit(patient)
    before = world.state()
    for action in ("doc.mask", "opposition.set", "authz.block", "doc.list"):
        ask(
            world.as_(patient),
            patient,
            action,
            document_id=document if action == "doc.mask" else "",
            opposition=records.OPPOSITION_BRIS_DE_GLACE,
            professional=of(world.people["colleague"]),
        )
    assert world.state() == before


def test_a_question_may_bring_the_document_to_deposit(world: World) -> None:
    """So that a button for deposits can tell; for any other action a document is what is stored."""
    patient = world.opened("author")
    new = authorization.ProposedDocument(type_code="34112-3", labels=[NORMAL])
    answered = ask(world.as_("author"), patient, "doc.create", NO_OPPOSITION, new_document=new)
    assert answered.effect == authorization.EFFECT_PERMIT
    both = authorization.ProposedDocument(
        type_code="34112-3", labels=[NORMAL, MASKED, documents.LABEL_INVISIBLE_PATIENT]
    )
    assert ask(world.as_("author"), patient, "doc.create", NO_OPPOSITION, new_document=both).effect == (
        authorization.EFFECT_DENY
    )
    refused = refusal(lambda: ask(world.as_("author"), patient, "doc.read", new_document=new))
    assert (refused.code, refused.fields) == ("INVALID_ARGUMENT", {"question.new_document": "INVALID_FACT"})


def test_a_record_to_open_is_asked_about_before_it_exists(world: World) -> None:
    """The missing record is what the act needs."""
    patient = world.patient()
    consent = access.Attestations(consent=True, informed=True)
    answered = ask(world.as_("author"), patient, "record.create", consent, holder_birth_date=BIRTH)
    assert answered.effect == authorization.EFFECT_PERMIT
    assert ask(world.as_("author"), patient, "doc.list").answer == authorization.ANSWER_NOT_FOUND


@pytest.mark.parametrize("action", ["doc.fly", "doc.listed", "DOC.READ"])
def test_an_unknown_action_is_no_question(world: World, action: str) -> None:
    """Nor is one that is only decided on the items of a list; the refusal is traced."""
    patient = world.opened("author")
    refused = refusal(lambda: ask(world.as_("author"), patient, action))
    assert (refused.code, refused.fields) == ("INVALID_ARGUMENT", {"question.action": "INVALID_FACT"})
    entry = world.trace(refused.decision_id)
    assert (entry["outcome"], action in entry["action"]) == ("REFUSED", action == "doc.listed")


def test_a_question_that_lacks_a_fact_names_its_field(world: World) -> None:
    """In the words of the request, not of the rules."""
    patient = world.opened("author")
    refused = refusal(lambda: ask(world.as_(patient), patient, "opposition.set"))
    assert (refused.code, refused.fields) == ("INVALID_ARGUMENT", {"question.opposition": "INVALID_FACT"})


@pytest.mark.parametrize("rpc", [ask, explain])
def test_no_question_for_a_forbidden_purpose(world: World, rpc: Callable[..., object]) -> None:
    """The right to ask is decided first (ACT-18)."""
    patient = world.opened("author")
    purpose = access.Attestations(purpose=access.PURPOSE_BANK)
    question = authorization.Question(record=of(patient), action="doc.list")
    caller = world.as_("author")
    calls = {
        ask: lambda: caller.Check(authorization.CheckRequest(question=question, attestations=purpose)),
        explain: lambda: caller.Explain(authorization.ExplainRequest(question=question, attestations=purpose)),
    }
    refused = refusal(calls[rpc])
    assert (refused.code, refused.metadata["rules"]) == ("PERMISSION_DENIED", "ACT-18")
    assert world.trace(refused.decision_id)["action"] in ("decision.ask", "decision.explain")


def test_the_end_of_ones_own_emergency_access_may_be_asked_about(world: World) -> None:
    """As its RPC would answer; to anybody else it is refused."""
    patient = world.opened("author")
    attested = access.Attestations(patient_unable=True, immediate_risk=True, reason="coma")
    world.as_("emergency").StartEmergencyAccess(
        records.StartEmergencyAccessRequest(
            record=of(patient), mode=records.EMERGENCY_MODE_BRIS_DE_GLACE, attestations=attested
        )
    )
    assert ask(world.as_("emergency"), patient, "emergency.end").effect == authorization.EFFECT_PERMIT
    assert ask(world.as_("author"), patient, "emergency.end").effect == authorization.EFFECT_DENY


def test_a_refusal_is_explained_in_words(world: World) -> None:
    """With the titles and the sources of the rules that gave it, in both languages."""
    patient = world.opened("author")
    explained = explain(world.as_("colleague"), patient, "doc.list")
    assert explained.answer == authorization.ANSWER_FORBIDDEN
    assert explained.summary.fr
    assert explained.summary.en
    [reason] = explained.reasons
    assert reason.rule.startswith("AUT-02")
    assert reason.title.fr
    assert reason.title.en
    assert reason.basis


def test_the_rules_in_force_are_told(world: World) -> None:
    """With the digest that every trace entry names; only those of the profile in force."""
    described = world.as_("support").DescribeRules(authorization.DescribeRulesRequest())
    trace = world.trace(described.decided.decision_id)
    assert (described.digest, described.profile) == (trace["digest"], "seed-2011")
    by_id = {rule.rule: rule for rule in described.rules}
    assert by_id["VIS-03"].effect == authorization.EFFECT_DENY
    assert "doc.read" in by_id["VIS-03"].actions
    assert all(rule.title.fr and rule.title.en and rule.basis for rule in described.rules)


def test_the_rules_are_not_told_for_a_forbidden_purpose(world: World) -> None:
    """Every RPC has a path on which it is refused."""
    request = authorization.DescribeRulesRequest(attestations=access.Attestations(purpose=access.PURPOSE_INSURANCE))
    assert refusal(lambda: world.as_("support").DescribeRules(request)).code == "PERMISSION_DENIED"
