"""Puts facts of a request into words, in French and in English."""

from __future__ import annotations

from policy.analyze.domain import Stated
from policy.analyze.shown import DOCUMENT, STRAY, Shown
from policy.chronology import NOW
from policy.language import LANGUAGES, duration, typeset
from policy.shape import Text
from policy.vocabulary import Attribute, Vocabulary


def in_words(fact: Shown, vocabulary: Vocabulary) -> Text | None:
    """One fact as a sentence, or nothing for one that goes without saying."""
    if fact.attribute == STRAY:
        return Text("un mot inconnu du vocabulaire", "a word that the vocabulary lacks") if fact.held else None
    if fact.attribute == DOCUMENT:
        return Text("le document existe", "the document exists") if fact.held else Text("aucun document", "no document")
    if fact.attribute == NOW:
        return Text("l'horloge manque", "the clock is missing") if fact.option is Stated.BROKEN else _period(fact)
    attribute = vocabulary.attributes[fact.attribute]
    said = _said(fact, attribute)
    return Text(typeset(f"{attribute.title.fr} : {said.fr}"), f"{attribute.title.en}: {said.en}")


def _period(fact: Shown) -> Text:
    return Text(f"aujourd'hui : {fact.option}", f"today: {fact.option}")


def _said(fact: Shown, attribute: Attribute) -> Text:
    if fact.code:
        return Text(f"dont {fact.code}", f"with {fact.code}") if fact.held else _without(fact.code)
    if fact.amount:
        french, english = (duration(*fact.amount, language) for language in LANGUAGES)
        if fact.held:
            return Text(f"{french} ou plus", f"{english} ago or more")
        return Text(f"moins de {french}", f"less than {english} ago")
    return _stated(fact, attribute)


def _without(code: str) -> Text:
    return Text(f"sans {code}", f"without {code}")


def _stated(fact: Shown, attribute: Attribute) -> Text:
    match fact.option:
        case Stated.MISSING if attribute.absent is None:
            return Text("non indiqué", "not stated")
        case Stated.MISSING:
            absent = _value(attribute.absent)
            return Text(f"non indiqué, compte comme {absent.fr}", f"not stated, counts as {absent.en}")
        case Stated.NULL:
            return Text("null", "null")
        case Stated.BROKEN:
            return Text("mal codé", "ill-coded")
        case Stated.GIVEN:
            return Text("indiqué", "stated")
        case _:
            return _value(fact.option)


def _value(value: object) -> Text:
    if isinstance(value, bool):
        return Text("oui", "yes") if value else Text("non", "no")
    if isinstance(value, frozenset):
        return Text(*([", ".join(sorted(map(str, value)))] * 2))
    return Text(str(value) or "«»", str(value) or '""')
