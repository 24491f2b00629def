"""Keys in the database: what destruction deletes no copy brings back, and what is restored agrees with the ledger."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.store import custody
from services.store.emergencies import EmergencyStart
from services.store.errors import NotStored, StartRefused, Unreadable
from services.store.key_provider import Erasure
from services.store.keyring import Keyring
from services.store.local_keys import LocalKeys
from services.store.postgres import ROLE
from services.store.relations import Relation
from services.store.savepoint import Savepoint
from services.store.tickets import Request
from services.store.traces import Wanted
from services.store.unit_of_work import Scope
from tests.services.databases import Database
from tests.services.store.world import ALICE, AT, BOB, answered, change, create, deposit, outcome, within

CONTENT = b"<ClinicalDocument>canary</ClinicalDocument>"
KEY_TABLES = ("data_keys", "record_keys", "key_epochs")


def stored(database: Database, table: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in database.execute(f"SELECT * FROM {table}").fetchall()]  # noqa: S608 - our names


def copied(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """The keys as a copy of the database has them."""
    return {table: stored(database, table) for table in KEY_TABLES}


def restored(database: Database, copy: dict[str, list[tuple[Any, ...]]]) -> None:
    """Put the keys of a copy in place of those that are stored."""
    for table in KEY_TABLES:
        database.execute(f"DELETE FROM {table}")  # noqa: S608 - our names
    for table in reversed(KEY_TABLES):
        for row in copy[table]:
            marks = ", ".join("?" for _ in row)
            database.execute(f"INSERT INTO {table} VALUES ({marks})", row)  # noqa: S608 - our names


def provider(database: Database) -> LocalKeys:
    found = database.session.keyring.provider
    assert isinstance(found, LocalKeys)
    return found


def read(database: Database, document: str) -> bytes:
    """The content, or why it is not had."""
    content: bytes = within(database, lambda scope: scope.documents.content(ALICE, document))[1]
    return content


def destroy(document: str) -> Callable[[Scope], None]:
    return lambda scope: scope.erasures.destroy_document(ALICE, document, str(uuid4()), AT)


def rotate(database: Database) -> None:
    """Begin an epoch and destroy the one before, as the job does."""
    within(database, lambda scope: scope.epochs.begin(AT))
    while within(database, lambda scope: scope.epochs.rewrap(2)):
        pass
    within(database, lambda scope: scope.epochs.retire(AT))
    assert within(database, lambda scope: scope.epochs.destroy_retired()) == 1


def test_nothing_personal_is_stored_in_the_clear(connection: Database) -> None:
    """Content, title, author's name: none of it is in any column."""
    within(connection, lambda scope: deposit(scope, content=CONTENT, title="canary", author_name="canary"))
    for table in ("documents", "document_contents", "traces", "data_keys", "record_keys"):
        assert not any(b"canary" in bytes(repr(row), "utf-8") for row in stored(connection, table))


def test_keys_belong_to_their_document(connection: Database) -> None:
    """Another document's key, or its sealed bytes, are of no use in its place."""
    one, other = (within(connection, lambda scope: deposit(scope, content=CONTENT)).logical_id for _ in range(2))
    swap = "UPDATE {} SET {} = (SELECT {} FROM {} WHERE document = ?) WHERE document = ?"
    for table, column in (("document_contents", "content"), ("data_keys", "wrapped")):
        connection.execute("BEGIN")
        connection.execute(swap.format(table, column, column, table), other, one)
        with pytest.raises(Unreadable):
            read_within(connection, one)
        connection.execute("ROLLBACK")
    assert read(connection, one) == CONTENT


def read_within(database: Database, document: str) -> bytes:
    """As `read`, in the transaction that is open."""
    return Scope(Savepoint(database.session)).documents.content(ALICE, document)[1]


def test_a_destroyed_document_is_gone_and_the_others_are_not(connection: Database) -> None:
    """Its key is deleted and every other one is wrapped anew, so that no older copy of them opens it."""
    gone, kept = (within(connection, lambda scope: deposit(scope, content=CONTENT)).logical_id for _ in range(2))
    copy = copied(connection)
    within(connection, destroy(gone))
    assert read(connection, kept) == CONTENT
    with pytest.raises(NotStored):
        read(connection, gone)
    with pytest.raises(NotStored):
        within(connection, destroy(gone))
    now = {row[:2]: row[2] for row in stored(connection, "data_keys") if row[0] == ALICE}
    before = {row[:2]: row[2] for row in copy["data_keys"] if row[0] == ALICE}
    assert before.keys() - now.keys() == {(ALICE, gone)}
    assert all(now[name] != before[name] for name in now)
    [erased] = provider(connection).erasures()
    assert (erased.kind, erased.what) == ("document", gone)


