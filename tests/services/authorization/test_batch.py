"""Many questions at once: each answered as if it had been asked alone, and each record traced once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import grpc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dmp.access.v1 import access_pb2 as access
from dmp.authorization.v1 import authorization_pb2 as authorization
from dmp.documents.v1 import documents_pb2 as documents
from dmp.trace.v1 import trace_pb2 as trace
from policy.engine import Engine
from services.runtime import batch as batch_reading
from services.runtime import batch_entry, gate
from services.store import trace_row
from services.store.trace_entry import TraceEntry
from tests.services.world import BIRTH, As, Person, World, of, refusal, told

NORMAL, MASKED = documents.LABEL_NORMAL, documents.LABEL_MASQUE_PS
INVISIBLE = documents.LABEL_INVISIBLE_PATIENT
ACTIONS = ("doc.read", "doc.list", "doc.mask", "doc.create", "authz.add", "record.status", "doc.fly", "doc.listed", "")
ATTESTATIONS = (
    access.Attestations(),
    access.Attestations(consent=True, informed=True, non_opposition=True, patient_request=True),
)
Told = tuple[int, int, tuple[str, ...], tuple[str, ...], tuple[tuple[str, str], ...]]


def batch(
    caller: As, questions: Sequence[authorization.Question], attestations: access.Attestations | None = None
) -> authorization.CheckBatchResponse:
    items = [authorization.BatchItem(key=f"k{place}", question=asked) for place, asked in enumerate(questions)]
    answered: authorization.CheckBatchResponse = caller.CheckBatch(
        authorization.CheckBatchRequest(items=items, attestations=attestations)
    )
    return answered


def by_key(answered: authorization.CheckBatchResponse) -> dict[str, Told]:
    """The answer to each question."""
    return {item.key: _words(answered.outcomes[item.outcome]) for item in answered.items}


def _words(outcome: authorization.BatchOutcome) -> Told:
    faults = tuple((fault.field, fault.reason) for fault in outcome.faults)
    return outcome.effect, outcome.answer, tuple(outcome.rules), tuple(outcome.obligations), faults


def alone(caller: As, asked: authorization.Question, attestations: access.Attestations) -> Told:
    """The answer to a question that is asked by itself."""
    try:
        found = caller.Check(authorization.CheckRequest(question=asked, attestations=attestations))
    except grpc.RpcError as error:
        refused = told(error)
        if refused.code == "INVALID_ARGUMENT":
            faults = tuple(refused.fields.items())
            return authorization.EFFECT_DENY, authorization.ANSWER_INVALID, (), (), faults
        assert refused.code == "PERMISSION_DENIED"
        rules = tuple(refused.metadata["rules"].split(","))
        return authorization.EFFECT_DENY, authorization.ANSWER_FORBIDDEN, rules, ("TRACE",), ()
    return found.effect, found.answer, tuple(found.rules), tuple(found.obligations), ()


@pytest.fixture(scope="module")
def asked_about(world: World) -> tuple[list[Person], list[str]]:
    """Two records, one of them without documents, and the ids of documents hidden and not."""
    patient, other = world.opened("author", "colleague", treating="treating"), world.opened("author")
    labels = ((NORMAL,), (NORMAL, MASKED), (NORMAL, INVISIBLE), (NORMAL,))
    return [patient, other], [world.deposit(patient, *each) for each in labels]


@st.composite
def drawn(draw: Any, patients: Sequence[Person], ids: Sequence[str]) -> authorization.Question:
    """A question, now and then one that cannot be understood."""
    record = of(draw(st.sampled_from(patients)))
    if draw(st.integers(0, 9)) == 0:
        record = draw(st.sampled_from((access.Identifier(), access.Identifier(system="1.2", value="x\0"))))
    asked = authorization.Question(record=record, action=draw(st.sampled_from(ACTIONS)))
    asked.document_id = draw(st.sampled_from(("", *ids, "never was", "x", "\0", "d" * 65)))
    if draw(st.booleans()):
        asked.professional.CopyFrom(access.Identifier(system="1.2.250.1.71.4.2.1", value="899700000033"))
    if draw(st.booleans()):
        new = authorization.ProposedDocument(type_code="34112-3", labels=draw(st.sampled_from(([NORMAL], [MASKED]))))
        asked.new_document.CopyFrom(new)
    return asked


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_each_question_is_answered_as_if_it_were_alone(
    world: World, asked_about: tuple[list[Person], list[str]], data: st.DataObject
) -> None:
    """Whatever stands beside it, in whatever order, and however often."""
    patients, ids = asked_about
    name = data.draw(st.sampled_from(("author", "colleague", "treating", "nurse", "secretary", "support", "patient")))
    caller = world.as_(patients[0] if name == "patient" else name)
    attestations = data.draw(st.sampled_from(ATTESTATIONS))
    questions = data.draw(st.lists(drawn(patients, ids), min_size=1, max_size=12))
    questions += data.draw(st.lists(st.sampled_from(questions), max_size=5))
    order = data.draw(st.permutations(range(len(questions))))
    items = [authorization.BatchItem(key=f"k{place}", question=questions[place]) for place in order]
    request = authorization.CheckBatchRequest(items=items, attestations=attestations)
    expected = {f"k{place}": alone(caller, asked, attestations) for place, asked in enumerate(questions)}
    if {words[1] for words in expected.values()} <= {authorization.ANSWER_FORBIDDEN, authorization.ANSWER_INVALID}:
        # It may be refused as a whole only where each question is refused or not understood by itself.
        return
    answered = caller.CheckBatch(request)
    assert by_key(answered) == expected
    assert [item.key for item in answered.items] == [item.key for item in items]
    words = [outcome.SerializeToString(deterministic=True) for outcome in answered.outcomes]
    assert len(words) == len(set(words))


def test_hidden_and_missing_share_an_outcome(world: World) -> None:
    """The table tells nothing that the answers do not."""
    patient = world.opened("author", "colleague")
    ids = (world.deposit(patient, NORMAL, MASKED), "never was", world.deposit(patient))
    asked = [authorization.Question(record=of(patient), action="doc.read", document_id=each) for each in ids]
    answered = batch(world.as_("colleague"), asked)
    assert [item.outcome for item in answered.items] == [0, 0, 1]
    assert _words(answered.outcomes[0]) == (authorization.EFFECT_DENY, authorization.ANSWER_NOT_FOUND, (), (), ())


def test_every_record_has_one_entry(world: World) -> None:
    """From which each decision can be made again."""
    patients = [world.opened("author") for _ in range(3)]
    ids = [world.deposit(patient) for patient in patients]
    asked = [
        authorization.Question(record=of(patient), action=action, document_id=named)
        for patient, named in zip(patients, ids, strict=True)
        for action in ("doc.read", "doc.mask")
        for _ in range(20)
    ]
    before = world.traces()
    answered = batch(world.as_("author"), asked)
    assert world.traces() == before + 3
    assert [record.record for record in answered.records] == [of(patient) for patient in patients]
    assert answered.decided.decision_id == answered.records[0].decision_id
    engine = world.suite.gate.rules.current.engines[world.suite.gate.profile]
    for patient, named, record in zip(patients, ids, answered.records, strict=True):
        entry = stored(world, record.decision_id)
        assert (entry.record, entry.kind, entry.action) == (patient["sub"], "QUESTION", "decision.ask")
        assert [document for document, _ in entry.items] == [named, named]
        for place, (_, outcome) in enumerate(entry.items):
            request = batch_entry.request_of(entry, place)
            request["at"] = datetime.fromisoformat(request["at"])
            again = engine.decide({**request, "record": typed(request["record"])})
            expected = entry.outcomes[outcome]
            assert (again.effect, again.answer, list(again.rules)) == tuple(
                expected[name] for name in ("effect", "answer", "rules")
            )


def typed(record: dict[str, Any]) -> dict[str, Any]:
    """A record's facts as they were before they became JSON."""
    return {**record, "oppositions": frozenset(record["oppositions"])}


