"""The only place that creates gRPC servers; it refuses to start with every fault at once, and has no open mode."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TextIO

import grpc
import structlog
import uvloop
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from policy.ruleset import RuleSet
from services.runtime import another, certificates, downloads, local_issuer, obligations
from services.runtime.access import ATTESTED, Background, Feature, Method, actions_of, methods_of
from services.runtime.errors import Kind, ServiceError, status_of
from services.runtime.gate import ByItself, Gate
from services.runtime.identity import Verifier
from services.runtime.mailbox import Mailbox
from services.runtime.outbound import Outbound
from services.runtime.outgoing import Sink
from services.runtime.rules_in_force import RulesInForce, load_rules
from services.runtime.security_log import SecurityLog, log_to
from services.runtime.self_check import SelfCheck
from services.runtime.settings import Settings, SettingsRefused
from services.runtime.sinks import open_sink
from services.runtime.telemetry import Endpoint, Telemetry, Timer, expose
from services.store.errors import KeysUnavailable, StartRefused
from services.store.executors import open_executor
from services.store.local_keys import LocalKeys
from services.store.outbox_watch import OutboxWatch

TRANSPORT_LIMIT: Final = 8 * 1024 * 1024
"""Bytes; above the gate's own limit, so that the gate says why a request is too large."""
MOST_STREAMS: Final = 200
"""Calls that one connection may have under way; more wait in the caller."""
OPTIONS: Final = (
    ("grpc.max_receive_message_length", TRANSPORT_LIMIT),
    # Two processes on one port would each answer some of the calls.
    ("grpc.so_reuseport", 0),
    # One connection cannot hold the streams of all.
    ("grpc.max_concurrent_streams", MOST_STREAMS),
)
NEW_OBJECTS: Final = 10_000
"""Between two searches for garbage; calls leave hardly any cycles, and Python's own 700 are made by ten of them."""
DRAIN: Final = 10.0
"""Seconds given to running calls when the process is told to end."""
AGAIN: Final = 5.0
"""Seconds until background work that failed is begun again."""
DETAILS: Final = "grpc-status-details-bin"
EXEMPT: Final = frozenset({health.SERVICE_NAME, reflection.SERVICE_NAME})
"""The services that no rule decides; reflection in development only."""


_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Listening:
    """One service that accepts calls."""

    name: str
    port: int
    server: grpc.aio.Server
    health: health.aio.HealthServicer


@dataclass(frozen=True, slots=True)
class Suite:
    """The services that run in this process, over one gate."""

    gate: Gate
    features: tuple[Feature, ...]
    listening: list[Listening]
    telemetry: Telemetry
    metrics: Endpoint
    background: list[asyncio.Task[None]] = field(default_factory=list)

    async def reload(self, settings: Settings) -> None:
        """Let the rule files decide as they are now; with a fault the old rules stay, and every fault is told."""
        try:
            rules = await asyncio.to_thread(load_rules, settings)
            checked(rules, self.features)
        except SettingsRefused as refused:
            _log.error("rules not loaded, the old ones stay in force", faults=refused.reasons)
            return
        self.gate.rules.replace(rules)
        self.gate.self_check.prepare(rules, settings.profile)
        _log.info("rules loaded", digest=rules.digest)

    async def close(self) -> None:
        """Take no more calls, let the running ones end, and let the database go."""
        await asyncio.gather(*(service.health.enter_graceful_shutdown() for service in self.listening))
        await asyncio.gather(*(service.server.stop(DRAIN) for service in self.listening))
        for task in self.background:
            task.cancel()
        await asyncio.gather(*self.background, return_exceptions=True)
        await self.gate.outbound.close()
        await asyncio.to_thread(self.gate.executor.close)
        for desk in self.gate.desks.values():
            desk.close()
        await asyncio.to_thread(self.gate.self_check.close)
        await asyncio.to_thread(self.metrics.close)
        self.telemetry.close()


class Reloads:
    """Loads the rules anew when asked, one load after another."""

    def __init__(self, suite: Suite, settings: Settings) -> None:
        self._suite = suite
        self._settings = settings
        self._last: asyncio.Task[None] | None = None

    def ask(self) -> None:
        """Load once what is running has ended."""
        self._last = asyncio.ensure_future(self._after(self._last))

    async def _after(self, running: asyncio.Task[None] | None) -> None:
        if running is not None:
            await asyncio.wait([running])
        await self._suite.reload(self._settings)


