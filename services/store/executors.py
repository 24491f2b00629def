"""Which executor serves an address."""

from __future__ import annotations

from services.store.addresses import sqlite_file
from services.store.postgres_executor import PostgresExecutor
from services.store.sqlite_executor import SqliteExecutor
from services.store.unit_of_work import Executor


def open_executor(url: str) -> Executor:
    """Serve a database; raises StartRefused where that is not safe."""
    file = sqlite_file(url)
    return PostgresExecutor(url) if file is None else SqliteExecutor(file)
