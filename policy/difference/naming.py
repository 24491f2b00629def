"""Names values, delays and whatever else holds of a class, as sentences do, in French or in English."""

from __future__ import annotations

import re
from collections.abc import Iterable

from policy.analyze.clock import Amount, implied
from policy.analyze.domain import Option, Stated
from policy.condition import Cell, SameAs, Test
from policy.difference.classes import DELAY
from policy.difference.holding import Fact, Held, Named
from policy.difference.translate import DOCUMENT_GIVEN, STRAY, STRAY_IN_DOCUMENT
from policy.explain.words import Words
from policy.grammar import UNITS
from policy.language import Language, duration, say
from policy.ruleset import RuleSet
from policy.shape import Text
from policy.vocabulary import Attribute
from policy.wording import Wording, word_of

MOST_NAMED = 3
"""So many values are named; of more, a count is told and these as examples."""
CODE = " has "
"""Between an attribute and a code, in the name of the variable that says whether the set has it."""
SUBJECT = "subject."
_ANY_TEXT = re.compile("X[0-9]+")
_PHRASES: dict[str, Text] = {
    "anybody": Text("tous", "all"),
    "no action": Text("une action inconnue", "an unknown action"),
    "ill-typed": Text("demandes mal formées", "ill-typed requests"),
    "others": Text("{names} et {n} autres", "{names} and {n} others"),
    "count": Text("{n} {many} ({names})", "{n} {many} ({names})"),
    "another": Text("tout autre", "any other"),
    "none": Text("rien de tel", "nothing of the kind"),
    "colon": Text(" : ", ": "),
    "quoted": Text("{code} (« {text} »)", "{code} (“{text}”)"),
    "some": Text("pour une partie de ces combinaisons seulement", "for some of these combinations only"),
    "cases": Text("dans certains cas seulement, selon : {names}", "in some cases only, depending on: {names}"),
    "one": Text("« {name} »", "“{name}”"),
    "of one": Text("{who} ({which})", "{who} ({which})"),
    "elapsed": Text("au moins {time}", "at least {time}"),
    "not elapsed": Text("moins de {time}", "less than {time}"),
    "ago": Text("{what} il y a {times}", "{what} {times} ago"),
    "yes": Text("oui", "yes"),
    "no": Text("non", "no"),
    "nothing": Text("non indiqué", "not given"),
    "given": Text("{what} : non vide", "{what}: given"),
    "but": Text("{what} : autre que {names}", "{what}: other than {names}"),
    "is": Text("{what} : {names}", "{what}: {names}"),
    "unlisted": Text("{many} hors liste", "{many} that are not listed"),
    "in": Text("{names} dans la table {table}", "{names} in table {table}"),
    "not in": Text("pas {names} dans la table {table}", "not {names} in table {table}"),
    DOCUMENT_GIVEN: Text("document nommé", "a document is named"),
    STRAY: Text("mots hors du vocabulaire", "words outside the vocabulary"),
    STRAY_IN_DOCUMENT: Text("mots du document hors du vocabulaire", "words of the document outside the vocabulary"),
    "differs": Text("{what} ≠ {other}", "{what} ≠ {other}"),
    "fails": Text("sauf si « {said} »", "except where “{said}”"),
    "with": Text("{what} : dont {code}", "{what}: with {code}"),
    "without": Text("{what} : sans {code}", "{what}: without {code}"),
    "or": Text(" ou ", " or "),
    "and": Text(" et ", " and "),
}


