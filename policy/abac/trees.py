"""Builds the trees of rule files, as `policy.source` reads them, each node with the place that it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from policy.errors import Place
from policy.source import Mapping as Tree
from policy.source import Node, Scalar
from policy.source import Sequence as List


def tree(place: Place, entries: Mapping[str, Node]) -> Tree:
    """A mapping."""
    return Tree(place, tuple((Scalar(place, key), value) for key, value in entries.items()))


def negated(place: Place, said: Node) -> Node:
    """The opposite of a condition."""
    if isinstance(said, Tree) and len(said.entries) == 1 and said.entries[0][0].value == "not":
        return said.entries[0][1]
    return tree(place, {"not": said})


def every(place: Place, parts: Sequence[Node]) -> Node:
    """All of some conditions: side by side in one mapping where each has a key of its own."""
    if len(parts) == 1:
        return parts[0]
    entries = [entry for part in parts if isinstance(part, Tree) for entry in part.entries]
    if len({key.value for key, _ in entries}) == len(entries):
        return Tree(place, tuple(entries))
    return tree(place, {"all": List(place, tuple(parts))})


def some(place: Place, parts: Sequence[Node]) -> Node:
    """At least one of some conditions."""
    return parts[0] if len(parts) == 1 else tree(place, {"any": List(place, tuple(parts))})


def words(node: Node) -> Iterator[str]:
    """Every key and value that stands in a tree."""
    match node:
        case Tree(entries=entries):
            for key, value in entries:
                yield str(key.value)
                yield from words(value)
        case List(items=items):
            for item in items:
                yield from words(item)
        case Scalar(value=value):
            yield str(value)


def plain(node: Node) -> Any:
    """The tree without its places."""
    match node:
        case Tree(entries=entries):
            return {key.value: plain(value) for key, value in entries}
        case List(items=items):
            return [plain(item) for item in items]
        case Scalar(value=value):
            return value
