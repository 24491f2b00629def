"""A profile with some of its parameters set otherwise: what a test table asks, and what an officer may try."""

from __future__ import annotations

from collections.abc import Mapping

from policy.engine import Engine
from policy.errors import FaultList
from policy.grammar import Grammar
from policy.logic import Ground
from policy.rule import Readings, RuleReader
from policy.ruleset import RuleSet

Setting = tuple[str, tuple[tuple[str, object], ...]]
"""A profile, and the parameters that are set in place of its own (none: the profile as it is)."""


class Engines:
    """The engines of a rule set, those of its profiles and those of variants, each made once."""

    def __init__(self, ruleset: RuleSet, readings: dict[Setting, Readings] | None = None) -> None:
        """`readings` keeps what was understood of variants, for those of another rule set that differs in one place."""
        self._ruleset = ruleset
        self._readings = {} if readings is None else readings
        self._known: dict[Setting, Engine] = {(profile, ()): engine for profile, engine in ruleset.engines.items()}

    def of(self, setting: Setting) -> Engine:
        """The engine of a profile so set."""
        engine = self._known.get(setting)
        if engine is None:
            profile, parameters = setting
            readings = self._readings.setdefault(setting, Readings())
            engine = self._known[setting] = engine_with(self._ruleset, profile, dict(parameters), readings)
        return engine


def engine_with(
    ruleset: RuleSet, profile: str, changes: Mapping[str, object], readings: Readings | None = None
) -> Engine:
    """The engine of `profile` with these parameters changed, made from the files as they were loaded.

    Its decisions bear no digest: it is no rule set in force.
    """
    told = FaultList()  # what can be wrong was told when the rule set was loaded, but for the other profiles' names
    values = {**ruleset.parameters[profile], **changes}
    grammar = Grammar(ruleset.vocabulary, ruleset.tables, values, ruleset.definitions, told)
    reader = RuleReader(ruleset.vocabulary, {profile: grammar}, told, readings or Readings())
    rules = [rule for tree in ruleset.trees for rule in reader.read(tree)]
    ground = Ground({name: position for position, name in enumerate(ruleset.vocabulary.attributes)}, ruleset.tables)
    return Engine(profile, "", ruleset.vocabulary, rules, ground)
