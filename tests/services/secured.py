"""A suite over TLS that lists one calling software, and the words in which questions speak of another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from cryptography import x509

from dmp.access.v1 import access_pb2 as access
from dmp.authorization.v1 import authorization_pb2 as authorization
from policy import ruleset
from policy.vocabulary import Attribute, Kind
from services.runtime.settings import REPOSITORY
from tests.services.certificates import Authority, Certified
from tests.services.world import As, Person, Refusal, World, of, refusal

VIEWER, OTHER = "urn:example:viewer", "portal.example.org"
VOCABULARY = ruleset.load(REPOSITORY / "rules").vocabulary


@dataclass
class Secured:
    """A suite over TLS that lists one calling software, as several software see it."""

    world: World
    """Over the listed software."""
    authority: Authority
    ports: dict[str, int]

    def over(self, shown: Certified | None) -> World:
        """The same suite over another certificate."""
        channels = {name: self.authority.channel(port, shown) for name, port in self.ports.items()}
        return replace(self.world, channels=channels)

    @property
    def unlisted(self) -> World:
        return self.over(self.authority.certify(x509.DNSName(OTHER)))


def subject(world: World, name: str, **other: Any) -> access.Subject:
    """Somebody as his token would name him."""
    person = world.people[name]
    structure = of({"sub": person["structure"]}) if "structure" in person else None
    claims = ("kind", "authn_mode", "profession", "regulator")
    said: dict[str, Any] = {claim: person[claim] for claim in claims if claim in person}
    return access.Subject(**{**said, "id": of(person), "structure": structure, **other})


def fact(attribute: str, value: bool | str | list[str]) -> access.SuppliedFact:
    """A supplied fact, of the sort that its value is of."""
    if isinstance(value, bool):
        return access.SuppliedFact(attribute=attribute, flag=value)
    if isinstance(value, str):
        return access.SuppliedFact(attribute=attribute, text=value)
    return access.SuppliedFact(attribute=attribute, codes=access.Codes(code=value))


def some(attribute: Attribute) -> access.SuppliedFact:
    """A well-typed value of an attribute."""
    values: dict[Kind, bool | str | list[str]] = {
        Kind.BOOLEAN: True,
        Kind.CODE: next(iter(attribute.values), ""),
        Kind.CODES: list(attribute.values[:1]),
        Kind.ID: "34112-3",
        Kind.TEXT: "text",
        Kind.DATE: "1960-03-03",
        Kind.TIME: "2020-03-03T12:00:00Z",
    }
    return fact(attribute.name, values[attribute.kind])


def foreign(**other: bool | str | list[str]) -> list[access.SuppliedFact]:
    """A document of another system."""
    given: dict[str, bool | str | list[str]] = {
        "type": "34112-3",
        "labels": ["N"],
        "status": "Approved",
        "author": "1.2.250.1.71.4.2.1|899700000099",
        "deposited_at": "2020-03-03T12:00:00Z",
        **other,
    }
    return [fact(f"document.{name}", value) for name, value in given.items()]


def question(patient: Person, action: str = "doc.read", **other: Any) -> authorization.Question:
    return authorization.Question(record=of(patient), action=action, **other)


def check(caller: As, asked: authorization.Question, **attested: Any) -> authorization.CheckResponse:
    request = authorization.CheckRequest(question=asked, attestations=access.Attestations(**attested))
    found: authorization.CheckResponse = caller.Check(request)
    return found


def refused(caller: As, asked: authorization.Question) -> Refusal:
    return refusal(lambda: check(caller, asked))


def told(answered: Any) -> Any:
    """An answer but for the id of its decision."""
    answered.ClearField("decided")
    return answered
