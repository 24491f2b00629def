"""The keys that a process has unwrapped so far, found here by the row that holds them wrapped and by nothing else."""

from __future__ import annotations

from functools import lru_cache

from services.store.envelope import Key
from services.store.key_provider import KeyProvider

KEPT = 8_192
"""How many unwrapped keys a process keeps."""


class Keyring:
    """Unwraps keys; INVARIANT: it is asked with the row's own bytes, so that a key is gone as soon as its row is."""

    __slots__ = ("_master", "_unwrapped", "provider")

    def __init__(self, provider: KeyProvider) -> None:
        """Unwrap with the master keys of this provider."""
        self.provider = provider
        self._master = lru_cache(4)(lambda epoch: Key(provider.secret(epoch)))
        self._unwrapped = lru_cache(KEPT)(_unwrap)

    def master(self, epoch: int) -> Key:
        """An epoch's key; raises EpochGone once it is destroyed, KeysUnavailable where it cannot be reached."""
        return self._master(epoch)

    def record(self, epoch: int, wrapped: bytes, key: str) -> Key:
        """A record's key, by its id; raises as `master`."""
        return self._unwrapped(self._master(epoch), bytes(wrapped), record_place(key))

    def data(self, record_key: Key, wrapped: bytes, record: str, document: str) -> Key:
        """The key of a document, or of a record's personal fields; raises Unreadable."""
        return self._unwrapped(record_key, bytes(wrapped), data_place(record, document))

    def forget(self) -> None:
        """Drop every key, so that what was destroyed stays in no memory."""
        self._master.cache_clear()
        self._unwrapped.cache_clear()


def record_place(key: str) -> tuple[str, ...]:
    """What a record's wrapped key is bound to: its id."""
    return ("record", key)


def data_place(record: str, document: str) -> tuple[str, ...]:
    """What a wrapped data key is bound to; no document stands for the record's personal fields."""
    return ("data", record, document)


def _unwrap(by: Key, wrapped: bytes, place: tuple[str, ...]) -> Key:
    return Key(by.open(wrapped, *place))
