"""One edit of a rule file's tree: which node, what stands there instead, and what that is in words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from policy.errors import Place
from policy.shape import Text
from policy.source import Mapping, Node, Scalar, Sequence

Path = tuple[int, ...]
"""The way from the root of a tree to a node: positions among the items of a list or the values of a mapping."""


class Kind(StrEnum):
    """What an officer can get wrong."""

    RULE = "rule"
    EFFECT = "effect"
    STAGE = "stage"
    ANSWER = "answer"
    ACTION = "action"
    PROFILE = "profile"
    PERIOD = "period"
    OBLIGATION = "obligation"
    SCOPE = "scope"
    PART = "part"
    OPPOSITE = "opposite"
    EXCHANGE = "exchange"
    VALUE = "value"
    PARAMETER = "parameter"
    CELL = "cell"


@dataclass(frozen=True, slots=True)
class Edit:
    """A node to put in another's place."""

    kind: Kind
    place: Place
    words: Text
    path: Path
    node: Node


def replaced(root: Node, path: Path, node: Node) -> Node:
    """The tree with another node at the end of the path; all that lies beside the path stays the same object."""
    if not path:
        return node
    here, *rest = path
    if isinstance(root, Sequence):
        inner = replaced(root.items[here], tuple(rest), node)
        return replace(root, items=(*root.items[:here], inner, *root.items[here + 1 :]))
    if isinstance(root, Mapping):
        key, value = root.entries[here]
        return with_entry(root, here, (key, replaced(value, tuple(rest), node)))
    message = f"{root.place}: has no part {here}"
    raise TypeError(message)


def with_entry(tree: Mapping, position: int, *entries: tuple[Scalar, Node]) -> Mapping:
    """The mapping with other entries, or none, in the place of one."""
    return replace(tree, entries=(*tree.entries[:position], *entries, *tree.entries[position + 1 :]))


def without_item(tree: Sequence, position: int) -> Sequence:
    """The list without one of its items."""
    return replace(tree, items=(*tree.items[:position], *tree.items[position + 1 :]))


def with_values(tree: Mapping, values: dict[str, Node | None]) -> Mapping:
    """The mapping with these keys set, at their places or at the end, or taken out where the value is nothing."""
    kept = [(key, values.get(str(key.value), value)) for key, value in tree.entries]
    known = {key.value for key, _ in tree.entries}
    added = [(Scalar(tree.place, key), value) for key, value in values.items() if key not in known]
    return replace(tree, entries=tuple((key, value) for key, value in (*kept, *added) if value is not None))


def position(tree: Mapping, key: str) -> int | None:
    """Where a key stands among the entries."""
    return next((place for place, (name, _) in enumerate(tree.entries) if name.value == key), None)


def listed(node: Node | None) -> tuple[Node, ...]:
    """The items of a list; a single value counts as a list of one."""
    if isinstance(node, Sequence):
        return node.items
    return () if node is None else (node,)
