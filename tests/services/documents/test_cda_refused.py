"""The header reader: every bad document is refused with its field and its reason, in time, and nothing is quoted."""

import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from time import process_time
from traceback import format_exception_only

import pytest

from services.cda import xml as cda_xml
from services.cda.error import Reason
from services.cda.xml import MAX_DEPTH
from services.demo.french_cda import (
    ALICE,
    DOCTOR,
    INS_NIR_TEST,
    PS_ID_NAT,
    STRUCT_ID_NAT,
    french_cda,
    ins,
)
from services.documents.cda import MAX_BYTES, CdaError, read_header
from tests.services.documents.damaged_cda import NOW, VALID, changed, with_body, with_value, without

PATIENT = "content.recordTarget.patientRole.id"
AUTHOR = "content.author.assignedAuthor.id"
CUSTODIAN = "content.custodian.assignedCustodian.representedCustodianOrganization"


def refusal(content: bytes) -> tuple[str, str]:
    """Read a document that must be refused, and give the field and the reason."""
    with pytest.raises(CdaError) as caught:
        read_header(content, NOW)
    return caught.value.field, caught.value.reason


LAUGHS = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
BILLION = f'<!DOCTYPE d [<!ENTITY l0 "ha">{LAUGHS}]><ClinicalDocument xmlns="urn:hl7-org:v3">&l9;</ClinicalDocument>'
QUADRATIC = f'<!DOCTYPE d [<!ENTITY a "{"a" * 100_000}">]><d>{"&a;" * 30_000}</d>'
ATTRIBUTE = '<!DOCTYPE d [<!ENTITY a "{}">]><ClinicalDocument xmlns="urn:hl7-org:v3" a="&a;"/>'.format("a" * 1000)
EXTERNAL = '<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]><d xmlns="urn:hl7-org:v3">&a;</d>'
LATIN = VALID.decode().replace("UTF-8", "ISO-8859-1").encode("latin-1")

