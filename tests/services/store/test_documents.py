"""Documents are kept whole, listed in pages of what is visible, and relabelled under the same logical id."""

from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest

from policy.model import Always, Contains, Not, Predicate
from services.store.document import Document
from services.store.documents import Relabelled
from services.store.errors import NotStored, StateConflict, UnfitValue, UnknownCursor
from services.store.listing import Wanted
from services.store.paging import Page
from services.store.unit_of_work import Done, Scope, Touched, TraceEntry, Verb
from tests.services.databases import Database
from tests.services.store.world import (
    ALICE,
    AT,
    BOB,
    COLLEAGUE,
    DOCTOR,
    Verdict,
    change,
    count,
    create,
    deposit,
    entry,
    outcome,
    within,
)

UNMASKED = Not(Contains("document.labels", "MASQUE_PS"))
MASKED = frozenset({"N", "MASQUE_PS"})
ALL = Always(value=True)


def listed(connection: Database, predicate: Predicate = ALL, **how: Any) -> Page[Document]:
    """A page of Alice's documents, by default of the approved ones."""
    asked = {"limit": 100, **{name: how.pop(name) for name in ("limit", "after", "order") if name in how}}
    wanted = Wanted(**{"statuses": ["Approved"], **how})
    page: Page[Document] = within(connection, lambda scope: scope.documents.visible(ALICE, predicate, wanted, **asked))
    return page


def deposited(connection: Database, day: int, **others: Any) -> str:
    """The logical id of a document deposited some days after the beginning."""
    return str(within(connection, lambda scope: deposit(scope, at=AT + timedelta(days=day), **others)).logical_id)


def relabel(connection: Database, logical_id: str, record: str = ALICE, **labels: Any) -> Relabelled:
    """Change the labels of a document."""
    changed: Relabelled = within(connection, lambda scope: scope.documents.relabel(record, logical_id, **labels))
    return changed


def read(connection: Database, record: str, logical_id: str) -> tuple[Document, bytes]:
    """Read a document."""
    found: tuple[Document, bytes] = within(connection, lambda scope: scope.documents.content(record, logical_id))
    return found


def ids(page: Page[Document]) -> list[str]:
    """The logical ids of a page."""
    return [document.logical_id for document in page.items]


def test_a_document_is_read_back_as_deposited(connection: Database) -> None:
    """The bytes are the same, the digest is theirs, and what its depositor stated is kept."""
    content = bytes(range(256)) * 3
    stored = within(connection, lambda scope: deposit(scope, content=content, labels=MASKED))
    document, kept = read(connection, ALICE, stored.logical_id)
    assert kept == content
    assert document == stored
    assert (stored.size, stored.sha256) == (len(content), sha256(content).hexdigest())
    assert (stored.status, stored.deposited_at, stored.deposit.labels) == ("Approved", AT, MASKED)


def test_an_author_deposits_a_unique_id_once(connection: Database) -> None:
    """A second deposit conflicts for him, and for nobody else, for whom the first may be hidden (VIS-18)."""
    within(connection, lambda scope: create(scope, BOB))
    within(connection, lambda scope: deposit(scope, unique_id="1.2.3|4"))
    with pytest.raises(StateConflict):
        within(connection, lambda scope: deposit(scope, unique_id="1.2.3|4"))
    within(connection, lambda scope: deposit(scope, unique_id="1.2.3|4", author=COLLEAGUE))
    within(connection, lambda scope: deposit(scope, unique_id="1.2.3|4", record=BOB))
    assert count(connection, "documents") == count(connection, "document_contents") == 3


def test_a_document_is_read_through_its_record_only(connection: Database) -> None:
    """Named with another record it is not there, like one that never was."""
    within(connection, lambda scope: create(scope, BOB))
    stored = within(connection, deposit)
    for record, logical_id in ((BOB, stored.logical_id), (ALICE, "none"), (ALICE, stored.entry_uuid)):
        with pytest.raises(NotStored):
            read(connection, record, logical_id)
        with pytest.raises(NotStored):
            relabel(connection, logical_id, record, add=["MASQUE_PS"])


def test_a_destroyed_content_is_gone(connection: Database) -> None:
    """What remains of the document is not served as an empty one."""
    stored = within(connection, deposit)
    connection.execute("DELETE FROM document_contents")
    with pytest.raises(NotStored):
        read(connection, ALICE, stored.logical_id)


def test_relabelling_changes_the_entry_and_nothing_else(connection: Database) -> None:
    """VIS-04, VIS-17: a new entry_uuid, the same logical and unique id, and the labels before and after."""
    stored = within(connection, deposit)
    changed = relabel(connection, stored.logical_id, add=["MASQUE_PS"])
    assert (changed.before, changed.after) == (frozenset({"N"}), MASKED)
    now = changed.document
    assert now.entry_uuid != stored.entry_uuid
    assert (now.logical_id, now.deposit.unique_id, now.sha256) == (
        stored.logical_id,
        stored.deposit.unique_id,
        stored.sha256,
    )
    back = relabel(connection, stored.logical_id, remove=["MASQUE_PS"])
    assert (back.before, back.after) == (MASKED, frozenset({"N"}))


