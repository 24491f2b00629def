"""Lays text, lists and tables out on pages, from top to bottom, tagged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

from services.copies.pdf.file import PdfFile, references
from services.copies.pdf.font import Font, face
from services.copies.pdf.lines import broken
from services.copies.pdf.page import HEIGHT, WIDTH, Page
from services.copies.pdf.tags import Element, Tags

MARGIN: Final = 56.0
TOP: Final = HEIGHT - MARGIN
BOTTOM: Final = MARGIN + 14
SPACING: Final = 1.35
"""From one baseline to the next, for a size of 1."""
_FOOT: Final = 8.0


@dataclass(frozen=True, slots=True)
class Style:
    """How a text looks."""

    size: float
    bold: bool = False
    before: float = 0.0
    """Points kept free above."""
    keep: float = 0.0
    """Points that must be left below on the page, or it begins on the next: a title is never the last line."""


@dataclass(slots=True)
class Done:
    """A page that was drawn, but for its foot."""

    number: int
    content: int
    parents: int
    links: list[int]


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something stands, for links to it."""

    page: int
    """The number of its object."""
    height: float


class Flow:
    """A document that is being laid out."""

    def __init__(self, target: BinaryIO, turned: Callable[[], None]) -> None:
        """Lay out into a file; `turned` is called after each page, and may raise."""
        self.file = PdfFile(target)
        self.tags = Tags(self.file)
        self.pages: list[Done] = []
        self._turned = turned
        plain, bold = face("DejaVuSans"), face("DejaVuSans-Bold")
        self.plain = Font(plain, b"F1", self.file.reserve())
        self.bold = Font(bold, b"F2", self.file.reserve())
        self.tree = self.file.reserve()
        self._page: Page | None = None
        self.height = TOP

    @property
    def page(self) -> Page:
        """The page that is being drawn."""
        if self._page is None:
            self._page, self.height = Page(self.file.reserve()), TOP
        return self._page

    @property
    def spot(self) -> Spot:
        """Where the next thing will stand."""
        return Spot(self.page.number, self.height)

    def turn(self) -> None:
        """End the page, if one was begun."""
        if self._page is not None:
            page = self._page
            content = self.file.stream(b"\n".join(page.content))
            self.pages.append(Done(page.number, content, self.tags.parents(page.marks), page.links))
            self._page = None
            self._turned()
        self.height = TOP

    def room(self, needed: float) -> None:
        """Turn the page unless so much is left of it."""
        if self.height - needed < BOTTOM:
            self.turn()

    def font(self, *, bold: bool) -> Font:
        """The font."""
        return self.bold if bold else self.plain

    def text(self, kind: str, text: str, style: Style, indent: float = 0.0) -> None:
        """Lay out a text as one element."""
        element = self.tags.open(kind)
        self.into(element, text, style, indent)
        self.tags.close(element)

    def into(self, element: Element, text: str, style: Style, indent: float = 0.0) -> None:
        """Lay out a text in an element that is open."""
        font, leading = self.font(bold=style.bold), style.size * SPACING
        lines = broken(text, font.face, style.size, WIDTH - 2 * MARGIN - indent)
        self.height -= style.before
        self.room(leading + style.keep)
        page: Page | None = None
        for line in lines:
            if page is not None and self.height - leading < BOTTOM:
                page.end()
                self.turn()
                page = None
            if page is None:
                page = self.page
                page.begin(element)
            self.height -= leading
            page.line(line, (MARGIN + indent, self.height), font, style.size)
        if page is not None:
            page.end()

    def close(self, order: Sequence[Done], foot: str, entries: bytes, info: bytes, name: bytes) -> None:
        """Write the pages in their order, each with its foot and number, and end the file."""
        self.turn()
        for number, page in enumerate(order, 1):
            self._page_object(page, self._foot(f"{foot}page {number} sur {len(order)}"))
        kids = references([page.number for page in order])
        fonts = b"/Font<</F1 %d 0 R/F2 %d 0 R>>" % (self.plain.number, self.bold.number)
        self.file.write(self.tree, b"<</Type/Pages/Count %d/Kids%b/Resources<<%b>>>>" % (len(order), kids, fonts))
        self.plain.close(self.file)
        self.bold.close(self.file)
        self.tags.finish()
        catalog = b"<</Type/Catalog/Pages %d 0 R/StructTreeRoot %d 0 R/MarkInfo<</Marked true>>%b>>"
        self.file.close(self.file.add(catalog % (self.tree, self.tags.root, entries)), self.file.add(info), name)

    def _page_object(self, page: Done, foot: int) -> None:
        links = b"/Annots" + references(page.links) if page.links else b""
        self.file.write(
            page.number,
            b"<</Type/Page/Parent %d 0 R/MediaBox[0 0 %.2f %.2f]/Contents[%d 0 R %d 0 R]/StructParents %d/Tabs/S%b>>"
            % (self.tree, WIDTH, HEIGHT, page.content, foot, page.parents, links),
        )

    def _foot(self, text: str) -> int:
        page, shown = Page(0), self.plain.face.shown(text)
        page.content.append(b"/Artifact<</Type/Pagination/Subtype/Footer>>BDC")
        width = self.plain.face.width(shown, _FOOT)
        page.line(shown, ((WIDTH - width) / 2, MARGIN - 14), self.plain, _FOOT)
        page.end()
        return self.file.stream(b"\n".join(page.content), compressed=False)
