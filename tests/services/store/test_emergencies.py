"""Emergency accesses are one at a time, end with their starter or the clock; notifications are told once."""

from datetime import timedelta

import pytest

from policy.model import Always
from services.store.emergencies import EmergencyAccess, EmergencyStart
from services.store.errors import NotStored, StateConflict, StatementFailed, UnknownCursor
from services.store.notifications import News, Notification, Reader
from services.store.paging import Page
from tests.services.databases import Database
from tests.services.store.world import ALICE, AT, BOB, COLLEAGUE, DOCTOR, count, within

HOURS = timedelta(hours=1)
READER = Reader(id=ALICE, kind="HOLDER", authn_mode="WEB_PATIENT")


def started(connection: Database, *, person: str = DOCTOR, hour: float = 0, hours: float = 3) -> EmergencyAccess:
    """Start an access some hours after the beginning, for some hours."""
    access = EmergencyStart(
        record=ALICE,
        person=person,
        mode="centre_15",
        reason="douleur thoracique",
        call_ref="C15-42",
        patient_unable=False,
        immediate_risk=True,
        started_at=AT + hour * HOURS,
        expires_at=AT + (hour + hours) * HOURS,
    )
    opened: EmergencyAccess = within(connection, lambda scope: scope.emergencies.start(access))
    return opened


def live(connection: Database, hour: float, person: str = DOCTOR) -> EmergencyAccess | None:
    """The access of a person some hours after the beginning."""
    found: EmergencyAccess | None = within(connection, lambda s: s.emergencies.live(ALICE, person, AT + hour * HOURS))
    return found


def end(connection: Database, emergency: str, person: str, hour: float = 0) -> None:
    """End an access some hours after the beginning."""
    within(connection, lambda scope: scope.emergencies.end(emergency, person, AT + hour * HOURS))


def test_an_access_is_live_until_it_expires(connection: Database) -> None:
    """It is read back as started, for its starter alone."""
    opened = started(connection)
    assert live(connection, 0) == live(connection, 2.999) == opened
    assert live(connection, 3) is None
    assert live(connection, 1, COLLEAGUE) is None


def test_a_second_start_waits_for_the_end_of_the_first(connection: Database) -> None:
    """One at a time for a person; another person's is his own."""
    opened = started(connection)
    with pytest.raises(StateConflict):
        started(connection, hour=1)
    started(connection, person=COLLEAGUE)
    end(connection, opened.id, DOCTOR, hour=1)
    assert live(connection, 1) is None
    again = started(connection, hour=1)
    assert live(connection, 2) == again
    once_more = started(connection, hour=4)
    assert live(connection, 5) == once_more


def test_three_hours_are_the_most(connection: Database) -> None:
    """The database refuses more, and leaves nothing of the attempt."""
    with pytest.raises(StatementFailed):
        started(connection, hours=3.001)
    assert count(connection, "emergency_accesses") == 0
    assert live(connection, 0) is None


def test_an_access_is_ended_by_its_starter_once(connection: Database) -> None:
    """Nobody else's end counts, nor a second one, nor one of nothing."""
    opened = started(connection)
    for emergency, person in ((opened.id, COLLEAGUE), ("none", DOCTOR)):
        with pytest.raises(NotStored):
            end(connection, emergency, person)
    assert live(connection, 1) == opened
    end(connection, opened.id, DOCTOR)
    with pytest.raises(NotStored):
        end(connection, opened.id, DOCTOR)


def test_an_end_is_never_before_the_start(connection: Database) -> None:
    """A wall clock set back does not keep an access open."""
    opened = started(connection)
    end(connection, opened.id, DOCTOR, hour=-1)
    assert live(connection, 0) is None


def news(code: str = "NOTIFY_HOLDER", addressee: str = ALICE) -> News:
    """News for the holder."""
    return News(
        record=ALICE,
        addressee=addressee,
        code=code,
        at=AT,
        actor=DOCTOR,
        actor_name="Dr Élodie Ferrand",
        actor_profession="MEDECIN",
        actor_structure=None,
        mode="bris_de_glace",
        decision_id="d1",
    )


def tell(connection: Database, what: News, once: str) -> bool:
    """Tell its addressee, unless he was told."""
    told: bool = within(connection, lambda scope: scope.notifications.add(what, once, READER))
    return told


def listed(connection: Database, addressee: str, after: str | None = None) -> Page[Notification]:
    """Three notifications of an addressee."""
    page: Page[Notification] = within(
        connection, lambda scope: scope.notifications.list(ALICE, addressee, Always(value=True), limit=3, after=after)
    )
    return page


def test_news_are_told_once(connection: Database) -> None:
    """The same key tells the same addressee nothing more, and another addressee his own."""
    assert tell(connection, news(), "e1") is True
    assert tell(connection, news(), "e1") is False
    assert tell(connection, news(), "e2") is True
    assert tell(connection, news(addressee=DOCTOR), "e1") is True


def test_notifications_are_listed_newest_first_for_their_addressee(connection: Database) -> None:
    """In pages, and only his; another's is an unknown place to continue from."""
    for number in range(5):
        tell(connection, news(f"CODE_{number}"), str(number))
    tell(connection, news("OTHER", DOCTOR), "0")
    first = listed(connection, ALICE)
    rest = listed(connection, ALICE, first.items[-1].id)
    codes = [notification.news.code for page in (first, rest) for notification in page.items]
    assert codes == ["CODE_4", "CODE_3", "CODE_2", "CODE_1", "CODE_0"]
    assert (first.more, rest.more) == (True, False)
    assert first.items[0].news == news("CODE_4")
    for unknown in (listed(connection, DOCTOR).items[0].id, "none"):
        with pytest.raises(UnknownCursor):
            listed(connection, ALICE, unknown)


def test_news_of_no_record_are_refused(connection: Database) -> None:
    """A notification belongs to a record that is stored."""
    connection.execute("DELETE FROM records")
    with pytest.raises(StatementFailed):
        tell(connection, news(), BOB)
