"""Documents: deposited whole, served through a predicate, relabelled under the same logical id."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import uuid4

from sqlalchemy import bindparam, select, update

from policy.model import Predicate
from services.store import clock, listing, paging, sql
from services.store.errors import NotStored, StateConflict, UnknownCursor
from services.store.labels import codes_of, mask_of
from services.store.paging import Page
from services.store.records import raise_revision
from services.store.savepoint import Row, Savepoint
from services.store.tables import document_contents, documents
from services.store.touched import Touched, Verb

_OF_RECORD = sql.given(documents.c.record)
_NAMED = sql.given(documents.c.logical_id)
_ADD = sql.inserted(documents, "number")
_ADD_CONTENT = sql.inserted(document_contents)
_KNOWN = sql.Statement(
    select(documents.c.number).where(_OF_RECORD, sql.given(documents.c.author), sql.given(documents.c.unique_id))
)
_METADATA = sql.Statement(select(*listing.COLUMNS).where(_OF_RECORD, _NAMED))
_CONTENT = sql.Statement(select(document_contents.c.content).where(sql.given(document_contents.c.document)))
_RELABEL = sql.Statement(
    update(documents)
    .where(_OF_RECORD, _NAMED)
    .values(labels=bindparam("new_labels"), entry_uuid=bindparam("new_entry_uuid"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A stored document's metadata."""

    logical_id: str
    entry_uuid: str
    status: str
    deposited_at: datetime
    size: int
    """Bytes."""
    sha256: str
    deposit: Deposit


@dataclass(frozen=True, slots=True)
class Relabelled:
    """A change of labels."""

    document: Document
    """As it is now."""
    before: frozenset[str]
    after: frozenset[str]


def _document(row: Row) -> Document:
    (
        logical_id,
        entry_uuid,
        record,
        unique_id,
        type_code,
        class_code,
        title,
        labels,
        status,
        *author,
        custodian,
        patient,
        created_at,
        deposited_at,
        size,
        digest,
        replaces,
    ) = row
    deposit = Deposit(
        record=record,
        unique_id=unique_id,
        type=type_code,
        class_code=class_code,
        title=title,
        labels=codes_of(labels),
        author=author[0],
        author_name=author[1],
        author_structure=author[2],
        custodian=custodian,
        patient=patient,
        created_at=clock.moment_or_none(created_at),
        replaces=replaces,
    )
    return Document(
        logical_id=logical_id,
        entry_uuid=entry_uuid,
        status=status,
        deposited_at=clock.moment(deposited_at),
        size=size,
        sha256=digest,
        deposit=deposit,
    )


def _json(texts: Iterable[str]) -> str:
    # What no database keeps names nothing.
    return json.dumps([text for text in texts if sql.is_fit(text)])


