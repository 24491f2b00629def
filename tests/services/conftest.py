"""One running suite for the tests of the services that want one, over each store."""

import os
from collections.abc import Iterator

import pytest

from tests.services.databases import STORES, Databases
from tests.services.world import World, running


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Databases:
    """Databases of either store; the processes of a run share one PostgreSQL server."""
    own = tmp_path_factory.getbasetemp()
    return Databases(own.parent if "PYTEST_XDIST_WORKER" in os.environ else own)


@pytest.fixture(scope="session", params=STORES)
def world(
    request: pytest.FixtureRequest, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """A suite that lives as long as the tests; each test brings patients of its own."""
    folder = tmp_path_factory.mktemp("world")
    with running(folder, DMP_DATABASE_URL=databases.new(request.param, folder)) as found:
        yield found
