"""Reads py-abac policies into rules for an officer to review; what is not sound is refused, with its place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import yaml

from policy import shape
from policy.abac.meaning import ConditionReader
from policy.abac.oracle import readable
from policy.abac.place import ELEMENTS
from policy.abac.trees import every, plain, some, tree, words
from policy.errors import FaultList, Place
from policy.rule import Rule
from policy.ruleset import RuleSet, read_rules
from policy.source import Mapping as Tree
from policy.source import Node, Scalar, Sequence, parse

EFFECTS = {"allow": "permit", "deny": "deny"}
WILDCARDS = frozenset("*?[")
LONGEST_NUMBER = 15
"""Digits of a number that a float holds exactly."""
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*')
_POLICY = ("uid", "description", "rules", "effect", "targets", "priority")
_TARGETS = ("subject_id", "resource_id", "action_id")


@dataclass(frozen=True, slots=True)
class Imported:
    """The rules that policies say."""

    rules: tuple[Rule, ...]
    text: str
    """The same as a rule file."""


def read_policies(content: bytes, name: str, ruleset: RuleSet, profile: str) -> Imported:
    """Read one policy, a list of them or an export; raises `RuleFaults` with everything that is refused."""
    faults = FaultList()
    loaded = _json(content, name, faults)
    root = parse(content, name, faults)
    faults.raise_if_any()
    nodes = tuple(_sound(_policies(root, faults), _listed(loaded), _PolicyReader(ruleset, profile, faults)))
    rules = read_rules(Sequence(Place(name), nodes), ruleset, faults) if nodes else []
    faults.raise_if_any()
    return Imported(tuple(rules), _text(name, profile, nodes))


def _sound(nodes: tuple[Node, ...], policies: list[Mapping[str, Any]], reader: _PolicyReader) -> Iterator[Node]:
    """The rules of the policies that hold nothing to refuse, by ours or by py-abac's own reading."""
    faults = reader.faults
    for node, policy in zip(nodes, policies, strict=True):
        before = len(faults.faults)
        rule = reader.rule(node)
        if rule is None or len(faults.faults) > before:
            continue
        if (said := readable(policy)) is not None:
            faults.add(node.place, f"py-abac itself refuses it: {said}")
            continue
        yield rule


def _json(content: bytes, name: str, faults: FaultList) -> Any:
    """The same as plain values, of what is JSON to the letter."""
    try:
        text = content.decode("utf-8")
        found = json.loads(text, parse_constant=_no_constant)
        _odd_numbers(text, name, faults)
        return found
    except UnicodeDecodeError:
        return None  # told by the reader of places
    except json.JSONDecodeError as error:
        faults.add(Place(name, error.lineno, error.colno), f"is not JSON: {error.msg}")
    except RecursionError:
        return None  # as above
    except ValueError as error:
        faults.add(Place(name), f"is not JSON: {error}")
    return None


def _odd_numbers(text: str, name: str, faults: FaultList) -> None:
    """Numbers that py-abac or the reader of places would take for something else: fractions, and very long ones."""
    for token in _TOKEN.finditer(text):
        number = token[0]
        if not number.startswith('"') and (not number.lstrip("-").isdigit() or len(number) > LONGEST_NUMBER):
            line = text.count("\n", 0, token.start())
            place = Place(name, line + 1, token.start() - text.rfind("\n", 0, token.start()))
            faults.add(place, f"`{number[:LONGEST_NUMBER]}` is no small whole number", "py-abac counts in floats")


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")


def _policies(root: Node | None, faults: FaultList) -> tuple[Node, ...]:
    if isinstance(root, Tree) and (listed := root.get("policies")) is not None:
        return shape.items(listed, "`policies`", faults)
    return (root,) if isinstance(root, Tree) else shape.items(root, "a file of policies", faults)


def _listed(loaded: Any) -> list[Mapping[str, Any]]:
    """The same policies as `_policies`, as plain values."""
    if isinstance(loaded, Mapping):
        return list(loaded["policies"]) if "policies" in loaded else [loaded]
    return list(loaded) if isinstance(loaded, list) else []


