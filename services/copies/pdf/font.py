"""The fonts of a PDF: DejaVu Sans, embedded with the glyphs that are used and with what they mean."""

from __future__ import annotations

import io
import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final

import arabic_reshaper
from bidi import get_display
from bidi.mirror import MIRRORED
from fontTools import subset
from fontTools.ttLib import TTFont

from services.copies.pdf.file import PdfFile

_FOLDER: Final = Path(__file__).resolve().parents[1] / "fonts"
_RIGHT_TO_LEFT: Final = frozenset({"R", "AL", "AN"})
_OVERRIDES: Final = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They turn text round without a trace, so they are shown."""
_MARK: Final = "\U000e0100"
"""Belongs to the character before it, wherever that goes, and is never seen."""
_SIGN: Final = f"[{re.escape(''.join(MIRRORED))}]"
_MARKED: Final = re.compile(f"({_SIGN}){_MARK}|{_MARK}({_SIGN})")
"""As it was, or turned: then its mark has come to stand before it."""
_SOFT_HYPHEN: Final = "\u00ad"
_OPENING: Final = (
    b"/CIDInit/ProcSet findresource begin 12 dict begin begincmap/CMapName/DMP def/CMapType 2 def\n"
    b"1 begincodespacerange<0000><ffff>endcodespacerange\n"
)
_TABLES: Final = ["GSUB", "GPOS", "GDEF", "kern", "FFTM", "gasp", "DSIG", "name", "post"]


@dataclass(frozen=True, slots=True)
class Face:
    """A font as it is, for all files."""

    name: str
    path: Path
    glyphs: dict[str, int]
    """By character."""
    widths: dict[str, float]
    """By character, for a size of 1."""
    descriptor: bytes

    def width(self, text: str, size: float) -> float:
        """How wide a text is, in points."""
        return sum(map(self.widths.__getitem__, text)) * size

    def shown(self, text: str) -> str:
        """A text of which every character can be printed: one that cannot is told by its code point."""
        composed = unicodedata.normalize("NFC", text)
        if self.glyphs.keys() >= set(composed) and _OVERRIDES.isdisjoint(composed) and _SOFT_HYPHEN not in composed:
            return composed
        return "".join(map(self._printed, composed))

    def _printed(self, char: str) -> str:
        if char == _SOFT_HYPHEN:
            return ""
        return char if char in self.glyphs and char not in _OVERRIDES else f"[U+{ord(char):04X}]"


@lru_cache(2)
def face(file: str) -> Face:
    """A face that ships with the project, by the name of its file."""
    path = _FOLDER / f"{file}.ttf"
    with TTFont(path, lazy=True) as font:
        order = font.getReverseGlyphMap()
        advances, units = font["hmtx"].metrics, font["head"].unitsPerEm
        named = {chr(code): name for code, name in font.getBestCmap().items()}
        cmap = {char: name for char, name in named.items() if unicodedata.category(char) != "Cc"}
        box = [font["head"].xMin, font["head"].yMin, font["head"].xMax, font["head"].yMax]
        scaled = b" ".join(b"%d" % round(side * 1000 / units) for side in box)
        rise, fall = (round(value * 1000 / units) for value in (font["hhea"].ascent, font["hhea"].descent))
    return Face(
        file,
        path,
        {char: order[name] for char, name in cmap.items()},
        {char: advances[name][0] / units for char, name in cmap.items()},
        b"/Flags 4/ItalicAngle 0/Ascent %d/Descent %d/CapHeight %d/StemV 80/FontBBox[%b]" % (rise, fall, rise, scaled),
    )


@dataclass(slots=True)
class Font:
    """A face as one file uses it."""

    face: Face
    resource: bytes
    number: int
    """Of the object that will be the font."""
    used: dict[int, str] = field(default_factory=dict)
    """The glyphs that are drawn, with what they mean."""

    def drawn(self, text: str) -> bytes:
        """A text as the page's content shows it."""
        glyphs = [self.face.glyphs[char] for char in text]
        self.used.update(zip(glyphs, text, strict=True))
        return b"<%b>" % b"".join(b"%04x" % glyph for glyph in glyphs)

    def close(self, file: PdfFile) -> None:
        """Write the font, with the glyphs that were drawn."""
        name = b"DMPAAA+" + self.face.name.encode()
        program = _subset(self.face, sorted(self.used))
        data = file.stream(program, b"/Length1 %d" % len(program))
        descriptor = file.add(
            b"<</Type/FontDescriptor/FontName/%b%b/FontFile2 %d 0 R>>" % (name, self.face.descriptor, data)
        )
        widths = b"".join(
            b"%d[%d]" % (glyph, round(self.face.widths[char] * 1000)) for glyph, char in sorted(self.used.items())
        )
        inner = file.add(
            b"<</Type/Font/Subtype/CIDFontType2/BaseFont/%b/CIDToGIDMap/Identity"
            b"/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/FontDescriptor %d 0 R/W[%b]>>"
            % (name, descriptor, widths)
        )
        meaning = file.stream(_meaning(self.used))
        file.write(
            self.number,
            b"<</Type/Font/Subtype/Type0/BaseFont/%b/Encoding/Identity-H/DescendantFonts[%d 0 R]/ToUnicode %d 0 R>>"
            % (name, inner, meaning),
        )


def turned(face: Face, text: str) -> str | None:
    """A line in the order in which it is seen, its Arabic joined; nothing where it is read from left to right."""
    if text.isascii() or _RIGHT_TO_LEFT.isdisjoint(map(unicodedata.bidirectional, text)):
        return None
    seen = _mirrored(get_display(_followed(arabic_reshaper.reshape(text)), base_dir=_direction(text)))
    # A joined form that the font lacks is shown as the letter that it is a form of.
    return "".join(char if char in face.glyphs else face.shown(unicodedata.normalize("NFKC", char)) for char in seen)


def _followed(text: str) -> str:
    """Every sign that is turned with its text, with a mark after it which tells afterwards whether it was."""
    return "".join(f"{char}{_MARK}" if char in MIRRORED else char for char in text.replace(_MARK, ""))


def _mirrored(seen: str) -> str:
    """DANGER: unturned, `a < 5` written from the right would be read as `5 < a`."""
    return _MARKED.sub(lambda found: found[1] or MIRRORED[found[2]], seen)


def _direction(text: str) -> str:
    strong = (kind for kind in map(unicodedata.bidirectional, text) if kind in ("L", "R", "AL"))
    return "L" if next(strong, "L") == "L" else "R"


def _subset(face: Face, glyphs: list[int]) -> bytes:
    options = subset.Options(
        retain_gids=True, hinting=False, notdef_outline=True, recalc_timestamp=False, drop_tables=_TABLES, name_IDs=[]
    )
    made = io.BytesIO()
    with TTFont(face.path, lazy=True, recalcTimestamp=False) as font:
        cutter = subset.Subsetter(options)
        cutter.populate(gids=glyphs)
        cutter.subset(font)
        font.save(made)
    return made.getvalue()


def _meaning(used: dict[int, str]) -> bytes:
    """The map from glyphs to characters, by which text is searched, copied and read aloud (9.10.3)."""
    pairs = [b"<%04x><%b>" % (glyph, char.encode("utf-16-be").hex().encode()) for glyph, char in sorted(used.items())]
    parts = [_OPENING]
    for first in range(0, len(pairs), 100):
        part = pairs[first : first + 100]
        parts.append(b"%d beginbfchar\n%b\nendbfchar\n" % (len(part), b"\n".join(part)))
    return b"".join([*parts, b"endcmap end end"])
