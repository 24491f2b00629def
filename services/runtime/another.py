"""Whom a question is about where it is not the caller, and the facts that its asker supplies (design section 7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from dmp.access.v1 import access_pb2
from policy.facts import ILL_TYPED, WANTED, typed
from policy.ruleset import RuleSet
from policy.vocabulary import Attribute, Vocabulary
from services.runtime import fields, identifiers
from services.runtime.errors import FieldFault
from services.runtime.identity import Identity, systems
from services.store.facts import STORED

DOCUMENT: Final = "document."
"""What the attributes of a document begin with: they are supplied only of one that is not stored here."""
OF_OTHERS: Final = frozenset({"relation", "document"})
"""What an asker may know and the suite not: how people are linked to a record, and documents of other systems."""


@dataclass(frozen=True, slots=True)
class Another:
    """What a question says that only a listed asker may say."""

    subject: Identity | None = None
    """Whom it is about; nothing for the caller himself."""
    supplied: Mapping[str, Any] = field(default_factory=dict)
    """The asserted facts, typed, by the vocabulary's name."""
    read_in: Mapping[str, str] = field(default_factory=dict)
    """Where in the request each attribute was read, or would be."""
    faults: tuple[FieldFault, ...] = ()

    @property
    def named(self) -> bool:
        """Whether the asker needs the right to say it."""
        return self.subject is not None or bool(self.supplied)


def faults(vocabulary: Vocabulary) -> list[str]:
    """What the vocabulary lets askers supply although it is known here; each fault keeps the server from starting."""
    return [
        f"attribute `{name}` is marked as supplied, and it is no fact of others: it is stored, identified or attested"
        for name, attribute in vocabulary.attributes.items()
        if attribute.supplied and (name in STORED or attribute.entity not in OF_OTHERS)
    ]


@dataclass(frozen=True)
class Askable:
    """What questions may say: the rule set's words, and the kinds of subject that some issuer may assert."""

    rules: RuleSet
    kinds: AbstractSet[str]
    _nobody_else: dict[str, Another] = field(default_factory=dict)

    @property
    def attributes(self) -> Mapping[str, Attribute]:
        """The attributes of the vocabulary, by name."""
        return self.rules.vocabulary.attributes

    @cached_property
    def supplied(self) -> tuple[str, ...]:
        """The names of those that an asker may supply."""
        return tuple(name for name, attribute in self.attributes.items() if attribute.supplied)

    def nobody_else(self, path: str) -> Another:
        """What a question says that says nothing of it, and has its supplied facts at this path."""
        found = self._nobody_else.get(path)
        if found is None:
            found = self._nobody_else[path] = Another(read_in=dict.fromkeys(self.supplied, path))
        return found


def read(access: access_pb2.Access, values: Mapping[str, Any], asker: Identity, may: Askable) -> Another:
    """What a question without other faults says of somebody else; what may not be said is a fault."""
    if access.about not in values and access.supplied not in values:
        return may.nobody_else(access.supplied)
    document = values.get(access.document)
    faults: list[FieldFault] = []
    subject: Identity | None = None
    supplied: dict[str, Any] = {}
    read_in = dict.fromkeys(may.supplied, access.supplied)
    if (said := values.get(access.about)) is not None:
        read_in |= {f"subject.{part.name}": f"{access.about}.{part.name}" for part in said.DESCRIPTOR.fields}
        faults += _subject_faults(said, access.about, may.kinds)
        subject = None if faults else _subject(said, asker)
    for place, fact in enumerate(values.get(access.supplied, ())):
        path = f"{access.supplied}[{place}]"
        read_in[fact.attribute] = path
        attribute = may.attributes.get(fact.attribute)
        value = _value(fact)
        faults += _fact_faults(attribute, value, path, repeated=fact.attribute in supplied, document=document)
        supplied[fact.attribute] = None if attribute is None else typed(attribute, value)
    return Another(subject, {} if faults else supplied, read_in, tuple(faults))


NOBODY_ELSE: Final = Another()


def _subject_faults(said: access_pb2.Subject, path: str, kinds: AbstractSet[str]) -> list[FieldFault]:
    if said.kind not in kinds:
        return [FieldFault(f"{path}.kind", "KIND_NOT_ALLOWED", "is no kind of subject that an issuer may assert")]
    if wrong := identifiers.fault(said.id.system, said.id.value, systems(said.kind)):
        return [FieldFault(f"{path}.id", "INVALID_IDENTIFIER", f"of this kind {wrong}")]
    return []


def _subject(said: access_pb2.Subject, asker: Identity) -> Identity:
    """The person named, in the asker's session: it is the asker who is connected."""
    return Identity(
        kind=said.kind,
        id=identifiers.canonical(said.id.system, said.id.value),
        authn_mode=said.authn_mode,
        session=asker.session,
        profession=said.profession or None,
        structure=fields.value_at(said, "structure"),
        regulator=said.regulator,
        own_ins=fields.value_at(said, "own_ins"),
    )


def _value(fact: access_pb2.SuppliedFact) -> Any:  # noqa: ANN401 - of whatever type the attribute has
    given = fact.WhichOneof("value")
    if given == "codes":
        return frozenset(fact.codes.code)
    return None if given is None else getattr(fact, given)


def _fact_faults(
    attribute: Attribute | None, value: object, path: str, *, repeated: bool, document: str | None
) -> Iterator[FieldFault]:
    # INVARIANT: only what the vocabulary marks is taken, so that nothing that is stored can be overridden.
    if attribute is None or not attribute.supplied:
        yield FieldFault(path, "NOT_SUPPLIED", "names no attribute that an asker may supply")
    elif repeated:
        yield FieldFault(path, "DUPLICATE_FACT", "names an attribute for the second time")
    elif attribute.name.startswith(DOCUMENT) and document is not None:
        yield FieldFault(path, "STORED_FACT", "is a fact of the stored document that the question names")
    elif typed(attribute, value) is ILL_TYPED:
        yield FieldFault(path, "INVALID_FACT", WANTED[attribute.kind])
