"""Tells which rules differ between two rule sets, so that only requests which these concern are compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from policy.condition import Cell, Condition, Listed, tests_of
from policy.rule import Rule
from policy.ruleset import RuleSet
from policy.vocabulary import Attribute, Vocabulary

Content = tuple[object, ...]
"""All of a rule that makes answers; titles, ids, order and places are not."""


class Touched:
    """What an edit changed, as it is written; what is written otherwise may still mean the same."""

    def __init__(self, old: RuleSet, new: RuleSet) -> None:
        self._old, self._new = old, new
        names = old.tables.keys() | new.tables.keys()
        self.tables = frozenset(name for name in names if old.tables.get(name) != new.tables.get(name))
        self.attributes = _changed_attributes(old.vocabulary, new.vocabulary)
        self.order = _order(old.vocabulary) != _order(new.vocabulary)
        """Whether stages, actions, scopes or what every decision carries changed."""
        self._rules: dict[tuple[str, str], tuple[list[Rule], list[Rule]]] = {}

    def rules(self, profile: str, action: str) -> tuple[list[Rule], list[Rule]]:
        """The rules of either set that the other has not, for one action; the empty action is that of no word."""
        found = self._rules.get((profile, action))
        if found is None:
            found = self._rules[profile, action] = self._compared(profile, action)
        return found

    def _compared(self, profile: str, action: str) -> tuple[list[Rule], list[Rule]]:
        olds = list(self._contents(self._old, profile, action))
        news = list(self._contents(self._new, profile, action))
        if [content for _, content in olds] == [content for _, content in news]:
            return [], []  # as of most actions, and found sooner than by numbers
        gone = Counter(content for _, content in olds) - Counter(content for _, content in news)
        come = Counter(content for _, content in news) - Counter(content for _, content in olds)
        return [rule for rule, content in olds if content in gone], [rule for rule, content in news if content in come]

    def _contents(self, ruleset: RuleSet, profile: str, action: str) -> Iterator[tuple[Rule, Content]]:
        for rule in ruleset.rules:
            concerned = action in rule.actions if action else rule.actions == ruleset.vocabulary.actions.keys()
            if not concerned or profile not in rule.conditions:
                continue
            condition = rule.asked(profile, action) if action else rule.conditions[profile]
            side = ruleset.digest if self._reads_changed_table(condition) else ""
            yield rule, (*head(rule), condition, side)

    def _reads_changed_table(self, condition: Condition) -> bool:
        return any(isinstance(test, Cell | Listed) and test.table in self.tables for test in tests_of(condition))


def head(rule: Rule) -> Content:
    """What a rule does when it fires."""
    return rule.effect, rule.stage, rule.answers, frozenset(rule.obligations), rule.scope


def _changed_attributes(old: Vocabulary, new: Vocabulary) -> frozenset[str]:
    names = old.attributes.keys() | new.attributes.keys()
    return frozenset(name for name in names if _shape(old.attributes.get(name)) != _shape(new.attributes.get(name)))


def _shape(attribute: Attribute | None) -> object:
    if attribute is None:
        return None
    return (
        attribute.kind, frozenset(attribute.values), frozenset(attribute.required), attribute.absent,
        attribute.nullable, attribute.derived,
    )  # fmt: skip


def _order(vocabulary: Vocabulary) -> object:
    return (
        [(stage.id, stage.order) for stage in vocabulary.stages],
        {name: (action.items, action.internal) for name, action in vocabulary.actions.items()},
        (vocabulary.default_stage, vocabulary.scopes, vocabulary.always),
    )
