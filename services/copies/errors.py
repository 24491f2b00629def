"""Why no copy could be made."""

from enum import StrEnum


class Reason(StrEnum):
    """The closed list of reasons."""

    CHANGED = "COPY_CHANGED"
    """A document is no longer what was announced: its bytes, their number, or the number of documents."""
    TOO_LARGE = "COPY_TOO_LARGE"
    """It does not fit on one disc."""
    INVALID = "COPY_INVALID"
    """What was given cannot be written: an identifier, a date, or a document that is no CDA."""


class CannotCopyError(Exception):
    """No copy was made, and nothing is left of what was begun.

    INVARIANT: no part of it quotes a document, an identifier or a name.
    """

    def __init__(self, reason: Reason, message: str) -> None:
        """Keep the reason, and print the sentence."""
        super().__init__(message)
        self.reason = reason
        self.message = message
