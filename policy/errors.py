"""What can be wrong with a rule set, said to the person who edits it: where, what, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

MOST = 500
"""Faults after which reading stops: who has so many mends the first ones first."""
FEW = 12
"""Known words that are listed where none is near."""
ADVISED = 100
"""Faults for which the nearest known word is looked up, which takes time."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A position in a rule file; lines and columns count from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is wrong, and what to do about it."""

    place: Place
    message: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" + (f" ({self.advice})" if self.advice else "")


class RuleFaults(Exception):
    """The rule set cannot be used; carries every fault, in file order."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__("\n".join(str(fault) for fault in self.faults))


def one_of(words: Iterable[str]) -> str:
    """What to write instead, where there are few words to choose from; else nothing."""
    known = [f"`{word}`" for word in words]
    return f"write {'one of ' if len(known) > 1 else ''}{', '.join(known)}" if 0 < len(known) <= FEW else ""


@dataclass(slots=True)
class FaultList:
    """Collects faults while a rule set is read, so that all are told at once."""

    faults: list[Fault] = field(default_factory=list)

    def add(self, place: Place, message: str, advice: str = "") -> None:
        """Note one fault; raises `RuleFaults` when there are so many that more would help nobody."""
        self.faults.append(Fault(place, message, advice))
        if len(self.faults) >= MOST:
            self.faults.append(Fault(Place(place.file), f"more than {MOST} faults", "mend these, then try again"))
            self.raise_if_any()

    def add_unknown(self, place: Place, what: str, word: object, known: Iterable[str]) -> None:
        """Note a word that the rule set does not know, with the nearest one that it does, or all when they are few."""
        words = list(known) if len(self.faults) < ADVISED else []
        near = get_close_matches(str(word), words, n=1, cutoff=0.6)
        self.add(place, f"unknown {what} `{word}`", f"did you mean `{near[0]}`?" if near else one_of(words))

    def raise_if_any(self) -> None:
        """Raise `RuleFaults` when something was noted."""
        if self.faults:
            raise RuleFaults(self.faults)
