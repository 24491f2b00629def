"""Compares action by action, one after another or in several processes: no two actions have a region in common."""

from __future__ import annotations

import gc
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial

from policy.difference.classes import Classes, RequestClass
from policy.difference.compare import Comparison
from policy.difference.witness import Witness, witness
from policy.ruleset import RuleSet

FORK = "fork"
"""How other processes get the rule sets: engines are compiled code, which cannot be sent."""

Found = tuple[RequestClass, Witness | None]
"""A class with a request that shows it; none where no dates are found that have its delays together."""


class _Actions:
    """Two rule sets of which one action after another is compared."""

    def __init__(self, old: RuleSet, new: RuleSet, profile: str | None) -> None:
        self._old, self._new = old, new
        self._comparison, self._cut = Comparison(old, new, profile), Classes(old, new)

    def of(self, action: str) -> list[Found]:
        """Every class of request for the action that is answered otherwise."""
        with _uncollected():
            return [
                (one, witness(change, region, self._old, self._new))
                for change in self._comparison.changes(action)
                for one, region in self._cut.of(change)
            ]


_forked: list[_Actions] = []
"""In a process of its own: what that was forked to compare."""


def by_action(
    old: RuleSet, new: RuleSet, profile: str | None, actions: Sequence[str], processes: int
) -> Iterator[list[Found]]:
    """What is found of each action, in their order."""
    compared = _Actions(old, new, profile)
    if processes == 1 or FORK not in multiprocessing.get_all_start_methods():
        yield from map(compared.of, actions)
        return
    starting = partial(ProcessPoolExecutor, processes, multiprocessing.get_context(FORK))
    with starting(initializer=_forked.append, initargs=(compared,)) as pool:
        yield from pool.map(_of, actions)


def _of(action: str) -> list[Found]:
    return _forked[0].of(action)


@contextmanager
def _uncollected() -> Iterator[None]:
    """No search for cycles: there are next to none, and it takes a twentieth of the time to find that out."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
