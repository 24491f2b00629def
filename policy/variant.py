"""A profile with some of its parameters set otherwise: what a test table asks, and what an officer may try."""

from __future__ import annotations

from collections.abc import Mapping

from policy.engine import Engine
from policy.errors import FaultList
from policy.grammar import Grammar
from policy.logic import Ground
from policy.rule import RuleReader
from policy.ruleset import RuleSet, read_definitions, rule_files, tree_of


def engine_with(ruleset: RuleSet, profile: str, changes: Mapping[str, object]) -> Engine:
    """The engine of `profile` with these parameters changed, its rules read anew from the rule set's folder.

    Raises `RuleFaults` when the files no longer load. Its decisions bear no digest: it is no rule set in force.
    """
    faults = FaultList()
    vocabulary = ruleset.vocabulary
    values = {**ruleset.parameters[profile], **changes}
    grammar = Grammar(vocabulary, ruleset.tables, values, read_definitions(ruleset.folder, faults), faults)
    reader = RuleReader(vocabulary, dict.fromkeys(ruleset.profiles, grammar), faults)
    trees = (tree_of(ruleset.folder, path.name, faults) for path in rule_files(ruleset.folder))
    rules = [rule for tree in trees for rule in reader.read(tree)]
    faults.raise_if_any()
    ground = Ground({name: position for position, name in enumerate(vocabulary.attributes)}, ruleset.tables)
    return Engine(profile, "", vocabulary, rules, ground)
