"""A copy on paper loses no word of what was given, says what each thing is, and minds nothing that is done to it."""

import re
import time
from io import BytesIO
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest
from lxml import etree
from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject

from services.copies.errors import CannotCopyError, Reason
from services.copies.model import Content
from services.copies.narrative import Paragraph, Table, read_narrative
from services.copies.paper import write_paper
from services.copies.pdf.font import face, turned
from tests.services.copies.papers import cda, contents, copy, document, pages, paper, quiet

REAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "cda"
TABLE = (
    "<table><caption>Analyses</caption><thead><tr><th>Examen</th><th>Valeur</th></tr></thead><tbody>"
    "<tr><th>Glycémie</th><td>1,02 g/L</td></tr><tr><td colspan='2'>Rien d’autre</td></tr></tbody></table>"
)
LIST = "<list listType='ordered'><item>premier</item><item>second<list><item>dedans</item></list></item></list>"


def told(narrative: str) -> str:
    """All that is printed of a document with this narrative."""
    return "\n".join(pages(paper(copy(contents(narrative))))[2:])


def kinds(element: Any) -> list[Any]:
    """The structure below an element: its kind, then those of its kids."""
    kids = element.get("/K", ArrayObject())
    below = (kid.get_object() for kid in kids)
    return [element["/S"], *(kinds(kid) for kid in below if isinstance(kid, DictionaryObject) and "/S" in kid)]


def flat(tree: list[Any]) -> list[str]:
    return [tree[0], *(kind for kid in tree[1:] for kind in flat(kid))]


def words(text: str) -> str:
    """The letters alone, for lines and words may be broken anywhere."""
    return re.sub(r"\s+", "", text)


def test_cover_table_documents_and_numbers() -> None:
    """The pages follow one another, each says which of how many it is, and the table tells the right ones."""
    made = pages(paper(copy(contents("un", "<paragraph>x</paragraph>" * 200, "trois"))))
    assert "Alice EXEMPLE" in made[0]
    assert "3 documents" in made[0]
    for number, text in enumerate(made, 1):
        assert f"page {number} sur {len(made)}" in text
    first = {number: place for place, text in enumerate(made, 1) for number in re.findall(r"^(\d)\. Compte", text)}
    assert first == {"1": 3, "2": 4, "3": len(made)}
    assert re.findall(r"(\d+)\n", made[1] + "\n")[:3] == [str(first[number]) for number in "123"]


def test_it_says_what_everything_is() -> None:
    """Title, language, headings, tables with their heads, lists, and a parent for every mark (ISO 32000-1, 14.8)."""
    reader = PdfReader(BytesIO(paper(copy(contents(TABLE + LIST)))), strict=True)
    root = reader.trailer["/Root"]
    assert (root["/Lang"], root["/MarkInfo"]["/Marked"]) == ("fr", True)  # type: ignore[index]
    assert reader.metadata is not None
    assert reader.metadata.title == "Copie du dossier médical partagé"
    tree = kinds(root["/StructTreeRoot"]["/K"])  # type: ignore[index]
    assert [kid[0] for kid in tree[1:]] == ["/Sect", "/Sect", "/Sect"]
    assert tree[2][2][0] == "/TOC"
    table = next(kid for kid in tree[3] if kid[0] == "/Table")
    assert table[1:] == [
        ["/Caption"],
        ["/TR", ["/TH"], ["/TH"]],
        ["/TR", ["/TH"], ["/TD"]],
        ["/TR", ["/TD"]],
    ]
    listing = next(kid for kid in tree[3] if kid[0] == "/L")
    inner = ["/L", ["/LI", ["/Lbl"], ["/LBody", ["/P"]]]]
    assert listing[1:] == [["/LI", ["/Lbl"], ["/LBody", ["/P"]]], ["/LI", ["/Lbl"], ["/LBody", ["/P"], inner]]]
    assert flat(tree).count("/H1") == 3
    assert "/H2" in flat(tree)


