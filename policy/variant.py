"""A profile with some of its parameters set otherwise: what a test table asks, and what an officer may try."""

from __future__ import annotations

from collections.abc import Mapping

from policy.engine import Engine
from policy.errors import FaultList
from policy.grammar import Grammar
from policy.logic import Ground
from policy.rule import RuleReader
from policy.ruleset import RuleSet


def engine_with(ruleset: RuleSet, profile: str, changes: Mapping[str, object]) -> Engine:
    """The engine of `profile` with these parameters changed, made from the files as they were loaded.

    Its decisions bear no digest: it is no rule set in force.
    """
    told = FaultList()  # what can be wrong was told when the rule set was loaded, but for the other profiles' names
    values = {**ruleset.parameters[profile], **changes}
    grammar = Grammar(ruleset.vocabulary, ruleset.tables, values, ruleset.definitions, told)
    reader = RuleReader(ruleset.vocabulary, {profile: grammar}, told)
    rules = [rule for tree in ruleset.trees for rule in reader.read(tree)]
    ground = Ground({name: position for position, name in enumerate(ruleset.vocabulary.attributes)}, ruleset.tables)
    return Engine(profile, "", ruleset.vocabulary, rules, ground)
