"""Cuts a change into classes of which a sentence can be told: products of named values, and what always holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import accumulate

from policy.analyze.domain import Option, Stated
from policy.analyze.reading import Reading
from policy.condition import Elapsed, tests_of
from policy.difference.compare import Change, Way
from policy.difference.diagram import EVERYTHING, NOTHING, Region
from policy.difference.holding import Fact, Held, Holdings, deciding, met, needed
from policy.difference.translate import Translation
from policy.ruleset import RuleSet
from policy.vocabulary import Vocabulary
from policy.wording import word_of

MOST_PARTS = 4
"""Into how many parts one attribute may cut a class."""
DEEPEST = 3
"""By how many attributes in turn a class is cut."""
DELAY = " elapsed "
"""Between an attribute and an amount, in the name of the variable that says whether so much has elapsed."""
Choice = Mapping[str, tuple[Option, ...]]
"""By variable, the values that it may have."""


@dataclass(frozen=True, slots=True)
class RequestClass:
    """Requests whose answer changes in one way, of which one sentence can be told."""

    change: Way
    named: Choice
    """The attributes that officers name, where not every value occurs: the values that do."""
    facts: tuple[Fact, ...]
    """What else holds of every request of the class, where it need not hold of others."""
    exact: bool
    """Whether every combination of the named values occurs; else only some do, as a table says."""
    held: tuple[Held, ...] = ()
    """What its requests have in common, and others that the named values and the facts would speak of have not."""
    always: tuple[Held, ...] = ()
    """Definitions that hold of them all, and need not hold of other requests."""
    deciding: tuple[str, ...] = ()
    """The attributes on which it depends whether such a request is of the class, where all that is not enough."""


Cut = tuple[RequestClass, Region]
"""A class, and its requests."""


class Classes:
    """Cuts the changes between two rule sets, and keeps what their sentences can say as long as the action is one."""

    def __init__(self, old: RuleSet, new: RuleSet) -> None:
        """Cut what changes from one rule set to another."""
        self._old, self._new = old, new
        self._delays = {
            profile: changed_delays(old, new, profile) for profile in new.profiles if profile in old.profiles
        }
        self._action = ""
        self._holdings: dict[tuple[Translation, Reading, str], Holdings] = {}

    def of(self, change: Change) -> list[Cut]:
        """The classes of a change; together their regions are its region."""
        if change.action != self._action:
            # A translation holds every region of its action.
            self._action = change.action
            self._holdings.clear()
        return list(
            _Cutter(change, self._old, self._new, self._delays[change.profile], self._sayings(change)).classes()
        )

    def _sayings(self, change: Change) -> Holdings:
        key = (change.translation, change.layout, change.profile)
        found = self._holdings.get(key)
        if found is None:
            found = self._holdings[key] = Holdings(*key, self._old, self._new)
        return found


def changed_delays(old: RuleSet, new: RuleSet, profile: str) -> set[str]:
    """The dates after which one of the two rule sets waits so long, and the other does not."""
    return {test.attribute for test in _delays(old, profile) ^ _delays(new, profile)}


def _delays(ruleset: RuleSet, profile: str) -> set[Elapsed]:
    conditions = (rule.conditions.get(profile) for rule in ruleset.rules)
    tests = (test for condition in conditions if condition for test in tests_of(condition))
    return {test for test in tests if isinstance(test, Elapsed)}


def is_told(fact: Fact) -> bool:
    """Whether a fact that holds of a class is one that officers are told: that something is so, or is given."""
    if DELAY in fact.variable or "." not in fact.variable:
        return False
    return fact.values == (True,) or all(isinstance(value, str) and value for value in fact.values)


class _Cutter:
    def __init__(self, change: Change, old: RuleSet, new: RuleSet, delays: set[str], holdings: Holdings) -> None:
        vocabularies = [old.vocabulary, new.vocabulary]
        translation = change.translation
        self._change = change
        self._translation, self._diagrams = translation, translation.diagrams
        worded = {name for vocabulary in vocabularies for name in vocabulary.wording}
        self._usual = {n: frozenset(w.usual) for vocabulary in vocabularies for n, w in vocabulary.wording.items()}
        # A delay that has changed is told like what officers name, and cut by, lest one sentence tell two of them.
        self._named = [
            name
            for name in translation.names
            if (name in worded and self._is_single(name)) or (DELAY in name and name.partition(DELAY)[0] in delays)
        ]
        self._others = [translation.number[name] for name in translation.names if name not in self._named]
        # What a missing value stands for is named where it is given, so that nothing is counted twice.
        self._plain = reduce(self._diagrams.both, self._defaults(vocabularies), EVERYTHING)
        self._all = self._shadow(change.among)
        self._holdings = holdings

    def _is_single(self, name: str) -> bool:
        return Stated.GIVEN not in self._translation.values[name]

    def _defaults(self, vocabularies: Sequence[Vocabulary]) -> Iterator[Region]:
        for name in self._named:
            found = [vocabulary.attributes.get(name) for vocabulary in vocabularies]
            if all(attribute and attribute.absent is not None for attribute in found):
                values = self._translation.values[name]
                yield self._translation.where(name, [v for v in values if v is not Stated.MISSING])

    def _shadow(self, region: Region) -> Region:
        """What the region says of the named attributes alone."""
        return self._diagrams.whatever(self._diagrams.both(region, self._plain), self._others)

    def classes(self) -> Iterator[Cut]:
        region = self._change.region
        shadow = self._shadow(region)
        if not self._change.typed or shadow == NOTHING:
            supposed = self._diagrams.either(region, self._change.supposed())
            rest = deciding(region, supposed, self._translation)
            yield RequestClass(self._change.way, {}, (), exact=False, deciding=rest), region
            return
        left = region
        for part in self._parts(shadow, DEEPEST):
            box = self._with_missing(part)
            here = self._diagrams.both(left, box)
            if here != NOTHING:
                left = self._diagrams.without(left, here)
                yield self._told(here)
        if left != NOTHING:
            yield self._told(left)

    def _parts(self, shadow: Region, depth: int) -> list[Region]:
        """The region as a few products, where it is such; else as it is."""
        if depth == 0 or self._is_product(shadow):
            return [shadow]
        cut, number = self._diagrams.cut, self._translation.number
        found = ((cut(shadow, number[name], MOST_PARTS), name) for name in self._named)
        cuts = [(parts, name) for parts, name in found if len(parts) > 1]
        if not cuts:
            return [shadow]
        parts, _ = min(cuts, key=lambda cut: (len(cut[0]), self._named.index(cut[1])))
        return [piece for part in parts for piece in self._parts(part, depth - 1)]

    def _is_product(self, shadow: Region) -> bool:
        hull = self._diagrams.both(self._all, self._hull(shadow))
        return self._diagrams.both(hull, self._plain) == shadow

    def _hull(self, region: Region) -> Region:
        """The smallest product of the named attributes that holds the region."""
        hull = EVERYTHING
        for number, values in self._diagrams.possible(region).items():
            if number not in self._others:
                hull = self._diagrams.both(hull, self._diagrams.where(number, values))
        return hull

    def _with_missing(self, part: Region) -> Region:
        """The part of the shadow, and with it what states nothing and is read as one of its values."""
        found = part
        for name in self._named:
            attribute = self._change.layout.vocabulary.attributes.get(name)
            if attribute is None or attribute.absent is None or attribute.absent not in self._translation.values[name]:
                continue
            number = self._translation.number[name]
            default = self._diagrams.both(found, self._translation.where(name, [attribute.absent]))
            if default != NOTHING and Stated.MISSING in self._translation.values[name]:
                unstated = self._translation.where(name, [Stated.MISSING])
                freed = self._diagrams.both(self._diagrams.whatever(default, [number]), unstated)
                found = self._diagrams.either(found, freed)
        return found

    def _told(self, region: Region) -> Cut:
        shadow = self._shadow(region)
        told = self._restricted(shadow, self._all)
        box = EVERYTHING
        for name, values in told.items():
            if self._is_part_of_usual(name, values):
                continue  # told only where it tells the class from what a sentence would else speak of
            box = self._diagrams.both(box, self._translation.where(name, values))
        around = self._diagrams.both(self._diagrams.both(self._change.among, box), self._plain)
        restricted = self._restricted(self._diagrams.both(region, self._plain), around)
        facts = self._facts({name: values for name, values in restricted.items() if name not in self._named})
        narrower = self._narrower(self._diagrams.both(region, self._plain), around, facts)
        told, always = self._independent(told), tuple(fact for fact, _ in facts)
        return RequestClass(self._change.way, told, always, self._is_product(shadow), *narrower), region

    def _narrower(
        self, region: Region, around: Region, facts: list[tuple[Fact, Region]]
    ) -> tuple[tuple[Held, ...], tuple[Held, ...], tuple[str, ...]]:
        """What must be said for a sentence to speak of no other requests, what else it may say, and what it cannot."""
        translation, diagrams, holdings = self._translation, self._diagrams, self._holdings
        stated = met(around, [(fact, where) for fact, where in facts if is_told(fact)], translation)
        supposed = diagrams.either(region, diagrams.both(stated, self._change.supposed()))
        held = needed(region, supposed, holdings.named, translation)
        apart = self._facts(self._restricted(region, met(supposed, held, translation)))
        held += needed(region, met(supposed, held, translation), holdings.others(apart), translation)
        known = met(stated, held, translation)
        beside = needed(region, known, holdings.named, translation)
        left = deciding(region, met(supposed, held, translation), translation)
        return tuple(one for one, _ in held), tuple(one for one, _ in beside), left

    def _is_part_of_usual(self, name: str, values: tuple[Option, ...]) -> bool:
        """Whether some of the values that go without saying are left out, and no others occur."""
        usual, known = self._usual.get(name, frozenset()), self._translation.values[name]
        return {*map(word_of, values)} < {word_of(value) for value in known if word_of(value) in usual}

    def _facts(self, choice: Choice) -> list[tuple[Fact, Region]]:
        known, where = self._translation.values, self._translation.where
        return [
            (Fact(name, values, tuple(value for value in known[name] if value not in values)), where(name, values))
            for name, values in choice.items()
        ]

    def _independent(self, told: dict[str, tuple[Option, ...]]) -> dict[str, tuple[Option, ...]]:
        """Without what the others already say: every professional has a profession."""
        both, kept = self._diagrams.both, dict(told)
        wheres = [self._translation.where(name, values) for name, values in told.items()]
        earlier = [*accumulate(wheres, both, initial=self._all)]
        later = EVERYTHING
        for place, name in reversed([*enumerate(told)]):
            if self._diagrams.lies_in(both(earlier[place], later), wheres[place]):
                del kept[name]
            else:
                later = both(later, wheres[place])
        return kept

    def _restricted(self, region: Region, among: Region) -> dict[str, tuple[Option, ...]]:
        """The variables that have fewer values in the region than among other requests too."""
        diagrams = self._diagrams
        restricted = (
            self._translation.names[number]
            for number, values in diagrams.possible(region).items()
            if not diagrams.lies_in(among, diagrams.where(number, values))
        )
        return {name: self._values(region, name) for name in restricted}

    def _values(self, region: Region, name: str) -> tuple[Option, ...]:
        """The values that a variable has somewhere in the region."""
        number = self._translation.number[name]
        known = self._translation.values[name]
        chosen = self._diagrams.possible(region).get(number, range(len(known)))
        return tuple(known[value] for value in sorted(chosen))
