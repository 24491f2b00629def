"""The rule set that decides, and how a new one takes its place: whole, checked, and never a bad one."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from policy import ruleset
from policy.errors import RuleFaults
from policy.ruleset import RuleSet
from services.runtime.another import Askable
from services.runtime.settings import Settings, SettingsRefused


def load_rules(settings: Settings) -> RuleSet:
    """The rules as the files say them now; raises SettingsRefused with every fault of the rule files."""
    try:
        rules = ruleset.load(settings.rules)
    except RuleFaults as faults:
        raise SettingsRefused(str(faults).splitlines()) from faults
    if settings.profile not in rules.profiles:
        raise SettingsRefused([f"DMP_PROFILE is `{settings.profile}`; the rules have {', '.join(rules.profiles)}"])
    return rules


class RulesInForce:
    """Holds the one rule set; a call takes it once and is decided by it to its end."""

    __slots__ = ("_askable", "_kinds")

    def __init__(self, rules: RuleSet, kinds: AbstractSet[str] = frozenset()) -> None:
        """Let these rules decide, and questions be about these kinds of subject."""
        self._kinds = kinds
        self.replace(rules)

    @property
    def current(self) -> RuleSet:
        """The rule set that decides from now on."""
        return self._askable.rules

    @property
    def askable(self) -> Askable:
        """The same, with what questions may say under it."""
        return self._askable

    def replace(self, rules: RuleSet) -> None:
        """Let a checked rule set decide; one assignment, so that no call sees half of it."""
        self._askable = Askable(rules, self._kinds)