def test_the_trace_of_a_destroyed_record_opens_no_more(connection: Database) -> None:
    """Neither those before, nor its own: what is left says who did what and when."""
    answered(connection, change(lambda scope, _: deposit(scope)))
    last = outcome(connection, change(lambda scope, _: scope.erasures.destroy_record(ALICE, str(uuid4()), AT)))
    rows = connection.execute("SELECT decision_id, subject_id, key, sealed FROM traces ORDER BY number").fetchall()
    keys = within(connection, lambda scope: scope.keys.of_records([ALICE, ""]))
    assert keys.keys() == {""}
    assert rows[-1][0] == last.entries[0].decision_id
    assert [key == keys[""].id for *_, key, _ in rows] == [False] * (len(rows) - 1) + [True]
    for decision, subject, _, sealed in rows:
        assert subject
        with pytest.raises(Unreadable):
            keys[""].key.open(sealed, "trace", decision)
    assert within(connection, lambda scope: scope.records.status(ALICE)).state == "DESTROYED"


def test_a_new_record_has_no_link_to_the_destroyed_one(connection: Database) -> None:
    """LIF-12: not even by its traces."""
    answered(connection, change(lambda scope, _: deposit(scope)))
    within(connection, lambda scope: scope.erasures.destroy_record(ALICE, str(uuid4()), AT))
    within(connection, create)
    page = within(connection, lambda scope: scope.traces.of_record(ALICE, Wanted(), limit=10))
    assert len(page.items) == 1


def test_a_copy_from_before_a_destruction_opens_nothing_after_the_next_epoch(connection: Database) -> None:
    """The start refuses it, and no key in it can be unwrapped by what is left."""
    gone = within(connection, lambda scope: deposit(scope, content=CONTENT)).logical_id
    copy, newest = copied(connection), {}
    within(connection, destroy(gone))
    rotate(connection)
    newest = copied(connection)
    restored(connection, copy)
    with pytest.raises(StartRefused, match="dmp keys load"):
        custody.assume(connection.session)
    ring = Keyring(provider(connection))
    for _, name, epoch, wrapped in copy["record_keys"]:
        with pytest.raises(Unreadable):
            ring.record(epoch, wrapped, name)
    restored(connection, newest)
    custody.assume(connection.session)


def test_a_copy_from_before_is_brought_to_agree_with_the_ledger(connection: Database) -> None:
    """Before the next epoch its keys still open: what was destroyed is destroyed again before anything is served."""
    gone, kept = (within(connection, lambda scope: deposit(scope, content=CONTENT)).logical_id for _ in range(2))
    within(connection, lambda scope: create(scope, BOB))
    copy = copied(connection)
    within(connection, destroy(gone))
    within(connection, lambda scope: scope.erasures.destroy_record(BOB, str(uuid4()), AT))
    ledger = provider(connection).erasures()
    restored(connection, copy)
    connection.execute("UPDATE documents SET status = 'Approved'")
    connection.execute("UPDATE records SET state = 'ACTIVE'")
    forget(connection)
    assert read(connection, gone) == CONTENT
    custody.assume(connection.session)
    assert read(connection, kept) == CONTENT
    with pytest.raises(NotStored):
        read(connection, gone)
    [status] = connection.execute("SELECT status FROM documents WHERE logical_id = ?", gone).fetchone()
    assert (status, within(connection, lambda scope: scope.records.status(BOB)).state) == ("Destroyed", "DESTROYED")
    assert [Erasure(*row[1:]) for row in stored(connection, "erasures")] == list(ledger)
    custody.assume(connection.session)


def related(database: Database, record: str) -> None:
    """A tutor of whoever is named."""
    relation = Relation(
        record=record,
        person=f"{record}0",
        kind="REPRESENTATIVE",
        power="TUTELLE",
        starts_at=AT,
        ends_at=None,
        collector=ALICE,
        added_at=AT,
    )
    within(database, lambda scope: scope.relations.put(relation))


