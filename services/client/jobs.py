"""Has a background job done, page by page, until nothing that is due is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from dmp.records.v1 import jobs_pb2
from services.client.calls import OK, Suite

PAGE: Final = 200
"""Records of one call: short enough to end well within its time."""
ACTION: Final = "job."

NAMES: Final = {
    name.removeprefix("JOB_").lower().replace("_", "-"): number
    for name, number in jobs_pb2.Job.items()
    if number != jobs_pb2.JOB_UNSPECIFIED
}
"""What the command line calls each job."""


def action(name: str) -> str:
    """The action of the vocabulary that a job does."""
    return ACTION + name.replace("-", "_")


@dataclass(slots=True)
class Progress:
    """How far a job has come."""

    due: int = 0
    """Records that were due when it began."""
    done: int = 0
    put_off: int = 0
    """Of these, those where something is tried again later."""
    failures: Counter[str] = field(default_factory=Counter)
    """By reason."""
    refused: str = ""
    """Why the suite did not go on, if it did not."""

    @property
    def held(self) -> bool:
        """Whether nothing that was due is left."""
        return not self.refused and not self.failures and not self.put_off


def run(suite: Suite, token: str, name: str, tell: Callable[[Progress], None], *, dry_run: bool) -> Progress:
    """Have a job done, or only counted; `tell` hears of every page."""
    progress = Progress()
    while True:
        request = jobs_pb2.RunJobRequest(
            job=NAMES[name],
            dry_run=dry_run,
            passed_over=progress.failures.total(),
            page_size=PAGE,
            continues=progress.done > 0,
        )
        reply = suite.ask(token, request)
        page = reply.response
        if reply.answer != OK or not isinstance(page, jobs_pb2.RunJobResponse):
            progress.refused = f"{reply.answer} {reply.reason}"
            return progress
        progress.due = max(progress.due, page.due + progress.done)
        progress.done += page.done
        progress.put_off += page.put_off
        failed = {failure.reason: failure.count for failure in page.failures}
        progress.failures.update(failed)
        tell(progress)
        if dry_run or not (page.done or failed):
            return progress
