"""Visibility labels as one integer: each confidentiality code has its own bit, for good."""

from __future__ import annotations

from collections.abc import Iterable

from services.store.errors import UnfitValue

# INVARIANT: the order is stored in every document and never changes; a new code goes to the end (catalogue 3.1).
CODES = ("N", "R", "V", "MASQUE_PS", "INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX")
BITS = {code: 1 << place for place, code in enumerate(CODES)}
ALL_BITS = (1 << len(CODES)) - 1

_SETS = tuple(frozenset(code for code, bit in BITS.items() if mask & bit) for mask in range(ALL_BITS + 1))


def mask_of(codes: Iterable[str]) -> int:
    """The bits of these codes; raises UnfitValue for a code that has no bit."""
    mask = 0
    for code in codes:
        if code not in BITS:
            raise UnfitValue(f"`{code}` is no visibility label")
        mask |= BITS[code]
    return mask


def codes_of(mask: int) -> frozenset[str]:
    """The codes of a stored mask."""
    return _SETS[mask]
