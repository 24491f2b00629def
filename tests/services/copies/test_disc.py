"""A copy on disc is read back by the standard alone, and holds exactly what was given."""

import os
import shutil
import subprocess
import time
from dataclasses import replace
from hashlib import sha1
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from services.copies.errors import CannotCopyError, Reason
from services.copies.model import Author, Content, Holder, Identifier
from tests.services.copies import ecma119
from tests.services.copies.papers import AT, HOLDER, cda, contents, copy, disc, document

RIM = "{urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0}"
SUBSET = "IHE_XDM/SUBSET01/"
HOSTILE = '"><script>alert(1)</script>&amp;^|~\\ <b>gras</b> \u202e محمد 中文 ]]>'


class Seen(HTMLParser):
    """What a browser would see of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def slots(entry: Any) -> dict[str, str]:
    return {slot.get("name"): slot.findtext(f".//{RIM}Value") for slot in entry.findall(f"{RIM}Slot")}


def metadata(files: dict[str, bytes]) -> Any:
    return etree.fromstring(files[f"{SUBSET}METADATA.XML"])


def test_every_document_is_on_the_disc_as_it_was_deposited() -> None:
    """Bytes, size and SHA-1 of each are those of the metadata, beside the files of the layout and no others."""
    items = contents("un", "deux", "trois")
    files = ecma119.read(disc(copy(items))).files
    named = {f"{SUBSET}DOC{number:05d}.XML": item.content for number, item in enumerate(items, 1)}
    assert set(files) == {"README.TXT", "INDEX.HTM", f"{SUBSET}METADATA.XML", *named}
    entries = metadata(files).findall(f".//{RIM}ExtrinsicObject")
    told = [slots(entry) for entry in entries]
    assert [files[SUBSET + slot["URI"]] for slot in told] == list(named.values())
    assert [slot["hash"] for slot in told] == [sha1(item.content, usedforsecurity=False).hexdigest() for item in items]
    assert [slot["size"] for slot in told] == [str(len(item.content)) for item in items]


def test_the_metadata_are_a_submission_set_of_document_entries() -> None:
    """Identifiers are XDS's, every entry is a member of the one set, and everything is of the patient."""
    files = ecma119.read(disc(copy(contents("un", "deux")))).files
    root = metadata(files)
    assert root.tag == "{urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0}SubmitObjectsRequest"
    values = {
        (item.find(f"{RIM}Name/{RIM}LocalizedString").get("value"), item.get("value"))
        for item in root.iter(f"{RIM}ExternalIdentifier")
    }
    patient = "284037599900117^^^&1.2.250.1.213.1.4.10&ISO"
    assert {value for name, value in values if name.endswith("patientId")} == {patient}
    assert {value for name, value in values if name == "XDSDocumentEntry.uniqueId"} == {"1.2.3^1", "1.2.3^2"}
    assert {value for name, value in values if name == "XDSSubmissionSet.sourceId"} == {"1.2.250.1.999.1"}
    entries = [entry.get("id") for entry in root.iter(f"{RIM}ExtrinsicObject")]
    members = [one for one in root.iter(f"{RIM}Association") if one.get("sourceObject") == "submission-set"]
    assert [one.get("targetObject") for one in members] == entries
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))


def test_the_same_copy_has_the_same_bytes_everywhere_and_always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the clock nor the time zone of the machine is in it; the copy's own moment is."""
    first = disc(copy(contents("un", "deux")))
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    monkeypatch.setattr(time, "time", lambda: 4_000_000_000.0)
    try:
        assert disc(copy(contents("un", "deux"))) == first
    finally:
        monkeypatch.undo()
        time.tzset()
    volume = ecma119.read(first)
    assert volume.record_dates == {bytes((AT.year - 1900, AT.month, AT.day, AT.hour, AT.minute, AT.second, 0))}
    assert volume.dates[0] == b"2026112622300500\0"


def test_what_documents_say_of_themselves_is_data() -> None:
    """Titles and names run nothing in a browser, break no metadata and are not lost."""
    content = cda("un")
    author = Author(id=Identifier(system="1.2.3", value="8100"), name=HOSTILE)
    item = Content(document=document(content, title=HOSTILE, author=author), content=content)
    files = ecma119.read(disc(copy([item], holder=Holder(ins=HOLDER.ins, name=HOSTILE)))).files
    page = Seen()
    page.feed(files["INDEX.HTM"].decode())
    assert "script" not in {tag for tag, _ in page.tags}
    assert HOSTILE in page.words
    name = metadata(files).find(f".//{RIM}ExtrinsicObject/{RIM}Name/{RIM}LocalizedString").get("value")
    assert name == HOSTILE
    person = metadata(files).find(f".//{RIM}Slot[@name='authorPerson']").findtext(f".//{RIM}Value")
    assert person.count("^") == len("8100^^^^^^^^^".replace("8100", "")) - 1
    assert person.endswith("&1.2.3&ISO")


