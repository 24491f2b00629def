"""The HL7 V3 data types that a header uses: II, CE, ST, INT and TS (HL7 V3 Data Types, R1)."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Final
from zoneinfo import ZoneInfo

from services.cda.error import CdaError, Reason
from services.cda.xml import Node

PARIS: Final = ZoneInfo("Europe/Paris")
EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
TOLERANCE: Final = timedelta(days=1)
"""How far ahead of our clock a document may be dated."""

# Visible ASCII only: what looks alike must be alike. XDS bounds a uniqueId to 128 characters, its OID to 64.
_TOKEN: Final = re.compile(r"[!-~]{1,64}")
_OID: Final = re.compile(r"(?=.{3,64}\Z)[0-2](?:\.(?:0|[1-9][0-9]*))+")
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_VERSION: Final = re.compile(r"[1-9][0-9]{0,8}")
_TITLE_LENGTH: Final = 256
_TIME: Final = re.compile(
    r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})"
    r"(?:(?P<hour>[0-9]{2})(?:(?P<minute>[0-9]{2})(?:(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]{1,6}))?)?)?)?"
    r"(?:(?P<sign>[+-])(?P<hours>0[0-9]|1[0-4])(?P<minutes>[0-5][0-9])?)?"
)


@dataclass(frozen=True, slots=True)
class Identifier:
    """A value and the code system (OID) that gives it its meaning."""

    system: str
    value: str


@dataclass(frozen=True, slots=True)
class Code:
    """A code and the OID of its code system."""

    system: str
    value: str


def unique(node: Node) -> str:
    """Read an instance identifier as XDS writes it: `root^extension`, or `root` alone (IHE ITI TF-3, 4.2.3.2.26)."""
    root = node.attribute("root")
    if not root:
        raise node.refuse(Reason.MISSING, "the identifier has no `root`")
    if not (_OID.fullmatch(root) or _UUID.fullmatch(root)):
        raise node.refuse(Reason.VALUE, "`root` is neither an OID nor a UUID")
    if node.element.get("extension") is None:
        return root
    return f"{root}^{token(node, 'extension')}"


def identifier(parent: Node, roots: Collection[str]) -> Identifier:
    """Read the one `id` of a parent whose root is among these."""
    if (found := find_identifier(parent, roots)) is not None:
        return found
    if stated(parent):
        raise CdaError(f"{parent.field}.id", Reason.ROOT, f"no `id` has one of the roots {', '.join(roots)}")
    raise CdaError(f"{parent.field}.id", Reason.MISSING, "there is no `id`, or only ones with a nullFlavor")


def find_identifier(parent: Node, roots: Collection[str]) -> Identifier | None:
    """Look for the `id` of a parent under these roots; two different ones would be two persons, and are refused."""
    nodes = [node for node in stated(parent) if node.attribute("root") in roots]
    found = {Identifier(node.attribute("root"), token(node, "extension")) for node in nodes}
    if len(found) > 1:
        raise nodes[0].refuse(Reason.SEVERAL, "several different identifiers of the same kind")
    return found.pop() if found else None


def stated(parent: Node) -> list[Node]:
    """Give the `id` elements that say something: a nullFlavor is a missing identifier."""
    return [node for node in parent.children("id") if not node.null]


def any_identifier(parent: Node) -> Identifier:
    """Read the first `id` of a parent, whatever its root; a root alone is whole, and leaves the value empty."""
    nodes = stated(parent)
    if not nodes:
        raise CdaError(f"{parent.field}.id", Reason.MISSING, "there is no `id`, or only ones with a nullFlavor")
    root, _, extension = unique(nodes[0]).partition("^")
    return Identifier(root, extension)


def code(node: Node, systems: Collection[str]) -> Code:
    """Read a code whose system is among these."""
    value, system = token(node, "code"), node.attribute("codeSystem")
    if system not in systems:
        raise node.refuse(Reason.CODE_SYSTEM, f"`codeSystem` is not one of {', '.join(systems)}")
    return Code(system, value)


def token(node: Node, attribute: str) -> str:
    """Read an attribute that holds one word."""
    value = node.attribute(attribute)
    if not value:
        raise node.refuse(Reason.MISSING, f"`{attribute}` is missing or empty")
    if not _TOKEN.fullmatch(value):
        raise node.refuse(Reason.VALUE, f"`{attribute}` is not 1 to 64 visible ASCII characters")
    return value


def text(node: Node) -> str:
    """Read a line of text; invisible characters (also those that turn the reading direction) are refused."""
    value = node.text
    if not value:
        raise node.refuse(Reason.MISSING, "the text is empty")
    if len(value) > _TITLE_LENGTH or not value.isprintable():
        raise node.refuse(Reason.VALUE, f"the text is not 1 to {_TITLE_LENGTH} printable characters")
    return value


def version(node: Node) -> int:
    """Read a version number: a positive integer."""
    if not _VERSION.fullmatch(token(node, "value")):
        raise node.refuse(Reason.VALUE, "`value` is not a positive integer")
    return int(node.attribute("value"))


def time(node: Node, now: datetime) -> datetime:
    """Read a point in time to the day at least, between 1900 and one day after `now`."""
    match = _TIME.fullmatch(token(node, "value"))
    moment = _moment(match) if match else None
    if moment is None:
        raise node.refuse(Reason.DATE, "`value` is not a date YYYYMMDD[HH[MM[SS[.ffff]]]][+ZZZZ] of the calendar")
    if not EARLIEST <= moment <= now + TOLERANCE:
        raise node.refuse(Reason.DATE, f"`value` is before {EARLIEST.year} or in the future")
    return moment


def _moment(match: re.Match[str]) -> datetime | None:
    """Make the moment; without an offset it is read in France, where the record is kept."""
    year, month, day, hour, minute, second = (
        int(match[part] or 0) for part in ("year", "month", "day", "hour", "minute", "second")
    )
    microsecond = int((match["fraction"] or "").ljust(6, "0"))
    try:
        return datetime(year, month, day, hour, minute, second, microsecond, tzinfo=_zone(match))
    except ValueError:
        return None


def _zone(match: re.Match[str]) -> timezone | ZoneInfo:
    """Read the offset (14 hours at most), or take Europe/Paris."""
    if match["sign"] is None:
        return PARIS
    offset = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"] or 0))
    return timezone(-offset if match["sign"] == "-" else offset)
