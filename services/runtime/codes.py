"""Enum values of the contract and the codes that rules, store and traces use for them."""

from __future__ import annotations

from functools import cache
from typing import Any, Protocol

from google.protobuf.descriptor import EnumDescriptor

from dmp.access.v1 import access_pb2


@cache
def by_number(enum: EnumDescriptor) -> dict[int, str]:
    """The code of each value that has one."""
    codes = ((value.number, value.GetOptions().Extensions[access_pb2.code]) for value in enum.values)
    return {number: code for number, code in codes if code}


@cache
def _by_code(enum: EnumDescriptor) -> dict[str, int]:
    return {code: number for number, code in by_number(enum).items()}


class Coded(Protocol):
    """An enum of the contract."""

    DESCRIPTOR: EnumDescriptor


def number_of(enum: Coded, code: str) -> Any:  # noqa: ANN401 - every enum has a value type of its own
    """The value that stands for a code; raises KeyError for a code that the contract lacks."""
    return _by_code(enum.DESCRIPTOR)[code]
