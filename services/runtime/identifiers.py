"""National identifiers: a code system (OID) and a value in it, everywhere inside as the one text `system|value`."""

from __future__ import annotations

import re
from typing import Final

PROFESSIONAL: Final = "1.2.250.1.71.4.2.1"
"""PS_IdNat."""
STRUCTURE: Final = "1.2.250.1.71.4.2.2"
"""Struct_IdNat."""
INS: Final = tuple(f"1.2.250.1.213.1.4.{number}" for number in (8, 9, 10, 11))
"""NIR, NIA, NIR of tests, NIR of demonstrations (catalogue section 3.1)."""
SUITE: Final = "urn:ietf:rfc:3986|urn:dmp-access:suite"
"""This suite, where it acts by itself."""

# Corsica: 2A counts as 19 and 2B as 18 in the key (INSEE).
_INS = re.compile(r"(?P<number>[0-9]{5}(?:[0-9]{2}|2A|2B)[0-9]{6})(?P<key>[0-9]{2})", re.ASCII)
_NATIONAL = re.compile(r"[0-9A-Z][0-9A-Z/._-]{5,63}", re.ASCII)


def canonical(system: str, value: str) -> str:
    """The one text of an identifier, compared byte for byte."""
    return f"{system}|{value}"


def parts(identifier: str) -> tuple[str, str]:
    """The code system and the value of a canonical text."""
    system, _, value = identifier.partition("|")
    return system, value


def ins_fault(value: str) -> str:
    """What is wrong with an INS value, or nothing."""
    found = _INS.fullmatch(value)
    if found is None:
        return "must have 15 digits"
    if int(found["key"]) != ins_key(found["number"]):
        return "has a wrong key"
    return ""


def ins_key(number: str) -> int:
    """The key of the 13 characters of an INS: 97 - n mod 97."""
    return 97 - int(number.replace("2A", "19").replace("2B", "18")) % 97


def fault(system: str, value: str, systems: tuple[str, ...]) -> str:
    """What is wrong with an identifier that must be of one of these systems, or nothing."""
    if system not in systems:
        return f"must be of code system {' or '.join(systems)}"
    if system in INS:
        return ins_fault(value)
    return "" if _NATIONAL.fullmatch(value) else "is not a national identifier"
