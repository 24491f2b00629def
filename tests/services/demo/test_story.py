"""The story holds again and again against the same state, and fails by name where a rule is not the one it tells of."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from services.runtime.settings import PORTS

ROOT = Path(__file__).parents[3]
PATIENCE = 90.0
WORD = "emergency_sees_masked: false"
Environ = dict[str, str]


@pytest.fixture
def environ(tmp_path: Path) -> Environ:
    """An environment of its own: no setting of this machine, free ports, state in a temporary folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DMP_")}
    ports = {f"DMP_{name.upper()}_PORT": port for name, port in zip(PORTS, free_ports(len(PORTS)), strict=True)}
    return {**kept, "DMP_VAR": str(tmp_path / "var"), "DMP_METRICS_PORT": "0", **ports}


def free_ports(count: int) -> list[str]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [str(each.getsockname()[1]) for each in sockets]


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "services.cli", *words]


def told(environ: Environ) -> tuple[int, dict[str, Any]]:
    """How the demo ended, and what it told."""
    done = subprocess.run(
        command("demo", "--json"), env=environ, cwd=ROOT, check=False, capture_output=True, timeout=PATIENCE
    )
    assert not done.stderr, done.stderr.decode()
    return done.returncode, json.loads(done.stdout)


def failures(story: dict[str, Any]) -> dict[str, Any]:
    """The steps that failed, with what came."""
    return {step["title"]: step["came"] for step in story["steps"] if not step["held"]}


def listens(environ: Environ) -> list[str]:
    """The ports of an environment on which somebody listens."""
    ports = [environ[f"DMP_{name.upper()}_PORT"] for name in PORTS]
    with ExitStack() as stack:
        return [
            port for port in ports
            if stack.enter_context(socket.socket()).connect_ex(("127.0.0.1", int(port))) == 0
        ]  # fmt: skip


def until(condition: Any) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)


@contextmanager
def serving(environ: Environ) -> Iterator[None]:
    """A suite that somebody else started."""
    process = subprocess.Popen(
        command("serve", "all"), env={**environ, "DMP_ENVIRONMENT": "development"}, cwd=ROOT,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until(lambda: len(listens(environ)) == len(PORTS))
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)


def test_the_story_holds_and_holds_again(environ: Environ) -> None:
    """Every step holds, in a suite started for it, and a second time against the same database; no suite is left."""
    for _ in range(2):
        code, story = told(environ)
        assert (code, failures(story)) == (0, {})
        assert story["held"]
        assert story["own_suite"]
        # A title names one step.
        assert story["steps_held"] == story["steps_taken"] == len({step["title"] for step in story["steps"]})
        assert listens(environ) == []


@pytest.mark.slow
def test_the_story_is_told_to_a_suite_that_runs(environ: Environ) -> None:
    """A running suite is used and left running; one with another key is told apart from one that refuses."""
    with serving(environ):
        first, second = told(environ), told(environ)
        assert [(code, story["own_suite"], failures(story)) for code, story in (first, second)] == [(0, False, {})] * 2
        assert first[1]["record"] != second[1]["record"]
        code, story = told({**environ, "DMP_VAR": environ["DMP_VAR"] + "-other"})
        assert (code, story["held"]) == (1, False)
        assert "DMP_VAR" in story["error"]
        assert len(listens(environ)) == len(PORTS)


def test_one_changed_word_of_the_rules_is_seen(environ: Environ, tmp_path: Path) -> None:
    """Rules that show masked documents in an emergency fail the story, at the steps that say so and nowhere else."""
    rules = tmp_path / "rules"
    shutil.copytree(ROOT / "rules", rules)
    profile = rules / "profiles" / "seed-2011.yaml"
    assert WORD in profile.read_text(encoding="utf-8")
    profile.write_text(profile.read_text(encoding="utf-8").replace(WORD, WORD.replace("false", "true")), "utf-8")
    code, story = told({**environ, "DMP_RULES": str(rules)})
    failed = failures(story)
    assert code == 1
    assert not story["held"]
    assert failed["Masked in an emergency"]["answer"] == "OK"
    assert set(failed) == {
        "The list in an emergency",
        "Masked in an emergency",
        "The regulator's list",
        "Masked at centre 15",
        "What the emergency access did",
    }


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_story_leaves_no_suite(environ: Environ, number: signal.Signals) -> None:
    """However the demo is ended, its own suite ends with it."""
    demo = subprocess.Popen(
        command("demo"), env=environ, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until(lambda: len(listens(environ)) == len(PORTS))
        demo.send_signal(number)
        assert demo.wait(PATIENCE) != 0
    finally:
        demo.kill()
        demo.wait()
    assert listens(environ) == []
