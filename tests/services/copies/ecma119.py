"""Reads a CD-ROM image by ECMA-119 alone, and refuses what level 1 does not allow; shares nothing with the writer."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

SECTOR = 2048
NAME = re.compile(rb"[A-Z0-9_]{1,8}(\.[A-Z0-9_]{0,3})?;1")
FOLDER = re.compile(rb"[A-Z0-9_]{1,8}")


@dataclass(frozen=True, slots=True)
class Volume:
    identifier: str
    sectors: int
    dates: tuple[bytes, ...]
    files: dict[str, bytes]
    record_dates: frozenset[bytes]


def both(data: bytes, place: int, width: int) -> int:
    """A number that is written in both byte orders (7.2.3, 7.3.3)."""
    letter = {2: "H", 4: "I"}[width]
    (little,) = struct.unpack_from(f"<{letter}", data, place)
    (big,) = struct.unpack_from(f">{letter}", data, place + width)
    assert little == big
    return int(little)


def read(image: bytes) -> Volume:
    """Everything on a volume (6.7, 8.4)."""
    assert len(image) % SECTOR == 0
    primary, end = image[16 * SECTOR : 17 * SECTOR], image[17 * SECTOR : 18 * SECTOR]
    assert primary[:7] == b"\x01CD001\x01"
    assert end[:7] == b"\xffCD001\x01"
    assert both(primary, 128, 2) == SECTOR
    sectors = both(primary, 80, 4)
    assert sectors * SECTOR == len(image)
    dates: set[bytes] = {primary[174:181]}
    files = dict(_below(image, primary[156:190], "", dates, 1))
    told = tuple(primary[place : place + 17] for place in (813, 830, 847, 864))
    return Volume(primary[40:72].decode().rstrip(), sectors, told, files, frozenset(dates))


def _below(image: bytes, directory: bytes, path: str, dates: set[bytes], depth: int) -> Iterator[tuple[str, bytes]]:
    assert depth <= 8, "a directory may be eight deep (6.8.2.1)"
    extent, length = both(directory, 2, 4), both(directory, 10, 4)
    names = []
    for number, record in enumerate(_records(image[extent * SECTOR : extent * SECTOR + length])):
        dates.add(record[18:25])
        name = record[33 : 33 + record[32]]
        if number < 2:
            assert name == bytes([number]), "a directory begins with itself and its parent (6.8.2.2)"
            continue
        names.append(name)
        if record[25] & 2:
            assert FOLDER.fullmatch(name), name
            yield from _below(image, record, f"{path}{name.decode()}/", dates, depth + 1)
        else:
            assert NAME.fullmatch(name), name
            place = both(record, 2, 4) * SECTOR
            content = image[place : place + both(record, 10, 4)]
            yield f"{path}{name.decode().removesuffix(';1')}", content
    assert names == sorted(names), "the records of a directory are in order (9.3)"


def _records(sectors: bytes) -> Iterator[bytes]:
    for start in range(0, len(sectors), SECTOR):
        place = start
        while place < start + SECTOR and (size := sectors[place]):
            assert place + size <= start + SECTOR, "a record ends in its sector (6.8.1.1)"
            yield sectors[place : place + size]
            place += size
