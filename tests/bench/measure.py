"""One measure: a load on one server, of which every answer is checked before any of its figures counts."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import grpc

from tests.bench.load import PATIENCE, Answered, Generator, Load, RunFailed
from tests.bench.servers import Server, Traced

LEAST_CPU: Final = 20.0
"""Microseconds: a server that answered has worked at least so much for a call."""
PROBE_OPTIONS: Final = (("grpc.enable_http_proxy", 0), ("grpc.use_local_subchannel_pool", 1))


@dataclass(frozen=True, slots=True)
class Measure:
    """What is asked of whom, and what must come back."""

    name: str
    server: Server
    load: Load
    fault: Callable[[bytes, bytes], str]
    """What is wrong with the answer to a request; nothing where it is right."""
    traced: Traced | None
    """What the entry of each call says; nothing for a server without traces."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The figures of one run."""

    calls: int
    rate: float
    """Calls answered in a second."""
    p50: float
    """Milliseconds."""
    p99: float
    cpu: float
    """Microseconds of the server's processor time for a call."""
    memory: float = 0.0
    """Megabytes that the server took above idle at most, where that is looked at."""
    served: float = 0.0
    """Milliseconds from a call's bytes to its answer in the server itself, at p50, where that is looked at."""


def run(measure: Measure, generator: Generator, calls: int) -> Sample:
    """The figures of so many calls, rounded down to what the bodies share; raises RunFailed."""
    bodies = len(measure.load.bodies)
    calls -= calls % bodies
    _, last = measure.server.entries()
    sizes = [_probed(measure, body) for body in measure.load.bodies]
    before = measure.server.cpu
    answered = generator.run(measure.load, calls)
    cpu = (measure.server.cpu - before) / calls
    _check(measure, answered, calls, sum(sizes) * calls // bodies)
    _check_server(measure, cpu, calls + bodies, last)
    return _sample(answered, cpu)


def _probed(measure: Measure, body: bytes) -> int:
    """The size of the right answer, from one real call."""
    load = measure.load
    with grpc.insecure_channel(f"127.0.0.1:{load.port}", options=PROBE_OPTIONS) as channel:
        call: Callable[..., bytes] = channel.unary_unary(load.path)
        try:
            answer = call(body, timeout=PATIENCE, metadata=(("authorization", f"Bearer {load.token}"),))
        except grpc.RpcError as error:
            raise RunFailed(f"{measure.name}: one call alone is answered with {error.code().name}") from error
    if fault := measure.fault(body, answer):
        raise RunFailed(f"{measure.name}: {fault}")
    return len(answer)


def _check(measure: Measure, answered: Answered, calls: int, size: int) -> None:
    if len(answered.spans) != calls:
        raise RunFailed(f"{measure.name}: {calls} calls made, {len(answered.spans)} answered")
    if answered.size != size:
        raise RunFailed(f"{measure.name}: {answered.size} bytes answered, and right answers have {size}")


def _check_server(measure: Measure, cpu: float, calls: int, last: int) -> None:
    if not measure.server.lives:
        raise RunFailed(f"{measure.name}: the server has ended, so that somebody else answered")
    if cpu < LEAST_CPU:
        raise RunFailed(f"{measure.name}: the server did not work for its answers, so that somebody else answered")
    expected = Counter() if measure.traced is None else Counter({measure.traced: calls})
    found, _ = measure.server.entries(last)
    if found != expected:
        raise RunFailed(f"{measure.name}: the traces say {dict(found)}, and should say {dict(expected)}")


def _sample(answered: Answered, cpu: float) -> Sample:
    took = sorted(span[1] * 1e3 for span in answered.spans)
    cuts = statistics.quantiles(took, n=100, method="inclusive")
    return Sample(len(took), len(took) / answered.seconds, cuts[49], cuts[98], cpu)