class Naming:
    """The words of two rule sets, the newer first, in one language."""

    def __init__(self, old: RuleSet, new: RuleSet, language: Language) -> None:
        """Name what either of them has."""
        self._sides, self._language = (new, old), language
        self.attributes: dict[str, Attribute] = {**old.vocabulary.attributes, **new.vocabulary.attributes}

    def phrase(self, phrase: str, **words: object) -> str:
        """A set phrase with these words in it."""
        said: str = getattr(_PHRASES[phrase], self._language)
        return said.format(**words)

    def text(self, text: Text) -> str:
        """A text in the language."""
        return say(text, self._language)

    def title(self, name: str) -> str:
        """What an attribute is called, or a part of the request that is none."""
        attribute = self.attributes.get(name)
        if attribute:
            return self.text(attribute.title)
        return self.phrase(name) if name in _PHRASES else name

    def held(self, held: Held) -> str:
        """Something that holds of every request of a class."""
        if isinstance(held, Fact):
            return self.fact(held)
        if isinstance(held, Named):
            saying = self._sides[0].sayings[held.definition]
            return self.text(saying.holds if held.holds else saying.fails)
        return self._related(held.test, held.holds)

    def _related(self, test: Test, holds: bool) -> str:
        if isinstance(test, SameAs) and not holds:
            return self.phrase("differs", what=self.title(test.attribute), other=self.title(test.other))
        if isinstance(test, Cell) and not test.same_as:
            names = self.listed([f"`{value}`" for value in sorted(test.values)], MOST_NAMED, "or")
            return self.phrase("in" if holds else "not in", names=names, table=test.table)
        said = Words(self._sides[0].vocabulary, self._language).test(test)
        return said if holds else self.phrase("fails", said=said)

    def fact(self, fact: Fact) -> str:
        """An attribute with its values, a code that is there or not, or a delay."""
        name, code = fact.variable, ""
        if DELAY in name:
            attribute, _, amount = name.partition(DELAY)
            return self.delays(attribute, [(_amount(amount), fact.values == (True,))])
        name, _, code = name.partition(CODE)
        wording = self.wording(name)
        if code and wording and code in wording.values:
            said = self.text(wording.values[code])
            return said if fact.values == (True,) else self.phrase("fails", said=said)
        if code:
            return self.phrase("with" if fact.values == (True,) else "without", what=self.title(name), code=code)
        return self._valued(name, fact)

    def _valued(self, name: str, fact: Fact) -> str:
        """An attribute with its values: true by its title alone; where any text will do but some, by these."""
        stated, title = self._stated(name, fact.values), self.title(name)
        if stated == (True,):
            return title
        if not any(_is_any_text(value) for value in stated):
            return self.phrase("is", what=title, names=self._valued_names(name, stated))
        if others := [value for value in fact.others if not is_nothing(value)]:
            return self.phrase("but", what=title, names=self._valued_names(name, others))
        return self.phrase("given", what=title)

    def _valued_names(self, name: str, values: Iterable[Option]) -> str:
        return self.listed([*dict.fromkeys(self.value(name, value) for value in values)], MOST_NAMED, "or")

    def _stated(self, name: str, values: tuple[Option, ...]) -> tuple[Option, ...]:
        """The values, those that a missing one stands for once."""
        attribute = self.attributes.get(name)
        absent = attribute.absent if attribute else None
        return tuple(value for value in values if value is not Stated.MISSING or absent not in values)

    def delays(self, name: str, found: Iterable[tuple[Amount, bool]]) -> str:
        """How long ago a date lies: of several delays that go together, the one that says most."""
        told = list(found)
        times = [
            self.phrase("elapsed" if held else "not elapsed", time=duration(*amount, self._language))
            for amount, held in told
            if not any(_says(other, (amount, held)) for other in told if other != (amount, held))
        ]
        return self.phrase("ago", what=self.title(name), times=self.phrase("and").join(times))

    def values(self, name: str, values: tuple[Option, ...]) -> str:
        """The values of a named attribute; of a table, how many, and the first."""
        if all(map(is_nothing, values)):
            return self.phrase("is", what=self.title(name), names=self.phrase("nothing"))
        names = [self.value(name, value) for value in values]
        wording = self.wording(name)
        if wording is None or not wording.table:
            return self.listed(names, MOST_NAMED, "and" if name.startswith(SUBJECT) else "or")
        many = self.text(wording.many)
        if names == [self.phrase("another")]:
            return self.phrase("unlisted", many=many)
        if len(names) == 1:
            return self.phrase("one", many=many, name=names[0])
        return self.phrase("count", n=len(names), many=many, names=self.listed(names, MOST_NAMED, "and"))

    def listed(self, names: list[str], most: int, joiner: str) -> str:
        """Some names, and how many more there are."""
        if len(names) <= most + 1:
            return self.phrase(joiner).join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)
        return self.phrase("others", names=", ".join(names[:most]), n=len(names) - most)

    def value(self, name: str, value: Option) -> str:
        """A value as sentences name it."""
        wording = self.wording(name)
        word = word_of(value)
        if wording and word in wording.values:
            return self.text(wording.values[word])
        if wording and wording.table:
            labels = (
                side.cell(wording.table, word, wording.label) for side in self._sides if wording.table in side.tables
            )
            return next((label for label in labels if label), self.phrase("another"))
        if isinstance(value, bool):
            return self.phrase("yes" if value else "no")
        return self.phrase("nothing") if is_nothing(value) else word

    def wording(self, name: str) -> Wording | None:
        """How an attribute's values are named."""
        return next((found for side in self._sides if (found := side.vocabulary.wording.get(name))), None)

    def is_of_table(self, name: str) -> bool:
        """Whether the values of an attribute are the rows of a table."""
        wording = self.wording(name)
        return wording is not None and bool(wording.table)

    def is_usual(self, name: str, values: tuple[Option, ...]) -> bool:
        """Whether all these values go without saying."""
        wording = self.wording(name)
        return wording is not None and {*map(word_of, values)} <= {*wording.usual}


def is_nothing(value: Option) -> bool:
    """Whether it says nothing: it is not given, or is a text of blanks or strokes."""
    return isinstance(value, Stated) or (isinstance(value, str) and not value.strip("- "))


def _is_any_text(value: Option) -> bool:
    """Whether it stands for a text that no rule and no table names."""
    return isinstance(value, str) and _ANY_TEXT.fullmatch(value) is not None


def _amount(written: str) -> Amount:
    number, unit = written.split()
    return int(number), UNITS[unit]


def delay_of(variable: str) -> tuple[str, Amount]:
    """The attribute and the amount of the variable of a delay."""
    name, _, amount = variable.partition(DELAY)
    return name, _amount(amount)


def _says(one: tuple[Amount, bool], other: tuple[Amount, bool]) -> bool:
    """Whether the one delay says what the other does, and not the other way round."""
    if one[1] is not other[1]:
        return False
    longer, shorter = (one[0], other[0]) if one[1] else (other[0], one[0])
    return implied(longer, shorter) and not implied(shorter, longer)
