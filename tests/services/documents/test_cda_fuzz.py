"""The header reader on whatever comes: a header or a `CdaError`, never another exception."""

from contextlib import suppress
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.demo.french_cda import PS_ID_NAT, french_cda
from services.documents.cda import CdaError, read_header
from tests.services.documents.damaged_cda import NOW, VALID, with_value

FUZZ = settings(max_examples=250, deadline=timedelta(seconds=2), suppress_health_check=list(HealthCheck), database=None)
MARKUP = [
    b"<",
    b">",
    b'"',
    b"&",
    b"/>",
    b"]]>",
    b"<![CDATA[",
    b"<!--",
    b"<?x",
    b"&#0;",
    b"&lt;",
    b"\0",
    b"\xff\xfe",
    b"<a>",
]
MEANING = [
    b"<id/>",
    b"<!DOCTYPE a>",
    b' nullFlavor="NI"',
    b' root="1.2.250.1.213.1.4.8"',
    b"<recordTarget/>",
    b"9" * 14,
]
PIECES = st.one_of(
    st.binary(max_size=12),
    st.text(max_size=8).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from(MARKUP + MEANING),
)
WORDS = st.text(st.characters(codec="utf-8"), max_size=80)
Cut = tuple[int, int, bytes]
CUTS = st.lists(st.tuples(st.integers(0, len(VALID)), st.integers(0, 40), PIECES), min_size=1, max_size=4)


def mutated(cuts: list[Cut]) -> bytes:
    """Replace pieces of the valid document."""
    content = VALID
    for start, length, piece in cuts:
        content = content[:start] + piece + content[start + length :]
    return content


def held(content: bytes) -> None:
    """Read, and let only the one promised error pass."""
    with suppress(CdaError):
        header = read_header(content, NOW)
        assert header.patient.value
        assert header.author.value
        assert header.effective_time <= NOW + timedelta(days=1)


@FUZZ
@given(CUTS)
def test_a_damaged_document_is_read_or_refused(cuts: list[Cut]) -> None:
    """Whatever happens to the bytes of a document, there is a header or a `CdaError`."""
    held(mutated(cuts))


@FUZZ
@given(
    st.binary(max_size=400), st.sampled_from([b"", b"<?xml version='1.0'?>", VALID[:300], b"\xef\xbb\xbf", b"\xfe\xff"])
)
def test_any_bytes_are_read_or_refused(content: bytes, start: bytes) -> None:
    """Whatever the bytes, there is a header or a `CdaError`."""
    held(start + content)


@FUZZ
@given(st.sampled_from(["effectiveTime", "versionNumber"]), st.text("0123456789+-.TZ \u0663", max_size=24))
def test_any_time_or_version_is_read_or_refused(tag: str, value: str) -> None:
    """No figure overflows anything."""
    held(with_value(tag, value))


@FUZZ
@given(WORDS, WORDS, WORDS)
def test_any_words_in_the_right_places_are_read_or_refused(title: str, value: str, system: str) -> None:
    """Every Unicode text may stand in a title or an identifier."""
    held(french_cda(title=title, patient=(system, value), author=(PS_ID_NAT, value), structure=(system, value)))
