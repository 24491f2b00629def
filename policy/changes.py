"""Who can change which fact, and what a refused person is told to do about it: for explanations alone."""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import dataclass, field

from policy import shape
from policy.errors import FaultList
from policy.shape import Text
from policy.source import Mapping, Node, Scalar


@dataclass(frozen=True, slots=True)
class Changer:
    """Someone who can bring another value of a fact about."""

    name: str
    title: Text
    rank: int
    """What it costs: the place in the vocabulary, from 0."""
    never: bool
    """Nobody can: such a change is only offered on demand."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do so that a fact changes."""

    to: str | bool | None
    """The new value that the sentence is about (of a set, what it is to have in it); nothing for any."""
    sentence: Text

    def fits(self, value: object) -> bool:
        """Whether the sentence tells how this value comes about."""
        return self.to is None or (type(self.to) is type(value) and self.to == value)


@dataclass(frozen=True, slots=True)
class Change:
    """How a fact changes."""

    by: str
    """The changer; of a set, of the codes that `codes` does not name."""
    advice: tuple[Advice, ...] = ()
    """Nothing for what is never suggested to a refused person."""
    withheld: bool = False
    """The fact's value is not shown to one who reviews another person's decision."""
    codes: Map[str, str] = field(default_factory=dict)
    """Of a set, the codes that another changer puts in or takes out."""

    def changer(self, code: str = "") -> str:
        """Who changes the fact, or whether a set has this code."""
        return self.codes.get(code, self.by)


def read_changers(node: Node | None, faults: FaultList) -> dict[str, Changer]:
    """The `changers` of the vocabulary."""
    found: dict[str, Changer] = {}
    for _, name, value in shape.entries(node, "changers", faults):
        what = f"changer `{name}`"
        tree = shape.mapping(value, what, ("fr", "en", "never"), faults)
        if tree is not None:
            found[name] = Changer(name, _text(tree, what, faults), len(found), _is_true(tree.get("never")))
    return found


def read_changes(
    vocabulary: Mapping, attributes: Map[str, tuple[str, ...]], changers: Map[str, Changer], faults: FaultList
) -> dict[str, Change]:
    """The `changes` of the vocabulary; where there are changers, every attribute must have its own.

    `attributes` are those that have one, each with its values where they are listed.
    """
    found: dict[str, Change] = {}
    node = vocabulary.get("changes")
    for key, name, value in shape.entries(node, "changes", faults):
        tree = shape.mapping(value, f"change of `{name}`", ("by", "codes", "advice", "withheld"), faults)
        if name not in attributes:
            faults.add_unknown(key.place, "attribute", name, attributes)
        elif tree is not None:
            found[name] = _change(name, tree, attributes[name], changers, faults)
    if changers:
        for name in attributes.keys() - found.keys():
            advice = f"add `{name}: {{by: …}}` with one of: {', '.join(changers)}"
            faults.add(node.place if node else vocabulary.place, f"`changes` does not say who changes `{name}`", advice)
    return found


def _change(
    name: str, tree: Mapping, values: tuple[str, ...], changers: Map[str, Changer], faults: FaultList
) -> Change:
    node = shape.required(tree, "by", f"change of `{name}`", faults)
    by = shape.text(node, "by", faults)
    if node is not None and by and by not in changers:
        faults.add_unknown(node.place, "changer", by, changers)
    codes = {}
    for key, code, node_of_code in shape.entries(tree.get("codes"), "codes", faults):
        codes[code] = shape.text(node_of_code, "a changer", faults)
        if code not in values:
            faults.add_unknown(key.place, f"value of `{name}`:", code, values)
        if codes[code] not in changers:
            faults.add_unknown(node_of_code.place, "changer", codes[code], changers)
    items = shape.items(tree.get("advice"), "advice", faults)
    advice = tuple(found for item in items if (found := _advice(name, item, values, faults)))
    return Change(by, advice, _is_true(tree.get("withheld")), codes)


def _advice(name: str, node: Node, values: tuple[str, ...], faults: FaultList) -> Advice | None:
    tree = shape.mapping(node, f"advice on `{name}`", ("to", "fr", "en"), faults)
    if tree is None:
        return None
    to = tree.get("to")
    value = to.value if isinstance(to, Scalar) and isinstance(to.value, str | bool) else None
    if to is not None and (value is None or (values and value not in values)):
        faults.add_unknown(to.place, f"value of `{name}`:", to.value if isinstance(to, Scalar) else "", values)
    return Advice(value, _text(tree, f"advice on `{name}`", faults))


def _text(tree: Mapping, what: str, faults: FaultList) -> Text:
    return Text(*(shape.text(shape.required(tree, key, what, faults), f"{what}.{key}", faults) for key in ("fr", "en")))


def _is_true(node: Node | None) -> bool:
    return isinstance(node, Scalar) and node.value is True
