"""Checks the words of what a test table expects: a misspelt one would be looked for in vain."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from collections.abc import Mapping as Map
from dataclasses import dataclass

from policy.errors import FaultList
from policy.model import Answer
from policy.ruleset import RuleSet
from policy.source import Mapping, Node, Scalar, Sequence

REFUSALS = tuple(answer.value for answer in Answer if answer is not Answer.OK)


@dataclass(frozen=True, slots=True)
class Expected:
    """What one table may speak of: the people and documents that it asks about, and the words of the rules."""

    ruleset: RuleSet
    groups: Map[str, Collection[str]]
    """By the name that stands for many, these."""
    subjects: Collection[str]
    documents: Collection[str]
    listed: Collection[str]
    """Every document that a list could show."""
    faults: FaultList

    def check(self, tree: Mapping) -> None:
        """Note every word of the table that names nobody and nothing, at its own place."""
        permitted, denied = tree.get("permitted"), tree.get("denied")
        for inner in self._subjects(permitted, "permitted"):
            self._documents(inner, "permitted")
        if isinstance(denied, Scalar):
            self._answer(denied)
        else:
            for inner in self._subjects(denied, "denied"):
                self._denied(inner)
        self._visible(tree.get("visible"))
        for node, word in _words(tree.get("obligations")):
            if word.partition(":")[0] not in self.ruleset.vocabulary.obligations:
                self.faults.add_unknown(node.place, "obligation", word, self.ruleset.vocabulary.obligations)
        for node, word in _words(tree.get("scope")):
            if word not in self.ruleset.vocabulary.scopes:
                self.faults.add_unknown(node.place, "scope", word, self.ruleset.vocabulary.scopes)

    def _subjects(self, node: Node | None, key: str) -> Iterator[Node | None]:
        """What is said of each subject, or nothing of one that is only named."""
        said = node.entries if isinstance(node, Mapping) else [(word, None) for word, _ in _words(node)]
        for name, inner in said:
            if name.value not in self.subjects:
                self.faults.add_unknown(name.place, f"subject in `{key}`", name.value, self.subjects)
            yield inner

    def _documents(self, node: Node | None, key: str) -> None:
        for place, word in _words(node):
            if any(name not in self.documents for name in self.groups.get(word, (word,))):
                self.faults.add_unknown(place.place, f"document in `{key}`", word, self.documents)

    def _denied(self, node: Node | None) -> None:
        """An answer, or one for each document."""
        if not isinstance(node, Mapping):
            self._answer(node)
            return
        for name, answer in node.entries:
            self._documents(name, "denied")
            self._answer(answer)

    def _answer(self, node: Node | None) -> None:
        """`FORBIDDEN AUT-06 …`: what the caller is told, and rules that say so."""
        if node is None:
            return
        answer, *rules = str(node.value).split() if isinstance(node, Scalar) and node.value else [""]
        if answer not in REFUSALS:
            self.faults.add_unknown(node.place, "answer", answer, REFUSALS)
        known = {rule.id for rule in self.ruleset.rules} | {self.ruleset.vocabulary.default_rule}
        for rule in rules:
            if rule not in known:
                self.faults.add_unknown(node.place, "rule", rule, sorted(known))

    def _visible(self, node: Node | None) -> None:
        """Names of documents, or how many; the same for all who are asked about, or for each his own."""
        if not isinstance(node, Mapping):
            self._shown(node)
            return
        for inner in self._subjects(node, "visible"):
            self._shown(inner)

    def _shown(self, node: Node | None) -> None:
        if isinstance(node, Scalar):
            if type(node.value) is not int or node.value < 0:
                advice = "write a whole number, or the list of their names"
                self.faults.add(node.place, f"`{node.value}` is no number of documents", advice)
            return
        for place, word in _words(node):
            if word not in self.listed:
                self.faults.add_unknown(place.place, "document in `visible`", word, self.listed)


def _words(node: Node | None) -> Iterator[tuple[Scalar, str]]:
    """The single words of a list, or of one that stands alone."""
    for item in node.items if isinstance(node, Sequence) else (node,):
        if isinstance(item, Scalar) and item.value is not None:
            yield item, str(item.value)
