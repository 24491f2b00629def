"""The reader of rule files: small on purpose, exact about places, safe against hostile files."""

from __future__ import annotations

import time

import pytest

from policy.errors import FaultList
from policy.source import MAX_BYTES, Mapping, Scalar, parse

LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)
)

BAD = {
    "a billion laughs": (LAUGHS, "f.yaml:1:4: anchors and aliases"),
    "a duplicate key": ("a: 1\nb: 2\na: 3\n", "f.yaml:3:1: duplicate key `a`"),
    "a tab": ("a:\n\t- b\n", "f.yaml:2:1: is not YAML"),
    "an unclosed quote": ('a:\n  "b\nc: d\n', "found unexpected end of stream, in what begins on line 2"),
    "a tag": ("a: !!python/object:os.system x\n", "f.yaml:1:4: the tag"),
    "two documents": ("a: 1\n---\nb: 2\n", "f.yaml:2:1: a second YAML document"),
    "a list as a key": ("[a, b]: c\n", "f.yaml:1:1: a key must be a single word"),
    "deep nesting": ("[" * 100 + "]" * 100, "nested deeper than 30 levels"),
    "nesting without end": ("[" * 50_000, "nested deeper than 30 levels"),
    "nothing": ("", "f.yaml:1:1: is empty"),
    "a control character": ("a: \x07\n", "is not YAML"),
}


@pytest.mark.parametrize(("text", "fault"), BAD.values(), ids=BAD.keys())
def test_a_bad_file_is_told_by_place(text: str, fault: str) -> None:
    """Each bad file gives its fault with file, line and column, within a second."""
    faults, started = FaultList(), time.process_time()
    parse(text.encode(), "f.yaml", faults)
    assert fault in "\n".join(map(str, faults.faults))
    assert time.process_time() - started < 1


def test_what_is_not_text_is_refused() -> None:
    """Latin-1 bytes and files over the limit are refused with what to do."""
    faults = FaultList()
    assert parse("a: é".encode("latin-1"), "f.yaml", faults) is None
    assert parse(b"a" * (MAX_BYTES + 1), "f.yaml", faults) is None
    assert [f.advice for f in faults.faults] == ["save the file as UTF-8", "split the file"]


def test_only_true_false_null_and_whole_numbers_are_not_text() -> None:
    """Words that YAML 1.1 would bend (no, on, dates, versions) stay what the officer wrote."""
    faults = FaultList()
    node = parse(
        b"a: no\nb: 2011-06-15\nc: 11488-4\nd: true\ne: 12\nf: '12'\ng: 1.5\nh: null\ni: N\n", "f.yaml", faults
    )
    assert isinstance(node, Mapping)
    values = [value.value for _, value in node.entries if isinstance(value, Scalar)]
    assert values == ["no", "2011-06-15", "11488-4", True, 12, "12", "1.5", None, "N"]
    assert not faults.faults
