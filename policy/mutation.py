"""Which mutants of a rule set its test tables tell from it: the tables' own test."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Sequence as Seq
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from policy.casebook import Case, wrong
from policy.compile import Evaluator, evaluator
from policy.condition import Cell, Condition, Listed, tests_of
from policy.engine import Engine
from policy.errors import RuleFaults
from policy.model import Decision
from policy.mutants import Mutant, mutated
from policy.questions import AskedCase, Question, asked
from policy.rule import Readings, Rule
from policy.ruleset import Files, RuleSet
from policy.variant import Engines, Setting

Fired = tuple[str, ...]
"""The ids of the rules that fired for a question."""


class Fate(StrEnum):
    """What became of a mutant: a case caught it, none did, it is proved to say the same, or it does not load."""

    CAUGHT = "caught"
    SURVIVED = "survived"
    EQUIVALENT = "equivalent"
    REFUSED = "refused"


Request = Mapping[str, Any]
Witness = Callable[[RuleSet, RuleSet], Request | None]
"""A request that two rule sets answer so that a case can tell, empty where none can be shown.

Nothing only where it is proved that there is none.
"""


@dataclass(frozen=True, slots=True)
class Change:
    """What differs between two rule sets in one profile."""

    gone: frozenset[str]
    """Rules that are no longer there or say something else, by id."""
    come: tuple[Rule, ...]
    """What the other rule set has in their place."""
    actions: frozenset[str]
    rows: frozenset[str] | None
    """Where nothing but cells of tables differs: the rows that they are in."""


def change(ruleset: RuleSet, other: RuleSet, profile: str) -> Change:
    """What differs, by what the rules say; a rule that only looks at a changed table counts as changed."""
    return _change(ruleset.engines[profile], other.engines[profile], _cells(ruleset, other))


def _change(engine: Engine, other: Engine, cells: Seq[_ChangedCell]) -> Change:
    profile = engine.profile
    before = {rule.id: rule for rule in engine.rules}
    after = {rule.id: rule for rule in other.rules}
    changed = {
        name
        for name in before.keys() | after.keys()
        if name not in before or name not in after or _said(before[name], profile) != _said(after[name], profile)
    }
    looks = {name for name, rule in after.items() if any(_told_apart(rule.conditions[profile], cell) for cell in cells)}
    come = tuple(after[name] for name in after if name in changed | looks)
    gone = frozenset(name for name in before if name in changed | looks)
    actions = frozenset[str]().union(*(rule.actions for rule in (*come, *(before[name] for name in gone))))
    return Change(gone, come, actions, None if changed else frozenset(cell.row for cell in cells))


@dataclass(frozen=True, slots=True)
class _ChangedCell:
    table: str
    row: str
    column: str
    before: str | None
    after: str | None


def _cells(ruleset: RuleSet, other: RuleSet) -> list[_ChangedCell]:
    """The cells that say something else (rows and columns are the same in a mutant)."""
    pairs = [(name, ruleset.tables[name].cells, table.cells) for name, table in other.tables.items()]
    return [
        _ChangedCell(name, *where, old.get(where), new.get(where))
        for name, old, new in pairs
        if old is not new
        for where in old.keys() | new.keys()
        if old.get(where) != new.get(where)
    ]


def _told_apart(condition: Condition, cell: _ChangedCell) -> bool:
    """Whether some test of the condition may be answered otherwise for this change of a cell."""
    return any(
        (isinstance(test, Listed) and test.table == cell.table and None in (cell.before, cell.after))
        or (
            isinstance(test, Cell)
            and test.table == cell.table
            and (test.column_is_attribute or test.column == cell.column)
            and (bool(test.same_as) or (cell.before in test.values) is not (cell.after in test.values))
        )
        for test in tests_of(condition)
    )


def _said(rule: Rule, profile: str) -> tuple[object, ...]:
    """All of a rule that makes decisions in one profile."""
    return rule.effect, rule.stage, rule.answers, rule.actions, rule.obligations, rule.scope, rule.conditions[profile]


class Trial:
    """The cases of the test tables, asked of one rule set once, and of others only where they differ from it."""

    def __init__(self, ruleset: RuleSet, cases: Iterable[Case]) -> None:
        self.ruleset = ruleset
        self.cases = asked(ruleset, cases)
        self._readings: dict[Setting, Readings] = {}
        engines = Engines(ruleset, self._readings)
        self._engines = {case.case.setting: engines.of(case.case.setting) for case in self.cases}
        fires = {setting: _Fires(engine.rules, engine) for setting, engine in self._engines.items()}
        self._fired = [tuple(fires[case.case.setting].ids(q) for q in case.questions) for case in self.cases]
        self._answers = [self._answered(case, fired) for case, fired in zip(self.cases, self._fired, strict=True)]
        self._by_action: dict[tuple[Setting, str], list[int]] = defaultdict(list)
        self._by_row: dict[str, set[int]] = defaultdict(set)
        self._index()

    def decisions(self) -> Iterator[Decision]:
        """The decision of the rule set on each case."""
        return (case.decision(answers) for case, answers in zip(self.cases, self._answers, strict=True))

    def caught_by(self, other: RuleSet) -> Case | None:
        """The first case that the other rule set answers otherwise than its table says, or nothing.

        Those that set parameters of their own come last: few mistakes are seen by them alone.
        """
        cells = _cells(self.ruleset, other)
        engines = Engines(other, self._readings)
        anew = _read_anew(self.ruleset, other)
        for setting in sorted(self._engines, key=lambda setting: bool(setting[1])):
            if any(self._by_action[setting, action] for action in anew):
                case = self._caught(setting, engines.of(setting), cells)
                if case is not None:
                    return case
        return None

    def _caught(self, setting: Setting, other: Engine, cells: Seq[_ChangedCell]) -> Case | None:
        difference = _change(self._engines[setting], other, cells)
        fires = _Fires(difference.come, other)
        for place in self._touched(setting, difference):
            decision = self._again(place, difference, fires, other)
            if decision is not None and wrong(self.cases[place].case, decision):
                return self.cases[place].case
        return None

    def _answered(self, case: AskedCase, fired: tuple[Fired, ...]) -> tuple[Decision, ...]:
        engine = self._engines[case.case.setting]
        return tuple(
            engine.answer(question.action, names, tuple(question.facts.faults))
            for question, names in zip(case.questions, fired, strict=True)
        )

    def _index(self) -> None:
        """Which cases a change of an action's rules, or of a row of a table, can concern."""
        rows = frozenset[str]().union(*(table.rows for table in self.ruleset.tables.values()))
        for place, case in enumerate(self.cases):
            for action in dict.fromkeys(question.action for question in case.questions):
                self._by_action[case.case.setting, action].append(place)
            for question in case.questions:
                for value in question.facts.values:
                    if isinstance(value, str) and value in rows:
                        self._by_row[value].add(place)

    def _touched(self, setting: Setting, difference: Change) -> Iterator[int]:
        places = {place for action in difference.actions for place in self._by_action[setting, action]}
        if difference.rows is not None:
            places &= set[int]().union(*(self._by_row[row] for row in difference.rows))
        yield from sorted(places)

    def _again(self, place: int, difference: Change, fires: _Fires, other: Engine) -> Decision | None:
        """The case's decision by the other engine; nothing where the same rules fire as before."""
        case, answers, changed = self.cases[place], list(self._answers[place]), False
        for number, question in enumerate(case.questions):
            if question.action in difference.actions:
                before = self._fired[place][number]
                kept = tuple(name for name in before if name not in difference.gone)
                come = fires.ids(question)
                if come or len(kept) < len(before):
                    answers[number] = other.answer(question.action, (*kept, *come), tuple(question.facts.faults))
                    changed = True
        return case.decision(answers) if changed else None


