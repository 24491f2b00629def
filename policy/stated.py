"""Finds where a test case states what no request can say, and tells it there unless the case is about just that."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from collections.abc import Mapping as Map
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from policy.condition import attributes_of
from policy.errors import Fault, FaultList, Place
from policy.facts import REQUIRED, WANTED
from policy.ruleset import RuleSet
from policy.source import Mapping, Node, Scalar, Sequence
from policy.vocabulary import Attribute, Kind

ILL_TYPED: Final = "request.ill_typed"
TIME: Final = '`30 days ago`, or a date and time with its offset such as "2011-06-15T12:00:00Z"'
DATE: Final = "`30 days ago`, or a date such as 1960-03-03"
_ITEM = re.compile(r"documents\.([^:]*): (.*)")


@dataclass(frozen=True, slots=True)
class Stated:
    """The trees that a case takes its facts from: its table, and its people, record and document in the world."""

    table: Mapping
    world: Mapping
    groups: Map[str, Collection[str]] = field(repr=False)
    """By an entry of the world that stands for many, their names."""
    subject: str = ""
    document: str = ""

    def entry(self, attribute: str) -> tuple[Scalar, Node] | None:
        """The key and the value of a fact where it is written."""
        entity, _, name = attribute.partition(".")
        for tree in self._trees(entity):
            for key, value in tree.entries if isinstance(tree, Mapping) else ():
                if key.value == name:
                    return key, value
        return None

    def section(self, entity: str) -> Node:
        """Where the table states facts of this entity: itself where it states none."""
        return self.table.get("facts" if entity == "record" else entity) or self.table

    def _trees(self, entity: str) -> Iterator[Node | None]:
        if entity != "subject":
            yield self.table.get("facts" if entity == "record" else entity)
        record = _word(self.table.get("record"))
        if entity == "record":
            yield _walk(self.world, "records", record, "facts")
        elif entity == "relation":
            yield _walk(self.world, "records", record, "relations", self.subject)
        elif entity in ("subject", "document"):
            yield self._one(f"{entity}s", self.subject if entity == "subject" else self.document)

    def _one(self, part: str, name: str) -> Node | None:
        """Somebody's entry in the world, his own or that of the many whom he is one of."""
        own = _walk(self.world, part, name)
        many = (group for group, names in self.groups.items() if name in names)
        return own or next((found for group in many if (found := _walk(self.world, part, group))), None)


@dataclass(slots=True)
class IllTyped:
    """Tells what is missing or ill-typed in cases that do not expect it, each thing once."""

    ruleset: RuleSet
    faults: FaultList
    _told: set[Fault] = field(default_factory=set)
    _rules: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        looks = (r for r in self.ruleset.rules if any(ILL_TYPED in attributes_of(c) for c in r.conditions.values()))
        self._rules = tuple(rule.id for rule in looks)

    def tell(self, found: Iterable[str], answer: str, stated: Stated) -> None:
        """Note the faults of a request, unless the answer that its table wants names a rule against such requests."""
        if set(answer.split()) & set(self._rules):
            return
        for told in found:
            item = _ITEM.fullmatch(told)
            where = replace(stated, document=item[1]) if item else stated
            fault = self._fault(item[2] if item else told, where)
            if fault not in self._told:
                self._told.add(fault)
                self.faults.add(fault.place, fault.message, fault.advice)

    def _fault(self, told: str, stated: Stated) -> Fault:
        name, _, what = told.partition(": ")
        entity, _, short = name.partition(".")
        attribute = self.ruleset.vocabulary.attributes.get(name)
        entry = stated.entry(name)
        if attribute is None and entry is not None:
            own = [a.partition(".")[2] for a, known in self.ruleset.vocabulary.attributes.items() if not known.derived]
            return _unknown(entry[0].place, f"attribute of `{entity}`", short, own)
        if attribute is None or entry is None:
            said = f"`{name}` {what}"
            missing = told.endswith(REQUIRED)
            return Fault(stated.section(entity).place, said, self._or_meant("state it" if missing else ""))
        return self._ill_typed(attribute, entry[1])

    def _ill_typed(self, attribute: Attribute, node: Node) -> Fault:
        if attribute.kind in (Kind.CODE, Kind.CODES):
            words = node.items if isinstance(node, Sequence) else (node,)
            odd = next((w for w in words if isinstance(w, Scalar) and w.value not in attribute.values), None)
            if odd is not None and isinstance(odd.value, str):
                found = _unknown(odd.place, f"value of `{attribute.name}`:", odd.value, attribute.values)
                return replace(found, advice=self._or_meant(found.advice))
        forms = {Kind.TIME: TIME, Kind.DATE: DATE}.get(attribute.kind)
        if forms is None or not isinstance(node, Scalar):
            return Fault(node.place, f"`{attribute.name}` {WANTED[attribute.kind]}", self._or_meant(""))
        what = "no date" if attribute.kind is Kind.DATE else "no date and time"
        return Fault(node.place, f"`{node.value}` is {what}", self._or_meant(f"write {forms}"))

    def _or_meant(self, advice: str) -> str:
        """The advice, and what to write in a case that asks just this."""
        meant = f"if the case asks just this, let its `denied` name {self._rules[0]}" if self._rules else ""
        return "; ".join(part for part in (advice, meant) if part)


def check_clock(node: Node | None, faults: FaultList) -> datetime | None:
    """The time at which a table is asked, or nothing after noting what is wrong with it."""
    try:
        now = datetime.fromisoformat(_word(node))
    except ValueError:
        now = None
    if node is not None and (now is None or now.tzinfo is None):
        faults.add(node.place, f"`{_word(node)}` is no date and time", 'write one such as "2011-06-15T12:00:00Z"')
        return None
    return now


def _unknown(place: Place, what: str, word: str, known: Iterable[str]) -> Fault:
    faults = FaultList()
    faults.add_unknown(place, what, word, known)
    return faults.faults[0]


def _walk(node: Node | None, *keys: str) -> Node | None:
    for key in keys:
        node = node.get(key) if isinstance(node, Mapping) else None
    return node


def _word(node: Node | None) -> str:
    return str(node.value) if isinstance(node, Scalar) and node.value is not None else ""
