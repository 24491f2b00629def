"""Loads a folder of rule files into an immutable rule set, one engine a profile, or raises every fault at once."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from collections.abc import Mapping as Map
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

from policy import shape
from policy.absence import Absence, read_absence
from policy.consistency import check_columns, check_early, check_lists, unused
from policy.elsewhere import Elsewhere, check_elsewhere, read_elsewhere
from policy.engine import Engine
from policy.errors import Fault, FaultList, Place, RuleFaults
from policy.grammar import Grammar
from policy.logic import Ground
from policy.rule import Readings, Rule, RuleReader
from policy.source import Mapping, Node, Scalar, content_of, read
from policy.table import Table, read_table
from policy.vocabulary import Vocabulary, read_vocabulary
from policy.wording import Saying, read_sayings

LONGEST = {"days": 100_000, "months": 10_000, "years": 1_000}
"""The largest number that a parameter may set: counted back from any clock of our time, a date of the calendar."""
ELSEWHERE = ("elsewhere.yaml", "ambiguities.yaml")
NOT_RULES = frozenset(
    {"vocabulary.yaml", "definitions.yaml", "absence.yaml", "world.yaml", "invariants.yaml", "matrix.yaml", *ELSEWHERE}
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
    absence: Absence = field(repr=False, default_factory=Absence)
    """As whom the engines are asked about those who are not calling."""
    sayings: Map[str, Saying] = field(repr=False, default_factory=dict)
    """How sentences name definitions, by name; a definition without one is named in none."""
    elsewhere: Map[str, Map[str, Elsewhere]] = field(repr=False, default_factory=dict)
    """By file: the law that is no rule of a file, and the questions that it leaves open."""
    called: str = ""
    """How the folder is called where its faults are told."""
    loose: tuple[Fault, ...] = field(repr=False, default=())
    """What is wrong in its files and changes no decision; `check` tells it, and nothing else waits for it."""

    @property
    def profiles(self) -> tuple[str, ...]:
        """The names of the profiles, in alphabetical order."""
        return tuple(self.engines)

    def cell(self, table: str, row: str, column: str) -> str | None:
        """A cell of one of the rule set's tables, or nothing."""
        return self.tables[table].cells.get((row, column))

    def file(self, name: str) -> str:
        """How one of its files is called where its faults are told."""
        return file_name(self.called, name)

    def tree(self, name: str, faults: FaultList) -> Node | None:
        """The tree of one of its files, read anew."""
        return read(self.folder / name, self.file(name), faults)


def file_name(called: str, name: str) -> str:
    """How a file below a folder that is called so is called itself."""
    return (PurePath(called) / name).as_posix()


def rule_files(folder: Path) -> list[Path]:
    """The files that hold rules: one per concern, in alphabetical order."""
    return sorted(p for p in folder.glob("*.yaml") if p.name not in NOT_RULES and not p.name.endswith("_test.yaml"))


@dataclass(frozen=True, slots=True)
class Files:
    """What stands in the files of one folder, read but not yet understood (its vocabulary and tables are)."""

    folder: Path
    called: str
    digest: str
    vocabulary: Vocabulary
    tables: Map[str, Table] = field(repr=False)
    trees: Map[str, Node | None] = field(repr=False)
    """By path below the folder: definitions, profiles, rules, in this order."""
    absence: Absence = field(repr=False, default_factory=Absence)

    def file(self, name: str) -> str:
        """How one of the files is called where its faults are told."""
        return file_name(self.called, name)


def load(folder: Path, called: str = "") -> RuleSet:
    """Load and check a rule set; raises `RuleFaults` with every fault, in file order.

    Faults name files as below `called`, or below the folder's own name.
    """
    faults = FaultList()
    return with_elsewhere(assemble(read_files(folder, faults, called), faults, Readings()))


