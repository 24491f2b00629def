"""A process killed under load leaves the trace and the change of everything that it had answered."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from services.store import addresses
from services.store.sqlite_executor import SqliteExecutor
from tests.services.databases import keys_of
from tests.services.unsealed import Seals

ROOT = Path(__file__).parents[3]
KILLS = 200 if os.environ.get("DMP_TEST_DEEP") else 10


def killed_under_load(database: Path, answers: int, delay: float) -> list[list[str]]:
    """Run the writer, kill it some seconds after so many answers, whatever it is doing, and give what it told."""
    command = [sys.executable, "-W", "error", "-m", "tests.services.store.writer", str(database)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stderr is not None
        told = [writer.stdout.readline() for _ in range(answers)]
        time.sleep(delay)
        writer.kill()
        told += writer.stdout.readlines()
        assert writer.wait() == -signal.SIGKILL, writer.stderr.read()
    # The kill may have cut the last line, which nobody then acts on.
    whole = [line.decode().rstrip() for line in told if line.endswith(b"\n")]
    return [line.split(" ", 2) for line in whole]


@pytest.mark.parametrize("seed", range(KILLS))
def test_what_was_answered_is_kept(database: Path, seed: int) -> None:
    """Every answered decision has its trace, with its outcome; every acknowledged deposit its document and bytes."""
    chance = random.Random(seed)
    told = killed_under_load(database, chance.randint(1, 800), chance.random() / 100)
    assert told
    connection = sqlite3.connect(database)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    traces = dict(connection.execute("SELECT decision_id, outcome FROM traces").fetchall())
    contents = {row[0] for row in connection.execute("SELECT document FROM document_contents")}
    documents = {row[0] for row in connection.execute("SELECT logical_id FROM documents")}
    turns = dict(connection.execute("SELECT target, collector FROM authorisations").fetchall())
    connection.close()
    seals = Seals(f"{addresses.SQLITE}{database}", database.with_name("keys"))
    named = [json.loads(row["items"]) for row in seals.entries("outcome = 'DONE'")]
    assert [line for line in told if traces.get(line[0]) != line[1]] == []
    facts = [line[2].split(" ") for line in told]
    assert {fact[1] for fact in facts if fact[0] == "document"} <= documents
    # A later turn may have been committed and not yet told, but none is lost.
    assert [fact for fact in facts if fact[0] == "turn" and int(turns[fact[1]]) < int(fact[2])] == []
    # Neither a document without its trace, nor a trace of one that is not there, nor one without its bytes.
    assert {name for items in named for name, _ in items} == documents == contents
    SqliteExecutor(database, keys_of(database)).close()
