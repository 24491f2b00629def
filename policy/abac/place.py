"""Where each attribute of the vocabulary lies in a py-abac request, as an element and a path in it."""

from __future__ import annotations

from dataclasses import dataclass

from policy.condition import Elapsed
from policy.vocabulary import Attribute, Vocabulary

ELEMENTS = ("subject", "resource", "action", "context")
"""The four parts of a py-abac request, in the order in which its policies are read."""
_OWN = frozenset({"subject", "context"})
RESOLVED = "elapsed"
"""In the context, the facts that py-abac cannot compute, each 1 or 0, or missing where it cannot be told."""


@dataclass(frozen=True, slots=True, order=True)
class Spot:
    """An element of the request, and the names that lead to a value in it."""

    element: str
    steps: tuple[str, ...]

    @property
    def path(self) -> str:
        """As py-abac writes it (ObjectPath): plain names only, for its other forms do not mean what they say."""
        return ".".join(("$", *self.steps))


def spot_of(attribute: str) -> Spot:
    """Where an attribute lies; what is neither the subject's nor the context's is the resource's."""
    entity, _, name = attribute.partition(".")
    return Spot(entity, (name,)) if entity in _OWN else Spot("resource", (entity, name))


def resolved_spot(test: Elapsed) -> Spot:
    """Where the answer to a question of the calendar lies."""
    entity, _, name = test.attribute.partition(".")
    return Spot("context", (RESOLVED, entity, name, f"{test.unit}_{test.amount}"))


def attribute_at(spot: Spot, vocabulary: Vocabulary) -> Attribute | None:
    """The attribute that lies there, or nothing."""
    names = (".".join(spot.steps), ".".join((spot.element, *spot.steps)))
    found = (vocabulary.attributes.get(name) for name in names)
    return next((a for a in found if a is not None and spot_of(a.name) == spot and not _is_known(a)), None)


def may_be_missing(attribute: Attribute) -> bool:
    """Whether a well-typed request may hold no value of it."""
    always = any(not requirement.attribute for requirement in attribute.required)
    return attribute.absent is None and not always and not attribute.derived


def _is_known(attribute: Attribute) -> bool:
    """Whether the engine alone knows it, so that no policy may ask for it."""
    return attribute.derived in ("action", "faults", "at")
