"""The catalogue's worked cases, and what of them no call can bring about."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

from dmp.access.v1 import access_pb2 as access

Case = dict[str, Any]

CASES: dict[str, Case] = {
    case["id"]: case
    for line in (Path(__file__).parents[2] / "rules/cases.jsonl").read_text("utf-8").splitlines()
    if (case := json.loads(line))
}
NOT_PLAYED = {
    "T166": "no call is on an auditor's mission: none is stored, and no field of a request carries one",
}
"""Why a case cannot be played."""

GIVEN = ("relation.authorisation", "relation.authorisation_added_at", "relation.treating_physician")
FED_BEFORE = "nobody feeds a record that is closed: it was deposited before"
OTHERWISE: dict[str, dict[str, str]] = {
    "T088": {**dict.fromkeys(GIVEN, "the closure ended it"), "document.deposited_at": FED_BEFORE},
    "T138": {"relation.authorisation_added_at": "the authorised break no glass: he broke it before he was"},
    "T164": dict.fromkeys(GIVEN, "the closure ended it"),
    "T168": {"document.deposited_at": "there are secrets of minors alone: it was deposited before he was of age"},
    "T181": {"document.deposited_at": FED_BEFORE},
    "T182": {"document.author_structure": "a document is of the structure for which its depositor works"},
}
"""The facts of a case that no call brings about, and what holds in their place."""
BEGUN_BEFORE = frozenset({"T138"})
"""Where an emergency access begins before the authorisation is given."""
BUILT_UNDER = {"T123": "law-2023"}
"""The profile under which a world is built that the case's own has no RPC for; it is then decided under its own."""
CODES = {"OK": "OK", "FORBIDDEN": "PERMISSION_DENIED", "NOT_FOUND": "NOT_FOUND", "CONFLICT": "FAILED_PRECONDITION"}
"""The gRPC code of each outward answer."""


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def day(text: str) -> access.Date:
    born = date.fromisoformat(text)
    return access.Date(year=born.year, month=born.month, day=born.day)
