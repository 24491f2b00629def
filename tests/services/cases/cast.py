"""Who the people of the cases are: their names, with identifiers that are valid."""

from pathlib import Path
from typing import Any

import yaml

from services.runtime.identifiers import PROFESSIONAL, STRUCTURE, canonical
from tests.services.world import Person, World

WORLD = Path(__file__).parents[3] / "rules/world.yaml"
SUBJECTS: dict[str, dict[str, Any]] = yaml.safe_load(WORLD.read_text("utf-8"))["subjects"]
OTHERS: dict[str, dict[str, Any]] = {
    "SYS_ES": {"kind": "STRUCTURE_SYSTEM", "authn_mode": "INDIRECTE"},
    "READER": {"kind": "PROFESSIONAL", "profession": "MEDECIN", "authn_mode": "DIRECT_CPS"},
}
"""Whom the cases name without saying who they are, and the stranger who looks what became of a case."""
KNOWN = {**SUBJECTS, **OTHERS}
PATIENTS = ("HOLDER", "LEGAL_REP", "DELEGATE", "SUCCESSOR")
STRUCTURES = ("STRUCTURE_SYSTEM", "INSURANCE_FEED")
ES1 = canonical(STRUCTURE, "10B0000001")


class Cast:
    """The people of one case; its holder is the record's, who is ALICE wherever she is not the caller."""

    def __init__(self, world: World, subject: dict[str, Any], holder: str) -> None:
        self._world = world
        self._known = {**KNOWN, subject["id"]: subject}
        self._people: dict[str, Person] = {}
        self.holder = self[holder]

    def __getitem__(self, name: str) -> Person:
        if name not in self._people:
            self._people[name] = self._person(name)
        return self._people[name]

    def _person(self, name: str) -> Person:
        described = self._known[name]
        said = {key: value for key, value in described.items() if value and key not in ("id", "each")}
        if "structure" in said:
            said["structure"] = ES1
        return {**said, "name": name, "sub": self._identifier(name, described["kind"])}

    def _identifier(self, name: str, kind: str) -> str:
        if kind in PATIENTS:
            return str(self._world.patient()["sub"])
        number = list(self._known).index(name)
        if kind in STRUCTURES:
            return canonical(STRUCTURE, f"10B00002{number:02}")
        return canonical(PROFESSIONAL, f"8997002{number:05}")
