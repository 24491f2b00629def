"""A suite killed between the sending and the marking hands the same notification on again, and loses none."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.runtime.settings import PORTS
from tests.services.databases import STORES, Databases, alter, dropped, rows
from tests.services.notified import break_the_glass, until, webhook
from tests.services.receiver import Receiver, Sent, receiving
from tests.services.world import running

ROOT = Path(__file__).parents[3]
STATE = "SELECT n.id, d.state, d.attempts FROM notifications n JOIN deliveries d ON d.number = n.number"


@contextmanager
def serving(environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """The suite in a process of its own."""
    ports = {f"DMP_{name.upper()}_PORT": "0" for name in (*PORTS, "metrics")}
    given = {**os.environ, "DMP_ENVIRONMENT": "development", **ports, **environment}
    command = [sys.executable, "-m", "services.cli", "serve", "all"]
    with subprocess.Popen(command, cwd=ROOT, env=given, stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("store", STORES)
def test_killed_before_it_was_marked_it_is_sent_again_under_its_id(
    databases: Databases, tmp_path: Path, store: str
) -> None:
    """The receiver has it, the suite does not know: the receiver tells the second from the first by its id."""
    address = databases.new(store, tmp_path)
    environment = {"DMP_DATABASE_URL": address, "DMP_VAR": str(tmp_path)}
    with running(tmp_path, DMP_DATABASE_URL=address) as quiet:
        break_the_glass(quiet, quiet.opened())
    killed = threading.Event()

    def held(_: Sent) -> int:
        killed.wait(60)
        return 204

    with receiving() as receiver:
        receiver.answering = held
        environment |= webhook(tmp_path, receiver)
        with serving(environment) as process:
            assert receiver.arrived.wait(60)
            process.send_signal(signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL
        killed.set()
        [row] = rows(address, STATE)
        assert (row["state"], row["attempts"]) == ("WAITING", 1)
        _let_its_time_pass(address)
        with serving(environment):
            until(lambda: rows(address, STATE)[0]["state"] == "DELIVERED")
        _same_twice(receiver, row["id"])
    dropped(address)


def _let_its_time_pass(address: str) -> None:
    alter(address, "UPDATE deliveries SET due_at = 1")


def _same_twice(receiver: Receiver, expected: str) -> None:
    first, second = receiver.sent
    assert first.said["id"] == second.said["id"] == second.headers["DMP-Notification-Id"] == expected
    assert first.body == second.body
