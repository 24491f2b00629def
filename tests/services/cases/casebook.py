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
    "T166": "an auditor's mission is stored nowhere and no field of a request carries one, so that no call is on a mission",
}
"""Why a case cannot be played."""

CODES = {"OK": "OK", "FORBIDDEN": "PERMISSION_DENIED", "NOT_FOUND": "NOT_FOUND", "CONFLICT": "FAILED_PRECONDITION"}
"""The gRPC code of each outward answer."""


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def day(text: str) -> access.Date:
    born = date.fromisoformat(text)
    return access.Date(year=born.year, month=born.month, day=born.day)
