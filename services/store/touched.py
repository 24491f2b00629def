"""What a handler did to which document or ticket, noted by the stores themselves for the trace."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Verb(StrEnum):
    """What was done to the document."""

    LISTED = "LISTED"
    READ = "READ"
    COPIED = "COPIED"
    CREATED = "CREATED"
    RELABELLED = "RELABELLED"
    ARCHIVED = "ARCHIVED"
    UNARCHIVED = "UNARCHIVED"
    REPLACED = "REPLACED"
    DELETED = "DELETED"
    DESTROYED = "DESTROYED"


class Touched(NamedTuple):
    """One document touched, as it was at that moment (catalogue 7.1)."""

    document: str
    """Its logical id."""
    verb: Verb
    unique_id: str
    type: str
    labels: frozenset[str]
    """Before the change, where there was one; for a created document, those it was created with."""
    labels_after: frozenset[str] | None = None
    """After a change of labels, else nothing."""


@dataclass(frozen=True, slots=True)
class Handled:
    """One ticket that was opened, executed, refused or expired."""

    ticket: str
    document: str | None
    """The logical id of the document that it is about; nothing where the whole record is meant."""
