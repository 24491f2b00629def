"""Cursors that say nothing to who holds them: sealed for one reader and one list, and all of one length."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV


def seal(key: bytes, said: bytes, *owner: str) -> str:
    """What only `opened` with the same key and owner can read; the same each time (AES-SIV, RFC 5297)."""
    return urlsafe_b64encode(AESSIV(key).encrypt(said, _named(owner))).decode()


def opened(key: bytes, token: str, *owner: str) -> bytes | None:
    """What was sealed; nothing for what was not, not with this key, or for another owner."""
    try:
        return AESSIV(key).decrypt(urlsafe_b64decode(token), _named(owner))
    except (InvalidTag, ValueError, binascii.Error):
        return None


def _named(owner: tuple[str, ...]) -> list[bytes]:
    return [part.encode() for part in owner]
