"""What tests of every folder share: databases of either store."""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.services.databases import Databases

WORKER = "PYTEST_XDIST_WORKER"


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Databases:
    """Databases of either store; the processes of a run share one PostgreSQL server."""
    return Databases(tmp_path_factory.getbasetemp(), _server(tmp_path_factory))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remove what the server leaves behind, once its last process is gone."""
    if WORKER not in os.environ:
        shutil.rmtree(_server(session.config._tmp_path_factory), ignore_errors=True)  # type: ignore[attr-defined]  # noqa: SLF001 - pytest shows it to fixtures alone


def _server(factory: pytest.TempPathFactory) -> Path:
    """Where the server lives: not below pytest's own folder, which every other start of pytest closes to its user."""
    own = factory.getbasetemp()
    run = own.parent if WORKER in os.environ else own
    return Path(tempfile.gettempdir()) / f"dmp-{hashlib.sha256(str(run).encode()).hexdigest()[:12]}"
