"""What is PostgreSQL's alone: its role, its collation, its locks, and units that are in each other's way."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from policy.model import Always
from services.store import postgres, schema
from services.store.errors import Contended, StartRefused, StateConflict, Unavailable
from services.store.keyring import Keyring
from services.store.listing import Wanted
from services.store.postgres_executor import PostgresExecutor
from services.store.tables import metadata
from services.store.unit_of_work import Outcome
from tests.services.databases import Database, created, keys_of, rows, server
from tests.services.store.world import ALICE, AT, BOB, DOCTOR, Verdict, answered, change, create, deposit, key, unit
from tests.services.unsealed import Seals

PATIENCE = 20.0
WHOLE = re.compile("Seq Scan on (documents|document_contents|record_keys|data_keys|records|authorisations|traces)")
FINAL = "permission denied|only ever added"


@pytest.fixture
def store() -> str:
    """These are of PostgreSQL alone."""
    return "postgresql"


@pytest.fixture
def executor(address: str) -> Iterator[PostgresExecutor]:
    """Serves Alice's and Bob's records over two connections."""
    served = PostgresExecutor(address, keys_of(address), workers=2)
    done(served.submit(change(lambda scope, _: create(scope))))
    done(served.submit(change(lambda scope, _: create(scope, BOB), asked=key(BOB), locks=BOB)))
    yield served
    served.close()


def done(future: Future[Outcome[Verdict, Any]]) -> Any:
    """What a unit returned that must have been done."""
    ended = future.result(timeout=PATIENCE)
    if ended.error is not None:
        raise ended.error
    return ended.result


def owner(address: str, *statements: str) -> None:
    """Let the owner of the database do something."""
    with psycopg.connect(address, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def test_the_migrations_make_the_tables_of_the_statements(address: str) -> None:
    """Nothing that Alembic can see is missing, left over or of another type."""
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(address))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata) == []
    engine.dispose()


def test_the_tables_go_up_and_down(databases: Any) -> None:
    """Every version has a way back, and ends where a fresh start does."""
    address = created(server(databases.server))
    assert schema.move(address) == schema.HEAD
    assert schema.move(address, down_to="0001") == "0001"
    with pytest.raises(StartRefused, match="as the owner"):
        PostgresExecutor(
            f"{address}&options=-c%20default_transaction_read_only%3Don",
            keys_of(f"{address}&options=-c%20default_transaction_read_only%3Don"),
        )
    assert schema.move(address, down_to="base") == "base"
    assert schema.move(address) == schema.HEAD
    test_the_migrations_make_the_tables_of_the_statements(address)


def test_a_database_with_traces_does_not_go_back_before_them(address: str, connection: Database) -> None:
    """What was traced is never given up, not even by a downgrade."""
    answered(connection, unit())
    connection.session.close()
    with pytest.raises(StartRefused, match="only ever added"):
        schema.move(address, down_to="base")
    assert len(rows(address, "SELECT * FROM traces")) == 2


def test_a_newer_database_is_refused(address: str) -> None:
    """A program that does not know the tables does not serve them."""
    owner(address, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StartRefused, match="9999"):
        PostgresExecutor(address, keys_of(address))


@pytest.mark.parametrize("verb", ["UPDATE traces SET purpose = 'x'", "DELETE FROM traces", "TRUNCATE traces"])
def test_the_service_cannot_touch_a_trace(address: str, connection: Database, verb: str) -> None:
    """Its role lacks the right, and the table refuses even its owner."""
    answered(connection, unit())
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(verb)
    with pytest.raises(psycopg.errors.RaiseException, match="only ever added"):
        owner(address, verb)


@pytest.mark.parametrize("right", ["UPDATE", "DELETE", "TRUNCATE"])
def test_a_role_that_could_alter_traces_does_not_serve(address: str, right: str) -> None:
    """However it came by the right."""
    owner(address, f"GRANT {right} ON traces TO {postgres.ROLE}")
    with pytest.raises(StartRefused, match="change or remove traces"):
        PostgresExecutor(address, keys_of(address))


def test_a_server_that_is_not_there_is_no_start(tmp_path: Any) -> None:
    """The sentence never repeats the address, which may hold a password."""
    with pytest.raises(StartRefused, match="cannot be reached") as caught:
        PostgresExecutor(
            f"postgresql://somebody:hunter2@/none?host={tmp_path}",
            keys_of(f"postgresql://somebody:hunter2@/none?host={tmp_path}"),
        )
    assert "hunter2" not in f"{caught.value!r}"
    assert caught.value.__cause__ is None


def test_a_commit_is_durable_though_the_database_would_rather_not(address: str) -> None:
    """`synchronous_commit = off` on the database is overruled in every serving session."""
    name = str(rows(address, "SELECT current_database() AS name")[0]["name"])
    owner(address, f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    session = postgres.serving(address, Keyring(keys_of(address)))
    [found] = session.connection.execute("SHOW synchronous_commit").fetchall()
    session.close()
    assert found[0] != "off"


def test_no_statement_is_planned_to_read_a_table_whole(connection: Database) -> None:
    """Though the tables are as good as empty when a connection first plans it: they grow, and the plan stays."""

    def use(scope: Any, _verdict: Verdict) -> None:
        named = deposit(scope).logical_id
        scope.documents.visible(ALICE, Always(value=True), Wanted(statuses=["Approved"]), limit=1)
        scope.documents.content(ALICE, named)

    answered(connection, change(use), unit(authorisation))
    prepared = connection.execute("SELECT name, cardinality(parameter_types) FROM pg_prepared_statements").fetchall()
    assert len(prepared) > 5
    for name, number in prepared:
        given = f"({', '.join(['NULL'] * number)})" if number else ""
        plan = "\n".join(row[0] for row in connection.execute(f"EXPLAIN EXECUTE {name}{given}"))
        assert not WHOLE.search(plan)


def authorisation(_scope: object, verdict: Verdict) -> object:
    """What the person has."""
    return verdict.facts["relation"]["authorisation"]


def test_identifiers_are_compared_byte_for_byte(executor: PostgresExecutor) -> None:
    """Neither case, nor accents in another form, nor a trailing space make two persons one."""
    done(executor.submit(change(lambda s, _: s.authorisations.grant(ALICE, "x|é", collector=ALICE, at=AT))))
    for other in ("x|É", "x|e\u0301", "x|é ", "X|é"):
        asked = executor.submit(unit(authorisation, asked=key(person=other), stores=False))
        assert done(asked) == "NON_EXISTE"


def failing_at_first(address: str, times: int, code: str) -> None:
    """Let the first deposits fail as a transaction does that another was in the way of."""
    owner(
        address,
        "CREATE SEQUENCE attempts",
        f"GRANT USAGE ON SEQUENCE attempts TO {postgres.ROLE}",
        "CREATE FUNCTION stumble() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF nextval('attempts') <= {times} THEN RAISE EXCEPTION 'in the way' USING ERRCODE = '{code}'; END IF; "
        "RETURN NEW; END $$",
        "CREATE TRIGGER stumble BEFORE INSERT ON documents FOR EACH ROW EXECUTE FUNCTION stumble()",
    )


@pytest.mark.parametrize("code", ["40001", "40P01", "55P03", "23505"])
def test_a_unit_that_met_another_is_repeated_as_a_whole(executor: PostgresExecutor, address: str, code: str) -> None:
    """Serialization failure, deadlock, a lock held too long, a key made meanwhile: the third attempt is kept, once."""
    failing_at_first(address, 2, code)
    decided: list[int] = []

    def decide(facts: Any) -> Verdict:
        decided.append(facts["revision"])
        return Verdict(permitted=True, facts=facts)

    assert done(executor.submit(change(lambda scope, _: deposit(scope).status, decide=decide))) == "Approved"
    assert len(decided) == 3
    assert len(rows(address, "SELECT * FROM documents")) == 1
    assert len(rows(address, "SELECT * FROM traces")) == 3


def test_a_unit_that_never_gets_through_is_refused_with_its_trace(executor: PostgresExecutor, address: str) -> None:
    """The caller is told that it is contended, nothing is changed, and one entry says FAILED."""
    failing_at_first(address, 1_000, "40001")
    ended = executor.submit(change(lambda scope, _: deposit(scope))).result(timeout=PATIENCE)
    assert isinstance(ended.error, Contended)
    assert ended.entries[0].outcome.value == "FAILED"
    outcomes = [row["outcome"] for row in rows(address, "SELECT outcome FROM traces ORDER BY number")]
    assert outcomes == ["DONE", "DONE", "FAILED"]
    assert rows(address, "SELECT * FROM documents") == []


def test_a_real_deadlock_is_survived(executor: PostgresExecutor, address: str) -> None:
    """Another program locks two records the other way round: ours is the victim, repeats, and is kept."""
    name = str(rows(address, "SELECT current_database() AS name")[0]["name"])
    owner(address, f'ALTER DATABASE "{name}" SET deadlock_timeout = 50')
    served = PostgresExecutor(address, keys_of(address), workers=1)
    locked, go = threading.Event(), threading.Event()
    ran: list[int] = []

    def other_program() -> None:
        with psycopg.connect(address) as connection:
            connection.execute("SET deadlock_timeout = '60s'")
            connection.execute("UPDATE records SET revision = revision WHERE ins = %s", (BOB,))
            locked.set()
            go.wait(PATIENCE)
            connection.execute("UPDATE records SET revision = revision WHERE ins = %s", (ALICE,))

    def both(scope: Any, _verdict: Verdict) -> None:
        ran.append(1)
        scope.authorisations.grant(ALICE, DOCTOR, collector=ALICE, at=AT)
        go.set()
        if len(ran) == 1:
            time.sleep(0.2)
        scope.authorisations.grant(BOB, DOCTOR, collector=BOB, at=AT)

    thread = threading.Thread(target=other_program)
    thread.start()
    assert locked.wait(PATIENCE)
    done(served.submit(change(both)))
    thread.join()
    served.close()
    assert len(ran) > 1
    assert len(rows(address, "SELECT * FROM authorisations")) == 2


def test_a_record_locked_too_long_is_contended(executor: PostgresExecutor, address: str) -> None:
    """Somebody else's transaction keeps it: reads go on, the change is refused with its trace, and later done."""
    with psycopg.connect(address) as other:
        other.execute("SELECT 1 FROM records WHERE ins = %s FOR UPDATE", (ALICE,))
        waiting = executor.submit(change(lambda scope, _: deposit(scope).status))
        assert done(executor.submit(unit(authorisation))) == "NON_EXISTE"
        assert not waiting.done()
    assert done(waiting) == "Approved"


