"""The structure of a PDF (ISO 32000-1, 14.7 and 14.8): what each mark on a page is, each element written as it ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from services.copies.pdf.file import PdfFile, references

COLUMN_HEADER: Final = b"/A<</O/Table/Scope/Column>>"
ROW_HEADER: Final = b"/A<</O/Table/Scope/Row>>"


@dataclass(slots=True)
class Element:
    """An element that is still open."""

    number: int
    kind: str
    parent: int
    entries: bytes
    kids: list[bytes] = field(default_factory=list)


class Tags:
    """The tree, of which only what is open is in memory."""

    def __init__(self, file: PdfFile) -> None:
        self._file = file
        self.root = file.reserve()
        self.document = Element(file.reserve(), "Document", self.root, b"")
        self._open = [self.document]
        self._marks: list[tuple[int, int]] = []
        self._next = 0

    def open(self, kind: str, entries: bytes = b"") -> Element:
        """Begin an element in the one that was begun last."""
        element = Element(self._file.reserve(), kind, self._open[-1].number, entries)
        self._open.append(element)
        return element

    def close(self, element: Element) -> None:
        """End it, and write it."""
        if self._open.pop() is not element:
            raise AssertionError("elements end in the reverse order of their beginnings")
        self._write(element)
        self._open[-1].kids.append(b"%d 0 R" % element.number)

    def set_aside(self, element: Element) -> None:
        """Let its siblings begin before it ends, as the cells of a row are drawn side by side."""
        if self._open.pop() is not element:
            raise AssertionError("only what was begun last is set aside")

    def take_back(self, element: Element) -> None:
        """End what was set aside."""
        self._open.append(element)
        self.close(element)

    def parents(self, elements: list[int]) -> int:
        """The key by which a page's marks find their elements."""
        return self._keep(self._file.add(references(elements)))

    def parent(self, element: int) -> int:
        """The key by which an annotation finds its element."""
        return self._keep(element)

    def finish(self) -> None:
        """End the document, and write the tree."""
        self._write(self.document)
        keyed = b"".join(b"%d %d 0 R " % mark for mark in self._marks)
        parents = self._file.add(b"<</Nums[%b]>>" % keyed)
        self._file.write(
            self.root,
            b"<</Type/StructTreeRoot/K %d 0 R/ParentTree %d 0 R/ParentTreeNextKey %d>>"
            % (self.document.number, parents, self._next),
        )

    def _keep(self, number: int) -> int:
        key, self._next = self._next, self._next + 1
        self._marks.append((key, number))
        return key

    def _write(self, element: Element) -> None:
        self._file.write(
            element.number,
            b"<</Type/StructElem/S/%b/P %d 0 R%b/K[%b]>>"
            % (element.kind.encode(), element.parent, element.entries, b" ".join(element.kids)),
        )
