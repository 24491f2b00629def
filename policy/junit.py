"""Writes a run of the test tables as JUnit XML: a suite for each file, a test case for each table of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from policy.casebook import Failure, Report
from policy.errors import Place

Figure = tuple[str, str, bool]
"""What was measured, how much of it was reached, and whether that is enough."""


def junit(report: Report, figures: Iterable[Figure]) -> bytes:
    """The XML, UTF-8; what was measured over all tables is a last suite, `figures`.

    Of the de facto schema (Jenkins, junit-10.xsd), without the times: the rules know no clock.
    """
    tables: dict[str, dict[tuple[Place, str], list[Failure]]] = defaultdict(dict)
    for asked in report.asked:
        tables[asked.place.file].setdefault((asked.place, asked.table), [])
    for failure in report.failures:
        tables[failure.place.file][failure.place, failure.table].append(failure)
    root = Element("testsuites", name="dmp rules test")
    for file, found in tables.items():
        suite = _suite(root, file, len(found), sum(bool(failures) for failures in found.values()))
        for (place, name), failures in found.items():
            table = SubElement(suite, "testcase", classname=file, name=_clean(f"{place.line}: {name}"))
            if failures:
                _fail(table, f"{len(failures)} case(s) do not hold", map(_told, failures))
    measured = list(figures)
    suite = _suite(root, "figures", len(measured), sum(not held for _, _, held in measured))
    for name, value, held in measured:
        figure = SubElement(suite, "testcase", classname="figures", name=name)
        if not held:
            _fail(figure, value, (value,))
    indent(root)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def _suite(root: Element, name: str, tests: int, failures: int) -> Element:
    counts = {"name": name, "tests": str(tests), "failures": str(failures), "errors": "0", "skipped": "0"}
    return SubElement(root, "testsuite", counts)


def _fail(case: Element, message: str, lines: Iterable[str]) -> None:
    SubElement(case, "failure", message=_clean(message), type="rules").text = _clean("\n".join(lines))


def _told(failure: Failure) -> str:
    return f"{failure.place} {failure.case}: expected {failure.expected}, got {failure.got}"


def _clean(text: str) -> str:
    """The text without the characters that XML 1.0 cannot hold."""
    return "".join(character if character in "\t\n" or character >= " " else "\ufffd" for character in text)
