"""Posts signed JSON to one address over verified TLS, and follows no redirect."""

from __future__ import annotations

import hashlib
import hmac
import ssl
import time
from pathlib import Path
from typing import Final

import aiohttp

from services.runtime.destination import KEY, Destination
from services.runtime.outgoing import NotHandedOn

ID_HEADER: Final = "DMP-Notification-Id"
SIGNATURE_HEADER: Final = "DMP-Signature"
"""`t=<seconds since 1970>,v1=<hexadecimal HMAC-SHA256 of "t.body">`."""
TIMEOUT: Final = aiohttp.ClientTimeout(total=5, connect=3)
"""Seconds."""
SHORTEST_KEY: Final = 32
"""Bytes."""
_OK: Final = range(200, 300)


def signature(key: bytes, at: int, body: bytes) -> str:
    """What the header holds of a body sent at a second: the receiver computes it anew, and refuses an old one."""
    mac = hmac.new(key, b"%d." % at + body, hashlib.sha256)
    return f"t={at},v1={mac.hexdigest()}"


class Webhook:
    """One receiver."""

    def __init__(self, url: str, key: bytes, trusted: ssl.SSLContext) -> None:
        """Post to this address, signed by this key."""
        self._url, self._key, self._trusted = url, key, trusted
        self._session: aiohttp.ClientSession | None = None

    @classmethod
    def of(cls, destination: Destination) -> Webhook:
        """The receiver that the settings name; raises OSError or ValueError for a key or authorities that are none."""
        if destination.key is None:
            raise ValueError(f"{KEY} is not given")
        return cls(destination.url, _key(destination.key), ssl.create_default_context(cafile=destination.cas))

    async def post(self, name: str, body: bytes) -> None:
        """Return once the receiver has answered 2xx; raises NotHandedOn."""
        at = int(time.time())
        headers = {
            "Content-Type": "application/json",
            ID_HEADER: name,
            SIGNATURE_HEADER: signature(self._key, at, body),
        }
        try:
            # DANGER: a redirect would hand patients' identifiers to whomever the receiver names.
            async with self._opened().post(self._url, data=body, headers=headers, allow_redirects=False) as answer:
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NotHandedOn("NOT_REACHED") from error
        if status not in _OK:
            raise NotHandedOn("NOT_TAKEN")

    async def close(self) -> None:
        """Let the connections go."""
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        # Made inside the loop that uses it. No proxy of the environment, no cookie, and no second try of its own.
        if self._session is None:
            connector = aiohttp.TCPConnector(ssl=self._trusted, limit=32)
            self._session = aiohttp.ClientSession(
                connector=connector, timeout=TIMEOUT, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
            )
        return self._session


def _key(path: Path) -> bytes:
    key = path.read_bytes().strip()
    if len(key) < SHORTEST_KEY:
        raise ValueError(f"the key of {KEY} must have {SHORTEST_KEY} bytes or more")
    return key
