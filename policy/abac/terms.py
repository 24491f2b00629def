"""Reads the facts of the calendar that a policy expects resolved: `elapsed`, and the parameter of that length."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from policy.abac.place import RESOLVED, Spot
from policy.abac.trees import negated, plain, tree
from policy.errors import FaultList, Place
from policy.ruleset import RuleSet
from policy.source import Node, Scalar
from policy.vocabulary import Kind

_TERM = re.compile(r"(days|months|years)_(\d{1,6})")
_STEPS = 4
"""`elapsed`, the entity, the attribute, the length."""


@dataclass(frozen=True, slots=True)
class TermReader:
    """Reads the terms of one policy, whose effect says what a term that cannot be told must do."""

    ruleset: RuleSet
    profile: str
    denies: bool
    faults: FaultList

    def read(self, spot: Spot, place: Place, node: Node) -> Node | None:
        """What a term means, or nothing after noting why it is refused."""
        found = _TERM.fullmatch(spot.steps[-1]) if len(spot.steps) == _STEPS else None
        attribute = self.ruleset.vocabulary.attributes.get(".".join(spot.steps[1:3]))
        if found is None or attribute is None or attribute.kind not in (Kind.DATE, Kind.TIME):
            advice = f"such as `$.{RESOLVED}.entity.attribute.years_10`"
            self.faults.add(place, "no term of the calendar has this name", advice)
            return None
        parameter, passed = self._parameter(place, found[1], int(found[2])), self._passed(node)
        if parameter is None or passed is None:
            return None
        said = tree(place, {attribute.name: tree(place, {"elapsed": Scalar(place, parameter)})})
        return said if passed else negated(place, said)

    def _parameter(self, place: Place, unit: str, amount: int) -> str | None:
        units = self.ruleset.vocabulary.parameters
        values = self.ruleset.parameters[self.profile]
        named = [name for name, value in values.items() if units[name][0] == unit and value == amount]
        if len(named) == 1:
            return named[0]
        told = f"{len(named)} parameters of profile {self.profile} are {amount} {unit}"
        self.faults.add(place, told, "name the length of one parameter")
        return None

    def _passed(self, node: Node) -> bool | None:
        """Whether the term must have passed, as it is written for this effect, so that no doubt opens anything."""
        forms = {passed: _form(passed is not self.denies, negate=self.denies) for passed in (True, False)}
        said = plain(node)
        for passed, form in forms.items():
            if said == form and not _has_flag(said):
                return passed
        advice = "in a denial `Not` of `Eq` 0 or 1, in a permit `Eq` 1 or 0"
        self.faults.add(node.place, "a term that cannot be told must not open anything", advice)
        return None


def _form(one: bool, *, negate: bool) -> dict[str, Any]:
    said = {"condition": "Eq", "value": int(one)}
    return {"condition": "Not", "value": said} if negate else said


def _has_flag(said: Any) -> bool:
    """Whether `true` or `false` stands where a number must, which Python takes for the same."""
    inner = said["value"]
    return isinstance(inner["value"] if isinstance(inner, dict) else inner, bool)