def test_every_mark_on_every_page_has_its_element() -> None:
    """Nothing is drawn outside an element or an artifact, and the page finds the element of each mark."""
    rows = "".join(f"<tr><td>ligne {number}</td><td>{'mot ' * 40}</td></tr>" for number in range(120))
    reader = PdfReader(BytesIO(paper(copy(contents(f"<table><tbody>{rows}</tbody></table>{LIST}")))), strict=True)
    tree = reader.trailer["/Root"]["/StructTreeRoot"]  # type: ignore[index]
    keys = tree["/ParentTree"]["/Nums"]
    parents = dict(zip(keys[::2], keys[1::2], strict=True))
    for page in reader.pages:
        content = page.get_contents()
        assert content is not None
        data = content.get_data()
        marks = [int(number) for number in re.findall(rb"/MCID (\d+)", data)]
        elements = parents[page["/StructParents"]].get_object()
        assert marks == list(range(len(elements)))
        for mark, element in zip(marks, elements, strict=True):
            own = [kid.get_object() for kid in element.get_object()["/K"]]
            assert {"/MCID": mark, "/Pg": page.indirect_reference} in [
                {name: kid.raw_get(name) for name in ("/MCID", "/Pg")} for kid in own if "/MCID" in kid
            ]
        assert data.count(b"BDC") + data.count(b"BMC") == data.count(b"EMC")
        outside = re.sub(rb"(BDC|BMC).*?EMC", b"", data, flags=re.DOTALL)
        assert b"Tj" not in outside


@pytest.mark.skipif(not REAL.is_dir(), reason="the sample documents are not here")
@pytest.mark.parametrize("name", ["CCD", "Consultation_Note", "Diagnostic_Imaging_Report", "Discharge_Summary"])
def test_no_word_of_a_real_document_is_lost(name: str) -> None:
    """All the words of every narrative are printed."""
    content = (REAL / f"{name}.xml").read_bytes()
    printed = words("".join(pages(paper(copy([Content(document=document(content), content=content)])))))
    root = etree.fromstring(content)
    texts = root.iterfind(".//{urn:hl7-org:v3}structuredBody//{urn:hl7-org:v3}section/{urn:hl7-org:v3}text")
    missing = {word for text in texts for piece in text.itertext() for word in piece.split() if word not in printed}
    # Raised and lowered figures are printed as such.
    assert {word for word in missing if not re.fullmatch(r"[0-9+-]+", word)} == set()
    assert "[U+" not in printed


MEANT = {
    "10<sup>9</sup>/L, H<sub>2</sub>O, x<sup>ab</sup>": "10⁹/L, H₂O, x^(ab)",
    "<content revised='delete'>faux</content> vrai": "[supprimé : faux] vrai",
    "Αθήνα Москва Łódź Ünïcode ≤ ½ € œ": "Αθήνα Москва Łódź Ünïcode ≤ ½ € œ",
    "中文 \U0001f9ec": "[U+4E2D][U+6587] [U+1F9EC]",
    "e\u0301tat": "état",
    "a\u202eb": "a[U+202E]b",
    "a\u0085b\u009fc": "a[U+0085]b[U+009F]c",
    "a<br/>b": "a\nb",
    "&lt;script&gt;alert(1)&lt;/script&gt;": "<script>alert(1)</script>",
    "<linkHtml href='https://exemple.fr/x'>lien</linkHtml>": "lien (https://exemple.fr/x)",
    "<renderMultiMedia referencedObject='m1'/>": "[Image, qui ne s’imprime pas",
    "(a) \\ ) Tj ET": "(a) \\ ) Tj ET",
}


def test_what_a_text_means_is_printed() -> None:
    """What look, script or font would lose is told otherwise."""
    printed = told("".join(f"<paragraph>{narrative}</paragraph>" for narrative in MEANT))
    assert [wanted for wanted in MEANT.values() if wanted not in printed] == []


def test_what_is_read_from_right_to_left_keeps_its_order_for_the_reader() -> None:
    """The eye sees joined letters from the right; search, copy and voice get the text as it was written."""
    pdf = PdfReader(BytesIO(paper(copy(contents("Nom : محمد (12)")))), strict=True)
    content = pdf.pages[2].get_contents()
    assert content is not None
    actual = re.search(rb"/ActualText<feff([0-9a-f]+)>", content.get_data())
    assert actual is not None
    assert bytes.fromhex(actual[1].decode()).decode("utf-16-be") == "Nom : محمد (12)"
    assert "محمد" in normalize("NFKC", pdf.pages[2].extract_text())


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("שלום (12) עולם", "םלוע (12) םולש"),
        ("Nom : שלום (12)", "Nom : (12) םולש"),
        ("מחיר < 5", "5 > ריחמ"),
        ("Noms ((שלום)) [[a]] < ((b))", "Noms ((םולש)) [[a]] < ((b))"),
        # From the right: the whole is turned, each sign with it.
        ("((א)) < b [ג] ≥ 3", "3 ≤ [ג] b > ((א))"),
        ("no turning (a) < b", None),
    ],
)
def test_signs_are_turned_with_their_text(text: str, seen: str | None) -> None:
    """What is smaller stays smaller, and what is enclosed stays enclosed (UAX 9, L4)."""
    assert turned(face("DejaVuSans"), text) == seen


