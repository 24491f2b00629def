"""The valid document of the tests, and ways to damage it in one place."""

from datetime import UTC, datetime

from lxml import etree

from services.demo.french_cda import french_cda

NOW = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
VALID = french_cda()


def changed(old: str, new: str, count: int = 1) -> bytes:
    """Change a part of the valid document, which must be there."""
    assert old.encode() in VALID
    return VALID.replace(old.encode(), new.encode(), count)


def without(*path: str) -> bytes:
    """Take an element out of the valid document."""
    root = etree.fromstring(VALID)
    found = root.find("/".join(f"{{urn:hl7-org:v3}}{name}" for name in path))
    assert found is not None
    parent = found.getparent()
    assert parent is not None
    parent.remove(found)
    return etree.tostring(root)


def with_body(inner: str) -> bytes:
    """Put something after the header of the valid document."""
    return changed("</ClinicalDocument>", f"{inner}</ClinicalDocument>")


def with_value(tag: str, value: str) -> bytes:
    """Give an element of the valid header another value."""
    return changed({"effectiveTime": '"20260302093000+0000"', "versionNumber": '"1"'}[tag], f'"{value}"')
