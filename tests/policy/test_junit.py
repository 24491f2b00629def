"""The JUnit file is what readers of JUnit files take, and tells what did not hold."""

from __future__ import annotations

from pathlib import Path

from lxml import etree

from policy.casebook import Report, run
from policy.errors import FaultList
from policy.junit import junit
from policy.ruleset import load
from tests.policy.small_rules import table, written

# What the de facto schemas (of Ant, Jenkins and GitLab) all take: said in RELAX NG.
SCHEMA = etree.RelaxNG(
    etree.XML("""
<element name="testsuites" xmlns="http://relaxng.org/ns/structure/1.0"
    datatypeLibrary="http://www.w3.org/2001/XMLSchema-datatypes">
  <attribute name="name"/>
  <oneOrMore><element name="testsuite">
    <attribute name="name"/>
    <attribute name="tests"><data type="nonNegativeInteger"/></attribute>
    <attribute name="failures"><data type="nonNegativeInteger"/></attribute>
    <attribute name="errors"><data type="nonNegativeInteger"/></attribute>
    <attribute name="skipped"><data type="nonNegativeInteger"/></attribute>
    <zeroOrMore><element name="testcase">
      <attribute name="name"/><attribute name="classname"/>
      <optional><element name="failure"><attribute name="message"/><attribute name="type"/><text/></element></optional>
    </element></zeroOrMore>
  </element></oneOrMore>
</element>""")
)


def _report(folder: Path, *tables: str) -> Report:
    faults = FaultList()
    report = run(load(written(folder, *tables)), faults)
    assert not faults.faults
    return report


def _tree(report: Report, *, held: bool = True) -> etree._Element:
    tree = etree.fromstring(junit(report, [("rules", "2 of 2", True), ("conditions", "7 of 8 & no more", held)]))
    SCHEMA.assertValid(tree)
    return tree


def test_a_run_that_holds(tmp_path: Path) -> None:
    """A suite a file and one of figures, a test case a table, no failure."""
    tree = _tree(_report(tmp_path / "rules", table(), table("late: true")))
    assert tree.xpath("//testsuite/@name") == ["rules/doors_test.yaml", "figures"]
    assert tree.xpath("//testcase/@name") == ["1: ", "7: late: true", "rules", "conditions"]
    assert tree.xpath("//testsuite/@failures") == ["0", "0"]
    assert not tree.xpath("//failure")


def test_a_run_that_does_not(tmp_path: Path) -> None:
    """The table whose cases fail fails, with each case, what was expected and what came; so does a low figure."""
    wrong = table("late: true, loud: true")
    tree = _tree(_report(tmp_path / "rules", table(), wrong), held=False)
    assert tree.xpath("//testsuite/@failures") == ["1", "1"]
    told, figure = tree.xpath("//failure")
    assert told.getparent().get("name") == "7: late: true, loud: true"
    assert told.get("message") == "1 case(s) do not hold"
    assert told.text == "rules/doors_test.yaml:7:3 only K open: expected PERMIT, got DENY FORBIDDEN QUIET"
    assert figure.text == "7 of 8 & no more"


def test_what_xml_cannot_hold_is_replaced(tmp_path: Path) -> None:
    """A control character in the name of a table makes no broken file."""
    named = table().replace("name: ''", r'name: "a\u0007b"')
    assert _tree(_report(tmp_path / "rules", named)).xpath("//testcase/@name")[0] == "1: a\ufffdb"
