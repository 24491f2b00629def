"""The record's life, its oppositions, who may consult it, and that every change of a fact raises its revision."""

from collections.abc import Callable
from datetime import date, timedelta
from uuid import uuid4

import pytest

from services.store.consents import Consent
from services.store.errors import NotStored, StateConflict, StatementFailed
from services.store.unit_of_work import Scope
from tests.services.databases import Database
from tests.services.store.world import ALICE, AT, BOB, DOCTOR, HOSPITAL, count, create, deposit, within

OPPOSITION = "OPPOSITION_BRIS_DE_GLACE"
Act = Callable[[Scope], object]


def grant(scope: Scope) -> None:
    """Let the doctor in."""
    scope.authorisations.grant(ALICE, DOCTOR, collector=ALICE, at=AT)


def revoke(scope: Scope) -> object:
    """End the authorisation."""
    return scope.authorisations.revoke(ALICE, DOCTOR)


def block(scope: Scope) -> object:
    """Shut somebody out."""
    return scope.authorisations.block(ALICE, DOCTOR, collector=ALICE, at=AT)


def unblock(scope: Scope) -> object:
    """End the block."""
    return scope.authorisations.unblock(ALICE, DOCTOR)


def take_role(scope: Scope) -> object:
    """Make him treating physician."""
    return scope.authorisations.set_treating_physician(ALICE, DOCTOR, collector=DOCTOR, at=AT)


def leave_role(scope: Scope) -> object:
    """End the role."""
    return scope.authorisations.remove_treating_physician(ALICE, DOCTOR)


def oppose(scope: Scope) -> object:
    """Oppose the breaking of the glass."""
    return scope.records.set_opposition(ALICE, OPPOSITION, collector=ALICE, at=AT)


def lift(scope: Scope) -> object:
    """Lift the opposition."""
    return scope.records.unset_opposition(ALICE, OPPOSITION)


def state(scope: Scope) -> tuple[str, bool]:
    """What the doctor may say of himself."""
    status = scope.authorisations.status(ALICE, DOCTOR)
    return status, scope.authorisations.is_treating_physician(ALICE, DOCTOR)


NOBODY, VALID, BLOCKED, TREATING = ("NON_EXISTE", False), ("VALIDE", False), ("INTERDIT", False), ("VALIDE", True)
TRANSITIONS: list[tuple[list[Act], Act, object]] = [
    ([], grant, VALID),
    ([grant], grant, VALID),
    ([block], grant, StateConflict),
    ([take_role], grant, TREATING),
    ([], revoke, NOBODY),
    ([grant], revoke, NOBODY),
    ([block], revoke, BLOCKED),
    ([take_role], revoke, StateConflict),
    ([], block, BLOCKED),
    ([grant], block, BLOCKED),
    ([block], block, BLOCKED),
    ([take_role], block, StateConflict),
    ([], unblock, NOBODY),
    ([grant], unblock, VALID),
    ([grant, block], unblock, NOBODY),
    ([take_role], unblock, TREATING),
    ([], take_role, TREATING),
    ([grant], take_role, TREATING),
    ([block], take_role, StateConflict),
    ([take_role], take_role, TREATING),
    ([], leave_role, NOBODY),
    ([grant], leave_role, VALID),
    ([block], leave_role, BLOCKED),
    ([grant, take_role], leave_role, NOBODY),
]


@pytest.mark.parametrize(
    ("before", "act", "after"),
    TRANSITIONS,
    ids=["+".join(act.__name__ for act in [*before, act]) for before, act, _ in TRANSITIONS],
)
def test_an_authorisation_changes_as_the_catalogue_says(
    connection: Database, before: list[Act], act: Act, after: object
) -> None:
    """Catalogue 8.3: a block ends only by unblocking, a role by its own removal; what conflicts changes nothing."""
    for earlier in before:
        within(connection, earlier)
    stood = within(connection, state)
    if after is StateConflict:
        with pytest.raises(StateConflict):
            within(connection, act)
    else:
        within(connection, act)
    assert within(connection, state) == (stood if after is StateConflict else after)


def test_a_renewed_authorisation_counts_from_its_renewal(connection: Database) -> None:
    """AUT-04: valid for a year from the last grant."""
    within(connection, grant)
    later = AT + timedelta(days=300)
    within(connection, lambda s: s.authorisations.grant(ALICE, DOCTOR, collector=DOCTOR, at=later))
    row = connection.execute("SELECT collector, added_at - ? FROM authorisations", [0]).fetchone()
    assert row == (DOCTOR, 1308139200123456 + 300 * 86_400_000_000)


