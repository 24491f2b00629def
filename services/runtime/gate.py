"""The one road of every call: parse, identify, load facts, decide, act, trace, commit, answer."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final
from uuid import uuid4

import structlog
from google.protobuf.message import Message

from policy.obligation import Obligation
from policy.ruleset import RuleSet
from services.runtime import (
    absence,
    batch,
    batch_entry,
    batch_judgement,
    certificates,
    downloads,
    entry,
    judgement,
    obligations,
    trace_context,
)
from services.runtime import arrival as arrivals
from services.runtime.access import Answered, Download, Method, Unfinished
from services.runtime.another import Askable
from services.runtime.arrival import Arrival, Caller
from services.runtime.call import Call
from services.runtime.certificates import Peer
from services.runtime.desk import Desk
from services.runtime.errors import Kind, ServiceError, from_handler
from services.runtime.identity import Verifier, the_suite
from services.runtime.judgement import Verdict
from services.runtime.mailbox import Mailbox
from services.runtime.outbound import Outbound
from services.runtime.rules_in_force import RulesInForce
from services.runtime.security_log import SecurityLog
from services.runtime.self_check import SelfCheck
from services.store.unit_of_work import Done, Executor, Facts, Outcome, Scope, TraceEntry, Unavailable, Unit

LONGEST_CALL: Final = 30.0
"""Seconds that a call without a deadline may wait."""

LAST_STEPS: Final = 0.05
"""Seconds before its deadline from which on no question of a batch is begun: the rest is traced and told in them."""

SHORT: Final = 4 * 1024
"""Bytes of a request that is read on the loop: to hand it to a thread and back takes longer than to read it."""

MOST_CALLS: Final = 2_000
"""Identified calls under way at once."""
MOST_BYTES: Final = 64 * 1024 * 1024
"""Bytes of their requests: what a flood of large deposits may hold in memory."""

Metadata = Sequence[tuple[str, str | bytes]]
_log = structlog.get_logger()


@dataclass(slots=True)
class Flight:
    """What is under way; counted on the loop alone, and only for callers who are identified."""

    calls: int = 0
    size: int = 0

    def take(self, size: int) -> None:
        """Count one call, until it leaves; raises ServiceError when there is no room for it."""
        if self.calls >= MOST_CALLS or self.size + size > MOST_BYTES:
            raise ServiceError(Kind.OVERLOADED)
        self.calls, self.size = self.calls + 1, self.size + size

    def leave(self, size: int) -> None:
        """Count it no more."""
        self.calls, self.size = self.calls - 1, self.size - size


@dataclass(frozen=True, slots=True)
class Gate:
    """Answers calls; whatever it does not answer, it raises as ServiceError."""

    rules: RulesInForce
    profile: str
    executor: Executor
    verifier: Verifier
    security_log: SecurityLog
    self_check: SelfCheck
    mailbox: Mailbox
    """Where the executor tells the outcomes."""
    internal: Mapping[str, Method] = field(default_factory=dict)
    """The suite's own RPCs, by the name of the request that each takes."""
    askers: frozenset[str] = frozenset()
    """The names of the client certificates that may ask for another."""
    outbound: Outbound = field(default_factory=Outbound)
    """What leaves the suite."""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    flight: Flight = field(default_factory=Flight)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Large batches are decided one after another, so that every other call waits for one of them at most."""
    desks: defaultdict[str, Desk] = field(default_factory=lambda: defaultdict(Desk))
    """Where the answers that take long are worked out, by the path of the RPC."""

    async def answer(
        self, method: Method, payload: bytes, metadata: Metadata, peer: Peer, remaining: float | None
    ) -> bytes:
        """The bytes of the response, once the trace of the call is durable; `remaining` in seconds."""
        deadline = time.monotonic() + (LONGEST_CALL if remaining is None else remaining)
        size = len(payload)
        try:
            request, caller = self._enter(method, payload, metadata, peer)
            self.flight.take(size)
            try:
                response = await self._respond(method, request, caller, size, deadline)
            finally:
                self.flight.leave(size)
            return response.SerializeToString()
        except ServiceError:
            raise
        except Exception as error:
            raise self._bug(method, error) from error

    async def download(
        self, method: Method, payload: bytes, metadata: Metadata, peer: Peer, remaining: float | None
    ) -> AsyncGenerator[bytes, None]:
        """The messages of a file, the first once the trace of the call is durable; else as `answer`."""
        began, size = time.monotonic(), len(payload)
        # A caller who reads nothing keeps one of few places, and his own deadline may lie years ahead.
        deadline = began + min(downloads.LONGEST, downloads.LONGEST if remaining is None else remaining)
        try:
            request, caller = self._enter(method, payload, metadata, peer)
            self.flight.take(size)
            try:
                may = self.rules.askable
                arrival = arrivals.arrive(method, request, caller, may)
                found = await self._result(arrival, may.rules, min(deadline, began + LONGEST_CALL))
                if not isinstance(found, Download):
                    raise TypeError("what downloads has a file")
                finish = partial(self.act, found.finish, arrival.decision_id, arrival.w3c_trace_id, deadline)
                messages = downloads.stream(found, self.executor.reading, finish, arrival.decision_id, deadline)
                async with contextlib.aclosing(messages):
                    async for message in messages:
                        yield message.SerializeToString()
            finally:
                self.flight.leave(size)
        except ServiceError:
            raise
        except Exception as error:
            raise self._bug(method, error) from error

    async def act(self, request: Message, asked_by: str, w3c_trace_id: str | None, deadline: float) -> Message:
        """The response of the suite's own call, made on behalf of a call that was permitted, or by itself."""
        method, may = self.internal[request.DESCRIPTOR.full_name], self.rules.askable
        caller = Caller(the_suite(asked_by), None, listed=False, at=self.clock(), w3c_trace_id=w3c_trace_id)
        return await self._settle(arrivals.arrive(method, request, caller, may), may.rules, deadline)

    def _enter(self, method: Method, payload: bytes, metadata: Metadata, peer: Peer) -> tuple[Message, Caller]:
        """The request in its type, and who makes it."""
        try:
            request = arrivals.parse(method, payload)
            client = certificates.client(peer)
            identity = self.verifier.identify(metadata)
        except ServiceError as error:
            self.security_log.refused(method.path, error)
            raise
        return request, Caller(identity, client, client in self.askers, self.clock(), trace_context.trace_id(metadata))

    async def _respond(self, method: Method, request: Message, caller: Caller, size: int, deadline: float) -> Message:
        may = self.rules.askable
        arrive = _arrive_many if method.many else arrivals.arrive
        if size <= SHORT:
            arrival = arrive(method, request, caller, may)
        else:
            # Off the loop, for 4 MiB of document or 5,000 questions take their time.
            arrival = await asyncio.to_thread(arrive, method, request, caller, may)
        response = await self._settle(arrival, may.rules, deadline)
        if method.followup is not None:
            await method.followup(Suite(self, arrival, deadline), request, response)
        return response

    async def _settle(self, arrival: Arrival, rules: RuleSet, deadline: float) -> Message:
        result = await self._result(arrival, rules, deadline)
        if isinstance(result, Unfinished):
            return await self.desks[arrival.method.path].finish(result, arrival.decision_id, deadline)
        if isinstance(result, Download):
            raise TypeError("a file is streamed")
        return result

    async def _result(self, arrival: Arrival, rules: RuleSet, deadline: float) -> Answered:
        """What the handler returned, committed."""
        work = Work(rules, self.profile, arrival, deadline)
        unit = work.unit()
        try:
            if arrival.batch is None or not arrival.batch.large:
                outcome = await self._outcome(unit)
            else:
                async with self.turn:
                    outcome = await self._outcome(unit)
        except Unavailable:
            raise ServiceError(Kind.UNAVAILABLE) from None
        if outcome.late:
            raise ServiceError(Kind.LATE, metadata={"decision_id": arrival.decision_id})
        self.self_check.offer(work.rules, work.profile, arrival, outcome.verdict)
        if not outcome.verdict.permitted:
            raise judgement.refusal(arrival, outcome.verdict)
        if outcome.error is not None:
            told = from_handler(outcome.error, arrival.decision_id)
            raise self._bug(arrival.method, outcome.error) if told.kind is Kind.BUG else told
        if outcome.result is None:
            raise AssertionError("a permitted call has a response")
        return outcome.result

    async def _outcome(self, unit: Unit[Verdict, Answered]) -> Outcome[Verdict, Answered]:
        letter = self.mailbox.expect()
        self.executor.hand(unit, letter)
        found: Outcome[Verdict, Answered] = await letter.future
        return found

    @staticmethod
    def _bug(method: Method, error: Exception) -> ServiceError:
        """Tell the operators where it failed. DANGER: an error's text may quote a patient's data, so it is left out."""
        _log.error("call failed", method=method.path, error=type(error).__name__, at=_place(error))
        return ServiceError(Kind.BUG)


