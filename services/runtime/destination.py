"""Where notifications are handed on, as `DMP_NOTIFICATIONS` says: a webhook, or a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

WHERE: Final = "DMP_NOTIFICATIONS"
KEY: Final = "DMP_NOTIFICATIONS_KEY"
CAS: Final = "DMP_NOTIFICATIONS_CAS"
WEBHOOK: Final = "webhook:"
FILE: Final = "file:"


@dataclass(frozen=True, slots=True)
class Destination:
    """A webhook with the key that signs, or a file; one of the two."""

    url: str = field(default="", repr=False)
    """Empty for a file; it may hold what only the receiver and the operator know."""
    key: Path | None = None
    """The file of the key that signs what is sent."""
    cas: Path | None = None
    """Authorities, in PEM, that certify the receiver; those of the system when not given."""
    file: Path | None = None


def read(values: Mapping[str, str]) -> Destination | None:
    """The destination of an environment without faults."""
    where = values.get(WHERE, "")
    if where.startswith(FILE):
        return Destination(file=Path(where.removeprefix(FILE)))
    if not where:
        return None
    cas = values.get(CAS)
    return Destination(where.removeprefix(WEBHOOK), Path(values[KEY]), None if cas is None else Path(cas))


def faults(values: Mapping[str, str], *, development: bool) -> list[str]:
    """Why notifications cannot be handed on as the environment says, in whole sentences; no address is repeated."""
    where = values.get(WHERE, "")
    if not where:
        return [f"{name} is given, and {WHERE} is not" for name in (KEY, CAS) if name in values]
    if where.startswith(FILE):
        absolute = Path(where.removeprefix(FILE)).is_absolute()
        return [] if absolute else [f"{WHERE} must name its file by a path that begins at the root"]
    if not where.startswith(WEBHOOK):
        return [f"{WHERE} must be `{WEBHOOK}https://` and the address of the receiver, or `{FILE}` and a path"]
    unsigned = [] if KEY in values else [f"{WHERE} is a webhook, which needs {KEY}, the path of the key that signs"]
    return [*_url_faults(where.removeprefix(WEBHOOK), development=development), *unsigned]


def _url_faults(url: str, *, development: bool) -> list[str]:
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return [f"{WHERE} holds an address that cannot be read"]
    if not named or parts.username is not None or parts.fragment:
        return [f"{WHERE} must name a host, and neither a user nor a fragment"]
    if parts.scheme == "https" or (parts.scheme == "http" and development and _is_loopback(parts)):
        return []
    return [f"{WHERE} must be an https address; plain http is for development alone, to a loopback address"]


def _is_loopback(parts: SplitResult) -> bool:
    try:
        return ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False
