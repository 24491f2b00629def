"""Calls that have no identity or cannot be parsed: one line of JSON each, with no identifier and nothing they sent."""

from __future__ import annotations

from typing import TextIO

import structlog

from services.runtime.errors import ServiceError


class SecurityLog:
    """Writes lines to one stream."""

    def __init__(self, stream: TextIO) -> None:
        self._logger = structlog.wrap_logger(
            structlog.WriteLogger(stream),
            processors=[structlog.processors.TimeStamper(fmt="iso", utc=True), structlog.processors.JSONRenderer()],
        )

    def refused(self, method: str, error: ServiceError) -> None:
        """Tell of a call that ended before anybody was known to have made it."""
        code = error.kind.code.name
        self._logger.warning("call refused", log="security", method=method, code=code, reason=error.reason)
