"""A copy is whole or there is none, and takes the memory of one document, not of all."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import pytest

from services.copies import disc as discs
from services.copies.disc import write_disc
from services.copies.errors import CannotCopyError, Reason
from services.copies.model import Content, Copy, Progress
from services.copies.paper import write_paper
from tests.services.copies.papers import contents, copy, quiet

Write = Callable[[Copy, BinaryIO, Progress], None]
WRITERS = (write_disc, write_paper)
PRINTED = 500 if os.environ.get("DMP_TEST_DEEP") else 100
MOST = 100
"""MB above idle, for 500 documents (issue 5)."""
ROWS = "".join(f"<tr><td>Glycémie {number}</td><td>{number},1</td><td>mmol/L</td></tr>" for number in range(60))
MEASURED = """
import resource, sys
from tempfile import TemporaryFile
from services.copies.disc import write_disc
from services.copies.paper import write_paper
from services.copies.model import Content
from tests.services.copies.papers import cda, copy, document, quiet
from tests.services.copies.test_whole import ROWS

write, count, filler = {"disc": write_disc, "paper": write_paper}[sys.argv[1]], int(sys.argv[2]), int(sys.argv[3])
made = cda(f"<table><tbody>{ROWS}</tbody></table>") + b" " * filler
given = copy([Content(document=document(made, n), content=made) for n in range(1, count + 1)])
def each():
    for n in range(1, count + 1):
        # Bytes of its own for each, as the store gives them.
        own = bytes(bytearray(made))
        yield Content(document=document(own, n), content=own)
object.__setattr__(given, "documents", each())
idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with TemporaryFile() as target:
    write(given, target, quiet)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - idle) // 1024)
"""


def changed(items: list[Content]) -> Iterator[Content]:
    yield items[0]
    yield Content(document=items[1].document, content=items[1].content.replace(b"deux", b"rien"))


def interrupted(items: list[Content]) -> Iterator[Content]:
    yield items[0]
    raise ConnectionResetError


@pytest.mark.parametrize("write", WRITERS)
def test_a_document_that_changed_meanwhile_is_told(write: Write) -> None:
    """Other bytes, one document less, one more: no copy, and nothing of one."""
    items = contents("un", "deux")
    for given in (changed(items), iter(items[:1]), iter([*items, items[0]])):
        target = BytesIO(b"what was there before")
        with pytest.raises(CannotCopyError) as refused:
            write(copy(items, documents=given), target, quiet)
        assert refused.value.reason is Reason.CHANGED
        assert target.getvalue() == b""


@pytest.mark.parametrize("write", WRITERS)
def test_a_copy_that_is_cut_off_leaves_nothing(write: Write) -> None:
    """Whoever fails: the store, or whoever asked for the copy and went away."""
    items = contents("un", "deux")

    def gone(done: int, of: int) -> None:
        raise BrokenPipeError

    for given, progress, error in (
        (interrupted(items), quiet, ConnectionResetError),
        (iter(items), gone, BrokenPipeError),
    ):
        target = BytesIO()
        with pytest.raises(error):
            write(copy(items, documents=given), target, progress)
        assert target.getvalue() == b""


@pytest.mark.parametrize("write", WRITERS)
def test_progress_counts_every_document(write: Write) -> None:
    """From the first to the last."""
    seen: dict[int, int] = {}
    write(copy(contents("un", "deux")), BytesIO(), seen.__setitem__)
    assert [*seen] in ([1, 2], [0, 1, 2])
    assert {*seen.values()} == {2}


def test_a_long_document_is_given_up_in_its_midst() -> None:
    """Whoever goes away is not printed for until the end of a document that has thousands of pages."""
    pages = []

    def gone(done: int, of: int) -> None:
        pages.append(done)
        if len(pages) > 3:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        write_paper(copy(contents("<paragraph>p</paragraph>" * 1_000)), BytesIO(), gone)
    assert set(pages) == {0}


def test_what_does_not_fit_on_a_disc_is_refused_before_anything_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """By what is announced, or by what it comes to with its directories."""
    items = contents("un", "deux")

    monkeypatch.setattr(discs, "DISC", len(items[0].content))
    with pytest.raises(CannotCopyError) as refused:
        write_disc(copy(items, documents=map(pytest.fail, ["a document was read"])), BytesIO(), quiet)
    assert refused.value.reason is Reason.TOO_LARGE
    monkeypatch.setattr(discs, "DISC", sum(len(item.content) for item in items))
    target = BytesIO()
    with pytest.raises(CannotCopyError):
        write_disc(copy(items), target, quiet)
    assert target.getvalue() == b""


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "count", "filler"), [("disc", 500, 1_000_000), ("paper", PRINTED, 0)])
def test_five_hundred_documents_take_the_memory_of_a_few(kind: str, count: int, filler: int) -> None:
    """The whole process, fonts and libraries included, stays under 100 MB above idle."""
    root = Path(__file__).resolve().parents[3]
    told = subprocess.run(
        [sys.executable, "-c", MEASURED, kind, str(count), str(filler)],
        check=True,
        capture_output=True,
        text=True,
        cwd=root,
    )
    assert int(told.stdout) < MOST
