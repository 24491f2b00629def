"""The records that wait for a job: counted, and taken in their order after those that failed before."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, bindparam, distinct, func, select

from services.store import clock, sql
from services.store.savepoint import Savepoint


class Due:
    """The records of the rows that a condition on `now` picks out of one table."""

    __slots__ = ("_count", "_page")

    def __init__(self, record: Column[Any], condition: ColumnElement[bool]) -> None:
        """Name the column of the record, and what makes its row due."""
        self._count = sql.Statement(select(func.count(distinct(record))).where(condition))
        page = select(record).where(condition).group_by(record).order_by(record)
        self._page = sql.Statement(page.limit(bindparam("limit")).offset(bindparam("passed_over")))

    def page(self, savepoint: Savepoint, now: datetime, *, passed_over: int, limit: int) -> tuple[int, tuple[str, ...]]:
        """How many are due, and the next of them after the first `passed_over`."""
        at = clock.micros(now)
        counted = savepoint.row(self._count, now=at)
        rows = savepoint.rows(self._page, now=at, limit=limit, passed_over=passed_over)
        return int(counted[0]) if counted else 0, tuple(row[0] for row in rows)