def test_a_failing_handler_keeps_its_trace(executor: PostgresExecutor, address: str) -> None:
    """Its changes are undone by the savepoint, those of the database's own refusal too."""

    def fail(scope: Any, _verdict: Verdict) -> None:
        deposit(scope)
        raise StateConflict("no")

    def misuse(scope: Any, _verdict: Verdict) -> None:
        scope.records.set_opposition(ALICE, "NO_SUCH_CODE", collector=ALICE, at=AT)

    for handler in (fail, misuse):
        ended = executor.submit(change(handler)).result(timeout=PATIENCE)
        assert ended.error is not None
        assert ended.entries[0].outcome.value == "FAILED"
    assert rows(address, "SELECT * FROM documents") == []
    assert len(rows(address, "SELECT * FROM traces WHERE outcome = 'FAILED'")) == 2


def test_connections_that_are_cut_are_opened_again(executor: PostgresExecutor, address: str) -> None:
    """Whoever was being served is told unavailable at worst, who is answered has his trace, and service goes on."""
    answered_ids: set[str] = set()
    cut = threading.Event()

    def cut_again_and_again() -> None:
        while not cut.wait(0.1):
            owner(
                address,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )

    thread = threading.Thread(target=cut_again_and_again)
    thread.start()
    failures = 0
    for number in range(600):
        future = executor.submit(change(lambda scope, _: deposit(scope)) if number % 3 else unit(stores=False))
        try:
            answered_ids.add(future.result(timeout=PATIENCE).entries[0].decision_id)
        except Unavailable:
            failures += 1
    cut.set()
    thread.join()
    assert failures > 0
    assert len(answered_ids) > 100
    # The first call over each connection may still meet the end of the old one, and no lane takes its turn in order.
    met = [executor.submit(unit(lambda *_: None)).exception(timeout=PATIENCE) for _ in range(100)]
    assert sum(error is not None for error in met) <= 4
    assert done(executor.submit(change(lambda scope, _: deposit(scope).status))) == "Approved"
    assert answered_ids <= {row["decision_id"] for row in rows(address, "SELECT decision_id FROM traces")}
    named = rows(address, "SELECT count(*) AS number FROM documents")[0]["number"]
    keys = keys_of(address).directory
    traced = sum(entry["items"] != "[]" for entry in Seals(address, keys).entries())
    assert named == traced


def test_numbers_of_rows_are_64_bit(address: str) -> None:
    """A country makes more traces than 32 bits count."""
    owner(address, "SELECT setval('traces_number_seq', 5000000000)")
    served = PostgresExecutor(address, keys_of(address), workers=1)
    done(served.submit(change(lambda scope, _: create(scope))))
    served.close()
    assert rows(address, "SELECT max(number) AS number FROM traces")[0]["number"] > 5_000_000_000
