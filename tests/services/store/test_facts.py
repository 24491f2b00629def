"""The facts of many calls come in one statement, of one shape, and say what is stored and nothing more permissive."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.store.emergencies import EmergencyStart
from services.store.errors import UnfitValue
from services.store.facts import STORED, facts_many
from services.store.relations import Relation
from services.store.savepoint import Savepoint
from services.store.unit_of_work import Facts, FactsKey, Scope
from tests.services.databases import Database
from tests.services.store.world import (
    ALICE,
    AT,
    BOB,
    COLLEAGUE,
    DOCTOR,
    HOSPITAL,
    create,
    deposit,
    key,
    within,
)

EARLIER = AT - timedelta(days=1)


def facts(connection: Database, asked: FactsKey) -> Facts:
    """The facts of one call."""
    return loaded(connection, asked)[0]


def loaded(connection: Database, *asked: FactsKey) -> list[Facts]:
    """The facts of some calls."""
    connection.execute("BEGIN")
    try:
        return facts_many(Savepoint(connection.session), asked)
    finally:
        connection.execute("ROLLBACK")


def store(connection: Database, act: str, target: str, at: datetime = AT) -> None:
    """Grant or block somebody on Alice's record."""
    within(connection, lambda scope: getattr(scope.authorisations, act)(ALICE, target, collector=ALICE, at=at))


def start(**others: Any) -> EmergencyStart:
    """The doctor breaks the glass on Alice's record."""
    fields: dict[str, Any] = {
        "record": ALICE,
        "person": DOCTOR,
        "mode": "bris_de_glace",
        "reason": "coma",
        "call_ref": "",
        "patient_unable": True,
        "immediate_risk": True,
        "started_at": AT,
        "expires_at": AT + timedelta(hours=3),
    }
    return EmergencyStart(**{**fields, **others})


def test_what_is_said_to_be_stored_is_what_is_loaded(connection: Database) -> None:
    """By name: whoever may supply facts may supply none of these."""
    within(connection, lambda scope: scope.emergencies.start(start()))
    found = facts(connection, key())
    entities = ("record", "relation", "context")
    assert {f"{entity}.{name}" for entity in entities for name in found[entity]} == STORED


def test_a_record_is_told_as_stored(connection: Database) -> None:
    """Every fact of the record is there, in the types of the request."""
    within(connection, lambda s: s.records.set_opposition(ALICE, "OPPOSITION_ACCES_URGENCE", collector=ALICE, at=AT))
    found = facts(connection, key())
    assert found["record"] == {
        "exists": True,
        "ins": ALICE,
        "state": "ACTIVE",
        "closed_at": None,
        "oppositions": {"OPPOSITION_ACCES_URGENCE"},
        "holder_birth_date": date(1960, 3, 3),
        "deceased": False,
        "protection": "none",
    }
    assert found["revision"] == 2


def test_a_record_that_is_not_stored_does_not_exist(connection: Database) -> None:
    """Nothing is said of it but that, and everything else is as for a stranger."""
    assert facts(connection, key(BOB)) == {
        "revision": None,
        "emergency": None,
        "record": {"exists": False},
        "relation": {
            "holder": False,
            "treating_physician": False,
            "authorisation": "NON_EXISTE",
            "authorisation_added_at": None,
            "target_is_treating_physician": False,
            "target_authorisation": "NON_EXISTE",
            "target_is_oneself": False,
            "representative": False,
            "delegate": False,
            "mt_equivalent": False,
            "care_team": False,
            "power": None,
            "granted": None,
            "own_record": "NONE",
        },
        "document": None,
        "context": {},
        "ticket": None,
        "ticket_opener": None,
        "documents": {},
    }


def test_a_destroyed_and_a_closed_record_are_told_so(connection: Database) -> None:
    """The rules, not the store, say what becomes of them."""
    closed = "UPDATE records SET state = 'CLOSED', closed_at = 1262304000000001"
    connection.execute(closed)
    found = facts(connection, key())["record"]
    assert (found["state"], found["closed_at"]) == ("CLOSED", datetime(2010, 1, 1, 0, 0, 0, 1, tzinfo=UTC))
    connection.execute("UPDATE records SET state = 'DESTROYED', deceased = ?", True)
    found = facts(connection, key())["record"]
    assert (found["exists"], found["state"], found["deceased"]) == (True, "DESTROYED", True)


