"""Puts the conditions of a rule file into words of Markdown, in one of the two languages of the vocabulary."""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import dataclass
from typing import Final, Literal

from policy.shape import Text
from policy.source import Mapping, Node, Scalar, Sequence

Language = Literal["fr", "en"]
Line = tuple[int, str]
"""How deep a line is indented, and what it says."""

_WORDS: Final[dict[Language, dict[str, str]]] = {
    "fr": {
        "any": "l'un au moins :", "all": "tout cela :", "not": "et rien de cela :", "or": "ou bien :", "no": "non :",
        "contains": ": dont", "contains_any": ": dont l'un de", "exists": ": non vide", "missing": ": vide",
        "same_as": "=", "one_of": ": parmi", "elapsed": ": il y a au moins", "null": "néant",
        "listed_in": ": une ligne de la table", "column_of": ": une colonne de la table", "column": "colonne",
        "of": "de la table", "parameter": "paramètre", "colon": " : ",
    },
    "en": {
        "any": "at least one:", "all": "all of this:", "not": "and nothing of this:", "or": "or else:", "no": "not:",
        "contains": "contains", "contains_any": "contains one of", "exists": "is given", "missing": "is missing",
        "same_as": "is the same as:", "one_of": "is among:", "elapsed": "at least so long ago:", "null": "none",
        "listed_in": "is a row of table", "column_of": "is a column of table", "column": "column",
        "of": "of table", "parameter": "parameter", "colon": ": ",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Phrases:
    """The titles of all that a condition may name, in one language."""

    language: Language
    attributes: Map[str, Text]
    definitions: Map[str, Text]
    parameters: Map[str, Text]

    def condition(self, node: Node, depth: int = 0) -> list[Line]:
        """A mapping: a line for each thing that must hold. A list: its alternatives, one after another."""
        if isinstance(node, Sequence):
            return self._alternatives(node.items, depth)
        return [line for key, value in _entries(node) for line in self._entry(key, value, depth)]

    def word(self, name: str) -> str:
        """One of the words that conditions are put together with."""
        return _WORDS[self.language][name]

    def _alternatives(self, nodes: tuple[Node, ...], depth: int) -> list[Line]:
        lines: list[Line] = []
        for position, item in enumerate(nodes):
            if position:
                lines.append((depth, self.word("or")))
            lines += self.condition(item, depth + 1)
        return lines

    def _entry(self, key: str, node: Node, depth: int) -> list[Line]:
        if key == "any" and isinstance(node, Sequence):
            return [(depth, self.word("any")), *self._alternatives(node.items, depth)]
        if key == "all" and isinstance(node, Sequence):
            parts = [line for item in node.items for line in self.condition(item, depth + 1)]
            return [(depth, self.word("all")), *parts]
        if key == "not":
            return [(depth, self.word("not")), *self.condition(node, depth + 1)]
        if key == "definition":
            return [(depth, f"[{self._title(self.definitions, name)}](#{name})") for name in _texts(node)]
        if key.startswith("parameter."):
            name = f"{self.word('parameter')} `{key.removeprefix('parameter.')}`"
            return [(depth, f"{name}{self.word('colon')}{self._values(node)}")]
        return [(depth, self._test(key, node))]

    def _test(self, name: str, node: Node) -> str:
        title = self._title(self.attributes, name)
        if isinstance(node, Mapping):
            return self._operator(title, node)
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return title if node.value else f"{self.word('no')} {title}"
        return f"{title}{self.word('colon')}{self._values(node)}"

    def _operator(self, title: str, tree: Mapping) -> str:
        """One operator on one attribute, as the grammar reads it."""
        tests = dict(_entries(tree))
        if "column" in tests:
            where = (
                f"{self.word('column')} {self._other(tests['column'])} {self.word('of')} {self._values(tests['of'])}"
            )
            colon = self.word("colon")
            return f"{title}{colon}{where}{colon}{self._cell(tests['is'])}"
        word, value = next(iter(tests.items()))
        if word == "exists":
            return f"{title} {self.word('exists' if isinstance(value, Scalar) and value.value else 'missing')}"
        if word in ("same_as", "one_of"):
            return f"{title} {self.word(word)} {self._other(value)}"
        if word == "elapsed":
            name = _texts(value)[0].removeprefix("parameter.")
            return f"{title} {self.word(word)} {self._title(self.parameters, name)} ([`{name}`](#{name}))"
        return f"{title} {self.word(word)} {self._values(value)}"

    def _cell(self, node: Node) -> str:
        if isinstance(node, Mapping):
            return f"{self.word('same_as')} {self._other(dict(_entries(node))['same_as'])}"
        return self._values(node)

    def _other(self, node: Node) -> str:
        """Another attribute by its title; a table's column, which is none, as it is written."""
        name = _texts(node)[0]
        return self._title(self.attributes, name) if name in self.attributes else f"`{name}`"

    def _title(self, titles: Map[str, Text], name: str) -> str:
        return str(getattr(titles[name], self.language))

    def _values(self, node: Node) -> str:
        nodes = node.items if isinstance(node, Sequence) else (node,)
        return ", ".join(self._value(item) for item in nodes if isinstance(item, Scalar))

    def _value(self, node: Scalar) -> str:
        if node.value is None:
            return self.word("null")
        return f"`{str(node.value).lower() if isinstance(node.value, bool) else node.value}`"


def _entries(node: Node) -> list[tuple[str, Node]]:
    return [(str(key.value), value) for key, value in node.entries] if isinstance(node, Mapping) else []


def _texts(node: Node) -> list[str]:
    nodes = node.items if isinstance(node, Sequence) else (node,)
    return [str(item.value) for item in nodes if isinstance(item, Scalar)]
