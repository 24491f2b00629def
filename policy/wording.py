"""How sentences name values and definitions: what officers write under `wording`, and under `holds` and `fails`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from policy import shape
from policy.errors import FaultList, Place
from policy.shape import Text
from policy.source import Mapping as Tree
from policy.source import Node, Scalar


@dataclass(frozen=True, slots=True)
class Wording:
    """How one attribute's values are named."""

    place: Place
    many: Text
    """What several of the values are, in the plural; for a count."""
    values: Mapping[str, Text] = field(default_factory=dict)
    """Each value as it stands in a sentence; true and false by these words."""
    usual: tuple[str, ...] = ()
    """The values that go without saying: a sentence that is true of these alone names them only to leave some out."""
    table: str = ""
    """The table whose rows the values are, or empty."""
    label: str = ""
    """The column of the table that names them."""


@dataclass(frozen=True, slots=True)
class Saying:
    """How a sentence says that a definition holds, and that it does not."""

    holds: Text
    fails: Text


def read_sayings(root: Node | None, faults: FaultList) -> dict[str, Saying]:
    """The `holds` and `fails` of the definitions that have them, by name, in the tree of definitions.yaml."""
    found = {}
    for name, node in _definitions(root):
        holds, fails = node.get("holds"), node.get("fails")
        if (holds is None) is not (fails is None):
            faults.add(node.place, f"definition `{name}` needs both `holds` and `fails`, or neither")
        elif holds is not None:
            found[name] = Saying(shape.bilingual(holds, "holds", faults), shape.bilingual(fails, "fails", faults))
    return found


def _definitions(root: Node | None) -> list[tuple[str, Tree]]:
    """The definitions that are mappings: what is none is told where their conditions are read."""
    entries = root.entries if isinstance(root, Tree) else ()
    return [(str(key.value), node) for key, node in entries if isinstance(node, Tree)]


def read_wording(node: Node | None, faults: FaultList) -> dict[str, Wording]:
    """The entries of `wording`, by attribute; an attribute without an entry is named by its codes."""
    return {name: _wording(name, value, faults) for _, name, value in shape.entries(node, "wording", faults)}


def _wording(name: str, node: Node, faults: FaultList) -> Wording:
    what = f"the wording of `{name}`"
    tree = shape.mapping(node, what, ("many", "values", "usual", "table", "label"), faults) or Tree(node.place, ())
    table, label = tree.get("table"), tree.get("label")
    if (table is None) is not (label is None):
        faults.add(tree.place, f"{what} needs both `table` and `label`, or neither")
    return Wording(
        tree.place,
        shape.bilingual(shape.required(tree, "many", what, faults), "many", faults),
        _values(tree.get("values"), what, faults),
        _usual(tree.get("usual"), what, faults),
        shape.text(table, "table", faults) if table else "",
        shape.text(label, "label", faults) if label else "",
    )


def _values(node: Node | None, what: str, faults: FaultList) -> dict[str, Text]:
    tree = shape.mapping(node, what, None, faults)
    return {as_word(key): shape.bilingual(value, as_word(key), faults) for key, value in (tree.entries if tree else ())}


def _usual(node: Node | None, what: str, faults: FaultList) -> tuple[str, ...]:
    nodes = (node,) if isinstance(node, Scalar) else shape.items(node, what, faults)
    return tuple(as_word(item) for item in nodes if isinstance(item, Scalar))


def as_word(node: Scalar) -> str:
    """A value as a key of the wording: true and false are words here."""
    return str(node.value).lower() if isinstance(node.value, bool) else str(node.value)


def word_of(value: object) -> str:
    """A value as the wording writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def check_wording(
    wording: Mapping[str, Wording], known: Mapping[str, Iterable[str]], tables: Iterable[str], faults: FaultList
) -> None:
    """Note words that name nothing: `known` are the attributes with their values (none where any will do)."""
    for name, entry in wording.items():
        if name not in known:
            faults.add_unknown(entry.place, "attribute", name, known)
            continue
        values = tuple(known[name])
        for value in (*entry.values, *entry.usual):
            if values and value not in values:
                faults.add_unknown(entry.place, f"value of `{name}`:", value, values)
        if entry.table and entry.table not in tables:
            faults.add_unknown(entry.place, "table", entry.table, tables)
