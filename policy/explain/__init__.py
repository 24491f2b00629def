"""Puts a decision into words, in French and in English, for the person refused and for the officer."""

from policy.explain.officer import Effort, Report, for_officer
from policy.explain.person import Explanation, Reason, Step, for_person

__all__ = ["Effort", "Explanation", "Reason", "Report", "Step", "for_officer", "for_person"]
