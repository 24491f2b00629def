"""What a handler gets: the permitted call, its facts, and the stores of its one open savepoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from policy.calendar import due, started_long_ago
from policy.condition import Unit
from policy.engine import Engine
from policy.model import Always, Decision, Predicate, Within
from policy.ruleset import RuleSet
from services.runtime.absence import could_read, may_be_told, readable
from services.runtime.arrival import Arrival, Batch
from services.runtime.identity import Identity
from services.runtime.judgement import BROUGHT, Answers, Verdict
from services.store.notifications import Reader
from services.store.unit_of_work import Scope


@dataclass(frozen=True, slots=True)
class Call:
    """One permitted call. Only the gate makes it, inside a savepoint; the stores close with the savepoint."""

    scope: Scope | None
    """Nothing for a question, which is answered from its verdict alone."""
    arrival: Arrival
    verdict: Verdict
    rules: RuleSet
    profile: str

    def __post_init__(self) -> None:
        # INVARIANT: without a permit there is no call, and without a call there are no stores.
        if not self.verdict.permitted or self.arrival.faults:
            raise AssertionError("a call is made of a permit")

    @property
    def stores(self) -> Scope:
        """The stores; a question has none."""
        if self.scope is None:
            raise AssertionError("a question reads no store")
        return self.scope

    @property
    def identity(self) -> Identity:
        """Who calls."""
        return self.arrival.identity

    @property
    def record(self) -> str:
        """The record, by its holder's INS."""
        return self.arrival.record or ""

    @property
    def document(self) -> str:
        """The logical id of the document that the request names."""
        return self.arrival.document or ""

    @property
    def now(self) -> datetime:
        """The clock of the decision."""
        return self.arrival.at

    @property
    def decision(self) -> Decision:
        """The permit."""
        return self.verdict.decision

    @property
    def answer(self) -> Decision:
        """The answer to the question, for the RPCs that answer one."""
        return self.verdict.told

    @property
    def batch(self) -> tuple[Batch, Answers]:
        """The questions and their answers, for the RPCs that answer many."""
        if self.arrival.batch is None or self.verdict.answers is None:
            raise AssertionError("only a batch has many answers")
        return self.arrival.batch, self.verdict.answers

    @property
    def predicate(self) -> Predicate:
        """What every item of the list satisfies; nothing does where the rules gave no predicate."""
        return self.verdict.predicate or Always(value=False)

    @property
    def context(self) -> Mapping[str, Any]:
        """The context as it was decided, by the vocabulary's words."""
        context: Mapping[str, Any] = self.verdict.request["context"]
        return context

    @property
    def brought(self) -> Mapping[str, Any]:
        """The document that the call brings, as it was decided."""
        request = self.verdict.request
        brought: Mapping[str, Any] = request.get(BROUGHT) or request["document"]
        return brought

    @property
    def relation(self) -> Mapping[str, Any]:
        """The caller's stored relation to the record."""
        relation: Mapping[str, Any] = self.verdict.request["relation"]
        return relation

    @property
    def target(self) -> str:
        """The professional whom the request names, else the caller himself (AUT-03)."""
        return str(self.context.get("target") or self.identity.id)

    @property
    def emergency(self) -> str | None:
        """Id of the caller's live emergency access on the record, as it was when the call was decided."""
        emergency: str | None = self.verdict.facts.get("emergency")
        return emergency

    @property
    def engine(self) -> Engine:
        """The rules of the profile in force."""
        return self.rules.engines[self.profile]

    def not_hidden(self) -> Predicate:
        """Which documents are not hidden from the caller now."""
        return readable(self.rules, self.profile, self.verdict)

    def shows(self, document: Mapping[str, Any] | None) -> bool:
        """Whether a document of these facts, stored or not, would not be hidden from the caller."""
        return could_read(self.rules, self.profile, self.verdict.request, document)

    def fact(self, attribute: str) -> Any:  # noqa: ANN401 - whatever type the attribute has
        """A fact of the context as it was decided, or what its absence stands for."""
        found = self.context.get(attribute.removeprefix("context."))
        return self.rules.vocabulary.attributes[attribute].absent if found is None else found

    def elapsed(self, since: datetime, parameter: str) -> bool:
        """Whether the time of a parameter of the profile has passed since then; never, for one without limit."""
        when = self.due(since, parameter)
        return when is not None and when <= self.now

    def due(self, since: datetime, parameter: str) -> datetime | None:
        """When the time of a parameter of the profile will have passed since then; never, for one without limit."""
        amount = self.rules.parameters[self.profile][parameter]
        unit, _ = self.rules.vocabulary.parameters[parameter]
        return due(since, amount, cast("Unit", unit)) if isinstance(amount, int) else None

    def overdue(self, attribute: str, parameter: str) -> Predicate:
        """That the time of a parameter of the profile has passed since a date; never, for one without limit."""
        amount = self.rules.parameters[self.profile][parameter]
        unit, _ = self.rules.vocabulary.parameters[parameter]
        if not isinstance(amount, int):
            return Always(value=False)
        return Within(attribute, started_long_ago(amount, cast("Unit", unit), self.now))

    def may_tell(self, reader: Reader, document: str | None) -> bool:
        """Whether the rules let this reader be told now what happened to the record, or to a document of it."""
        facts = self.stores.outbox.facts_of(self.record, reader, self.now, document)
        return may_be_told(self.rules, self.profile, self.now, reader, facts, of_document=document is not None)

    def until(self, obligation: str) -> datetime | None:
        """When what an obligation starts now will end; never, for a term without limit."""
        return self.due(self.now, self.rules.vocabulary.obligations[obligation].term)
