"""What the store raises: one tree, told apart by class."""

from __future__ import annotations


class StoreError(Exception):
    """Anything that the store refuses or cannot do."""


class Unavailable(StoreError):
    """The unit left nothing behind, its trace included, and must be answered as unavailable, never as permitted."""


class StartRefused(StoreError):
    """The database cannot be served safely as it is; the sentence says why and what to do."""


class StateConflict(StoreError):
    """The change does not fit what is stored (catalogue ENV-08); the sentence names no document and no person."""


class NotStored(StoreError):
    """The record or document to act on is not stored."""


class UnknownCursor(StoreError):
    """The page asked for continues from something that the reader was never shown."""


class Untranslatable(StoreError):
    """A predicate speaks of an attribute or value that no stored column holds, so no row may be served by it."""


class UnfitValue(StoreError, ValueError):
    """A value cannot be kept or searched exactly as given: a time without zone, a text with a NUL or lone surrogate."""


class ScopeClosed(StoreError):
    """A store was used outside its savepoint, or after the database itself had left the transaction."""


class WroteInRead(StoreError):
    """A unit that declared no change wrote all the same; its writing was undone."""


class StatementFailed(StoreError):
    """The database refused a statement, for want of room or against a constraint; the cause is chained."""


class Contended(StatementFailed):
    """Another transaction was in the way (deadlock, serialization, a lock held too long); the whole may be repeated."""


class Unreadable(StoreError):
    """What is sealed cannot be opened: its key was destroyed, or it is not what was sealed there."""


class EpochGone(Unreadable):
    """The master key of an epoch is destroyed; what it wrapped is wrapped by a later one, or is an old copy."""


class KeysUnavailable(StoreError):
    """The master keys cannot be reached or kept now; nothing that needs them may be answered."""
