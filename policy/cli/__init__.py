"""`dmp rules`: the officers' tools on a folder of rule files, a module for each command."""

from policy.cli import check, decide, docs, fmt, matrix, tables
from policy.cli.app import DEFAULT_PROFILE, FAILED, HELD, INVALID_RULES, NOT_OPENED, app

__all__ = [
    "DEFAULT_PROFILE",
    "FAILED",
    "HELD",
    "INVALID_RULES",
    "NOT_OPENED",
    "app",
    "check",
    "decide",
    "docs",
    "fmt",
    "matrix",
    "tables",
]
