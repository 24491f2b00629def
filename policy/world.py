"""Reads the people, records and documents that the test tables speak of (`world.yaml`)."""

from __future__ import annotations

from typing import Any

from policy.errors import FaultList
from policy.ruleset import RuleSet
from policy.source import Mapping, Node, Scalar, Sequence
from policy.stated import check_clock

PARTS = ("clock", "subjects", "records", "documents")


def read_world(tree: Mapping, ruleset: RuleSet, faults: FaultList) -> dict[str, Any]:
    """The fixtures; an entry with `each` stands for many, one for each row of a table or each word of a list.

    `doctors: {each: {profession: professions}, kind: PROFESSIONAL}` is one subject a profession, named as that is;
    `doctors` names them all.
    """
    world: dict[str, Any] = {key: plain(tree.get(key)) or {} for key in PARTS}
    world["groups"] = {}
    for part in ("subjects", "documents"):
        single: dict[str, Any] = {}
        for name, entry in world[part].items():
            each = entry.get("each") if isinstance(entry, dict) else None
            for attribute, rows in each.items() if isinstance(each, dict) else ():
                if isinstance(rows, str) and rows not in ruleset.tables:
                    faults.add_unknown(tree.place, f"table in `{name}`:", rows, ruleset.tables)
                    continue
                words = list(ruleset.tables[rows].lines) if isinstance(rows, str) else names(rows)
                world["groups"][name] = words
                rest = {key: value for key, value in entry.items() if key != "each"}
                for word in words:
                    if word in world[part] or word in single:
                        faults.add(tree.place, f"`{word}` of `{name}` stands already in `{part}`", "name each once")
                    single[word] = {**rest, attribute: word}
            if not isinstance(each, dict):
                single[name] = entry
        world[part] = single
    return world


def check_world(tree: Mapping, world: dict[str, Any], ruleset: RuleSet, faults: FaultList) -> None:
    """Note what no case could be made of: a profile without a clock, a document that is not there."""
    _check_clocks(tree.get("clock") or tree, ruleset, faults)
    records = tree.get("records")
    for key, record in records.entries if isinstance(records, Mapping) else ():
        listed = record.get("documents") if isinstance(record, Mapping) else None
        for node in listed.items if isinstance(listed, Sequence) else (listed,):
            word = str(node.value) if isinstance(node, Scalar) and node.value is not None else ""
            known = world["documents"]
            if node and word and any(name not in known for name in world["groups"].get(word, (word,))):
                faults.add_unknown(node.place, f"document of record `{key.value}`", word, (*known, *world["groups"]))


def _check_clocks(clocks: Node, ruleset: RuleSet, faults: FaultList) -> None:
    for name in ruleset.profiles:
        clock = clocks.get(name) if isinstance(clocks, Mapping) else None
        if clock is None:
            advice = f'write a time for it, such as `{name}: "2011-06-15T12:00:00Z"`'
            faults.add(clocks.place, f"the clock lacks profile `{name}`", advice)
        check_clock(clock, faults)


def plain(node: Node | None) -> Any:
    """A tree as ordinary values."""
    if isinstance(node, Mapping):
        return {str(key.value): plain(value) for key, value in node.entries}
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return node.value if isinstance(node, Scalar) else None


def names(value: Any) -> list[str]:
    """A list of names; a single one counts as a list of one."""
    if value is None:
        return []
    return [str(item) for item in value] if isinstance(value, list | dict) else [str(value)]
