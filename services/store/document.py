"""A document as its depositor states it, and as it is stored: what is sealed of it opens with its own key."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from services.store import clock
from services.store.envelope import Key, open_texts, seal_texts
from services.store.labels import codes_of
from services.store.savepoint import Row


# Tuples by name, for a frozen dataclass takes three times as long to make, and a list makes a hundred.
class Deposit(NamedTuple):
    """A document as its depositor states it."""

    record: str
    unique_id: str
    """The CDA's own id."""
    type: str
    class_code: str | None
    title: str
    labels: frozenset[str]
    author: str
    """The authenticated depositor (DOC-16)."""
    author_name: str | None
    author_structure: str | None
    custodian: str | None
    patient: str | None
    """Whom the CDA names."""
    created_at: datetime | None
    """When the CDA says that it was written."""
    replaces: str | None = None
    """Logical id of the version that it replaces."""


class Document(NamedTuple):
    """A stored document's metadata."""

    logical_id: str
    entry_uuid: str
    status: str
    deposited_at: datetime
    size: int
    """Bytes."""
    sha256: str
    deposit: Deposit


def sealed_fields(document: Document, key: Key) -> bytes:
    """What is kept of it under seal: the title, the author's name and the SHA-256 of the content."""
    stated = document.deposit
    texts = (stated.title, stated.author_name, document.sha256)
    return seal_texts(key, texts, *_place("fields", stated.record, document.logical_id, stated.unique_id))


def sealed_content(document: Document, content: bytes, key: Key) -> bytes:
    """The bytes under seal, bound to the record, the document and the version that its unique id names."""
    stated = document.deposit
    return key.seal(content, *_place("content", stated.record, document.logical_id, stated.unique_id))


def opened_content(document: Document, sealed: bytes, key: Key) -> bytes:
    """The bytes as deposited; raises Unreadable."""
    stated = document.deposit
    return key.open(sealed, *_place("content", stated.record, document.logical_id, stated.unique_id))


def opened(row: Row, key: Key | None) -> Document:
    """The document of a row of `listing.COLUMNS`; raises Unreadable.

    Without a key it is destroyed, and what was sealed of it is empty.
    """
    if key is None:
        return _document(row, "", None, "")
    logical_id, _, record, unique_id, *_, sealed, _ = row
    return _document(row, *open_texts(key, sealed, "document", "fields", record, logical_id, unique_id))


def _place(what: str, record: str, logical_id: str, unique_id: str) -> tuple[str, ...]:
    return ("document", what, record, logical_id, unique_id)


def _document(row: Row, title: str, author_name: str | None, digest: str) -> Document:
    (
        logical_id,
        entry_uuid,
        record,
        unique_id,
        type_code,
        class_code,
        labels,
        status,
        author,
        author_structure,
        custodian,
        patient,
        created_at,
        deposited_at,
        size,
        replaces,
        _,
        _,
    ) = row
    # By place, in the order of the fields: by name it takes a third longer.
    deposit = Deposit(
        record,
        unique_id,
        type_code,
        class_code,
        title,
        codes_of(labels),
        author,
        author_name,
        author_structure,
        custodian,
        patient,
        clock.moment_or_none(created_at),
        replaces,
    )
    return Document(logical_id, entry_uuid, status, clock.moment(deposited_at), size, digest, deposit)
