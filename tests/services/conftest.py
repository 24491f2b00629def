"""One running suite for the tests of the services that want one, over each store."""

from collections.abc import Iterator

import pytest

from tests.services.databases import STORES, Databases
from tests.services.world import World, running


@pytest.fixture(scope="session", params=STORES)
def world(
    request: pytest.FixtureRequest, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """A suite that lives as long as the tests; each test brings patients of its own."""
    folder = tmp_path_factory.mktemp("world")
    with running(folder, DMP_DATABASE_URL=databases.new(request.param, folder)) as found:
        yield found
