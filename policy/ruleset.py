"""Loads a folder of rule files into an immutable rule set, one engine a profile, or raises every fault at once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Map
from dataclasses import dataclass, field, replace
from pathlib import Path

from policy import shape
from policy.condition import attributes_of, narrow
from policy.elsewhere import Elsewhere, check_elsewhere, read_elsewhere
from policy.engine import Engine
from policy.errors import Fault, FaultList, Place
from policy.grammar import Grammar
from policy.logic import Ground
from policy.rule import Readings, Rule, RuleReader
from policy.source import Mapping, Node, Scalar, read
from policy.table import Table, read_table
from policy.vocabulary import Vocabulary, read_vocabulary

LONGEST = 100_000
"""The largest number of days, months or years that a parameter may set."""
ELSEWHERE = ("elsewhere.yaml", "ambiguities.yaml")
NOT_RULES = frozenset(
    {"vocabulary.yaml", "definitions.yaml", "world.yaml", "invariants.yaml", "matrix.yaml", *ELSEWHERE}
)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Everything that decides, loaded from one folder; never changed."""

    folder: Path
    digest: str
    """SHA-256 over the names and contents of its files."""
    vocabulary: Vocabulary
    rules: tuple[Rule, ...]
    tables: Map[str, Table] = field(repr=False)
    parameters: Map[str, Map[str, object]]
    """By profile."""
    engines: Map[str, Engine] = field(repr=False)
    definitions: Map[str, Node] = field(repr=False)
    """By name, as they were read."""
    trees: tuple[Node | None, ...] = field(repr=False)
    """The files of rules as they were read, from which a profile can be made with other values."""
    elsewhere: Map[str, Map[str, Elsewhere]] = field(repr=False, default_factory=dict)
    """By file: the law that is no rule of a file, and the questions that it leaves open."""

    @property
    def profiles(self) -> tuple[str, ...]:
        """The names of the profiles, in alphabetical order."""
        return tuple(self.engines)

    def cell(self, table: str, row: str, column: str) -> str | None:
        """A cell of one of the rule set's tables, or nothing."""
        return self.tables[table].cells.get((row, column))


def rule_files(folder: Path) -> list[Path]:
    """The files that hold rules: one per concern, in alphabetical order."""
    return sorted(p for p in folder.glob("*.yaml") if p.name not in NOT_RULES and not p.name.endswith("_test.yaml"))


@dataclass(frozen=True, slots=True)
class Files:
    """What stands in the files of one folder, read but not yet understood (its vocabulary and tables are)."""

    folder: Path
    digest: str
    vocabulary: Vocabulary
    tables: Map[str, Table] = field(repr=False)
    trees: Map[str, Node | None] = field(repr=False)
    """By path below the folder: definitions, profiles, rules, in this order."""


def load(folder: Path) -> RuleSet:
    """Load and check a rule set; raises `RuleFaults` with every fault, in file order."""
    faults = FaultList()
    ruleset = assemble(read_files(folder, faults), faults, Readings())
    ruleset = replace(ruleset, elsewhere=_elsewhere(ruleset, faults))
    faults.raise_if_any()
    return ruleset


def read_files(folder: Path, faults: FaultList) -> Files:
    """Read a folder of rule files; what is wrong goes to `faults`, but without a vocabulary it raises `RuleFaults`."""
    if not (folder / "vocabulary.yaml").is_file():
        faults.add(Place(str(folder)), "holds no vocabulary.yaml", "name the folder of the rule files")
        faults.raise_if_any()
    vocabulary = read_vocabulary(tree_of(folder, "vocabulary.yaml", faults), faults)
    faults.raise_if_any()  # without a vocabulary every word of every rule would be a fault
    tables = {source.name: read_table(source, folder, faults) for source in vocabulary.tables}
    profiles = [f"profiles/{path.name}" for path in sorted((folder / "profiles").glob("*.yaml"))]
    names = ("definitions.yaml", *profiles, *(path.name for path in rule_files(folder)))
    trees = {name: tree_of(folder, name, faults) for name in names}
    return Files(folder, _digest(folder), vocabulary, tables, trees)


