"""What one rule set decides on the requests of a region: the engine's staged decision, said of regions."""

from __future__ import annotations

from functools import cached_property

from policy.analyze.outcome import Outcome
from policy.difference.diagram import EVERYTHING, NOTHING, Region
from policy.difference.translate import Translation
from policy.model import Answer
from policy.rule import Rule


class Decided:
    """The decisions of an outcome on the requests of one region, each part the requests of which it is so."""

    def __init__(self, outcome: Outcome, within: Region, translation: Translation, *, typed: bool) -> None:
        self._outcome, self._within, self._translation = outcome, within, translation
        self._typed = typed
        self._vocabulary = outcome.reading.vocabulary

    @cached_property
    def answers(self) -> dict[Answer, Region]:
        """The outward answers; each request has one."""
        diagrams = self._translation.diagrams
        found = dict.fromkeys(Answer, NOTHING)
        left = self._within
        for stage in self._vocabulary.stages:
            for word in stage.order:
                for denial in self._denials(stage.id, Answer(word)):
                    denied = diagrams.both(left, denial)
                    if denied != NOTHING:
                        found[Answer(word)] = diagrams.either(found[Answer(word)], denied)
                        left = diagrams.without(left, denial)
        # INVARIANT: a request with a fault is never permitted.
        return found | (
            {Answer.OK: left} if self._typed else {Answer.FORBIDDEN: diagrams.either(found[Answer.FORBIDDEN], left)}
        )

    @property
    def permitted(self) -> Region:
        """The requests that are permitted."""
        return self.answers[Answer.OK]

    def duty(self, code: str) -> Region:
        """The requests whose decision carries an obligation."""
        if code in self._vocabulary.always:
            return self._within
        rules = [rule for rule in self._outcome.rules.values() if code in rule.obligations]
        return self._translation.diagrams.union([self._fires(rule, self.permitted) for rule in rules])

    @cached_property
    def scopes(self) -> dict[str, Region]:
        """By scope, empty for none, the permitted requests that may see so much."""
        diagrams = self._translation.diagrams
        found: dict[str, Region] = {}
        left = self.permitted
        for scope in self._vocabulary.scopes:
            permits = [r for r in self._outcome.rules.values() if r.effect == "permit" and r.scope == scope]
            given = diagrams.union([self._fires(rule, left) for rule in permits])
            found[scope] = given
            left = diagrams.without(left, given)
        return {**found, "": left}

    def _fires(self, rule: Rule, within: Region) -> Region:
        return self._translation.diagrams.both(within, self._translation.region(self._outcome.fired[rule.id]))

    def _denials(self, stage: str, answer: Answer) -> list[Region]:
        """Where each rule of a stage with this answer denies, the want of a permit among them."""
        rules = self._outcome.rules.values()
        found = [
            self._translation.region(self._outcome.fired[rule.id])
            for rule in rules
            if rule.effect == "deny" and rule.stage == stage and (rule.answers or Answer.FORBIDDEN) is answer
        ]
        if stage == self._vocabulary.default_stage and answer is Answer.FORBIDDEN:
            found.append(self._unpermitted)
        return found

    @cached_property
    def _unpermitted(self) -> Region:
        permits = [rule for rule in self._outcome.rules.values() if rule.effect == "permit"]
        found = EVERYTHING
        for rule in permits:
            found = self._translation.diagrams.without(found, self._translation.region(self._outcome.fired[rule.id]))
        return found
