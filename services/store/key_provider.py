"""Where the epochs' master keys and the ledger of erasures live: outside the database and all of its backups."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was destroyed for good; it names keys and documents by chance ids, never a person."""

    id: str
    """UUID4 of the decision that permitted it."""
    kind: str
    """`record` or `document`."""
    what: str
    """The id of the record's key, or the document's logical id."""
    at: int
    """Microseconds since 1970."""


class KeyProvider(Protocol):
    """Keeps the master key of each epoch; a KMS fits: a key of its own an epoch, whose data key it unwraps here.

    Every method raises KeysUnavailable where it cannot be done now, and may be asked by several processes at once.
    """

    def begin(self, after: int) -> int:
        """Draw the master key of a new epoch, and keep it safely; its number, above `after` and all that are kept."""

    def epochs(self) -> frozenset[int]:
        """The epochs whose keys are kept."""

    def secret(self, epoch: int) -> bytes:
        """The 32 bytes of an epoch's master key; raises EpochGone once it is destroyed."""

    def destroy(self, epoch: int) -> None:
        """Remove an epoch's key for good; nothing where that was done before."""

    def erasures(self) -> tuple[Erasure, ...]:
        """The ledger, in order: what must not come back with a backup."""

    def add_erasures(self, erasures: Iterable[Erasure]) -> None:
        """Add to the ledger what it does not hold yet, durably."""
