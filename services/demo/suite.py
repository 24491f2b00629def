"""The suite that hears the story: one that runs already, else one of its own, which ends with the story."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.client.calls import channel
from services.runtime.settings import DEVELOPMENT, Settings

PROFILE: Final = "seed-2011"
"""The rules of the founding document, whose story is told."""
HEALTH_OF: Final = {
    "authorization": "dmp.authorization.v1.AuthorizationService",
    "records": "dmp.records.v1.RecordsService",
    "documents": "dmp.documents.v1.DocumentsService",
}
SERVING: Final = "SERVING"
NOBODY: Final = "UNAVAILABLE"
PROBE: Final = 2.0
PATIENCE: Final = 60.0
"""Seconds that a suite may take to be ready; the first start makes its tables."""
GRACE: Final = 15.0
"""Seconds that a suite may take to end before it is killed."""
LOG: Final = "demo.log"
LAST_WORDS: Final = 12
"""Lines of the log shown when the suite does not start."""

Waiting = Callable[[str], AbstractContextManager[object]]


class StoryRefused(Exception):
    """The story cannot be told here; the sentence says why and what to do, in French like the story."""


@contextmanager
def reached(settings: Settings, waiting: Waiting) -> Iterator[bool]:
    """A suite that serves on the configured ports, and whether it was started for the story."""
    if 0 in settings.ports.values():
        raise StoryRefused("La démonstration veut des ports fixes : DMP_*_PORT ne peut pas valoir 0.")
    states = _states(settings)
    if set(states.values()) == {SERVING}:
        yield False
    elif set(states.values()) == {NOBODY}:
        with _own(settings, waiting):
            yield True
    else:
        told = ", ".join(f"{name} {settings.host}:{settings.ports[name]} {state}" for name, state in states.items())
        raise StoryRefused(
            f"Une partie seulement de la suite répond ({told}) : arrêtez ce qui écoute là, ou changez DMP_*_PORT."
        )


@contextmanager
def _own(settings: Settings, waiting: Waiting) -> Iterator[None]:
    settings.var.mkdir(parents=True, exist_ok=True)
    log = settings.var / LOG
    environ = {**os.environ, "DMP_ENVIRONMENT": DEVELOPMENT, "DMP_PROFILE": PROFILE}
    command = [sys.executable, "-m", "services.cli", "serve", "all"]
    with _ended_by_signals(), log.open("wb") as sink:
        process = subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink)  # noqa: S603 - our own command
        try:
            with waiting("Démarrage de la suite…"):
                _await(settings, process, log)
            yield
        finally:
            _end(process)


def _await(settings: Settings, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while set(_states(settings).values()) != {SERVING}:
        if process.poll() is not None:
            raise StoryRefused(f"La suite n'a pas démarré :\n{_last_words(log)}")
        if time.monotonic() > deadline:
            raise StoryRefused(f"La suite n'est pas prête après {PATIENCE:.0f} s :\n{_last_words(log)}")
        time.sleep(0.05)


def _last_words(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_WORDS:])


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let a signal that would end this process at once unwind it, so that the suite ends with it."""
    before = {number: signal.signal(number, _leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def _states(settings: Settings) -> dict[str, str]:
    return {name: _state(f"{settings.host}:{port}", HEALTH_OF[name]) for name, port in settings.ports.items()}


def _state(address: str, service: str) -> str:
    """What the health service of an address says of a service, or the code of its failure."""
    request = health_pb2.HealthCheckRequest(service=service)
    with channel(address) as probe:
        try:
            answer = health_pb2_grpc.HealthStub(probe).Check(request, timeout=PROBE)  # type: ignore[attr-defined]  # made by its constructor
        except grpc.RpcError as error:
            return error.code().name
    return health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
