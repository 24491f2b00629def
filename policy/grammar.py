"""Reads the `when` and `unless` of rules and definitions into conditions, for one profile."""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import dataclass, field

from policy import shape
from policy.condition import (
    FALSE,
    Among,
    Cell,
    Condition,
    Constant,
    Elapsed,
    Exists,
    Has,
    Listed,
    OneOf,
    SameAs,
    Unit,
    every,
    negation,
    placed,
    some,
)
from policy.errors import FaultList
from policy.source import Mapping, Node, Scalar, Sequence
from policy.table import Table
from policy.vocabulary import Attribute, Kind, Vocabulary

_OPERATORS = ("contains", "contains_any", "exists", "same_as", "one_of", "elapsed", "listed_in", "column_of", "column")
UNITS: dict[str, Unit] = {"days": "days", "months": "months", "years": "years"}
_TIMES = (Kind.DATE, Kind.TIME)
MOST_TESTS = 10_000
"""Tests that one condition may come to with its definitions written out."""


@dataclass(slots=True)
class Grammar:
    """Everything a condition may name, and where its faults go."""

    vocabulary: Vocabulary
    tables: Map[str, Table]
    parameters: Map[str, object]
    definitions: Map[str, Node]
    faults: FaultList
    used: set[str] = field(default_factory=set)
    """Definitions, parameters and tables that some rule names."""
    _open: list[str] = field(default_factory=list)
    _read: dict[str, tuple[Condition, int, frozenset[str]]] = field(default_factory=dict)
    """Definitions that were read, each with the number of its tests and the words that it used."""
    _tests: int = 0

    def meaning(self, word: str) -> object:
        """What a word among those used stands for: a definition's tree, a parameter's value, a table."""
        if word in self.definitions:
            return self.definitions[word]
        kind, _, name = word.partition(".")
        return self.parameters.get(name) if kind == "parameter" else self.tables.get(name)

    def condition(self, node: Node | None) -> Condition:
        """A mapping: all of its entries hold. A list: any of its items holds."""
        self._tests = 0
        return self._condition(node)

    def _condition(self, node: Node | None) -> Condition:
        if isinstance(node, Sequence):
            return some([self._condition(item) for item in shape.items(node, "a condition", self.faults)])
        tree = shape.mapping(node, "a condition", None, self.faults)
        if tree is None:
            return FALSE
        if not tree.entries:
            self.faults.add(tree.place, "an empty condition says nothing", "write what must hold, or remove it")
        return every([self._entry(key, value) for key, value in tree.entries])

    def _entry(self, key: Scalar, value: Node) -> Condition:
        word = str(key.value)
        if word in ("any", "all"):
            parts = [self._condition(item) for item in shape.items(value, f"`{word}`", self.faults)]
            return some(parts) if word == "any" else every(parts)
        if word == "not":
            return negation(self._condition(value))
        if word == "definition":
            return every([self._definition(item, name) for item, name in shape.texts(value, "definition", self.faults)])
        if word.startswith("parameter."):
            return self._parameter(key, word.removeprefix("parameter."), value)
        attribute = self.vocabulary.attributes.get(word)
        if attribute is None:
            known = (*self.vocabulary.attributes, "any", "all", "not", "definition")
            self.faults.add_unknown(key.place, "attribute", word, known)
            return FALSE
        return placed(self._test(attribute, value), key.place)

    def _definition(self, node: Node, name: str) -> Condition:
        self.used.add(name)
        if name in self._open:
            self.faults.add(node.place, f"definition `{name}` uses itself", "break the circle")
            return FALSE
        tree = self.definitions.get(name)
        if tree is None:
            self.faults.add_unknown(node.place, "definition", name, self.definitions)
            return FALSE
        if name not in self._read:
            return self._read_definition(name, tree)
        condition, tests, words = self._read[name]
        self.used |= words
        return condition if self._count(node, tests) else FALSE

    def _read_definition(self, name: str, tree: Node) -> Condition:
        """INVARIANT: whoever uses a definition uses all words below it, and is read anew when one changes."""
        tests, outer = self._tests, self.used
        self.used = set()
        self._open.append(name)
        condition = self._condition(tree)
        self._open.pop()
        self._read[name] = condition, self._tests - tests, frozenset(self.used)
        outer |= self.used
        self.used = outer
        return condition

    def _count(self, node: Node, tests: int) -> bool:
        """Whether the condition stays within its bound with so many tests more: definitions multiply one another."""
        within = self._tests <= MOST_TESTS
        self._tests += tests
        if within and self._tests > MOST_TESTS:
            self.faults.add(node.place, f"this condition makes more than {MOST_TESTS} tests", "use fewer definitions")
        return self._tests <= MOST_TESTS

    def _parameter(self, key: Scalar, name: str, value: Node) -> Condition:
        self.used.add(f"parameter.{name}")
        if name not in self.vocabulary.parameters:
            self.faults.add_unknown(key.place, "parameter", name, self.vocabulary.parameters)
            return FALSE
        unit, words = self.vocabulary.parameters[name]
        wanted = self._scalars(value)
        for node in wanted:
            if unit == "code" and node.value not in words:
                self.faults.add_unknown(node.place, "value", node.value, words)
            if unit == "boolean" and not isinstance(node.value, bool):
                self.faults.add(node.place, f"parameter `{name}` is true or false")
        return Constant(self.parameters.get(name) in [node.value for node in wanted])

    def _scalars(self, node: Node) -> list[Scalar]:
        nodes = [node] if isinstance(node, Scalar) else shape.items(node, "the values", self.faults)
        for item in nodes:
            if not isinstance(item, Scalar):
                self.faults.add(item.place, "must be a single value")
        return [item for item in nodes if isinstance(item, Scalar)]

    def _test(self, attribute: Attribute, node: Node) -> Condition:
        if not self._count(node, 1):
            return FALSE
        if isinstance(node, Mapping):
            return self._operator(attribute, node)
        if attribute.kind in (Kind.CODES, *_TIMES):
            operators = "`elapsed` or `exists`" if attribute.kind in _TIMES else "`contains` or `contains_any`"
            self.faults.add(node.place, f"`{attribute.name}` is a {attribute.kind}", f"use {operators}")
            return FALSE
        values = self._scalars(node)
        for value in values:
            self._check(attribute, value)
        return Among(attribute.name, frozenset(value.value for value in values))

    def _check(self, attribute: Attribute, node: Scalar) -> None:
        """A value written in a rule must be one that the attribute can have."""
        if node.value is None and attribute.nullable:
            return
        if attribute.kind is Kind.BOOLEAN:
            if not isinstance(node.value, bool):
                self.faults.add(node.place, f"`{attribute.name}` is true or false, not `{node.value}`")
        elif attribute.values and node.value not in attribute.values:
            self.faults.add_unknown(node.place, f"value of `{attribute.name}`:", node.value, attribute.values)
        elif not isinstance(node.value, str):
            self.faults.add(node.place, f"`{attribute.name}` is text, not `{node.value}`", "put it in quotes")

    def _operator(self, attribute: Attribute, tree: Mapping) -> Condition:
        key, value = tree.entries[0] if tree.entries else (Scalar(tree.place, ""), tree)
        word = str(key.value)
        allowed = {"column": ("column", "of", "is")}.get(word, (word,))
        for extra, _ in tree.entries[1:]:
            if extra.value not in allowed:
                self.faults.add(
                    extra.place, f"`{extra.value}` beside `{word}`", "one operator an attribute; use `all` for more"
                )
        if word in ("contains", "contains_any"):
            return self._contains(attribute, value)
        if word == "exists":
            return self._exists(attribute, value)
        if word in ("same_as", "one_of"):
            return self._other(attribute, word, value)
        if word == "elapsed":
            return self._elapsed(attribute, value)
        if word in ("listed_in", "column_of"):
            table = self._table(value)
            return Listed(attribute.name, table.name, word == "column_of") if table else FALSE
        if word == "column":
            return self._cell(attribute, tree)
        self.faults.add_unknown(key.place, "operator", word, _OPERATORS)
        return FALSE

    def _contains(self, attribute: Attribute, node: Node) -> Condition:
        if attribute.kind is not Kind.CODES:
            self.faults.add(node.place, f"`{attribute.name}` is not a set", "compare it with a value")
            return FALSE
        values = self._scalars(node)
        for value in values:
            if value.value not in attribute.values:
                self.faults.add_unknown(value.place, f"value of `{attribute.name}`:", value.value, attribute.values)
        return some([Has(attribute.name, str(value.value)) for value in values])

    def _exists(self, attribute: Attribute, node: Node) -> Condition:
        if not isinstance(node, Scalar) or not isinstance(node.value, bool):
            self.faults.add(node.place, "`exists` is true or false")
            return FALSE
        return Exists(attribute.name) if node.value else negation(Exists(attribute.name))

    def _other(self, attribute: Attribute, word: str, node: Node) -> Condition:
        name = shape.text(node, word, self.faults)
        other = self.vocabulary.attributes.get(name)
        if other is None:
            self.faults.add_unknown(node.place, "attribute", name, self.vocabulary.attributes)
            return FALSE
        is_set = other.kind is Kind.CODES
        if attribute.kind in (Kind.CODES, *_TIMES) or is_set is not (word == "one_of") or other.kind in _TIMES:
            self.faults.add(
                node.place,
                f"`{attribute.name}` and `{name}` cannot be compared so",
                "`same_as` two single values, `one_of` a set",
            )
            return FALSE
        return OneOf(attribute.name, name) if is_set else SameAs(attribute.name, name)

    def _elapsed(self, attribute: Attribute, node: Node) -> Condition:
        name = shape.text(node, "elapsed", self.faults).removeprefix("parameter.")
        self.used.add(f"parameter.{name}")
        unit = UNITS.get(self.vocabulary.parameters.get(name, ("", ()))[0])
        if attribute.kind not in _TIMES:
            self.faults.add(node.place, f"`{attribute.name}` is not a date or time")
            return FALSE
        if unit is None:
            known = [word for word, (kind, _) in self.vocabulary.parameters.items() if kind in UNITS]
            self.faults.add_unknown(node.place, "parameter of days, months or years:", name, known)
            return FALSE
        amount = self.parameters.get(name)
        if not isinstance(amount, int):
            return FALSE  # a limit that the profile does not set is never reached
        return Elapsed(attribute.name, amount, unit)

    def _table(self, node: Node) -> Table | None:
        name = shape.text(node, "a table", self.faults)
        self.used.add(f"table.{name}")
        if name not in self.tables:
            self.faults.add_unknown(node.place, "table", name, self.tables)
        return self.tables.get(name)

    def _cell(self, attribute: Attribute, tree: Mapping) -> Condition:
        of, wanted, column = tree.get("of"), tree.get("is"), tree.get("column")
        if of is None or wanted is None or column is None:
            self.faults.add(tree.place, "a table look-up needs `column`, `of` and `is`")
            return FALSE
        table = self._table(of)
        if table is None:
            return FALSE
        name, dynamic = self._column(table, column)
        if isinstance(wanted, Mapping):
            other = wanted.get("same_as")
            word = shape.text(other, "same_as", self.faults)
            if word not in self.vocabulary.attributes:
                self.faults.add_unknown(wanted.place, "attribute", word, self.vocabulary.attributes)
                return FALSE
            return Cell(attribute.name, table.name, name, dynamic, frozenset(), word)
        values = frozenset(str(value.value) for value in self._scalars(wanted))
        for value in self._scalars(wanted):
            # A table that could not be read has told its own fault.
            if table.rows and str(value.value) not in set(table.cells.values()):
                self.faults.add_unknown(
                    value.place, f"cell of table `{table.name}`:", value.value, set(table.cells.values())
                )
        return Cell(attribute.name, table.name, name, dynamic, values)

    def _column(self, table: Table, node: Node) -> tuple[str, bool]:
        """A column's name, or an attribute whose value is one (told apart by its dot)."""
        name = shape.text(node, "column", self.faults)
        if name in self.vocabulary.attributes:
            return name, True
        if name not in table.columns:
            self.faults.add_unknown(
                node.place, f"column of table `{table.name}`:", name, (*table.columns, *self.vocabulary.attributes)
            )
        return name, False
