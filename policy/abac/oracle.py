"""Asks py-abac itself, one oracle a thread: whether the exported policies allow a request.

DANGER: py-abac keeps what it compares in its policies and parses paths in module globals, so that two threads that
share either get wrong permits. It is the measure that the engine is held against, and decides nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from py_abac import PDP, AccessRequest
from py_abac import Policy as PyAbacPolicy
from py_abac.exceptions import PolicyCreateError
from py_abac.storage.memory import MemoryStorage

from policy.abac.export import Export, export
from policy.abac.place import ELEMENTS, Spot, resolved_spot, spot_of
from policy.calendar import elapsed
from policy.facts import UNKNOWN, FactReader, Facts
from policy.ruleset import RuleSet
from policy.vocabulary import Kind

_PARSING = threading.Lock()
"""Held while policies are read: that parses every path in them, and py-abac keeps what it parsed."""


class NotComparable(Exception):
    """The request lies outside what py-abac can say soundly; the text is the reason, without any value."""


class Oracle:
    """The policies of one profile as py-abac reads them; of the one thread that uses it."""

    def __init__(self, ruleset: RuleSet, profile: str) -> None:
        self.export: Export = export(ruleset, profile)
        self._vocabulary = ruleset.vocabulary
        self._reader = FactReader(ruleset.vocabulary)
        self._spots = [
            (spot_of(name), self._reader.index[name], attribute.kind)
            for name, attribute in ruleset.vocabulary.attributes.items()
            if attribute.derived in ("", "presence")
        ]
        self._resolved = [
            (resolved_spot(test), test, self._reader.index[test.attribute]) for test in self.export.resolved
        ]
        self._now = self._reader.index["context.now"]
        with _PARSING:
            # Each read once, however many actions it is about: to read them takes a hundred times as long as to ask.
            self._policies = [(p["targets"]["action_id"], PyAbacPolicy.from_json(p)) for p in self.export.policies]
        self._decision_points = {action: self._decision_point(action) for action in sorted(self.export.actions)}

    def allows(self, request: Mapping[str, Any]) -> bool:
        """Whether py-abac allows the request, a list without its items; raises NotComparable."""
        facts = self._reader.read({name: part for name, part in request.items() if name != "documents"})
        if facts.faults:
            raise NotComparable("the request is ill-typed")
        return self._ask(str(request["action"]), facts)

    def visible(self, request: Mapping[str, Any]) -> tuple[str, ...]:
        """The names of the request's documents that py-abac would show in the list; raises NotComparable."""
        action = self._vocabulary.actions[str(request["action"])].items
        documents = request.get("documents")
        if action is None or not isinstance(documents, Mapping):
            raise NotComparable("the action answers with no list, or the request holds none")
        facts = self._reader.read({**request, "document": None, "documents": {}})
        items = {
            str(name): self._reader.with_document(facts, item, action, str(name)) for name, item in documents.items()
        }
        if facts.faults or any(item.faults for item in items.values()):
            raise NotComparable("the request is ill-typed")
        return tuple(name for name, item in items.items() if self._ask(action, item))

    def _ask(self, action: str, facts: Facts) -> bool:
        if action in self.export.actions_left_out:
            raise NotComparable(f"no policy can say a rule of `{action}`")
        point = self._decision_points.get(action)
        if point is None:
            return False  # no rule permits it
        elements: dict[str, dict[str, Any]] = {element: {} for element in ELEMENTS}
        for spot, position, kind in self._spots:
            _put(elements, spot, _plain(facts.values[position], kind))
        for spot, test, position in self._resolved:
            value = facts.values[position]
            if value is not None:
                _put(elements, spot, int(elapsed(value, test.amount, test.unit, facts.values[self._now])))
        return bool(point.is_allowed(_access_request(action, elements)))

    def _decision_point(self, action: str) -> PDP:
        """A point that holds the policies of one action: what targets say, without asking each policy each time."""
        storage = MemoryStorage()
        for actions, policy in self._policies:
            if action in actions:
                storage.add(policy)
        return PDP(storage)


def readable(policy: Mapping[str, Any]) -> str | None:
    """What py-abac itself has against a policy, or nothing."""
    with _PARSING:
        try:
            PyAbacPolicy.from_json(dict(policy))
        except PolicyCreateError as error:
            return str(error)
        return None


def _access_request(action: str, elements: Mapping[str, Mapping[str, Any]]) -> AccessRequest:
    # The constructor takes the attributes as they are; its JSON reader takes 300 times as long. All four are given,
    # since requests that leave one out share one dictionary.
    return AccessRequest(
        subject={"id": "", "attributes": elements["subject"]},
        resource={"id": "", "attributes": elements["resource"]},
        action={"id": action, "attributes": {}},
        context=elements["context"],
    )


def _put(elements: dict[str, dict[str, Any]], spot: Spot, value: Any) -> None:
    if value is None:
        return
    inside = elements[spot.element]
    for step in spot.steps[:-1]:
        inside = inside.setdefault(step, {})
    inside[spot.steps[-1]] = value


def _plain(value: Any, kind: Kind) -> Any:
    """A fact as JSON would hold it."""
    if value is UNKNOWN:
        raise NotComparable("a fact is unknown")
    if kind is Kind.CODES:
        return None if value is None else sorted(value)
    return value.isoformat() if kind in (Kind.DATE, Kind.TIME) and value is not None else value