def stored(world: World, decision_id: str) -> TraceEntry:
    [row] = world.entries("decision_id = ?", decision_id)
    row.pop("number")
    return trace_row.entry(row)


@pytest.mark.parametrize(
    ("keys", "field", "reason"),
    [
        (["a"] * 2, "items", "DUPLICATE_KEY"),
        (["a", ""], "items[1].key", "REQUIRED"),
        (["a", "k" * 65], "items[1].key", "TOO_LONG"),
        ([], "items", "REQUIRED"),
        ([str(number) for number in range(5_001)], "items", "OUT_OF_RANGE"),
    ],
)
def test_what_cannot_be_answered_by_key_is_refused_whole(
    world: World, keys: list[str], field: str, reason: str
) -> None:
    """With the field; nothing is written but the trace."""
    patient = world.opened("author")
    question = authorization.Question(record=of(patient), action="doc.list")
    items = [authorization.BatchItem(key=key, question=question) for key in keys]
    state, traces = world.state(), world.traces()
    refused = refusal(world.as_("author").CheckBatch, authorization.CheckBatchRequest(items=items))
    assert (refused.code, refused.fields) == ("INVALID_ARGUMENT", {field: reason})
    assert (world.state(), world.traces()) == (state, traces + 1)


def test_five_thousand_are_answered(world: World) -> None:
    """The most there may be."""
    patient = world.opened("author")
    document = world.deposit(patient)
    ids = [document if place % 2 else f"none {place}" for place in range(5_000)]
    asked = [authorization.Question(record=of(patient), action="doc.read", document_id=each) for each in ids]
    answered = batch(world.as_("author"), asked)
    permitted = [_words(answered.outcomes[item.outcome])[0] == authorization.EFFECT_PERMIT for item in answered.items]
    assert permitted == [place % 2 == 1 for place in range(5_000)]


