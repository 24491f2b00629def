"""What the copies say in French, on disc and on paper alike."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from services.copies.model import Author, Copy, Document

TITLE: Final = "Copie du dossier médical partagé"
KEEP_SAFE: Final = "Ce document contient des données de santé à caractère personnel. Conservez-le en lieu sûr."
_PARIS: Final = ZoneInfo("Europe/Paris")


def moment(at: datetime) -> str:
    """A moment as it is read in Paris."""
    return at.astimezone(_PARIS).strftime("%d/%m/%Y à %H:%M")


def day(at: datetime) -> str:
    """Its day."""
    return at.astimezone(_PARIS).strftime("%d/%m/%Y")


def counted(number: int) -> str:
    """How many documents."""
    return f"{number} document" if number in (0, 1) else f"{number} documents"


def holder(copy: Copy) -> list[tuple[str, str]]:
    """Whose record it is, and what the copy is."""
    who = copy.holder
    rows = [("Titulaire", who.name)] if who.name else []
    if who.birth_date is not None:
        rows.append(("Né(e) le", who.birth_date.strftime("%d/%m/%Y")))
    return [
        *((term, told or "") for term, told in rows),
        ("Identifiant national de santé (INS)", who.ins.value),
        ("Copie établie le", moment(copy.made_at)),
        ("Contenu", counted(copy.count)),
        ("Référence de la copie", str(copy.id)),
    ]


def author(who: Author) -> str:
    """Who wrote a document, and where he works."""
    person = f"{who.name} ({who.id.value})" if who.name else who.id.value
    place = who.institution
    return person if place is None else f"{person}, {place.name or place.id.value}"


def told(document: Document) -> list[tuple[str, str]]:
    """What is known of a document."""
    return [
        ("Type", document.type.label),
        ("Date", day(document.created_at or document.deposited_at)),
        ("Auteur", author(document.author)),
        ("Déposé le", moment(document.deposited_at)),
        ("État", "Archivé" if document.archived else "En vigueur"),
        ("Confidentialité", ", ".join(code.label for code in document.confidentiality)),
        ("Identifiant", document.unique_id),
    ]