def test_relabelling_that_changes_nothing_conflicts(connection: Database) -> None:
    """ENV-08: masking what is masked, unmasking what is not."""
    stored = within(connection, lambda scope: deposit(scope, labels=MASKED))
    unchanging: list[dict[str, Any]] = [{"add": ["MASQUE_PS"]}, {"remove": ["INVISIBLE_PATIENT"]}, {}]
    for labels in unchanging:
        with pytest.raises(StateConflict):
            relabel(connection, stored.logical_id, **labels)
    with pytest.raises(UnfitValue):
        relabel(connection, stored.logical_id, add=["SECRET"])


@pytest.mark.parametrize("limit", range(1, 9))
def test_pages_follow_one_another(connection: Database, limit: int) -> None:
    """Newest deposit first, equal times by the order of deposit, each document once, whatever the size of a page."""
    days = [0, 3, 1, 1, 2, 3, 0]
    stored = [deposited(connection, day) for day in days]
    order = sorted(range(len(days)), key=lambda place: (days[place], place), reverse=True)
    page = listed(connection, limit=limit)
    seen = ids(page)
    while page.more:
        page = listed(connection, limit=limit, after=seen[-1])
        seen += ids(page)
    assert seen == [stored[place] for place in order]


def test_a_page_tells_nothing_of_what_is_hidden(connection: Database) -> None:
    """Hidden documents between visible ones change neither the pages nor whether there are more (VIS-18)."""
    visible = []
    for day in range(4):
        visible.append(deposited(connection, day))
        deposited(connection, day, labels=MASKED)
    page = listed(connection, UNMASKED, limit=2)
    assert (ids(page), page.more) == (visible[:1:-1], True)
    rest = listed(connection, UNMASKED, limit=2, after=visible[2])
    assert (ids(rest), rest.more) == (visible[1::-1], False)


def test_a_hidden_cursor_is_like_a_made_up_one(connection: Database) -> None:
    """To continue from a document that the reader does not see is to continue from none."""
    within(connection, lambda scope: create(scope, BOB))
    hidden = deposited(connection, 0, labels=MASKED)
    elsewhere = deposited(connection, 0, record=BOB)
    told = set()
    for cursor in (hidden, elsewhere, "c0ffee00-0000-4000-8000-000000000000", "", "'"):
        with pytest.raises(UnknownCursor) as refused:
            listed(connection, UNMASKED, after=cursor)
        told.add(str(refused.value))
    assert len(told) == 1


def test_a_list_shows_the_statuses_asked_for(connection: Database) -> None:
    """DOC-02..04: the default is the caller's business, and no status means no document."""
    approved, archived = deposited(connection, 0), deposited(connection, 1)
    connection.execute("UPDATE documents SET status = 'Archived' WHERE logical_id = ?", [archived])
    assert ids(listed(connection)) == [approved]
    assert ids(listed(connection, statuses=["Archived", "Approved"])) == [archived, approved]
    assert ids(listed(connection, statuses=[])) == []
    assert ids(listed(connection, statuses=["Approved\0x"])) == []


def test_what_a_handler_touches_is_noted(connection: Database) -> None:
    """Each document listed, read, created or relabelled, as it was then, in order; one beyond the page is not."""
    kept = within(connection, deposit)
    within(connection, lambda scope: deposit(scope, at=AT - timedelta(days=1)))

    def handle(scope: Scope, _verdict: object) -> str:
        scope.documents.visible(ALICE, ALL, Wanted(statuses=["Approved"]), limit=1)
        scope.documents.content(ALICE, kept.logical_id)
        scope.documents.relabel(ALICE, kept.logical_id, add=["MASQUE_PS"])
        return deposit(scope, type="60568-3").logical_id

    told: list[Touched] = []

    def noted(verdict: Verdict, done: Done) -> TraceEntry:
        told.extend(done.touched)
        return entry(verdict, done)

    ended = outcome(connection, change(handle, entry=noted))
    plain = frozenset({"N"})
    unique_id = kept.deposit.unique_id
    assert told[:3] == [
        Touched(kept.logical_id, Verb.LISTED, unique_id, "11488-4", plain),
        Touched(kept.logical_id, Verb.READ, unique_id, "11488-4", plain),
        Touched(kept.logical_id, Verb.RELABELLED, unique_id, "11488-4", plain, MASKED),
    ]
    assert (told[3].document, told[3].verb, told[3].type) == (ended.result, Verb.CREATED, "60568-3")
    assert len(told) == 4


def test_a_text_that_cannot_be_stored_is_refused(connection: Database) -> None:
    """A lone surrogate is no text, and spoils nothing but its own unit."""
    with pytest.raises(UnfitValue):
        within(connection, lambda scope: deposit(scope, title="\ud800"))
    assert count(connection, "documents") == 0
    assert within(connection, lambda scope: deposit(scope, author=DOCTOR)).deposit.author == DOCTOR
