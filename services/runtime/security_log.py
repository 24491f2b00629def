"""What is logged, as lines of JSON; of calls without identity or that cannot be parsed, nothing of what they sent."""

from __future__ import annotations

from typing import Final, TextIO

import structlog

from services.runtime.errors import ServiceError

PROCESSORS: Final = (
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.JSONRenderer(),
)


def log_to(stream: TextIO) -> None:
    """Send every line of this process to one stream."""
    structlog.configure(processors=PROCESSORS, logger_factory=structlog.WriteLoggerFactory(stream))


class SecurityLog:
    """The calls that ended before anybody was known to have made them; they have no trace."""

    def __init__(self, stream: TextIO) -> None:
        self._logger = structlog.wrap_logger(structlog.WriteLogger(stream), processors=PROCESSORS)

    def refused(self, method: str, error: ServiceError) -> None:
        """Tell of a call that ended before anybody was known to have made it."""
        code = error.kind.code.name
        self._logger.warning("call refused", log="security", method=method, code=code, reason=error.reason)
