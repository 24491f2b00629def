"""The secrets that all processes serving a database share, and that no caller is ever told."""

from __future__ import annotations

from sqlalchemy import select

from services.store import sql
from services.store.errors import NotStored
from services.store.savepoint import Savepoint
from services.store.tables import keys

_OF = sql.Statement(select(keys.c.secret).where(sql.given(keys.c.purpose)))


class KeyStore:
    """Keys by what they are for."""

    __slots__ = ("_savepoint",)

    def __init__(self, savepoint: Savepoint) -> None:
        """Work inside this savepoint."""
        self._savepoint = savepoint

    def cursors(self) -> bytes:
        """The 32 bytes that cursors are sealed with."""
        row = self._savepoint.row(_OF, purpose="cursors")
        if row is None:
            raise NotStored("the key of the cursors is missing")
        return bytes(row[0])
