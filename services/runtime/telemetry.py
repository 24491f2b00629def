"""The metrics of a suite, for Prometheus to scrape: counted in words of closed lists, so that nobody is in them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from wsgiref.simple_server import WSGIServer

import grpc
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource
from prometheus_client import CollectorRegistry, Histogram, start_http_server

from services.runtime.gate import Gate
from services.runtime.outbound import Outbound
from services.runtime.self_check import Compared
from services.runtime.settings import Settings, SettingsRefused
from services.store.observer import Counted, Pool
from services.store.outbox_watch import Depth

NAME: Final = "dmp-access"
SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the durations: those of the conventions for HTTP and RPC, and finer below, where calls are."""
SIZES: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256)
"""Upper bounds of the entries that one commit holds."""

Timer = Callable[[grpc.StatusCode, float], None]
"""Notes one ended call: its status, and how many seconds it took."""


class Telemetry:
    """The instruments of one suite, and all that was counted; observes the store (`services.store.observer`)."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        reader = PrometheusMetricReader(scope_info_enabled=False, registry=self.registry)
        # A resource of the environment's making could name anybody.
        resource = Resource({"service.name": NAME})
        self._provider = MeterProvider([reader], resource, shutdown_on_exit=False)
        self._meter = self._provider.get_meter(NAME)
        self._decisions: Counter[Counted] = Counter()
        self._samples: Counter[Compared] = Counter()
        self._counting = threading.Lock()
        # The SDK's own histogram takes a tenth of the time of a call for each value; this one hardly any.
        self._calls = Histogram(
            "rpc_server_call_duration_seconds",
            "From a call's bytes to its answer.",
            ("rpc_system_name", "rpc_method", "rpc_response_status_code"),
            buckets=SECONDS,
            registry=self.registry,
        )
        self._sizes = self._histogram("dmp_trace_group_size", SIZES, "Trace entries that a commit held.")
        self._commits = self._histogram("dmp_trace_commit_duration_seconds", SECONDS, "From a commit to durability.")
        self._meter.create_observable_counter(
            "dmp.decisions", [self._decided], "{entry}", "Durable trace entries, one for a call and a record."
        )
        self._meter.create_observable_counter(
            "dmp.self_check.samples", [self._compared], "{sample}", "Decisions that py-abac was asked again, by result."
        )

    def timer(self, path: str) -> Timer:
        """The timer of one RPC of the contract, by its path on the wire; only these are ever labels."""
        bound: dict[grpc.StatusCode, Callable[[float], None]] = {}

        def timed(code: grpc.StatusCode, seconds: float) -> None:
            observe = bound.get(code)
            if observe is None:
                observe = bound[code] = self._calls.labels("grpc", path.removeprefix("/"), code.name).observe
            observe(seconds)

        return timed

    def committed(self, entries: Mapping[Counted, int], seconds: float) -> None:
        """As Observer."""
        # Counted here and read at a scrape: the SDK's own counter costs twenty times as much.
        with self._counting:
            for counted, number in entries.items():
                self._decisions[counted] += number
        self._sizes.observe(sum(entries.values()))
        self._commits.observe(seconds)

    def compared(self, result: Compared) -> None:
        """A sample of the self-check has ended so."""
        with self._counting:
            self._samples[result] += 1

    def watch(self, gate: Gate) -> None:
        """Show, at every scrape, what is under way, what waits, and which rules decide."""
        executor = gate.executor
        self._gauge("dmp.store.waiting", "{unit}", "Units that wait.", lambda: map(_waiting, executor.pools))
        self._gauge(
            "dmp.store.connections",
            "{connection}",
            "Connections of the store, by what they do.",
            lambda: (seen for pool in executor.pools for seen in _connections(pool)),
        )
        in_flight = "Identified calls under way."
        self._gauge("dmp.calls.in_flight", "{call}", in_flight, lambda: [Observation(gate.flight.calls)])
        outbound = gate.outbound
        self._gauge("dmp.notifications", "{notification}", "The outbox, by state.", lambda: _outbox(outbound.depth))
        oldest = "Since the oldest notification that waits has happened."
        self._gauge("dmp.notifications.oldest", "s", oldest, lambda: [Observation(outbound.depth.oldest)])
        self._meter.create_observable_counter(
            "dmp.notifications.attempts",
            [lambda _options: _attempts(outbound)],
            "{attempt}",
            "Notifications that were taken to be handed on, by what became of them.",
        )
        self._gauge("dmp.rules.info", "1", "The rules that decide.", lambda: [_rules(gate)])

    def close(self) -> None:
        """Count nothing more."""
        self._provider.shutdown()

    def _histogram(self, name: str, bounds: Sequence[float], told: str) -> Histogram:
        return Histogram(name, told, buckets=bounds, registry=self.registry)

    def _gauge(self, name: str, unit: str, told: str, seen: Callable[[], Iterable[Observation]]) -> None:
        def observe(_options: CallbackOptions) -> Iterable[Observation]:
            return seen()

        self._meter.create_observable_gauge(name, [observe], unit, told)

    def _decided(self, _options: CallbackOptions) -> Iterable[Observation]:
        with self._counting:
            decisions = dict(self._decisions)
        for counted, number in decisions.items():
            yield Observation(number, {name: str(value) for name, value in counted._asdict().items()})

    def _compared(self, _options: CallbackOptions) -> Iterable[Observation]:
        with self._counting:
            samples = dict(self._samples)
        # Those that never came are told too: an alarm needs the nothing before the first.
        yield from (Observation(samples.get(result, 0), {"result": result.value}) for result in Compared)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the metrics are scraped."""

    server: WSGIServer
    thread: threading.Thread

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self.server.server_port

    def close(self) -> None:
        """Listen no more; takes up to half a second."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def expose(telemetry: Telemetry, settings: Settings) -> Endpoint:
    """Answer to scrapes, in a thread; raises SettingsRefused where the port cannot be had."""
    try:
        server, thread = start_http_server(settings.metrics_port, settings.host, telemetry.registry)
    except OSError as error:
        address = f"{settings.host}:{settings.metrics_port}"
        raise SettingsRefused(
            [f"metrics cannot listen on {address}: is another server running there? DMP_METRICS_PORT sets the port"]
        ) from error
    return Endpoint(server, thread)


def _waiting(pool: Pool) -> Observation:
    return Observation(pool.waiting, {"pool": pool.name})


def _connections(pool: Pool) -> Iterable[Observation]:
    for state, number in (("busy", pool.busy), ("idle", pool.idle), ("lost", pool.lost)):
        yield Observation(number, {"pool": pool.name, "state": state})


def _outbox(depth: Depth) -> Iterable[Observation]:
    for state, number in (("waiting", depth.waiting), ("due", depth.due), ("parked", depth.parked)):
        yield Observation(number, {"state": state})


def _attempts(outbound: Outbound) -> Iterable[Observation]:
    for attempt, number in outbound.attempts.items():
        yield Observation(number, {"result": attempt.value})


def _rules(gate: Gate) -> Observation:
    return Observation(1, {"digest": gate.rules.current.digest, "profile": gate.profile})
