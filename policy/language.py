"""The two languages of the rule files, and what French spelling asks of sentences put together here."""

from __future__ import annotations

import re
from typing import Final, Literal

from policy.shape import Text

Language = Literal["fr", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("fr", "en")
UNBROKEN: Final = "\N{NO-BREAK SPACE}"
_UNITS: Final = {
    "days": (Text("jour", "day"), Text("jours", "days")),
    "months": (Text("mois", "month"), Text("mois", "months")),
    "years": (Text("an", "year"), Text("ans", "years")),
}
_CODE = re.compile(r"(`[^`]*`)")
_BEFORE = re.compile(r" (?=[:;?!»%](?:\W|$))")


def say(text: Text, language: Language) -> str:
    """A sentence in one of the languages, spelt as that language is."""
    return typeset(text.fr) if language == "fr" else text.en


def typeset(text: str) -> str:
    """French text with a space that does not break before `: ; ? ! » %` and after `«`; code is left as it is."""
    parts = _CODE.split(text)
    return "".join(part if number % 2 else _spaced(part) for number, part in enumerate(parts))


def _spaced(text: str) -> str:
    return _BEFORE.sub(UNBROKEN, text).replace("« ", f"«{UNBROKEN}")


def duration(amount: int, unit: str, language: Language) -> str:
    """So many days, months or years."""
    one, many = _UNITS[unit]
    return f"{amount} {say(one if is_one(amount, language) else many, language)}"


def is_one(number: int, language: Language) -> bool:
    """Whether a noun after this number is in the singular: in French after none, too."""
    return number < 2 if language == "fr" else number == 1  # noqa: PLR2004  # what the grammar says
