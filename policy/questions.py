"""What the cases of the test tables ask, typed once: of the request itself, and of each item of its list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from policy.casebook import Case
from policy.facts import FactReader, Facts
from policy.model import Decision
from policy.ruleset import RuleSet


@dataclass(frozen=True, slots=True)
class Question:
    """One decision that a case needs."""

    action: str
    facts: Facts = field(repr=False)
    item: str = ""
    """The name of the item of a list, or empty for the request itself."""


@dataclass(frozen=True, slots=True)
class AskedCase:
    """A case with its questions: the request's first, then those on the items of its list."""

    case: Case
    questions: tuple[Question, ...]

    @property
    def profile(self) -> str:
        """The profile that it is asked in."""
        return self.case.profile

    def decision(self, answers: Sequence[Decision]) -> Decision:
        """The decision on the case, from those on its questions."""
        first = answers[0]
        if (len(self.questions) == 1 and not self._is_list) or not first.permitted:
            return first
        items = zip(self.questions[1:], answers[1:], strict=True)
        return replace(first, visible=tuple(question.item for question, answer in items if answer.permitted))

    @property
    def _is_list(self) -> bool:
        return "documents" in self.case.request


def asked(ruleset: RuleSet, cases: Iterable[Case]) -> list[AskedCase]:
    """Type the facts of every case."""
    reader = FactReader(ruleset.vocabulary)
    return [AskedCase(case, _questions(ruleset, reader, case)) for case in cases]


def _questions(ruleset: RuleSet, reader: FactReader, case: Case) -> tuple[Question, ...]:
    action = ruleset.vocabulary.actions[case.request["action"]]
    facts = reader.read(case.request)
    first = Question(action.name, facts)
    if action.items is None:
        return (first,)
    documents = case.request.get("documents", {})
    items = [
        Question(action.items, reader.with_document(facts, document, action.items, name), name)
        for name, document in documents.items()
    ]
    faults = [fault for item in items for fault in item.facts.faults]
    if faults:  # one ill-typed item makes the whole request ill-typed
        values = list(facts.values)
        values[reader.index["request.ill_typed"]] = True
        return (Question(action.name, Facts(values, [*facts.faults, *faults])),)
    return (first, *items)
