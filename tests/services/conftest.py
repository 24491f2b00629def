"""One running suite for the tests of the services that want one."""

from collections.abc import Iterator

import pytest

from tests.services.world import World, running


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A suite that lives as long as the tests; each test brings patients of its own."""
    with running(tmp_path_factory.mktemp("world")) as found:
        yield found