def _read_anew(ruleset: RuleSet, other: RuleSet) -> frozenset[str]:
    """The actions of rules that are not the very same in both; what a variant makes of all others is the same, too."""
    olds, news = ({id(rule): rule for rule in side.rules} for side in (ruleset, other))
    changed = [(olds | news)[identity] for identity in olds.keys() ^ news.keys()]
    return frozenset[str]().union(*(rule.actions for rule in changed))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one mutant, and the case that caught it, or a request of which a case could be made that would."""

    mutant: Mutant
    fate: Fate
    case: Case | None = None
    request: Request | None = None


def says_the_same(ruleset: RuleSet, other: RuleSet) -> bool:
    """Whether no rule of any profile says anything else, once read: a parameter that a profile never comes to."""
    return not any(change(ruleset, other, profile).actions for profile in ruleset.profiles)


@dataclass(frozen=True, slots=True)
class Judge:
    """Tells what becomes of each mutant of some files under the trial of their tables."""

    files: Files
    readings: Readings
    trial: Trial
    witness: Witness = lambda _old, _new: {}

    def verdict(self, mutant: Mutant) -> Verdict:
        """What becomes of it; a request, or the proof that there is none, is only sought for what no case catches."""
        try:
            other = mutated(self.files, mutant, self.readings)
        except RuleFaults:
            return Verdict(mutant, Fate.REFUSED)
        case = self.trial.caught_by(other)
        if case is not None:
            return Verdict(mutant, Fate.CAUGHT, case)
        if says_the_same(self.trial.ruleset, other):
            return Verdict(mutant, Fate.EQUIVALENT)
        request = self.witness(self.trial.ruleset, other)
        return Verdict(mutant, Fate.EQUIVALENT if request is None else Fate.SURVIVED, request=request)


class _Fires:
    """Tells which of some rules fire for a question."""

    def __init__(self, rules: Iterable[Rule], engine: Engine) -> None:
        self._rules = tuple(rules)
        self._profile = engine.profile
        self._ground = engine.ground
        self._evaluators: dict[str, Evaluator] = {}

    def ids(self, question: Question) -> Fired:
        """The ids of those that do, in the order of the rules."""
        evaluate = self._evaluators.get(question.action)
        if evaluate is None:
            numbered = [
                (number, rule.conditions[self._profile], rule.effect == "permit")
                for number, rule in enumerate(self._rules)
                if question.action in rule.actions
            ]
            evaluate = self._evaluators[question.action] = evaluator(numbered, self._ground)
        return tuple(self._rules[number].id for number in evaluate(question.facts.values))
