"""Makes copies out of whatever documents."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from hashlib import sha256
from io import BytesIO
from uuid import UUID

from pypdf import PdfReader

from services.copies.disc import write_disc
from services.copies.model import (
    Author,
    Coded,
    Content,
    Copy,
    Document,
    Holder,
    Identifier,
    Institution,
)
from services.copies.paper import write_paper
from services.demo.french_cda import french_cda

LOINC = "2.16.840.1.113883.6.1"
AT = datetime(2026, 11, 26, 22, 30, 5, tzinfo=UTC)
NORMAL = Coded(system="2.16.840.1.113883.5.25", code="N", label="Normale")
HOSPITAL = Institution(id=Identifier(system="1.2.250.1.71.4.2.2", value="1990000017"), name="Hôpital des Exemples")
AUTHOR = Author(
    id=Identifier(system="1.2.250.1.71.4.2.1", value="810000000013"), name="Bruno MODÈLE", institution=HOSPITAL
)
HOLDER = Holder(
    ins=Identifier(system="1.2.250.1.213.1.4.10", value="284037599900117"),
    name="Alice EXEMPLE",
    birth_date=date(1984, 3, 12),
)


def body(narrative: str) -> bytes:
    """A CDA body of one section with this narrative."""
    section = f"<section><title>Examen</title><text>{narrative}</text></section>"
    return f"<component><structuredBody><component>{section}</component></structuredBody></component>".encode()


def cda(narrative: str, number: int = 1) -> bytes:
    """A French document with this narrative."""
    return french_cda(unique_id=f"1.2.3^{number}", body=body(narrative))


def document(content: bytes, number: int = 1, *, title: str = "Compte rendu", author: Author = AUTHOR) -> Document:
    """What is announced of some bytes."""
    return Document(
        entry_uuid=UUID(int=number),
        unique_id=f"1.2.3^{number}",
        title=title,
        type=Coded(system=LOINC, code="34112-3", label="CR hospitalier"),
        kind=Coded(system="1.2.250.1.213.1.1.4.1", code="11490-0", label="CR"),
        confidentiality=(NORMAL,),
        archived=False,
        author=author,
        created_at=datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
        deposited_at=datetime(2026, 3, 3, 9, 30, tzinfo=UTC),
        size=len(content),
        sha256=sha256(content).hexdigest(),
    )


def copy(items: Sequence[Content], *, holder: Holder = HOLDER, documents: Iterator[Content] | None = None) -> Copy:
    """A copy of these, or one that gives others than it announces."""
    return Copy(
        id=UUID("6f1d2b0a-1111-4222-8333-944455556666"),
        source="1.2.250.1.999.1",
        holder=holder,
        made_at=AT,
        count=len(items),
        size=sum(len(item.content) for item in items),
        documents=iter(items) if documents is None else documents,
    )


def contents(*narratives: str) -> list[Content]:
    """Documents with these narratives."""
    made = [cda(narrative, number) for number, narrative in enumerate(narratives, 1)]
    return [Content(document=document(one, number), content=one) for number, one in enumerate(made, 1)]


def quiet(done: int, of: int) -> None:
    """Nobody asks how far it is."""


def disc(given: Copy) -> bytes:
    target = BytesIO()
    write_disc(given, target, quiet)
    return target.getvalue()


def paper(given: Copy) -> bytes:
    target = BytesIO()
    write_paper(given, target, quiet)
    return target.getvalue()


def pages(pdf: bytes) -> list[str]:
    """The text of every page."""
    return [page.extract_text() for page in PdfReader(BytesIO(pdf), strict=True).pages]
