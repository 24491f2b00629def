"""Reasons about all requests at once: what rules can answer, what they never may, and a request that shows it."""

from policy.analyze.domain import Domain
from policy.analyze.outcome import Outcome, Outcomes
from policy.analyze.witness import Unshowable, decision_on, holds_in, request_of

__all__ = ["Domain", "Outcome", "Outcomes", "Unshowable", "decision_on", "holds_in", "request_of"]
