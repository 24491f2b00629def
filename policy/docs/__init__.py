"""Puts a whole rule set on one page: who may do what, by which rule, why, and where the rest of the law lives."""

from policy.docs.page import NAME, page

__all__ = ["NAME", "page"]
