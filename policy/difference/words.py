"""Tells classes of requests in sentences that an officer reads, in French or in English."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from policy.analyze.domain import Option, Stated
from policy.difference.classes import DELAY, RequestClass, changed_delays
from policy.difference.compare import Kind
from policy.language import Language, duration, say
from policy.ruleset import RuleSet
from policy.shape import Text
from policy.wording import Wording

MOST_NAMED = 3
"""So many values are named; of more, a count is told and these as examples."""
MOST_ACTIONS = 6
_SUBJECT = "subject."

_SAID: dict[Kind, dict[Language, str]] = {
    Kind.OPENS: {"fr": "{who} peuvent désormais {what}", "en": "{who} may now {what}"},
    Kind.CLOSES: {"fr": "{who} ne peuvent plus {what}", "en": "{who} may no longer {what}"},
    Kind.ANSWERS: {
        "fr": "{who}, refusés comme avant pour {what}, reçoivent désormais {after} au lieu de {before}",
        "en": "{who}, refused as before for {what}, are now told {after} instead of {before}",
    },
    Kind.OBLIGES: {
        "fr": "{who}, pour {what} : désormais obligation de {after}",
        "en": "{who}, for {what}: now with the obligation {after}",
    },
    Kind.RELEASES: {
        "fr": "{who}, pour {what} : plus d'obligation de {before}",
        "en": "{who}, for {what}: no longer with the obligation {before}",
    },
    Kind.SCOPES: {
        "fr": "{who}, pour {what} : voient désormais {after} au lieu de {before}",
        "en": "{who}, for {what}: now see {after} instead of {before}",
    },
}
_PHRASES: dict[str, dict[Language, str]] = {
    "anybody": {"fr": "tous", "en": "all"},
    "no action": {"fr": "une action inconnue", "en": "an unknown action"},
    "ill-typed": {"fr": "demandes mal formées", "en": "ill-typed requests"},
    "others": {"fr": "{names} et {n} autres", "en": "{names} and {n} others"},
    "count": {"fr": "{n} {many} ({names})", "en": "{n} {many} ({names})"},
    "another": {"fr": "tout autre", "en": "any other"},
    "none": {"fr": "rien de tel", "en": "nothing of the kind"},
    "colon": {"fr": " : ", "en": ": "},
    "quoted": {"fr": "{code} (« {text} »)", "en": "{code} (“{text}”)"},
    "some": {"fr": "pour une partie de ces combinaisons seulement", "en": "for some of these combinations only"},
    "one": {"fr": "« {name} »", "en": "“{name}”"},
    "of one": {"fr": "{who} ({which})", "en": "{who} ({which})"},
    "elapsed": {"fr": "au moins {time}", "en": "at least {time}"},
    "not elapsed": {"fr": "moins de {time}", "en": "less than {time}"},
    "ago": {"fr": "{what} il y a {times}", "en": "{what} {times} ago"},
    "or": {"fr": " ou ", "en": " or "},
    "and": {"fr": " et ", "en": " and "},
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
        change = one.change
        what = dict.fromkeys(self._action(each) for each in classes)
        sentence = _SAID[change.kind][self._language].format(
            who=self._who(one), what=self._listed(list(what), MOST_ACTIONS, "or"),
            before=self._answer(change.before), after=self._answer(change.after),
        )  # fmt: skip
        if conditions := self._conditions(one):
            sentence += self._phrase("colon") + conditions
        return Told(
            change.kind, self._text(Text(*(sentence[:1].upper() + sentence[1:],) * 2)),
            self._always(one), tuple(dict.fromkeys(each.change.profile for each in classes)),
            tuple(dict.fromkeys(each.change.action for each in classes)), tuple(classes),
        )  # fmt: skip

    def _phrase(self, phrase: str, **words: object) -> str:
        return _PHRASES[phrase][self._language].format(**words)

    def _text(self, text: Text) -> str:
        return say(text, self._language)

    def _who(self, one: RequestClass) -> str:
        """The subject, by what tells most of it: the rows of a table, else all that is named."""
        if not one.change.typed:
            return self._phrase("ill-typed")
        named = {name: values for name, values in self._worth_telling(one).items() if name.startswith(_SUBJECT)}
        listed = [name for name in named if self._is_of_table(name)]
        if listed and len(named[listed[0]]) > 1:
            return self._values(listed[0], named[listed[0]])
        parts = [self._values(name, values) for name, values in named.items() if name not in listed]
        if parts and listed:
            which = self._listed([self._value(listed[0], value) for value in named[listed[0]]], MOST_NAMED, "and")
            parts[0] = self._phrase("of one", who=parts[0], which=which)
        return ", ".join(parts or [self._values(name, named[name]) for name in listed]) or self._phrase("anybody")

    def _conditions(self, one: RequestClass) -> str:
        """What else is named; long lists come last."""
        named = {name: values for name, values in self._worth_telling(one).items() if not name.startswith(_SUBJECT)}
        parts = [*self._times(one)]
        parts += [said for name, values in one.facts.items() if (said := self._label(name, values))]
        parts += [self._values(name, named[name]) for name in sorted(named, key=self._is_of_table)]
        if one.change.typed and not one.exact and len(one.named) > 1:
            parts.append(self._phrase("some"))
        return ", ".join(parts)

    def _times(self, one: RequestClass) -> Iterator[str]:
        """How long ago a date must lie, where a delay after it has changed; of one that has not, it tells nothing."""
        changed = self._changed_delays(one.change.profile)
        found: dict[str, list[str]] = {}
        for variable, values in {**one.facts, **one.named}.items():
            name, _, amount = variable.partition(DELAY)
            if amount and name in changed and len(values) == 1:
                number, unit = amount.split()
                time = duration(int(number), unit, self._language)
                found.setdefault(name, []).append(self._phrase("elapsed" if values[0] else "not elapsed", time=time))
        attributes = {**self._old.vocabulary.attributes, **self._new.vocabulary.attributes}
        for name, times in found.items():
            yield self._phrase("ago", what=self._text(attributes[name].title), times=self._phrase("and").join(times))

    def _changed_delays(self, profile: str) -> set[str]:
        if profile not in self._changed:
            self._changed[profile] = changed_delays(self._old, self._new, profile)
        return self._changed[profile]

    def _worth_telling(self, one: RequestClass) -> dict[str, tuple[Option, ...]]:
        """The named attributes, without what goes without saying and what is not stated at all."""
        stated = {
            name: tuple(value for value in values if not isinstance(value, Stated))
            for name, values in one.named.items()
            if DELAY not in name
        }
        return {name: values for name, values in stated.items() if values and not self._is_usual(name, values)}

    def _is_of_table(self, name: str) -> bool:
        wording = self._wording(name)
        return wording is not None and bool(wording.table)

    def _always(self, one: RequestClass) -> tuple[str, ...]:
        """The facts that hold of every request of the class and are true, in the vocabulary's words."""
        attributes = {**self._old.vocabulary.attributes, **self._new.vocabulary.attributes}
        return tuple(
            self._text(attributes[name].title)
            for name, values in one.facts.items()
            if name in attributes and (values == (True,) or all(isinstance(v, str) and v for v in values))
        )

    def _label(self, variable: str, values: tuple[Option, ...]) -> str:
        """A code that every set of the class has."""
        name, _, code = variable.partition(" has ")
        wording = self._wording(name)
        if values != (True,) or wording is None or code not in wording.values:
            return ""
        return self._text(wording.values[code])

    def _values(self, name: str, values: tuple[Option, ...]) -> str:
        names = [self._value(name, value) for value in values]
        wording = self._wording(name)
        if wording is None or not wording.table:
            return self._listed(names, MOST_NAMED, "and" if name.startswith(_SUBJECT) else "or")
        many = self._text(wording.many)
        if len(names) == 1:
            return self._phrase("one", many=many, name=names[0])
        return self._phrase("count", n=len(names), many=many, names=self._listed(names, MOST_NAMED, "and"))

    def _listed(self, names: list[str], most: int, joiner: str) -> str:
        if len(names) <= most + 1:
            return self._phrase(joiner).join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)
        return self._phrase("others", names=", ".join(names[:most]), n=len(names) - most)

    def _value(self, name: str, value: Option) -> str:
        wording = self._wording(name)
        word = str(value).lower() if isinstance(value, bool) else str(value)
        if wording and word in wording.values:
            return self._text(wording.values[word])
        if wording and wording.table:
            sides = (self._new, self._old)
            labels = (side.cell(wording.table, word, wording.label) for side in sides if wording.table in side.tables)
            return next((label for label in labels if label), self._phrase("another"))
        return word

    def _wording(self, name: str) -> Wording | None:
        return self._new.vocabulary.wording.get(name) or self._old.vocabulary.wording.get(name)

    def _is_usual(self, name: str, values: tuple[Option, ...]) -> bool:
        wording = self._wording(name)
        words = {str(value).lower() if isinstance(value, bool) else value for value in values}
        return wording is not None and words <= {*wording.usual}

    def _action(self, one: RequestClass) -> str:
        change = one.change
        if not change.action:
            return self._phrase("no action")
        known = {**self._old.vocabulary.actions, **self._new.vocabulary.actions}
        return self._text(known[change.action].title)

    def _answer(self, word: str) -> str:
        """An outward answer, obligation or scope."""
        for vocabulary in (self._new.vocabulary, self._old.vocabulary):
            said = vocabulary.answers.get(word) or vocabulary.duties.get(word.partition(":")[0])
            if said:
                return self._phrase("quoted", code=word, text=self._text(said))
        return word or self._phrase("none")


def _asked(one: RequestClass) -> str:
    """What was asked, and whether as an item of a list."""
    return f"{one.change.action} {one.change.layout.is_item}"