class DocumentStore:
    """Documents, always by their record and logical id."""

    __slots__ = ("_savepoint",)

    def __init__(self, savepoint: Savepoint) -> None:
        """Work inside this savepoint."""
        self._savepoint = savepoint

    def deposit(self, deposit: Deposit, content: bytes, at: datetime) -> Document:
        """Keep a new Approved document; raises StateConflict if this author deposited this unique id here before."""
        known = self._savepoint.row(_KNOWN, record=deposit.record, author=deposit.author, unique_id=deposit.unique_id)
        if known is not None:
            raise StateConflict("the author has already deposited a document with this unique id")
        raise_revision(self._savepoint, deposit.record)
        document = Document(
            logical_id=str(uuid4()),
            entry_uuid=str(uuid4()),
            status="Approved",
            deposited_at=at,
            size=len(content),
            sha256=sha256(content).hexdigest(),
            deposit=deposit,
        )
        self._insert(document)
        self._savepoint.change(_ADD_CONTENT, document=document.logical_id, content=content)
        self._touch(document, Verb.CREATED)
        return document

    def visible(
        self, record: str, predicate: Predicate, *, statuses: Iterable[str], limit: int, after: str | None = None
    ) -> Page[Document]:
        """What satisfies the predicate, newest deposit first, after the one of id `after`; raises UnknownCursor."""
        bound = listing.parameters(predicate)
        wanted = _json(statuses)
        deposited_at, number = (paging.LAST, paging.LAST) if after is None else self._place(record, predicate, after)
        rows = self._savepoint.rows(
            listing.listed(predicate),
            record=record,
            statuses=wanted,
            deposited_at=deposited_at,
            number=number,
            limit=limit + 1,
            **bound,
        )
        shown = paging.page(rows, limit, _document)
        for document in shown.items:
            self._touch(document, Verb.LISTED)
        return shown

    def visible_among(
        self, record: str, predicate: Predicate, logical_ids: Iterable[str], *, status: str | None = None
    ) -> frozenset[str]:
        """Which of these documents satisfy the predicate now, each one's status read as `status` if given.

        With `Approved` the deleted ones are judged as before their deletion, by their labels. Nothing is touched.
        """
        named = _json(logical_ids)
        statement = listing.among(predicate, status)
        rows = self._savepoint.rows(statement, record=record, documents=named, **listing.parameters(predicate))
        return frozenset(row[0] for row in rows)

    def content(self, record: str, logical_id: str) -> tuple[Document, bytes]:
        """A document and its bytes as deposited; raises NotStored."""
        document = self._metadata(record, logical_id)
        row = self._savepoint.row(_CONTENT, document=logical_id)
        if row is None:
            raise NotStored("the document's content is destroyed")
        self._touch(document, Verb.READ)
        return document, row[0]

    def relabel(
        self, record: str, logical_id: str, *, add: Iterable[str] = (), remove: Iterable[str] = ()
    ) -> Relabelled:
        """Change labels under a new entry_uuid; raises NotStored, or StateConflict if nothing would change (ENV-08)."""
        found = self._metadata(record, logical_id)
        before = found.deposit.labels
        after = (before | frozenset(add)) - frozenset(remove)
        if after == before:
            raise StateConflict("the labels are so already")
        raise_revision(self._savepoint, record)
        self._savepoint.change(
            _RELABEL, record=record, logical_id=logical_id, new_labels=mask_of(after), new_entry_uuid=str(uuid4())
        )
        document = self._metadata(record, logical_id)
        self._touch(found, Verb.RELABELLED, after)
        return Relabelled(document, before, document.deposit.labels)

    def _insert(self, document: Document) -> None:
        deposit = document.deposit
        named = {"class": deposit.class_code}
        self._savepoint.change(
            _ADD,
            logical_id=document.logical_id,
            entry_uuid=document.entry_uuid,
            record=deposit.record,
            unique_id=deposit.unique_id,
            type=deposit.type,
            title=deposit.title,
            labels=mask_of(deposit.labels),
            status=document.status,
            author=deposit.author,
            author_name=deposit.author_name,
            author_structure=deposit.author_structure,
            custodian=deposit.custodian,
            patient=deposit.patient,
            created_at=None if deposit.created_at is None else clock.micros(deposit.created_at),
            replaces=deposit.replaces,
            deposited_at=clock.micros(document.deposited_at),
            size=document.size,
            sha256=document.sha256,
            **named,
        )

    def _metadata(self, record: str, logical_id: str) -> Document:
        row = self._savepoint.row(_METADATA, record=record, logical_id=logical_id)
        if row is None:
            raise NotStored("there is no such document")
        return _document(row)

    def _place(self, record: str, predicate: Predicate, after: str) -> Row:
        # INVARIANT: a hidden document and one that does not exist are the same unknown cursor.
        bound = listing.parameters(predicate)
        row = self._savepoint.row(listing.placed(predicate), record=record, logical_id=after, **bound)
        if row is None:
            raise UnknownCursor("there is no such document to continue from")
        return row

    def _touch(self, document: Document, verb: Verb, after: frozenset[str] | None = None) -> None:
        stated = document.deposit
        self._savepoint.touched.append(
            Touched(document.logical_id, verb, stated.unique_id, stated.type, stated.labels, after)
        )
