"""The load on a server, from `h2load` where it is installed: a client in C, which is not the bottleneck."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

H2LOAD: Final = "h2load"
FRAME: Final = 5
"""Bytes before a gRPC message: whether it is compressed, and how long it is."""
PATIENCE: Final = 120.0
"""Seconds."""
_DATA: Final = re.compile(rb"\((\d+)\) data$", re.MULTILINE)


class RunFailed(Exception):
    """An answer was wrong, missing or not traced, so that no figure of the run says anything."""


@dataclass(frozen=True, slots=True)
class Load:
    """Calls of one RPC, as the bearer of one token."""

    port: int
    path: str
    bodies: Sequence[bytes]
    """Each is sent over connections of its own, again and again."""
    token: str
    connections: int
    streams: int
    """Calls that each connection has under way at once."""

    @property
    def least(self) -> int:
        """The fewest calls that keep every stream busy for a moment."""
        return self.connections * self.streams * 4


@dataclass(frozen=True, slots=True)
class Answered:
    """What the client saw."""

    spans: Sequence[tuple[float, float]]
    """Of each call, when it began and how long it took, in seconds."""
    size: int
    """Bytes of all answers, without their frames."""

    @property
    def seconds(self) -> float:
        """From the first call's beginning to the last one's end."""
        return max(began + took for began, took in self.spans) - min(began for began, _ in self.spans)


class Generator(Protocol):
    """Whatever makes the calls."""

    @property
    def name(self) -> str:
        """What it is called in the report."""

    def run(self, load: Load, calls: int) -> Answered:
        """Make so many calls; raises RunFailed unless each is answered with status 200 and at least something."""


class H2Load:
    """One h2load for each body, side by side."""

    name = H2LOAD

    def run(self, load: Load, calls: int) -> Answered:
        """As Generator."""
        with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
            folder = Path(name)
            children = [
                stack.enter_context(self._started(load, calls // len(load.bodies), folder / str(place), body))
                for place, body in enumerate(load.bodies)
            ]
            told = [child.communicate(timeout=PATIENCE)[0] for child in children]
            if any(child.returncode for child in children):
                raise RunFailed("h2load could not run")
            spans = [span for place in range(len(children)) for span in _spans(folder / f"{place}.log")]
        # Its summary counts an answer without a message as done, since gRPC tells its errors in the trailers.
        sizes = [_DATA.search(text) for text in told]
        size = sum(int(found[1]) if found else 0 for found in sizes) - FRAME * len(spans)
        return Answered(spans, size)

    @staticmethod
    def _started(load: Load, calls: int, beside: Path, body: bytes) -> subprocess.Popen[bytes]:
        sent, log = beside.with_suffix(".body"), beside.with_suffix(".log")
        sent.write_bytes(b"\0" + len(body).to_bytes(4, "big") + body)
        connections = load.connections // len(load.bodies)
        shape = ["-t", "1", "-c", str(connections), "-m", str(load.streams), "-n", str(calls)]
        headers = ("content-type: application/grpc", "te: trailers", f"authorization: Bearer {load.token}")
        named = [word for header in headers for word in ("-H", header)]
        url = f"http://127.0.0.1:{load.port}{load.path}"
        command = [H2LOAD, *shape, *named, "-d", str(sent), f"--log-file={log}", url]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def _spans(log: Path) -> Iterator[tuple[float, float]]:
    """Of each call; a line holds its beginning in microseconds, its status and how many microseconds it took."""
    for line in log.read_text("ascii").splitlines():
        began, status, took = line.split("\t")[:3]
        if status != "200":
            raise RunFailed(f"a call was answered with HTTP status {status}")
        yield int(began) / 1e6, int(took) / 1e6


def version() -> str | None:
    """What h2load says that it is; nothing where it is not installed."""
    if shutil.which(H2LOAD) is None:
        return None
    return subprocess.run([H2LOAD, "--version"], check=True, capture_output=True, text=True).stdout.strip()
