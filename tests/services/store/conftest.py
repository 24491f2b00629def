"""A database of its own for every test, copied from one that was upgraded once."""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.store import schema, sqlite
from services.store.lane import Lane
from tests.services.store.world import create, within


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
def connection(database: Path) -> Iterator[sqlite3.Connection]:
    """A connection set as the lane's, on a database with Alice's record."""
    opened = sqlite.connect(database)
    within(opened, create)
    yield opened
    opened.close()


@pytest.fixture
def lane(database: Path) -> Iterator[Lane]:
    """A lane on an empty database."""
    served = Lane(database)
    yield served
    served.close()
