"""The statements on the rules hold, and each is broken by an edit of one word, which is found and shown."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import yaml

from policy.analyze.prove import Proof, prove
from policy.analyze.statement import Statement, read_statements
from policy.errors import FaultList
from policy.rule import Readings
from policy.ruleset import Files, RuleSet, assemble, load, read_files
from policy.source import read
from policy.table import read_table

RULES = Path(__file__).parents[2] / "rules"
VIOLATIONS: dict[str, list[str]] = yaml.safe_load((Path(__file__).parent / "violations.yaml").read_text("utf-8"))
SAMPLE = ("INV-10", "INV-33", "INV-55", "INV-81", "INV-83")
"""Of every kind of claim one, in `make check`; `make test` tries all."""


def _statements(ruleset: RuleSet) -> list[Statement]:
    faults = FaultList()
    statements = read_statements(ruleset, faults)
    assert not faults.faults, "\n".join(map(str, faults.faults))
    return statements


@cache
def _read() -> tuple[Files, Readings]:
    """The rules as they are, read once for all edits."""
    return read_files(RULES, FaultList()), Readings()


def _edited(tmp_path: Path, name: str, where: str, old: str, new: str) -> RuleSet:
    """The rules with one edit in a file of YAML or of marks."""
    text = (RULES / name).read_text("utf-8")
    start = text.index(f"- id: {where}\n" if f"- id: {where}\n" in text else where)
    assert old in text[start:], f"{name} no longer has {old!r} after {where}: mend the violation"
    path = tmp_path / Path(name).name
    path.write_text(text[:start] + text[start:].replace(old, new, 1), "utf-8")
    (files, readings), faults = _read(), FaultList()
    if name in files.trees:
        files = replace(files, trees={**files.trees, name: read(path, name, faults)})
    else:
        [source] = [table for table in files.vocabulary.tables if table.file == name]
        files = replace(files, tables={**files.tables, source.name: read_table(source, path, name, faults)})
    return assemble(files, faults, readings)


def _proof(ruleset: RuleSet, name: str) -> Proof:
    return prove(ruleset, [statement for statement in _statements(ruleset) if statement.id == name])[0]


def _broken(tmp_path: Path, name: str) -> None:
    proof = _proof(_edited(tmp_path, *VIOLATIONS[name]), name)
    assert proof.refutations, f"{name} still holds"
    assert [refutation for refutation in proof.refutations if not refutation.confirmed] == []
    assert all(refutation.facts for refutation in proof.refutations)


def test_every_statement_has_a_violation() -> None:
    """No statement is without an edit that breaks it, and there are at least 25."""
    names = [statement.id for statement in _statements(load(RULES))]
    assert names == list(VIOLATIONS)
    assert len(names) >= 25


@pytest.mark.parametrize("name", SAMPLE)
def test_a_violation_is_found(name: str, tmp_path: Path) -> None:
    """A statement that an edit breaks is refuted, with a request that the engine confirms."""
    _broken(tmp_path, name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in VIOLATIONS if name not in SAMPLE])
def test_every_violation_is_found(name: str, tmp_path: Path) -> None:
    """So is every other statement."""
    _broken(tmp_path, name)


def _stated(tmp_path: Path, statement: str) -> Iterator[Proof]:
    folder = tmp_path / "rules"
    shutil.copytree(RULES, folder, ignore=shutil.ignore_patterns("*_test.yaml", "schema"))
    (folder / "invariants.yaml").write_text(statement, "utf-8")
    ruleset = load(folder)
    yield from prove(ruleset, _statements(ruleset))


HEAD = "- id: S\n  title: {fr: a, en: a}\n  basis: a\n  actions: doc.read\n"


@pytest.mark.parametrize(
    "rest",
    [
        "  when: {subject.kind: HOLDER, all: [{subject.kind: LEGAL_REP}]}\n  permitted: never\n",
        "  when: {subject.kind: SUPPORT}\n  carries: TRACE\n",
        "  when: {document.status: Deleted}\n  only_if: {subject.kind: HOLDER}\n",
    ],
)
def test_a_statement_that_speaks_of_nothing_fails(rest: str, tmp_path: Path) -> None:
    """What is stated of requests that there are none of, or of permits that there are none of, is no proof."""
    (proof,) = _stated(tmp_path, HEAD + rest)
    assert (proof.silent, proof.refutations, proof.held) == (["law-2023", "seed-2011"], [], False)


def test_what_matters_is_told_and_no_more(tmp_path: Path) -> None:
    """Of a request that breaks a statement on the purpose, the purpose matters, and nothing of the document."""
    (proof,) = _stated(tmp_path, HEAD + "  when: {context.purpose: BANK}\n  answers: CONFLICT\n")
    told = {fact.attribute for fact in proof.refutations[0].facts}
    assert told == {"context.purpose"}


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ("  when: {subject.kind: HOLDER}\n", "statement `S` claims nothing"),
        ("  permitted: sometimes\n", "unknown permitted `sometimes`"),
        ("  permitted: [never, always]\n", "`permitted` is one word"),
        ("  answers: OK\n", "unknown answers `OK`"),
        ("  carries: NOTIFY_HOLDR\n", "unknown obligation `NOTIFY_HOLDR`"),
        ("  refused_by: lables\n", "unknown refused_by `lables`"),
        ("  only_if: {subject.kin: HOLDER}\n", "unknown attribute `subject.kin`"),
        ("  permited: never\n", "unknown key in a statement `permited`"),
        (
            "  permitted: never\n- id: S\n  permitted: never\n",
            "statement `S` stands already at rules/invariants.yaml:1:3",
        ),
    ],
)
def test_a_mistake_in_a_statement_is_named(rest: str, said: str, tmp_path: Path) -> None:
    """A statement that cannot be read is a fault with its place."""
    folder = tmp_path / "rules"
    shutil.copytree(RULES, folder, ignore=shutil.ignore_patterns("*_test.yaml", "schema"))
    (folder / "invariants.yaml").write_text(HEAD + rest, "utf-8")
    faults = FaultList()
    read_statements(load(folder), faults)
    assert any(said in str(fault) for fault in faults.faults), "\n".join(map(str, faults.faults))
