"""The values that decisions are made of and answered with: a leaf that every room may import."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Effect(StrEnum):
    """What a rule or a decision does."""

    PERMIT = "PERMIT"
    DENY = "DENY"


class Answer(StrEnum):
    """What the caller may be told (catalogue section 2)."""

    OK = "OK"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"


@dataclass(frozen=True, slots=True)
class Decision:
    """One answer of the engine: returned, traced, exported and explained as it is."""

    effect: Effect
    answer: Answer
    action: str
    profile: str
    digest: str
    """SHA-256 of the rule set that decided, in hexadecimal."""
    stage: str
    """The stage that denied, or empty for a permit."""
    rules: tuple[str, ...]
    """The determining rules: those that permitted, or those of the denying stage that gave the answer."""
    matched: tuple[str, ...]
    """The rules of every stage that fired, permits and obligations too, in stage order: for the trace alone."""
    obligations: tuple[str, ...]
    scope: str | None = None
    """How much of a trace list the caller may see, for the actions that have a scope."""
    visible: tuple[str, ...] | None = None
    """Names of the request's `documents` that the caller may see, for the actions that have items."""
    attributes: tuple[str, ...] = ()
    """What the determining rules of a denial look at in the request's document and context; empty for NOT_FOUND."""
    faults: tuple[str, ...] = ()
    """What was missing or ill-typed, each `attribute: what is wrong`; never a value."""

    @property
    def permitted(self) -> bool:
        """Whether the action may be done."""
        return self.effect is Effect.PERMIT


@dataclass(frozen=True, slots=True)
class Always:
    """A predicate that does not depend on the item."""

    value: bool


@dataclass(frozen=True, slots=True)
class IsOneOf:
    """The attribute's value is one of `values`; `None` among them stands for an attribute without a value."""

    attribute: str
    values: frozenset[str | bool | None]


@dataclass(frozen=True, slots=True)
class Contains:
    """The attribute, a set, has `value` in it."""

    attribute: str
    value: str


@dataclass(frozen=True, slots=True)
class Within:
    """The attribute, a time, lies in one of the half-open intervals [start, end) of UTC microseconds."""

    attribute: str
    intervals: tuple[tuple[int | None, int | None], ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Predicate


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds."""

    parts: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple[Predicate, ...]


Predicate = Always | IsOneOf | Contains | Within | Not | AllOf | AnyOf
"""What must hold of an item's attributes: two-valued, for the unknown was resolved to denial when it was made."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A decision on a list before its items are known, and the predicate that its visible items satisfy."""

    decision: Decision
    predicate: Predicate
    item_action: str
