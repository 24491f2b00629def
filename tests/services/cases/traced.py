"""The facts on which a case was decided, as its trace tells them, are those that the catalogue gives it."""

import json
from datetime import datetime
from typing import Any

from tests.services.cases.casebook import OTHERWISE
from tests.services.cases.cast import ES1
from tests.services.cases.playing import Heard
from tests.services.cases.stage import Stage

DEFAULTS = {
    "relation.authorisation": "NON_EXISTE",
    "relation.own_record": "NONE",
    "context.mode": "normal",
    "context.purpose": "CARE",
}
CLEAR = "SELECT effect, rules, obligations, scope FROM traces WHERE decision_id = ?"


def entry(stage: Stage, heard: Heard) -> dict[str, Any]:
    """The trace of the answer; of a destroyed record only what was never under its key."""
    if stage.case["action"] == "record.destroy":
        [row] = stage.world.rows(CLEAR, heard.decision_id)
        return {**row, "rules": json.loads(row["rules"]), "obligations": json.loads(row["obligations"])}
    return stage.world.trace(heard.decision_id)


def check(stage: Stage, traced: dict[str, Any]) -> None:
    """Nothing differs but what the casebook says."""
    if "facts" in traced:
        assert different(stage, traced["facts"]) - moot(stage, traced) == {*OTHERWISE.get(stage.case["id"], ())}


def moot(stage: Stage, traced: dict[str, Any]) -> set[str]:
    """What is said of a case and is not asked of the rules in any like it."""
    if traced["action"] == "emergency.start":
        # It is refused before there is a document to read.
        documents = {f"document.{name}" for name in stage.case.get("document") or ()}
    else:
        documents = {"document.deposited_at"} if stage.case["action"] == "doc.create" else set()
    blocked = stage.relation.get("authorisation") == "INTERDIT"
    return documents | ({"relation.authorisation_added_at"} if blocked else set())


def different(stage: Stage, facts: dict[str, Any]) -> set[str]:
    """The attributes that the case states and that were otherwise."""
    stated = {
        f"{part}.{name}": (value, (facts.get(part) or {}).get(name))
        for part in ("subject", "record", "relation", "document", "context")
        for name, value in (stage.case.get(part) or {}).items()
    }
    return {name for name, (ours, found) in stated.items() if known(stage, name, ours) != plain(name, found)}


def known(stage: Stage, name: str, value: Any) -> Any:
    """A value of a case as the suite would say it."""
    if value is not None and name in ("subject.id", "document.author", "context.target"):
        return stage.cast[value]["sub"]
    if value is not None and name.endswith("structure"):
        return ES1
    return stage.ticket if name == "context.ticket" else plain(name, value)


def plain(name: str, value: Any) -> Any:
    """One way to say what may be said in several: an absent value, a set, a moment."""
    if isinstance(value, list):
        return sorted(value) or None
    if isinstance(value, str) and "T" in value and name.endswith("_at"):
        return datetime.fromisoformat(value)
    return value or DEFAULTS.get(name)
