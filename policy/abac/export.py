"""Writes one profile's rules as py-abac policies, and tells of every rule whether it is among them and why not.

Sound means: of a well-typed request the policies allow exactly what the engine permits. An action with one rule that no
policy can say is left out whole, for without one of its denials the policies would allow more than the rules do.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from policy.abac.clauses import Clause, ClauseWriter, Unsayable
from policy.abac.place import ELEMENTS, resolved_spot
from policy.abac.wording import spot_and_condition
from policy.condition import FALSE, Condition, Elapsed, narrow
from policy.rule import Rule
from policy.ruleset import RuleSet

Policy = dict[str, Any]
"""One policy, in py-abac's JSON."""
NO_OBLIGATIONS = "py-abac has no obligations"
ONLY_ILL_TYPED = "speaks of ill-typed requests alone: refuse them before asking py-abac"
NEVER = "never fires in this profile"


@dataclass(frozen=True, slots=True)
class Export:
    """The policies of one profile, and the account of what they say."""

    profile: str
    digest: str
    """Of the rule set that was exported."""
    policies: tuple[Policy, ...] = field(repr=False)
    exported: Mapping[str, int]
    """Rule → the number of its policies."""
    left_out: Mapping[str, str]
    """Rule → why it is not among them."""
    actions: frozenset[str]
    """Those that the policies decide; what is left out is denied."""
    actions_left_out: Mapping[str, str]
    """Action → the rules that no policy can say."""
    resolved: tuple[Elapsed, ...]
    """What must be computed and put into a request before it is asked."""


def export(ruleset: RuleSet, profile: str) -> Export:
    """Write the rules of a profile that py-abac can say soundly."""
    return _Exporter(ruleset, profile).export()


@dataclass(slots=True)
class _Exporter:
    """Collects policies and reasons, rule by rule."""

    ruleset: RuleSet
    profile: str
    exported: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    resolved: dict[str, Elapsed] = field(default_factory=dict)

    def export(self) -> Export:
        rules = [rule for rule in self.ruleset.rules if self.profile in rule.profiles and rule.effect != "oblige"]
        said, unsaid = self._said(rules)
        for rule in self.ruleset.rules:
            if self.profile not in rule.profiles:
                self.left_out[rule.id] = "is not in force in this profile"
            elif rule.effect == "oblige":
                self.left_out[rule.id] = NO_OBLIGATIONS
        policies = [p for rule in rules for p in self._policies(rule, said.get(rule.id, {}), unsaid)]
        decided = {action for policy in policies for action in policy["targets"]["action_id"]}
        return Export(
            self.profile, self.ruleset.digest, tuple(policies), self.exported, self.left_out, frozenset(decided),
            unsaid, tuple(self.resolved[path] for path in sorted(self.resolved)),
        )  # fmt: skip

    def _said(self, rules: list[Rule]) -> tuple[dict[str, dict[str, tuple[Clause, ...]]], dict[str, str]]:
        """The clauses of each rule by action; and the actions with a rule that cannot be said, with its reason."""
        writer = ClauseWriter(self.ruleset.vocabulary, self.ruleset.tables)
        said: dict[str, dict[str, tuple[Clause, ...]]] = {}
        unsaid: dict[str, str] = {}
        for rule in rules:
            try:
                said[rule.id] = {
                    action: writer.clauses(self._narrowed(rule, action), sure=rule.effect == "permit")
                    for action in sorted(rule.actions)
                }
            except Unsayable as reason:
                self.left_out[rule.id] = str(reason)
                for action in rule.actions:
                    unsaid[action] = f"{unsaid[action]}, {rule.id}" if action in unsaid else rule.id
        return said, unsaid

    def _narrowed(self, rule: Rule, action: str) -> Condition:
        condition = narrow(rule.conditions[self.profile], "action", action)
        return narrow(condition, "request.ill_typed", value=False)

    def _policies(
        self, rule: Rule, by_action: Mapping[str, tuple[Clause, ...]], unsaid: Mapping[str, str]
    ) -> Iterator[Policy]:
        if rule.id in self.left_out:
            return
        grouped: dict[str, tuple[list[str], list[dict[str, list[Any]]]]] = {}
        for action, clauses in by_action.items():
            if action not in unsaid and clauses:
                rows = _joined([self._row(clause) for clause in clauses])
                grouped.setdefault(json.dumps(rows, sort_keys=True), ([], rows))[0].append(action)
        found = [(row, actions) for actions, rows in grouped.values() for row in rows]
        if found:
            self.exported[rule.id] = len(found)
        else:
            self.left_out[rule.id] = self._why_none(rule, unsaid)
        for number, (row, actions) in enumerate(found, 1):
            yield _policy(rule, f"{rule.id}.{number}" if len(found) > 1 else rule.id, row, actions)

    def _why_none(self, rule: Rule, unsaid: Mapping[str, str]) -> str:
        if rule.actions & unsaid.keys():
            return "each of its actions has a rule that no policy can say"
        if rule.conditions[self.profile] == FALSE:
            return NEVER
        narrowed = narrow(rule.conditions[self.profile], "request.ill_typed", value=False)
        return ONLY_ILL_TYPED if narrowed == FALSE else NEVER

    def _row(self, clause: Clause) -> dict[str, list[Any]]:
        """One clause: for each element the conditions on it, as a list of one alternative."""
        rules: dict[str, dict[str, list[Any]]] = {element: {} for element in ELEMENTS}
        for spot, condition in spot_and_condition(clause, self.ruleset.vocabulary):
            rules[spot.element].setdefault(spot.path, []).append(condition)
        for literal in clause.literals:
            if isinstance(literal.test, Elapsed):
                self.resolved[resolved_spot(literal.test).path] = literal.test
        return {element: [{path: _all(rules[element][path]) for path in sorted(rules[element])}] for element in rules}


def _all(conditions: list[Any]) -> Any:
    if len(conditions) == 1:
        return conditions[0]
    return {"condition": "AllOf", "values": sorted(conditions, key=lambda c: json.dumps(c, sort_keys=True))}


def _joined(rows: list[dict[str, list[Any]]]) -> list[dict[str, list[Any]]]:
    """Rows that differ in one element alone are one row with alternatives in that element."""
    rows = sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))
    for element in ("resource", "subject", "context"):
        grouped: dict[str, dict[str, list[Any]]] = {}
        for row in rows:
            key = json.dumps({**row, element: None}, sort_keys=True)
            if key in grouped:
                grouped[key][element] = [*grouped[key][element], *row[element]]
            else:
                grouped[key] = dict(row)
        rows = list(grouped.values())
    return rows


def _policy(rule: Rule, uid: str, row: Mapping[str, list[Any]], actions: list[str]) -> Policy:
    return {
        "uid": uid,
        "description": rule.title.fr,
        "effect": "allow" if rule.effect == "permit" else "deny",
        "rules": {
            element: alternatives[0] if len(alternatives) == 1 else alternatives
            for element, alternatives in row.items()
        },
        "targets": {"subject_id": "*", "resource_id": "*", "action_id": actions},
        "priority": 0,
    }
