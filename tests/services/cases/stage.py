"""One case on one suite: its people, its documents, and its clock."""

from datetime import datetime, timedelta
from typing import Any

from tests.services.cases.casebook import Case, day, moment
from tests.services.cases.cast import Cast
from tests.services.world import As, Person, World, of

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Stage:
    """Where a case is played."""

    def __init__(self, world: World, case: Case) -> None:
        self.world = world
        self.case = case
        self.context: dict[str, Any] = case["context"]
        self.relation: dict[str, Any] = case.get("relation") or {}
        self.stored: dict[str, Any] = case["record"]
        self.at = moment(case["at"])
        subject = case["subject"]
        owns = self.relation.get("holder") or (not self.stored["exists"] and subject["kind"] == "HOLDER")
        self.cast = Cast(world, subject, subject["id"] if owns else "ALICE")
        self.subject = self.cast[subject["id"]]
        self.documents: dict[str, str] = {}
        self.contents: dict[str, bytes] = {}
        """What was deposited, by the names of the documents."""
        self.ticket = ""
        self.begun = False
        """Whether the caller is in the mode of the case."""

    @property
    def holder(self) -> Person:
        return self.cast.holder

    @property
    def record(self) -> Any:
        """The record's id."""
        return of(self.holder)

    @property
    def birth(self) -> Any:
        return day(self.context.get("holder_birth_date") or self.stored["holder_birth_date"])

    @property
    def closed_at(self) -> datetime | None:
        closed = self.stored.get("closed_at")
        return moment(closed) if closed else None

    @property
    def minor(self) -> bool:
        return self.of_age > self.at

    @property
    def of_age(self) -> datetime:
        """When the holder comes of age, to a day."""
        return datetime(self.birth.year + 18, self.birth.month, self.birth.day, tzinfo=self.at.tzinfo)

    def as_(self, who: str | Person) -> As:
        """Call as somebody of the case, or of the people of the tests."""
        return self.world.as_(who if isinstance(who, dict) or who in self.world.people else self.cast[who])

    def clock(self, now: datetime) -> None:
        """Let it be this moment for the suite."""
        object.__setattr__(self.world.suite.gate, "clock", lambda: now)