def test_the_holder_is_who_the_record_is_named_after(connection: Database) -> None:
    """The same identifier, byte for byte."""
    assert facts(connection, key(person=ALICE))["relation"]["holder"] is True
    assert facts(connection, key(person=ALICE + " "))["relation"]["holder"] is False


Stored = tuple[str, str, datetime]
GRANT, BLOCK = "grant", "block"
AUTHORISATIONS: dict[str, tuple[list[Stored], str, datetime | None]] = {
    "nobody's": ([], "NON_EXISTE", None),
    "his own": ([(GRANT, DOCTOR, AT)], "VALIDE", AT),
    "his structure's": ([(GRANT, HOSPITAL, AT)], "VALIDE", AT),
    "both, his own younger": ([(GRANT, DOCTOR, AT), (GRANT, HOSPITAL, EARLIER)], "VALIDE", AT),
    "both, his structure's younger": ([(GRANT, DOCTOR, EARLIER), (GRANT, HOSPITAL, AT)], "VALIDE", AT),
    "a colleague's": ([(GRANT, COLLEAGUE, AT)], "NON_EXISTE", None),
    "his own block": ([(BLOCK, DOCTOR, AT)], "INTERDIT", None),
    "his own block in an authorised structure": ([(GRANT, HOSPITAL, AT), (BLOCK, DOCTOR, AT)], "INTERDIT", None),
    "his structure's block": ([(BLOCK, HOSPITAL, AT)], "INTERDIT", None),
    "his own in a blocked structure": ([(GRANT, DOCTOR, AT), (BLOCK, HOSPITAL, AT)], "INTERDIT", None),
}


@pytest.mark.parametrize("whose", AUTHORISATIONS)
def test_an_authorisation_is_ones_own_or_ones_structures(connection: Database, whose: str) -> None:
    """A block of either wins; else either grant counts, since the younger one (AUT-06, AUT-10)."""
    stored, status, added_at = AUTHORISATIONS[whose]
    for act, target, at in stored:
        store(connection, act, target, at)
    relation = facts(connection, key(structure=HOSPITAL))["relation"]
    assert (relation["authorisation"], relation["authorisation_added_at"]) == (status, added_at)


def test_a_structure_counts_only_for_who_acts_in_it(connection: Database) -> None:
    """Its authorisation is nothing to a person of no structure, nor on another record."""
    store(connection, GRANT, HOSPITAL)
    within(connection, lambda scope: create(scope, BOB))
    assert facts(connection, key())["relation"]["authorisation"] == "NON_EXISTE"
    assert facts(connection, key(BOB, structure=HOSPITAL))["relation"]["authorisation"] == "NON_EXISTE"


def test_the_treating_physician_holds_the_role_and_an_authorisation(connection: Database) -> None:
    """Both are his, on that record alone."""
    within(connection, lambda s: s.authorisations.set_treating_physician(ALICE, DOCTOR, collector=DOCTOR, at=AT))
    within(connection, lambda scope: create(scope, BOB))
    relation = facts(connection, key())["relation"]
    assert (relation["treating_physician"], relation["authorisation"]) == (True, "VALIDE")
    assert facts(connection, key(BOB))["relation"]["treating_physician"] is False
    assert facts(connection, key(person=COLLEAGUE))["relation"]["treating_physician"] is False


def test_the_person_named_has_facts_of_his_own(connection: Database) -> None:
    """His role and his authorisation are told beside those of the person who asks."""
    within(connection, lambda s: s.authorisations.set_treating_physician(ALICE, COLLEAGUE, collector=ALICE, at=AT))
    named = facts(connection, key(target=COLLEAGUE))["relation"]
    assert (named["target_is_treating_physician"], named["target_authorisation"]) == (True, "VALIDE")
    assert (named["treating_physician"], named["authorisation"]) == (False, "NON_EXISTE")
    store(connection, BLOCK, DOCTOR)
    assert facts(connection, key(person=ALICE, target=DOCTOR))["relation"]["target_authorisation"] == "INTERDIT"


def relate(connection: Database, person: str, kind: str, **others: Any) -> None:
    """Link somebody to Alice's record."""
    fields: dict[str, Any] = {
        "record": ALICE,
        "person": person,
        "kind": kind,
        "starts_at": EARLIER,
        "ends_at": None,
        "collector": DOCTOR,
        "added_at": AT,
    }
    within(connection, lambda scope: scope.relations.put(Relation(**{**fields, **others})))