def test_who_was_linked_to_a_destroyed_record_is_told_by_no_copy(connection: Database) -> None:
    """Nor by the database itself; those of other records stay."""
    within(connection, lambda scope: create(scope, BOB))
    for record in (ALICE, BOB):
        related(connection, record)
    copy, before = copied(connection), stored(connection, "relations")
    within(connection, lambda scope: scope.erasures.destroy_record(BOB, str(uuid4()), AT))
    [left] = stored(connection, "relations")
    assert left[0] == ALICE
    restored(connection, copy)
    connection.execute("UPDATE records SET state = 'ACTIVE'")
    forget(connection)
    [gone] = [row for row in before if row[0] == BOB]
    connection.execute(f"INSERT INTO relations VALUES ({', '.join('?' for _ in gone)})", gone)  # noqa: S608 - places
    custody.assume(connection.session)
    assert stored(connection, "relations") == [left]


def test_nothing_waits_on_a_record_that_a_copy_brings_back(connection: Database) -> None:
    """Or its tickets would be shown, and a job due on them, for ever."""
    within(connection, lambda scope: create(scope, BOB))
    given: dict[str, Any] = {"record": BOB, "kind": "record.destroy", "document": None, "beneficiary": BOB}
    asked = Request(
        id=str(uuid4()), opener=BOB, opener_kind="HOLDER", opened_at=AT, expires_at=AT + timedelta(days=90), **given
    )
    glass = EmergencyStart(
        record=BOB,
        person=ALICE,
        mode="bris_de_glace",
        reason="coma",
        call_ref="",
        patient_unable=True,
        immediate_risk=True,
        started_at=AT,
        expires_at=AT + timedelta(hours=3),
    )
    within(connection, lambda scope: scope.tickets.open(asked))
    within(connection, lambda scope: scope.emergencies.start(glass))
    copy = copied(connection)
    within(connection, lambda scope: scope.erasures.destroy_record(BOB, str(uuid4()), AT))
    restored(connection, copy)
    connection.execute("UPDATE records SET state = 'ACTIVE'")
    forget(connection)
    custody.assume(connection.session)
    later = AT + timedelta(days=91)
    for source in ("tickets", "emergencies"):
        due = within(connection, lambda scope, of=source: getattr(scope, of).due(later, passed_over=0, limit=1))  # type: ignore[misc]
        assert due == (0, ())
    assert within(connection, lambda scope: scope.tickets.queue(AT, limit=1)).items == ()


def forget(database: Database) -> None:
    """Take back the table of erasures, as the copy had it; the service itself may only add to it."""
    served = database.session.dialect == "postgresql"
    if served:
        database.execute("RESET ROLE")
    database.execute("DELETE FROM erasures")
    if served:
        database.execute(f"SET ROLE {ROLE}")


def test_the_ledger_learns_what_only_the_database_knows(connection: Database) -> None:
    """A crash between the commit and the ledger's line is mended at the next start."""
    gone = within(connection, deposit).logical_id
    connection.execute("BEGIN")
    destroy(gone)(scope_of(connection))
    connection.execute("COMMIT")
    assert provider(connection).erasures() == ()
    custody.assume(connection.session)
    assert [erased.what for erased in provider(connection).erasures()] == [gone]


def scope_of(database: Database) -> Scope:
    return Scope(Savepoint(database.session))


def test_an_undone_destruction_is_in_no_ledger(connection: Database) -> None:
    """What failed after it destroyed nothing."""
    kept = within(connection, lambda scope: deposit(scope, content=CONTENT)).logical_id

    def fail(scope: Scope) -> None:
        destroy(kept)(scope)
        raise NotStored("something else is missing")

    with suppress(NotStored):
        within(connection, fail)
    assert read(connection, kept) == CONTENT
    assert provider(connection).erasures() == ()


def test_the_epochs_follow_one_another(connection: Database) -> None:
    """Everything is readable through each change, and an old master key is destroyed only when it wraps nothing."""
    document = within(connection, lambda scope: deposit(scope, content=CONTENT)).logical_id
    for turn in range(3):
        within(connection, lambda scope: scope.epochs.begin(AT))
        within(connection, lambda scope: scope.epochs.retire(AT))
        assert within(connection, lambda scope: scope.epochs.destroy_retired()) == 0
        assert len(provider(connection).epochs()) == 2
        assert read(connection, document) == CONTENT
        while within(connection, lambda scope: scope.epochs.rewrap(1)):
            assert read(connection, document) == CONTENT
        assert within(connection, lambda scope: scope.epochs.left()) == 0
        within(connection, lambda scope: scope.epochs.retire(AT))
        assert within(connection, lambda scope: scope.epochs.destroy_retired()) == 1
        assert provider(connection).epochs() == {turn + 2}
        assert read(connection, document) == CONTENT
