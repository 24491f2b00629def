"""Which executor serves an address."""

from __future__ import annotations

from services.store.addresses import sqlite_file
from services.store.key_provider import KeyProvider
from services.store.observer import SILENT, Observer
from services.store.postgres_executor import PostgresExecutor
from services.store.sqlite_executor import SqliteExecutor
from services.store.unit_of_work import Executor


def open_executor(url: str, keys: KeyProvider, observer: Observer = SILENT) -> Executor:
    """Serve a database, and tell of it; raises StartRefused where that is not safe."""
    file = sqlite_file(url)
    if file is None:
        return PostgresExecutor(url, keys, observer=observer)
    return SqliteExecutor(file, keys, observer=observer)
