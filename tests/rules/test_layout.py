"""The canonical layout: the same however a file was typed, with all its comments, and deciding what it decided."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from policy.casebook import run
from policy.errors import FaultList
from policy.layout import laid_out
from policy.ruleset import RuleSet, load, rule_files

ROOT = Path(__file__).parents[2]
RULES = ROOT / "rules"
SEEDS = range(20 if os.environ.get("DMP_TEST_DEEP") else 1)


def _laid_out(text: str) -> str:
    faults = FaultList()
    laid = laid_out(text, "f.yaml", faults)
    assert not faults.faults, "\n".join(map(str, faults.faults))
    return laid


def _disturbed(text: str, seed: int) -> str:
    """A rule file as somebody in a hurry leaves it: keys out of order, spaces and blank lines anywhere."""
    chance = random.Random(seed)
    head, *rules = re.split(r"\n(?=- id: )", text.rstrip("\n"))
    typed = []
    for rule in rules:
        keys = re.split(r"\n(?=  [a-z]+:)", "  " + rule.removeprefix("- "))
        if not re.search(r"\n *#", rule):
            chance.shuffle(keys)
        keys = [re.sub(r"(?<=[a-z]): (?=[\[{])", lambda _: ":" + " " * chance.randint(1, 4), key) for key in keys]
        keys = [key + " " * chance.choice((0, 0, 2)) + "\n" * chance.choice((0, 0, 1)) for key in keys]
        typed.append("-" + "\n".join(keys)[1:])
    return head + "\n" * chance.randint(1, 4) + ("\n" * chance.randint(1, 3)).join(typed) + "\n" * chance.randint(0, 3)


def _meaning(ruleset: RuleSet) -> list[Any]:
    """Everything of the rules but where they stand."""
    names = [name for name in ruleset.rules[0].__slots__ if name != "place"]
    return [[getattr(rule, name) for name in names] for rule in ruleset.rules]


def _dmp(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "services.cli", "rules", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("path", rule_files(RULES), ids=lambda path: path.stem)
def test_however_it_was_typed_it_is_laid_out_alike(path: Path) -> None:
    """Order of keys, spaces and blank lines are put right: the same bytes come back."""
    text = path.read_text("utf-8")
    for seed in SEEDS:
        disturbed = _disturbed(text, seed)
        assert disturbed != text
        assert _laid_out(disturbed) == text


def test_no_decision_changes(tmp_path: Path) -> None:
    """The rules mean the same and answer every case of the tables the same, before and after."""
    folder = tmp_path / "rules"
    shutil.copytree(RULES, folder)
    for path in rule_files(folder):
        path.write_text(_disturbed(path.read_text("utf-8"), 7), "utf-8")
    before = load(folder)
    done = json.loads(_dmp("fmt", "--json", "--rules", str(folder)).stdout)
    assert {str(path) for path in rule_files(folder)} == {*done["changed"]}
    after = load(folder)
    assert _meaning(after) == _meaning(before)
    faults = FaultList()
    assert (run(after, faults).failures, faults.faults) == ([], [])


def test_check_writes_nothing(tmp_path: Path) -> None:
    """Exit 1 names the file and leaves it; once laid out, exit 0."""
    path = tmp_path / "a.yaml"
    path.write_text("- {id:   X}\n", "utf-8")
    refused = _dmp("fmt", "--check", "--rules", str(tmp_path))
    assert (refused.returncode, "serait mis" in refused.stdout, path.read_text("utf-8")) == (
        1,
        True,
        "- {id:   X}\n",
    )
    assert [_dmp("fmt", *how, "--rules", str(tmp_path)).returncode for how in ((), ("--check",))] == [0, 0]
    assert path.read_text("utf-8") == "- {id: X}\n"


COMMENTS = """\
# opening
# second

# of the first rule
-   answers:   NOT_FOUND   # behind a value
    id: X-1
    # above a key
    when:
            # inside
            a: 1      # one
            b: {c: "x # no comment",   d: 'é'}   # two


    stage: labels
    effect: deny

# a heading

# of the second
- id: X-2
  when: {any: [{a: 1}, {b: null}]}
# at the end
"""
LAID_OUT = """\
# opening
# second

# of the first rule
- id: X-1
  effect: deny
  stage: labels
  answers: NOT_FOUND  # behind a value
  # above a key
  when:
    # inside
    a: 1  # one
    b: {c: "x # no comment", d: 'é'}  # two

# a heading

# of the second
- id: X-2
  when: {any: [{a: 1}, {b: null}]}
# at the end
"""


def test_every_comment_stays() -> None:
    """Above, behind, inside and at the end; what only looks like one is not touched; null stays the word."""
    assert _laid_out(COMMENTS) == LAID_OUT
    assert _laid_out(LAID_OUT) == LAID_OUT


def test_values_that_yaml_might_bend_stay(tmp_path: Path) -> None:
    """Words, dates and numbers that libraries like to convert come back as the officer wrote them."""
    text = "a: no\nb: 2011-06-15\nc: 0123\nd: 1.50\ne: 'true'\nf: 1e3\ng: 0x1F\nh: ~\ni: On\nj: 12:30\nk: 1_000\n"
    laid = _laid_out(text)
    assert laid == text.replace("h: ~", "h: null")
    assert yaml.safe_load(laid)["e"] == "true"


@pytest.mark.parametrize(
    "text", ["a: |\n  one\n\n  two\n", "- id: |\n    one\n\n    two\n  when: {a: 1}\n", "# only\na: {}\n"]
)
def test_what_cannot_be_laid_out_is_refused_or_kept(text: str) -> None:
    """A layout that would change a value is a fault, and the file comes back as it was."""
    faults = FaultList()
    laid = laid_out(text, "f.yaml", faults)
    assert laid == text or not faults.faults
    assert yaml.safe_load(laid) == yaml.safe_load(text)


def test_a_file_that_cannot_be_read_stops_everything(tmp_path: Path) -> None:
    """Exit 3 with every fault, and no other file is written; exit 2 where there is nothing."""
    folder = tmp_path / "rules"
    shutil.copytree(RULES, folder)
    (folder / "access.yaml").write_text("- id: [\n", "utf-8")
    (folder / "actors.yaml").write_bytes("- id: é\n".encode("latin-1"))
    (folder / "minors.yaml").write_text("- {id:   X}\n", "utf-8")
    refused = _dmp("fmt", "--rules", str(folder))
    assert refused.returncode == 3
    assert "rules/access.yaml:2:1" in refused.stderr
    assert "rules/actors.yaml:1:7: is not UTF-8" in refused.stderr
    assert (folder / "minors.yaml").read_text("utf-8") == "- {id:   X}\n"
    (tmp_path / "none").mkdir()
    assert _dmp("fmt", "--rules", str(tmp_path / "none")).returncode == 2
