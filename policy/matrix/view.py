"""How the cells of a table are asked of the rules (matrix.yaml): a request a mode, where row and column change."""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import dataclass
from typing import Any

from policy import shape
from policy.errors import FaultList, Place
from policy.ruleset import RuleSet
from policy.shape import Text
from policy.source import Mapping, Node
from policy.world import plain

FILE = "matrix.yaml"
_KEYS = (
    "fr", "en", "table", "provenance", "opens", "row", "row_title", "column", "groups", "facts", "action",
    "at", "modes",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mode:
    """One way to ask."""

    name: str
    title: Text
    asked: Map[str, Any]


@dataclass(frozen=True, slots=True)
class View:
    """What matrix.yaml says."""

    title: Text
    table: str
    provenance: Map[str, Text]
    """The first letter of a mark → what it tells of where the mark comes from."""
    opens: str
    """The meaning of the marks that open a cell."""
    row: str
    """The attribute that a row's key is a value of."""
    row_title: str
    column: str
    """The attribute that a column's name is a value of."""
    groups: tuple[str, tuple[str, ...]]
    """A table whose columns, joined, name the group of a row."""
    facts: Map[str, tuple[str, str]]
    """Attribute → the table and column that tell its value for a row."""
    action: str
    at: str
    modes: Map[str, Mode]


def read_view(ruleset: RuleSet, faults: FaultList | None = None) -> View:
    """Read matrix.yaml; raises `RuleFaults` with every fault, those in `faults` included."""
    faults = FaultList() if faults is None else faults
    tree = shape.mapping(ruleset.tree(FILE, faults), FILE, _KEYS, faults)
    faults.raise_if_any()
    tree = tree or Mapping(Place(FILE), ())
    view = View(
        Text(_text(tree, "fr", faults), _text(tree, "en", faults)),
        _known(tree, "table", ruleset.tables, faults),
        _provenance(tree, faults),
        _text(tree, "opens", faults),
        _known(tree, "row", ruleset.vocabulary.attributes, faults),
        _text(tree, "row_title", faults),
        _known(tree, "column", ruleset.vocabulary.attributes, faults),
        _groups(tree, ruleset, faults),
        {name: _cell(ruleset, node, faults) for _, name, node in shape.entries(tree.get("facts"), "facts", faults)},
        _known(tree, "action", ruleset.vocabulary.actions, faults),
        _text(tree, "at", faults),
        _modes(tree, faults),
    )
    faults.raise_if_any()
    return view


def _text(tree: Mapping, key: str, faults: FaultList) -> str:
    return shape.text(shape.required(tree, key, FILE, faults), key, faults)


def _known(tree: Mapping, key: str, known: Map[str, object], faults: FaultList) -> str:
    word, node = _text(tree, key, faults), tree.get(key)
    if node and word and word not in known:
        faults.add_unknown(node.place, key, word, known)
    return word


def _provenance(tree: Mapping, faults: FaultList) -> dict[str, Text]:
    named = shape.entries(shape.required(tree, "provenance", FILE, faults), "provenance", faults)
    return {letter: shape.bilingual(node, letter, faults) for _, letter, node in named}


def _groups(tree: Mapping, ruleset: RuleSet, faults: FaultList) -> tuple[str, tuple[str, ...]]:
    node = shape.mapping(shape.required(tree, "groups", FILE, faults), "groups", ("of", "columns"), faults)
    if node is None:
        return "", ()
    name = _known(node, "of", ruleset.tables, faults)
    columns = shape.texts(shape.required(node, "columns", "groups", faults), "columns", faults)
    return name, tuple(_column(ruleset, name, item, word, faults) for item, word in columns)


def _cell(ruleset: RuleSet, node: Node, faults: FaultList) -> tuple[str, str]:
    tree = shape.mapping(node, "facts", ("of", "column"), faults)
    if tree is None:
        return "", ""
    name = _known(tree, "of", ruleset.tables, faults)
    item = shape.required(tree, "column", "facts", faults)
    return name, _column(ruleset, name, item, shape.text(item, "column", faults), faults) if item else ""


def _column(ruleset: RuleSet, table: str, node: Node, word: str, faults: FaultList) -> str:
    if table in ruleset.tables and word not in ruleset.tables[table].columns:
        faults.add_unknown(node.place, f"column of table `{table}`:", word, ruleset.tables[table].columns)
    return word


def _modes(tree: Mapping, faults: FaultList) -> dict[str, Mode]:
    found = {}
    for _, name, node in shape.entries(shape.required(tree, "modes", FILE, faults), "modes", faults):
        mode = shape.mapping(node, f"mode `{name}`", ("fr", "en", "asked"), faults)
        if mode is None:
            continue
        title = (_text(mode, key, faults) for key in ("fr", "en"))
        asked = shape.mapping(shape.required(mode, "asked", f"mode `{name}`", faults), "asked", None, faults)
        found[name] = Mode(name, Text(*title), plain(asked) or {})
    return found
