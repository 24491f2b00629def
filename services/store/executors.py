"""Which executor serves an address."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from services.store.postgres_executor import PostgresExecutor
from services.store.sqlite_executor import SqliteExecutor
from services.store.unit_of_work import Executor

SQLITE: Final = "sqlite:///"
POSTGRES: Final = ("postgresql://", "postgres://")


def sqlite_file(url: str) -> Path | None:
    """The file of a SQLite address; nothing for another's."""
    return Path(url.removeprefix(SQLITE)) if url.startswith(SQLITE) else None


def is_known(url: str) -> bool:
    """Whether there is an executor for the address."""
    file = url.removeprefix(SQLITE) if url.startswith(SQLITE) else ""
    return url.startswith(POSTGRES) or bool(file and ":memory:" not in file)


def open_executor(url: str) -> Executor:
    """Serve a database; raises StartRefused where that is not safe."""
    file = sqlite_file(url)
    return PostgresExecutor(url) if file is None else SqliteExecutor(file)
