"""A copy is whole, or there is none."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO


@contextmanager
def emptied(target: BinaryIO) -> Iterator[None]:
    """Begin with an empty file, and leave it empty if the copy fails at any point."""
    _empty(target)
    try:
        yield
    except BaseException:
        _empty(target)
        raise


def _empty(target: BinaryIO) -> None:
    target.seek(0, io.SEEK_SET)
    target.truncate()
