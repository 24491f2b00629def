"""Writes a copy as one accessible PDF: cover, table of contents, every document with its narrative (PAT-13)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import BinaryIO, Final
from uuid import uuid5

from services.copies import words
from services.copies.model import Content, Copy, Document, Progress, checked
from services.copies.narrative import read_narrative
from services.copies.pdf.file import text as pdf_text
from services.copies.pdf.flow import BOTTOM, MARGIN, SPACING, TOP, Done, Flow, Spot, Style
from services.copies.pdf.lines import broken
from services.copies.pdf.page import WIDTH
from services.copies.printed import print_blocks
from services.copies.whole import emptied

_TITLE: Final = Style(24, bold=True, before=140)
_CHAPTER: Final = Style(17, bold=True, keep=60)
_FACTS: Final = Style(10, before=2)
_ENTRY: Final = Style(10)
_GAP: Final = 4.0
"""Points between two entries of the table of contents."""
_NUMBER: Final = 44.0
"""Points kept for the number of a page."""
_LONGEST: Final = 200
"""Characters of a title in the table of contents; the document itself has it whole."""
_CONTENTS: Final = "Table des documents"
_PADDING: Final = "\u00a0"


@dataclass(frozen=True, slots=True)
class _Entry:
    """A document in the table of contents."""

    title: str
    spot: Spot


def write_paper(copy: Copy, target: BinaryIO, progress: Progress) -> None:
    """Write the PDF to a file that can be sought in; raises CannotCopyError and leaves it empty."""
    with emptied(target):
        entries: list[_Entry] = []
        # At every page, so that nobody waits for a long document that is no longer wanted.
        flow = Flow(target, lambda: progress(len(entries), copy.count))
        _cover(flow, copy)
        flow.turn()
        front, kids = len(flow.pages), len(flow.tags.document.kids)
        for number, item in enumerate(checked(copy), 1):
            entries.append(_document(flow, number, item))
            progress(number, copy.count)
        flow.turn()
        body = len(flow.pages)
        if entries:
            _contents(flow, entries, front, body)
        flow.turn()
        # What was drawn last is read second.
        order = [*flow.pages[:front], *flow.pages[body:], *flow.pages[front:body]]
        read = flow.tags.document.kids
        if entries:
            read.insert(kids, read.pop())
        _close(flow, copy, order, entries)


def _cover(flow: Flow, copy: Copy) -> None:
    section = flow.tags.open("Sect")
    flow.text("H1", words.TITLE, _TITLE)
    flow.height -= 20
    for term, said in words.holder(copy):
        flow.text("P", f"{term}{_PADDING}: {said}", Style(12, before=6))
    flow.text("P", words.KEEP_SAFE, Style(10, before=30))
    if not copy.count:
        flow.text("P", "Ce dossier ne contient aucun document à copier.", Style(12, before=20))
    flow.tags.close(section)


def _document(flow: Flow, number: int, item: Content) -> _Entry:
    document = item.document
    blocks = read_narrative(item.content)
    flow.turn()
    spot, title = flow.spot, f"{number}. {_title(document)}"
    section = flow.tags.open("Sect", b"/Lang" + pdf_text(document.language) if document.language else b"")
    flow.text("H1", title, _CHAPTER)
    for term, said in words.told(document):
        flow.text("P", f"{term}{_PADDING}: {said}", _FACTS)
    flow.height -= 8
    flow.page.rule(MARGIN, WIDTH - MARGIN, flow.height)
    print_blocks(flow, blocks)
    flow.tags.close(section)
    return _Entry(_short(f"{title}, {words.day(document.created_at or document.deposited_at)}"), spot)


def _title(document: Document) -> str:
    return " ".join(document.title.split()) or document.type.label


def _short(title: str) -> str:
    return title if len(title) <= _LONGEST else f"{title[:_LONGEST]}…"


def _contents(flow: Flow, entries: list[_Entry], front: int, body: int) -> None:
    """Draw the table, which knows how many pages it takes itself."""
    heading, leading = Style(17, bold=True), _ENTRY.size * SPACING
    face = flow.plain.face
    lines = [broken(entry.title, face, _ENTRY.size, WIDTH - 2 * MARGIN - _NUMBER) for entry in entries]
    leaves = _leaves([len(part) * leading + _GAP for part in lines], TOP - heading.size * SPACING - 10)
    first = front + leaves[-1] + 1
    numbers = {page.number: first + place for place, page in enumerate(flow.pages[front:body], 1)}
    section = flow.tags.open("Sect")
    flow.text("H1", _CONTENTS, heading)
    flow.height -= 10
    table = flow.tags.open("TOC")
    for place, (entry, part) in enumerate(zip(entries, lines, strict=True)):
        if place and leaves[place] > leaves[place - 1]:
            flow.turn()
        _entry(flow, entry, part, numbers[entry.spot.page])
    flow.tags.close(table)
    flow.tags.close(section)


def _leaves(heights: list[float], height: float) -> list[int]:
    """On which page of the table each entry stands."""
    leaf, leaves = 0, []
    for needed in heights:
        if height - needed < BOTTOM:
            leaf, height = leaf + 1, TOP
        height -= needed
        leaves.append(leaf)
    return leaves


def _entry(flow: Flow, entry: _Entry, lines: list[str], number: int) -> None:
    page, leading, plain = flow.page, _ENTRY.size * SPACING, flow.plain
    item = flow.tags.open("TOCI")
    link = flow.tags.open("Link")
    page.begin(link)
    top = flow.height
    for line in lines:
        flow.height -= leading
        page.line(line, (MARGIN, flow.height), plain, _ENTRY.size)
    told = str(number)
    page.line(told, (WIDTH - MARGIN - plain.face.width(told, _ENTRY.size), flow.height), plain, _ENTRY.size)
    page.end()
    note = flow.file.reserve()
    link.kids.append(b"<</Type/OBJR/Pg %d 0 R/Obj %d 0 R>>" % (page.number, note))
    area = b"%.2f %.2f %.2f %.2f" % (MARGIN, flow.height - 2, WIDTH - MARGIN, top - 2)
    flow.file.write(
        note,
        b"<</Type/Annot/Subtype/Link/F 4/Border[0 0 0]/Rect[%b]/Dest%b/StructParent %d/Contents%b>>"
        % (area, _destination(entry), flow.tags.parent(link.number), pdf_text(f"{entry.title}, page {number}")),
    )
    page.links.append(note)
    flow.height -= _GAP
    flow.tags.close(link)
    flow.tags.close(item)


def _close(flow: Flow, copy: Copy, order: list[Done], entries: list[_Entry]) -> None:
    made = copy.made_at.astimezone(UTC)
    title = pdf_text(words.TITLE)
    info = b"<</Title%b/CreationDate(D:%b)/Producer(dmp-access)>>" % (title, made.strftime("%Y%m%d%H%M%SZ").encode())
    metadata = flow.file.stream(_xmp(), b"/Type/Metadata/Subtype/XML", compressed=False)
    catalog = b"/Lang(fr)/ViewerPreferences<</DisplayDocTitle true>>/Metadata %d 0 R%b" % (
        metadata,
        _outline(flow, entries),
    )
    whose = f"{copy.holder.name} - " if copy.holder.name else ""
    flow.close(order, f"{words.TITLE} - {whose}", catalog, info, uuid5(copy.id, "paper").bytes)


def _outline(flow: Flow, entries: list[_Entry]) -> bytes:
    """The bookmarks, one for each document."""
    if not entries:
        return b""
    root, marks = flow.file.reserve(), [flow.file.reserve() for _ in entries]
    for place, (mark, entry) in enumerate(zip(marks, entries, strict=True)):
        before = b"/Prev %d 0 R" % marks[place - 1] if place else b""
        after = b"/Next %d 0 R" % marks[place + 1] if place + 1 < len(marks) else b""
        title = pdf_text(entry.title)
        flow.file.write(
            mark, b"<</Title%b/Parent %d 0 R/Dest%b%b%b>>" % (title, root, _destination(entry), before, after)
        )
    flow.file.write(root, b"<</Type/Outlines/First %d 0 R/Last %d 0 R/Count %d>>" % (marks[0], marks[-1], len(marks)))
    return b"/Outlines %d 0 R/PageMode/UseOutlines" % root


def _destination(entry: _Entry) -> bytes:
    return b"[%d 0 R/XYZ null %.2f null]" % (entry.spot.page, entry.spot.height)


def _xmp() -> bytes:
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title><rdf:Alt><rdf:li xml:lang="x-default">'
        f"{words.TITLE}</rdf:li></rdf:Alt></dc:title><dc:language><rdf:Bag><rdf:li>fr</rdf:li></rdf:Bag>"
        '</dc:language></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
    ).encode()
