"""Envelopes: what is sealed with a key (AES-256-GCM, NIST SP 800-38D) and bound to the place that it belongs to."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence
from typing import Any, Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.store.errors import UnfitValue, Unreadable

SECRET: Final = 32
"""Bytes of a key."""
_NONCE: Final = 12
_DRAW: Final = 256
# DANGER: no nonce may be used twice with a key; a process that forks off draws its own.
_drawn: deque[bytes] = deque()
os.register_at_fork(after_in_child=_drawn.clear)


def drawn() -> bytes:
    """The secret of a new key, drawn by chance."""
    return os.urandom(SECRET)


class Key:
    """A key that seals and opens; it never tells its secret."""

    __slots__ = ("_cipher",)

    def __init__(self, secret: bytes) -> None:
        """Take a secret of 32 bytes."""
        self._cipher = AESGCM(secret)

    def seal(self, said: bytes, *place: str) -> bytes:
        """What only `open` with the same key and place can read: a nonce drawn by chance, then the ciphertext."""
        # A record's key seals far fewer than the 2^32 messages that chance nonces allow (SP 800-38D, 8.3).
        nonce = _nonce()
        return nonce + self._cipher.encrypt(nonce, said, _bound(place))

    def open(self, sealed: bytes, *place: str) -> bytes:
        """What was sealed; raises Unreadable for another key or place, or a single bit that has changed."""
        try:
            return self._cipher.decrypt(bytes(sealed[:_NONCE]), sealed[_NONCE:], _bound(place))
        except (InvalidTag, ValueError) as error:
            raise Unreadable("this was not sealed so, or not with this key") from error


def _nonce() -> bytes:
    """A nonce drawn by chance: many are drawn at once, for at each draw the interpreter turns to another thread."""
    try:
        return _drawn.popleft()
    except IndexError:
        many = os.urandom(_NONCE * _DRAW)
        _drawn.extend(many[at : at + _NONCE] for at in range(_NONCE, len(many), _NONCE))
        return many[:_NONCE]


def seal_texts(key: Key, texts: Sequence[str | None], *place: str) -> bytes:
    """Several texts under one seal; raises UnfitValue for a lone surrogate, which is no text."""
    try:
        return key.seal(orjson.dumps(texts), *place)
    except TypeError as error:
        raise UnfitValue("a text holds what is no character") from error


def open_texts(key: Key, sealed: bytes, *place: str) -> list[Any]:
    """What `seal_texts` sealed; raises Unreadable."""
    found: list[Any] = orjson.loads(key.open(sealed, *place))
    return found


def _bound(place: tuple[str, ...]) -> bytes:
    # Each part with its length in bytes, so that no two places are bound alike.
    whole = "".join([f"{len(part)}:{part}" for part in place])
    if whole.isascii():
        return whole.encode()
    return b"".join(b"%d:%b" % (len(part), part) for part in map(str.encode, place))
