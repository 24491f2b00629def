"""What changes between two rule sets: every class of request that is answered otherwise, each with a request."""

from policy.difference.report import Difference, Shown, difference

__all__ = ["Difference", "Shown", "difference"]
