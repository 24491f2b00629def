"""A process that works through a lane from several threads and tells what it was answered, until it is killed."""

import os
import sys
import threading
from itertools import count
from pathlib import Path
from typing import Any

from services.store.sqlite_executor import SqliteExecutor
from services.store.unit_of_work import Outcome
from tests.services.databases import keys_of
from tests.services.store.world import ALICE, AT, DOCTOR, change, create, deposit, refused, unit

THREADS = 8


def tell(outcome: Outcome[Any, Any], fact: str = "-") -> None:
    """One line per answer: the decision, how it ended, and what the caller now relies on."""
    line = f"{outcome.entries[0].decision_id} {outcome.entries[0].outcome.value} {fact}\n"
    os.write(1, line.encode())


def grant(lane: SqliteExecutor, doctor: str, turn: int) -> Outcome[Any, Any]:
    """Renew an authorisation, in whose collector the turn can be read."""
    renewal = change(lambda scope, _: scope.authorisations.grant(ALICE, doctor, collector=str(turn), at=AT))
    return lane.submit(renewal).result()


def work(lane: SqliteExecutor, doctor: str) -> None:
    """Deposit, read, be refused and grant, for ever."""
    for turn in count():
        made = lane.submit(change(lambda scope, _: deposit(scope).logical_id)).result()
        tell(made, f"document {made.result}")
        # Several at a time, so that groups are of more than one unit.
        asked = [lane.submit(unit() if place else refused()) for place in range(6)]
        for future in asked:
            tell(future.result())
        tell(grant(lane, doctor, turn), f"turn {doctor} {turn}")


def main() -> None:
    """Serve the database named on the command line until killed."""
    lane = SqliteExecutor(Path(sys.argv[1]), keys_of(Path(sys.argv[1])))
    lane.submit(change(lambda scope, _: create(scope))).result()
    for thread in range(THREADS):
        threading.Thread(target=work, args=(lane, f"{DOCTOR}{thread}")).start()


if __name__ == "__main__":
    main()
