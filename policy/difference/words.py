"""Tells classes of requests in sentences that an officer reads, in French or in English."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from policy.analyze.clock import Amount
from policy.analyze.domain import Option, Stated
from policy.difference.classes import DELAY, RequestClass, changed_delays, is_told
from policy.difference.compare import Kind
from policy.difference.holding import Fact
from policy.difference.naming import CODE, SUBJECT, Naming, delay_of, is_nothing
from policy.language import Language
from policy.ruleset import RuleSet
from policy.shape import Text

MOST_ACTIONS = 6
MOST_DECIDING = 6

_SAID: dict[Kind, dict[Language, str]] = {
    Kind.OPENS: {"fr": "{who} peuvent désormais {what}", "en": "{who} may now {what}"},
    Kind.CLOSES: {"fr": "{who} ne peuvent plus {what}", "en": "{who} may no longer {what}"},
    Kind.ANSWERS: {
        "fr": "{who}, refusés comme avant pour {what}, reçoivent désormais {after} au lieu de {before}",
        "en": "{who}, refused as before when they {what}, are now told {after} instead of {before}",
    },
    Kind.OBLIGES: {
        "fr": "{who}, pour {what} : désormais obligation de {after}",
        "en": "{who}, when they {what}: now with the obligation {after}",
    },
    Kind.RELEASES: {
        "fr": "{who}, pour {what} : plus d'obligation de {before}",
        "en": "{who}, when they {what}: no longer with the obligation {before}",
    },
    Kind.SCOPES: {
        "fr": "{who}, pour {what} : voient désormais {after} au lieu de {before}",
        "en": "{who}, when they {what}: now see {after} instead of {before}",
    },
}


@dataclass(frozen=True, slots=True)
class Told:
    """One sentence, and the classes of which it is true."""

    kind: Kind
    sentence: str
    always: tuple[str, ...]
    """What else holds of every such request."""
    profiles: tuple[str, ...]
    actions: tuple[str, ...]
    classes: tuple[RequestClass, ...]


def tell(found: Iterable[RequestClass], old: RuleSet, new: RuleSet, language: Language) -> list[Told]:
    """One sentence for all classes that differ only in the action or the profile; the most important first."""
    return _Teller(old, new, language).tell(list(found))


class _Teller:
    def __init__(self, old: RuleSet, new: RuleSet, language: Language) -> None:
        self._old, self._new, self._language = old, new, language
        self._naming = Naming(old, new, language)
        self._changed: dict[str, set[str]] = {}

    def tell(self, found: Sequence[RequestClass]) -> list[Told]:
        alike: dict[tuple[object, ...], dict[str, list[RequestClass]]] = {}
        for one in found:
            change = one.change
            said = self._who(one), self._conditions(one), self._always(one)
            key = (change.kind, change.before, change.after, *said)
            alike.setdefault(key, {}).setdefault(one.change.profile, []).append(one)
        told = [self._told(classes) for by_profile in alike.values() for classes in self._rectangles(by_profile)]
        order = list(Kind)
        return sorted(told, key=lambda one: order.index(one.kind))

    @staticmethod
    def _rectangles(by_profile: dict[str, list[RequestClass]]) -> list[list[RequestClass]]:
        """The classes whose actions are the same in several profiles, together."""
        same: dict[frozenset[str], list[RequestClass]] = {}
        for classes in by_profile.values():
            same.setdefault(frozenset(_asked(one) for one in classes), []).extend(classes)
        return list(same.values())

    def _told(self, classes: list[RequestClass]) -> Told:
        one = classes[0]
        change, naming = one.change, self._naming
        what = dict.fromkeys(self._action(each) for each in classes)
        sentence = _SAID[change.kind][self._language].format(
            who=self._who(one), what=naming.listed(list(what), MOST_ACTIONS, "or"),
            before=self._answer(change.before), after=self._answer(change.after),
        )  # fmt: skip
        if conditions := self._conditions(one):
            sentence += naming.phrase("colon") + conditions
        return Told(
            change.kind, naming.text(Text(*(sentence[:1].upper() + sentence[1:],) * 2)),
            self._always(one), tuple(dict.fromkeys(each.change.profile for each in classes)),
            tuple(dict.fromkeys(each.change.action for each in classes)), tuple(classes),
        )  # fmt: skip

    def _who(self, one: RequestClass) -> str:
        """The subject: the rows of a table by their number, what they are where it is more than one thing, the rest."""
        naming = self._naming
        if not one.change.typed:
            return naming.phrase("ill-typed")
        named = {name: values for name, values in self._worth_telling(one).items() if name.startswith(SUBJECT)}
        listed = next((name for name in named if naming.is_of_table(name)), "")
        others = {name: values for name, values in named.items() if name != listed}
        if listed and len(named[listed]) > 1:
            kept = [naming.values(name, values) for name, values in others.items() if not self._goes_with(name, values)]
            return ", ".join([naming.values(listed, named[listed]), *kept])
        parts = [naming.values(name, values) for name, values in others.items()]
        if parts and listed:
            value = named[listed][0]
            which = naming.values(listed, (value,)) if is_nothing(value) else naming.value(listed, value)
            parts[0] = naming.phrase("of one", who=parts[0], which=which)
        return ", ".join(parts or [naming.values(name, named[name]) for name in named]) or naming.phrase("anybody")

    def _goes_with(self, name: str, values: tuple[Option, ...]) -> bool:
        """Whether an attribute of the subject has the one value of which the rows of a table are required."""
        needs = (need for known in self._naming.attributes.values() for need in known.required)
        return len(values) == 1 and any(need.attribute == name and values[0] in need.values for need in needs)

    def _conditions(self, one: RequestClass) -> str:
        """What else is named; long lists come last."""
        naming = self._naming
        named = {name: values for name, values in self._worth_telling(one).items() if not name.startswith(SUBJECT)}
        parts = [*self._times(one)]
        parts += [naming.fact(fact) for fact in one.facts if _is_label(fact)]
        parts += [naming.held(held) for held in one.held if held not in self._timed(one)]
        parts += [naming.values(name, named[name]) for name in sorted(named, key=naming.is_of_table)]
        return ", ".join([*dict.fromkeys(parts), *self._rest(one)])

    def _rest(self, one: RequestClass) -> Iterator[str]:
        """That the sentence holds of some cases only, and on what it depends which."""
        others = [name for name in one.deciding if name not in one.named]
        if others:
            names = [self._naming.title(name) for name in others]
            yield self._naming.phrase("cases", names=self._naming.listed(names, MOST_DECIDING, "and"))
        elif one.change.typed and ((not one.exact and len(one.named) > 1) or one.deciding):
            yield self._naming.phrase("some")

    def _times(self, one: RequestClass) -> Iterator[str]:
        """How long ago a date must lie, where a delay after it has changed; of one that has not, it tells nothing."""
        found: dict[str, list[tuple[Amount, bool]]] = {}
        for held in self._timed(one):
            name, amount = delay_of(held.variable)
            found.setdefault(name, []).append((amount, held.values == (True,)))
        for name, delays in found.items():
            yield self._naming.delays(name, delays)

    def _timed(self, one: RequestClass) -> list[Fact]:
        """The delays that are told: those that have changed, and those that tell the class from what it is not."""
        changed = self._changed_delays(one.change.profile)
        named = [Fact(variable, values) for variable, values in one.named.items()]
        facts = [fact for fact in (*one.facts, *named) if DELAY in fact.variable and len(fact.values) == 1]
        found = [fact for fact in facts if delay_of(fact.variable)[0] in changed]
        held = [fact for fact in one.held if isinstance(fact, Fact) and DELAY in fact.variable]
        return [*dict.fromkeys([*found, *held])]

    def _changed_delays(self, profile: str) -> set[str]:
        if profile not in self._changed:
            self._changed[profile] = changed_delays(self._old, self._new, profile)
        return self._changed[profile]

    def _worth_telling(self, one: RequestClass) -> dict[str, tuple[Option, ...]]:
        """The named attributes with what is stated of them, if anything is, and without what goes without saying."""
        stated = {
            name: tuple(value for value in values if not is_nothing(value)) or (Stated.MISSING,)
            for name, values in one.named.items()
            if DELAY not in name
        }
        return {name: values for name, values in stated.items() if not self._naming.is_usual(name, values)}

    def _always(self, one: RequestClass) -> tuple[str, ...]:
        """What officers are told of every request of the class, that others may have too."""
        told = [fact for fact in one.facts if is_told(fact) and not _is_label(fact)]
        return tuple(dict.fromkeys(self._naming.held(held) for held in (*told, *one.always)))

    def _action(self, one: RequestClass) -> str:
        change = one.change
        if not change.action:
            return self._naming.phrase("no action")
        known = {**self._old.vocabulary.actions, **self._new.vocabulary.actions}
        return self._naming.text(known[change.action].title)

    def _answer(self, word: str) -> str:
        """An outward answer, obligation or scope."""
        for vocabulary in (self._new.vocabulary, self._old.vocabulary):
            duty = vocabulary.obligations.get(word.partition(":")[0])
            said = vocabulary.answers.get(word) or (duty and duty.duty)
            if said:
                return self._naming.phrase("quoted", code=word, text=self._naming.text(said))
        return word or self._naming.phrase("none")


def _is_label(fact: Fact) -> bool:
    """Whether it says that a set has a code, which is told in the sentence itself."""
    return CODE in fact.variable and fact.values == (True,)


def _asked(one: RequestClass) -> str:
    """What was asked, and whether as an item of a list."""
    return f"{one.change.action} {one.change.is_item}"