WHOLE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "CDA_MISSING"),
    "white space": (b" \n ", "CDA_NOT_XML"),
    "text": (b"bonjour", "CDA_NOT_XML"),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "CDA_ENCODING"),
    "JSON": (b'{"id": 1}', "CDA_NOT_XML"),
    "truncated": (VALID[: len(VALID) // 2], "CDA_NOT_XML"),
    "all but its last byte": (VALID.rstrip()[:-1], "CDA_NOT_XML"),
    "something after the end": (VALID + b"<a/>", "CDA_NOT_XML"),
    "two documents": (VALID + VALID, "CDA_NOT_XML"),
    "undeclared entity": (changed("Compte", "&nbsp;"), "CDA_NOT_XML"),
    "undeclared entity in an attribute": (changed('value="1"', 'value="&one;"'), "CDA_NOT_XML"),
    "control character": (changed("Compte", "\x08"), "CDA_NOT_XML"),
    "control character by reference": (changed("Compte", "&#8;"), "CDA_NOT_XML"),
    "attribute given twice": (changed('value="1"', 'value="1" value="2"'), "CDA_NOT_XML"),
    "undeclared prefix": (changed("<title>", "<x:title>"), "CDA_NOT_XML"),
    "DOCTYPE": (
        VALID.replace(b"<ClinicalDocument ", b"<!DOCTYPE ClinicalDocument><ClinicalDocument ", 1),
        "CDA_DOCTYPE",
    ),
    "DOCTYPE after comments": (
        b"\xef\xbb\xbf<?xml version='1.0'?> <!-- a --><?b c?>\r\n<!DOCTYPE d><d/>",
        "CDA_DOCTYPE",
    ),
    "DOCTYPE of a URL": (b'<!DOCTYPE d SYSTEM "http://127.0.0.1:9/d.dtd"><d/>', "CDA_DOCTYPE"),
    "DOCTYPE and nothing else": (b"<!DOCTYPE", "CDA_DOCTYPE"),
    "external entity": (EXTERNAL.encode(), "CDA_DOCTYPE"),
    "parameter entity": (b'<!DOCTYPE d [<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;]><d/>', "CDA_DOCTYPE"),
    "entity in an attribute": (ATTRIBUTE.encode(), "CDA_DOCTYPE"),
    "billion laughs": (BILLION.encode(), "CDA_DOCTYPE"),
    "quadratic blow-up": (QUADRATIC.encode(), "CDA_DOCTYPE"),
    "UTF-16 with DOCTYPE": (BILLION.encode("utf-16"), "CDA_ENCODING"),
    "UTF-16 without mark": (BILLION.encode("utf-16-le"), "CDA_ENCODING"),
    "UTF-32": (VALID.decode().encode("utf-32"), "CDA_ENCODING"),
    "EBCDIC": (VALID.decode().encode("cp500", "replace"), "CDA_ENCODING"),
    "Latin-1": (LATIN, "CDA_ENCODING"),
    "UTF-7 declared": (changed("UTF-8", "UTF-7"), "CDA_ENCODING"),
    "UTF-7 DOCTYPE": (b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE d>', "CDA_ENCODING"),
    "UTF-7 declared after a byte order mark": (b"\xef\xbb\xbf" + changed("UTF-8", "UTF-7"), "CDA_ENCODING"),
    "UTF-16 declared": (changed("UTF-8", "UTF-16"), "CDA_ENCODING"),
    "unknown encoding declared": (changed("UTF-8", "x-none"), "CDA_ENCODING"),
    "null byte": (changed("Compte", "Com\0pte"), "CDA_ENCODING"),
    "null byte at the end": (VALID + b"\0", "CDA_ENCODING"),
    "overlong UTF-8": (VALID.replace(b"Compte", b"\xc0\xbcCompte"), "CDA_ENCODING"),
    "one byte too many": (VALID + b" " * (MAX_BYTES + 1 - len(VALID)), "CDA_TOO_LARGE"),
    "10,000 levels": (with_body("<a>" * 10_000 + "</a>" * 10_000), "CDA_TOO_DEEP"),
    "10,000 levels never closed": (with_body("<a>" * 10_000), "CDA_TOO_DEEP"),
    "one level too many": (with_body("<a>" * MAX_DEPTH + "</a>" * MAX_DEPTH), "CDA_TOO_DEEP"),
    "no namespace": (VALID.replace(b' xmlns="urn:hl7-org:v3"', b""), "CDA_NOT_CDA"),
    "wrong namespace": (VALID.replace(b'"urn:hl7-org:v3"', b'"urn:hl7-org:v2"'), "CDA_NOT_CDA"),
    "another root element": (VALID.replace(b"ClinicalDocument", b"Bundle"), "CDA_NOT_CDA"),
    "wrapped": (b'<a xmlns="urn:hl7-org:v3">' + VALID.partition(b"?>\n")[2] + b"</a>", "CDA_NOT_CDA"),
}


@pytest.mark.parametrize("name", WHOLE)
def test_what_is_no_clinical_document_is_refused_at_once(name: str) -> None:
    """Not XML, not safe or not CDA: the whole content is the field, and no bomb takes a second."""
    content, reason = WHOLE[name]
    start = process_time()
    assert refusal(content) == ("content", reason)
    assert process_time() - start < 1


def test_the_parser_refuses_the_doctype_that_the_expression_would_miss(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entities do not depend on one expression."""
    monkeypatch.setattr(cda_xml, "_DOCTYPE", re.compile(b"(?!)"))
    assert refusal(WHOLE["DOCTYPE"][0]) == ("content", "CDA_DOCTYPE")
    assert refusal(WHOLE["entity in an attribute"][0]) == ("content", "CDA_DOCTYPE")


def test_the_largest_document_and_the_deepest_are_read() -> None:
    """The bounds themselves are inside."""
    deepest = "<a>" * (MAX_DEPTH - 1) + "</a>" * (MAX_DEPTH - 1)
    assert read_header(VALID + b" " * (MAX_BYTES - len(VALID)), NOW) == read_header(with_body(deepest), NOW)


MISSING: dict[str, tuple[str, ...]] = {
    f"content.{'.'.join(path)}": path
    for path in (
        ("id",),
        ("code",),
        ("title",),
        ("effectiveTime",),
        ("confidentialityCode",),
        ("languageCode",),
        ("recordTarget",),
        ("recordTarget", "patientRole"),
        ("author",),
        ("author", "assignedAuthor"),
        ("author", "assignedAuthor", "id"),
        ("custodian",),
        ("custodian", "assignedCustodian"),
        ("custodian", "assignedCustodian", "representedCustodianOrganization"),
        ("custodian", "assignedCustodian", "representedCustodianOrganization", "id"),
    )
}


@pytest.mark.parametrize("field", MISSING)
def test_every_required_element_is_missed_by_its_name(field: str) -> None:
    """The depositor learns which element is not there."""
    assert refusal(without(*MISSING[field])) == (field, "CDA_MISSING")


@pytest.mark.parametrize("tag", ["id", "code", "title", "effectiveTime", "confidentialityCode", "languageCode"])
def test_a_null_flavor_is_a_missing_value(tag: str) -> None:
    """An element that says `unknown` says nothing."""
    assert refusal(changed(f"<{tag}", f'<{tag} nullFlavor="UNK"')) == (f"content.{tag}", "CDA_MISSING")


def patient_ids(*ids: str) -> bytes:
    """Replace the INS by these elements; the local number stays."""
    return changed(f'<id root="{ALICE[0]}" extension="{ALICE[1]}"/>', "".join(ids))


SECOND_PATIENT = "<recordTarget><patientRole/></recordTarget><recordTarget>"
OTHER_INS = ins("1800375999002")
TWICE = f'<id root="{PS_ID_NAT}" extension="8999"/><id root="{PS_ID_NAT}"'
DEVICES = b'<author><assignedAuthor><id nullFlavor="NI"/></assignedAuthor></author><author>'

FIELDS: dict[str, tuple[bytes, str, str]] = {
    "id without root": (changed('<id root="2.16.840.1.113883.19.5.1"', "<id"), "content.id", "CDA_MISSING"),
    "id of an empty extension": (changed('extension="2026000001"', 'extension=""'), "content.id", "CDA_MISSING"),
    "id that is no OID": (french_cda(unique_id="DOC^1"), "content.id", "CDA_VALUE"),
    "id of leading zeros": (french_cda(unique_id="1.02.3^1"), "content.id", "CDA_VALUE"),
    "id of a long OID": (french_cda(unique_id="1" + ".1" * 32), "content.id", "CDA_VALUE"),
    "id of a long extension": (french_cda(unique_id="1.2^" + "9" * 65), "content.id", "CDA_VALUE"),
    "id with white space": (changed('"2026000001"', '"2026&#10;0001"'), "content.id", "CDA_VALUE"),
    "id of wide digits": (changed('"2026000001"', '"\uff12\uff10"'), "content.id", "CDA_VALUE"),
    "two ids": (changed("<id ", '<id root="1.2.3"/><id '), "content.id", "CDA_SEVERAL"),
    "two types": (changed("<code ", '<code code="a"/><code '), "content.code", "CDA_SEVERAL"),
    "empty type": (french_cda(type_code=""), "content.code", "CDA_MISSING"),
    "type of SNOMED CT": (french_cda(type_system="2.16.840.1.113883.6.96"), "content.code", "CDA_CODE_SYSTEM"),
    "type of no system": (french_cda(type_system=""), "content.code", "CDA_CODE_SYSTEM"),
    "empty title": (french_cda(title=" "), "content.title", "CDA_MISSING"),
    "long title": (french_cda(title="a" * 257), "content.title", "CDA_VALUE"),
    "title that turns around": (french_cda(title="Compte \u202erendu"), "content.title", "CDA_VALUE"),
    "title with a C1 control": (french_cda(title="Compte \u009brendu"), "content.title", "CDA_VALUE"),
    "title by a reference to DEL": (changed("Compte", "&#127;"), "content.title", "CDA_VALUE"),
    "two titles": (changed("<title>", "<title>a</title><title>"), "content.title", "CDA_SEVERAL"),
    "unknown confidentiality list": (changed(".5.25", ".5.26"), "content.confidentialityCode", "CDA_CODE_SYSTEM"),
    "empty confidentiality": (french_cda(confidentiality=""), "content.confidentialityCode", "CDA_MISSING"),
    "two confidentialities": (
        changed("<confidentialityCode", '<confidentialityCode code="R"/><confidentialityCode'),
        "content.confidentialityCode",
        "CDA_SEVERAL",
    ),
    "empty language": (changed('"fr-FR"', '""'), "content.languageCode", "CDA_MISSING"),
    "set that is no OID": (changed("<setId root=", '<setId root="x" roof='), "content.setId", "CDA_VALUE"),
    "version 0": (with_value("versionNumber", "0"), "content.versionNumber", "CDA_VALUE"),
    "version 1.5": (with_value("versionNumber", "1.5"), "content.versionNumber", "CDA_VALUE"),
    "version of 5,000 digits": (with_value("versionNumber", "9" * 5000), "content.versionNumber", "CDA_VALUE"),
    "two patients": (changed("<recordTarget>", SECOND_PATIENT), "content.recordTarget", "CDA_SEVERAL"),
    "two INS": (
        patient_ids(*(f'<id root="{INS_NIR_TEST}" extension="{value}"/>' for value in (ALICE[1], OTHER_INS))),
        PATIENT,
        "CDA_SEVERAL",
    ),
    "two INS of two kinds": (
        patient_ids(*(f'<id root="1.2.250.1.213.1.4.{kind}" extension="{ALICE[1]}"/>' for kind in (8, 10))),
        PATIENT,
        "CDA_SEVERAL",
    ),
    "local number only": (patient_ids(), PATIENT, "CDA_ROOT"),
    "patient of a nullFlavor": (
        changed(f'<id root="{ALICE[0]}" extension', f'<id nullFlavor="UNK" root="{ALICE[0]}" extension'),
        PATIENT,
        "CDA_ROOT",
    ),
    "INS without a value": (patient_ids(f'<id root="{INS_NIR_TEST}"/>'), PATIENT, "CDA_MISSING"),
    "INS with spaces": (french_cda(patient=(INS_NIR_TEST, "2 84 03")), PATIENT, "CDA_VALUE"),
    "patient under a professional's root": (french_cda(patient=DOCTOR), PATIENT, "CDA_ROOT"),
    "author under a foreign root": (french_cda(author=("2.16.840.1.113883.4.6", "9")), AUTHOR, "CDA_ROOT"),
    "author without a value": (french_cda(author=(PS_ID_NAT, "")), AUTHOR, "CDA_MISSING"),
    "author who is two": (changed(f'<id root="{PS_ID_NAT}"', TWICE), AUTHOR, "CDA_SEVERAL"),
    "device, then author under a foreign root": (
        french_cda(author=("2.16.840.1.113883.4.6", "9")).replace(b"<author>", DEVICES),
        AUTHOR,
        "CDA_ROOT",
    ),
    "author after author": (changed("<author>", "<author/>" * 101 + "<author>"), "content.author", "CDA_SEVERAL"),
    "two custodians": (changed("<custodian>", "<custodian/><custodian>"), "content.custodian", "CDA_SEVERAL"),
    "custodian of no OID": (french_cda(custodian=("x", "1")), f"{CUSTODIAN}.id", "CDA_VALUE"),
    "two structures": (
        changed(f'<id root="{STRUCT_ID_NAT}"', TWICE.replace(PS_ID_NAT, STRUCT_ID_NAT)),
        "content.author.assignedAuthor.representedOrganization.id",
        "CDA_SEVERAL",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_that_is_wrong_is_named(name: str) -> None:
    """The depositor learns which field is wrong, and how."""
    content, field, reason = FIELDS[name]
    assert refusal(content) == (field, reason)


BAD_DATES = """0001 00010101 000101010000+1400 9999 99991231 99991231235959-1400 18991231 2026 202603 20261301 20260001
    20260230 20250229 20260100 2026011524 202601151260 20260115123060 2026011512305 20260115+1500 20260115+0060
    20260115+1 20260115T10:00 2026-01-15 20260115083059. 20260115083059.1234567 20260305 20260304120001+0000 -0260115
    +2026011 1e10 NaN null 20260115Z"""


@pytest.mark.parametrize("value", BAD_DATES.split())
def test_a_date_that_is_no_date_or_absurd_is_refused(value: str) -> None:
    """Year 1, year 9999, month 13, the day after tomorrow: none of them reaches a rule."""
    assert refusal(with_value("effectiveTime", value)) == ("content.effectiveTime", "CDA_DATE")


@pytest.mark.parametrize("zero", ["\u0660", "\uff10"])
def test_a_date_in_other_digits_is_refused(zero: str) -> None:
    """Arabic and wide digits are digits for Python, and none for HL7."""
    value = "20260115".translate({48 + digit: ord(zero) + digit for digit in range(10)})
    assert refusal(with_value("effectiveTime", value)) == ("content.effectiveTime", "CDA_VALUE")


def test_a_date_is_bounded_by_the_moment_given_and_not_by_a_clock() -> None:
    """The same document is read from one day before its time on."""
    east = timezone(timedelta(hours=11))
    assert read_header(VALID, datetime(2026, 3, 1, 20, 30, tzinfo=east)) == read_header(VALID, NOW)
    with pytest.raises(CdaError, match="in the future"):
        read_header(VALID, datetime(2026, 3, 1, 20, 29, 59, tzinfo=east))


SECRET = "Zorglub4711"
TELLTALE = [
    french_cda(patient=("1.2", SECRET)),
    french_cda(type_system=SECRET),
    french_cda(effective_time=SECRET),
    french_cda(unique_id=f"{SECRET}^1"),
    french_cda(title=f"{SECRET}\u202e"),
    french_cda(custodian=(SECRET, "1")),
    changed("<title>", f"<{SECRET}>"),
    changed("Compte", f"&{SECRET};"),
    changed("UTF-8", SECRET),
]


@pytest.mark.parametrize("content", TELLTALE)
def test_no_refusal_quotes_the_document(content: bytes) -> None:
    """The error goes to logs and callers who may not know whose document it is."""
    with pytest.raises(CdaError) as caught:
        read_header(content, NOW)
    assert SECRET not in f"{caught.value!r} {''.join(format_exception_only(caught.value))}"
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_reasons_are_words_for_error_info() -> None:
    """`google.rpc.ErrorInfo.reason` is at most 63 characters of UPPER_SNAKE."""
    assert all(reason.isupper() and reason.startswith("CDA_") and len(reason) < 64 for reason in Reason)


def resident() -> int:
    """Give the bytes of memory that this process holds."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        pytest.skip("the memory of a process is read from /proc, which is not here")
    return int(statm.read_text().split()[1]) * 4096


def test_names_that_only_an_attacker_uses_are_forgotten() -> None:
    """Lxml keeps all names of a thread for ever; after 100 MB of them it refuses every document."""
    hostile = [with_body("".join(f"<n{k}x{i:020x}/>" for i in range(20_000))) for k in range(50)]
    # The first ones let the allocator take what it keeps for every thread.
    for content in hostile[:25]:
        read_header(content, NOW)
    before = resident()
    for content in hostile[25:]:
        read_header(content, NOW)
    assert resident() - before < 15_000_000
