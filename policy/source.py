"""Reads a rule file into a tree whose every node knows its line and column.

A small part of YAML on purpose: no anchors, aliases, tags or merge keys, no duplicate keys, `true false null` and whole
numbers as the only scalars that are not text. A word such as `no` or a date stays the text that the officer wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from policy.errors import FaultList, Place

MAX_BYTES = 524_288
MAX_DEPTH = 30
MAX_NODES = 50_000
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
_WHOLE_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})")


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value."""

    place: Place
    value: str | int | bool | None


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    place: Place
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values in the order of the file; keys are unique."""

    place: Place
    entries: tuple[tuple[Scalar, Node], ...]

    def get(self, key: str) -> Node | None:
        """The value under `key`, or nothing."""
        return next((value for name, value in self.entries if name.value == key), None)


Node = Scalar | Sequence | Mapping


def read(path: Path, name: str, faults: FaultList) -> Node | None:
    """Read one rule file; what is wrong with it goes to `faults`, and then there may be no tree."""
    content = content_of(path, name, faults)
    return None if content is None else parse(content, name, faults)


def content_of(path: Path, name: str, faults: FaultList) -> bytes | None:
    """The bytes of a file, or nothing after noting why it cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        faults.add(Place(name), "is missing", "put it back, from the last version or from a copy")
    except OSError as error:
        faults.add(Place(name), f"cannot be read: {error.strerror}", "see that it is a file that you may read")
    return None


def decoded(content: bytes, name: str, faults: FaultList) -> str | None:
    """The text of a file, or nothing after noting the first place where it is no UTF-8."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].rpartition(b"\n")[2].decode("utf-8-sig")
        line = content.count(b"\n", 0, error.start) + 1
        faults.add(Place(name, line, len(before) + 1), "is not UTF-8 text", "save the file as UTF-8")
        return None


def parse(content: bytes, name: str, faults: FaultList) -> Node | None:
    """Read YAML text; bounded in size and depth, so that no file can exhaust the reader."""
    if len(content) > MAX_BYTES:
        faults.add(Place(name), f"larger than {MAX_BYTES // 1024} KiB", "split the file")
        return None
    text = decoded(content, name, faults)
    return None if text is None else _Builder(name, faults).build(text)


class _Builder:
    """Turns the parser's events into nodes without recursion, so that depth is ours to bound."""

    def __init__(self, name: str, faults: FaultList) -> None:
        self._name = name
        self._faults = faults
        self._stack: list[tuple[Place, bool, list[Node]]] = []
        self._root: Node | None = None
        self._nodes = 0

    def build(self, text: str) -> Node | None:
        try:
            for event in self._events(text):
                if not self._take(event):
                    return None
        except yaml.MarkedYAMLError as error:
            mark, start = error.problem_mark or error.context_mark, error.context_mark
            begun = f", in what begins on line {start.line + 1}" if mark and start and start.line < mark.line else ""
            told = f"is not YAML: {error.problem or error.context}{begun}"
            self._faults.add(self._place(mark), told, "check indentation and quotes; no tabs")
            return None
        except yaml.YAMLError as error:  # a character that YAML forbids has no mark
            self._faults.add(Place(self._name), f"is not YAML: {str(error).splitlines()[0]}")
            return None
        if self._root is None:
            self._faults.add(Place(self._name), "is empty", "put back what it said, or remove the file")
        return self._root

    @staticmethod
    def _events(text: str) -> Iterator[yaml.Event]:
        yield from yaml.parse(text, Loader=yaml.CSafeLoader)

    def _place(self, mark: Any) -> Place:
        """Where a mark of the reader points (its types differ between the two readers)."""
        return Place(self._name, mark.line + 1, mark.column + 1) if mark else Place(self._name)

    def _take(self, event: yaml.Event) -> bool:
        place = self._place(event.start_mark)
        self._nodes += 1
        if self._nodes > MAX_NODES:
            self._faults.add(place, f"more than {MAX_NODES} words and brackets", "split the file")
            return False
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            self._faults.add(place, "anchors and aliases (`&`, `*`) are not part of the rule language", "write it out")
            return False
        tag = getattr(event, "tag", None)
        if tag not in (None, "!"):
            self._faults.add(place, f"the tag `{tag}` is not part of the rule language", "remove it")
            return False
        if isinstance(event, yaml.DocumentStartEvent) and self._root is not None:
            self._faults.add(place, "a second YAML document", "one document a file")
            return False
        if isinstance(event, yaml.ScalarEvent):
            self._add(Scalar(place, _scalar(event)))
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            return self._open(event, place)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._close()
        return True

    def _open(self, event: yaml.Event, place: Place) -> bool:
        if len(self._stack) >= MAX_DEPTH:
            self._faults.add(place, f"nested deeper than {MAX_DEPTH} levels")
            return False
        self._stack.append((place, isinstance(event, yaml.MappingStartEvent), []))
        return True

    def _close(self) -> None:
        place, is_mapping, nodes = self._stack.pop()
        self._add(self._mapping(place, nodes) if is_mapping else Sequence(place, tuple(nodes)))

    def _add(self, node: Node) -> None:
        if self._stack:
            self._stack[-1][2].append(node)
        else:
            self._root = node

    def _mapping(self, place: Place, nodes: list[Node]) -> Mapping:
        entries: list[tuple[Scalar, Node]] = []
        seen: set[object] = set()
        for key, value in zip(nodes[::2], nodes[1::2], strict=True):
            if not isinstance(key, Scalar):
                self._faults.add(key.place, "a key must be a single word")
            elif key.value in seen:
                self._faults.add(key.place, f"duplicate key `{key.value}`", "join the two entries or remove one")
            else:
                seen.add(key.value)
                entries.append((key, value))
        return Mapping(place, tuple(entries))


def _scalar(event: yaml.ScalarEvent) -> str | int | bool | None:
    text: str = event.value
    if event.style not in (None, ""):
        return text
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _WHOLE_NUMBER.fullmatch(text) else text
