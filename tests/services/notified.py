"""Whatever the tests of notifications share: something to be notified of, and what is stored of it."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dmp.access.v1 import access_pb2 as access
from dmp.records.v1 import records_pb2 as records
from tests.services.receiver import Receiver
from tests.services.world import PATIENCE, Person, World, of

KEY = b"a key of the tests, which has more than 32 bytes"
CONSENT = access.Attestations(consent=True, informed=True)


def webhook(folder: Path, receiver: Receiver) -> dict[str, Any]:
    """The environment of a suite that hands on to this receiver, over plaintext."""
    (folder / "webhook.key").write_bytes(KEY + b"\n")
    url = f"http://127.0.0.1:{receiver.port}/notifications"
    return {"DMP_NOTIFICATIONS": f"webhook:{url}", "DMP_NOTIFICATIONS_KEY": str(folder / "webhook.key")}


def break_the_glass(world: World, patient: Person, reason: str = "coma") -> None:
    """What the holder is notified of."""
    attested = access.Attestations(patient_unable=True, immediate_risk=True, reason=reason)
    world.as_("emergency").StartEmergencyAccess(
        records.StartEmergencyAccessRequest(
            record=of(patient), mode=records.EMERGENCY_MODE_BRIS_DE_GLACE, attestations=attested
        )
    )


def subscribe(world: World, patient: Person, person: str | Person, *, own: bool = True, alerted: bool = True) -> Any:
    request = records.SetDepositAlertsRequest(record=of(patient), own=own, alerted=alerted, attestations=CONSENT)
    return world.as_(person).SetDepositAlerts(request)


def deliveries(world: World, patient: Person) -> list[dict[str, Any]]:
    """What is stored of the record's notifications, in order."""
    query = (
        "SELECT n.id, n.addressee, n.code, d.state, d.attempts, d.due_at FROM notifications n "
        "JOIN deliveries d ON d.number = n.number WHERE n.record = ? ORDER BY n.number"
    )
    return world.rows(query, patient["sub"])


def states(world: World, patient: Person) -> list[str]:
    return [str(row["state"]) for row in deliveries(world, patient)]


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "it never came so far"
        time.sleep(0.02)
