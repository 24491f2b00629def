"""The header reader: every field of a French document is read, and what changes nothing changes nothing."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from lxml import etree

from services.demo.french_cda import (
    ALICE,
    DOCTOR,
    HOSPITAL,
    LOINC,
    PS_ID_NAT,
    TRE_A05,
    Pair,
    french_cda,
    ins,
)
from services.documents.cda import CdaError, CdaHeader, Identifier, read_header
from tests.services.documents.damaged_cda import NOW, VALID, changed, with_body, without

REAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "cda"
REAL_TYPES = {
    "CCD.xml": "34133-9",
    "Consultation_Note.xml": "11488-4",
    "Diagnostic_Imaging_Report.xml": "18748-4",
    "Discharge_Summary.xml": "34112-3",  # 18842-5 in the United States
    "Operative_Note.xml": "34874-8",  # 11504-8 in the United States
}


def test_every_field_of_the_header_is_read() -> None:
    """A plain French document gives all its facts, and nothing else."""
    expected = CdaHeader(
        unique_id="2.16.840.1.113883.19.5.1^2026000001",
        type_code="34112-3",
        type_system=LOINC,
        title="Compte rendu hospitalier",
        effective_time=datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
        confidentiality="N",
        language="fr-FR",
        set_id="2.16.840.1.113883.19.5.1^2026000001-serie",
        version=1,
        patient=Identifier(*ALICE),
        author=Identifier(*DOCTOR),
        author_structure=Identifier(*HOSPITAL),
        custodian=Identifier(*HOSPITAL),
        legal_authenticator=Identifier(*DOCTOR),
        practice_settings=("ETABLISSEMENT",),
    )
    assert expected == read_header(VALID, NOW)


def test_a_document_of_the_patient_has_an_ins_as_author_and_no_structure() -> None:
    """What the holder writes names him as patient, author and legal authenticator."""
    header = read_header(french_cda(type_code="EXPPAT_1", type_system=TRE_A05, author=ALICE, structure=None), NOW)
    people = (header.author, header.author_structure, header.legal_authenticator)
    assert (Identifier(*ALICE), None, Identifier(*ALICE)) == people
    assert (header.type_system, header.type_code) == (TRE_A05, "EXPPAT_1")


def test_a_document_of_a_system_has_its_structure_as_author() -> None:
    """An identified person beside it is the author all the same, whichever comes first (HAB-08, DOC-16)."""
    assert Identifier(*HOSPITAL) == read_header(french_cda(author=HOSPITAL, structure=None), NOW).author
    person = f'<author><assignedAuthor><id root="{PS_ID_NAT}" extension="8999"/></assignedAuthor></author>'
    both = french_cda(author=HOSPITAL).replace(b"</author>", f"</author>{person}".encode(), 1)
    assert Identifier(PS_ID_NAT, "8999") == read_header(both, NOW).author


@pytest.mark.parametrize(
    ("root", "expected"),
    [
        ("1.2.3.4", "1.2.3.4"),
        ("1.2.3.4^a.b-7", "1.2.3.4^a.b-7"),
        ("8FA485AB-C5FF-4313-9B3F-4E8FB541F5C5", "8FA485AB-C5FF-4313-9B3F-4E8FB541F5C5"),
    ],
)
def test_unique_id_is_written_as_xds_writes_it(root: str, expected: str) -> None:
    """A root alone identifies; an extension follows it after a circumflex."""
    assert expected == read_header(french_cda(unique_id=root), NOW).unique_id


@pytest.mark.parametrize("kind", [1, 2, 8, 9, 10, 11])
def test_every_kind_of_ins_is_a_patient(kind: int) -> None:
    """INS-A, INS-C, NIR, NIA, test and demonstration identities are read with their domain."""
    patient = (f"1.2.250.1.213.1.4.{kind}", ALICE[1])
    assert Identifier(*patient) == read_header(french_cda(patient=patient), NOW).patient


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("20260115", datetime(2026, 1, 14, 23, 0, tzinfo=UTC)),
        ("20250715", datetime(2025, 7, 14, 22, 0, tzinfo=UTC)),
        ("2026011508", datetime(2026, 1, 15, 7, 0, tzinfo=UTC)),
        ("202601150830", datetime(2026, 1, 15, 7, 30, tzinfo=UTC)),
        ("20260115083059", datetime(2026, 1, 15, 7, 30, 59, tzinfo=UTC)),
        ("20260115083059.1234", datetime(2026, 1, 15, 7, 30, 59, 123400, tzinfo=UTC)),
        ("202601150830-0500", datetime(2026, 1, 15, 13, 30, tzinfo=UTC)),
        ("20260115083059+0400", datetime(2026, 1, 15, 4, 30, 59, tzinfo=UTC)),
        ("20240229", datetime(2024, 2, 28, 23, 0, tzinfo=UTC)),
        ("19000102", datetime(1900, 1, 1, 23, 50, 39, tzinfo=UTC)),
        ("20260304120000+0000", NOW + timedelta(days=1)),
    ],
)
def test_times_are_read_with_their_offset_and_without_it_in_france(value: str, expected: datetime) -> None:
    """Nobody may read another instant than the author wrote."""
    read = read_header(french_cda(effective_time=value), NOW).effective_time
    assert expected == read
    assert read.utcoffset() is not None


OPTIONAL: list[tuple[bytes, str]] = [
    (without("setId"), "set_id"),
    (changed("<setId ", '<setId nullFlavor="NI" '), "set_id"),
    (without("versionNumber"), "version"),
    (without("legalAuthenticator"), "legal_authenticator"),
    (without("author", "assignedAuthor", "representedOrganization"), "author_structure"),
    (french_cda(structure=("1.2.3", "4")), "author_structure"),
]


@pytest.mark.parametrize(("content", "field"), OPTIONAL)
def test_what_is_optional_and_absent_is_none(content: bytes, field: str) -> None:
    """Absence is a fact, not a fault."""
    assert getattr(read_header(content, NOW), field) is None


def test_a_device_before_the_author_is_passed_over() -> None:
    """The software that assembled a document is not the person who wrote it."""
    device = '<author><assignedAuthor><id nullFlavor="NI"/><assignedAuthoringDevice/></assignedAuthor></author><author>'
    assert Identifier(*DOCTOR) == read_header(changed("<author>", device), NOW).author


def test_the_first_identified_author_is_the_author() -> None:
    """A second author does not displace the first."""
    second = f'<author><assignedAuthor><id root="{PS_ID_NAT}" extension="8999"/></assignedAuthor></author>'
    assert Identifier(*DOCTOR) == read_header(changed("</author>", f"</author>{second}"), NOW).author


def test_a_custodian_outside_the_national_registry_keeps_its_root() -> None:
    """A root alone is a whole HL7 identifier."""
    assert Identifier("1.2.3.4", "") == read_header(french_cda(custodian=("1.2.3.4", "")), NOW).custodian


def test_the_national_identifier_of_a_custodian_comes_first() -> None:
    """A hospital may add its own number."""
    own = '<representedCustodianOrganization><id root="1.2.3" extension="4"/>'
    header = read_header(changed("<representedCustodianOrganization>", own), NOW)
    assert Identifier(*HOSPITAL) == header.custodian


HARMLESS: dict[str, bytes] = {
    "byte order mark": b"\xef\xbb\xbf" + VALID,
    "single quotes and lower case": VALID.replace(b'"UTF-8"', b"'utf-8'"),
    "no declaration": VALID.partition(b"?>\n")[2],
    "the word DOCTYPE in the body": with_body("<component><text><![CDATA[<!DOCTYPE html>]]></text></component>"),
    "the word DOCTYPE in a comment": b"<!-- <!DOCTYPE a> -->" + VALID.partition(b"?>\n")[2],
    "a comment within the title": changed("hospitalier<", "hospi<!-- x -->talier<"),
    "white space in the title": changed("Compte rendu h", "\n Compte\t\u00a0rendu\u202fh"),
    "an instruction within the header": changed("<title>", "<?php exit(1) ?><title>"),
    "an inclusion": with_body('<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/passwd"/>'),
    "a schema elsewhere": changed(
        "<ClinicalDocument ", '<ClinicalDocument xsi:schemaLocation="a http://127.0.0.1:9/" '
    ),
    "a prefix for the namespace": changed("<realmCode", '<h:realmCode xmlns:h="urn:hl7-org:v3"'),
    "a decoy patient in the body": with_body("<component><recordTarget><patientRole/></recordTarget></component>"),
    "a decoy id of another namespace": changed("<id ", '<id xmlns="urn:other" root="9.9"/><id '),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_changes_nothing_is_read_as_if_it_were_not_there(name: str) -> None:
    """Comments, instructions, inclusions and strange but legal writing are inert."""
    assert read_header(VALID, NOW) == read_header(HARMLESS[name], NOW)


def real(name: str) -> bytes:
    """Read a real document where it is; it is not copied into the repository."""
    path = REAL / name
    if not path.exists():
        pytest.skip("the real documents (HL7 C-CDA examples, CC0) are not beside this checkout")
    return path.read_bytes()


@pytest.mark.parametrize("name", REAL_TYPES)
def test_a_real_foreign_document_is_refused_for_its_patient(name: str) -> None:
    """A US header is read as far as its patient, who has no INS."""
    with pytest.raises(CdaError) as caught:
        read_header(real(name), NOW)
    assert (caught.value.field, caught.value.reason) == ("content.recordTarget.patientRole.id", "CDA_ROOT")


@pytest.mark.parametrize("name", REAL_TYPES)
def test_a_real_body_under_a_french_header_is_read(name: str) -> None:
    """Bodies of real size and depth change nothing in what the header says."""
    original = etree.fromstring(real(name))
    component = original.find("{urn:hl7-org:v3}component")
    assert component is not None
    body = etree.tostring(component, with_tail=False)
    moment = datetime(2026, 2, 28, 17, 5, tzinfo=timezone(timedelta(hours=1)))
    unique_id = f"2.16.840.1.113883.19.5.1^{name}"
    kind = REAL_TYPES[name]
    header = read_header(
        french_cda(unique_id=unique_id, type_code=kind, title=f"Réel : {name}", effective_time=moment, body=body), NOW
    )
    what = (header.unique_id, header.type_code, header.type_system, header.title)
    assert (unique_id, kind, LOINC, f"Réel : {name}") == what
    assert (moment, Identifier(*ALICE), Identifier(*DOCTOR)) == (header.effective_time, header.patient, header.author)


@pytest.mark.parametrize(
    ("number", "whole"),
    [("2790351215189", "279035121518989"), ("2690549588157", "269054958815780"), ("2550814168025", "255081416802538")],
)
def test_the_key_of_an_ins_is_the_published_one(number: str, whole: str) -> None:
    """The first is the test identity of the CI-SIS examples, the others are widely printed examples of a NIR."""
    assert whole == ins(number)


@pytest.mark.parametrize(("number", "counted"), [("284032A999001", 2840319999001), ("284032B999001", 2840318999001)])
def test_the_key_of_a_corsican_ins_counts_its_letter_as_a_number(number: str, counted: int) -> None:
    """2A counts as 19, 2B as 18; number and key together are a multiple of 97."""
    whole = ins(number)
    assert whole.startswith(number)
    assert (counted + int(whole[13:])) % 97 == 0


def test_the_writer_accepts_every_name_that_a_person_may_have() -> None:
    """Quotes and ampersands are escaped."""
    name: Pair = ("O'Brien & <Fils>", 'Zoé "Zo"')
    assert Identifier(*ALICE) == read_header(french_cda(patient_name=name, author_name=name), NOW).patient
