"""Decides requests by one profile of a rule set: deny by default, staged denial, obligations, lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from policy.compile import Evaluator, evaluator
from policy.condition import Condition, attributes_of, narrow
from policy.facts import FactReader, Facts
from policy.logic import Ground
from policy.model import Answer, Decision, Effect, Plan, Predicate
from policy.plan import NO, Planner
from policy.rule import Rule
from policy.series import Series
from policy.vocabulary import Vocabulary

MAX_OUTCOMES = 10_000


@dataclass(frozen=True, slots=True)
class _Denial:
    """A rule that denied, or the want of one that permits."""

    stage: str
    answer: Answer
    rule: str


@dataclass(frozen=True, slots=True)
class Examined:
    """What a request comes to before it is answered."""

    action: str
    """Empty for one that is not of the vocabulary."""
    draft: Facts
    """Before it is seen what is required and missing."""
    facts: Facts
    fired: tuple[Rule, ...]


class Engine:
    """One profile's rules, compiled; immutable but for what it has learnt, and shared by threads."""

    def __init__(
        self, profile: str, digest: str, vocabulary: Vocabulary, rules: Sequence[Rule], ground: Ground
    ) -> None:
        self.profile = profile
        self.digest = digest
        self._vocabulary = vocabulary
        self.rules = tuple(rule for rule in rules if profile in rule.profiles)
        """Those in force in this profile."""
        self.ground = ground
        self._reader = FactReader(vocabulary)
        self._kind = ground.index["subject.kind"]
        self._stages = {stage.id: position for position, stage in enumerate(vocabulary.stages)}
        self._evaluators: dict[tuple[str, object], Evaluator] = {}
        self._outcomes: dict[tuple[str, tuple[int, ...]], Decision] = {}
        self._planners: dict[str, Planner] = {}
        self._unread_times: dict[tuple[str, object], frozenset[str]] = {}

    def decide(self, request: Mapping[str, Any], faults: tuple[str, ...] = ()) -> Decision:
        """Answer one request; `faults` are what the caller found ill-typed before (they deny)."""
        facts = self._reader.read(request, faults)
        name = self._action(request)
        action = self._vocabulary.actions.get(name)
        items = action.items if action else None
        if items is None and "documents" not in request:
            return self._decided(facts, name)
        return self._list(facts, name, request.get("documents", {}), items)

    def examine(self, request: Mapping[str, Any]) -> Examined:
        """The typed facts of a request, and the rules that fire on it; of a list, without its items."""
        draft = self._reader.draft(self._reader.begin(request), request.get("document"))
        return self._examined(self._known(self._action(request)), draft, {})

    def examine_changed(self, examined: Examined, changes: Mapping[str, Any]) -> Examined:
        """The same request with other values, typed, of some attributes."""
        return self._examined(examined.action, examined.draft, changes)

    def _examined(self, action: str, draft: Facts, changes: Mapping[str, Any]) -> Examined:
        facts = self._reader.changed(draft, changes)
        fired = self._evaluator(action, facts)(facts.values)
        return Examined(action, draft, facts, tuple(self.rules[number] for number in fired))

    def concerning(self, action: str, kind: object = None) -> tuple[tuple[Rule, Condition], ...]:
        """The rules on an action, for one kind of subject if one is given, with what is left of their conditions."""
        return tuple((self.rules[number], condition) for number, condition, _ in self._numbered(action, kind))

    @property
    def vocabulary(self) -> Vocabulary:
        """The words of its rules."""
        return self._vocabulary

    def answer(self, action: str, fired: Iterable[str], faults: tuple[str, ...] = ()) -> Decision:
        """What it answers when just these rules fire, named by their ids, and these facts are ill-typed."""
        named = frozenset(fired)
        numbers = tuple(number for number, rule in enumerate(self.rules) if rule.id in named)
        decision = self._outcomes.get((action, numbers)) or self._outcome(action, numbers)
        return self._faulty(decision, faults) if faults else decision

    def lists(self, action: str) -> bool:
        """Whether an action is decided by the items of its list."""
        known = self._vocabulary.actions.get(action)
        return known is not None and known.items is not None

    def opened(
        self, request: Mapping[str, Any], faults: tuple[str, ...] = ()
    ) -> Callable[[str, Mapping[str, Any] | None], Decision]:
        """Read a request once whose action and document are still open; each is decided as `decide` would with them."""
        begun = self._reader.begin(request, faults)

        def decide(name: str, document: Mapping[str, Any] | None) -> Decision:
            action = self._vocabulary.actions.get(name)
            if begun.faults or action is None or action.internal or action.items is not None or "documents" in request:
                return self.decide({**request, "action": name, "document": document}, faults)
            return self._decided(self._reader.finish(begun, document, name), name)

        return decide

    def series(self, request: Mapping[str, Any]) -> Series:
        """Decide one request with many documents, each as `decide` would with it; raises ValueError for a list."""
        name = self._action(request)
        action = self._vocabulary.actions.get(name)
        if "documents" in request or self.lists(name):
            raise ValueError("a list is decided by its items")
        begun = self._reader.begin(request)
        kind = begun.values[self._kind]
        unread = self._unread_times.get((name, kind))
        if unread is None:
            unread = self._unread_times[name, kind] = self._times_unread(name, kind) if action else frozenset()
        return Series(self._reader, begun, lambda facts: self._decided(facts, name), unread)

    def _times_unread(self, action: str, kind: object) -> frozenset[str]:
        """The times of a document that no rule looks at for this action and this kind of subject."""
        looked_at: set[str] = set()
        for rule in self.rules:
            if action in rule.actions:
                condition = narrow(rule.conditions[self.profile], "action", action)
                narrowed = narrow(condition, "subject.kind", kind) if isinstance(kind, str) else condition
                looked_at.update(attributes_of(narrowed))
        times = (name for name in self._reader.times_of_documents if name not in looked_at)
        return frozenset(name.removeprefix("document.") for name in times)

    def plan(self, request: Mapping[str, Any], faults: tuple[str, ...] = ()) -> Plan:
        """Answer a request for a list whose items are not known yet, and say which items may be shown."""
        facts = self._reader.read(request, faults)
        decision = self._decided(facts, self._action(request))
        action = self._vocabulary.actions.get(decision.action)
        if action is None or action.items is None or not decision.permitted:
            return Plan(decision, NO, decision.action)
        return Plan(decision, self.predicate(action.items, facts.values), action.items)

    def predicate(self, action: str, values: list[Any]) -> Predicate:
        """What an item must be like for `action` on it to be permitted, all else being known."""
        values = list(values)
        values[self.ground.index["document.exists"]] = True
        values[self.ground.index["action"]] = action
        return self.planner(action).predicate(values)

    def planner(self, action: str) -> Planner:
        """What plans lists of items for `action` on them; raises ValueError where a rule is none to ask a database."""
        found = self._planners.get(action)
        if found is None:
            concerned = (rule for rule in self.rules if action in rule.actions and rule.effect != "oblige")
            rules = [(rule.conditions[self.profile], rule.effect == "permit") for rule in concerned]
            found = self._planners[action] = Planner(rules, self.ground)
        return found

    @staticmethod
    def _action(request: Mapping[str, Any]) -> str:
        action = request.get("action")
        return action if isinstance(action, str) else ""

    def decide_items(self, request: Mapping[str, Any]) -> dict[str, Decision]:
        """The decision on each item of a list, by its name: why it is shown or left out."""
        action = self._vocabulary.actions.get(self._action(request))
        documents = request.get("documents", {})
        if action is None or action.items is None or not isinstance(documents, Mapping):
            return {}
        items = self._named_items(self._reader.read(request), documents, action.items)
        return {name: self._decided(item, action.items) for name, item in items.items()}

    def _named_items(self, facts: Facts, documents: Mapping[Any, Any], action: str) -> dict[str, Facts]:
        return {
            str(name): self._reader.with_document(facts, item, action, str(name)) for name, item in documents.items()
        }

    def _list(self, facts: Facts, action: str, documents: Any, items: str | None) -> Decision:
        """A list is decided first, then each of its items; one ill-typed item makes the whole request ill-typed."""
        if not isinstance(documents, Mapping):
            return self._refused(facts, action, ("documents: must be an object",))
        named = self._named_items(facts, documents, items or action)
        if found := tuple(fault for item in named.values() for fault in item.faults):
            return self._refused(facts, action, found)
        decision = self._decided(facts, action)
        if not decision.permitted or items is None:
            return decision
        visible = tuple(name for name, item in named.items() if self._decided(item, items).permitted)
        return replace(decision, visible=visible)

    def _refused(self, facts: Facts, action: str, faults: tuple[str, ...]) -> Decision:
        values = list(facts.values)
        values[self.ground.index["request.ill_typed"]] = True
        return self._decided(Facts(values, [*facts.faults, *faults]), action)

    def _decided(self, facts: Facts, action: str) -> Decision:
        action = self._known(action)
        fired = self._evaluator(action, facts)(facts.values)
        decision = self._outcomes.get((action, fired)) or self._outcome(action, fired)
        if facts.faults:
            return self._faulty(decision, tuple(facts.faults))
        return decision

    def _faulty(self, decision: Decision, faults: tuple[str, ...]) -> Decision:
        """INVARIANT: a request with a fault is never permitted, whatever the rules say of it."""
        if not decision.permitted:
            return replace(decision, faults=faults)
        denied = _Denial(self._vocabulary.stages[0].id, Answer.FORBIDDEN, self._vocabulary.default_rule)
        return replace(self._denied(decision.action, [denied], []), faults=faults)

    def _known(self, action: str) -> str:
        return action if action in self._vocabulary.actions else ""

    def _evaluator(self, action: str, facts: Facts) -> Evaluator:
        kind = facts.values[self._kind]
        return self._evaluators.get((action, kind)) or self._compiled(action, kind)

    def _compiled(self, action: str, kind: object) -> Evaluator:
        compiled = evaluator(self._numbered(action, kind), self.ground)
        self._evaluators[action, kind] = compiled
        return compiled

    def _numbered(self, action: str, kind: object) -> list[tuple[int, Condition, bool]]:
        """The rules on an action and a kind of subject, as the compiler takes them."""
        numbered = []
        for number, rule in enumerate(self.rules):
            if action and action not in rule.actions:
                continue
            if not action and (rule.effect != "deny" or rule.actions != self._vocabulary.actions.keys()):
                continue  # of an action that is not known, only denials of every action speak
            condition = rule.conditions[self.profile]
            if action:
                condition = narrow(condition, "action", action)
            if isinstance(kind, str):
                condition = narrow(condition, "subject.kind", kind)
            numbered.append((number, condition, rule.effect == "permit"))
        return numbered

    def _outcome(self, action: str, fired: tuple[int, ...]) -> Decision:
        """The decision that a set of fired rules makes; kept, for there are few such sets."""
        rules = [self.rules[number] for number in fired]
        permits = [rule for rule in rules if rule.effect == "permit"]
        denials = [
            _Denial(rule.stage, rule.answers or Answer.FORBIDDEN, rule.id) for rule in rules if rule.effect == "deny"
        ]
        if not permits:
            denials.append(_Denial(self._vocabulary.default_stage, Answer.FORBIDDEN, self._vocabulary.default_rule))
        decision = self._denied(action, denials, rules) if denials else self._permitted(action, permits, rules)
        if len(self._outcomes) >= MAX_OUTCOMES:
            self._outcomes.clear()
        self._outcomes[action, fired] = decision
        return decision

    def _denied(self, action: str, denials: list[_Denial], rules: list[Rule]) -> Decision:
        ordered = sorted(denials, key=lambda denial: self._stages[denial.stage])
        stage = ordered[0].stage
        order = self._vocabulary.stages[self._stages[stage]].order
        answer = min((d.answer for d in ordered if d.stage == stage), key=order.index)
        determining = tuple(d.rule for d in ordered if d.stage == stage and d.answer is answer)
        # The want of a permit is only worth telling when no rule says why.
        told = tuple(rule for rule in determining if rule != self._vocabulary.default_rule) or determining
        return Decision(
            Effect.DENY, answer, action, self.profile, self.digest, stage, told,
            self._matched(rules, [d.rule for d in ordered]), self._ordered(self._vocabulary.always),
            attributes=() if answer is Answer.NOT_FOUND else self._looked_at(rules, told),
        )  # fmt: skip

    def _permitted(self, action: str, permits: list[Rule], rules: list[Rule]) -> Decision:
        scopes = [rule.scope for rule in permits if rule.scope]
        duties = {duty for rule in rules for duty in rule.obligations} | self._vocabulary.always
        return Decision(
            Effect.PERMIT, Answer.OK, action, self.profile, self.digest, "",
            tuple(rule.id for rule in permits), self._matched(rules, []), self._ordered(duties),
            min(scopes, key=self._vocabulary.scopes.index) if scopes else None,
        )  # fmt: skip

    def _looked_at(self, rules: list[Rule], told: tuple[str, ...]) -> tuple[str, ...]:
        """What the caller states himself, among the facts that these rules ask for."""
        found = (attributes_of(rule.conditions[self.profile]) for rule in rules if rule.id in told)
        own = {name for names in found for name in names if name.partition(".")[0] in ("document", "context")}
        return tuple(sorted(own - {"context.now"}))

    def _matched(self, rules: list[Rule], denied_by: list[str]) -> tuple[str, ...]:
        """All that fired, in stage order, and last what is no rule of a file: the want of a permit."""
        fired = [rule.id for rule in sorted(rules, key=lambda rule: self._stages[rule.stage])]
        return tuple(dict.fromkeys([*fired, *denied_by]))

    def _ordered(self, duties: set[str] | frozenset[str]) -> tuple[str, ...]:
        order = list(self._vocabulary.obligations)
        return tuple(sorted(duties, key=lambda duty: (order.index(duty.partition(":")[0]), duty)))
