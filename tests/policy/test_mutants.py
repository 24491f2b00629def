"""A mutant is one edit of one file, and loads to what the edited file would load to."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from policy.errors import FaultList, Place, RuleFaults
from policy.mutants import Kind, Mutant, all_mutants, mutated, sample
from policy.mutants.data import CellEdit
from policy.rule import Readings
from policy.ruleset import Files, RuleSet, assemble, load, read_files
from policy.world import plain

RULES = Path(__file__).parents[2] / "rules"


class Nursery:
    """The project's rules, their mutants, and what was understood of them."""

    def __init__(self) -> None:
        faults = FaultList()
        self.files: Files = read_files(RULES, faults)
        self.readings = Readings()
        self.ruleset = assemble(self.files, faults, self.readings)
        self.mutants = all_mutants(self.files, self.ruleset)


@pytest.fixture(scope="module")
def nursery() -> Nursery:
    return Nursery()


def test_a_rule_is_read_anew_when_anything_it_stands_on_changes(nursery: Nursery) -> None:
    """With what was understood before, a changed definition changes the same rules as without it, far above it too."""
    drawn = [mutant for mutant in nursery.mutants if mutant.file == "definitions.yaml"]
    for mutant in sample(drawn, 80, seed=5):
        try:
            quick = mutated(nursery.files, mutant, nursery.readings)
        except RuleFaults:
            continue
        assert _meaning(quick) == _meaning(mutated(nursery.files, mutant, Readings())), mutant


def _meaning(ruleset: RuleSet) -> Any:
    """Everything of a rule set that decides, without the places and the digest."""
    rules = [
        (rule.id, rule.effect, rule.stage, rule.answers, rule.actions, rule.profiles, rule.obligations, rule.scope,
         dict(rule.conditions))
        for rule in ruleset.rules
    ]  # fmt: skip
    tables = {name: (table.cells, table.marks) for name, table in ruleset.tables.items()}
    return rules, tables, ruleset.parameters


def _written(mutant: Mutant, nursery: Nursery, folder: Path) -> None:
    """Edit the files of a copied folder as the mutant says; JSON is YAML, and every text in it is quoted."""
    if isinstance(mutant.edit, CellEdit):
        source = next(source for source in nursery.files.vocabulary.tables if source.name == mutant.file)
        path = folder / source.file
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = list(csv.reader(file))
        row = next(line for line in lines if line[lines[0].index(source.key)] == mutant.edit.row)
        row[lines[0].index(mutant.edit.column)] = mutant.edit.mark or mutant.edit.cell
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(lines)
        return
    tree = mutant.applied(nursery.files).trees[mutant.file]
    (folder / mutant.file).write_text(json.dumps(plain(tree), ensure_ascii=False), encoding="utf-8")


def _loaded(ruleset: Any) -> Any:
    """The meaning of a rule set that loads, or that it does not."""
    try:
        return _meaning(ruleset())
    except RuleFaults as error:
        return {fault.message for fault in error.faults}


def test_a_mutant_is_what_the_edited_file_loads_to(nursery: Nursery, tmp_path: Path) -> None:
    """One of every kind, refused ones included: the quick way in memory and the long way by file agree."""
    drawn = sample(nursery.mutants, len({mutant.kind for mutant in nursery.mutants}), seed=2011)
    assert {mutant.kind for mutant in drawn} >= {mutant.kind for mutant in nursery.mutants}
    for mutant in drawn:
        folder = tmp_path / "rules"
        shutil.copytree(RULES, folder)
        _written(mutant, nursery, folder)
        expected = _loaded(lambda folder=folder: load(folder))
        assert _loaded(lambda mutant=mutant: mutated(nursery.files, mutant, nursery.readings)) == expected, mutant
        assert expected != _meaning(nursery.ruleset) or mutant.kind in (Kind.PART, Kind.VALUE, Kind.PARAMETER), mutant
        shutil.rmtree(folder)


def test_the_unedited_files_load_to_themselves_after_many_mutants(nursery: Nursery) -> None:
    """What was kept of mutants never comes back into another rule set."""
    for mutant in sample(nursery.mutants, 100, seed=7):
        _loaded(lambda mutant=mutant: mutated(nursery.files, mutant, nursery.readings))
    assert _meaning(assemble(nursery.files, FaultList(), nursery.readings)) == _meaning(load(RULES))


def test_mutants_repeat(nursery: Nursery) -> None:
    """The same files have the same mutants, each by its own name; a sample is the same for its seed and in order."""
    again = all_mutants(nursery.files, nursery.ruleset)
    assert [mutant.name for mutant in again] == [mutant.name for mutant in nursery.mutants]
    assert len({mutant.name for mutant in again}) == len(again)
    drawn = sample(nursery.mutants, 300, seed=1)
    assert drawn == sample(nursery.mutants, 300, seed=1) != sample(nursery.mutants, 300, seed=2)
    assert [mutant.name for mutant in drawn] == sorted(mutant.name for mutant in drawn)


def test_a_mutant_names_its_place(nursery: Nursery) -> None:
    """The place is that of the changed words: the line in the file has them."""
    found = [m for m in nursery.mutants if m.kind is Kind.ANSWER and m.words.en.startswith("VIS-03:")]
    assert {m.words.en for m in found} == {f"VIS-03: `NOT_FOUND` becomes `{a}`" for a in ("FORBIDDEN", "CONFLICT")}
    place: Place = found[0].place
    line = (RULES.parent / place.file).read_text("utf-8").splitlines()[place.line - 1]
    assert line[place.column - 1 :].startswith("NOT_FOUND")
