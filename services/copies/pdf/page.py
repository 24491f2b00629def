"""A page that is being drawn: marks that belong to an element, and artifacts, which belong to none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from services.copies.pdf.file import text as pdf_text
from services.copies.pdf.font import Font, turned
from services.copies.pdf.tags import Element

WIDTH: Final = 595.28
HEIGHT: Final = 841.89
"""A4, in points."""


@dataclass(slots=True)
class Page:
    """Its content so far, and the elements that its marks belong to."""

    number: int
    content: list[bytes] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)
    links: list[int] = field(default_factory=list)

    def begin(self, element: Element) -> None:
        """Begin a mark of an element."""
        self.content.append(b"/%b<</MCID %d>>BDC" % (element.kind.encode(), len(self.marks)))
        element.kids.append(b"<</Type/MCR/Pg %d 0 R/MCID %d>>" % (self.number, len(self.marks)))
        self.marks.append(element.number)

    def artifact(self) -> None:
        """Begin what only decorates."""
        self.content.append(b"/Artifact BMC")

    def end(self) -> None:
        """End either."""
        self.content.append(b"EMC")

    def line(self, text: str, place: tuple[float, float], font: Font, size: float) -> None:
        """Draw one line of text that can be printed, where its baseline begins."""
        seen = turned(font.face, text)
        shown = font.drawn(text if seen is None else seen)
        drawn = b"BT/%b %.1f Tf 1 0 0 1 %.2f %.2f Tm %bTj ET" % (font.resource, size, *place, shown)
        if seen is not None:
            # What is read aloud, searched and copied is the text in its own order.
            drawn = b"/Span<</ActualText%b>>BDC %b EMC" % (pdf_text(text), drawn)
        self.content.append(drawn)

    def rule(self, left: float, right: float, height: float) -> None:
        """Draw a thin line across."""
        self.artifact()
        self.content.append(b"0.5 w 0.6 G %.2f %.2f m %.2f %.2f l S" % (left, height, right, height))
        self.end()
