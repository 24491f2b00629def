"""The page that officers read says all of the law, leads nowhere wrong, and is as the rule files say."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from policy.docs import page
from policy.language import UNBROKEN
from policy.ruleset import RuleSet, load

ROOT = Path(__file__).parents[2]
RULES = ROOT / "rules"
ROWS = (Path(__file__).parent / "catalogue_rules.csv").read_text("utf-8").splitlines()
CATALOGUE = {row["id"] for row in csv.DictReader(ROWS)}


@pytest.fixture(scope="module")
def ruleset() -> RuleSet:
    return load(RULES)


@pytest.fixture(scope="module")
def text(ruleset: RuleSet) -> str:
    return page(ruleset)


def test_the_page_is_fresh(text: str) -> None:
    """What is committed is what the files say."""
    assert (RULES / "RULES.md").read_text("utf-8") == text


def test_all_182_are_in_the_last_table(text: str) -> None:
    """Every id of the catalogue has its line in the catalogue's table, and says where it lives."""
    lines = [line for line in text[text.index('id="catalogue"') :].splitlines() if line.startswith("| ")]
    rows = [line.strip("| ").split(" | ") for line in lines[2:]]
    ids = [re.sub(r".*`(.+)`$", r"\1", row[0]) for row in rows]
    assert len(ids) == len(set(ids))
    assert {*ids} >= CATALOGUE
    assert [row for row in rows if len(row) != 3 or not row[2].strip()] == []


def test_every_link_leads_somewhere_once(text: str) -> None:
    """Each name that is linked to is explained at one place."""
    anchors = re.findall(r'<a id="([^"]+)">', text)
    assert len(anchors) == len(set(anchors))
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) - {*anchors} == set()


def test_every_rule_is_told_in_both_languages(ruleset: RuleSet, text: str) -> None:
    """Title, legal basis, outward answer and obligations of each rule stand under its heading."""
    parts = dict(re.findall(r'#### <a id="([^"]+)"></a>(.*?)(?=\n#{2,4} |\Z)', text, flags=re.DOTALL))
    assert parts.keys() == {rule.id for rule in ruleset.rules}
    for rule in ruleset.rules:
        told = parts[rule.id].replace("\\", "").replace(UNBROKEN, " ")
        wanted = [
            rule.title.fr,
            rule.title.en,
            rule.basis,
            rule.answers.value if rule.answers else "",
            *rule.obligations,
        ]
        assert [word for word in wanted if word not in told] == [], rule.id


def test_conditions_are_told_in_words(text: str) -> None:
    """The condition of a known rule, word for word, with its alternatives and its exception."""
    plain = text.replace(UNBROKEN, " ")
    assert "• labels de confidentialité : dont `MASQUE_PS`" in plain
    assert "`VALIDE`<br>• et rien de cela :<br>&emsp;• date de l'autorisation : il y a au moins durée" in plain
    assert "| **oui · *yes*** | **non · *no*** |" in plain
    assert "| **1 mois · *month*** |" in plain


def test_french_spaces_do_not_break_and_english_has_none(text: str) -> None:
    """No space that breaks before a double sign or within quotation marks, and no English colon set apart."""
    prose = re.sub(r"`[^`\n]*`", "`", text)
    assert not re.findall(r".{10} [:;?!»](?!\w).{5}|.{10}« .{5}", prose)
    assert f"who acts{UNBROKEN}:" not in text
    assert "• who acts: `" in text


def test_a_changed_word_makes_the_page_stale(tmp_path: Path) -> None:
    """The command tells a stale page by its exit code, writes it anew, and then is content."""
    folder = tmp_path / "rules"
    shutil.copytree(RULES, folder)
    path = folder / "profiles" / "seed-2011.yaml"
    path.write_text(path.read_text("utf-8").replace("retention_years: 10", "retention_years: 11"), "utf-8")
    command = [sys.executable, "-m", "services.cli", "rules", "docs", "--rules", str(folder)]
    assert [subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode for _ in range(2)] == [1, 0]
    assert "11 ans · *years*" in (folder / "RULES.md").read_text("utf-8")
