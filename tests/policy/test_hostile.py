"""Rule files made to exhaust who reads them: refused within a second, with what to do, and nothing is loaded."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from policy.errors import ADVISED, MOST, FaultList, Place, RuleFaults
from policy.ruleset import load
from policy.source import MAX_BYTES, MAX_NODES

ROOT = Path(__file__).parents[2]
RULE = b"- id: X-1\n  title: {fr: a, en: b}\n  basis: x\n  effect: deny\n  stage: actor\n  answers: FORBIDDEN\n"
DOUBLED = b"".join(
    b"d%d: {fr: a, en: b, when: {definition: %s}}\n" % (n, b"[d%d, d%d]" % (n - 1, n - 1) if n else b"[minor, minor]")
    for n in range(28)
)


def _lines(line: bytes) -> bytes:
    """The same line until the file is nearly as large as it may be."""
    return line * ((MAX_BYTES - 2_000) // len(line))


HOSTILE = {
    "rules without end": (_lines(b"- id: A\n"), f"more than {MAX_NODES} words and brackets (split the file)"),
    "items that are no rules": (b"- a\n" * 40_000, f"more than {MOST} faults (mend these, then try again)"),
    "one key over and over": (b"- id: A\n" + b"  a: 1\n" * 20_000, "duplicate key `a`"),
    "unknown keys": (
        b"- id: A\n" + b"".join(b"  attribut%d: 1\n" % n for n in range(20_000)), f"more than {MOST} faults"),
    "unknown attributes": (
        RULE + b"  actions: doc.read\n  when:\n" + b"".join(b"    document.typ%d: a\n" % n for n in range(20_000)),
        f"more than {MOST} faults",
    ),
    "unknown actions": (RULE + b"  actions: [" + b"doc.rea," * 40_000 + b"x]\n", f"more than {MOST} faults"),
    "one definition over and over": (
        RULE + b"  actions: doc.read\n  when: {definition: [" + b"sees_masked_documents," * 20_000 + b"minor]}\n",
        "this condition makes more than 10000 tests",
    ),
    "definitions that double": (RULE + b"  actions: doc.read\n  when: {definition: d27}\n", "more than 10000 tests"),
    "brackets without end": (b"[" * 500_000, "nested deeper than 30 levels"),
    "indentation without end": (b"".join(b" " * n + b"a:\n" for n in range(1000)), "nested deeper than 30 levels"),
    "another encoding": ("- id: é\n".encode("utf-16"), "is not UTF-8 text (save the file as UTF-8)"),
    "another encoding without its mark": ("- id: é\n".encode("utf-16-le"), "is not UTF-8 text"),
    "zero bytes": (b"- id: \x00\n", "is not YAML"),
    "half a character pair": (b"- id: \xed\xa0\x80\n", "is not UTF-8 text"),
    "a merge": (b"- &a {id: A}\n- <<: *a\n", "anchors and aliases"),
    "a tag": (b"- !!python/object/apply:os.system [x]\n", "the tag `tag:yaml.org,2002:python/object/apply:os.system`"),
    "a tab": (b"- id: A\n\ttitle: b\n", "check indentation and quotes; no tabs"),
    "a key that is a list": (b"- ? [a, b]\n  : c\n", "a key must be a single word"),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "rules"
    shutil.copytree(ROOT / "rules", folder)
    load(folder)  # once, so that what is timed is reading and nothing else
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize(("content", "fault"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_file_is_refused_within_a_second(content: bytes, fault: str, folder: Path) -> None:
    """Of the processor's time, the whole rule set read; the fault names the file, and nothing is loaded."""
    (folder / "extra.yaml").write_bytes(content)
    vocabulary = folder / "vocabulary.yaml"
    vocabulary.write_text(vocabulary.read_text("utf-8").replace("concerns: [", "concerns: [extra, "), "utf-8")
    if "d27" in content[-60:].decode("latin-1"):
        with (folder / "definitions.yaml").open("ab") as file:
            file.write(DOUBLED)
    took, faults = _refused(folder)
    if took >= 1:  # a neighbour on the same core may have slowed it
        took, faults = _refused(folder)
    assert took < 1
    assert [told for told in faults if fault in told], faults[:3]
    assert len(faults) <= MOST + 1


def _refused(folder: Path) -> tuple[float, list[str]]:
    started = time.process_time()
    with pytest.raises(RuleFaults) as raised:
        load(folder)
    return time.process_time() - started, [str(found) for found in raised.value.faults]


def test_so_many_faults_are_told_by_every_command(folder: Path) -> None:
    """A test table with faults without end: exit 3, not a traceback."""
    table = "- {name: x, record: R1, action: doc.read, subjects: [NOBODY], colour: red}\n"
    for path in folder.glob("*_test.yaml"):
        path.unlink()
    (folder / "minors_test.yaml").write_text(table * 3_000, "utf-8")
    for command in ("check", "test"):
        done = subprocess.run(
            [sys.executable, "-m", "services.cli", "rules", command, "--json", "--rules", str(folder)],
            capture_output=True, cwd=ROOT, check=False,
        )  # fmt: skip
        assert (done.returncode, len(json.loads(done.stdout)["faults"])) == (3, MOST + 1)


def test_the_nearest_word_is_looked_up_for_the_first_faults_only() -> None:
    """What would take long is left out, and every fault is still told."""
    faults = FaultList()
    for line in range(1, MOST):
        faults.add_unknown(Place("f.yaml", line), "word", "doc.rea", ["doc.read"])
    advised = [fault.advice != "" for fault in faults.faults]
    assert (len(advised), advised.count(True), advised[0], advised[-1]) == (MOST - 1, ADVISED, True, False)
