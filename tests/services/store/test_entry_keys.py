"""By which keys entries are sealed: those that their handlers have read, unless they may have changed since."""

from __future__ import annotations

from typing import Any

import pytest

from policy.model import Always
from services.store.keys import KeyStore
from services.store.listing import Wanted
from services.store.unit_of_work import Scope
from tests.services.databases import Database
from tests.services.store.world import ALICE, answered, change, deposit, unit, within


def listed(scope: Scope, _verdict: object) -> object:
    """What reads the keys of a record."""
    return scope.documents.visible(ALICE, Always(value=True), Wanted(statuses=["Approved"]), limit=9)


def test_an_entry_is_sealed_by_the_keys_that_its_handler_has_read(
    connection: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are read once; the entry opens as every other."""
    within(connection, deposit)
    read: list[Any] = []
    own = KeyStore.of_records

    def noted(store: KeyStore, names: Any) -> Any:
        read.append(names)
        return own(store, names)

    monkeypatch.setattr(KeyStore, "of_records", noted)
    [one] = answered(connection, unit(listed))
    assert one.result(timeout=0).error is None
    assert len(read) == 1
    [alice] = connection.execute("SELECT id FROM record_keys WHERE record = ?", ALICE).fetchall()
    assert keys_of_entries(connection)[-1] == alice[0]


def test_keys_that_another_unit_destroys_seal_nothing_after(connection: Database) -> None:
    """A list and a destruction that are committed together: the entries of both are under nobody's key."""
    within(connection, deposit)
    read, gone = answered(connection, unit(listed), change(lambda scope, _: scope.keys.destroy_record(ALICE)))
    assert (read.result(timeout=0).error, gone.result(timeout=0).error) == (None, None)
    [nobody] = connection.execute("SELECT id FROM record_keys WHERE record = ''").fetchall()
    assert keys_of_entries(connection)[-2:] == [nobody[0]] * 2


def keys_of_entries(connection: Database) -> list[str]:
    """By which keys the entries are sealed, in the order in which they were written."""
    return [row[0] for row in connection.execute("SELECT key FROM traces ORDER BY number").fetchall()]