def test_no_record_that_may_be_asked_about_is_a_refusal(world: World) -> None:
    """As for one question; a record that may be asked about is answered beside one that may not."""
    patient = world.opened("author")
    asked = [authorization.Question(record=of(patient), action="doc.list")]
    purpose = access.Attestations(purpose=access.PURPOSE_BANK)
    refused = refusal(lambda: batch(world.as_("author"), asked, purpose))
    assert (refused.code, refused.metadata["rules"]) == ("PERMISSION_DENIED", "ACT-18")


def test_what_is_late_is_not_evaluated(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the deadline has passed, the rest is denied, and traced as it was answered."""
    patient = world.opened("author")
    document = world.deposit(patient)
    asked = [authorization.Question(record=of(patient), action="doc.read", document_id=document)]
    asked += [authorization.Question(record=of(patient), action=action) for action in ("doc.list", "never.heard")]
    monkeypatch.setattr(gate, "LAST_STEPS", 1e9)
    answered = batch(world.as_("author"), asked)
    late = (authorization.EFFECT_DENY, authorization.ANSWER_NOT_EVALUATED, (), (), ())
    assert set(by_key(answered).values()) == {late}
    [entry] = world.entries("decision_id = ?", answered.decided.decision_id)
    assert [outcome["answer"] for outcome in json.loads(entry["outcomes"])] == ["NOT_EVALUATED"]
    assert "never.heard" not in json.dumps(entry["outcomes"]) + entry["action"]


def test_the_holder_reads_only_what_is_not_hidden_from_her(world: World) -> None:
    """A batch about a hidden document alone shows no question; beside a visible one it shows that one's."""
    patient = world.opened("author")
    visible, hidden = world.deposit(patient), world.deposit(patient, NORMAL, INVISIBLE)

    def questions(*asked: tuple[str, str]) -> list[tuple[str, str]]:
        new = world.as_({**world.people["author"], "name": f"Dr {next(world.numbers)}"})
        batch(new, [authorization.Question(record=of(patient), action=a, document_id=d) for a, d in asked])
        shown = world.as_(patient).ListTraces(trace.ListTracesRequest(record=of(patient))).lines
        newest = [line for line in shown if line.actor_name == shown[0].actor_name]
        return [(line.action, line.document_id) for line in newest if line.kind != trace.LINE_KIND_ACCESS]

    assert questions(("doc.read", hidden), ("doc.mask", hidden)) == []
    assert questions(("doc.mask", hidden), ("doc.read", visible)) == [("doc.read", visible), ("doc.read", "")]
    assert questions(("record.status", ""), ("authz.add", ""), ("doc.list", "")) == [("decision.ask", "")]
    assert questions(("doc.read", visible), ("doc.read", "never was")) == [("doc.read", visible), ("doc.read", "")]


def test_a_record_is_asked_about_before_it_exists(world: World) -> None:
    """Beside one that does."""
    patient, nobody = world.opened("author"), world.patient()
    consent = access.Attestations(consent=True, informed=True)
    asked = [
        authorization.Question(record=of(nobody), action="record.create", holder_birth_date=BIRTH),
        authorization.Question(record=of(nobody), action="doc.list"),
        authorization.Question(record=of(patient), action="doc.list"),
    ]
    answers = [words[1] for words in by_key(batch(world.as_("author"), asked, consent)).values()]
    assert answers[:3] == [authorization.ANSWER_OK, authorization.ANSWER_NOT_FOUND, authorization.ANSWER_OK]


def different(world: World, number: int) -> list[authorization.BatchItem]:
    """Questions about so many records."""
    patients = [world.patient() for _ in range(number)]
    asked = [authorization.Question(record=of(patient), action="doc.list") for patient in patients]
    return [authorization.BatchItem(key=f"k{place}", question=one) for place, one in enumerate(asked)]


def test_a_batch_asks_about_so_many_records_at_most(world: World) -> None:
    """Each of the most has its entry; with one more nothing is decided, and the call alone is traced."""
    most = batch_reading.MOST_DIFFERENT
    before = world.traces()
    answered = world.as_("author").CheckBatch(authorization.CheckBatchRequest(items=different(world, most)))
    assert (len(answered.records), world.traces()) == (most, before + most)
    refused = refusal(world.as_("author").CheckBatch, authorization.CheckBatchRequest(items=different(world, most + 1)))
    assert (refused.code, refused.fields) == ("INVALID_ARGUMENT", {"items": "TOO_DIFFERENT"})
    assert world.traces() == before + most + 1


def test_large_batches_hold_no_other_call_up(world: World) -> None:
    """While twenty of the largest wait, a question is answered between two of them."""
    patient = world.opened("author")
    caller, loaded = world.as_("author"), world.as_("author")
    question = authorization.CheckRequest(question=authorization.Question(record=of(patient), action="doc.list"))
    request = authorization.CheckBatchRequest(items=different(world, batch_reading.MOST_DIFFERENT))
    with ThreadPoolExecutor(20) as pool:
        running = [pool.submit(loaded.CheckBatch, request, 60) for _ in range(20)]
        answered = 0
        while not all(one.done() for one in running):
            caller.Check(question)
            answered += 1
    assert all(one.exception() is None for one in running)
    assert answered >= 10


def test_what_is_late_is_not_even_begun(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine is asked for the right to ask alone, once for each record."""
    patients = [world.opened("author") for _ in range(3)]
    asked = [
        authorization.Question(record=of(patient), action=action)
        for patient in patients
        for action in ("doc.list", "record.status", "authz.add")
    ]
    monkeypatch.setattr(gate, "LAST_STEPS", 1e9)
    made: list[str] = []
    for name in ("decide", "series"):
        monkeypatch.setattr(Engine, name, _noting(getattr(Engine, name), made))
    answered = batch(world.as_("author"), asked)
    assert made == ["decision.ask"] * 3
    assert {words[1] for words in by_key(answered).values()} == {authorization.ANSWER_NOT_EVALUATED}
    assert len(answered.records) == 3


def _noting(own: Any, made: list[str]) -> Any:
    def noted(engine: Engine, request: Any, *given: Any) -> Any:
        made.append(request["action"])
        return own(engine, request, *given)

    return noted
