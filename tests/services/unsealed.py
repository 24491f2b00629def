"""Reads the entries of a database as whoever has its master keys can, and seals entries as the suite does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from services.store import trace_row
from services.store.envelope import open_texts
from services.store.keyring import Keyring
from services.store.keys import FieldsKey
from services.store.local_keys import LocalKeys
from tests.services import databases

_KEYS = (
    "SELECT r.id, r.record, r.epoch, r.wrapped, d.wrapped AS fields FROM record_keys r "
    "JOIN data_keys d ON d.record = r.record AND d.document = ''"
)


class Seals:
    """The keys of the personal fields of every record of a database, as they are now."""

    def __init__(self, address: str, folder: Path) -> None:
        """Unwrap them by the master keys of this folder."""
        self._address = address
        ring = Keyring(LocalKeys(folder))
        self._of_record = {}
        for row in databases.rows(address, _KEYS):
            record = ring.record(row["epoch"], row["wrapped"], row["id"])
            fields = ring.data(record, row["fields"], row["record"], "")
            self._of_record[row["record"]] = FieldsKey(row["id"], fields)

    def entries(self, condition: str = "1 = 1", *values: object) -> Iterator[dict[str, Any]]:
        """The rows of the entries that satisfy a condition, in order, opened; times are numbers, JSON stays text."""
        known = {found.id: found.key for found in self._of_record.values()}
        query = f"SELECT * FROM traces WHERE {condition} ORDER BY number"  # noqa: S608 - a condition of ours
        for row in databases.rows(self._address, query, *values):
            key, sealed = known[row.pop("key")], row.pop("sealed")
            texts = open_texts(key, sealed, "trace", row["decision_id"])
            yield {**row, **dict(zip(trace_row.SEALED, texts, strict=True))}

    def sealed(self, row: dict[str, Any]) -> dict[str, Any]:
        """Such a row as the suite writes it."""
        return trace_row.sealed({**row}, self._of_record[row["record"]])