def assemble(files: Files, faults: FaultList, readings: Readings) -> RuleSet:
    """Understand what was read; raises `RuleFaults` with every fault, those found before included.

    `readings` keeps what was understood, for the next assembly of files that have most of their trees in common.
    """
    vocabulary, tables = files.vocabulary, files.tables
    _check_columns(vocabulary, tables, faults)
    parameters = _profiles(files, faults)
    definitions = read_definitions(files.trees["definitions.yaml"], faults)
    grammars = {name: Grammar(vocabulary, tables, values, definitions, faults) for name, values in parameters.items()}
    reader = RuleReader(vocabulary, grammars, faults, readings)
    trees = tuple(tree for name, tree in files.trees.items() if _holds_rules(name))
    rules = tuple(rule for tree in trees for rule in reader.read(tree))
    _check(vocabulary, definitions, grammars, faults)
    for rule in _early(rules, vocabulary):
        faults.faults += readings.of(rule, lambda known: _early_faults(known, vocabulary))
    faults.raise_if_any()
    ground = Ground({name: position for position, name in enumerate(vocabulary.attributes)}, tables)
    engines = {name: Engine(name, files.digest, vocabulary, rules, ground) for name in parameters}
    _check_lists(vocabulary, engines, faults)
    faults.raise_if_any()
    return RuleSet(files.folder, files.digest, vocabulary, rules, tables, parameters, engines, definitions, trees)


def _holds_rules(name: str) -> bool:
    return name not in NOT_RULES and "/" not in name


def read_rules(node: Node | None, ruleset: RuleSet, faults: FaultList) -> list[Rule]:
    """Rules that are not in the rule set, read in its words and without its definitions; faults go to `faults`."""
    grammars = {
        name: Grammar(ruleset.vocabulary, ruleset.tables, values, {}, faults)
        for name, values in ruleset.parameters.items()
    }
    rules = RuleReader(ruleset.vocabulary, grammars, faults).read(node)
    for rule in _early(rules, ruleset.vocabulary):
        faults.faults += _early_faults(rule, ruleset.vocabulary)
    return rules


def tree_of(folder: Path, name: str, faults: FaultList) -> Node | None:
    """The tree of one file of a rule set, as its faults name it."""
    return read(folder / name, f"{folder.name}/{name}", faults)


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(
        p for p in folder.rglob("*") if p.suffix in (".yaml", ".csv") and not p.name.endswith("_test.yaml")
    ):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _profiles(files: Files, faults: FaultList) -> dict[str, dict[str, object]]:
    names = [name for name in files.trees if name.startswith("profiles/")]
    if not names:
        faults.add(Place(f"{files.folder.name}/profiles"), "holds no profile", "add a YAML file with the parameters")
    return {Path(name).stem: _parameters(files, name, faults) for name in names}


def _parameters(files: Files, name: str, faults: FaultList) -> dict[str, object]:
    vocabulary = files.vocabulary
    values: dict[str, object] = {}
    tree = shape.mapping(files.trees[name], "a profile", ("title", "parameters"), faults)
    node = shape.mapping(tree.get("parameters") if tree else None, "parameters", tuple(vocabulary.parameters), faults)
    values = read_parameters(node, vocabulary, faults)
    for missing in vocabulary.parameters.keys() - values.keys():
        place = node.place if node else Place(f"{files.folder.name}/{name}")
        faults.add(place, f"the profile lacks parameter `{missing}`")
    return values


def read_parameters(node: Mapping | None, vocabulary: Vocabulary, faults: FaultList) -> dict[str, object]:
    """The parameters that a mapping sets, each of its type."""
    named = [(str(key.value), value) for key, value in node.entries] if node else []
    return {name: _parameter(name, value, vocabulary, faults) for name, value in named if name in vocabulary.parameters}


def _parameter(name: str, node: Node, vocabulary: Vocabulary, faults: FaultList) -> object:
    unit, words = vocabulary.parameters[name]
    value = node.value if isinstance(node, Scalar) else node
    if unit == "boolean" and not isinstance(value, bool):
        faults.add(node.place, f"parameter `{name}` must be true or false")
    elif unit == "code" and value not in words:
        faults.add_unknown(node.place, f"value of parameter `{name}`:", value, words)
    elif unit in ("days", "months", "years") and not (value is None or (type(value) is int and 0 <= value <= LONGEST)):
        faults.add(node.place, f"parameter `{name}` must be a number of {unit}, or null for no limit")
    return value


