"""Fills a store with the records and documents of others, so that one record is listed among a million documents.

What an index holds is there as deposits leave it, and keys of the same size; contents are not: no list reads them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any, Final

import psycopg
from sqlalchemy import Table

from services.store import addresses
from services.store.tables import documents, record_keys, records

TOGETHER: Final = 20
"""Records that one transaction brings, so that the suite never waits long for its own."""
_KEYS: Final = (
    "INSERT INTO data_keys (record, document, wrapped) SELECT :other, d.logical_id, k.wrapped "
    "FROM documents d, data_keys k WHERE d.record = :other AND k.record = :first AND k.document = ''"
)
"""A key for each of the documents that came just now, with the bytes of one that is there."""
_NEW_ID: Final = {"sqlite": "lower(hex(randomblob(16)))", "postgresql": "gen_random_uuid()::text"}

Advance = Callable[[int], object]
"""Is told how many documents came."""
Execute = Callable[[str, Mapping[str, Any]], object]


def fill(address: str, record: str, until: int, advance: Advance) -> None:
    """Copy a record with its documents for others, whose names are made up, until so many documents are stored."""
    with _opened(address) as (dialect, execute, count):
        stored, each = count(None), count(record)
        statements = _statements(dialect)
        while stored < until:
            many = min(TOGETHER, -(-(until - stored) // each))
            for number in range(many):
                given = {"first": record, "other": f"bench|{stored + number * each:012}"}
                for statement in statements:
                    execute(statement, given)
            execute("COMMIT", {})
            stored += many * each
            advance(many * each)


def _statements(dialect: str) -> list[str]:
    """Each copies the rows of one record in one table, under another's name."""
    new = _NEW_ID[dialect]
    return [
        _copy(records, "ins", {"ins": ":other", "key": ":other"}),
        _copy(record_keys, "record", {"record": ":other", "id": ":other"}),
        _copy(documents, "record", {"record": ":other", "logical_id": new, "entry_uuid": new}, "number"),
        _KEYS,
    ]


def _copy(table: Table, owner: str, changed: Mapping[str, str], *left_out: str) -> str:
    names = [column.name for column in table.columns if column.name not in left_out]
    quoted = ", ".join(f'"{name}"' for name in names)
    values = ", ".join(changed.get(name, f'"{name}"') for name in names)
    return f"INSERT INTO {table.name} ({quoted}) SELECT {values} FROM {table.name} WHERE {owner} = :first"  # noqa: S608


@contextmanager
def _opened(address: str) -> Iterator[tuple[str, Execute, Callable[[str | None], int]]]:
    file = addresses.sqlite_file(address)
    connection: Any = (
        psycopg.connect(address) if file is None else sqlite3.connect(file, isolation_level="DEFERRED", timeout=30)
    )

    def execute(statement: str, given: Mapping[str, Any]) -> Any:
        if file is None:
            for name in given:
                statement = statement.replace(f":{name}", f"%({name})s")
        return connection.execute(statement, given)

    def count(record: str | None) -> int:
        where = " WHERE record = :first" if record else ""
        [found] = execute(f"SELECT count(*) FROM documents{where}", {"first": record} if record else {}).fetchone()  # noqa: S608
        return int(found)

    with closing(connection):
        yield ("postgresql" if file is None else "sqlite"), execute, count
