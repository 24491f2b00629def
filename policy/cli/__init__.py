"""`dmp rules`: the officers' tools on a folder of rule files, a module for each command."""

from policy.cli import abac, check, decide, diff, docs, explain, fmt, matrix, prove, tables
from policy.cli.app import DEFAULT_PROFILE, FAILED, HELD, INVALID_RULES, NOT_OPENED, app

__all__ = [
    "DEFAULT_PROFILE",
    "FAILED",
    "HELD",
    "INVALID_RULES",
    "NOT_OPENED",
    "abac",
    "app",
    "check",
    "decide",
    "diff",
    "docs",
    "explain",
    "fmt",
    "matrix",
    "prove",
    "tables",
]
