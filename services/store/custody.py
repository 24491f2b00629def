"""What must hold of the keys before a database may serve."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import func, literal_column, select

from services.store import sql
from services.store.clock import utc_now
from services.store.epochs import EpochStore
from services.store.erasures import ErasureStore
from services.store.errors import KeysUnavailable, StartRefused
from services.store.keys import NOBODY, KeyStore
from services.store.savepoint import Savepoint
from services.store.session import Session

LOCK: Final = 5_061_982
"""Number of the advisory lock under which one process at a time does this."""
_CLAIM = sql.Statement(select(func.pg_advisory_xact_lock(literal_column(str(LOCK)))))
_LOST: Final = (
    "keys in this database are wrapped by master keys that DMP_KEYS does not hold ({n} epochs): is DMP_KEYS right? "
    "If this is a restored copy, put the newest saved keys into it with `dmp keys load`"
)


def assume(session: Session) -> None:
    """Begin the first epoch if there is none, and bring the database and the ledger of erasures to agree.

    Raises StartRefused where a key is wrapped by a master key that is not there, or where the keys cannot be reached.
    """
    try:
        with _transaction(session) as savepoint:
            provider = savepoint.keyring.provider
            if not EpochStore(savepoint).current():
                EpochStore(savepoint).begin(utc_now())
            if lost := EpochStore(savepoint).lost():
                raise StartRefused(_LOST.format(n=len(lost)))
            keys = KeyStore(savepoint)
            if keys.fields_key(NOBODY) is None:
                keys.create(NOBODY)
            unknown = ErasureStore(savepoint, keys).replay(provider.erasures())
        provider.add_erasures(unknown)
        with _transaction(session) as savepoint:
            EpochStore(savepoint).destroy_retired()
    except KeysUnavailable as error:
        raise StartRefused(f"{error}: look at DMP_KEYS") from error


@contextmanager
def _transaction(session: Session) -> Iterator[Savepoint]:
    """A transaction that no other process is in."""
    session.begin()
    try:
        savepoint = Savepoint(session)
        if session.dialect == "postgresql":
            savepoint.row(_CLAIM)
        yield savepoint
        session.commit()
    except BaseException:
        session.abandon()
        raise
