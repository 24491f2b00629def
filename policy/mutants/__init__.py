"""Single-edit mutants of a rule set: each what a tired officer may get wrong in one word, in memory."""

from __future__ import annotations

import random
from collections.abc import Iterator
from collections.abc import Sequence as Seq
from dataclasses import dataclass, replace
from hashlib import sha256

from policy.errors import FaultList, Place
from policy.mutants.conditions import ConditionEdits
from policy.mutants.data import CellEdit, cell_edits, parameter_edits
from policy.mutants.edit import Edit, Kind, replaced
from policy.mutants.rules import RuleEdits
from policy.rule import Readings
from policy.ruleset import Files, RuleSet, assemble
from policy.shape import Text
from policy.source import Mapping, Node, Scalar, Sequence

__all__ = ["Kind", "Mutant", "all_mutants", "drawn", "mutated", "sample"]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One edit of one file of a rule set."""

    name: str
    """Where and what, short; unique in a rule set."""
    kind: Kind
    place: Place
    words: Text
    """What was changed, for people."""
    file: str
    """The file below the folder, or the table's name."""
    edit: Edit | CellEdit

    def applied(self, files: Files) -> Files:
        """The files with this edit; `files` must be those that the mutant was made of."""
        digest = sha256(f"{files.digest}\0{self.name}".encode()).hexdigest()
        if isinstance(self.edit, CellEdit):
            tables = {**files.tables, self.file: self.edit.applied(files.tables[self.file])}
            return replace(files, tables=tables, digest=digest)
        root = files.trees[self.file]
        trees = {**files.trees, self.file: replaced(root, self.edit.path, self.edit.node) if root else None}
        return replace(files, trees=trees, digest=digest)


def mutated(files: Files, mutant: Mutant, readings: Readings) -> RuleSet:
    """The rule set with this edit; raises `RuleFaults` where it does not load, so that `check` tells of the mistake.

    Quick (some ms) when `readings` is the one that the unedited files, or another mutant of theirs, were loaded with.
    """
    return assemble(mutant.applied(files), FaultList(), readings)


def all_mutants(files: Files, ruleset: RuleSet) -> list[Mutant]:
    """Every mutant of the files, of which `ruleset` was assembled, in the order of files and of places in them.

    What a mutant loads to is what the edited file would load to, but for its digest and for the lines below the edit.
    """
    conditions = ConditionEdits(files.vocabulary, files.tables)
    rules = RuleEdits(files.vocabulary, ruleset.profiles, conditions)
    found: list[Mutant] = []
    for name, root in files.trees.items():
        for owner, edit in _edits(name, root, rules, files):
            said = Text(f"{owner} : {edit.words.fr}", f"{owner}: {edit.words.en}")
            found.append(Mutant("", edit.kind, edit.place, said, name, edit))
    found += [
        Mutant("", Kind.CELL, place, words, name, edit) for name, place, words, edit in cell_edits(files, ruleset)
    ]
    return [replace(mutant, name=f"{number:05} {mutant.place}") for number, mutant in enumerate(found)]


def drawn(mutants: Seq[Mutant], count: int, seed: int) -> list[Mutant]:
    """So many of the mutants, each with the same chance, the same for a seed; in their order."""
    chosen = random.Random(seed).sample(mutants, min(count, len(mutants)))  # noqa: S311  # drawn to be repeated
    return sorted(chosen, key=lambda mutant: mutant.name)


def sample(mutants: Seq[Mutant], count: int, seed: int) -> list[Mutant]:
    """So many of the mutants, from every kind in turn, the same for a seed; in their order."""
    random_order = random.Random(seed)  # noqa: S311  # drawn to be repeated, not to be secret
    kinds = [[m for m in mutants if m.kind is kind] for kind in Kind]
    for of_kind in kinds:
        random_order.shuffle(of_kind)
    found: list[Mutant] = []
    while len(found) < count and any(kinds):
        found += [of_kind.pop() for of_kind in kinds if of_kind]
    return sorted(found[:count], key=lambda mutant: mutant.name)


def _edits(name: str, root: Node | None, rules: RuleEdits, files: Files) -> Iterator[tuple[str, Edit]]:
    """Each edit of one file, with the rule, definition or profile that it is in."""
    if name == "definitions.yaml" and isinstance(root, Mapping):
        for place, (key, tree) in enumerate(root.entries):
            when = (
                next((i for i, (k, _) in enumerate(tree.entries) if k.value == "when"), None)
                if isinstance(tree, Mapping)
                else None
            )
            if isinstance(tree, Mapping) and when is not None:
                for edit in rules.conditions.of(tree.entries[when][1], (place, when)):
                    yield str(key.value), edit
    elif name.startswith("profiles/") and isinstance(root, Mapping):
        for edit in parameter_edits(root, files.vocabulary):
            yield name.removeprefix("profiles/").removesuffix(".yaml"), edit
    elif isinstance(root, Sequence):
        for place, tree in enumerate(root.items):
            identity = tree.get("id") if isinstance(tree, Mapping) else None
            for edit in rules.of(root, place):
                yield str(identity.value) if isinstance(identity, Scalar) else "", edit
