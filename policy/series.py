"""One request about many documents: what is the same for all is read once, and equal ones are decided once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

from policy.facts import FactReader, Facts
from policy.model import Decision


class Series:
    """Decides each document as the engine would decide the whole request with it."""

    __slots__ = ("_begun", "_decided", "_known", "_reader", "_unread")

    def __init__(
        self, reader: FactReader, begun: Facts, decided: Callable[[Facts], Decision], unread: AbstractSet[str]
    ) -> None:
        """Continue a request that was begun; `unread` are the times of a document that no rule looks at here."""
        self._reader = reader
        self._begun = begun
        self._decided = decided
        self._unread = unread
        self._known: dict[object, Decision] = {}

    def decide(self, document: Mapping[str, Any] | None) -> Decision:
        """The decision on one document, or on none."""
        likeness = self._likeness(document)
        found = self._known.get(likeness) if likeness is not None else None
        if found is None:
            found = self._decided(self._reader.finish(self._begun, document))
            if likeness is not None:
                self._known[likeness] = found
        return found

    def _likeness(self, document: Mapping[str, Any] | None) -> object:
        """What two documents have in common that must be decided alike; nothing for one that cannot be told."""
        if document is None:
            return ()
        alike = tuple((name, self._seen(name, value)) for name, value in document.items())
        try:
            hash(alike)
        except TypeError:
            return None
        return alike

    def _seen(self, name: str, value: object) -> object:
        # The type stands beside the value, for True equals 1 and is no number.
        if name in self._unread and type(value) is datetime and value.tzinfo is not None:
            return datetime
        return type(value), value
