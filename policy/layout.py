"""Lays a rule file out in its one canonical form: order of keys, indentation, blank lines; never what it says."""

from __future__ import annotations

import io
from collections import Counter
from typing import Any, Final

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import RoundTripRepresenter

from policy.errors import FaultList, Place
from policy.source import Mapping, Node, Scalar, Sequence, parse

ORDER: Final = (
    "id", "title", "basis", "kept_because", "effect", "profiles", "from", "until", "stage", "answers", "actions",
    "except", "when", "unless", "obligations", "scope",
)  # fmt: skip
"""The keys of a rule, in the order in which it is read: what it is, when it is in force, what it does, on what."""
BY_HAND: Final = frozenset({"vocabulary.yaml", "world.yaml"})
"""Files whose columns are aligned by hand."""
_UNBROKEN: Final = 1_000_000


class _Representer(RoundTripRepresenter):
    """Writes null as the word that officers read."""

    def represent_none(self, _data: None) -> ScalarNode:
        return self.represent_scalar("tag:yaml.org,2002:null", "null")


_Representer.add_representer(type(None), _Representer.represent_none)


def laid_out(text: str, name: str, faults: FaultList) -> str:
    """The file in its canonical form; a file that cannot be read goes to `faults` and comes back as it is.

    INVARIANT: values and comments are those of the file, or it is refused; only order of keys and space may change.
    """
    before = parse(text.encode("utf-8"), name, faults)
    if faults.faults or before is None:
        return text
    try:
        after = _written(_reader().load(_in_order(text, before)))
    except YAMLError as error:
        faults.add(Place(name), f"cannot be laid out: {str(error).splitlines()[0]}")
        return text
    if _meaning(parse(after.encode("utf-8"), name, faults)) != _meaning(before) or _comments(after) != _comments(text):
        faults.add(Place(name), "cannot be laid out without changing what it says", "lay it out by hand")
        return text
    return after


def _reader() -> YAML:
    reader = YAML()
    reader.Representer = _Representer
    reader.preserve_quotes = True
    reader.width = _UNBROKEN
    reader.brace_single_entry_mapping_in_flow_sequence = True
    reader.indent(mapping=2, sequence=4, offset=2)
    return reader


def _in_order(text: str, tree: Node) -> str:
    """The keys of each rule in their order, each with the comments above and behind it."""
    lines = text.splitlines()
    end = len(lines)
    for item in reversed(tree.items if isinstance(tree, Sequence) else ()):
        begin, end = item.place.line - 1, _without_lead(lines, end)
        if isinstance(item, Mapping):
            lines[begin:end] = _keys_in_order(lines[begin:end], item)
        end = begin
    return "\n".join(lines) + "\n"


def _without_lead(lines: list[str], end: int) -> int:
    """Where an item ends that is followed by another: above the comments that lead to that."""
    while end and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
        end -= 1
    return end


def _keys_in_order(lines: list[str], item: Mapping) -> list[str]:
    """The lines of one rule; of anything else, or of a rule on one line, as they are."""
    starts = [key.place.line - item.place.line for key, _ in item.entries]
    names = [str(key.value) for key, _ in item.entries]
    if not starts or starts != sorted(set(starts)) or not lines[0].startswith("-") or not _is_a_rule({*names}):
        return lines
    lines = [f" {lines[0][1:]}", *lines[1:]]
    leads = [0, *(_lead(lines, start) for start in starts[1:])]
    blocks = {name: lines[a:b] for name, a, b in zip(names, leads, [*leads[1:], len(lines)], strict=True)}
    ordered = [line for name in ORDER for line in blocks.get(name, ())]
    first = next(at for at, line in enumerate(ordered) if line.strip() and not line.lstrip().startswith("#"))
    return [*ordered[:first], f"-{ordered[first][1:]}", *ordered[first + 1 :]]


def _is_a_rule(names: set[str]) -> bool:
    return "effect" in names and names <= {*ORDER}


def _lead(lines: list[str], start: int) -> int:
    """Where the comments begin that stand right above a key."""
    while lines[start - 1].lstrip().startswith("#"):
        start -= 1
    return start


def _written(tree: Any) -> str:
    out = io.StringIO()
    _reader().dump(tree, out)
    lines = _commented(out.getvalue()).splitlines()
    if not isinstance(tree, CommentedSeq):
        return "\n".join(_aligned(lines)).rstrip() + "\n"
    # The library indents the outermost list too.
    return _spaced(_aligned([line.removeprefix("  ") for line in lines]))


def _commented(text: str) -> str:
    """Two spaces before each comment that stands behind something, and nothing at the end of lines."""
    kept, end = [], 0
    for at in _comment_places(text):
        before = text[end:at]
        behind = before.rpartition("\n")[2].strip() != ""
        kept.append(f"{before.rstrip(' ')}  " if behind else before)
        end = at
    return "\n".join(line.rstrip() for line in ("".join(kept) + text[end:]).split("\n"))


def _aligned(lines: list[str]) -> list[str]:
    """Comments that stand alone, indented like the line that they lead to."""
    aligned: list[str] = []
    indent = ""
    for line in reversed(lines):
        bare = line.lstrip(" ")
        if bare.startswith("#"):
            aligned.append(indent + bare)
            continue
        if bare:
            indent = line[: len(line) - len(bare)]
        aligned.append(line)
    return aligned[::-1]


def _spaced(lines: list[str]) -> str:
    """One blank line before each item but the first, above the comments that lead to it, and none inside.

    A blank line below a comment that stands alone stays: the comment heads what follows.
    """
    spaced: list[str] = []
    begun = False
    for line in lines:
        if not line:
            if spaced and spaced[-1].startswith("#"):
                spaced.append(line)
            continue
        if line.startswith("- "):
            if begun:
                spaced.insert(_lead_of_item(spaced), "")
            begun = True
        spaced.append(line)
    return "\n".join(spaced) + "\n"


def _lead_of_item(lines: list[str]) -> int:
    """Where the comments begin, blank lines among them, that stand above what comes next."""
    lead = len(lines)
    while not lines[lead - 1] or lines[lead - 1].startswith("#"):
        lead -= 1
    return lead


def _meaning(node: Node | None) -> object:
    """A tree without its places and the order of its keys; true and 1 are told apart."""
    if isinstance(node, Mapping):
        return {"mapping": {_meaning(key): _meaning(value) for key, value in node.entries}}
    if isinstance(node, Scalar):
        return type(node.value).__name__, node.value
    return [_meaning(item) for item in node.items] if node else None


def _comments(text: str) -> Counter[str]:
    """Every comment, as often as it stands."""
    return Counter(text[at:].partition("\n")[0].rstrip() for at in _comment_places(text))


def _comment_places(text: str) -> list[int]:
    """Where comments begin: at the first `#` of a line that lies outside of the scanner's tokens."""
    found: list[int] = []
    end = 0
    for token in [*yaml.scan(text, Loader=yaml.CSafeLoader), None]:
        start = token.start_mark.index if token else len(text)
        gap = text[end:start]
        offset = end
        for line in gap.splitlines(keepends=True):
            if "#" in line:
                found.append(offset + line.index("#"))
            offset += len(line)
        end = max(end, token.end_mark.index) if token else end
    return found
