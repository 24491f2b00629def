"""What only the files of a rule set together show: unused words, rows without columns, a document looked at early."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from collections.abc import Mapping as Map

from policy.condition import attributes_of, narrow, tests_of
from policy.engine import Engine
from policy.errors import Fault, FaultList, Place
from policy.grammar import Grammar
from policy.rule import Readings, Rule
from policy.source import Node
from policy.table import Table, TableSource
from policy.vocabulary import Vocabulary

EXAMPLES = 3
"""Actions that a fault names of those that it is about."""


def unused(vocabulary: Vocabulary, definitions: Map[str, Node], grammars: Map[str, Grammar]) -> Iterator[Fault]:
    """A fault for each word that nobody uses; no decision depends on it."""
    used: set[str] = {f"parameter.{name}" for name in vocabulary.terms.values()}
    used |= set().union(*(grammar.used for grammar in grammars.values()))
    for name, node in definitions.items():
        if name not in used:
            yield Fault(node.place, f"no rule uses definition `{name}`", "use it, or remove it")
    for name, place in vocabulary.parameters_at.items():
        if f"parameter.{name}" not in used:
            yield Fault(place, f"nothing uses parameter `{name}`", "use it, or remove it")


def check_columns(
    vocabulary: Vocabulary, tables: Map[str, Table], file: Callable[[str], str], faults: FaultList
) -> None:
    """A column or row that another table must have, and has not, is a word misspelt in one of the two."""
    for source in vocabulary.tables:
        table = tables[source.name]
        head = Place(file(source.file), table.head)
        for other, own, what in ((source.columns, table.columns, "column"), (source.rows, table.rows, "row")):
            if other and other not in tables:
                faults.add_unknown(source.place, "table", other, tables)
            elif other and own and tables[other].rows:  # a table that could not be read has told its own fault
                odd = (own ^ tables[other].rows) - table.unread - tables[other].unread
                _check_words(source, table, (other, odd, what), head, faults)


def _check_words(
    source: TableSource, table: Table, found: tuple[str, frozenset[str], str], head: Place, faults: FaultList
) -> None:
    other, odd, what = found
    for name in sorted(odd):
        if what == "row" and name in table.rows:
            place = Place(head.file, table.lines[name])
            faults.add(place, f"row `{name}` is no row of table `{other}`", "correct the word, or add it there")
        elif what == "column" and name in table.columns:
            place = Place(head.file, head.line, table.header.index(name) + 1)
            faults.add(place, f"column `{name}` is no row of table `{other}`", "correct the word, or add it there")
        else:
            faults.add(head, f"`{name}` of table `{other}` has no {what}", f"add one to {source.file}")


def check_early(rules: Iterable[Rule], vocabulary: Vocabulary, faults: FaultList, readings: Readings) -> None:
    """INVARIANT: before the document's own stages no answer depends on the document: hidden and missing look alike."""
    stages = {stage.id for stage in vocabulary.stages if not stage.uses_document}
    for rule in rules:
        if rule.effect == "permit" or (rule.effect == "deny" and rule.stage in stages):
            faults.faults += readings.of(rule, lambda known: _early_faults(known, vocabulary))


def _early_faults(rule: Rule, vocabulary: Vocabulary) -> list[Fault]:
    """One for each fact of the document that the rule looks at, however many actions it is about."""
    early: dict[str, list[str]] = {}
    for action in sorted(rule.actions):
        allowed = vocabulary.early_document_attributes.get(action, frozenset())
        looked_at = {
            name
            for condition in rule.conditions.values()
            for name in attributes_of(narrow(condition, "action", action))
            if name.startswith("document.") and name not in allowed
        }
        for name in looked_at:
            early.setdefault(name, []).append(action)
    return [_early_fault(rule, name, actions, vocabulary) for name, actions in sorted(early.items())]


def _early_fault(rule: Rule, name: str, actions: list[str], vocabulary: Vocabulary) -> Fault:
    tests = (test for condition in rule.conditions.values() for test in tests_of(condition))
    places = (test.place for test in tests if test.place and name in attributes_of(test))
    place = next((place for place in places if place.file == rule.place.file), rule.place)
    shown = ", ".join(f"`{action}`" for action in actions[:EXAMPLES])
    rest = f" and {len(actions) - EXAMPLES} more actions" if len(actions) > EXAMPLES else ""
    told = f"rule `{rule.id}` looks at `{name}` before the document's own stages, for {shown}{rest}"
    later = ", ".join(f"`{stage.id}`" for stage in vocabulary.stages if stage.uses_document)
    advice = f"choose one of the stages {later}" if rule.effect == "deny" else f"write a denial at one of {later}"
    return Fault(place, told, f"it would betray a hidden document: {advice}")


def check_lists(vocabulary: Vocabulary, engines: Map[str, Engine], place: Place, faults: FaultList) -> None:
    """Every rule on an item must be one that a database can be asked."""
    for action in {a.items for a in vocabulary.actions.values() if a.items}:
        for engine in engines.values():
            try:
                engine.planner(action)
            except ValueError as error:
                faults.add(place, f"action `{action}`: {error}")
