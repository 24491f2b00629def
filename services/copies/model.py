"""What a copy holds, as it is given to the writers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

from services.copies.errors import CannotCopyError, Reason

MOST_DOCUMENTS: Final = 99_999
"""What five digits of a file name can tell apart."""
DISC: Final = 359_847 * 2_048
"""Bytes of a CD-ROM of 80 minutes, the usual one."""
_OID: Final = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
# What XML 1.0 cannot carry (production 2), whatever the escape.
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Progress = Callable[[int, int], None]
"""`progress(done, of)`: documents; called after each and perhaps between, and free to raise, which leaves nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """A code with its system (an OID) and its words in French."""

    system: str
    code: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """A national identifier with its code system (an OID)."""

    system: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Whose record it is."""

    ins: Identifier
    name: str | None = None
    birth_date: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Institution:
    """Where an author works."""

    id: Identifier
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who deposited a document."""

    id: Identifier
    name: str | None = None
    institution: Institution | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document as it is announced, before its bytes are read."""

    entry_uuid: UUID
    unique_id: str
    """`root^extension`, or the root alone (IHE ITI TF-3, 4.2.3.2.26); the root is an OID or a UUID."""
    title: str
    type: Coded
    kind: Coded | None
    """Its class."""
    confidentiality: tuple[Coded, ...]
    """At least one."""
    archived: bool
    author: Author
    created_at: datetime | None
    """When it says that it was written (aware)."""
    deposited_at: datetime
    """Aware."""
    size: int
    """Bytes."""
    sha256: str
    """In hexadecimal."""
    language: str = "fr-FR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A document with its bytes, which are read only now."""

    document: Document
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A copy of a record: what it says of itself, and its documents in order, whose bytes are read one at a time."""

    id: UUID
    """Names the copy, for good: the same copy has the same bytes."""
    source: str
    """Who makes it: an OID (XDSSubmissionSet.sourceId)."""
    holder: Holder
    made_at: datetime
    """Aware; the only moment that the copy knows."""
    count: int
    """How many documents follow."""
    size: int
    """Their bytes together."""
    documents: Iterable[Content]
    """Gone through once. What it raises is raised through."""


def checked(copy: Copy) -> Iterator[Content]:
    """The documents, each as it was announced; raises CannotCopyError for the first that is not, or if one lacks."""
    _check(copy)
    seen = size = 0
    for item in copy.documents:
        announced, content = item.document, item.content
        if len(content) != announced.size or sha256(content).hexdigest() != announced.sha256:
            raise CannotCopyError(Reason.CHANGED, "a document is not what was announced")
        _check_document(announced)
        seen, size = seen + 1, size + len(content)
        yield item
    if (seen, size) != (copy.count, copy.size):
        raise CannotCopyError(Reason.CHANGED, "the documents are not those announced")


def _check(copy: Copy) -> None:
    if copy.made_at.utcoffset() is None:
        raise CannotCopyError(Reason.INVALID, "the moment of the copy has no offset")
    if copy.count > MOST_DOCUMENTS:
        raise CannotCopyError(Reason.TOO_LARGE, f"a copy holds at most {MOST_DOCUMENTS} documents")
    holder = copy.holder
    _check_oids(copy.source, holder.ins.system)
    _check_texts(holder.ins.value, holder.name)


def _check_document(document: Document) -> None:
    author = document.author
    place = author.institution
    codes = (document.type, *document.confidentiality, *((document.kind,) if document.kind else ()))
    systems = (*(code.system for code in codes), author.id.system, *((place.id.system,) if place else ()))
    _check_oids(*systems)
    root = document.unique_id.partition("^")[0]
    if not _UUID.fullmatch(root):
        _check_oids(root)
    labels = (word for code in codes for word in (code.code, code.label))
    named = (place.id.value, place.name) if place else ()
    _check_texts(document.title, document.unique_id, author.id.value, author.name, *labels, *named)
    moments = (document.deposited_at, document.created_at or document.deposited_at)
    if not document.confidentiality or any(moment.utcoffset() is None for moment in moments):
        raise CannotCopyError(Reason.INVALID, "a document lacks its confidentiality, or the offset of a date")


def _check_oids(*oids: str) -> None:
    if not all(_OID.fullmatch(oid) for oid in oids):
        raise CannotCopyError(Reason.INVALID, "a code system or an identifier's root is no OID")


def _check_texts(*texts: str | None) -> None:
    if any(text is not None and _NOT_XML.search(text) for text in texts):
        raise CannotCopyError(Reason.INVALID, "a text holds what no XML can carry")