@dataclass(frozen=True, slots=True)
class _PolicyReader:
    """Turns the tree of a policy into the tree of a rule; what is refused goes to `faults`."""

    ruleset: RuleSet
    profile: str
    faults: FaultList

    def rule(self, node: Node) -> Node | None:
        policy = shape.mapping(node, "a policy", _POLICY, self.faults)
        if policy is None:
            return None
        place = policy.place
        at = shape.required(policy, "uid", "a policy", self.faults)
        uid = shape.text(at, "uid", self.faults)
        effect = self._effect(policy)
        self._priority(policy.get("priority"))
        actions = self._actions(policy)
        parts = list(self._rules(policy, denies=effect == "deny"))
        title = self._title(policy, uid)
        written: dict[str, Any] = {
            "id": Scalar(at.place if at else place, uid),
            "title": tree(place, {"fr": title, "en": title}),
            "basis": Scalar(place, f"py-abac policy {uid}"),
            "effect": Scalar(place, effect),
            **({"stage": self._stage(place, parts), "answers": Scalar(place, "FORBIDDEN")}
               if effect == "deny" else {}),
            "profiles": Sequence(place, (Scalar(place, self.profile),)),
            "actions": Sequence(place, tuple(actions)),
            **({"when": every(place, parts)} if parts else {}),
        }  # fmt: skip
        return tree(place, written)

    def _title(self, policy: Tree, uid: str) -> Scalar:
        described = policy.get("description")
        if isinstance(described, Scalar) and isinstance(described.value, str) and described.value.strip():
            return described
        return Scalar(policy.place, uid)

    def _effect(self, policy: Tree) -> str:
        node = shape.required(policy, "effect", "a policy", self.faults)
        word = shape.text(node, "effect", self.faults)
        if node is not None and word and word not in EFFECTS:
            self.faults.add_unknown(node.place, "effect", word, EFFECTS)
        return EFFECTS.get(word, "deny")

    def _priority(self, node: Node | None) -> None:
        if node is not None and not (isinstance(node, Scalar) and type(node.value) is int and node.value == 0):
            self.faults.add(node.place, "a priority lets a permit win over a denial", "denials always win: write 0")

    def _stage(self, place: Place, parts: list[Node]) -> Scalar:
        """The default stage, or the first that may look at the document where the rule does."""
        vocabulary = self.ruleset.vocabulary
        looks = any(name.startswith("document.") for part in parts for name in words(part))
        later = (stage.id for stage in vocabulary.stages if stage.uses_document)
        return Scalar(place, next(later, vocabulary.default_stage) if looks else vocabulary.default_stage)

    def _actions(self, policy: Tree) -> list[Scalar]:
        targets = shape.mapping(
            shape.required(policy, "targets", "a policy", self.faults), "targets", _TARGETS, self.faults
        )
        if targets is None:
            return []
        for key in ("subject_id", "resource_id"):
            node = targets.get(key)
            if node is not None and not (isinstance(node, Scalar) and node.value == "*"):
                self.faults.add(node.place, f"`{key}` names single things", "write `*`, and test attributes in `rules`")
        node = targets.get("action_id")
        if node is None or (isinstance(node, Scalar) and node.value == "*"):
            place = targets.place if node is None else node.place
            return [Scalar(place, name) for name in self.ruleset.vocabulary.actions]
        found = []
        for item, word in shape.texts(node, "action_id", self.faults):
            if WILDCARDS & set(word):
                self.faults.add(item.place, f"`{word}` is a pattern", "name each action")
            elif word not in self.ruleset.vocabulary.actions:
                self.faults.add_unknown(item.place, "action", word, self.ruleset.vocabulary.actions)
            found.append(Scalar(item.place, word))
        return found

    def _rules(self, policy: Tree, *, denies: bool) -> Iterator[Node]:
        """What each element must satisfy."""
        rules = shape.mapping(shape.required(policy, "rules", "a policy", self.faults), "rules", ELEMENTS, self.faults)
        reader = ConditionReader(self.ruleset, self.profile, denies, self.faults)
        for key, node in rules.entries if rules else ():
            if isinstance(node, Sequence):
                alternatives = tuple(
                    every(item.place, found)
                    for item in shape.items(node, "alternatives", self.faults)
                    if (found := self._element(str(key.value), item, reader, alone=False))
                )
                if alternatives:
                    yield some(node.place, alternatives)
            else:
                yield from self._element(str(key.value), node, reader, alone=True)

    def _element(self, element: str, node: Node, reader: ConditionReader, *, alone: bool) -> list[Node]:
        conditions = shape.mapping(node, "conditions", None, self.faults)
        if conditions is None:
            return []
        if not conditions.entries and not alone:
            told = "an alternative without a condition always holds"
            self.faults.add(conditions.place, told, "remove the others, or it")
        found = [reader.condition(element, key, value) for key, value in conditions.entries]
        return [node for node in found if node is not None]


def _text(name: str, profile: str, nodes: tuple[Node, ...]) -> str:
    head = (
        "# yaml-language-server: $schema=schema/rules.schema.json\n"
        f"# Read from py-abac policies ({name}), for profile {profile}.\n"
        "# To review before it decides: ids, titles, basis, and of each denial the stage and the outward answer,\n"
        "# which py-abac does not know.\n\n"
    )
    rules = (
        yaml.safe_dump([plain(node)], sort_keys=False, allow_unicode=True, width=120, default_flow_style=None)
        for node in nodes
    )
    return head + "\n".join(rules)