def serve(settings: Settings, features: Sequence[Feature]) -> None:
    """Serve until the process is told to end; raises SettingsRefused with every reason not to start."""
    log_to(sys.stderr)
    uvloop.run(_serve(settings, features))


async def _serve(settings: Settings, features: Sequence[Feature]) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    suite = await start(settings, features, sys.stderr)
    reloads = Reloads(suite, settings)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reloads.ask)
    named = [(service.name, service.port) for service in suite.listening]
    ports = ", ".join(f"{name} {settings.host}:{port}" for name, port in (*named, ("metrics", suite.metrics.port)))
    digest = suite.gate.rules.current.digest[:12]
    _spare_the_collector()
    print(f"dmp-access ready: {ports} (profile {settings.profile}, rules {digest})", flush=True)  # noqa: T201
    await ended.wait()
    await suite.close()


def _spare_the_collector() -> None:
    """Never look again for garbage among rules and modules, which live as long as the process, and look less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS)


async def start(settings: Settings, features: Sequence[Feature], security_log: TextIO) -> Suite:
    """Check everything, then listen; raises SettingsRefused with every reason not to start."""
    rules = load_rules(settings)
    methods = checked(rules, features)
    verifier = Verifier([local_issuer.issuer(settings)])
    secured = certificates.credentials(settings)
    telemetry = Telemetry()
    metrics = expose(telemetry, settings)
    try:
        sink = _sink(settings)
        executor = open_executor(settings.database, LocalKeys(settings.keys), telemetry)
    except (StartRefused, KeysUnavailable, SettingsRefused) as refused:
        metrics.close()
        raise SettingsRefused([str(refused)]) from refused
    outbound = Outbound(sink, OutboxWatch(settings.database))
    self_check = SelfCheck(settings.self_check_rate, telemetry.compared)
    log, internal = SecurityLog(security_log), _internal(features, methods)
    self_check.prepare(rules, settings.profile)
    in_force = RulesInForce(rules, verifier.kinds)
    mailbox = Mailbox(asyncio.get_running_loop())
    gate = Gate(
        in_force,
        settings.profile,
        executor,
        verifier,
        log,
        self_check,
        mailbox,
        internal,
        settings.askers,
        outbound,
    )
    suite = Suite(gate, tuple(features), [], telemetry, metrics)
    telemetry.watch(gate)
    try:
        for feature in features:
            suite.listening.append(await _listen(settings, feature, methods[feature.name], suite, secured))
            if feature.background is not None:
                suite.background.append(asyncio.ensure_future(_go_on(feature.background, ByItself(gate))))
    except BaseException:
        await suite.close()
        raise
    return suite


def _sink(settings: Settings) -> Sink | None:
    """Where notifications go, if anywhere; raises SettingsRefused."""
    if settings.notifications is None:
        return None
    try:
        return open_sink(settings.notifications)
    except (OSError, ValueError) as error:
        what = "the file" if settings.notifications.file else "the key or the authorities of the webhook"
        raise SettingsRefused([f"DMP_NOTIFICATIONS: {what} cannot be used ({type(error).__name__})"]) from error


async def _go_on(background: Background, system: ByItself) -> None:
    """Go on by itself whatever happens: what fails is told, and begun again a while later."""
    while True:
        try:
            await background(system)
        except Exception as error:  # noqa: BLE001 - whatever it is, what waits must not wait for ever
            _log.error("background work failed", error=type(error).__name__)
        await asyncio.sleep(AGAIN)


def checked(rules: RuleSet, features: Sequence[Feature]) -> dict[str, list[Method]]:
    """The RPCs of each feature; raises SettingsRefused with every fault of their declarations."""
    methods: dict[str, list[Method]] = {}
    faults = [
        f"attestation `{name}` is no attribute of the vocabulary"
        for name in ATTESTED.values()
        if f"context.{name}" not in rules.vocabulary.attributes
    ]
    faults += another.faults(rules.vocabulary)
    for feature in features:
        methods[feature.name], found = methods_of(feature, rules)
        faults += found
    hosted = (actions_of(method) for feature in methods.values() for method in feature)
    faults += obligations.faults(rules, frozenset[str]().union(*hosted))
    if faults:
        raise SettingsRefused(faults)
    return methods


def _internal(features: Sequence[Feature], methods: Mapping[str, Sequence[Method]]) -> dict[str, Method]:
    """The calls that only the suite makes, by the request that each takes."""
    names = {service.full_name for feature in features for service in feature.internal}
    found = (method for known in methods.values() for method in known if method.service in names)
    return {method.request.DESCRIPTOR.full_name: method for method in found}


async def _listen(
    settings: Settings,
    feature: Feature,
    methods: Sequence[Method],
    suite: Suite,
    secured: grpc.ServerCredentials | None,
) -> Listening:
    server = grpc.aio.server(options=OPTIONS)
    for service in feature.services:
        own = {
            method.name: _bytes_handler(
                method, suite.gate, suite.telemetry.timer(method.path), secured=secured is not None
            )
            for method in methods
            if method.service == service.full_name
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service.full_name, own),))
    servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    names = [service.full_name for service in feature.services]
    if settings.development:
        reflection.enable_server_reflection((*names, *EXEMPT), server)
    port = _bind(server, settings, feature.name, secured)
    await server.start()
    for name in ("", *names):
        await servicer.set(name, health_pb2.HealthCheckResponse.SERVING)
    return Listening(feature.name, port, server, servicer)


def _bind(server: grpc.aio.Server, settings: Settings, name: str, secured: grpc.ServerCredentials | None) -> int:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"{host}:{settings.ports[name]}"
    try:
        return server.add_insecure_port(address) if secured is None else server.add_secure_port(address, secured)
    except RuntimeError as error:
        raise SettingsRefused([f"{name} cannot listen on {address}: is another server running there?"]) from error


def _bytes_handler(method: Method, gate: Gate, timed: Timer, *, secured: bool) -> grpc.RpcMethodHandler[Any, Any]:
    """A handler of bytes: grpc.aio itself would answer UNKNOWN to a message that it cannot parse."""
    if method.downloads:
        return _download_handler(method, gate, timed, secured=secured)

    async def handle(payload: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
        metadata = tuple(context.invocation_metadata() or ())
        # Over plaintext nobody has a certificate.
        peer = context.auth_context() if secured else {}
        started = time.perf_counter()
        try:
            answer = await gate.answer(method, payload, metadata, peer, context.time_remaining())
        except asyncio.CancelledError:
            timed(grpc.StatusCode.CANCELLED, time.perf_counter() - started)
            raise
        except ServiceError as error:
            timed(error.kind.code, time.perf_counter() - started)
            status = status_of(error)
            await context.abort(error.kind.code, status.message, ((DETAILS, status.SerializeToString()),))
        else:
            timed(grpc.StatusCode.OK, time.perf_counter() - started)
            return answer

    return grpc.unary_unary_rpc_method_handler(handle)


def _download_handler(method: Method, gate: Gate, timed: Timer, *, secured: bool) -> grpc.RpcMethodHandler[Any, Any]:
    """As above, for an answer of many messages."""

    async def handle(payload: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> None:
        metadata = tuple(context.invocation_metadata() or ())
        peer = context.auth_context() if secured else {}
        started = time.perf_counter()
        ended = grpc.StatusCode.CANCELLED
        messages = gate.download(method, payload, metadata, peer, context.time_remaining())
        try:
            # DANGER: a write waits as long as the caller does not read, and keeps his place among the downloads.
            async with contextlib.aclosing(messages), asyncio.timeout(downloads.LONGEST):
                async for message in messages:
                    await context.write(message)
            ended = grpc.StatusCode.OK
        except (ServiceError, TimeoutError) as failed:
            error = failed if isinstance(failed, ServiceError) else ServiceError(Kind.TOO_LONG)
            ended = error.kind.code
            status = status_of(error)
            await context.abort(error.kind.code, status.message, ((DETAILS, status.SerializeToString()),))
        finally:
            timed(ended, time.perf_counter() - started)

    return grpc.unary_stream_rpc_method_handler(handle)
