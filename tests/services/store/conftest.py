"""A database of its own for every test, of each store, copied from one that was upgraded once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.store.executors import open_executor
from services.store.postgres_executor import PostgresExecutor
from services.store.unit_of_work import Executor
from tests.services.databases import STORES, Database, Databases, dropped, keys_of, opened
from tests.services.store.world import create, within


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> str:
    """The kind of store; a file of tests for one alone has a fixture of this name."""
    return str(request.param)


@pytest.fixture
def address(databases: Databases, store: str, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database that nobody serves."""
    made = databases.new(store, tmp_path)
    yield made
    dropped(made)


@pytest.fixture
def database(databases: Databases, tmp_path: Path) -> Path:
    """The path of an empty SQLite database that nobody serves."""
    return Path(databases.new("sqlite", tmp_path).removeprefix("sqlite:///"))


@pytest.fixture
def connection(address: str) -> Iterator[Database]:
    """A connection set as the lane's, on a database with Alice's record."""
    with opened(address) as found:
        within(found, create)
        yield found


@pytest.fixture
def lane(address: str) -> Iterator[Executor]:
    """An executor on an empty database."""
    # One connection for the units that use the stores, so that a test can keep the others waiting.
    served = (
        open_executor(address, keys_of(address))
        if address.startswith("sqlite")
        else PostgresExecutor(address, keys_of(address), workers=1)
    )
    yield served
    served.close()
