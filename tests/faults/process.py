"""The suite as a process of its own, which a test may trace, kill and start again."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc

from services.runtime import local_issuer, settings
from services.runtime.settings import PORTS, Settings

ROOT = Path(__file__).parents[2]
PEOPLE = ROOT / "services" / "demo" / "people.yaml"
START = 60.0
AS_SHIPPED = {name: settings.DEFAULTS[name] for name in ("DMP_SELF_CHECK_RATE",)}
"""What `started` leaves out where nobody asks for it."""


@dataclass(frozen=True)
class Process:
    """A suite that listens."""

    child: subprocess.Popen[bytes]
    settings: Settings
    metrics: int
    """The port of its metrics."""

    def channel(self, service: str) -> grpc.Channel:
        return grpc.insecure_channel(f"127.0.0.1:{self.settings.ports[service]}")

    def metadata(self, person: str) -> tuple[tuple[str, str], ...]:
        token = local_issuer.issue_token(self.settings, local_issuer.people(PEOPLE)[person])
        return (("authorization", f"Bearer {token}"),)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(found.getsockname()[1]) for found in sockets]
    for found in sockets:
        found.close()
    return ports


@contextmanager
def started(folder: Path, before: Sequence[str] = (), **environment: str) -> Iterator[Process]:
    """Start the suite on a folder's state, perhaps under another program, and end it with the block."""
    named = {f"DMP_{name.upper()}_PORT": str(port) for name, port in zip(PORTS, free_ports(len(PORTS)), strict=True)}
    # The policies of the self-check take a second to read at every start.
    given = {"DMP_ENVIRONMENT": "development", "DMP_VAR": str(folder), "DMP_METRICS_PORT": "0"}
    given |= {"DMP_SELF_CHECK_RATE": "0", **named, **environment}
    child = subprocess.Popen(
        [*before, sys.executable, "-m", "services.cli", "serve", "all"],
        env={**os.environ, **given},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        assert child.stdout is not None
        line = child.stdout.readline()
        told = re.search(rb"ready: .* metrics \S+:(\d+) ", line)
        assert told is not None, line
        yield Process(child, settings.read(given), int(told[1]))
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGTERM)
        try:
            child.wait(START)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait(START)
        if child.stdout is not None:
            child.stdout.close()