CHANGING: dict[str, tuple[list[Act], Act]] = {
    "grant": ([], grant),
    "revoke": ([grant], revoke),
    "block": ([], block),
    "unblock": ([block], unblock),
    "take role": ([], take_role),
    "leave role": ([take_role], leave_role),
    "oppose": ([], oppose),
    "lift": ([oppose], lift),
    "deposit": ([], deposit),
}


@pytest.mark.parametrize("what", CHANGING)
def test_a_change_raises_the_revision(connection: Database, what: str) -> None:
    """The trace of a decision names the revision that it saw, so every change makes another."""
    before, act = CHANGING[what]
    for earlier in before:
        within(connection, earlier)
    stood = revision(connection)
    within(connection, act)
    assert revision(connection) > stood


@pytest.mark.parametrize("act", [revoke, unblock, leave_role, lift], ids=lambda act: act.__name__)
def test_what_changes_nothing_says_so(connection: Database, act: Act) -> None:
    """Nothing is revoked, unblocked or lifted that was not there, and the revision stays."""
    stood = revision(connection)
    assert within(connection, act) is False
    assert revision(connection) == stood


def test_a_repeated_block_or_opposition_says_so(connection: Database) -> None:
    """The second one changes nothing."""
    for act in (block, oppose):
        assert within(connection, act) is True
        stood = revision(connection)
        assert within(connection, act) is False
        assert revision(connection) == stood


def revision(connection: Database) -> int:
    """The revision of Alice's record."""
    stored: int = within(connection, lambda scope: scope.records.status(ALICE)).revision
    return stored


def test_a_record_is_created_once(connection: Database) -> None:
    """LIF-04: a second one conflicts, whether the first is open or closed, and changes nothing."""
    within(connection, deposit)
    for as_stored in ("ACTIVE", "CLOSED", "SUSPENDED"):
        connection.execute("UPDATE records SET state = ?, closed_at = 1", [as_stored])
        with pytest.raises(StateConflict):
            within(connection, create)
    assert count(connection, "documents") == 1


def test_a_destroyed_record_leaves_its_place(connection: Database) -> None:
    """LIF-02, LIF-12: the new one has no link to the old, whose remains go with its tombstone."""
    within(connection, grant)
    within(connection, oppose)
    within(connection, deposit)
    within(connection, lambda scope: scope.erasures.destroy_record(ALICE, str(uuid4()), AT))
    assert within(connection, lambda scope: scope.records.status(ALICE)).state == "DESTROYED"
    within(connection, create)
    assert within(connection, lambda scope: scope.records.status(ALICE)).revision == 1
    for table in ("authorisations", "oppositions", "documents", "document_contents"):
        assert count(connection, table) == 0


def test_a_record_is_read_as_created(connection: Database) -> None:
    """Its state, its holder's birth and its protection; one that is not stored is nothing."""
    within(
        connection,
        lambda s: s.records.create(BOB, holder_birth_date=date(2004, 2, 29), protection="tutelle", at=AT),
    )
    found = within(connection, lambda scope: scope.records.status(BOB))
    assert (found.state, found.holder_birth_date, found.protection) == ("ACTIVE", date(2004, 2, 29), "tutelle")
    assert (found.created_at, found.closed_at, found.deceased) == (AT, None, False)
    assert within(connection, lambda scope: scope.records.status("nobody")) is None


@pytest.mark.parametrize(
    "act",
    [
        lambda s: s.records.create(BOB, holder_birth_date=date(2004, 2, 29), protection="other", at=AT),
        lambda s: s.records.set_opposition(ALICE, "OTHER", collector=ALICE, at=AT),
    ],
)
def test_a_value_outside_its_list_is_refused(connection: Database, act: Act) -> None:
    """The database itself holds the enumerations."""
    with pytest.raises(StatementFailed):
        within(connection, act)


@pytest.mark.parametrize("act", [grant, block, take_role, oppose, deposit], ids=lambda act: act.__name__)
def test_nothing_is_added_to_a_record_that_is_not_stored(connection: Database, act: Act) -> None:
    """Whatever the rules said."""
    connection.execute("DELETE FROM records")
    with pytest.raises(NotStored):
        within(connection, act)


def test_a_consent_is_kept_as_collected(connection: Database) -> None:
    """CNS-02: who collected what, when, by which decision."""
    opening = Consent("CONSENTEMENT_OUVERTURE_DMP", None, DOCTOR, AT, "d1")
    other = Consent("AUTORISATION", HOSPITAL, ALICE, AT, "d2")
    within(connection, lambda scope: scope.consents.record(ALICE, opening))
    within(connection, lambda scope: scope.consents.record(ALICE, other))
    assert within(connection, lambda scope: scope.consents.of_record(ALICE)) == (opening, other)
    with pytest.raises(StatementFailed):
        within(connection, lambda scope: scope.consents.record(BOB, opening))
