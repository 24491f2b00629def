"""Writes a copy as the image of one CD-ROM: ISO 9660 level 1 in the layout of IHE XDM (ITI TF-1 16, TF-2 3.32)."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator
from datetime import UTC
from functools import partial
from hashlib import sha1
from tempfile import TemporaryFile
from typing import IO, BinaryIO, Final, cast

from pycdlib import PyCdlib

from services.copies import index, xdm
from services.copies.errors import CannotCopyError, Reason
from services.copies.model import DISC, Copy, Progress, checked
from services.copies.whole import emptied
from services.copies.xdm import Filed

SECTOR: Final = 2048
_VOLUME: Final = 16
"""The sector of the primary volume descriptor (ECMA-119, 7.1.1)."""
_ROOT: Final = 156
"""Where the root's record stands in it (8.4.18)."""
_CREATED, _MODIFIED, _EFFECTIVE = 813, 830, 864
"""Where its dates stand (8.4.26 to 8.4.29)."""
_DIRECTORY: Final = 0x02
_FOLDER: Final = "/IHE_XDM/SUBSET01"


class _Part(io.RawIOBase):
    """A part of a file as a file, for the library takes one for each document."""

    def __init__(self, file: IO[bytes], start: int, length: int) -> None:
        super().__init__()
        self._file, self._start, self._length, self._at = file, start, length, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._length}[whence]
        return self._at

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        self._file.seek(self._start + self._at)
        found = self._file.read(min(len(buffer), self._length - self._at))
        buffer[: len(found)] = found
        self._at += len(found)
        return len(found)


def write_disc(copy: Copy, target: BinaryIO, progress: Progress) -> None:
    """Write the image to a file that can be read back and sought in; raises CannotCopyError and leaves it empty."""
    with emptied(target), TemporaryFile() as spool:
        if copy.size > DISC:
            raise CannotCopyError(Reason.TOO_LARGE, "the documents do not fit on one disc")
        image = PyCdlib()
        image.new(interchange_level=1, vol_ident="DMP_COPIE", sys_ident="", app_ident_str="IHE XDM")
        try:
            image.add_directory("/IHE_XDM")
            image.add_directory(_FOLDER)
            filed = list(_documents(copy, spool, image, progress))
            _add(image, spool, "/README.TXT;1", partial(_put, index.readme(copy)))
            _add(image, spool, "/INDEX.HTM;1", partial(index.write_index, copy, filed))
            _add(image, spool, f"{_FOLDER}/METADATA.XML;1", partial(xdm.write, copy, filed))
            image.write_fp(target)
        finally:
            image.close()
        if target.seek(0, io.SEEK_END) > DISC:
            raise CannotCopyError(Reason.TOO_LARGE, "the copy does not fit on one disc")
        _date(copy, target)


def _documents(copy: Copy, spool: IO[bytes], image: PyCdlib, progress: Progress) -> Iterator[Filed]:
    for number, item in enumerate(checked(copy), 1):
        name, content = f"DOC{number:05d}.XML", item.content
        _add(image, spool, f"{_FOLDER}/{name};1", partial(_put, content))
        yield Filed(item.document, name, sha1(content, usedforsecurity=False).hexdigest())
        progress(number, copy.count)


def _put(content: bytes, file: IO[bytes]) -> None:
    file.write(content)


def _add(image: PyCdlib, spool: IO[bytes], path: str, write: Callable[[IO[bytes]], None]) -> None:
    start = spool.seek(0, io.SEEK_END)
    write(spool)
    length = spool.seek(0, io.SEEK_END) - start
    image.add_fp(cast("BinaryIO", _Part(spool, start, length)), length, path)


def _date(copy: Copy, target: BinaryIO) -> None:
    """Put the copy's moment, in UTC, wherever the library put the clock and the place of its machine."""
    at = copy.made_at.astimezone(UTC)
    told = at.strftime("%Y%m%d%H%M%S00").encode() + b"\0"
    for place in (_CREATED, _MODIFIED, _EFFECTIVE):
        target.seek(_VOLUME * SECTOR + place)
        target.write(told)
    short = bytes((at.year - 1900, at.month, at.day, at.hour, at.minute, at.second, 0))
    _date_record(target, _VOLUME * SECTOR + _ROOT, short)
    target.seek(_VOLUME * SECTOR + _ROOT)
    for place in _records(target, target.read(34), set()):
        _date_record(target, place, short)


def _date_record(target: BinaryIO, place: int, short: bytes) -> None:
    target.seek(place + 18)
    target.write(short)


def _records(target: BinaryIO, directory: bytes, seen: set[int]) -> Iterator[int]:
    """Where every record of a directory and of those below it stands (ECMA-119, 6.8 and 9.1)."""
    extent, length = (struct.unpack_from("<I", directory, place)[0] for place in (2, 10))
    if extent in seen:
        return
    seen.add(extent)
    for start in range(extent * SECTOR, extent * SECTOR + length, SECTOR):
        target.seek(start)
        sector, place = target.read(SECTOR), 0
        while place < SECTOR and sector[place]:
            yield start + place
            record = sector[place : place + sector[place]]
            if record[25] & _DIRECTORY:
                yield from _records(target, record, seen)
            place += sector[place]
