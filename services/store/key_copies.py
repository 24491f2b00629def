"""Copies of the wrapped keys, apart from what they seal: useless once the epoch that wraps them has ended."""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Table, bindparam, delete, select, tuple_

from services.store import addresses, custody, postgres, schema, sql, sqlite
from services.store.epochs import EpochStore
from services.store.errors import StartRefused
from services.store.key_provider import KeyProvider
from services.store.keyring import Keyring
from services.store.keys import NOBODY
from services.store.savepoint import Savepoint
from services.store.session import Row, Session
from services.store.tables import data_keys, key_epochs, record_keys

# Each after what it refers to.
TABLES: Final = (key_epochs, record_keys, data_keys)
"""What a copy holds."""
ROWS: Final = 1_000
"""Rows written at once."""
_PLACES = sql.Statement(
    select(data_keys.c.record, data_keys.c.document, record_keys.c.epoch).where(
        data_keys.c.record == record_keys.c.record, record_keys.c.record != NOBODY
    )
)


def save(url: str, keys: KeyProvider, path: Path) -> int:
    """Write every wrapped key of a database to a file of JSON lines, for its owner's eyes; how many."""
    count = 0
    with _session(url, keys, alone=False) as session, open(path, "x", encoding="utf-8", opener=_closed) as file:
        session.begin(snapshot=True)
        for table in TABLES:
            for row in _rows(session, table):
                file.write(json.dumps([table.name, *map(_written, row)]) + "\n")
                count += table is not key_epochs
        session.abandon()
    return count


def load(url: str, keys: KeyProvider, path: Path) -> int:
    """Put the keys of such a file in place of a database's; how many; raises StartRefused if they are too old to open.

    What was destroyed since they were saved is destroyed again.
    """
    with _session(url, keys, alone=True) as session:
        session.begin()
        before = _opening(session)
        for table in reversed(TABLES):
            session.change(sql.Statement(delete(table)), {})
        count = 0
        lines = _read(path)
        while rows := list(islice(lines, ROWS)):
            for table in TABLES:
                these = [row for name, row in rows if name == table.name]
                session.append(sql.inserted(table), these)
                count += len(these) if table is not key_epochs else 0
        _refuse(session, before)
        session.commit()
        custody.assume(session)
    return count


def _closed(path: str, flags: int) -> int:
    """Open a file for its owner's eyes."""
    return os.open(path, flags, 0o600)


def _rows(session: Session, table: Table) -> Iterator[Row]:
    """Every row, never many at a time."""
    key = list(table.primary_key)
    place = tuple_(*(bindparam(f"after_{column.name}", type_=column.type) for column in key))
    ordered = select(table).order_by(*key).limit(ROWS)
    first, rest = sql.Statement(ordered), sql.Statement(ordered.where(tuple_(*key) > place))
    rows = session.rows(first, {})
    while rows:
        yield from rows
        last = dict(zip(table.columns.keys(), rows[-1], strict=True))
        rows = session.rows(rest, {f"after_{column.name}": last[column.name] for column in key})


def _opening(session: Session) -> set[tuple[str, str]]:
    """The documents and records whose keys can be unwrapped now."""
    lost = EpochStore(Savepoint(session)).lost()
    return {(record, document) for record, document, epoch in session.rows(_PLACES, {}) if epoch not in lost}


def _refuse(session: Session, before: set[tuple[str, str]]) -> None:
    """Raise StartRefused where the keys that were loaded open nothing, or less than those that they replace."""
    if EpochStore(Savepoint(session)).lost():
        raise StartRefused("the saved keys are older than the last change of the master key: use newer ones")
    if before - _opening(session):
        raise StartRefused(
            "this database has keys that open and that the file lacks, and they would be lost: nothing was loaded. "
            "Load the newest saved keys, and only into a restored copy"
        )


def _read(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    columns = {table.name: table.columns.keys() for table in TABLES}
    with path.open(encoding="utf-8") as file:
        for place, line in enumerate(file, 1):
            try:
                name, *values = json.loads(line)
                yield name, dict(zip(columns[name], map(_value, values), strict=True))
            except (ValueError, KeyError, TypeError) as error:
                raise StartRefused(f"{path}:{place}: this is no line of saved keys") from error


def _written(value: object) -> object:
    return {"bytes": b64encode(value).decode()} if isinstance(value, bytes | memoryview) else value


def _value(written: Any) -> object:  # noqa: ANN401 - whatever JSON holds
    return b64decode(written["bytes"]) if isinstance(written, dict) else written


@contextmanager
def _session(url: str, keys: KeyProvider, *, alone: bool) -> Iterator[Session]:
    """A session on the database, whose tables are up to date; on SQLite `alone` means that nobody serves it."""
    file, keyring = addresses.sqlite_file(url), Keyring(keys)
    if file is None:
        schema.upgrade_postgres(url)
        with closing(postgres.serving(url, keyring)) as session:
            yield session
        return
    lock = sqlite.claim(file) if alone else None
    try:
        with closing(sqlite.connect(file)) as connection:
            yield sqlite.SqliteSession(connection, keyring, reads=not alone)
    finally:
        if lock is not None:
            lock.release()
