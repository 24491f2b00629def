"""Finds every request that two rule sets answer otherwise, as regions, action by action and profile by profile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property, partial

import z3

from policy.analyze.domain import Domain, Stated
from policy.analyze.outcome import Outcome, Outcomes
from policy.analyze.reading import Reading, any_of, negation
from policy.difference.decided import Decided
from policy.difference.diagram import EVERYTHING, NOTHING, Region
from policy.difference.touched import Touched, head
from policy.difference.translate import DOCUMENT_GIVEN, Translation
from policy.difference.unasked import UNKNOWN_ACTION, refused
from policy.model import Answer
from policy.ruleset import RuleSet

DENIALS = (Answer.FORBIDDEN, Answer.NOT_FOUND, Answer.CONFLICT)


class Kind(StrEnum):
    """What becomes of an answer; the most important first."""

    OPENS = "opens"
    """Denied before, permitted now."""
    CLOSES = "closes"
    """Permitted before, denied now."""
    ANSWERS = "answers"
    """Denied before and now, and the caller is told something else."""
    OBLIGES = "obliges"
    """The decision carries an obligation that it did not carry."""
    RELEASES = "releases"
    """The decision no longer carries an obligation that it carried."""
    SCOPES = "scopes"
    """Permitted before and now, and more or less of a list may be seen."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way in which answers change, for one action in one profile."""

    action: str
    """Empty for words that are no action."""
    profile: str
    kind: Kind
    before: str
    """The answer, obligation or scope that was; empty where there was none, or where it differs."""
    after: str
    typed: bool
    """Whether both rule sets can type the requests of which this is so."""
    is_item: bool
    """Whether it is so of the items of a list."""


@dataclass(frozen=True, slots=True)
class Change(Way):
    """All requests whose answer changes in one way."""

    region: Region
    among: Region = field(repr=False)
    """The requests that were compared: all that both rule sets can type, or all others."""
    translation: Translation = field(repr=False)
    """What the regions are regions of."""
    layout: Reading = field(repr=False)
    """How a request for the action is laid out."""
    supposed: Callable[[], Region] = field(repr=False, compare=False)
    """Finds the requests that a bare sentence would speak of, of which not all need be of the region."""

    @property
    def way(self) -> Way:
        """Without the regions, which only the process that found them can read."""
        return Way(self.action, self.profile, self.kind, self.before, self.after, self.typed, self.is_item)


@dataclass(frozen=True, slots=True)
class _Pair:
    """The decisions of both rule sets on the same requests."""

    old: Outcome
    new: Outcome
    is_item: bool
    refused: bool
    """Whether the action alone makes the request ill-typed, for one rule set at least."""

    @property
    def layout(self) -> Reading:
        return self.new.reading if self.new.action else self.old.reading


class Comparison:
    """Two rule sets side by side."""

    def __init__(self, old: RuleSet, new: RuleSet, profile: str | None = None) -> None:
        """Compare all profiles that both have, or one of them."""
        self.old, self.new = old, new
        self.touched = Touched(old, new)
        self._profile = profile

    @property
    def actions(self) -> tuple[str, ...]:
        """Every action of either rule set, and the word that is none."""
        return (*dict.fromkeys([*self.old.vocabulary.actions, *self.new.vocabulary.actions]), UNKNOWN_ACTION)

    @property
    def profiles(self) -> tuple[str, ...]:
        """The profiles that both rule sets have."""
        return tuple(n for n in self.new.profiles if n in self.old.profiles and self._profile in (None, n))

    def changes(self, action: str) -> list[Change]:
        """Every change of answers for one action; the regions of one profile hold every such request.

        Raises ValueError where both rule sets name an attribute and no value can be of both its types.
        """
        profiles = [profile for profile in self.profiles if self._is_touched(profile, action)]
        if not profiles:
            return []
        compared = _Compared(self.old, self.new, self.touched, action)
        return [change for profile in profiles for change in compared.changes(profile)]

    def outcomes(self, profile: str, action: str) -> tuple[Outcome, Outcome, Domain]:
        """What both decide on an action that can be asked, as formulas over one domain: for a second opinion."""
        compared = _Compared(self.old, self.new, self.touched, action)
        return (*compared.outcomes(profile, action), compared.domain)

    def _is_touched(self, profile: str, action: str) -> bool:
        return bool(any(self.touched.rules(profile, action)) or self.touched.attributes or self.touched.order)


