"""What can be got wrong in a condition: a part left out or turned round, a value that is another."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Map
from collections.abc import Sequence as Seq
from dataclasses import dataclass, replace

from policy.mutants.edit import Edit, Kind, Path, with_entry, without_item
from policy.shape import Text
from policy.source import Mapping, Node, Scalar, Sequence
from policy.table import Table
from policy.vocabulary import Vocabulary

_OTHER = {"any": "all", "all": "any"}


@dataclass(frozen=True, slots=True)
class ConditionEdits:
    """Every single edit of a condition, against one vocabulary and its tables."""

    vocabulary: Vocabulary
    tables: Map[str, Table]

    def of(self, node: Node, path: Path) -> Iterator[Edit]:
        """The edits of a condition and of all that is in it."""
        if isinstance(node, Sequence):
            yield from self._alternatives(node, path)
        elif isinstance(node, Mapping):
            for place, (key, value) in enumerate(node.entries):
                yield from self._entry(node, place, path)
                yield from self._within(str(key.value), value, (*path, place))

    def _alternatives(self, node: Sequence, path: Path) -> Iterator[Edit]:
        for place, item in enumerate(node.items):
            if len(node.items) > 1:
                said = _spoken(item)
                words = Text(f"l'alternative {said} est retirée", f"the alternative {said} is left out")
                yield Edit(Kind.PART, item.place, words, path, without_item(node, place))
            yield from self.of(item, (*path, place))

    def _entry(self, tree: Mapping, place: int, path: Path) -> Iterator[Edit]:
        """The entry left out, and turned round."""
        key, value = tree.entries[place]
        word = key.value
        if len(tree.entries) > 1:
            words = Text(f"`{word}` n'est plus demandé", f"`{word}` is no longer asked")
            yield Edit(Kind.PART, key.place, words, path, with_entry(tree, place))
        opposite = _opposite(tree, key, value)
        if opposite is not None:
            words = Text(f"le contraire de `{word}` est demandé", f"the opposite of `{word}` is asked")
            yield Edit(Kind.OPPOSITE, key.place, words, path, with_entry(tree, place, opposite))
        if (
            word in _OTHER
            and isinstance(value, Sequence)
            and len(value.items) > 1
            and not _has(tree, _OTHER[str(word)])
        ):
            other = _OTHER[str(word)]
            words = Text(f"`{word}` devient `{other}`", f"`{word}` becomes `{other}`")
            yield Edit(
                Kind.EXCHANGE, key.place, words, path, with_entry(tree, place, (replace(key, value=other), value))
            )

    def _within(self, word: str, value: Node, path: Path) -> Iterator[Edit]:
        """The edits of what stands under a key of a condition."""
        if word in ("any", "all", "not"):
            yield from self.of(value, path)
        elif word == "definition":
            yield from _values(word, value, path, ())
        elif word.startswith("parameter."):
            unit, words = self.vocabulary.parameters[word.removeprefix("parameter.")]
            yield from _values(word, value, path, (True, False) if unit == "boolean" else words)
        elif isinstance(value, Mapping):
            yield from self._operator(word, value, path)
        else:
            yield from _values(word, value, path, self._known(word, value))

    def _known(self, name: str, value: Node) -> Seq[object]:
        """The values that an attribute may have; of an identifier, the rows of the table that it is in."""
        attribute = self.vocabulary.attributes[name]
        if attribute.values:
            return attribute.values
        if attribute.kind == "boolean":
            return (True, False)
        first = value.items[0] if isinstance(value, Sequence) else value
        word = first.value if isinstance(first, Scalar) else None
        return next((sorted(table.rows) for table in self.tables.values() if word in table.rows), ())

    def _operator(self, name: str, tree: Mapping, path: Path) -> Iterator[Edit]:
        for place, (key, value) in enumerate(tree.entries):
            here = (*path, place)
            match key.value:
                case "contains" | "contains_any":
                    yield from _values(name, value, here, self.vocabulary.attributes[name].values)
                case "exists":
                    yield from _values(name, value, here, (True, False))
                case "same_as":
                    yield from _values(name, value, here, self._alike(name))
                case "is" if isinstance(value, Scalar | Sequence):
                    yield from _values(name, value, here, self._cells(tree))

    def _alike(self, name: str) -> list[str]:
        """Attributes that the one may be mistaken for: of the same kind, and of another part of the request."""
        own = self.vocabulary.attributes[name]
        return [a.name for a in self.vocabulary.attributes.values() if a.kind is own.kind and a.entity != own.entity]

    def _cells(self, tree: Mapping) -> list[str]:
        of, column = tree.get("of"), tree.get("column")
        if not isinstance(of, Scalar) or not isinstance(column, Scalar):
            return []
        cells = self.tables[str(of.value)].cells
        found = {cell for (_, name), cell in cells.items() if name == column.value} or set(cells.values())
        return sorted(found)


def _opposite(tree: Mapping, key: Scalar, value: Node) -> tuple[Scalar, Node] | None:
    """An entry that holds when this one does not; nothing where no key is free for it."""
    if key.value == "not":
        return None if _has(tree, "all") else (replace(key, value="all"), Sequence(key.place, (value,)))
    entry = Mapping(key.place, ((key, value),))
    if not _has(tree, "not"):
        return replace(key, value="not"), entry
    inner = Mapping(key.place, ((replace(key, value="not"), entry),))
    return None if _has(tree, "all") else (replace(key, value="all"), Sequence(key.place, (inner,)))


def _has(tree: Mapping, key: str) -> bool:
    return tree.get(key) is not None


def _spoken(node: Node) -> str:
    """The words that an alternative begins with."""
    if isinstance(node, Mapping):
        return ", ".join(f"`{_named(key, value)}`" for key, value in node.entries)
    return f"`{node.value}`" if isinstance(node, Scalar) else "…"


def _named(key: Scalar, value: Node) -> str:
    return f"{key.value}: {value.value}" if key.value == "definition" and isinstance(value, Scalar) else str(key.value)


def _values(name: str, node: Node, path: Path, known: Seq[object]) -> Iterator[Edit]:
    """A value that becomes the next one known, or of several values: one less, one more."""
    if isinstance(node, Scalar):
        if (other := _next(node.value, known)) is not None:
            words = Text(
                f"`{name}` : `{shown(node.value)}` devient `{shown(other)}`",
                f"`{name}`: `{shown(node.value)}` becomes `{shown(other)}`",
            )
            yield Edit(Kind.VALUE, node.place, words, path, replace(node, value=other))
        return
    if not isinstance(node, Sequence):
        return
    for place, item in enumerate(node.items):
        if len(node.items) > 1 and isinstance(item, Scalar):
            words = Text(f"`{name}` : `{shown(item.value)}` est retiré", f"`{name}`: `{shown(item.value)}` is left out")
            yield Edit(Kind.VALUE, item.place, words, path, without_item(node, place))
    present = [item.value for item in node.items if isinstance(item, Scalar)]
    more = next((value for value in known if value not in present), None)
    if more is not None and (isinstance(more, str | bool)):
        words = Text(f"`{name}` : `{shown(more)}` est ajouté", f"`{name}`: `{shown(more)}` is added")
        yield Edit(Kind.VALUE, node.place, words, path, replace(node, items=(*node.items, Scalar(node.place, more))))


def _next(value: object, known: Seq[object]) -> str | bool | None:
    """The value after this one, in a circle; nothing where there is no other."""
    others = [other for other in known if other != value]
    if not others or value is None:
        return None
    after = known[(list(known).index(value) + 1) % len(known)] if value in known else others[0]
    return after if isinstance(after, str | bool) else None


def shown(value: object) -> str:
    """A value as rule files write it."""
    return str(value).lower() if isinstance(value, bool) else "null" if value is None else str(value)
