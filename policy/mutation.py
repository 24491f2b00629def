"""Which mutants of a rule set its test tables tell from it: the tables' own test."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from policy.casebook import Case, wrong
from policy.compile import Evaluator, evaluator
from policy.condition import Cell, Condition, Listed, tests_of
from policy.errors import RuleFaults
from policy.logic import Ground
from policy.model import Decision
from policy.mutants import Mutant, mutated
from policy.questions import AskedCase, Question, asked
from policy.rule import Readings, Rule
from policy.ruleset import Files, RuleSet

Fired = tuple[str, ...]
"""The ids of the rules that fired for a question."""


class Fate(StrEnum):
    """What became of a mutant: a case caught it, none did, it is proved to say the same, or it does not load."""

    CAUGHT = "caught"
    SURVIVED = "survived"
    EQUIVALENT = "equivalent"
    REFUSED = "refused"


Proof = Callable[[RuleSet, RuleSet], bool]
"""Whether two rule sets answer every request alike: proved, never hoped; what cannot be proved is not so."""


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
    before = {rule.id: rule for rule in ruleset.engines[profile].rules}
    after = {rule.id: rule for rule in other.engines[profile].rules}
    changed = {
        name
        for name in before.keys() | after.keys()
        if name not in before or name not in after or _said(before[name], profile) != _said(after[name], profile)
    }
    cells = _cells(ruleset, other)
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
        fires = {profile: _Fires(engine.rules, profile, engine.ground) for profile, engine in ruleset.engines.items()}
        self._fired = [tuple(fires[case.profile].ids(q) for q in case.questions) for case in self.cases]
        self._answers = [_answers(ruleset, case, fired) for case, fired in zip(self.cases, self._fired, strict=True)]
        self._by_action: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._by_row: dict[str, set[int]] = defaultdict(set)
        self._index()

    def decisions(self) -> Iterator[Decision]:
        """The decision of the rule set on each case."""
        return (case.decision(answers) for case, answers in zip(self.cases, self._answers, strict=True))

    def caught_by(self, other: RuleSet) -> Case | None:
        """The first case that the other rule set answers otherwise than its table says, or nothing."""
        for profile in other.profiles:
            difference = change(self.ruleset, other, profile)
            fires = _Fires(difference.come, profile, other.engines[profile].ground)
            for place in self._touched(profile, difference):
                decision = self._again(place, difference, fires, other)
                if decision is not None and wrong(self.cases[place].case, decision):
                    return self.cases[place].case
        return None

    def _index(self) -> None:
        """Which cases a change of an action's rules, or of a row of a table, can concern."""
        rows = frozenset[str]().union(*(table.rows for table in self.ruleset.tables.values()))
        for place, case in enumerate(self.cases):
            for action in dict.fromkeys(question.action for question in case.questions):
                self._by_action[case.profile, action].append(place)
            for question in case.questions:
                for value in question.facts.values:
                    if isinstance(value, str) and value in rows:
                        self._by_row[value].add(place)

    def _touched(self, profile: str, difference: Change) -> Iterator[int]:
        places = {place for action in difference.actions for place in self._by_action[profile, action]}
        if difference.rows is not None:
            places &= set[int]().union(*(self._by_row[row] for row in difference.rows))
        yield from sorted(places)

    def _again(self, place: int, difference: Change, fires: _Fires, other: RuleSet) -> Decision | None:
        """The case's decision by the other rule set; nothing where the same rules fire as before."""
        case, answers, changed = self.cases[place], list(self._answers[place]), False
        for number, question in enumerate(case.questions):
            if question.action in difference.actions:
                before = self._fired[place][number]
                kept = tuple(name for name in before if name not in difference.gone)
                come = fires.ids(question)
                if come or len(kept) < len(before):
                    answers[number] = other.engines[case.profile].answer(
                        question.action, (*kept, *come), tuple(question.facts.faults)
                    )
                    changed = True
        return case.decision(answers) if changed else None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one mutant, and the case that caught it."""

    mutant: Mutant
    fate: Fate
    case: Case | None = None


def says_the_same(ruleset: RuleSet, other: RuleSet) -> bool:
    """Whether no rule of any profile says anything else, once read: a parameter that a profile never comes to."""
    return not any(change(ruleset, other, profile).actions for profile in ruleset.profiles)


@dataclass(frozen=True, slots=True)
class Judge:
    """Tells what becomes of each mutant of some files under the trial of their tables."""

    files: Files
    readings: Readings
    trial: Trial
    proof: Proof = says_the_same

    def verdict(self, mutant: Mutant) -> Verdict:
        """What becomes of it; a proof of equivalence is only sought for what no case catches."""
        try:
            other = mutated(self.files, mutant, self.readings)
        except RuleFaults:
            return Verdict(mutant, Fate.REFUSED)
        case = self.trial.caught_by(other)
        if case is not None:
            return Verdict(mutant, Fate.CAUGHT, case)
        same = says_the_same(self.trial.ruleset, other) or self.proof(self.trial.ruleset, other)
        return Verdict(mutant, Fate.EQUIVALENT if same else Fate.SURVIVED)


class _Fires:
    """Tells which of some rules fire for a question."""

    def __init__(self, rules: Iterable[Rule], profile: str, ground: Ground) -> None:
        self._rules = tuple(rules)
        self._profile = profile
        self._ground = ground
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


def _answers(ruleset: RuleSet, case: AskedCase, fired: tuple[Fired, ...]) -> tuple[Decision, ...]:
    engine = ruleset.engines[case.profile]
    return tuple(
        engine.answer(question.action, names, tuple(question.facts.faults))
        for question, names in zip(case.questions, fired, strict=True)
    )
