"""Reads documents of a call that is committed, one at a time, each in a moment of its own."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from services.store.document import Document
from services.store.documents import DocumentStore
from services.store.errors import Contended, NotStored, StateConflict, Unreadable
from services.store.keys import KeyStore
from services.store.savepoint import Savepoint
from services.store.session import Session


class Reading:
    """A connection of its own, for the one thread that opened it; it keeps nobody waiting and writes nothing."""

    def __init__(self, session: Session) -> None:
        """Read through this session."""
        self._session = session

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Let the connection go."""
        self._session.close()

    def content(self, known: Document) -> bytes:
        """The bytes of a document; raises StateConflict unless it is still all that it was when it was decided on.

        INVARIANT: what was masked, deleted, replaced or destroyed since is not what was permitted.
        """
        try:
            try:
                found, content = self._content(known)
            except Contended:
                # The master key was changed between two statements; a new moment sees the new one.
                found, content = self._content(known)
        except (NotStored, Unreadable) as error:
            raise StateConflict("the document is gone") from error
        if found != known:
            raise StateConflict("the document is not what it was")
        return content

    def _content(self, known: Document) -> tuple[Document, bytes]:
        self._session.begin(snapshot=True)
        savepoint = Savepoint(self._session)
        try:
            return DocumentStore(savepoint, KeyStore(savepoint)).content(known.deposit.record, known.logical_id)
        finally:
            savepoint.close()
            self._session.abandon()
