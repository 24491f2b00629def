"""The tables that a start makes are those that the statements are built from, and they hold what they promise."""

import re
import sqlite3
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from services.store import schema, sqlite
from services.store.errors import StartRefused
from services.store.labels import BITS
from services.store.migrations import upgrade
from services.store.tables import documents, metadata
from tests.services.databases import Database
from tests.services.store.world import ALICE, DOCTOR, answered, unit


@pytest.fixture
def store() -> str:
    """These are of SQLite alone."""
    return "sqlite"


MIGRATIONS = Path(schema.__file__).parent / "migrations"


def definitions(connection: sqlite3.Connection) -> dict[str, list[str]]:
    """Every table, index and trigger, each as its clauses in a fixed order."""
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql NOT NULL").fetchall()
    # A column added later stands behind the constraints, on their line.
    clauses = {name: re.split(r",\s*(?=\n|\"?\w+\"? [A-Z])|\n\)|\)$", sql) for name, sql in rows}
    return {
        name: sorted(clause.strip() for clause in found if clause.strip())
        for name, found in clauses.items()
        if name != "alembic_version"
    }


def test_the_migrations_make_the_tables_of_the_statements(connection: Database) -> None:
    """A migrated database and one made from the tables have the same tables, constraints, indexes and triggers."""
    with sqlite3.connect(":memory:") as fresh:
        metadata.create_all(create_engine("sqlite://", creator=lambda: fresh))
        assert definitions(connection.connection) == definitions(fresh)
    fresh.close()


def test_the_version_known_is_the_newest_migration() -> None:
    """The start compares with the last version in the folder."""
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == schema.HEAD


def test_an_upgraded_database_is_left_alone(connection: Database) -> None:
    """A second start finds nothing to do."""
    assert schema.upgrade(connection.connection) is False


def test_a_database_of_a_newer_program_is_refused(connection: Database) -> None:
    """A program that does not know the tables does not serve them."""
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StartRefused, match="9999"):
        schema.upgrade(connection.connection)


def test_an_upgrade_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash halfway through the first start leaves an empty file that the next start can upgrade."""
    connection = sqlite.connect(tmp_path / "dmp.sqlite")
    connection.set_authorizer(
        lambda action, name, *_: (
            sqlite3.SQLITE_DENY
            if action == sqlite3.SQLITE_CREATE_TRIGGER and name == "traces_no_delete"
            else sqlite3.SQLITE_OK
        )
    )
    with pytest.raises(Exception, match="not authorized"):
        upgrade.upgrade_sqlite(connection, MIGRATIONS)
    connection.set_authorizer(None)
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []
    assert schema.upgrade(connection) is True
    connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE traces SET purpose = 'other'",
        "DELETE FROM traces",
        "INSERT OR REPLACE INTO traces SELECT * FROM traces",
        "REPLACE INTO traces SELECT * FROM traces",
    ],
)
def test_a_trace_is_neither_changed_nor_removed(connection: Database, statement: str) -> None:
    """Every statement that would touch a trace already written is refused by the database itself."""
    answered(connection, unit())
    before = connection.execute("SELECT * FROM traces").fetchall()
    with pytest.raises(sqlite3.IntegrityError, match="only ever added"):
        connection.execute(statement)
    assert connection.execute("SELECT * FROM traces").fetchall() == before


EMERGENCY = (
    "INSERT INTO emergency_accesses VALUES ('e', '{record}', '{person}', '{mode}', 1, 1, 0, {expires}, NULL, '')"
)
THREE_HOURS = 3 * 3600 * 1_000_000


@pytest.mark.parametrize(
    "wrong",
    [
        {"expires": THREE_HOURS + 1},
        {"expires": 0},
        {"mode": "normal"},
        {"record": "1.2.250.1.213.1.4.10|unknown"},
    ],
)
def test_an_emergency_access_lasts_three_hours_at_most(connection: Database, wrong: dict[str, str | int]) -> None:
    """The database refuses one that lasts longer, or no time, in no such mode or on no record."""
    right: dict[str, str | int] = {"record": ALICE, "person": DOCTOR, "mode": "centre_15", "expires": THREE_HOURS}
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute(EMERGENCY.format(**{**right, **wrong}))
    connection.execute(EMERGENCY.format(**right))


def test_each_label_keeps_its_bit() -> None:
    """The bits are stored in every document, so their order is for good, and the column's comment tells it."""
    stored = ["N", "R", "V", "MASQUE_PS", "INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX"]
    assert {code: 1 << place for place, code in enumerate(stored)} == BITS
    told = re.findall(r"(\d+) (\w+)", str(documents.c.labels.comment))
    assert {code: int(bit) for bit, code in told} == BITS
