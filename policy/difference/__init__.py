"""What changes between two rule sets: every class of request that is answered otherwise, exactly, with a request for each."""

from policy.difference.report import Difference, Shown, difference

__all__ = ["Difference", "Shown", "difference"]