@dataclass(frozen=True, slots=True)
class Suite:
    """The suite as it acts by itself, on behalf of a call that was permitted."""

    gate: Gate
    asked: Arrival
    deadline: float
    """On the clock of `time.monotonic`, in seconds: that of the call."""

    async def act(self, request: Message) -> Any:  # noqa: ANN401 - as System
        """As System."""
        return await self.gate.act(request, self.asked.decision_id, self.asked.w3c_trace_id, self.deadline)

    @property
    def outbound(self) -> Outbound:
        """As System."""
        return self.gate.outbound

    def now(self) -> datetime:
        """As System."""
        return self.gate.clock()


@dataclass(frozen=True, slots=True)
class ByItself:
    """The suite as nobody has asked it to act: what it does in the background, in one session as long as it runs."""

    gate: Gate
    session: str = field(default_factory=lambda: str(uuid4()))

    async def act(self, request: Message) -> Any:  # noqa: ANN401 - as System
        """As System."""
        return await self.gate.act(request, self.session, None, time.monotonic() + LONGEST_CALL)

    @property
    def outbound(self) -> Outbound:
        """As System."""
        return self.gate.outbound

    def now(self) -> datetime:
        """As System."""
        return self.gate.clock()


@dataclass(frozen=True, slots=True)
class Work:
    """The steps of one call that the executor takes inside its transaction."""

    rules: RuleSet
    profile: str
    arrival: Arrival
    deadline: float
    """On the clock of `time.monotonic`, in seconds."""

    def unit(self) -> Unit[Verdict, Answered]:
        """The call as the executor takes it."""
        arrival, method = self.arrival, self.arrival.method
        return Unit(
            keys=arrival.keys,
            decide=self.decide,
            run=self.run,
            permits=self.permits,
            entries=self.entries,
            changes=self.changes,
            deadline=self.deadline,
            stores=not method.asks,
            locks=arrival.record if method.access.changes else None,
        )

    def decide(self, facts: Sequence[Facts]) -> Verdict:
        """Ask the rules."""
        engine, arrival = self.rules.engines[self.profile], self.arrival
        if arrival.batch is not None:
            return batch_judgement.judge(engine, arrival, arrival.batch, facts, self._late)
        if arrival.ticket:
            facts = [absence.with_ticket(self.rules, self.profile, arrival, one) for one in facts]
        return judgement.judge(engine, arrival, *facts)

    def _late(self) -> bool:
        """Whether no more of a batch can be decided, so that the rest can still be traced and told."""
        return time.monotonic() > self.deadline - LAST_STEPS

    def permits(self, verdict: Verdict) -> bool:
        """Whether the handler may run; a request with a fault never does, whatever the rules say."""
        return verdict.permitted and not self.arrival.faults

    def changes(self, verdict: Verdict) -> bool:
        """Whether something besides the trace is written; a read whose obligations write is a change."""
        return self.arrival.method.access.changes or obligations.writes(verdict.decision.obligations, self._owners)

    def run(self, scope: Scope | None, verdict: Verdict) -> Answered:
        """Let the handler act, fulfil what the permit asks for, and note the decision in the response."""
        call = Call(scope, self.arrival, verdict, self.rules, self.profile)
        answered = self.arrival.method.handler(call, self.arrival.request)
        if isinstance(answered, Download) is not self.arrival.method.downloads:
            raise TypeError("an RPC downloads a file if, and only if, it declares that it does")
        response: Any = answered if isinstance(answered, Message) else answered.response
        duties = obligations.fulfil(call, self._owners)
        response.decided.decision_id = self.arrival.decision_id
        response.decided.obligations.extend(duties)
        return answered

    def entries(self, verdict: Verdict, done: Done) -> tuple[TraceEntry, ...]:
        """What is traced."""
        if verdict.answers is not None:
            return batch_entry.entries(self.arrival, verdict.answers, done)
        return (entry.entry(self.arrival, verdict, done),)

    @property
    def _owners(self) -> Mapping[str, Obligation]:
        return self.rules.vocabulary.obligations


def _arrive_many(method: Method, request: Message, caller: Caller, may: Askable) -> Arrival:
    return batch.read(arrivals.arrive(method, request, caller, may), may)


def _place(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}" if trace else ""
