"""Takes typed values out of a rule file's tree, and notes what has the wrong shape."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from policy.errors import FaultList
from policy.source import Mapping, Node, Scalar, Sequence


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence in French and in English."""

    fr: str
    en: str


def mapping(node: Node | None, what: str, known: Iterable[str] | None, faults: FaultList) -> Mapping | None:
    """The node as a mapping whose keys are all `known` (any key where that is nothing)."""
    if not isinstance(node, Mapping):
        if node is not None:
            faults.add(node.place, f"{what} must be a mapping (`key: value`)")
        return None
    if known is not None:
        names = tuple(known)
        for key, _ in node.entries:
            if key.value not in names:
                faults.add_unknown(key.place, f"key in {what}", key.value, names)
    return node


def entries(node: Node | None, what: str, faults: FaultList) -> list[tuple[Scalar, str, Node]]:
    """The entries of a mapping whose keys are free names: the key's node, the name, the value."""
    tree = mapping(node, what, None, faults)
    if tree is None:
        return []
    result = []
    for key, value in tree.entries:
        if isinstance(key.value, str) and key.value:
            result.append((key, key.value, value))
        else:
            faults.add(key.place, f"a name in {what} must be text", "put it in quotes")
    return result


def items(node: Node | None, what: str, faults: FaultList) -> tuple[Node, ...]:
    """The items of a list."""
    if isinstance(node, Sequence):
        if not node.items:
            faults.add(node.place, f"{what} is an empty list", "fill it, or remove it")
        return node.items
    if node is not None:
        faults.add(node.place, f"{what} must be a list")
    return ()


def text(node: Node | None, what: str, faults: FaultList) -> str:
    """Text that is not empty, or the empty text after noting the fault."""
    if isinstance(node, Scalar) and isinstance(node.value, str) and node.value.strip():
        return node.value
    if node is not None:
        faults.add(node.place, f"{what} must be text", "put it in quotes")
    return ""


def texts(node: Node | None, what: str, faults: FaultList) -> tuple[tuple[Node, str], ...]:
    """A list of texts, each with its node; a single text counts as a list of one."""
    nodes = (node,) if isinstance(node, Scalar) else items(node, what, faults)
    return tuple((item, value) for item in nodes if (value := text(item, what, faults)))


def required(tree: Mapping, key: str, what: str, faults: FaultList) -> Node | None:
    """The value under a key that must be there."""
    node = tree.get(key)
    if node is None:
        faults.add(tree.place, f"{what} lacks `{key}`")
    return node


def bilingual(node: Node | None, what: str, faults: FaultList) -> Text:
    """A mapping with `fr` and `en`."""
    tree = mapping(node, what, ("fr", "en"), faults)
    if tree is None:
        return Text("", "")
    return Text(*(text(required(tree, key, what, faults), f"{what}.{key}", faults) for key in ("fr", "en")))
