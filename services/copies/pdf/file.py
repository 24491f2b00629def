"""The objects of a PDF file (ISO 32000-1, 7.5), each written once it is known."""

from __future__ import annotations

import zlib
from array import array
from typing import BinaryIO


class PdfFile:
    """A file that is being written, object by object, in whatever order."""

    def __init__(self, target: BinaryIO) -> None:
        self._target = target
        self._at = 0
        self._places = array("Q", [0])
        # The second line, of bytes above 127, tells those who copy the file that it is no text.
        self._put(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")

    def reserve(self) -> int:
        """The number of an object that will be written."""
        self._places.append(0)
        return len(self._places) - 1

    def write(self, number: int, body: bytes) -> None:
        """Write a reserved object."""
        self._places[number] = self._at
        self._put(b"%d 0 obj\n%b\nendobj\n" % (number, body))

    def add(self, body: bytes) -> int:
        """Write an object, and tell its number."""
        number = self.reserve()
        self.write(number, body)
        return number

    def stream(self, data: bytes, entries: bytes = b"", *, compressed: bool = True) -> int:
        """Write a stream, and tell its number."""
        packed = zlib.compress(data, 6) if compressed else data
        filtered = b"/Filter/FlateDecode" if compressed else b""
        head = b"<</Length %d%b%b>>" % (len(packed), filtered, entries)
        return self.add(b"%b\nstream\n%b\nendstream" % (head, packed))

    def close(self, catalog: int, info: int, name: bytes) -> None:
        """Write where everything is; `name` tells this file from all others."""
        if 0 in self._places[1:]:
            raise AssertionError("every object that is reserved is written")
        start, count = self._at, len(self._places)
        self._put(b"xref\n0 %d\n0000000000 65535 f \n" % count)
        for first in range(1, count, 1024):
            self._put(b"".join(b"%010d 00000 n \n" % place for place in self._places[first : first + 1024]))
        name = name.hex().encode()
        named = b"<%b><%b>" % (name, name)
        trailer = b"<</Size %d/Root %d 0 R/Info %d 0 R/ID[%b]>>" % (count, catalog, info, named)
        self._put(b"trailer\n%b\nstartxref\n%d\n%%%%EOF\n" % (trailer, start))

    def _put(self, data: bytes) -> None:
        self._target.write(data)
        self._at += len(data)


def text(value: str) -> bytes:
    """A text outside the pages: titles, languages, what is read aloud."""
    return b"<feff%b>" % value.encode("utf-16-be", "replace").hex().encode()


def references(numbers: list[int] | array[int]) -> bytes:
    """An array of references."""
    return b"[%b]" % b" ".join(b"%d 0 R" % number for number in numbers)