KINDS = {
    "REPRESENTATIVE": "representative",
    "DELEGATE": "delegate",
    "CARE_TEAM": "care_team",
    "MT_EQUIVALENT": "mt_equivalent",
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_relation_is_ones_own_on_its_record(connection: Database, kind: str) -> None:
    """Of its kind and of no other, on no other record, and nobody else's."""
    within(connection, lambda scope: create(scope, BOB))
    relate(connection, DOCTOR, kind, power="TUTELLE" if kind == "REPRESENTATIVE" else None)
    mine, elsewhere, other = loaded(connection, key(), key(BOB), key(person=COLLEAGUE))
    for name, word in KINDS.items():
        assert mine["relation"][word] is (name == kind)
        assert elsewhere["relation"][word] is other["relation"][word] is False
    assert mine["relation"]["power"] == ("TUTELLE" if kind == "REPRESENTATIVE" else None)


def test_a_relation_holds_from_its_first_moment_to_its_last(connection: Database) -> None:
    """Not a microsecond before nor after."""
    moment = timedelta(microseconds=1)
    relate(connection, DOCTOR, "CARE_TEAM", starts_at=AT, ends_at=AT + moment)
    held = [facts(connection, key(at=at))["relation"]["care_team"] for at in (AT - moment, AT, AT + moment)]
    assert held == [False, True, False]


def test_several_relations_of_a_person_are_told_together(connection: Database) -> None:
    """Each kind with what it has of its own."""
    relate(connection, BOB, "REPRESENTATIVE", power="CURATELLE", granted="GESTION")
    relate(connection, BOB, "DELEGATE")
    relation = facts(connection, key(person=BOB))["relation"]
    assert (relation["representative"], relation["delegate"], relation["power"]) == (True, True, "CURATELLE")
    assert relation["granted"] == "GESTION"


def test_a_professional_may_himself_be_the_holder_or_represent_him(connection: Database) -> None:
    """By the INS that his identity tells: it links him as a person, and gives him no right as one (ACT-05)."""
    relate(connection, BOB, "REPRESENTATIVE", power="AUTORITE_PARENTALE")
    owns = {ALICE: "HOLDER", BOB: "REPRESENTATIVE", None: "NONE", "1.2.250.1.213.1.4.10|other": "NONE"}
    for own, told in owns.items():
        relation = facts(connection, key(own=own))["relation"]
        assert (relation["own_record"], relation["representative"], relation["power"]) == (told, False, None)


def test_a_document_is_told_as_stored(connection: Database) -> None:
    """Its facts are those of the request, and its absences are null."""
    labels = frozenset({"N", "MASQUE_PS"})
    stored = within(connection, lambda s: deposit(s, labels=labels, class_code=None, author_structure=None))
    assert facts(connection, key(document=stored.logical_id))["document"] == {
        "type": "11488-4",
        "class": None,
        "labels": labels,
        "status": "Approved",
        "author": DOCTOR,
        "author_structure": None,
        "deposited_at": AT,
    }


def test_further_documents_are_told_as_one_would_be(connection: Database) -> None:
    """Each of its own record alone; what is not stored is not there."""
    first, second = (within(connection, deposit) for _ in range(2))
    named = (first.logical_id, second.logical_id, "none")
    mine, other, none = loaded(connection, key(documents=named), key(BOB, documents=named), key())
    alone = {each: facts(connection, key(document=each))["document"] for each in named[:2]}
    assert mine["documents"] == alone
    assert (other["documents"], none["document"]) == ({}, None)


def test_a_document_belongs_to_its_record(connection: Database) -> None:
    """Named with another record, it does not exist."""
    within(connection, lambda scope: create(scope, BOB))
    stored = within(connection, deposit)
    assert facts(connection, key(BOB, document=stored.logical_id))["document"] is None


def test_an_emergency_access_is_live_until_it_expires_or_ends(connection: Database) -> None:
    """While it is live its mode and what was declared are the context; neither before another's nor after."""
    opened = within(connection, lambda scope: scope.emergencies.start(start()))
    declared = {
        "mode": "bris_de_glace",
        "reason": "coma",
        "call_ref": "",
        "patient_unable": True,
        "immediate_risk": True,
    }
    live = facts(connection, key())
    assert (live["context"], live["emergency"]) == (declared, opened.id)
    last = AT + timedelta(hours=3) - timedelta(microseconds=1)
    assert facts(connection, key(at=last))["context"] == declared
    for other in (key(at=AT + timedelta(hours=3)), key(person=COLLEAGUE), key(BOB)):
        assert (facts(connection, other)["context"], facts(connection, other)["emergency"]) == ({}, None)
    within(connection, lambda scope: scope.emergencies.end(opened.id, DOCTOR, AT))
    assert facts(connection, key())["context"] == {}


def test_many_calls_are_answered_each_for_itself(connection: Database) -> None:
    """Each gets the facts that it would get alone, whatever is missing, in the order asked."""
    store(connection, GRANT, DOCTOR)
    stored = within(connection, deposit)
    asked = [
        key(),
        key(BOB),
        key(document=stored.logical_id),
        key(person=COLLEAGUE, document="none", target=DOCTOR),
        key(document="none"),
        key(),
    ]
    assert loaded(connection, *asked) == [facts(connection, one) for one in asked]


def shape(value: object) -> object:
    """The names in a value, whatever they hold."""
    return {name: shape(part) for name, part in value.items()} if isinstance(value, dict) else None


def seen(connection: Database, asked: FactsKey) -> tuple[Facts, list[str]]:
    """The facts of a call, and the statements that the database ran for it, without its own parameters."""
    ran: list[str] = []
    connection.connection.set_trace_callback(ran.append)
    found = facts(connection, asked)
    connection.connection.set_trace_callback(None)
    return found, [re.sub(r"json_each\('.*?'\)", "json_each(?)", statement) for statement in ran]


@pytest.mark.parametrize("store", ["sqlite"])
def test_hidden_and_missing_are_loaded_alike(connection: Database) -> None:
    """A document that exists and one that does not cost the same statements and leave every other fact the same."""
    masked = within(connection, lambda scope: deposit(scope, labels=frozenset({"N", "MASQUE_PS"})))
    hidden, of_hidden = seen(connection, key(document=masked.logical_id))
    missing, of_missing = seen(connection, key(document="c0ffee00-0000-4000-8000-000000000000"))
    assert of_hidden == of_missing
    assert len(of_hidden) == 3  # BEGIN, the facts, ROLLBACK
    assert {**hidden, "document": None} == missing
    assert shape(facts(connection, key(BOB))["relation"]) == shape(hidden["relation"])


@pytest.mark.parametrize("store", ["sqlite"])
def test_the_facts_are_found_by_keys(connection: Database) -> None:
    """No table is read from end to end, however much is stored."""
    connection.execute("BEGIN")
    statement = Savepoint(connection.session)
    plans: list[str] = []
    connection.connection.set_trace_callback(plans.append)
    facts_many(statement, [key()])
    connection.connection.set_trace_callback(None)
    connection.execute("ROLLBACK")
    steps = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {plans[0]}")]
    scanned = [step for step in steps if step.startswith("SCAN") and "call" not in step and "asked" not in step]
    assert scanned == []


@pytest.mark.parametrize("field", ["record", "person", "structure", "document", "target", "own"])
def test_an_identifier_that_would_be_cut_is_refused(field: str) -> None:
    """SQLite ends a text taken from JSON at its first NUL, PostgreSQL refuses such and unpaired surrogates."""
    for odd in ("\0", "\ud800"):
        with pytest.raises(UnfitValue):
            key(**{field: f"{DOCTOR}{odd}x"})


@pytest.mark.parametrize("store", ["sqlite"])
def test_sqlite_does_cut_it(connection: Database) -> None:
    """The reason for the refusal still holds."""
    found = connection.execute("SELECT value FROM json_each(?)", ['["abc\\u0000def"]']).fetchone()
    assert found == ("abc",)


def test_a_time_without_zone_is_refused() -> None:
    """It could mean any hour."""
    with pytest.raises(UnfitValue):
        key(at=AT.replace(tzinfo=None))


@pytest.mark.parametrize("odd", ["", "'", '"', "\\", "%", "é", "\x01", "a" * 10_000, '",1],["'])
def test_an_odd_identifier_is_nobody(connection: Database, odd: str) -> None:
    """Whatever the text, it is neither another person nor a statement, and spoils no other call."""
    store(connection, GRANT, DOCTOR)
    strange, usual = loaded(connection, key(odd, odd, structure=odd, document=odd, target=odd), key())
    assert strange["record"] == {"exists": False}
    assert strange["relation"]["authorisation"] == "NON_EXISTE"
    assert usual["relation"]["authorisation"] == "VALIDE"


def test_a_scope_offers_no_facts_of_its_own() -> None:
    """Handlers decide nothing."""
    assert not hasattr(Scope, "facts")
