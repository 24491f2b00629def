"""Copies of the wrapped keys: they bring a restored database back, and never cost one that serves a single document."""

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from services.store import key_copies
from services.store.errors import StartRefused
from tests.services.databases import Database, keys_of
from tests.services.store.test_keys import CONTENT, read, rotate
from tests.services.store.world import ALICE, AT, deposit, within


def kept(connection: Database) -> str:
    return str(within(connection, lambda scope: deposit(scope, content=CONTENT)).logical_id)


def lose_all(connection: Database) -> None:
    """As in a backup that leaves the tables of the keys out."""
    for table in ("data_keys", "record_keys", "key_epochs"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our names


def test_saved_keys_bring_back_a_database_that_has_none(connection: Database, address: str, tmp_path: Path) -> None:
    """All of them, for their owner's eyes; what was destroyed since they were saved is destroyed again."""
    document, gone, path = kept(connection), kept(connection), tmp_path / "keys.jsonl"
    # Alice's own and nobody's, each with its fields', and the two documents'.
    assert key_copies.save(address, keys_of(address), path) == 6
    assert path.stat().st_mode & 0o777 == 0o600
    within(connection, lambda scope: scope.erasures.destroy_document(ALICE, gone, str(uuid4()), AT))
    lose_all(connection)
    assert key_copies.load(address, keys_of(address), path) == 6
    assert read(connection, document) == CONTENT
    assert connection.execute("SELECT document FROM data_keys WHERE document = ?", gone).fetchall() == []


def test_newer_keys_are_never_given_up_for_older_ones(connection: Database, address: str, tmp_path: Path) -> None:
    """A document that came after the copy would be lost for good; so nothing is loaded."""
    before, path = kept(connection), tmp_path / "keys.jsonl"
    key_copies.save(address, keys_of(address), path)
    after = kept(connection)
    with pytest.raises(StartRefused, match="would be lost"):
        key_copies.load(address, keys_of(address), path)
    assert (read(connection, before), read(connection, after)) == (CONTENT, CONTENT)


def test_keys_of_an_ended_epoch_are_refused(connection: Database, address: str, tmp_path: Path) -> None:
    """They open nothing any more."""
    document, path = kept(connection), tmp_path / "keys.jsonl"
    key_copies.save(address, keys_of(address), path)
    rotate(connection)
    with pytest.raises(StartRefused, match="older than the last change"):
        key_copies.load(address, keys_of(address), path)
    assert read(connection, document) == CONTENT


def test_a_copy_is_never_written_over(connection: Database, address: str, tmp_path: Path) -> None:
    """It may be the last that opens anything."""
    (tmp_path / "keys.jsonl").touch()
    with pytest.raises(FileExistsError):
        key_copies.save(address, keys_of(address), tmp_path / "keys.jsonl")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-5],
        lambda text: text + "not JSON\n",
        lambda text: text + '["traces", 1]\n',
        lambda text: text + '["data_keys", 1]\n',
    ],
    ids=["cut short", "no JSON", "no table of keys", "no row of it"],
)
def test_a_file_that_is_no_copy_changes_nothing(
    connection: Database, address: str, tmp_path: Path, spoil: Callable[[str], str]
) -> None:
    """The line is named."""
    document, path = kept(connection), tmp_path / "keys.jsonl"
    key_copies.save(address, keys_of(address), path)
    path.write_text(spoil(path.read_text("utf-8")), "utf-8")
    with pytest.raises(StartRefused, match=r"keys\.jsonl:\d+: this is no line of saved keys"):
        key_copies.load(address, keys_of(address), path)
    assert read(connection, document) == CONTENT