def read_files(folder: Path, faults: FaultList, called: str = "") -> Files:
    """Read a folder of rule files; what is wrong goes to `faults`.

    Raises `RuleFaults` where words, profiles or tables could not be read: what uses them would be told in vain.
    """
    called = called or folder.name
    if not (folder / "vocabulary.yaml").is_file():
        faults.add(Place(called), "holds no vocabulary.yaml", "name the folder of the rule files, or put it back")
        faults.raise_if_any()
    vocabulary = read_vocabulary(_tree(folder, called, "vocabulary.yaml", faults), faults)
    faults.raise_if_any()  # without a vocabulary every word of every rule would be a fault
    tables = {
        source.name: read_table(source, folder / source.file, file_name(called, source.file), faults)
        for source in vocabulary.tables
    }
    profiles = [f"profiles/{path.name}" for path in sorted((folder / "profiles").glob("*.yaml"))]
    if not profiles:
        faults.add(Place(file_name(called, "profiles")), "holds no profile", "put back its YAML file of parameters")
    _miss_profiles(folder, called, {PurePath(name).stem for name in profiles}, faults)
    words = {name: _tree(folder, called, name, faults) for name in ("definitions.yaml", *profiles)}
    rules = {name: _tree(folder, called, name, faults) for name in _concerns(folder, called, vocabulary, faults)}
    absent = _tree(folder, called, "absence.yaml", faults) if (folder / "absence.yaml").is_file() else None
    absence = read_absence(absent, vocabulary, faults)
    digest = _digest(folder, called, faults)
    missing = any(fault.message == _NO_PROFILE for fault in faults.faults)
    if missing or not profiles or None in words.values() or not all(table.rows for table in tables.values()):
        faults.raise_if_any()
    return Files(folder, called, digest, vocabulary, tables, {**words, **rules}, absence)


_NO_PROFILE = "is missing, and with it every value of this profile"


def _miss_profiles(folder: Path, called: str, there: Collection[str], faults: FaultList) -> None:
    """A profile whose clock the world sets has its file; rules that name it would all be told in its stead."""
    if not there or not (folder / "world.yaml").is_file():
        return
    world = _tree(folder, called, "world.yaml", FaultList())  # what is wrong in it, the test tables tell
    clock = world.get("clock") if isinstance(world, Mapping) else None
    for key, _ in clock.entries if isinstance(clock, Mapping) else ():
        if key.value not in there:
            name = f"profiles/{key.value}.yaml"
            advice = f"put `{name}` back; if the profile shall be no more, take it off `clock` at {key.place}"
            faults.add(Place(file_name(called, name)), _NO_PROFILE, advice)


def _concerns(folder: Path, called: str, vocabulary: Vocabulary, faults: FaultList) -> list[str]:
    """The files of rules that are there; where the vocabulary lists them, no other is read, and none may be missing."""
    there = [path.name for path in rule_files(folder)]
    if not vocabulary.concerns:
        return there
    listed = {f"{name}.yaml": place for name, place in vocabulary.concerns.items()}
    for name, place in listed.items():
        if name not in there:
            advice = f"put `{name}` back; if its rules shall be no more, take it off this list"
            faults.add(place, f"the rules of `{name}` are missing", advice)
    for name in there:
        if name not in listed:
            advice = f"add `{name.removesuffix('.yaml')}` there, or move the file elsewhere"
            faults.add(Place(file_name(called, name)), "is not among the `concerns` of vocabulary.yaml", advice)
    return [name for name in there if name in listed]


def assemble(files: Files, faults: FaultList, readings: Readings) -> RuleSet:
    """Understand what was read; raises `RuleFaults` with every fault, those found before included.

    `readings` keeps what was understood, for the next assembly of files that have most of their trees in common.
    """
    vocabulary, tables = files.vocabulary, files.tables
    check_columns(vocabulary, tables, files.file, faults)
    parameters = _profiles(files, faults)
    definitions = read_definitions(files.trees["definitions.yaml"], faults)
    sayings = read_sayings(files.trees["definitions.yaml"], faults)
    grammars = {name: Grammar(vocabulary, tables, values, definitions, faults) for name, values in parameters.items()}
    reader = RuleReader(vocabulary, grammars, faults, readings)
    trees = tuple(tree for name, tree in files.trees.items() if _holds_rules(name))
    rules = tuple(rule for tree in trees for rule in reader.read(tree))
    check_early(rules, vocabulary, faults, readings)
    faults.raise_if_any()
    ground = Ground({name: position for position, name in enumerate(vocabulary.attributes)}, tables)
    engines = {name: Engine(name, files.digest, vocabulary, rules, ground) for name in parameters}
    check_lists(vocabulary, engines, Place(files.file("vocabulary.yaml")), faults)
    faults.raise_if_any()
    loose = tuple(unused(vocabulary, definitions, grammars))
    return RuleSet(
        files.folder, files.digest, vocabulary, rules, tables, parameters, engines, definitions, trees,
        files.absence, sayings, called=files.called, loose=loose,
    )  # fmt: skip


def _holds_rules(name: str) -> bool:
    return name not in NOT_RULES and "/" not in name