HEAD = "<thead><tr><th>t</th></tr></thead>"
ROW = "<tbody><tr>%s</tr></tbody>"
WIDE = ROW % "<td colspan='1000000' rowspan='99999'>c</td>"
TALL = ROW % f"<td>{'a<br/>' * 2000}b</td>"
HEADS = "<tr><th>t</th></tr>" * 300
HOSTILE = {
    "a word of a hundred thousand letters": "m" * 100_000,
    "lists within lists": "<list><item>a" * 30 + "</item></list>" * 30,
    "tables within tables": "<table><tbody><tr><td>a" * 20 + "</td></tr></tbody></table>" * 20,
    "a table of two hundred columns": f"<table><tbody><tr>{'<td>c</td>' * 200}</tr></tbody></table>",
    "a cell that spans a million": f"<table>{WIDE}</table>",
    "a cell of many pages": f"<table>{HEAD}{TALL}</table>",
    "a head of many pages": f"<table><thead>{HEADS}</thead>{TALL}</table>",
    "nothing in a table": "<table><tbody><tr/></tbody></table><table/>",
    "spans that are no numbers": "<table><tbody><tr><td colspan='-1' rowspan='x'>c</td></tr></tbody></table>",
    "elements of no standard": "<script>x()</script><style>y</style><unknown>z</unknown>",
    "two thousand paragraphs": "<paragraph>p</paragraph>" * 2_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_narrative_breaks_the_paper(name: str) -> None:
    """Every letter comes out, on pages that are whole."""
    given = HOSTILE[name]
    letters = [re.sub(r"\s", "", text) for text in etree.fromstring(f"<t>{given}</t>").itertext()]
    content = cda(given)
    made = paper(copy([Content(document=document(content, title="T"), content=content)]))
    printed = "".join(pages(made)[2:])
    for letter in {text[0] for text in letters if text}:
        # The head of a table is drawn again on each page, and other letters stand elsewhere as well.
        assert printed.count(letter) >= sum(text.count(letter) for text in letters)


def test_entities_and_too_deep_documents_are_refused_whole() -> None:
    """What the deposit would have refused is not copied either."""
    bomb = b'<!DOCTYPE d [<!ENTITY a "aaaa">]>' + cda("un").partition(b"?>")[2]
    deep = cda("<content>" * 200 + "</content>" * 200)
    for content in (bomb, deep, b"no XML", b""):
        target = BytesIO()
        with pytest.raises(CannotCopyError) as refused:
            write_paper(copy([Content(document=document(content), content=content)]), target, quiet)
        assert refused.value.reason is Reason.INVALID
        assert target.getvalue() == b""


def test_the_same_copy_has_the_same_bytes() -> None:
    """On paper too."""
    given = contents(TABLE, LIST, "محمد")
    assert paper(copy(given)) == paper(copy(given))


def test_an_empty_record_has_a_cover() -> None:
    """And says that there is nothing to copy."""
    made = pages(paper(copy([])))
    assert len(made) == 1
    assert "aucun document" in made[0]
    assert "page 1 sur 1" in made[0]


def test_tables_are_read_as_they_stand() -> None:
    """Caption, head and spans."""
    assert read_narrative(cda(TABLE))[1] == Table(
        "Analyses",
        read_narrative(cda(TABLE))[1].rows,  # type: ignore[union-attr]
        1,
    )
    assert read_narrative(cda("  a\n b  <br/> c "))[1] == Paragraph("a b\nc")


def test_a_long_head_takes_no_longer_than_its_rows() -> None:
    """One deposit must not keep the patient's copy from being made in its time."""
    rows = "".join(f"<tr><td>{number}</td></tr>" for number in range(3000))
    head, body = (f"<table><{part}>{rows}</{part}></table>" for part in ("thead", "tbody"))
    taken = []
    for narrative in (body, head, head.replace("</table>", f"<tbody>{rows}</tbody></table>")):
        began = time.perf_counter()
        paper(copy(contents(narrative)))
        taken.append(time.perf_counter() - began)
    plain, alone, both = taken
    assert alone < 4 * plain
    assert both < 8 * plain
