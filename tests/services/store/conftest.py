"""A database of its own for every test, copied from one that was upgraded once."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.store import schema, sqlite
from services.store.sqlite_executor import SqliteExecutor
from tests.services.store.world import Database, create, within


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database with every table, made as the first start makes it."""
    path = tmp_path_factory.mktemp("template") / "dmp.sqlite"
    connection = sqlite.connect(path)
    schema.upgrade(connection)
    connection.close()
    return path


@pytest.fixture
def database(template: Path, tmp_path: Path) -> Path:
    """The path of an empty database that nobody serves."""
    return Path(shutil.copy(template, tmp_path / "dmp.sqlite"))


@pytest.fixture
def connection(database: Path) -> Iterator[Database]:
    """A connection set as the lane's, on a database with Alice's record."""
    opened = sqlite.connect(database)
    found = Database(sqlite.SqliteSession(opened), opened)
    within(found, create)
    yield found
    opened.close()


@pytest.fixture
def lane(database: Path) -> Iterator[SqliteExecutor]:
    """A lane on an empty database."""
    served = SqliteExecutor(database)
    yield served
    served.close()
