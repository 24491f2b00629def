"""Runs the officers' test tables (`*_test.yaml`) against a rule set: what a table does not permit must be denied.

A table names actions (or a group of them), some people of `world.yaml` and, where the action concerns one, some
documents; `permitted` lists who may, `denied` may say which answer and which rule the others get. Every table is asked
in every profile it names, and with the parameters that it sets in place of the profile's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from policy import misspelt, shape
from policy.errors import FaultList, Place
from policy.expected import Expected
from policy.model import Decision
from policy.ruleset import RuleSet, read_parameters
from policy.source import Mapping, Scalar, Sequence
from policy.stated import IllTyped, Stated, check_clock
from policy.variant import Engines, Setting
from policy.world import PARTS, check_world, names, plain, read_world

_AGO = re.compile(r"(\d+) days ago")
_TABLE = (
    "name", "profiles", "parameters", "record", "action", "subjects", "documents", "document", "context", "relation",
    "facts", "at", "except", "permitted", "denied", "obligations", "visible", "scope",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Failure:
    """A case that was answered otherwise than its table says."""

    place: Place
    table: str
    case: str
    expected: str
    got: str


@dataclass(slots=True)
class Report:
    """What a run of the tables showed."""

    asked: list[Case] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    covered: set[str] = field(default_factory=set)
    """Rules that made at least one of the answers."""

    @property
    def cases(self) -> int:
        """How many were asked."""
        return len(self.asked)


@dataclass(frozen=True, slots=True)
class Case:
    """One request of a table, and what the table says of it."""

    place: Place
    table: str
    title: str
    profile: str
    request: dict[str, Any]
    permitted: bool
    answer: str
    """The answer and the rules that a denied case must have, or empty."""
    expected: dict[str, Any]
    """Obligations, visible names (or how many) and scope that a permitted case must have."""
    parameters: tuple[tuple[str, object], ...] = ()
    """What the table sets in place of the profile's own."""
    stated: Stated | None = field(default=None, compare=False, repr=False)
    """Where its facts are written."""

    @property
    def setting(self) -> Setting:
        """The profile that it is asked in, and how that is set."""
        return self.profile, self.parameters


TABLES = "*_test.yaml"


def run(ruleset: RuleSet, faults: FaultList, files: str = TABLES) -> Report:
    """Ask every case of every table in the files of this pattern; a fault in a table goes to `faults`."""
    report = Report()
    engines = Engines(ruleset)
    ill_typed = IllTyped(ruleset, faults)
    for case in cases(ruleset, faults, files):
        engine = engines.of(case.setting)
        decision = engine.decide(case.request)
        report.asked.append(case)
        if decision.faults and case.stated:
            ill_typed.tell(decision.faults, case.answer, case.stated)
        for answer in (decision, *engine.decide_items(case.request).values()):
            report.covered |= _made(ruleset, answer)
        if found := wrong(case, decision):
            report.failures.append(Failure(case.place, case.table, case.title, *found))
    return report


def _made(ruleset: RuleSet, decision: Decision) -> set[str]:
    """The rules that made an answer; a permit counts too where only a stage after it denied."""
    if decision.permitted:
        return set(decision.matched)
    stages = [stage.id for stage in ruleset.vocabulary.stages]
    later = stages.index(decision.stage) > stages.index(ruleset.vocabulary.default_stage)
    permits = {rule.id for rule in ruleset.rules if rule.effect == "permit"} if later else set()
    return {*decision.rules, *(permits & {*decision.matched})}


def cases(ruleset: RuleSet, faults: FaultList, files: str = TABLES) -> Iterator[Case]:
    """Every case of every table beside the rules, in file order."""
    tree = shape.mapping(ruleset.tree("world.yaml", faults), "the world", PARTS, faults)
    if tree is None:
        return
    world = read_world(tree, ruleset, faults)
    misspelt.check_world(tree, ruleset, faults)
    known = len(faults.faults)
    check_world(tree, world, ruleset, faults)
    if len(faults.faults) > known:
        return
    for path in sorted(ruleset.folder.glob(files)):
        node = ruleset.tree(path.name, faults)
        for item in shape.items(node, "a test file", faults):
            table = shape.mapping(item, "a table", _TABLE, faults)
            if table is not None:
                yield from _Table(ruleset, world, table, faults, tree).cases()


