"""Finds the smallest sets of changes of facts after which a request is answered otherwise.

The search is exact. Of a request that does not reach its goal some obstacles stand in the way (a rule that fires, the
want of a rule, a fact that is missing), and each obstacle depends on known facts: whatever set of changes reaches the
goal changes one of them. So it suffices to try these, breadth first, smallest sets first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from operator import itemgetter
from typing import Any, Final

from policy.engine import Engine, Examined
from policy.explain.goals import Goal, rank_of
from policy.explain.variables import Changes, Choice, Domain, Variable, typed
from policy.facts import REQUIRED

DEEPEST: Final = 4
"""Changes in the largest set that is looked for."""
MOST_SETS: Final = 8
MOST_STEPS: Final = 6_000
"""Requests examined before a search gives up: under a second."""


@dataclass(frozen=True, slots=True)
class Move:
    """One change: a fact's new value, and the facts that are required only because of it."""

    variable: Variable
    choice: Choice
    brought: tuple[tuple[Variable, Choice], ...] = ()

    @property
    def changes(self) -> dict[Variable, Any]:
        """Every fact that it changes."""
        return {self.variable: self.choice.value} | {variable: choice.value for variable, choice in self.brought}


Moves = tuple[Move, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """The sets of changes that reach the goal: the smallest first, and none of which a part would do."""

    sets: tuple[Moves, ...]
    proven: bool
    """Whether no smaller set reaches the goal; of no set at all, whether none up to the deepest does."""
    steps: int
    """Requests examined."""


Allows = Callable[[Variable, Choice], bool]
Stop = Callable[[], bool]
"""Asked at every step: whether to give the search up, with what it has found."""


def never() -> bool:
    """Go on to the end."""
    return False


@dataclass(slots=True)
class _Node:
    moves: Moves
    changes: dict[Variable, Any]
    examined: Examined
    obstacles: list[frozenset[Variable]] | None


@dataclass(slots=True)
class Search:
    """A search among the changes that are allowed."""

    engine: Engine
    request: Examined
    domain: Domain
    goal: Goal
    allows: Allows
    most_sets: int = MOST_SETS
    deepest: int = DEEPEST
    most_steps: int = MOST_STEPS
    stop: Stop = never
    _choices: dict[Variable, tuple[Choice, ...]] = field(default_factory=dict)
    _values: Mapping[str, Any] = field(default_factory=dict)
    _steps: int = 0

    def __post_init__(self) -> None:
        """Name the request's values."""
        self._values = dict(zip(self.engine.ground.index, self.request.facts.values, strict=True))

    def run(self) -> Found:
        """Level by level, until the smallest sets are found and, with room left, those one larger."""
        start = self._node((), {})
        frontier, found = [start], list[Moves]()
        smallest = 0
        for depth in range(1, self.deepest + 1):
            level: dict[frozenset[tuple[Variable, Any]], _Node] = {}
            for node in frontier:
                for child in self._children(node, self.deepest - depth):
                    level.setdefault(frozenset(child.changes.items()), child)
                    if self._steps > self.most_steps or self.stop():
                        return self._told(found + self._reached(level, found), complete=False)
            found += self._reached(level, found)
            smallest = smallest or (depth if found else 0)
            if smallest and (depth > smallest or len(found) >= self.most_sets):
                break
            frontier = [node for node in level.values() if node.obstacles and not _covers(node.moves, found)]
        return self._told(found, complete=True)

    def _reached(self, level: Mapping[Any, _Node], found: Sequence[Moves]) -> list[Moves]:
        return [node.moves for node in level.values() if node.obstacles is None and not _covers(node.moves, found)]

    def _told(self, found: list[Moves], *, complete: bool) -> Found:
        """Small sets first, then each set of facts once, then those that cost least."""
        seen: Counter[tuple[Variable, ...]] = Counter()
        ranked = []
        for moves in found:
            facts = tuple(sorted(move.variable for move in moves))
            ranked.append(((len(moves), seen[facts], sum(rank_of(self.engine, fact) for fact in facts), facts), moves))
            seen[facts] += 1
        ranked.sort(key=itemgetter(0))
        # Every level before the one that a set was found on was searched to its end.
        return Found(tuple(moves for _, moves in ranked[: self.most_sets]), complete or bool(found), self._steps)

    def _node(self, moves: Moves, changes: Changes) -> _Node:
        self._steps += 1
        examined = self.engine.examine_changed(self.request, typed(changes, self._values))
        return _Node(moves, dict(changes), examined, self.goal.obstacles(examined))

    def _children(self, node: _Node, left: int) -> Iterator[_Node]:
        """The node with one change more, to a fact that its hardest obstacle depends on."""
        if not node.obstacles or _apart(node.obstacles, node.changes) > left + 1:
            return
        ways = ({v: self._allowed(v) for v in obstacle - node.changes.keys()} for obstacle in node.obstacles)
        for variable, choices in sorted(min(ways, key=lambda way: sum(map(len, way.values()))).items()):
            for choice in choices:
                yield from self._moved(node, variable, choice)

    def _moved(self, node: _Node, variable: Variable, choice: Choice) -> Iterator[_Node]:
        moves = (*node.moves, Move(variable, choice))
        child = self._node(moves, {**node.changes, variable: choice.value})
        brought = _newly_required(node.examined, child.examined)
        if not brought:
            yield child
            return
        wanted = [Variable(name) for name in brought]
        for chosen in product(*(self.domain.choices(v) for v in wanted)):
            move = Move(variable, choice, tuple(zip(wanted, chosen, strict=True)))
            yield self._node((*node.moves, move), {**node.changes, **move.changes})

    def _allowed(self, variable: Variable) -> tuple[Choice, ...]:
        if variable not in self._choices:
            choices = self.domain.choices(variable)
            self._choices[variable] = tuple(choice for choice in choices if self.allows(variable, choice))
        return self._choices[variable]


def _newly_required(before: Examined, after: Examined) -> list[str]:
    faults = [fault for fault in after.facts.faults if fault.endswith(REQUIRED) and fault not in before.facts.faults]
    return [fault.removesuffix(REQUIRED) for fault in faults]


def _covers(moves: Moves, found: Sequence[Moves]) -> bool:
    """Whether fewer of the same facts would do."""
    facts = {move.variable for move in moves}
    return any({move.variable for move in smaller} < facts for smaller in found)


def _apart(obstacles: list[frozenset[Variable]], changed: Changes) -> int:
    """At least so many changes more are needed: obstacles of which no two depend on the same fact."""
    count, taken = 0, set[Variable]()
    for obstacle in sorted((obstacle - changed.keys() for obstacle in obstacles), key=len):
        if not obstacle & taken:
            count, taken = count + 1, taken | obstacle
    return count
