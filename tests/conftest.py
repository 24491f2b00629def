"""What tests of every folder share: databases of either store."""

import os

import pytest

from tests.services.databases import Databases


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Databases:
    """Databases of either store; the processes of a run share one PostgreSQL server."""
    own = tmp_path_factory.getbasetemp()
    return Databases(own.parent if "PYTEST_XDIST_WORKER" in os.environ else own)
