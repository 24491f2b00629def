"""The W3C trace id that a caller's telemetry sent along (W3C Trace Context, `traceparent`)."""

from __future__ import annotations

import re
from collections.abc import Sequence

_TRACEPARENT = re.compile(r"00-(?P<trace>(?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def trace_id(metadata: Sequence[tuple[str, str | bytes]]) -> str | None:
    """The trace id, or nothing if there is none or it is malformed: telemetry never fails a call."""
    for name, value in metadata:
        if name == "traceparent" and isinstance(value, str) and (found := _TRACEPARENT.fullmatch(value)):
            return found["trace"]
    return None
