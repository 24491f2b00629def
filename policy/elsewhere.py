"""Where law lives that is no rule of a file: said by other rules, done by a service, built later, or out of scope."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from collections.abc import Mapping as Map
from dataclasses import dataclass

from policy import shape
from policy.errors import FaultList, Place
from policy.shape import Text
from policy.source import Mapping, Node

LISTS = ("rules", "definitions", "parameters", "attributes", "tables")
REASONS = ("later", "outside", "fixed")
_KEYS = ("fr", "en", *LISTS, "modules", *REASONS)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """One entry of elsewhere.yaml or ambiguities.yaml."""

    id: str
    title: Text
    place: Place
    said_by: Map[str, tuple[str, ...]]
    """Kind of word (`rules`, `definitions`, `parameters`, `attributes`, `tables`) → the words that say it."""
    modules: Map[str, str]
    """Path of a module of the program → a word that stands in it."""
    later: Text | None
    """The step of the project that will build it."""
    outside: Text | None
    """Why no rule can or shall decide it."""
    fixed: Text | None
    """Why it is no parameter."""


def read_elsewhere(node: Node | None, what: str, faults: FaultList) -> dict[str, Elsewhere]:
    """The entries of one file by id; each says what it is and where it lives, or why it does not."""
    found = {}
    for key, name, item in shape.entries(node, what, faults):
        tree = shape.mapping(item, f"`{name}`", _KEYS, faults)
        if tree is None:
            continue
        entry = _entry(name, key.place, tree, faults)
        if not (entry.said_by or entry.modules or entry.later or entry.outside or entry.fixed):
            advice = "name rules, modules, the later step, or the reason why it is out of scope"
            faults.add(key.place, f"`{name}` does not say where it lives", advice)
        found[name] = entry
    return found


def _entry(name: str, place: Place, tree: Mapping, faults: FaultList) -> Elsewhere:
    titles = (shape.text(shape.required(tree, key, f"`{name}`", faults), key, faults) for key in ("fr", "en"))
    lists = {key: tuple(word for _, word in shape.texts(tree.get(key), key, faults)) for key in LISTS}
    modules = tree.get("modules")
    named = shape.entries(modules, "modules", faults)
    return Elsewhere(
        name,
        Text(*titles),
        place,
        {key: words for key, words in lists.items() if words},
        {path: shape.text(word, "a word of the module", faults) for _, path, word in named},
        *(shape.bilingual(tree.get(key), key, faults) if tree.get(key) else None for key in REASONS),
    )


def check_elsewhere(
    entries: Iterable[Elsewhere], known: Map[str, Collection[str]], own: Collection[str], faults: FaultList
) -> None:
    """Every word that an entry names must exist, and what is a rule of its own (`own`) needs no entry."""
    for entry in entries:
        if entry.id in own:
            faults.add(entry.place, f"`{entry.id}` is a rule of a file", "remove it here")
        for kind, words in entry.said_by.items():
            for word in words:
                if word not in known[kind]:
                    faults.add_unknown(entry.place, f"word in `{kind}` of `{entry.id}`:", word, known[kind])
