"""Pages of traces: what one call reads is bounded, and neither the bound nor a cursor tells what is hidden (VIS-18)."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from itertools import count
from typing import Any
from uuid import UUID

import pytest

from dmp.documents.v1 import documents_pb2 as documents
from dmp.trace.v1 import trace_pb2 as trace
from services.authorization import lines, traces
from tests.services.databases import fill
from tests.services.unsealed import Seals
from tests.services.world import Person, World, of, refusal

NORMAL, INVISIBLE = documents.LABEL_NORMAL, documents.LABEL_INVISIBLE_PATIENT
NUMBERS = count(1)
Entry = dict[str, Any]


def read_by_colleague(world: World, patient: Person, *labels: documents.Label.ValueType) -> Entry:
    """The entry of a document's being read, as a pattern for others."""
    document = world.deposit(patient, *labels)
    request = documents.GetDocumentRequest(record=of(patient), document_id=document)
    made = world.as_("colleague").GetDocument(request).decided.decision_id
    [entry] = world.entries("decision_id = ?", made)
    return entry


def new_id(*, milestone: bool = False) -> str:
    """An id that nothing has."""
    return str(UUID(int=(next(NUMBERS) << 72) + (1 << 64) + (0 if milestone else 1)))


def add(world: World, entries: list[tuple[Entry, str]]) -> None:
    """Write entries that are like others, under ids of their own."""
    seals = Seals(world.settings.database, world.settings.keys)
    rows = [seals.sealed({**entry, "decision_id": made}) for entry, made in entries]
    columns = [name for name in rows[0] if name != "number"]
    marks = ", ".join("?" for _ in columns)
    fill(
        world.settings.database,
        f"INSERT INTO traces ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608 - our names
        [[row[name] for name in columns] for row in rows],
    )


def pages(world: World, patient: Person, size: int) -> list[trace.ListTracesResponse]:
    found: list[trace.ListTracesResponse] = []
    reader = world.as_(patient)
    while not found or found[-1].next_page_token:
        token = found[-1].next_page_token if found else ""
        request = trace.ListTracesRequest(record=of(patient), page_size=size, page_token=token)
        found.append(reader.ListTraces(request))
    return found


def test_what_one_call_reads_is_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many entries have no line; the pages between are empty, and every line is told in the end."""
    patient = world.opened("author", "colleague")
    hidden = read_by_colleague(world, patient, NORMAL, INVISIBLE)
    before = [line for page in pages(world, patient, 50) for line in page.lines]
    add(world, [(hidden, new_id(milestone=place % 100 == 0)) for place in range(3_000)])
    judged: list[int] = []
    own = lines.lines

    def counting(*given: Any) -> Any:
        judged[-1] += 1
        return own(*given)

    monkeypatch.setattr(traces, "lines", counting)
    found, token = [], ""
    while not judged or token:
        judged.append(0)
        request = trace.ListTracesRequest(record=of(patient), page_token=token)
        found.append(world.as_(patient).ListTraces(request))
        token = found[-1].next_page_token
    assert max(judged) <= 401
    assert sum(not page.lines for page in found) >= 7
    told = [line for page in found for line in page.lines]
    assert [line for line in told if line.action != "trace.list" and line.actor != of(patient)] == [
        line for line in before if line.actor != of(patient)
    ]


@pytest.mark.parametrize("size", [50, 500])
def test_where_pages_end_does_not_depend_on_how_much_is_hidden(world: World, size: int) -> None:
    """Somebody who adds entries of his own, and knows their ids, learns nothing from a page's end."""
    shapes = []
    for many in (0, 1, 1_500):
        patient = world.opened("author", "colleague")
        shown = read_by_colleague(world, patient, NORMAL)
        hidden = read_by_colleague(world, patient, NORMAL, INVISIBLE)
        own = [(shown, new_id(milestone=place % 61 == 0)) for place in range(600)]
        add(world, [*own[:300], *((hidden, new_id()) for _ in range(many)), *own[300:]])
        found = pages(world, patient, size)
        shapes.append([(len(page.lines), len(page.next_page_token)) for page in found])
        assert sum(len(page.lines) for page in found) > 1_200
    assert shapes[0] == shapes[1] == shapes[2]
    assert {length for _, length in shapes[0]} == {0, 48}


def test_a_cursor_says_nothing_and_is_of_one_reader_and_record(world: World) -> None:
    """Nobody can make one, change one, or use another's, or one of another record."""
    patient, other = world.opened("author", "colleague", treating="treating"), world.opened("author", "colleague")
    read_by_colleague(world, patient, NORMAL)
    token = pages(world, patient, 1)[0].next_page_token
    made = [row["decision_id"] for row in world.rows("SELECT decision_id FROM traces WHERE record = ?", patient["sub"])]
    assert not any(UUID(one).bytes in urlsafe_b64decode(token) for one in made)
    changed = token[:-1] + ("A" if token[-1] != "A" else "B")
    unknown = "00000000-0000-4000-8000-000000000000"
    for reader, record, given in (
        (patient, patient, changed),
        (patient, patient, token[:-4]),
        (patient, patient, f"ACCESS/{made[0]}//0"),
        (patient, patient, unknown),
        (patient, patient, "é"),
        (other, other, token),
        ("treating", patient, token),
    ):
        request = trace.ListTracesRequest(record=of(record), page_token=given)
        refused = refusal(world.as_(reader).ListTraces, request)
        assert (refused.code, refused.fields) == ("INVALID_ARGUMENT", {"page_token": "UNKNOWN_PAGE"}), given
    assert world.as_(patient).ListTraces(trace.ListTracesRequest(record=of(patient), page_token=token)).lines