class _Compared:
    """One action in both rule sets; only the rules that concern it count, which keeps the regions small."""

    def __init__(self, old: RuleSet, new: RuleSet, touched: Touched, action: str) -> None:
        self.action, self.touched = action, touched
        self.old, self.new = (_concerning(ruleset, action) for ruleset in (old, new))
        self.domain = Domain([self.old, self.new])
        self._outcomes = Outcomes(self.domain, self.old), Outcomes(self.domain, self.new)
        self._translations: dict[bool, Translation] = {}

    def _translation(self, *, broken: bool) -> Translation:
        # No cached function, which would refer to what keeps it: these are large, and are dropped with the action.
        found = self._translations.get(broken)
        if found is None:
            found = self._translations[broken] = Translation(self.domain, [self.old, self.new], broken=broken)
        return found

    def changes(self, profile: str) -> Iterator[Change]:
        for pair in self._pairs(profile):
            if not pair.refused:
                yield from _Regions(self, pair, self._translation(broken=False), typed=True).changes()
            if not pair.is_item:  # an ill-typed item makes its list ill-typed
                yield from _Regions(self, pair, self._translation(broken=True), typed=False).changes()

    def outcomes(self, profile: str, action: str) -> tuple[Outcome, Outcome]:
        """What both rule sets decide on requests for an action that both know."""
        old, new = self._outcomes
        if self.touched.attributes or self.touched.order or self.touched.tables:
            return old.of(profile, action), new.of(profile, action)
        # One encoder serves both where they read alike, so that equal rules are equal formulas.
        return old.of(profile, action), new.of(profile, action, old.encoder(action))

    def _pairs(self, profile: str) -> Iterator[_Pair]:
        """The decisions on requests for the action; on items of lists apart from those that ask for an item itself."""
        if _is_item(self.old, self.action) and _is_item(self.new, self.action):
            yield _Pair(*self.outcomes(profile, self.action), is_item=True, refused=False)
        if _can_be_asked(self.old, self.action) and _can_be_asked(self.new, self.action):
            yield _Pair(*self.outcomes(profile, self.action), is_item=False, refused=False)
        else:
            old, new = (self._asked(outcomes, profile) for outcomes in self._outcomes)
            yield _Pair(old, new, is_item=False, refused=True)

    def _asked(self, outcomes: Outcomes, profile: str) -> Outcome:
        if _can_be_asked(outcomes.ruleset, self.action):
            return outcomes.of(profile, self.action)
        known = self.action in outcomes.ruleset.vocabulary.actions
        return refused(self.domain, outcomes.ruleset, profile, self.action if known else UNKNOWN_ACTION)


def _concerning(ruleset: RuleSet, action: str) -> RuleSet:
    """The rule set with only the rules that may speak of an action, or of the list that it is the item of."""
    vocabulary = ruleset.vocabulary
    lists = {name for name, known in vocabulary.actions.items() if known.items == action}
    of_no_action = action not in vocabulary.actions
    kept = [r for r in ruleset.rules if of_no_action or action in r.actions or lists & r.actions]
    return replace(ruleset, rules=tuple(kept))


def _is_item(ruleset: RuleSet, action: str) -> bool:
    return any(known.items == action for known in ruleset.vocabulary.actions.values())


def _can_be_asked(ruleset: RuleSet, action: str) -> bool:
    return action in ruleset.vocabulary.actions and not ruleset.vocabulary.actions[action].internal


