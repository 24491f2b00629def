"""What the address of a database says."""

from __future__ import annotations

from pathlib import Path
from typing import Final

SQLITE: Final = "sqlite:///"
POSTGRES: Final = ("postgresql://", "postgres://")


def sqlite_file(url: str) -> Path | None:
    """The file of a SQLite address; nothing for another's."""
    return Path(url.removeprefix(SQLITE)) if url.startswith(SQLITE) else None


def is_known(url: str) -> bool:
    """Whether a store can serve the address."""
    file = url.removeprefix(SQLITE) if url.startswith(SQLITE) else ""
    return url.startswith(POSTGRES) or bool(file and ":memory:" not in file)
