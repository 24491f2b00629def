"""A request for each class, which both rule sets' engines answer as foretold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from policy.analyze.domain import Stated
from policy.analyze.witness import ITEM, Unshowable, request_of
from policy.chronology import NOW, in_order
from policy.difference.compare import Change, Kind, Way
from policy.difference.diagram import NOTHING, Region
from policy.difference.translate import Translation
from policy.model import Decision
from policy.ruleset import RuleSet

MOST_CHOICES = 16
_LAST = (Stated.NULL, Stated.BROKEN)


class Unconfirmed(Exception):
    """An engine answers otherwise than the comparison foretold: a fault of ours, never of the rules."""


@dataclass(frozen=True, slots=True)
class Witness:
    """One request of a class, and what both rule sets answer."""

    request: Mapping[str, Any]
    old: Decision
    new: Decision
    plausible: bool
    """Whether its dates come in the order in which they do in real life, where the vocabulary says one."""


def witness(change: Change, region: Region, old: RuleSet, new: RuleSet) -> Witness | None:
    """A plain request of a class of this region; nothing where no dates are found that have its delays together.

    Raises Unconfirmed.
    """
    request = _request(change, region)
    if request is None:
        return None
    was, is_now = (ruleset.engines[change.profile].decide(request) for ruleset in (old, new))
    if not _is_so(change, was, is_now):
        raise Unconfirmed(f"the engines answer `{change.action}` otherwise than the comparison foretold")
    return Witness(request, was, is_now, plausible=in_order(request, change.translation.domain.chronology))


def _request(change: Change, region: Region) -> dict[str, Any] | None:
    """The request, such as real life knows them if there is one."""
    plausible = change.translation.plausible(region)
    others = change.translation.diagrams.without(region, plausible)
    return _request_in(plausible, change) or _request_in(others, change)


def _request_in(region: Region, change: Change) -> dict[str, Any] | None:
    """The request, after so many choices of delays: days and months are compared by what nearly always holds."""
    translation, diagrams = change.translation, change.translation.diagrams
    liking = _liking(translation)
    for _ in range(MOST_CHOICES):
        if region == NOTHING:
            return None
        chosen = {number: values[0] for number, values in liking.items()} | diagrams.one(region, liking)
        try:
            return request_of(translation.holds(chosen), change.layout, change.profile)
        except Unshowable:
            region = diagrams.without(region, translation.delays(chosen))
    return None


@lru_cache(maxsize=1)  # classes that share a translation follow one another
def _liking(translation: Translation) -> dict[int, list[int]]:
    """The values of each variable in the order in which a person would expect them."""
    liking: dict[int, list[int]] = {}
    early = {first for first, second in translation.domain.chronology if second != NOW}
    for number, name in enumerate(translation.names):
        values = translation.values[name]
        plain = [n for n, value in enumerate(values) if value not in _LAST]
        # What other dates come after lies long ago, and the clock is that of the last rules.
        if name == NOW or (" elapsed " in name and name.partition(" elapsed ")[0] in early):
            plain.reverse()
        liking[number] = plain + [n for n, value in enumerate(values) if value in _LAST]
    return liking


def _is_so(change: Way, was: Decision, is_now: Decision) -> bool:
    """Whether the decisions differ in this way."""
    match change.kind:
        case Kind.OPENS | Kind.CLOSES:
            before, after = (_shown(d) if change.is_item else d.permitted for d in (was, is_now))
            return (before, after) == ((False, True) if change.kind is Kind.OPENS else (True, False))
        case Kind.ANSWERS:
            return (was.answer, is_now.answer) == (change.before, change.after)
        case Kind.OBLIGES:
            return change.after in is_now.obligations and change.after not in was.obligations
        case Kind.RELEASES:
            return change.before in was.obligations and change.before not in is_now.obligations
        case Kind.SCOPES:
            return (was.scope or "", is_now.scope or "") == (change.before, change.after)


def _shown(decision: Decision) -> bool:
    return ITEM in (decision.visible or ())
