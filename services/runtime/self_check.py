"""Asks py-abac again what the engine decided, of a small sample, in a thread of its own; it changes no answer."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from enum import StrEnum
from queue import Full, Queue
from typing import Any, Final, NamedTuple

import structlog

from policy.abac.oracle import NotComparable, Oracle
from policy.model import Decision
from policy.ruleset import RuleSet
from services.runtime.arrival import Arrival
from services.runtime.judgement import Verdict

WAITING: Final = 64
"""Samples that may wait; what comes while as many do is dropped, so that the check never holds up a call."""
PATIENCE: Final = 5.0
"""Seconds that the end of the process waits for the check under way."""
_log = structlog.get_logger()


class Compared(StrEnum):
    """What became of a sample."""

    AGREED = "AGREED"
    DIFFERED = "DIFFERED"
    NOT_COMPARABLE = "NOT_COMPARABLE"
    """Ill-typed, or beyond what py-abac can say."""
    DROPPED = "DROPPED"
    FAILED = "FAILED"
    """py-abac ended with an error."""


class Coming(NamedTuple):
    """Rules that will decide, whose oracle takes a while to make."""

    rules: RuleSet
    profile: str


class Sample(NamedTuple):
    """One decision, and what it was made of."""

    rules: RuleSet
    profile: str
    request: Mapping[str, Any]
    decision: Decision


class SelfCheck:
    """Compares a share of the decisions; `tell` counts what became of each."""

    def __init__(
        self, rate: float, tell: Callable[[Compared], None], draw: Callable[[], float] = random.random
    ) -> None:
        """`rate` is the share of the decisions from 0, which starts no thread, to 1."""
        self._rate = rate
        self._tell = tell
        self._draw = draw
        self._waiting: Queue[Sample | Coming | None] = Queue(WAITING)
        self._ended = threading.Event()
        self._oracle: Oracle | None = None
        # A daemon: an answer of the oracle that does not end must not keep the process.
        self._thread = threading.Thread(target=self._run, name="self-check", daemon=True)
        if rate:
            self._thread.start()

    def prepare(self, rules: RuleSet, profile: str) -> None:
        """Make the oracle of these rules before the first sample comes, when calls would wait for it."""
        if self._rate:
            with suppress(Full):  # then it is made with the first sample
                self._waiting.put_nowait(Coming(rules, profile))

    def offer(self, rules: RuleSet, profile: str, arrival: Arrival, verdict: Verdict) -> None:
        """Take this verdict or not, at once: it never waits and never raises."""
        # Who draws from [0, 1) takes none at rate 0 and all at rate 1.
        if self._draw() >= self._rate:
            return
        try:
            request, decision = self._chosen(arrival, verdict)
            if decision is not None:  # else the deadline of a batch passed before the question was asked
                self._waiting.put_nowait(Sample(rules, profile, request, decision))
        except Full:
            self._tell(Compared.DROPPED)
        except Exception as error:  # noqa: BLE001 - INVARIANT: no fault of the check reaches an answer
            self._failed(arrival.action, error)

    def _chosen(self, arrival: Arrival, verdict: Verdict) -> tuple[Mapping[str, Any], Decision | None]:
        """What the engine was asked and answered; of a batch, one of its questions."""
        if arrival.batch is None or verdict.answers is None:
            return verdict.request, verdict.told
        place = int(self._draw() * len(arrival.batch.questions))
        request = verdict.answers.requests[arrival.batch.questions[place].frame]
        return (
            {**request, "document": verdict.answers.documents[place]},
            verdict.answers.questions[place].decision,
        )

    def close(self) -> None:
        """Compare nothing more; waits for the sample under way."""
        self._ended.set()
        if self._thread.is_alive():
            with suppress(Full):  # then there is something to wake it already
                self._waiting.put_nowait(None)
            self._thread.join(PATIENCE)

    def _run(self) -> None:
        while (taken := self._waiting.get()) is not None and not self._ended.is_set():
            try:
                if isinstance(taken, Coming):
                    self._oracle_of(taken)
                else:
                    self._tell(self._compare(taken))
            except Exception as error:  # noqa: BLE001 - whatever py-abac does, the next sample is compared
                self._failed("" if isinstance(taken, Coming) else taken.decision.action, error)

    def _failed(self, action: str, error: Exception) -> None:
        _log.error("self-check failed", action=action, error=type(error).__name__)
        self._tell(Compared.FAILED)

    def _compare(self, sample: Sample) -> Compared:
        # Where the right to ask was refused, the question itself was not decided.
        if sample.decision.faults or sample.decision.action != sample.request["action"]:
            return Compared.NOT_COMPARABLE
        try:
            allowed = self._oracle_of(sample).allows(sample.request)
        except NotComparable:
            return Compared.NOT_COMPARABLE
        if allowed is sample.decision.permitted:
            return Compared.AGREED
        # DANGER: the request names people and documents; nothing of it is logged.
        decision = sample.decision
        told = {"action": decision.action, "effect": decision.effect.value, "stage": decision.stage}
        _log.error("self-check differs", **told, profile=sample.profile, digest=sample.rules.digest)
        return Compared.DIFFERED

    def _oracle_of(self, sample: Sample | Coming) -> Oracle:
        """The oracle of the rules that decided: new rules are exported anew, to policies that this thread alone has."""
        held = self._oracle
        if held is None or (held.export.digest, held.export.profile) != (sample.rules.digest, sample.profile):
            held = self._oracle = Oracle(sample.rules, sample.profile)
        return held