@dataclass(slots=True)
class _Table:
    """One table of a test file."""

    ruleset: RuleSet
    world: dict[str, Any]
    tree: Mapping
    faults: FaultList
    world_tree: Mapping

    def cases(self) -> Iterator[Case]:
        known = len(self.faults.faults)
        check_clock(self.tree.get("at"), self.faults)
        for key in ("facts", "relation", "context"):
            shape.mapping(self.tree.get(key), f"`{key}` of a table", None, self.faults)
        if len(self.faults.faults) > known:
            return
        data = {str(key.value): plain(value) for key, value in self.tree.entries}
        subjects = self._known("subjects", self._all(data.get("subjects")), self.world["subjects"])
        named = self._known("documents", self._all(data.get("documents")), self.world["documents"])
        documents: list[str | None] = [*named] or [None]
        profiles = self._known("profiles", names(data.get("profiles")), self.ruleset.engines) or list(
            self.ruleset.profiles
        )
        self._known("record", names(data.get("record")), self.world["records"])
        actions = [name for name in self._actions(data, "action") if name not in self._actions(data, "except")]
        groups, every = self.world["groups"], self.world["documents"]
        Expected(self.ruleset, groups, subjects, named, every, self.faults).check(self.tree)
        misspelt.check_table(self.tree, self.ruleset, self.faults)
        parameters = self._parameters()
        for profile in profiles:
            for action in actions:
                for subject in subjects:
                    for document in documents:
                        yield replace(self._case(data, profile, action, subject, document), parameters=parameters)

    def _parameters(self) -> tuple[tuple[str, object], ...]:
        known = self.ruleset.vocabulary
        tree = shape.mapping(self.tree.get("parameters"), "parameters", tuple(known.parameters), self.faults)
        return tuple(read_parameters(tree, known, self.faults).items())

    def _all(self, value: Any) -> list[str]:
        """Names, those that stand for many replaced by these."""
        return [single for name in names(value) for single in self.world["groups"].get(name, (name,))]

    def _actions(self, data: dict[str, Any], key: str) -> list[str]:
        """Actions by their names or that of a group, without what nobody asks for."""
        vocabulary = self.ruleset.vocabulary
        named = self._known(key, names(data.get(key)), {*vocabulary.actions, *vocabulary.groups})
        chosen = {action for word in named for action in vocabulary.actions_of(word)}
        return [name for name, action in vocabulary.actions.items() if name in chosen and not action.internal]

    def _known(self, key: str, names: list[str], known: Any) -> list[str]:
        """Of these names those that there are; the others are told where they stand."""
        node = self.tree.get(key)
        for item in node.items if isinstance(node, Sequence) else (node,):
            word = str(item.value) if isinstance(item, Scalar) and item.value is not None else ""
            if word and item and any(name not in known for name in self.world["groups"].get(word, (word,))):
                self.faults.add_unknown(item.place, key, word, (*known, *self.world["groups"]))
        return [name for name in names if name in known]

    def _case(self, data: dict[str, Any], profile: str, action: str, subject: str, document: str | None) -> Case:
        permitted = data.get("permitted") or {}
        permitted = permitted if isinstance(permitted, dict | list) else [permitted]
        allowed = (
            subject in permitted
            if isinstance(permitted, list) or document is None
            else document in self._all(permitted.get(subject))
        )
        denied = data.get("denied") or {}
        answer = denied.get(subject) or "" if isinstance(denied, dict) else str(denied)
        if isinstance(answer, dict):
            answer = answer.get(document, "")
        title = " ".join(part for part in (profile, subject, action, document) if part)
        expected: dict[str, Any] = {key: data[key] for key in ("obligations", "visible", "scope") if key in data}
        if isinstance(expected.get("visible"), dict):
            expected["visible"] = expected["visible"].get(subject, [])
        request = self._request(data, profile, action, subject, document)
        stated = Stated(self.tree, self.world_tree, self.world["groups"], subject, document or "")
        name = str(data.get("name", ""))
        return Case(self.tree.place, name, title, profile, request, allowed, answer, expected, stated=stated)

    def _request(
        self, data: dict[str, Any], profile: str, action: str, subject: str, document: str | None
    ) -> dict[str, Any]:
        clock = str(data.get("at") or self.world["clock"][profile])
        record = self.world["records"].get(data.get("record")) or {}
        facts = {**(record.get("facts") or {"exists": False}), **(data.get("facts") or {})}
        request: dict[str, Any] = {
            "action": action,
            "at": clock,
            "subject": {"id": subject, **self.world["subjects"][subject]},
            "record": facts,
            "relation": {**((record.get("relations") or {}).get(subject) or {}), **(data.get("relation") or {})},
            "context": data.get("context") or {},
        }
        if document is not None:
            request["document"] = {**self.world["documents"][document], **(data.get("document") or {})}
        elif "document" in data:
            request["document"] = data["document"]
        if self.ruleset.vocabulary.actions[action].items:
            listed = self._all(record.get("documents"))
            request["documents"] = {name: self.world["documents"][name] for name in listed}
        return dict(_dated(request, datetime.fromisoformat(clock)))


def _dated(value: Any, clock: datetime) -> Any:
    """The same values with `30 days ago` counted from the clock."""
    if isinstance(value, dict):
        return {key: _day(key, item, _dated(item, clock)) for key, item in value.items()}
    if isinstance(value, list):
        return [_dated(item, clock) for item in value]
    found = _AGO.fullmatch(value) if isinstance(value, str) else None
    try:
        return (clock - timedelta(days=int(found[1]))).isoformat() if found else value
    except (OverflowError, ValueError):
        return value  # before the calendar; told as what is no time


def _day(key: str, written: Any, dated: Any) -> Any:
    """Of what was counted from the clock, the day, where a date is asked for and not a time."""
    return dated[:10] if key.endswith("_date") and dated != written and isinstance(dated, str) else dated


def wrong(case: Case, decision: Decision) -> tuple[str, str] | None:
    """What was expected and what came, or nothing when the case is as its table says."""
    got = f"{decision.effect} {decision.answer} {' '.join(decision.rules)}"
    if case.permitted is not decision.permitted:
        return ("PERMIT" if case.permitted else "DENY (not listed)"), got
    if not case.permitted:
        answer, *rules = case.answer.split() or [decision.answer.value]
        if answer != decision.answer.value or not set(rules) <= set(decision.rules):
            return f"DENY {case.answer}", got
        return None
    for key, wanted in case.expected.items():
        came = getattr(decision, key)
        if isinstance(wanted, list):
            came, wanted = sorted(came or ()), sorted(wanted)  # noqa: PLW2901  # sets, written as lists
        elif type(wanted) is int:
            came = len(came or ())
        if came != wanted:
            return f"{key}: {wanted}", f"{key}: {came}"
    return None
