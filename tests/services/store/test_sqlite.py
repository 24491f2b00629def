"""A database is opened for its owner alone, by one process, and only if what it commits is durable."""

import subprocess
import sys
from pathlib import Path

import pytest

from services.store import sqlite
from services.store.errors import StartRefused
from services.store.sqlite_executor import SqliteExecutor
from tests.services.databases import keys_of
from tests.services.store.world import change, create


@pytest.fixture
def store() -> str:
    """These are of SQLite alone."""
    return "sqlite"


OTHER_PROCESS = """
import sys, pathlib
from services.store.local_keys import LocalKeys
from services.store.sqlite_executor import SqliteExecutor
from services.store.errors import StartRefused
try:
    path = pathlib.Path(sys.argv[1])
    SqliteExecutor(path, LocalKeys(path.with_name("keys"))).close()
except StartRefused as refused:
    sys.exit(str(refused))
"""


def started_elsewhere(database: Path) -> subprocess.CompletedProcess[str]:
    """Another process that tries to serve the database."""
    command = [sys.executable, "-W", "error", "-c", OTHER_PROCESS, str(database)]
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd=Path(__file__).parents[3])


def test_a_second_process_is_refused(lane: SqliteExecutor, database: Path) -> None:
    """While one process serves the database, another is told so in one sentence; afterwards it may."""
    refused = started_elsewhere(database)
    assert refused.returncode == 1
    assert refused.stderr.strip() == (
        f"the database `{database}` is served by another process: stop it first, or use PostgreSQL to run several"
    )
    lane.close()
    assert started_elsewhere(database).returncode == 0


def test_a_second_lane_is_refused_through_a_link(lane: SqliteExecutor, database: Path, tmp_path: Path) -> None:
    """Another name for the same file is the same database."""
    (tmp_path / "other.sqlite").symlink_to(database)
    with pytest.raises(StartRefused, match="another process"):
        SqliteExecutor(tmp_path / "other.sqlite", keys_of(tmp_path / "other.sqlite"))


@pytest.mark.parametrize("synchronous", ["OFF", "NORMAL"])
def test_a_database_that_answers_too_early_is_refused(database: Path, synchronous: str) -> None:
    """The start is refused unless every commit reaches the disk before it returns."""
    with pytest.raises(StartRefused, match="synchronous"):
        sqlite.connect(database, {**sqlite.PRAGMAS, "synchronous": synchronous})


@pytest.mark.parametrize("synchronous", ["FULL", "EXTRA"])
def test_a_durable_database_is_opened(database: Path, synchronous: str) -> None:
    """FULL and EXTRA are served."""
    sqlite.connect(database, {**sqlite.PRAGMAS, "synchronous": synchronous}).close()


@pytest.mark.parametrize("wrong", [{"journal_mode": "DELETE"}, {"foreign_keys": "OFF"}, {"recursive_triggers": "OFF"}])
def test_a_database_without_its_safeguards_is_refused(database: Path, wrong: dict[str, str]) -> None:
    """The start is refused without the write-ahead log, the references or the triggers."""
    with pytest.raises(StartRefused):
        sqlite.connect(database, {**sqlite.PRAGMAS, **wrong})


def test_the_lane_refuses_what_the_opening_refuses(database: Path) -> None:
    """The refusal reaches whoever starts the lane, and the database is free again."""
    with pytest.raises(StartRefused, match="synchronous"):
        SqliteExecutor(database, keys_of(database), pragmas={**sqlite.PRAGMAS, "synchronous": "NORMAL"})
    SqliteExecutor(database, keys_of(database)).close()


def test_an_old_sqlite_is_refused(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that does not know the statements says so at the start, not at the first call."""
    monkeypatch.setattr(sqlite, "OLDEST", (99, 0, 0))
    with pytest.raises(StartRefused, match=r"99\.0\.0 is needed"):
        SqliteExecutor(database, keys_of(database))


def test_the_files_are_their_owners_alone(tmp_path: Path) -> None:
    """The database, its log, its index, its lock and a folder made for them are closed to everybody else."""
    folder = tmp_path / "var"
    lane = SqliteExecutor(folder / "dmp.sqlite", keys_of(folder / "dmp.sqlite"))
    lane.submit(change(lambda scope, _verdict: create(scope))).result()
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir() if path.name != "keys"}
    kept = {path.name: path.stat().st_mode & 0o777 for path in (folder / "keys").iterdir()}
    lane.close()
    assert kept == {"epoch-1.key": 0o600, "lock": 0o600}
    assert modes == dict.fromkeys(("dmp.sqlite", "dmp.sqlite-wal", "dmp.sqlite-shm", "dmp.sqlite.lock"), 0o600)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_file_that_others_could_read_is_closed_to_them(database: Path) -> None:
    """A database copied with open permissions is closed when it is served."""
    database.chmod(0o644)
    SqliteExecutor(database, keys_of(database)).close()
    assert database.stat().st_mode & 0o777 == 0o600


def test_a_place_that_cannot_hold_a_database_is_refused(tmp_path: Path) -> None:
    """The sentence names the place and the reason."""
    (tmp_path / "file").touch()
    with pytest.raises(StartRefused, match="cannot be opened"):
        SqliteExecutor(tmp_path / "file" / "dmp.sqlite", keys_of(tmp_path / "keys"))
