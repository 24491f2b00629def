"""Whoever may not see a document is told by nothing that it is there (VIS-18)."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from difflib import unified_diff
from typing import Any

import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import status_pb2
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from dmp.access.v1 import access_pb2
from dmp.documents.v1 import documents_pb2 as documents
from services.authorization import traces
from tests.services.databases import STORES, Databases, dropped
from tests.services.noninterference import asked
from tests.services.noninterference.pair import HIDDEN_ID, Answer, Bare, Hidden, Side, bare_of, hide, noting, pair
from tests.services.world import FEATURES, Person, running

DEEP = bool(os.environ.get("DMP_TEST_DEEP"))
EXAMPLES = 200 if DEEP else 5
FRESH_ID = "2.16.840.1.113883.19.5.3"
TYPES = ("34112-3", "68599-0", "11502-2", "75496-0", "18748-4")
NORMAL, MASKED = documents.LABEL_NORMAL, documents.LABEL_MASQUE_PS
UNSEEN = documents.LABEL_INVISIBLE_PATIENT
RPCS: list[MethodDescriptor] = [
    method for feature in FEATURES for service in feature.services for method in service.methods
]
READING = [rpc for rpc in RPCS if not rpc.GetOptions().Extensions[access_pb2.access].changes]
# Those who may do more, more often.
CALLERS = (
    *("patient", "patient", "colleague", "colleague", "nurse", "nurse", "emergency", "regulator"),
    *("blocked", "secretary", "hospital", "support", "karim"),
)
COMMON: dict[str, list[tuple[documents.Label.ValueType, ...]]] = {
    "author": [(NORMAL,), (NORMAL, MASKED), (NORMAL, UNSEEN)],
    "colleague": [(NORMAL,), (NORMAL,), (NORMAL, MASKED)],
    "treating": [(NORMAL,)],
}
"""What both worlds have; the second and third of a list are hidden from one reader and not from another."""


@pytest.fixture(scope="module", params=STORES)
def bare(
    request: pytest.FixtureRequest, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bare]:
    folder = tmp_path_factory.mktemp("bare")
    address = databases.new(request.param, folder)
    with running(folder, DMP_DATABASE_URL=address) as world:
        made = bare_of(world, address, COMMON, TYPES)
    yield made
    dropped(address)


@st.composite
def worlds(draw: Any) -> tuple[str, list[Hidden]]:
    """Somebody, and documents that are hidden from him."""
    caller = draw(st.sampled_from(CALLERS))
    label = UNSEEN if caller == "patient" else MASKED
    authors = st.sampled_from(("author", "treating"))
    one = st.builds(Hidden, by=authors, labels=st.just((NORMAL, label)), type_code=st.sampled_from(TYPES))
    return caller, draw(st.lists(one, min_size=1, max_size=3))


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    # A failure names the call; to look for a smaller one would take minutes.
    phases=(Phase.explicit, Phase.generate),
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(given=worlds(), data=st.data())
def test_a_hidden_document_changes_no_byte_and_no_statement(
    bare: Bare, tmp_path_factory: pytest.TempPathFactory, given: tuple[str, list[Hidden]], data: st.DataObject
) -> None:
    """Every RPC of the contract, in any order, with the id of what is hidden among all others."""
    caller, hidden = given
    monkeypatch = pytest.MonkeyPatch()
    with ExitStack() as ending:
        ending.callback(monkeypatch.undo)
        # Where a page of traces ends without being full is drawn by chance, and so not alike in two worlds.
        monkeypatch.setattr(traces, "MILESTONE", "never")
        sides = ending.enter_context(pair(bare, tmp_path_factory.mktemp("pair") / "worlds"))
        ids, contents = hide(sides, bare, hidden)
        person = bare.patient if caller == "patient" else sides[0].world.people[caller]
        known = known_to(sides[0], bare, person, ids, contents)
        # First while he still may, then between changes which may take that from him.
        order = [*READING * 3, *data.draw(st.permutations(RPCS * 3))]
        for rpc in order:
            request = asked.request(data.draw, rpc, known)
            answers = [told(side, monkeypatch, person, rpc, request, (*bare.documents, *ids)) for side in sides]
            assert answers[0] == answers[1], f"{caller}, {rpc.name}: {difference(rpc, answers)}"
            ran = [side.statements[:] for side in sides]
            assert ran[0] == ran[1], f"{caller}, {rpc.name}: {request}"
            if rpc.name == "SetTreatingPhysician" and answers[0].code == "OK":
                # Whoever has made himself one may now see what was hidden.
                break
            remember(known, rpc, answers[0])
            for side in sides:
                side.statements.clear()


def told(
    side: Side,
    monkeypatch: pytest.MonkeyPatch,
    person: Person,
    rpc: MethodDescriptor,
    request: Message,
    kept: Sequence[str],
) -> Answer:
    with noting(side, monkeypatch):
        return side.call(person, rpc, request, kept)


def known_to(side: Side, bare: Bare, caller: Person, ids: Sequence[str], contents: Sequence[bytes]) -> asked.Known:
    """What the caller may put into a request: everything that is there, hidden or not, and what is not."""
    world = side.world
    own = [name for name, person in world.people.items() if person["sub"] == caller["sub"] and "structure" in person]
    # Some bear the unique id of what is hidden.
    unique_ids = [*(f"{FRESH_ID}^{kind}" for kind in TYPES), *(f"{HIDDEN_ID}^{number}" for number in range(len(ids)))]
    fresh = [
        world.cda(bare.patient, by, type_code=TYPES[place % len(TYPES)], unique_id=unique_id)
        for by in own or ["author"]
        for place, unique_id in enumerate(unique_ids)
    ]
    return asked.Known(
        record=bare.patient["sub"],
        professionals=[world.people[name]["sub"] for name in ("author", "colleague", "blocked", "nurse", "regulator")],
        texts={
            "id": [*bare.documents, *ids, *ids, asked.NOBODY],
            "action": sorted(world.suite.gate.rules.current.vocabulary.actions),
            "code": TYPES,
            "codes": TYPES,
            "key": ["a", "b", "c"],
        },
        contents=[*fresh, *contents],
    )


def difference(rpc: MethodDescriptor, answers: Sequence[Answer]) -> str:
    """What the two worlds told differently, line by line."""
    shown = []
    for answer in answers:
        response = GetMessageClass(rpc.output_type)() if answer.code == "OK" else status_pb2.Status()
        response.ParseFromString(answer.payload)
        shown.append(f"{answer.code} {answer.message}\n{response}".splitlines())
    without, with_ = shown
    return "\n".join(unified_diff(without, with_, "without", "with", lineterm=""))


def remember(known: asked.Known, rpc: MethodDescriptor, answer: Answer) -> None:
    """Keep the cursors that were given out, to hand them in again."""
    if answer.code == "OK" and "next_page_token" in rpc.output_type.fields_by_name:
        response: Any = GetMessageClass(rpc.output_type)()
        response.ParseFromString(answer.payload)
        if response.next_page_token:
            known.page_tokens.setdefault(rpc.full_name, ["", "made-up"]).append(response.next_page_token)
