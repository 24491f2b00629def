"""Tells a profession, a type … that stands in no row of its table and is almost a word that does."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

from policy.errors import FaultList, Place
from policy.facts import ENTITIES
from policy.ruleset import RuleSet
from policy.source import Mapping, Node, Scalar, Sequence
from policy.table import Table

ALMOST: Final = 0.85
"""How alike two words are of which one is the other misspelt, and no stranger's name."""


def check_table(tree: Mapping, ruleset: RuleSet, faults: FaultList) -> None:
    """Note such words among the facts that a test table states."""
    for entity in ENTITIES:
        _check(tree.get("facts" if entity == "record" else entity), entity, ruleset, faults)


def check_world(tree: Mapping, ruleset: RuleSet, faults: FaultList) -> None:
    """Note such words among the people and documents of the world."""
    for part in ("subjects", "documents"):
        entries = tree.get(part)
        for _, node in entries.entries if isinstance(entries, Mapping) else ():
            _check(node, part.removesuffix("s"), ruleset, faults)


def _check(tree: Node | None, entity: str, ruleset: RuleSet, faults: FaultList) -> None:
    """A word that is like none is a stranger's, and may be meant."""
    for key, node in tree.entries if isinstance(tree, Mapping) else ():
        if key.value == "each":
            _check(node, entity, ruleset, faults)
            continue
        wording = ruleset.vocabulary.wording.get(f"{entity}.{key.value}")
        table = ruleset.tables.get(wording.table) if wording else None
        for word in node.items if isinstance(node, Sequence) else (node,):
            if table and isinstance(word, Scalar) and isinstance(word.value, str) and word.value not in table.rows:
                _tell(word.place, word.value, table, faults)


def _tell(place: Place, word: str, table: Table, faults: FaultList) -> None:
    if near := get_close_matches(word, table.rows, n=1, cutoff=ALMOST):
        faults.add(place, f"`{word}` is no row of table `{table.name}`", f"did you mean `{near[0]}`?")