def read_definitions(root: Node | None, faults: FaultList) -> dict[str, Node]:
    """The `when` of every named condition, by its name, in the tree of definitions.yaml."""
    found = {}
    for key, name, node in shape.entries(root, "definitions", faults):
        tree = shape.mapping(node, f"definition `{name}`", ("fr", "en", "when"), faults)
        if tree is None:
            continue
        for language in ("fr", "en"):
            shape.text(shape.required(tree, language, f"definition `{name}`", faults), language, faults)
        found[name] = shape.required(tree, "when", f"definition `{name}`", faults) or Mapping(key.place, ())
    return found


def _elsewhere(ruleset: RuleSet, faults: FaultList) -> dict[str, dict[str, Elsewhere]]:
    """What the two files say where they are there; a rule set needs neither to decide."""
    vocabulary = ruleset.vocabulary
    known = {
        "rules": {rule.id for rule in ruleset.rules},
        "definitions": ruleset.definitions,
        "parameters": vocabulary.parameters,
        "attributes": vocabulary.attributes,
        "tables": {source.name for source in vocabulary.tables},
    }
    found = {}
    for name in (name for name in ELSEWHERE if (ruleset.folder / name).is_file()):
        found[name] = read_elsewhere(tree_of(ruleset.folder, name, faults), name, faults)
        check_elsewhere(found[name].values(), known, {rule.catalogue_id for rule in ruleset.rules}, faults)
    return found


def _check(vocabulary: Vocabulary, definitions: Map[str, Node], grammars: Map[str, Grammar], faults: FaultList) -> None:
    """What only the whole can show: words that nobody uses."""
    used: set[str] = {f"parameter.{name}" for name in vocabulary.terms.values()}
    used |= set().union(*(grammar.used for grammar in grammars.values()))
    for name, node in definitions.items():
        if name not in used:
            faults.add(node.place, f"no rule uses definition `{name}`", "remove it")
    for name in vocabulary.parameters:
        if f"parameter.{name}" not in used:
            faults.add(Place("rules/vocabulary.yaml"), f"nothing uses parameter `{name}`", "remove it")


def _early(rules: Iterable[Rule], vocabulary: Vocabulary) -> Iterator[Rule]:
    """The rules that must not look at the document."""
    stages = {stage.id for stage in vocabulary.stages if not stage.uses_document}
    return (rule for rule in rules if rule.effect == "permit" or (rule.effect == "deny" and rule.stage in stages))


def _check_columns(vocabulary: Vocabulary, tables: Map[str, Table], faults: FaultList) -> None:
    """A column without its row, or a row without its column, is a word misspelt in one of two tables."""
    for source in vocabulary.tables:
        if not source.columns:
            continue
        if source.columns not in tables:
            faults.add_unknown(source.place, "table", source.columns, tables)
            continue
        columns, rows = tables[source.name].columns, tables[source.columns].rows
        if not columns or not rows:
            continue  # a table that could not be read has told its own fault
        for name in sorted(columns - rows):
            faults.add(
                Place(f"rules/{source.file}"), f"column `{name}` is no row of table `{source.columns}`", "add it there"
            )
        for name in sorted(rows - columns):
            faults.add(Place(f"rules/{source.file}"), f"`{name}` of table `{source.columns}` has no column", "add one")


def _early_faults(rule: Rule, vocabulary: Vocabulary) -> list[Fault]:
    """INVARIANT: before the document's own stages no answer depends on the document: hidden and missing look alike."""
    faults = FaultList()
    for action in sorted(rule.actions):
        allowed = vocabulary.early_document_attributes.get(action, frozenset())
        for condition in rule.conditions.values():
            for name in sorted(set(attributes_of(narrow(condition, "action", action)))):
                if name.startswith("document.") and name not in allowed:
                    where = f"rule `{rule.id}` looks at `{name}` for `{action}`"
                    faults.add(
                        rule.place, f"{where} before the document's own stages", "it would betray a hidden document"
                    )
    return faults.faults


def _check_lists(vocabulary: Vocabulary, engines: Map[str, Engine], faults: FaultList) -> None:
    """Every rule on an item must be one that a database can be asked."""
    for action in {a.items for a in vocabulary.actions.values() if a.items}:
        for engine in engines.values():
            try:
                engine.predicate(action, engine.unknown_values())
            except ValueError as error:
                faults.add(Place("rules"), f"action `{action}`: {error}")
