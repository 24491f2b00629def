"""As whom the rules are asked about somebody who is not calling (absence.yaml)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from policy import shape
from policy.errors import FaultList
from policy.facts import ENTITIES, ILL_TYPED, WANTED, typed
from policy.shape import Text
from policy.source import Mapping as Tree
from policy.source import Node, Scalar
from policy.source import Sequence as Items
from policy.vocabulary import Kind, Vocabulary

NOW: Final = "now"
"""For a time: that at which the rules are asked."""
_SUBJECT_KIND: Final = "subject.kind"
_MOMENT: Final = datetime.fromisoformat("2000-01-01T00:00:00Z")
"""Some moment, to see that an attribute takes one."""

Stated = Mapping[str, object]
"""Values by attribute, as a request gives them."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """In what somebody stands towards a record."""

    title: Text
    facts: Stated
    read_by: tuple[str, ...] = ()
    """The capacities of those who read what he is sent."""
    least: str = ""
    """The action that his right permits as long as it has effect; empty where nothing but its dates can end it."""
    asked_again: bool = False
    """Whether what he asked of the host is asked for again, as him, when it is executed."""

    def part(self, entity: str) -> dict[str, Any]:
        """What is true of him as the subject, or of his relation with the record."""
        return part(self.facts, entity)


@dataclass(frozen=True, slots=True)
class Absence:
    """All that is known of those who are not calling."""

    capacities: Mapping[str, Capacity] = field(default_factory=dict)
    opened_by: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By attribute, the kinds of subject whose tickets make it true."""
    hindsight: Stated = field(default_factory=dict)
    """What holds whenever traces are read."""

    def of_kind(self, kind: str) -> Iterator[Capacity]:
        """The capacities in which a subject of this kind may stand."""
        return (one for one in self.capacities.values() if one.facts.get(_SUBJECT_KIND) == kind)

    def in_hindsight(self, entity: str, now: datetime) -> dict[str, Any]:
        """What holds of one part of a request whenever traces are read."""
        return {name: now if value == NOW else value for name, value in part(self.hindsight, entity).items()}


def part(facts: Mapping[str, Any], entity: str) -> dict[str, Any]:
    """What is stated of one part of a request, by the names that it has there."""
    return {name.removeprefix(f"{entity}."): value for name, value in facts.items() if name.startswith(f"{entity}.")}


def read_absence(node: Node | None, vocabulary: Vocabulary, faults: FaultList) -> Absence:
    """Understand the tree of absence.yaml; nothing is known where there is no such file."""
    tree = shape.mapping(node, "absence.yaml", ("capacities", "opened_by", "hindsight"), faults)
    if tree is None:
        return Absence()
    capacities = shape.entries(tree.get("capacities"), "capacities", faults)
    names = [name for _, name, _ in capacities]
    return Absence(
        {name: _capacity(name, value, names, vocabulary, faults) for _, name, value in capacities},
        {
            name: _kinds(key, name, value, vocabulary, faults)
            for key, name, value in shape.entries(tree.get("opened_by"), "opened_by", faults)
        },
        _stated(tree.get("hindsight"), vocabulary, faults),
    )


def _capacity(name: str, node: Node, names: Sequence[str], vocabulary: Vocabulary, faults: FaultList) -> Capacity:
    what = f"capacity `{name}`"
    tree = shape.mapping(node, what, ("fr", "en", "facts", "read_by", "least", "asked_again"), faults)
    if tree is None:
        return Capacity(Text("", ""), {})
    again = tree.get("asked_again")
    if again is not None and not (isinstance(again, Scalar) and isinstance(again.value, bool)):
        faults.add(again.place, "`asked_again` must be true or false")
    return Capacity(
        Text(*(shape.text(shape.required(tree, key, what, faults), f"{what}.{key}", faults) for key in ("fr", "en"))),
        _stated(shape.required(tree, "facts", what, faults), vocabulary, faults),
        _words(tree, "read_by", "capacity", names, faults),
        next(iter(_words(tree, "least", "action", vocabulary.actions, faults)), ""),
        asked_again=isinstance(again, Scalar) and again.value is True,
    )


def _words(
    tree: Tree, key: str, what: str, known: Sequence[str] | Mapping[str, object], faults: FaultList
) -> tuple[str, ...]:
    """The words under a key that may be missing, each of them known."""
    found = shape.texts(tree.get(key), key, faults) if tree.get(key) else ()
    for node, word in found:
        if word not in known:
            faults.add_unknown(node.place, what, word, tuple(known))
    return tuple(word for _, word in found)


def _kinds(key: Scalar, name: str, node: Node, vocabulary: Vocabulary, faults: FaultList) -> frozenset[str]:
    """The kinds of subject whose tickets make an attribute true."""
    attribute = vocabulary.attributes.get(name)
    if attribute is None or attribute.entity != "context" or attribute.kind is not Kind.BOOLEAN:
        flags = [a.name for a in vocabulary.attributes.values() if a.entity == "context" and a.kind is Kind.BOOLEAN]
        faults.add_unknown(key.place, "flag of the context", name, flags)
    known = vocabulary.attributes[_SUBJECT_KIND].values
    found = shape.texts(node, name, faults)
    for item, word in found:
        if word not in known:
            faults.add_unknown(item.place, "kind of subject", word, known)
    return frozenset(word for _, word in found)


def _stated(node: Node | None, vocabulary: Vocabulary, faults: FaultList) -> dict[str, object]:
    """Attributes with values that they may have."""
    own = {a.name: a for a in vocabulary.attributes.values() if not a.derived and a.entity in ENTITIES}
    stated: dict[str, object] = {}
    for key, name, value in shape.entries(node, "facts", faults):
        if name not in own:
            faults.add_unknown(key.place, "attribute", name, own)
            continue
        attribute, given = own[name], _given(value)
        tried = _MOMENT if given == NOW and attribute.kind is Kind.TIME else given
        if not (given is None and attribute.nullable) and typed(attribute, tried) is ILL_TYPED:
            faults.add(value.place, f"`{name}` {WANTED[attribute.kind]}")
        stated[name] = given
    return stated


def _given(node: Node) -> object:
    """A value as a request gives it."""
    if isinstance(node, Items):
        return [_given(item) for item in node.items]
    return node.value if isinstance(node, Scalar) else {}
