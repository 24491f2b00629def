"""Imports point one way, and what must exist once exists once."""

import ast
import importlib
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.repository import ROOT, modules, text

LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")
SQL_LIBRARIES = {"sqlalchemy", "alembic", "sqlite3", "psycopg", "aiosqlite", "asyncpg"}
SERVERS = {"grpc.server", "grpc.aio.server", "aio.server"}

OFFENCES = {
    "policy/offence.py": "import grpc\nimport py_abac\n",
    "services/runtime/offence.py": "import services.records\n",
    "services/records/offence.py": "import grpc\nimport services.documents\nimport services.runtime.server\n",
    "services/copies/offence.py": "import services.store\n",
    "services/store/offence.py": "import grpc\nimport policy.offence\n",
}


def contracts(folder: Path) -> subprocess.CompletedProcess[str]:
    """The answer of import-linter about the packages in a folder."""
    return subprocess.run([LINT_IMPORTS, "--no-cache"], cwd=folder, check=False, capture_output=True, text=True)


def imported(tree: ast.Module) -> Iterator[str]:
    """Every module that a module imports, and every name it takes out of one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def speaks_sql(tree: ast.Module) -> bool:
    """Whether a module imports a library that reaches a database."""
    return any(name.partition(".")[0] in SQL_LIBRARIES for name in imported(tree))


def makes_a_server(tree: ast.Module) -> bool:
    """Whether a module creates a gRPC server, or takes the function that does."""
    calls = (ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call))
    return not SERVERS.isdisjoint(calls) or not SERVERS.isdisjoint(imported(tree))


def test_every_import_contract_holds() -> None:
    """The packages import one another only as the contracts of pyproject.toml say."""
    answer = contracts(ROOT)
    assert answer.returncode == 0, answer.stdout


def test_every_import_contract_can_be_broken(tmp_path: Path) -> None:
    """Each contract reports a module that breaks it."""
    for package in ("policy", "services"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for path, line in OFFENCES.items():
        (tmp_path / path).write_text(line)
    answer = contracts(tmp_path)
    config = tomllib.loads(text("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    kept = [contract["name"] for contract in config if f"{contract['name']} BROKEN" not in answer.stdout]
    assert not kept, answer.stdout


@pytest.mark.parametrize("package", ["policy", "services"])
def test_packages_are_those_of_this_repository(package: str) -> None:
    """What the tests import is this checkout, not another copy that is installed."""
    assert Path(str(importlib.import_module(package).__file__)) == ROOT / package / "__init__.py"


def test_one_module_creates_servers() -> None:
    """Only the runtime's server creates a gRPC server, so every call takes its road."""
    creators = [path for path, tree in modules("policy", "services") if makes_a_server(tree)]
    assert creators == ["services/runtime/server.py"]


def test_sql_is_in_the_store_alone() -> None:
    """Nothing but services/store reaches a database."""
    speakers = [path for path, tree in modules("policy", "services") if speaks_sql(tree)]
    assert [path for path in speakers if not path.startswith("services/store/")] == []


@pytest.mark.parametrize(
    "source",
    ["grpc.server(pool)", "grpc.aio.server()", "from grpc import aio\naio.server()", "from grpc.aio import server"],
)
def test_a_server_is_seen_however_it_is_made(source: str) -> None:
    """Each way to create a server is recognised."""
    assert makes_a_server(ast.parse(source))


@pytest.mark.parametrize(
    "source", ["import sqlite3", "from sqlalchemy import text", "def f():\n    import psycopg.rows"]
)
def test_sql_is_seen_however_it_is_imported(source: str) -> None:
    """Each way to import a database library is recognised."""
    assert speaks_sql(ast.parse(source))
