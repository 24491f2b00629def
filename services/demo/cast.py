"""Who plays: the people of the demo world, with a record's holder who is new at each telling."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from dmp.access.v1 import access_pb2
from services.demo import PEOPLE
from services.demo.french_cda import INS_NIR_TEST, Pair, ins
from services.runtime import local_issuer
from services.runtime.identifiers import canonical, parts
from services.runtime.settings import Settings

BIRTH: Final = access_pb2.Date(year=1984, month=3, day=12)
HOLDER: Final = "alice"


@dataclass(frozen=True, slots=True)
class Player:
    """Somebody of the story, with a session of his own."""

    name: str
    id: Pair
    structure: Pair
    token: str = field(repr=False)

    @property
    def identifier(self) -> access_pb2.Identifier:
        """As requests name him."""
        system, value = self.id
        return access_pb2.Identifier(system=system, value=value)


def cast(settings: Settings) -> dict[str, Player]:
    """Everybody, by the name that `dmp token --as` takes, each with a token of the local issuer."""
    people = local_issuer.people(PEOPLE)
    people[HOLDER] = {**people[HOLDER], "sub": canonical(INS_NIR_TEST, _new_ins())}
    return {key: _player(settings, person) for key, person in people.items()}


def _player(settings: Settings, person: Mapping[str, object]) -> Player:
    token = local_issuer.issue_token(settings, dict(person))
    return Player(str(person["name"]), parts(str(person["sub"])), parts(str(person.get("structure", ""))), token)


def _new_ins() -> str:
    """An invented INS of tests with a right key: a woman of March 1984, born in the department 00, which is none."""
    return ins(f"2840300{secrets.randbelow(10**6):06}")