def test_a_document_may_be_named_by_a_uuid() -> None:
    """As CDA allows (HL7 V3 data types, II), and not by anything else."""
    content = cda("un")
    for root, held in (("D0C8F3A2-0000-4000-8000-0123456789ab", True), ("1.2.3^x", True), ("x^1", False)):
        item = Content(document=replace(document(content), unique_id=root), content=content)
        if held:
            assert len(ecma119.read(disc(copy([item]))).files) == 4
        else:
            with pytest.raises(CannotCopyError) as refused:
                disc(copy([item]))
            assert refused.value.reason is Reason.INVALID


def test_an_archived_document_is_told_as_one() -> None:
    """By the status that the French record adds to XDS's own."""
    content = cda("un")
    items = [
        Content(document=replace(document(content, number), archived=archived), content=content)
        for number, archived in enumerate((False, True), 1)
    ]
    files = ecma119.read(disc(copy(items))).files
    told = [entry.get("status") for entry in metadata(files).iter(f"{RIM}ExtrinsicObject")]
    assert told == ["urn:oasis:names:tc:ebxml-regrep:StatusType:Approved", "urn:asip:ci-sis:2010:StatusType:Archived"]
    assert "Archivé" in files["INDEX.HTM"].decode()


def test_the_index_stands_alone_and_can_be_read_aloud() -> None:
    """It says its language, heads its columns and rows, loads nothing, and links to files that are there."""
    files = ecma119.read(disc(copy(contents("un", "deux")))).files
    page = Seen()
    page.feed(files["INDEX.HTM"].decode())
    tags = [tag for tag, _ in page.tags]
    # XHTML is XML (ITI TF-2, 3.32.4.1.2.2).
    parsed = etree.fromstring(files["INDEX.HTM"], etree.XMLParser(no_network=True))
    assert parsed.get("lang") == "fr"
    assert tags.count("h1") == 1
    assert {given.get("scope") for tag, given in page.tags if tag == "th"} == {"col", "row"}
    assert not {"script", "img", "link", "iframe"} & set(tags)
    links = [given["href"] for tag, given in page.tags if tag == "a"]
    assert len(links) == 2
    assert set(links) <= set(files)
    assert files["README.TXT"].decode("utf-8-sig").count("\r\n") == files["README.TXT"].count(b"\n")


def test_an_empty_record_has_a_disc() -> None:
    """Nothing to copy is a copy of nothing."""
    files = ecma119.read(disc(copy([]))).files
    assert set(files) == {"README.TXT", "INDEX.HTM", f"{SUBSET}METADATA.XML"}
    assert "Aucun document" in files["INDEX.HTM"].decode()


def test_a_folder_of_many_sectors_is_whole() -> None:
    """More documents than one sector of a directory lists."""
    items = contents(*map(str, range(150)))
    files = ecma119.read(disc(copy(items))).files
    assert sorted(files[name] for name in files if "DOC" in name) == sorted(item.content for item in items)


@pytest.mark.skipif(shutil.which("isoinfo") is None, reason="isoinfo is not installed")
def test_isoinfo_reads_it(tmp_path: Path) -> None:
    """Another program finds the same files."""
    image = tmp_path / "copy.iso"
    image.write_bytes(disc(copy(contents("un"))))
    told = subprocess.run(["isoinfo", "-f", "-i", image], check=True, capture_output=True, text=True).stdout
    assert "/IHE_XDM/SUBSET01/DOC00001.XML;1" in told


@pytest.mark.skipif(shutil.which("xorriso") is None, reason="xorriso is not installed")
def test_xorriso_reads_it(tmp_path: Path) -> None:
    """Another program takes a document out as it was put in."""
    image, out = tmp_path / "copy.iso", tmp_path / "out.xml"
    items = contents("un")
    image.write_bytes(disc(copy(items)))
    place = "/IHE_XDM/SUBSET01/DOC00001.XML"
    told: list[str | Path] = ["xorriso", "-osirrox", "on", "-indev", image, "-extract", place, out]
    subprocess.run(told, check=True, capture_output=True, env={**os.environ, "LC_ALL": "C"})
    assert out.read_bytes() == items[0].content
