"""One running suite for the tests of the services that want one, over each store, over plaintext and over TLS."""

from collections.abc import Iterator
from typing import Any

import pytest
from cryptography import x509

from tests.services.certificates import Authority
from tests.services.databases import STORES, Databases
from tests.services.secured import VIEWER, Secured
from tests.services.world import World, running


@pytest.fixture(scope="session", params=STORES)
def world(
    request: pytest.FixtureRequest, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """A suite that lives as long as the tests; each test brings patients of its own."""
    folder = tmp_path_factory.mktemp("world")
    with running(folder, DMP_DATABASE_URL=databases.new(request.param, folder)) as found:
        yield found


@pytest.fixture(scope="session", params=STORES)
def secured(
    request: pytest.FixtureRequest, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Secured]:
    """A suite over TLS that lists one software; each test brings patients of its own."""
    folder = tmp_path_factory.mktemp("secured")
    authority = Authority()
    listed = authority.certify(x509.UniformResourceIdentifier(VIEWER))
    environment: dict[str, Any] = {
        **authority.serving(folder),
        "DMP_ASKERS": f"urn:example:never-called, {VIEWER}",
        "DMP_DATABASE_URL": databases.new(request.param, folder),
    }
    with running(folder, connect=lambda port: authority.channel(port, listed), **environment) as world:
        yield Secured(world, authority, {found.name: found.port for found in world.suite.listening})
