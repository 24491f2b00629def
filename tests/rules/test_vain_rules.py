"""A rule that can never fire, makes no difference or permits nothing is told, and what speaks in its stead."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from policy.analyze.vanity import vain_faults
from policy.ruleset import load

RULES = Path(__file__).parents[2] / "rules"
HEAD = "\n- id: NEW\n  title: {fr: a, en: a}\n  basis: a\n"
DENY = "  effect: deny\n  answers: FORBIDDEN\n"

# What an officer may add without effect, and what must be said.
ADDED = {
    "two kinds at once": (
        DENY + "  stage: link\n  actions: authz.list\n  when: {subject.kind: HOLDER, all: [{subject.kind: SUPPORT}]}\n",
        r"rules/access.yaml:\d+:3: rule `NEW` can fire for no complete request \(mend its `when`, or remove it\)",
    ),
    "a type that is no row of the table": (
        DENY + "  stage: matrix\n  actions: doc.read\n  when: {document.type: {listed_in: matrix}, document.class: X, "
        "not: {document.type: {listed_in: document_types}}}\n",
        r"rule `NEW` can fire for no complete request",
    ),
    "a time that has passed and has not": (
        DENY + "  stage: link\n  actions: authz.list\n  when: {record.closed_at: {elapsed: retention_years}, "
        "not: {record.closed_at: {elapsed: retention_years}}, request.ill_typed: false, record.state: CLOSED}\n",
        r"rule `NEW` can fire for no complete request",
    ),
    "a denial that comes too late": (
        DENY + "  stage: state\n  actions: authz.list\n  when: {subject.kind: SUPPORT}\n",
        r"rule `NEW` is shadowed: .* \(`ACT-15` fires wherever it does",
    ),
    "the same denial again": (
        DENY + "  stage: actor\n  actions: authz.list\n  when: {subject.kind: SUPPORT, record.deceased: false}\n",
        r"rule `NEW` repeats others: .* \(`ACT-15` fires wherever it does",
    ),
    "a permit that is always denied": (
        "  effect: permit\n  actions: authz.list\n  when: {subject.kind: SUPPORT}\n",
        r"rule `NEW` permits nothing: .* \(`ACT-15` fires wherever it does",
    ),
    "a permit of what is permitted": (
        "  effect: permit\n  actions: authz.list\n  when: {subject.kind: HOLDER, relation.holder: true}\n",
        r"rule `NEW` (is shadowed|repeats others): ",
    ),
    "an obligation that is there already": (
        "  effect: oblige\n  actions: doc.list\n  when: {subject.kind: HOLDER}\n  obligations: [FILTER_LIST]\n",
        r"rule `NEW` is shadowed: .* \(`ENV-05` fires wherever it does",
    ),
    "a reason that is not needed": (
        DENY + "  stage: actor\n  actions: authz.list\n  when: {subject.kind: MONITOR}\n  kept_because: a\n",
        r"rule `NEW` makes a difference, and its `kept_because` .* \(see by `dmp rules diff` whether another rule has",
    ),
}


def _told(tmp_path: Path, rule: str) -> list[str]:
    """What is said of a rule that is added."""
    folder = tmp_path / "rules"
    shutil.copytree(RULES, folder, ignore=shutil.ignore_patterns("*_test.yaml", "schema"))
    with (folder / "access.yaml").open("a", encoding="utf-8") as file:
        file.write(rule)
    ruleset = load(folder)
    return [str(fault) for fault in vain_faults(ruleset, [rule for rule in ruleset.rules if rule.id == "NEW"]).faults]


@pytest.mark.parametrize("case", ADDED)
def test_a_rule_that_says_nothing_is_told(case: str, tmp_path: Path) -> None:
    """What is said of the added rule is its place, what is wrong with it, and which rules do the same."""
    rule, said = ADDED[case]
    told = _told(tmp_path, HEAD + rule)
    assert [fault for fault in told if re.search(said, fault)], told
    assert len(told) == 1, told


@pytest.mark.slow  # `dmp rules check` does it in `make check`
def test_every_rule_of_the_project_says_something() -> None:
    """No rule is in vain, but for those that say why they stay."""
    ruleset = load(RULES)
    assert vain_faults(ruleset, ruleset.rules).faults == []
