"""Says facts, tests of rules and changes of facts in French or in English, with the vocabulary's own words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from policy.calendar import PARIS
from policy.condition import Among, Cell, Elapsed, Exists, Has, Listed, OneOf, Period, SameAs, Test
from policy.explain.search import Move
from policy.explain.variables import FREE_TEXT, Choice, Variable
from policy.facts import UNKNOWN
from policy.language import Language, duration, say
from policy.shape import Text
from policy.vocabulary import Vocabulary

WITHHELD: Final = Text("(non montré)", "(not shown)")
_WORDS: Final = {
    "yes": Text("oui", "yes"),
    "no": Text("non", "no"),
    "none": Text("néant", "none"),
    "unknown": Text("inconnu", "unknown"),
    "another": Text("une valeur quelconque", "any value"),
    "or": Text("ou", "or"),
    "contains": Text("dont", "with"),
    "given": Text("non vide", "given"),
    "among": Text("parmi", "among"),
    "add": Text("ajouter", "add"),
    "remove": Text("retirer", "remove"),
    "of": Text("de", "of"),
    "with": Text("avec", "with"),
    "listed": Text("une ligne de", "a row of"),
    "ago": Text("depuis au moins", "at least this long ago:"),
    "from": Text("à partir du", "from"),
    "until": Text("jusqu'au", "until"),
    "paris": Text("heure de Paris", "Paris time"),
    "today": Text("aujourd'hui", "today"),
}
_MOST_ALIKE: Final = 4


@dataclass(frozen=True, slots=True)
class Words:
    """One language; `withholds` for a reader who is not shown what the vocabulary withholds from reviewers."""

    vocabulary: Vocabulary
    language: Language
    withholds: bool = False

    def text(self, text: Text) -> str:
        """A sentence of the rule files."""
        return say(text, self.language)

    @property
    def colon(self) -> str:
        """What stands between a name and what is said of it."""
        return self.text(Text(" : ", ": "))

    def title(self, attribute: str) -> str:
        """What an attribute is called."""
        return self.text(self.vocabulary.attributes[attribute].title)

    def fact(self, attribute: str, value: Any) -> str:
        """A fact's value."""
        return self.text(WITHHELD) if self.is_withheld(attribute) and value is not None else self.value(value)

    def is_withheld(self, attribute: str) -> bool:
        """Whether the reader may not see the fact."""
        change = self.vocabulary.changes.get(attribute)
        return self.withholds and change is not None and change.withheld

    def value(self, value: Any) -> str:
        """A value."""
        if value is UNKNOWN:
            return self._word("unknown")
        if isinstance(value, bool):
            return self._word("yes" if value else "no")
        if value is None or value in ("", frozenset()):
            return self._word("none")
        if isinstance(value, frozenset):
            return ", ".join(sorted(value))
        if isinstance(value, datetime):
            return f"{value.astimezone(PARIS):%Y-%m-%d %H:%M} ({self._word('paris')})"
        return value.isoformat() if isinstance(value, date) else str(value)

    def test(self, test: Test) -> str:
        """What a test asks, as a statement that holds when it does."""
        if isinstance(test, Period):
            parts = [("from", test.since), ("until", test.until)]
            return f"{self._word('today')} " + " ".join(f"{self._word(key)} {day}" for key, day in parts if day)
        return f"{self.title(test.attribute)}{self._asked(test)}"

    def wanted(self, test: Test, now: bool | None) -> str:
        """The other answer to a test than the present one, as a statement."""
        said = self.test(test)
        return self.text(Text(f"que cesse « {said} »", f"no longer “{said}”")) if now else said

    def _asked(self, test: Test) -> str:  # one line a test
        match test:
            case Among(values=values):
                return f"{self.colon}{self._one_of(values)}"
            case SameAs(other=other):
                return f" = {self.title(other)}"
            case OneOf(other=other):
                return f"{self.colon}{self._word('among')} {self.title(other)}"
            case Has(value=value):
                return f"{self.colon}{self._word('contains')} {value}"
            case Exists():
                return f"{self.colon}{self._word('given')}"
            case Elapsed(amount=amount, unit=unit):
                return f"{self.colon}{self._word('ago')} {duration(amount, unit, self.language)}"
            case Listed(table=table):
                return f"{self.colon}{self._word('listed')} {table}"
            case Cell():
                column = self.title(test.column) if test.column_is_attribute else test.column
                wanted = self.title(test.same_as) if test.same_as else self._one_of(test.values)
                return f" × {column} ({test.table}){self.colon}{wanted}"
            case Period():
                return ""

    def move(self, move: Move, now: Any) -> str:
        """A change, from the present value to another."""
        told = self._change(move.variable, move.choice, now)
        brought = ", ".join(f"{self.title(v.attribute)}{self.colon}{self.choice(v, c)}" for v, c in move.brought)
        return f"{told} ({self._word('with')} {brought})" if brought else told

    def _change(self, variable: Variable, choice: Choice, now: Any) -> str:
        title = self.title(variable.attribute)
        if variable.member:
            return f"{title}{self.colon}{self._word('add' if choice.value else 'remove')} {variable.member}"
        return f"{title}{self.colon}{self.fact(variable.attribute, now)} → {self.choice(variable, choice)}"

    def choice(self, variable: Variable, choice: Choice) -> str:
        """The value that a change leads to, and those that would do as well."""
        if choice.value == FREE_TEXT or FREE_TEXT in choice.alike:
            return self._word("another")
        told = [self.fact(variable.attribute, value) for value in (choice.value, *choice.alike)]
        more = "…" if len(told) > _MOST_ALIKE else ""
        return f" {self._word('or')} ".join(dict.fromkeys(told[:_MOST_ALIKE])) + more

    def _one_of(self, values: Iterable[object]) -> str:
        return f" {self._word('or')} ".join(sorted(self.value(value) for value in values))

    def _word(self, key: str) -> str:
        return self.text(_WORDS[key])
