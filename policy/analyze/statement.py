"""What officers state of the rules as a whole (`invariants.yaml`): of which requests, and what is claimed of each."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as Map
from dataclasses import dataclass, field

from policy import shape
from policy.condition import FALSE, TRUE, Condition
from policy.errors import FaultList, Place
from policy.grammar import Grammar
from policy.model import Answer
from policy.rule import RuleReader
from policy.ruleset import RuleSet
from policy.shape import Text
from policy.source import Mapping, Node

FILE = "invariants.yaml"
PERMITTED = ("never", "always")
REFUSALS = (Answer.FORBIDDEN, Answer.NOT_FOUND, Answer.CONFLICT)
CLAIMS = ("permitted", "only_if", "answers", "refused_by", "carries", "omits", "scope")
KEYS = ("id", "title", "basis", "profiles", "actions", "except", "when", "unless", *CLAIMS)


@dataclass(frozen=True, slots=True)
class Statement:
    """One claim, or several, about every request that its conditions choose."""

    id: str
    title: Text
    basis: str
    actions: tuple[str, ...]
    place: Place
    when: Map[str, Condition] = field(repr=False)
    """By profile, for the profiles of which it is stated; of requests of which it certainly holds."""
    unless: Map[str, Condition] = field(repr=False)
    """Of requests of which it certainly holds, nothing is stated."""
    permitted: str = ""
    """`never` or `always`."""
    only_if: Map[str, Condition] = field(default_factory=dict, repr=False)
    """What certainly holds of whatever is permitted."""
    answers: tuple[Answer, ...] = ()
    """Refused, with one of these answers."""
    refused_by: str = ""
    """Refused, at this stage or before."""
    carries: tuple[str, ...] = ()
    """Obligations of whatever is permitted."""
    omits: tuple[str, ...] = ()
    """Obligations of nothing that is permitted."""
    scope: tuple[str, ...] = ()
    """Scopes of whatever is permitted."""

    @property
    def of_permits(self) -> bool:
        """Whether it claims something of what is permitted, and would say nothing if nothing were."""
        return bool(self.only_if or self.carries or self.omits or self.scope)


def read_statements(ruleset: RuleSet, faults: FaultList) -> list[Statement]:
    """The statements beside a rule set, in file order; what is wrong goes to `faults`."""
    if not (ruleset.folder / FILE).is_file():
        faults.add(Place(ruleset.file(FILE)), "is missing", "state what no rule may ever do")
        return []
    grammars = {
        profile: Grammar(ruleset.vocabulary, ruleset.tables, parameters, ruleset.definitions, faults)
        for profile, parameters in ruleset.parameters.items()
    }
    reader = _Reader(ruleset, RuleReader(ruleset.vocabulary, grammars, faults), grammars, faults)
    tree = ruleset.tree(FILE, faults)
    return [statement for item in shape.items(tree, FILE, faults) if (statement := reader.read(item))]


@dataclass(slots=True)
class _Reader:
    ruleset: RuleSet
    rules: RuleReader
    grammars: Map[str, Grammar]
    faults: FaultList
    _places: dict[str, Place] = field(default_factory=dict)

    def read(self, node: Node) -> Statement | None:
        tree = shape.mapping(node, "a statement", KEYS, self.faults)
        if tree is None:
            return None
        name = self._name(tree)
        if not any(tree.get(key) for key in CLAIMS):
            self.faults.add(tree.place, f"statement `{name}` claims nothing", f"add one of {', '.join(CLAIMS)}")
        what = f"statement `{name}`"
        profiles, actions = self.rules.profiles(tree), self.rules.actions(tree, name)
        return Statement(
            name,
            shape.bilingual(shape.required(tree, "title", what, self.faults), "title", self.faults),
            shape.text(shape.required(tree, "basis", what, self.faults), "basis", self.faults),
            tuple(action for action in self.ruleset.vocabulary.actions if action in actions),
            tree.place,
            self._conditions(tree, "when", profiles) or dict.fromkeys(profiles, TRUE),
            self._conditions(tree, "unless", profiles) or dict.fromkeys(profiles, FALSE),
            permitted=self._word(tree, "permitted", PERMITTED),
            only_if=self._conditions(tree, "only_if", profiles),
            answers=tuple(Answer(word) for word in self._words(tree, "answers", [str(answer) for answer in REFUSALS])),
            refused_by=self._word(tree, "refused_by", [stage.id for stage in self.ruleset.vocabulary.stages]),
            carries=self._duties(tree, "carries"),
            omits=self._duties(tree, "omits"),
            scope=self._words(tree, "scope", self.ruleset.vocabulary.scopes),
        )

    def _name(self, tree: Mapping) -> str:
        node = shape.required(tree, "id", "a statement", self.faults)
        name = shape.text(node, "id", self.faults)
        if node and name in self._places:
            message = f"statement `{name}` stands already at {self._places[name]}"
            self.faults.add(node.place, message, "give it another id")
        self._places.setdefault(name, tree.place)
        return name

    def _conditions(self, tree: Mapping, key: str, profiles: tuple[str, ...]) -> dict[str, Condition]:
        node = tree.get(key)
        return {} if node is None else {profile: self.grammars[profile].condition(node) for profile in profiles}

    def _word(self, tree: Mapping, key: str, known: Iterable[str]) -> str:
        found = self._words(tree, key, tuple(known))
        if len(found) > 1:
            self.faults.add(tree.place, f"`{key}` is one word", "write two statements")
        return found[0] if found else ""

    def _words(self, tree: Mapping, key: str, known: Iterable[str]) -> tuple[str, ...]:
        """One word or several, each of those that are known."""
        words = tuple(known)
        named = shape.texts(tree.get(key), key, self.faults)
        for node, word in named:
            if word not in words:
                self.faults.add_unknown(node.place, key, word, words)
        return tuple(word for _, word in named if word in words)

    def _duties(self, tree: Mapping, key: str) -> tuple[str, ...]:
        """Obligations, some with what they are about after a colon."""
        named = shape.texts(tree.get(key), key, self.faults)
        known = self.ruleset.vocabulary.obligations
        for node, word in named:
            if word.partition(":")[0] not in known:
                self.faults.add_unknown(node.place, "obligation", word, known)
        return tuple(word for _, word in named)
