"""What a decision may oblige to: the codes of vocabulary.yaml, who fulfils each, and what silences it."""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import dataclass

from policy import shape
from policy.errors import FaultList
from policy.shape import Text
from policy.source import Node, Scalar

_KEYS = ("fr", "en", "fulfilled_by", "always", "term", "silenced_by")
_FULFILLERS = ("gate", "service", "caller")


@dataclass(frozen=True, slots=True)
class Obligation:
    """One code, whatever its parameter."""

    duty: Text
    """What is to be done, as an infinitive."""
    fulfilled_by: str = ""
    """gate, service or caller."""
    always: bool = False
    """Whether every decision carries it, permitted or not."""
    term: str = ""
    """The parameter that says how long what it starts will hold; empty where it starts nothing."""
    silenced_by: str = ""
    """The obligation, with its parameter, beside which it is not fulfilled; empty where there is none."""


def read_obligations(node: Node | None, parameters: Map[str, object], faults: FaultList) -> dict[str, Obligation]:
    """By code, in the order in which answers list them; what is wrong goes to `faults`."""
    named = shape.entries(node, "obligations", faults)
    codes = [code for _, code, _ in named]
    return {code: _obligation(code, value, codes, parameters, faults) for _, code, value in named}


def _obligation(code: str, node: Node, codes: list[str], parameters: Map[str, object], faults: FaultList) -> Obligation:
    what = f"obligation `{code}`"
    tree = shape.mapping(node, what, _KEYS, faults)
    if tree is None:
        return Obligation(Text("", ""))
    duty = Text(*(shape.text(shape.required(tree, key, what, faults), f"{what}.{key}", faults) for key in ("fr", "en")))
    always = tree.get("always")
    return Obligation(
        duty,
        _known(shape.required(tree, "fulfilled_by", what, faults), "fulfiller", _FULFILLERS, faults),
        isinstance(always, Scalar) and always.value is True,
        _known(tree.get("term"), "parameter", parameters, faults),
        _silence(tree.get("silenced_by"), codes, faults),
    )


def _known(node: Node | None, what: str, known: Map[str, object] | tuple[str, ...], faults: FaultList) -> str:
    """A word that stands among the known ones; empty where there is none."""
    word = shape.text(node, what, faults)
    if node is not None and word and word not in known:
        faults.add_unknown(node.place, what, word, known)
    return word


def _silence(node: Node | None, codes: list[str], faults: FaultList) -> str:
    """An obligation with its parameter; empty where there is none."""
    word = shape.text(node, "silenced_by", faults)
    if node is not None and word and word.partition(":")[0] not in codes:
        faults.add_unknown(node.place, "obligation", word, codes)
    return word
