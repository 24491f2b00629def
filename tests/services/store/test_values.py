"""What the stores read is of the same value and type however the driver carries it."""

from __future__ import annotations

from functools import partial
from typing import Any

from sqlalchemy import func, select

from services.store import sql
from services.store.facts_statement import COMMA
from services.store.tables import metadata, records
from services.store.unit_of_work import Scope
from tests.services.databases import Database, rows
from tests.services.store.world import ALICE, AT, DOCTOR, deposit, unit, within
from tests.services.store.world import outcome as ended

EVERY_BYTE = bytes(range(256)) * 5
KINDS = {"sqlite": {int, str, bytes, type(None)}, "postgresql": {int, str, bytes, bool, type(None)}}
"""The types of all that is stored."""


def fill(scope: Any) -> None:
    """Something of most kinds."""
    stored = deposit(scope, content=EVERY_BYTE, title="Été 🎉 \\x00", class_code=None, created_at=None)
    scope.authorisations.grant(ALICE, DOCTOR, collector=ALICE, at=AT)
    scope.documents.relabel(ALICE, stored.logical_id, add=["MASQUE_PS"])


def told(row: tuple[Any, ...]) -> list[tuple[type, Any]]:
    """Each value with its type, which `==` does not look at."""
    return [(type(value), value) for value in row]


def test_every_table_is_read_as_the_driver_reads_it_by_default(connection: Database, address: str) -> None:
    """Whole rows through the session, and through a connection that knows nothing of its settings."""
    within(connection, fill)
    ended(connection, unit())
    seen: set[type] = set()
    for table in metadata.sorted_tables:
        read = connection.session.rows(sql.Statement(select(*table.c).order_by(*table.primary_key)), {})
        names = ", ".join(f'"{column.name}"' for column in table.c)
        order = ", ".join(f'"{column.name}"' for column in table.primary_key)
        plain = rows(address, f"SELECT {names} FROM {table.name} ORDER BY {order}")  # noqa: S608 - names of ours
        assert [told(row) for row in read] == [told(tuple(row.values())) for row in plain]
        seen |= {type(value) for row in read for value in row}
    assert seen == KINDS[connection.session.dialect]


def test_what_statements_compute_is_of_the_same_type(connection: Database) -> None:
    """Counts, greatest numbers, texts put together, nothing at all: alike on either store."""
    greatest, closed = func.max(records.c.revision), func.max(records.c.closed_at)
    texts = func.aggregate_strings(records.c.ins, COMMA)
    statement = sql.Statement(select(func.count(), greatest, closed, func.coalesce(closed, 0), texts))
    [found] = connection.session.rows(statement, {})
    assert told(found) == told((1, 1, None, 0, ALICE))


def test_a_document_comes_back_byte_for_byte(connection: Database) -> None:
    """Nothing, every byte, and more than one block of it."""
    for content in (b"", EVERY_BYTE, EVERY_BYTE * 1_000):
        assert within(connection, partial(brought, content)) == content


def brought(content: bytes, scope: Scope) -> bytes:
    """A content as it is read once it is deposited."""
    return scope.documents.content(ALICE, deposit(scope, content=content).logical_id)[1]
