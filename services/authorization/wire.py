"""Decisions and rules, between the contract's messages and the values used inside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from dmp.authorization.v1 import authorization_pb2
from policy.explain import Step, for_person
from policy.model import Answer, Decision, Effect
from policy.rule import Rule
from policy.shape import Text
from services.runtime import codes
from services.runtime.access import Asking, Read, Unfinished
from services.runtime.call import Call
from services.runtime.errors import FieldFault, invalid

DEPOSIT: Final = "doc.create"


def proposed(question: authorization_pb2.Question, asking: Asking) -> Read:
    """The facts of the document that the caller would deposit, he being its author."""
    # INVARIANT: a deposit is never decided on a stored document: reading is not asked of one who feeds (AUT-08), so
    # that the answer would tell a document hidden from him from a missing one (VIS-18).
    if question.action == DEPOSIT and question.document_id:
        raise invalid([FieldFault("question.document_id", "INVALID_FACT", f"names no document for `{DEPOSIT}`")])
    if not question.HasField("new_document"):
        return Read(_of_type(asking))
    # A right over a document that is not stored means something only before its deposit.
    if question.action != DEPOSIT or question.document_id:
        raise invalid([FieldFault("question.new_document", "INVALID_FACT", f"may be given for `{DEPOSIT}` alone")])
    new = question.new_document
    attributes = {
        "document.type": new.type_code,
        "document.class": asking.cell("document_types", new.type_code, "classCode"),
        "document.labels": [codes.by_number(new.DESCRIPTOR.fields_by_name["labels"].enum_type)[n] for n in new.labels],
        "document.status": "Approved",
        "document.author": asking.identity.id,
        "document.author_structure": asking.identity.structure,
        "document.deposited_at": asking.at,
        "document.patient": asking.record,
    }
    return Read(attributes)


def _of_type(asking: Asking) -> dict[str, str | None]:
    """What the rule set itself knows of a document of another system, so that nobody supplies it."""
    code = asking.supplied.get("document.type")
    return {} if code is None else {"document.class": asking.cell("document_types", code, "classCode")}


def effect(value: Effect) -> authorization_pb2.Effect.ValueType:
    """What a decision does."""
    number: authorization_pb2.Effect.ValueType = codes.number_of(authorization_pb2.Effect, value)
    return number


def answer(value: Answer) -> authorization_pb2.Answer.ValueType:
    """What the caller may be told."""
    number: authorization_pb2.Answer.ValueType = codes.number_of(authorization_pb2.Answer, value)
    return number


def check(decision: Decision) -> authorization_pb2.CheckResponse:
    """The answer to a question. INVARIANT: NOT_FOUND tells nothing else (ENV-03)."""
    silent = decision.answer is Answer.NOT_FOUND
    return authorization_pb2.CheckResponse(
        effect=effect(decision.effect),
        answer=answer(decision.answer),
        rules=() if silent else decision.rules,
        obligations=() if silent else decision.obligations,
    )


def explanation(call: Call) -> Unfinished:
    """The answer to a question, in words that are looked for once it is traced."""
    engine, request, decision = call.engine, call.verdict.request, call.answer
    response = authorization_pb2.ExplainResponse(effect=effect(decision.effect), answer=answer(decision.answer))

    def explain(response: authorization_pb2.ExplainResponse, stop: Callable[[], bool]) -> None:
        explained = for_person(engine, request, decision, stop)
        response.summary.CopyFrom(bilingual(explained.answer))
        response.reasons.extend(
            authorization_pb2.Reason(rule=reason.rule, title=bilingual(reason.title), basis=reason.basis)
            for reason in explained.reasons
        )
        response.remedies.extend(map(_remedy, explained.remedies))

    return Unfinished(response, explain)


def _remedy(steps: Sequence[Step]) -> authorization_pb2.Remedy:
    told = [authorization_pb2.Step(attribute=step.attribute, advice=bilingual(step.advice)) for step in steps]
    return authorization_pb2.Remedy(steps=told)


def rule_effect(rule: Rule) -> authorization_pb2.Effect.ValueType:
    """What a rule does: one that only obliges denies nothing, it adds to permits."""
    return effect(Effect.DENY if rule.effect == "deny" else Effect.PERMIT)


def bilingual(sentence: Text) -> authorization_pb2.Text:
    """A sentence in both languages."""
    return authorization_pb2.Text(fr=sentence.fr, en=sentence.en)


def rules(call: Call) -> authorization_pb2.DescribeRulesResponse:
    """The rules of the profile in force."""
    in_force = [
        authorization_pb2.Rule(
            rule=rule.id,
            catalogue_id=rule.catalogue_id,
            title=bilingual(rule.title),
            basis=rule.basis,
            effect=rule_effect(rule),
            stage=rule.stage if rule.effect == "deny" else "",
            actions=sorted(rule.actions),
        )
        for rule in call.rules.rules
        if call.profile in rule.profiles
    ]
    return authorization_pb2.DescribeRulesResponse(digest=call.rules.digest, profile=call.profile, rules=in_force)
