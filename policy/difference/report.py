"""The whole difference between two rule sets: sentences for people, classes with their requests for programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from policy.analyze.domain import Option
from policy.difference.actions import Found, by_action
from policy.difference.classes import Choice
from policy.difference.compare import Comparison, Kind
from policy.difference.witness import Witness
from policy.difference.words import Told, tell
from policy.language import Language
from policy.model import Decision
from policy.ruleset import RuleSet


@dataclass(frozen=True, slots=True)
class Shown:
    """One sentence with a request that shows it."""

    kind: Kind
    sentence: str
    always: tuple[str, ...]
    profiles: tuple[str, ...]
    actions: tuple[str, ...]
    witness: Witness | None
    """Nothing where no dates are found that have the delays together: then the change may concern nobody."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What changes from one rule set to another."""

    gone: tuple[str, ...]
    """Profiles that the new rules lack."""
    come: tuple[str, ...]
    """Profiles that only they have."""
    told: tuple[Shown, ...]
    classes: tuple[Found, ...]

    @property
    def changes(self) -> bool:
        """Whether any answer changes."""
        return bool(self.gone or self.come or self.classes)


def difference(
    old: RuleSet,
    new: RuleSet,
    profile: str | None,
    language: Language,
    progress: Callable[[int, int], None],
    processes: int = 1,
) -> Difference:
    """Compare every answer to every request; `progress` is told how many actions are done, of how many.

    Raises ValueError where an attribute is of types that cannot be compared.
    """
    actions = Comparison(old, new, profile).actions
    found = list[Found]()
    for number, of_action in enumerate(by_action(old, new, profile, actions, processes), 1):
        found += of_action
        progress(number, len(actions))
    witnesses = {id(one): shown for one, shown in found}
    told = tell((one for one, _ in found), old, new, language)
    return Difference(
        tuple(name for name in old.profiles if name not in new.profiles and profile is None),
        tuple(name for name in new.profiles if name not in old.profiles and profile is None),
        tuple(_shown(one, witnesses) for one in told),
        tuple(found),
    )


def _shown(one: Told, witnesses: Mapping[int, Witness | None]) -> Shown:
    """A sentence with the first of its classes that can be shown."""
    found = next((shown for each in one.classes if (shown := witnesses[id(each)])), None)
    return Shown(one.kind, one.sentence, one.always, one.profiles, one.actions, found)


def as_json_form(found: Difference) -> dict[str, Any]:
    """All of a difference as JSON has it."""
    return {
        "sentences": [
            {
                "kind": one.kind.value, "sentence": one.sentence, "always": list(one.always),
                "profiles": list(one.profiles), "actions": list(one.actions), "witness": _witness(one.witness),
            }
            for one in found.told
        ],
        "classes": [
            {
                "action": one.change.action, "item": one.change.is_item, "profile": one.change.profile,
                "kind": one.change.kind.value, "before": str(one.change.before), "after": str(one.change.after),
                "well_typed": one.change.typed, "every_combination": one.exact, "named": _choice(one.named),
                "always": _choice({fact.variable: fact.values for fact in one.facts}),
                "depends_on": list(one.deciding), "witness": _witness(shown),
            }
            for one, shown in found.classes
        ],
    }  # fmt: skip


def _choice(choice: Choice) -> dict[str, list[Any]]:
    return {name: [_option(value) for value in values] for name, values in choice.items()}


def _option(value: Option) -> Any:
    return f"<{value.value}>" if isinstance(value, Enum) else value if isinstance(value, str | bool) else str(value)


def _witness(shown: Witness | None) -> dict[str, Any] | None:
    if shown is None:
        return None
    decisions = {"old": _decision(shown.old), "new": _decision(shown.new)}
    return {"request": shown.request, "plausible": shown.plausible, **decisions}


def _decision(decision: Decision) -> Mapping[str, Any]:
    return {
        "effect": decision.effect.value, "external": decision.answer.value, "rules": list(decision.rules),
        "obligations": list(decision.obligations), "scope": decision.scope,
        "visible": None if decision.visible is None else list(decision.visible),
    }  # fmt: skip
