"""The files of a rule set as they are written, with the titles of everything that they name."""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import dataclass
from pathlib import Path

from policy import shape
from policy.docs.phrases import Language, Phrases
from policy.errors import FaultList
from policy.rule import Rule
from policy.ruleset import RuleSet, rule_files
from policy.shape import Text
from policy.source import Mapping, Node, Scalar, Sequence


@dataclass(frozen=True, slots=True)
class Concern:
    """One file of rules: what its opening comment says, and its rules, each with its tree."""

    name: str
    opening: tuple[str, ...]
    rules: tuple[tuple[Rule, Mapping], ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """All that the page is made of."""

    ruleset: RuleSet
    concerns: tuple[Concern, ...]
    definitions: Map[str, Text]
    conditions: Map[str, Node]
    """By definition."""
    parameters: Map[str, Text]
    obligations: Map[str, Text]
    profiles: Map[str, Text]

    def phrases(self, language: Language) -> Phrases:
        """The words of one language."""
        attributes = {name: attribute.title for name, attribute in self.ruleset.vocabulary.attributes.items()}
        return Phrases(language, attributes, self.definitions, self.parameters)


def origin(ruleset: RuleSet) -> Origin:
    """Read the files of a rule set that was loaded; raises `RuleFaults` when one of them has become invalid."""
    faults = FaultList()
    vocabulary = ruleset.tree("vocabulary.yaml", faults)
    definitions = ruleset.tree("definitions.yaml", faults)
    profiles = {
        name: shape.bilingual(_under(ruleset.tree(f"profiles/{name}.yaml", faults), "title"), name, faults)
        for name in ruleset.profiles
    }
    rules = {rule.id: rule for rule in ruleset.rules}
    concerns = tuple(_concern(ruleset, path, rules, faults) for path in rule_files(ruleset.folder))
    faults.raise_if_any()
    return Origin(
        ruleset,
        concerns,
        _titles(definitions),
        {key: when for key, tree in _entries(definitions) if (when := _under(tree, "when"))},
        _titles(_under(vocabulary, "parameters")),
        _titles(_under(vocabulary, "obligations")),
        profiles,
    )


def _concern(ruleset: RuleSet, path: Path, rules: Map[str, Rule], faults: FaultList) -> Concern:
    node = ruleset.tree(path.name, faults)
    trees = [item for item in node.items if isinstance(item, Mapping)] if isinstance(node, Sequence) else []
    named = tuple((rules[word], tree) for tree in trees if (word := _word(_under(tree, "id"))) in rules)
    return Concern(path.stem, _opening(path.read_text("utf-8")), named)


def _opening(text: str) -> tuple[str, ...]:
    """The comment that opens a file, without the line that editors read."""
    lines: list[str] = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("# "))
    return tuple(line for line in lines if not line.startswith("yaml-language-server"))


def _under(node: Node | None, key: str) -> Node | None:
    return node.get(key) if isinstance(node, Mapping) else None


def _entries(node: Node | None) -> list[tuple[str, Node]]:
    return [(str(key.value), value) for key, value in node.entries] if isinstance(node, Mapping) else []


def _word(node: Node | None) -> str:
    return str(node.value) if isinstance(node, Scalar) else ""


def _titles(node: Node | None) -> dict[str, Text]:
    return {name: Text(_word(_under(tree, "fr")), _word(_under(tree, "en"))) for name, tree in _entries(node)}