class _Regions:
    """One pair of decisions, over the requests that both rule sets can type or over all others."""

    def __init__(self, compared: _Compared, pair: _Pair, translation: Translation, *, typed: bool) -> None:
        self._compared = compared
        self._pair = pair
        self._translation = translation
        self._typed = typed
        self._among = self._compared_requests()

    def changes(self) -> Iterator[Change]:
        if self._concerned == NOTHING:
            return
        pair = self._pair
        action = pair.new.action or pair.old.action
        for kind, before, after, region in self._ways_of_item() if pair.is_item else self._ways():
            if region != NOTHING:
                yield Change(
                    action, pair.new.profile, kind, before, after, self._typed, pair.layout.is_item, region,
                    self._among, self._translation, pair.layout, partial(self._supposed, kind, before, region),
                )  # fmt: skip

    def _compared_requests(self) -> Region:
        region, lawful = self._translation.region, self._translation.lawful
        old, new = self._pair.old.reading, self._pair.new.reading
        for law in (*old.laws(), *new.laws()):
            lawful = region(law, lawful)
        if self._pair.refused:
            return lawful
        well_typed = region(negation(new.ill_typed), region(negation(old.ill_typed), lawful))
        return well_typed if self._typed else self._translation.diagrams.without(lawful, well_typed)

    @cached_property
    def _concerned(self) -> Region:
        """The requests in which some rule, or some attribute, is not as it was: all others are answered alike."""
        if self._compared.touched.order or self._pair.old.action != self._pair.new.action:
            return self._among
        diagrams = self._translation.diagrams
        otherwise = diagrams.either(self._rules_otherwise(), self._read_otherwise())
        return diagrams.both(self._among, otherwise)

    def _rules_otherwise(self) -> Region:
        region, diagrams, pair = self._translation.region, self._translation.diagrams, self._pair
        gone, come = self._compared.touched.rules(pair.new.profile, pair.new.action)
        # Of a request whose action cannot be told, only what denies every action speaks.
        heads = {rule.id: head(rule) for rule in come if rule.id in pair.new.fired}
        found = []
        for rule in (rule for rule in gone if rule.id in pair.old.fired):
            fired = region(pair.old.fired[rule.id])
            if heads.get(rule.id) == head(rule):
                fires = region(pair.new.fired[rule.id])
                found += [diagrams.without(fired, fires), diagrams.without(fires, fired)]
                del heads[rule.id]
            else:
                found.append(fired)
        return diagrams.union([*found, *(region(pair.new.fired[name]) for name in heads)])

    def _read_otherwise(self) -> Region:
        """The requests that state of some attribute what the two vocabularies read otherwise."""
        old, new = self._pair.old.reading, self._pair.new.reading
        formulas = []
        for name in sorted(self._compared.touched.attributes):
            if name in old.vocabulary.attributes and name in new.vocabulary.attributes:
                formulas += [z3.Xor(one, other) for one, other in self._meanings(name)]
            else:
                formulas.append(negation(self._compared.domain.states(name, Stated.MISSING)))
        return self._translation.region(any_of(formulas))

    def _meanings(self, name: str) -> Iterator[tuple[z3.BoolRef, z3.BoolRef]]:
        """Everything that can be told of an attribute, as either vocabulary reads it."""
        old, new = self._pair.old.reading, self._pair.new.reading
        yield old.unknown(name), new.unknown(name)
        if old.vocabulary.attributes[name].derived or new.vocabulary.attributes[name].derived:
            return
        yield old.nothing(name), new.nothing(name)
        for option in self._compared.domain.options[name]:
            if not isinstance(option, Stated):
                yield old.is_value(name, option), new.is_value(name, option)
        for code in self._translation.codes.get(name, {}):
            yield old.has(name, code), new.has(name, code)

    def _ways(self) -> Iterator[tuple[Kind, str, str, Region]]:
        """Each way in which answers can change, with the requests of which it is so."""
        diagrams = self._translation.diagrams
        old, new = self._decided
        both = diagrams.both(old.permitted, new.permitted)
        denied = diagrams.without(self._concerned, diagrams.either(old.permitted, new.permitted))
        yield Kind.OPENS, "", Answer.OK, diagrams.without(new.permitted, old.permitted)
        yield Kind.CLOSES, Answer.OK, "", diagrams.without(old.permitted, new.permitted)
        for before in DENIALS:
            for after in DENIALS:
                if after is not before:
                    yield Kind.ANSWERS, before, after, diagrams.both(old.answers[before], new.answers[after])
        for duty in self._duties():
            had, has = (diagrams.both(diagrams.either(both, denied), side.duty(duty)) for side in (old, new))
            yield Kind.OBLIGES, "", duty, diagrams.without(has, had)
            yield Kind.RELEASES, duty, "", diagrams.without(had, has)
        for narrow, was in old.scopes.items():
            for wide, is_now in new.scopes.items():
                if narrow != wide:
                    yield Kind.SCOPES, narrow, wide, diagrams.both(was, is_now)

    def _supposed(self, kind: Kind, before: str, region: Region) -> Region:
        """The requests of which a change of a kind takes for granted that they are answered so.

        Of what opens or closes, that no rule forbids it which both rule sets have.
        """
        diagrams = self._translation.diagrams
        if kind in (Kind.OPENS, Kind.CLOSES):
            found = diagrams.both(self._allowed_alike, self._listed)
        elif kind is Kind.ANSWERS:
            found = self._before.answers[Answer(before)]
        else:
            found = self._permitted_alike
        # What every decision carries is not of the permitted alone, and an edited vocabulary reads requests otherwise.
        return found if diagrams.lies_in(region, found) else self._among

    @cached_property
    def _allowed_alike(self) -> Region:
        """The requests that no unedited rule denies, and that one permits unless a permit was edited."""
        pair, diagrams, region = self._pair, self._translation.diagrams, self._translation.region
        gone, come = self._compared.touched.rules(pair.new.profile, pair.new.action)
        kept = [rule for name, rule in pair.new.rules.items() if name not in {rule.id for rule in come}]
        found = self._among
        for rule in (rule for rule in kept if rule.effect == "deny"):
            found = diagrams.without(found, region(pair.new.fired[rule.id]))
        if any(rule.effect == "permit" for rule in (*gone, *come)):
            return found
        permits = [region(pair.new.fired[rule.id]) for rule in kept if rule.effect == "permit"]
        return diagrams.both(found, diagrams.union(permits))

    @cached_property
    def _before(self) -> Decided:
        return Decided(self._pair.old, self._among, self._translation, typed=self._typed)

    @cached_property
    def _permitted_alike(self) -> Region:
        """The requests that both permit: of those that no edit concerns, one decision is the other's as well."""
        diagrams, (old, new) = self._translation.diagrams, self._decided
        elsewhere = diagrams.without(self._before.permitted, self._concerned)
        return diagrams.either(elsewhere, diagrams.both(old.permitted, new.permitted))

    @cached_property
    def _listed(self) -> Region:
        return self._lists() if self._pair.is_item else EVERYTHING

    @cached_property
    def _decided(self) -> tuple[Decided, Decided]:
        """What both decide on the requests that an edit concerns."""
        one, other = (
            Decided(side, self._concerned, self._translation, typed=self._typed)
            for side in (self._pair.old, self._pair.new)
        )
        return one, other

    def _duties(self) -> dict[str, None]:
        """The obligations that may come or go."""
        pair, touched = self._pair, self._compared.touched
        rules = [rule for side in touched.rules(pair.new.profile, pair.new.action) for rule in side]
        if touched.attributes or touched.order:
            rules = [*pair.old.rules.values(), *pair.new.rules.values()]
        always = pair.old.reading.vocabulary.always ^ pair.new.reading.vocabulary.always
        return dict.fromkeys([*(duty for rule in rules for duty in rule.obligations), *sorted(always)])

    def _ways_of_item(self) -> Iterator[tuple[Kind, str, str, Region]]:
        """An item of a list is shown or not, and only where the list itself is permitted before and after."""
        diagrams = self._translation.diagrams
        old, new = self._decided
        opens = diagrams.without(new.permitted, old.permitted)
        closes = diagrams.without(old.permitted, new.permitted)
        if opens == closes:
            return
        yield Kind.OPENS, "", Answer.OK, diagrams.both(opens, self._listed)
        yield Kind.CLOSES, Answer.OK, "", diagrams.both(closes, self._listed)

    def _lists(self) -> Region:
        """The requests whose list both rule sets permit; a list is asked for without a document of its own."""
        translation = self._translation
        lists = self._compared.outcomes(self._pair.new.profile, self._pair.layout.asked)
        alone = translation.diagrams.both(translation.lawful, translation.where(DOCUMENT_GIVEN, [False]))
        permitted = alone
        for one in lists:
            typed = translation.region(negation(one.reading.ill_typed), permitted)
            permitted = Decided(one, typed, translation, typed=True).permitted
        return translation.diagrams.whatever(permitted, translation.of_document)
