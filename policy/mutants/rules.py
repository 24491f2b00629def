"""What can be got wrong in a rule besides its condition: effect, stage, actions, profiles, period, duties."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence as Seq
from dataclasses import dataclass, replace
from datetime import date, timedelta

from policy.mutants.conditions import ConditionEdits
from policy.mutants.edit import Edit, Kind, Path, listed, position, with_values, without_item
from policy.rule import EFFECTS
from policy.shape import Text
from policy.source import Mapping, Node, Scalar, Sequence
from policy.vocabulary import Vocabulary

_ANSWERS = ("FORBIDDEN", "NOT_FOUND", "CONFLICT")


@dataclass(frozen=True, slots=True)
class RuleEdits:
    """Every single edit of a rule, against one vocabulary and the names of its profiles."""

    vocabulary: Vocabulary
    profiles: tuple[str, ...]
    conditions: ConditionEdits

    def of(self, root: Sequence, place: int) -> Iterator[Edit]:
        """The edits of the rule at this place of its file."""
        tree = root.items[place]
        if not isinstance(tree, Mapping):
            return
        if len(root.items) > 1:
            words = Text("la règle est retirée", "the rule is left out")
            yield Edit(Kind.RULE, tree.place, words, (), without_item(root, place))
        path = (place,)
        yield from self._effect(tree, path)
        stages = [stage.id for stage in self.vocabulary.stages]
        yield from _other_words(tree, "stage", _neighbours(tree.get("stage"), stages), Kind.STAGE, path)
        yield from _other_words(tree, "answers", _ANSWERS, Kind.ANSWER, path)
        yield from _other_words(tree, "scope", self.vocabulary.scopes, Kind.SCOPE, path)
        yield from self._actions(tree, path)
        yield from self._profiles(tree, path)
        yield from _periods(tree, path)
        yield from _less(tree, "obligations", Kind.OBLIGATION, path)
        yield from self._conditions(tree, path)

    def _effect(self, tree: Mapping, path: Path) -> Iterator[Edit]:
        """Another effect, with what such a rule must say and without what it may not."""
        node = tree.get("effect")
        if not isinstance(node, Scalar):
            return
        for effect in EFFECTS:
            if effect == node.value or (effect == "oblige" and tree.get("obligations") is None):
                continue
            values: dict[str, Node | None] = {"effect": replace(node, value=effect), "stage": None, "answers": None}
            if effect == "deny":
                values |= {
                    "stage": Scalar(node.place, self.vocabulary.default_stage),
                    "answers": Scalar(node.place, _ANSWERS[0]),
                    "obligations": None,
                }
            yield Edit(Kind.EFFECT, node.place, _becomes(node.value, effect), path, with_values(tree, values))

    def _actions(self, tree: Mapping, path: Path) -> Iterator[Edit]:
        yield from _less(tree, "actions", Kind.ACTION, path)
        yield from _less(tree, "except", Kind.ACTION, path)
        actions, without = self._named(tree, "actions"), self._named(tree, "except")
        chosen = [action for action in self.vocabulary.actions if action in actions - without]
        if set(chosen) != {node.value for node in listed(tree.get("actions")) if isinstance(node, Scalar)}:
            for action in chosen if len(chosen) > 1 else ():
                words = Text(f"l'action `{action}` est exceptée", f"the action `{action}` is excepted")
                yield _more(tree, "except", action, words, path)
        other = next((a for a in _after(list(self.vocabulary.actions), chosen) if a not in actions), None)
        if other is not None:
            words = Text(f"l'action `{other}` est ajoutée", f"the action `{other}` is added")
            yield _more(tree, "actions", other, words, path)

    def _named(self, tree: Mapping, key: str) -> frozenset[str]:
        words = (str(node.value) for node in listed(tree.get(key)) if isinstance(node, Scalar))
        return frozenset().union(*(self.vocabulary.actions_of(word) for word in words))

    def _profiles(self, tree: Mapping, path: Path) -> Iterator[Edit]:
        """A profile less; a rule of one profile only is made one of all."""
        node = tree.get("profiles")
        named = [item.value for item in listed(node) if isinstance(item, Scalar)] or list(self.profiles)
        place = node.place if node else tree.place
        if node is not None and len(named) < len(self.profiles):
            words = Text("la règle vaut dans tous les profils", "the rule is in force in every profile")
            yield Edit(Kind.PROFILE, place, words, path, with_values(tree, {"profiles": None}))
        for profile in named if len(named) > 1 else ():
            rest = Sequence(place, tuple(Scalar(place, str(name)) for name in named if name != profile))
            words = Text(f"la règle ne vaut plus dans `{profile}`", f"the rule is no longer in force in `{profile}`")
            yield Edit(Kind.PROFILE, place, words, path, with_values(tree, {"profiles": rest}))

    def _conditions(self, tree: Mapping, path: Path) -> Iterator[Edit]:
        for key, other in (("when", "unless"), ("unless", "when")):
            place = position(tree, key)
            if place is None:
                continue
            name, node = tree.entries[place]
            words = Text(f"`{key}` est retiré", f"`{key}` is left out")
            yield Edit(Kind.PART, name.place, words, path, with_values(tree, {key: None}))
            if tree.get(other) is None or key == "when":
                exchanged = with_values(tree, {key: tree.get(other), other: node})
                yield Edit(Kind.EXCHANGE, name.place, _becomes(key, other), path, exchanged)
            yield from self.conditions.of(node, (*path, place))


def _becomes(before: object, after: object) -> Text:
    return Text(f"`{before}` devient `{after}`", f"`{before}` becomes `{after}`")


def _other_words(tree: Mapping, key: str, words: Seq[str], kind: Kind, path: Path) -> Iterator[Edit]:
    node = tree.get(key)
    if isinstance(node, Scalar):
        for word in words:
            if word != node.value:
                changed = with_values(tree, {key: replace(node, value=word)})
                yield Edit(kind, node.place, _becomes(node.value, word), path, changed)


def _neighbours(node: Node | None, words: list[str]) -> list[str]:
    """The words before and after the one that stands there."""
    if not isinstance(node, Scalar) or node.value not in words:
        return []
    here = words.index(str(node.value))
    return words[max(here - 1, 0) : here + 2]


def _after(words: list[str], chosen: list[str]) -> list[str]:
    """All words, in a circle that begins after the last one chosen."""
    start = words.index(chosen[-1]) + 1 if chosen else 0
    return words[start:] + words[:start]


def _less(tree: Mapping, key: str, kind: Kind, path: Path) -> Iterator[Edit]:
    """One word less in a list; of the last one, the whole key."""
    node = tree.get(key)
    for place, item in enumerate(listed(node)):
        left = without_item(node, place) if isinstance(node, Sequence) and len(node.items) > 1 else None
        if left is None and key == "actions":
            continue  # a rule without actions is no rule
        word = item.value if isinstance(item, Scalar) else "…"
        words = Text(f"`{word}` est retiré de `{key}`", f"`{word}` is left out of `{key}`")
        yield Edit(kind, item.place, words, path, with_values(tree, {key: left}))


def _more(tree: Mapping, key: str, word: str, words: Text, path: Path) -> Edit:
    node = tree.get(key)
    place = node.place if node else tree.place
    longer = Sequence(place, (*listed(node), Scalar(place, word)))
    return Edit(Kind.ACTION, place, words, path, with_values(tree, {key: longer}))


def _periods(tree: Mapping, path: Path) -> Iterator[Edit]:
    """The first and the last day: gone, a day earlier, a day later."""
    for key in ("from", "until"):
        node = tree.get(key)
        if not isinstance(node, Scalar):
            continue
        words = Text(f"`{key}` est retiré", f"`{key}` is left out")
        yield Edit(Kind.PERIOD, node.place, words, path, with_values(tree, {key: None}))
        for days in (-1, 1):
            other = (date.fromisoformat(str(node.value)) + timedelta(days=days)).isoformat()
            changed = with_values(tree, {key: replace(node, value=other)})
            yield Edit(Kind.PERIOD, node.place, _becomes(node.value, other), path, changed)
