"""Documents: deposited whole, served through a predicate, relabelled under the same logical id."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import uuid4

from sqlalchemy import BigInteger, Integer, Select, bindparam, delete, insert, select, update

from policy.model import Predicate
from services.store import clock, listing, paging, sql, terms
from services.store.document import Deposit, Document, opened, opened_content, sealed_content, sealed_fields
from services.store.envelope import Key
from services.store.errors import NotStored, StateConflict, UnknownCursor
from services.store.keys import KeyStore
from services.store.labels import mask_of
from services.store.listing import Order, Wanted
from services.store.paging import Page
from services.store.records import raise_revision
from services.store.savepoint import Row, Savepoint
from services.store.tables import Text, archived_contents, document_contents, documents
from services.store.touched import Touched, Verb

LATEST_DEPOSIT_FIRST = Order()
_WRITTEN_FIRST = Order(by_creation=True, oldest_first=True)
_OF_RECORD = sql.given(documents.c.record)
_NAMED = sql.given(documents.c.logical_id)
_ADD = sql.inserted(documents, "number", "waits_since")
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
_SET_STATUS = sql.Statement(
    update(documents).where(_OF_RECORD, _NAMED).values(status=bindparam("new_status", type_=Text))
)
_ARCHIVE = sql.Statement(
    insert(archived_contents).from_select(
        ["document", "content", "archived_at", "decision_id"],
        select(
            document_contents.c.document,
            document_contents.c.content,
            bindparam("archived_at", type_=BigInteger),
            bindparam("decision_id", type_=Text),
        ).where(sql.given(document_contents.c.document)),
    )
)
_REMOVE_CONTENT = sql.Statement(delete(document_contents).where(sql.given(document_contents.c.document)))


def _former() -> Select[Any]:
    """The versions that a document replaces, from the last to the first."""
    named = documents.c.record == bindparam("record", type_=Text)
    last = select(documents.c.replaces).where(named, _NAMED).cte("former", recursive=True)
    before = documents.alias("before")
    former = last.union(select(before.c.replaces).where(before.c.logical_id == last.c.replaces))
    return select(former.c.replaces)


_FORMER = sql.Statement(select(*listing.COLUMNS).where(_OF_RECORD, documents.c.logical_id.in_(_former())))
_RESTRICT_FORMER = sql.Statement(
    update(documents)
    .where(_OF_RECORD, documents.c.logical_id.in_(_former()))
    .values(labels=documents.c.labels.bitwise_or(bindparam("bits", type_=Integer)))
)


@dataclass(frozen=True, slots=True)
class Relabelled:
    """A change of labels."""

    document: Document
    """As it is now."""
    before: frozenset[str]
    after: frozenset[str]


class DocumentStore:
    """Documents, always by their record and logical id."""

    __slots__ = ("_keys", "_savepoint")

    def __init__(self, savepoint: Savepoint, keys: KeyStore) -> None:
        """Work inside this savepoint, with the keys of its records."""
        self._savepoint = savepoint
        self._keys = keys

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
        key = self._keys.new_document(deposit.record, document.logical_id)
        self._insert(document, sealed_fields(document, key))
        self._savepoint.change(
            _ADD_CONTENT, document=document.logical_id, content=sealed_content(document, content, key)
        )
        self._touch(document, Verb.CREATED)
        return document

    def visible(
        self,
        record: str,
        predicate: Predicate,
        wanted: Wanted,
        *,
        limit: int,
        order: Order = LATEST_DEPOSIT_FIRST,
        after: str | None = None,
    ) -> Page[Document]:
        """What satisfies the predicate and is wanted, in order, after the one of id `after`; raises UnknownCursor."""
        place, number = (order.start, order.start) if after is None else self._place(record, predicate, order, after)
        rows = self._savepoint.rows(
            listing.listed(predicate, order),
            record=record,
            sorted=place,
            number=number,
            limit=limit + 1,
            **wanted.parameters(),
            **listing.parameters(predicate),
        )
        shown = paging.page(rows, limit, self._opened)
        for document in shown.items:
            self._touch(document, Verb.LISTED)
        return shown

    def copied(self, record: str, predicate: Predicate, statuses: Iterable[str], *, limit: int) -> tuple[Document, ...]:
        """What satisfies the predicate, the oldest first, each noted as copied; raises StateConflict if it is more."""
        rows = self._savepoint.rows(
            listing.listed(predicate, _WRITTEN_FIRST),
            record=record,
            sorted=_WRITTEN_FIRST.start,
            number=_WRITTEN_FIRST.start,
            limit=limit + 1,
            **Wanted(statuses=tuple(statuses)).parameters(),
            **listing.parameters(predicate),
        )
        if len(rows) > limit:
            raise StateConflict("there are more documents than a copy holds")
        found = tuple(map(self._opened, rows))
        for document in found:
            self._touch(document, Verb.COPIED)
        return found

    def count(self, record: str, predicate: Predicate, wanted: Wanted) -> int:
        """How many documents satisfy the predicate and are wanted; nothing is touched."""
        bound = {**wanted.parameters(), **listing.parameters(predicate)}
        row = self._savepoint.row(listing.counted(predicate), record=record, **bound)
        return 0 if row is None else int(row[0])

    def visible_among(
        self, record: str, predicate: Predicate, logical_ids: Iterable[str], *, status: str | None = None
    ) -> frozenset[str]:
        """Which of these documents satisfy the predicate now, each one's status read as `status` if given.

        With `Approved` the deleted ones are judged as before their deletion, by their labels. Nothing is touched.
        """
        named = sql.array_of(logical_ids)
        statement = listing.among(predicate, status)
        rows = self._savepoint.rows(statement, record=record, documents=named, **listing.parameters(predicate))
        return frozenset(row[0] for row in rows)

    def content(self, record: str, logical_id: str) -> tuple[Document, bytes]:
        """A document and its bytes as deposited; raises NotStored."""
        found = self._row(record, logical_id)
        row, key = self._savepoint.row(_CONTENT, document=logical_id), self._key(found)
        if row is None or key is None:
            raise NotStored("the document's content is destroyed")
        document = opened(found, key)
        self._touch(document, Verb.READ)
        return document, opened_content(document, row[0], key)

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
        if restricted := after - before:
            self._restrict_former(record, logical_id, restricted)
        return Relabelled(document, before, document.deposit.labels)

    def replace(self, logical_id: str, deposit: Deposit, content: bytes, at: datetime) -> Document:
        """Keep a new version, and deprecate the one that it replaces (DOC-08); raises NotStored, StateConflict."""
        self.set_status(deposit.record, logical_id, "Deprecated", Verb.REPLACED)
        stored = self.deposit(deposit._replace(replaces=logical_id), content, at)
        terms.run_on(self._savepoint, deposit.record, logical_id, stored.logical_id)
        return stored

    def set_status(self, record: str, logical_id: str, status: str, verb: Verb) -> Document:
        """Move a document to another status of catalogue 8.2; raises NotStored."""
        found = self._metadata(record, logical_id)
        raise_revision(self._savepoint, record)
        self._savepoint.change(_SET_STATUS, record=record, logical_id=logical_id, new_status=status)
        self._touch(found, verb)
        return found._replace(status=status)

    def archive_at_host(self, record: str, logical_id: str, at: datetime, decision_id: str) -> None:
        """Move the bytes out of every reader's reach (DOC-05); raises NotStored where there are none."""
        self._metadata(record, logical_id)
        moved = self._savepoint.change(
            _ARCHIVE, document=logical_id, archived_at=clock.micros(at), decision_id=decision_id
        )
        if not moved:
            raise NotStored("the document's content is destroyed")
        self._savepoint.change(_REMOVE_CONTENT, document=logical_id)

    def _restrict_former(self, record: str, logical_id: str, labels: frozenset[str]) -> None:
        """Restrict the versions that a document replaces as it is itself (VIS-16)."""
        for row in self._savepoint.rows(_FORMER, record=record, logical_id=logical_id):
            former = self._opened(row)
            self._touch(former, Verb.RELABELLED, former.deposit.labels | labels)
        self._savepoint.change(_RESTRICT_FORMER, record=record, logical_id=logical_id, bits=mask_of(labels))

    def _insert(self, document: Document, sealed: bytes) -> None:
        deposit = document.deposit
        named = {"class": deposit.class_code}
        self._savepoint.change(
            _ADD,
            logical_id=document.logical_id,
            entry_uuid=document.entry_uuid,
            record=deposit.record,
            unique_id=deposit.unique_id,
            type=deposit.type,
            sealed=sealed,
            labels=mask_of(deposit.labels),
            status=document.status,
            author=deposit.author,
            author_structure=deposit.author_structure,
            custodian=deposit.custodian,
            patient=deposit.patient,
            created_at=None if deposit.created_at is None else clock.micros(deposit.created_at),
            replaces=deposit.replaces,
            deposited_at=clock.micros(document.deposited_at),
            size=document.size,
            **named,
        )

    def _metadata(self, record: str, logical_id: str) -> Document:
        return self._opened(self._row(record, logical_id))

    def _row(self, record: str, logical_id: str) -> Row:
        row = self._savepoint.row(_METADATA, record=record, logical_id=logical_id)
        if row is None:
            raise NotStored("there is no such document")
        return row

    def _opened(self, row: Row) -> Document:
        """The document of a row of `listing.COLUMNS`."""
        return opened(row, self._key(row))

    def _key(self, row: Row) -> Key | None:
        """The key of such a row's document; nothing once it is destroyed."""
        logical_id, _, record, *_, wrapped = row
        return None if wrapped is None else self._keys.document(record, logical_id, wrapped)

    def _place(self, record: str, predicate: Predicate, order: Order, after: str) -> Row:
        # INVARIANT: a hidden document and one that does not exist are the same unknown cursor.
        bound = listing.parameters(predicate)
        row = self._savepoint.row(listing.placed(predicate, order), record=record, logical_id=after, **bound)
        if row is None:
            raise UnknownCursor("there is no such document to continue from")
        return row

    def _touch(self, document: Document, verb: Verb, after: frozenset[str] | None = None) -> None:
        stated = document.deposit
        self._savepoint.touched.append(
            Touched(document.logical_id, verb, stated.unique_id, stated.type, stated.labels, after)
        )
