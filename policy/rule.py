"""One rule as an officer wrote it, and how it is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Mapping as Map
from collections.abc import Sequence as Seq
from dataclasses import dataclass, field
from datetime import date

from policy import shape
from policy.condition import TRUE, Condition, Period, every, narrow, negation
from policy.errors import Fault, FaultList, Place
from policy.grammar import Grammar
from policy.model import Answer
from policy.shape import Text
from policy.source import Mapping, Node, Scalar
from policy.vocabulary import Vocabulary

KEYS = (
    "id", "title", "basis", "effect", "stage", "answers", "actions", "except", "profiles", "from", "until",
    "when", "unless", "obligations", "scope", "kept_because",
)  # fmt: skip
EFFECTS = ("permit", "deny", "oblige")
MEANT = {
    **dict.fromkeys(("allow", "grant", "accept", "permettre", "permet", "autoriser", "autorise"), "permit"),
    **dict.fromkeys(("refuse", "forbid", "reject", "block", "refuser", "interdire", "interdit"), "deny"),
    **dict.fromkeys(("require", "obligate", "obliger"), "oblige"),
}
"""Words that people write for an effect, and which they mean."""
_ID = re.compile(r"[A-Z][A-Z0-9]*(-[A-Z0-9]+)*(\.[a-z0-9_]+)*")


@dataclass(frozen=True, slots=True)
class Rule:
    """A positive rule (permit), a denial of one stage (deny), or an obligation added to a permit (oblige)."""

    id: str
    title: Text
    basis: str
    effect: str
    stage: str
    answers: Answer | None
    actions: frozenset[str]
    profiles: tuple[str, ...]
    obligations: tuple[str, ...]
    scope: str | None
    place: Place
    conditions: Map[str, Condition] = field(repr=False)
    """By profile, for the profiles in which the rule is in force."""
    kept_because: str = ""
    """Why the rule stays although it makes no difference, or empty."""
    _asked: dict[tuple[str, str], Condition] = field(default_factory=dict, init=False, repr=False, compare=False)

    def asked(self, profile: str, action: str) -> Condition:
        """What is left of the condition in a profile when the action is known."""
        found = self._asked.get((profile, action))
        if found is None:
            found = self._asked[profile, action] = narrow(self.conditions[profile], "action", action)
        return found

    @property
    def catalogue_id(self) -> str:
        """The id that the catalogue gives it, without what tells apart the rules that share one."""
        return self.id.partition(".")[0]


@dataclass(frozen=True, slots=True)
class _Reading:
    """A rule that was read without a fault, and what its words stood for then, by profile."""

    node: Node
    rule: Rule
    meanings: Map[str, Map[str, object]]


@dataclass(slots=True)
class Readings:
    """What was understood of rules, so that a rule set that differs in one place is understood in little time.

    Of one vocabulary. Everything is found again by identity, and kept alive: only the very same tree is the same rule.
    """

    _rules: dict[int, _Reading] = field(default_factory=dict)
    _faults: dict[int, tuple[Rule, list[Fault]]] = field(default_factory=dict)

    def known(self, node: Node, grammars: Map[str, Grammar]) -> Rule | None:
        """The rule of this tree, where each of its words stands for the same as when it was read."""
        found = self._rules.get(id(node))
        if found is None or found.meanings.keys() != grammars.keys():
            return None
        for profile, meanings in found.meanings.items():
            grammar = grammars[profile]
            if any(grammar.meaning(word) is not meaning for word, meaning in meanings.items()):
                return None
            grammar.used.update(meanings)
        return found.rule

    def keep(self, node: Node, rule: Rule, meanings: Map[str, Map[str, object]]) -> None:
        """Remember a rule that was read without a fault; the first reading of a tree stays."""
        self._rules.setdefault(id(node), _Reading(node, rule, meanings))

    def of(self, rule: Rule, faults: Callable[[Rule], list[Fault]]) -> list[Fault]:
        """What is wrong with one rule alone, found out once."""
        if id(rule) not in self._faults:
            self._faults[id(rule)] = rule, faults(rule)
        return self._faults[id(rule)][1]


@dataclass(slots=True)
class RuleReader:
    """Reads rules against one vocabulary, for every profile at once."""

    vocabulary: Vocabulary
    grammars: Map[str, Grammar]
    faults: FaultList
    readings: Readings = field(default_factory=Readings)
    _places: dict[str, Place] = field(default_factory=dict)

    def read(self, node: Node | None) -> list[Rule]:
        """The rules of one file."""
        found = [self._read(item) for item in shape.items(node, "a rule file", self.faults)]
        return [rule for rule in found if rule is not None]

    def _read(self, node: Node) -> Rule | None:
        rule = self.readings.known(node, self.grammars)
        if rule is not None:
            self._note_id(rule.id, rule.place, rule.place)
            return rule
        before = {profile: set(grammar.used) for profile, grammar in self.grammars.items()}
        for grammar in self.grammars.values():
            grammar.used.clear()
        count = len(self.faults.faults)
        rule = self._rule(node)
        if rule is not None and len(self.faults.faults) == count:
            meanings = {p: {word: g.meaning(word) for word in g.used} for p, g in self.grammars.items()}
            self.readings.keep(node, rule, meanings)
        for profile, grammar in self.grammars.items():
            grammar.used |= before[profile]
        return rule

    def _note_id(self, name: str, id_place: Place, place: Place) -> None:
        if name in self._places:
            self.faults.add(id_place, f"rule `{name}` stands already at {self._places[name]}", "give it another id")
        self._places.setdefault(name, place)

    def _rule(self, node: Node) -> Rule | None:
        tree = shape.mapping(node, "a rule", KEYS, self.faults)
        if tree is None:
            return None
        id_node = shape.required(tree, "id", "a rule", self.faults)
        name = shape.text(id_node, "id", self.faults)
        if id_node and name:
            self._note_id(name, id_node.place, tree.place)
            if not _ID.fullmatch(name):
                advice = "capitals and digits, joined by `-`; what tells apart rules that share an id comes after a dot"
                self.faults.add(id_node.place, f"`{name}` is no id such as `ABC-12` or `ABC-12.part`", advice)
        effect = self._effect(tree)
        profiles = self.profiles(tree)
        since, until = self._date(tree, "from"), self._date(tree, "until")
        period = TRUE if since is until is None else Period(since, until, tree.place)
        if since and until and since > until:
            self.faults.add(tree.place, f"rule `{name}` ends before it begins", "exchange `from` and `until`")
        return Rule(
            name,
            shape.bilingual(shape.required(tree, "title", f"rule `{name}`", self.faults), "title", self.faults),
            shape.text(shape.required(tree, "basis", f"rule `{name}`", self.faults), "basis", self.faults),
            effect,
            self._stage(tree, effect, name),
            self._answer(tree, effect, name),
            self.actions(tree, name),
            profiles,
            self._obligations(tree, effect),
            self._scope(tree),
            tree.place,
            {profile: self._condition(tree, self.grammars[profile], period) for profile in profiles},
            shape.text(tree.get("kept_because"), "kept_because", self.faults),
        )

    def _word(self, tree: Mapping, key: str, known: Seq[str]) -> str:
        node = shape.required(tree, key, "a rule", self.faults)
        word = shape.text(node, key, self.faults)
        if node is not None and word and word not in known:
            self.faults.add_unknown(node.place, key, word, known)
        return word

    def _effect(self, tree: Mapping) -> str:
        node = tree.get("effect")
        if not isinstance(node, Scalar) or str(node.value) not in MEANT:
            return self._word(tree, "effect", EFFECTS)
        meant = MEANT[str(node.value)]
        self.faults.add(node.place, f"unknown effect `{node.value}`", f"did you mean `{meant}`?")
        return meant

    def profiles(self, tree: Mapping) -> tuple[str, ...]:
        """The profiles that `profiles` names, or all."""
        node = tree.get("profiles")
        named = shape.texts(node, "profiles", self.faults)
        for item, word in named:
            if word not in self.grammars:
                self.faults.add_unknown(item.place, "profile", word, self.grammars)
        return tuple(word for _, word in named if word in self.grammars) if node else tuple(self.grammars)

    def _stage(self, tree: Mapping, effect: str, name: str) -> str:
        node = tree.get("stage")
        if effect != "deny":
            if node is not None and effect in EFFECTS:
                self.faults.add(node.place, f"rule `{name}` is a {effect} and has no stage", "remove `stage`")
            return self.vocabulary.default_stage
        return self._word(tree, "stage", [stage.id for stage in self.vocabulary.stages])

    def _answer(self, tree: Mapping, effect: str, name: str) -> Answer | None:
        node = tree.get("answers")
        if effect != "deny":
            if node is not None and effect in EFFECTS:
                self.faults.add(
                    node.place, f"rule `{name}` is a {effect} and has no outward answer", "remove `answers`"
                )
            return None
        word = self._word(tree, "answers", ("FORBIDDEN", "NOT_FOUND", "CONFLICT"))
        return Answer(word) if word in ("FORBIDDEN", "NOT_FOUND", "CONFLICT") else Answer.FORBIDDEN

    def actions(self, tree: Mapping, name: str) -> frozenset[str]:
        """The actions that `actions` names, without those of `except`."""
        chosen = self._action_words(shape.required(tree, "actions", f"rule `{name}`", self.faults))
        without = self._action_words(tree.get("except"))
        for item, word in shape.texts(tree.get("except"), "except", self.faults):
            if not (self.vocabulary.actions_of(word) & chosen) and word in (
                *self.vocabulary.actions,
                *self.vocabulary.groups,
            ):
                self.faults.add(item.place, f"`{word}` is not among the rule's actions", "remove it from `except`")
        if chosen and chosen <= without:
            self.faults.add(tree.place, f"rule `{name}` is left without any action", "shorten `except`")
        return chosen - without

    def _action_words(self, node: Node | None) -> frozenset[str]:
        actions: set[str] = set()
        for item, word in shape.texts(node, "actions", self.faults):
            named = self.vocabulary.actions_of(word)
            if not named:
                self.faults.add_unknown(
                    item.place, "action or group", word, (*self.vocabulary.actions, *self.vocabulary.groups)
                )
            actions |= named
        return frozenset(actions)

    def _obligations(self, tree: Mapping, effect: str) -> tuple[str, ...]:
        node = tree.get("obligations")
        named = shape.texts(node, "obligations", self.faults)
        for item, word in named:
            if word.partition(":")[0] not in self.vocabulary.obligations:
                self.faults.add_unknown(item.place, "obligation", word, self.vocabulary.obligations)
        if effect == "oblige" and not named:
            self.faults.add(tree.place, "a rule that obliges names no obligation", "add `obligations`")
        if effect == "deny" and node is not None:
            self.faults.add(node.place, "a denial carries no obligation of its own", "remove `obligations`")
        return tuple(word for _, word in named)

    def _scope(self, tree: Mapping) -> str | None:
        node = tree.get("scope")
        if node is None:
            return None
        word = shape.text(node, "scope", self.faults)
        if word not in self.vocabulary.scopes:
            self.faults.add_unknown(node.place, "scope", word, self.vocabulary.scopes)
        return word

    def _date(self, tree: Mapping, key: str) -> date | None:
        node = tree.get(key)
        word = shape.text(node, key, self.faults)
        try:
            return date.fromisoformat(word) if word else None
        except ValueError:
            if node is not None:
                self.faults.add(node.place, f"`{key}` must be a date such as 2024-01-31")
            return None

    @staticmethod
    def _condition(tree: Mapping, grammar: Grammar, period: Condition) -> Condition:
        when, unless = tree.get("when"), tree.get("unless")
        parts = [period, TRUE if when is None else grammar.condition(when)]
        if unless is not None:
            parts.append(negation(grammar.condition(unless)))
        return every(parts)