def read_rules(node: Node | None, ruleset: RuleSet, faults: FaultList) -> list[Rule]:
    """Rules that are not in the rule set, read in its words and without its definitions; faults go to `faults`."""
    grammars = {
        name: Grammar(ruleset.vocabulary, ruleset.tables, values, {}, faults)
        for name, values in ruleset.parameters.items()
    }
    rules = RuleReader(ruleset.vocabulary, grammars, faults).read(node)
    check_early(rules, ruleset.vocabulary, faults, Readings())
    return rules


def _tree(folder: Path, called: str, name: str, faults: FaultList) -> Node | None:
    return read(folder / name, file_name(called, name), faults)


def _digest(folder: Path, called: str, faults: FaultList) -> str:
    digest = hashlib.sha256()
    for path in sorted(
        p for p in folder.rglob("*") if p.suffix in (".yaml", ".csv") and not p.name.endswith("_test.yaml")
    ):
        name = path.relative_to(folder).as_posix()
        content = content_of(path, file_name(called, name), faults) or b""
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _profiles(files: Files, faults: FaultList) -> dict[str, dict[str, object]]:
    names = [name for name in files.trees if name.startswith("profiles/")]
    return {Path(name).stem: _parameters(files, name, faults) for name in names}


def _parameters(files: Files, name: str, faults: FaultList) -> dict[str, object]:
    vocabulary = files.vocabulary
    values: dict[str, object] = {}
    tree = shape.mapping(files.trees[name], "a profile", ("title", "parameters"), faults)
    node = shape.mapping(tree.get("parameters") if tree else None, "parameters", tuple(vocabulary.parameters), faults)
    values = read_parameters(node, vocabulary, faults)
    for missing in vocabulary.parameters.keys() - values.keys():
        place = node.place if node else Place(files.file(name))
        faults.add(place, f"the profile lacks parameter `{missing}`", f"add `{missing}: …`")
    return values


def read_parameters(node: Mapping | None, vocabulary: Vocabulary, faults: FaultList) -> dict[str, object]:
    """The parameters that a mapping sets, each of its type."""
    named = [(str(key.value), value) for key, value in node.entries] if node else []
    return {name: _parameter(name, value, vocabulary, faults) for name, value in named if name in vocabulary.parameters}


def _parameter(name: str, node: Node, vocabulary: Vocabulary, faults: FaultList) -> object:
    unit, words = vocabulary.parameters[name]
    value = node.value if isinstance(node, Scalar) else node
    if unit == "boolean" and not isinstance(value, bool):
        faults.add(node.place, f"parameter `{name}` must be true or false, not `{_shown(value)}`")
    elif unit == "code" and value not in words:
        faults.add_unknown(node.place, f"value of parameter `{name}`:", value, words)
    elif unit in LONGEST and not (value is None or (type(value) is int and 1 <= value <= LONGEST[unit])):
        advice = f"write a whole number from 1 to {LONGEST[unit]}, or null for no limit"
        faults.add(node.place, f"parameter `{name}` must be a number of {unit}, not `{_shown(value)}`", advice)
    return value


def _shown(value: object) -> str:
    """A value as it was written."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value) if isinstance(value, str | int) else "…"


def read_definitions(root: Node | None, faults: FaultList) -> dict[str, Node]:
    """The `when` of every named condition, by its name, in the tree of definitions.yaml."""
    found = {}
    for key, name, node in shape.entries(root, "definitions", faults):
        tree = shape.mapping(node, f"definition `{name}`", ("fr", "en", "holds", "fails", "when"), faults)
        if tree is None:
            continue
        for language in ("fr", "en"):
            shape.text(shape.required(tree, language, f"definition `{name}`", faults), language, faults)
        found[name] = shape.required(tree, "when", f"definition `{name}`", faults) or Mapping(key.place, ())
    return found


def with_elsewhere(ruleset: RuleSet) -> RuleSet:
    """The rule set with what the two files on law elsewhere say; it needs neither to decide."""
    faults = FaultList()
    with suppress(RuleFaults):  # so many that reading stopped; `faults` has them
        ruleset = replace(ruleset, elsewhere=_elsewhere(ruleset, faults))
    return replace(ruleset, loose=(*ruleset.loose, *faults.faults))


def _elsewhere(ruleset: RuleSet, faults: FaultList) -> dict[str, dict[str, Elsewhere]]:
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
        found[name] = read_elsewhere(ruleset.tree(name, faults), name, faults)
        check_elsewhere(found[name].values(), known, {rule.catalogue_id for rule in ruleset.rules}, faults)
    return found
