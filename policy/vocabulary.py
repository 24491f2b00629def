"""The words that rules and requests may use: actions, attributes, parameters, stages, obligations (vocabulary.yaml)."""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from enum import StrEnum

from policy import shape
from policy.changes import Change, Changer, read_changers, read_changes
from policy.chronology import Pair, read_chronology
from policy.errors import FaultList, Place, RuleFaults
from policy.obligation import Obligation, read_obligations
from policy.shape import Text
from policy.source import Mapping, Node, Scalar
from policy.table import TableSource, read_source
from policy.wording import Wording, check_wording, read_wording


class Kind(StrEnum):
    """The type of an attribute's value."""

    BOOLEAN = "boolean"
    CODE = "code"
    CODES = "codes"
    ID = "id"
    TEXT = "text"
    DATE = "date"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Requirement:
    """When an attribute must be given: always (no attribute), or when another has one of some values."""

    attribute: str = ""
    values: frozenset[object] = frozenset()


@dataclass(frozen=True, slots=True)
class Attribute:
    """One fact that a request may state, named `entity.name`."""

    name: str
    kind: Kind
    title: Text
    place: Place
    values: tuple[str, ...] = ()
    required: tuple[Requirement, ...] = ()
    absent: object = None
    """What a missing value stands for."""
    nullable: bool = False
    """Whether null may be given: only where `absent: null` is written."""
    derived: str = ""
    """How the engine itself computes it (`faults`, `presence`, `action`), or empty."""
    supplied: bool = False
    """Whether who asks about another may state it, because nobody here stores it."""

    @property
    def entity(self) -> str:
        """The part of the request that holds it."""
        return self.name.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a subject may ask to do."""

    name: str
    title: Text
    groups: frozenset[str]
    """Those that the vocabulary names, and EVERY."""
    items: str | None = None
    """The action decided on each item, for actions that answer with a list."""
    internal: bool = False
    """Decided on items alone, never asked for."""
    asks_for: str | None = None
    """The action that the host's doctor is asked to do."""
    for_asker: bool = False
    """Whether it is done for whoever asks, else for the holder."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the order of evaluation; the first that denies gives the answer."""

    id: str
    title: Text
    order: tuple[str, ...]
    """Outward answers by precedence within the stage."""
    uses_document: bool


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Every word of the rule set."""

    actions: Map[str, Action]
    groups: frozenset[str]
    attributes: Map[str, Attribute]
    stages: tuple[Stage, ...]
    default_stage: str
    default_rule: str
    parameters: Map[str, tuple[str, tuple[str, ...]]]
    """Name → unit (boolean, code, days, months, years) and, for a code, its values."""
    obligations: Map[str, Obligation]
    """By code, in the order of answers."""
    answers: Map[str, Text]
    """Outward answer → what the person is told."""
    always: frozenset[str]
    """Obligations of every decision, permitted or not."""
    scopes: tuple[str, ...]
    """From the narrowest to the widest."""
    tables: tuple[TableSource, ...]
    early_document_attributes: Map[str, frozenset[str]]
    """Document attributes that stages before the document's own may use, and for which actions."""
    changers: Map[str, Changer]
    """Who can change facts, those first whom it costs least; none in a vocabulary that does not say."""
    changes: Map[str, Change]
    """By attribute, how it changes."""
    wording: Map[str, Wording]
    """How sentences name the values of attributes."""
    parameters_at: Map[str, Place] = field(default_factory=dict, repr=False)
    """Where each parameter is named."""
    chronology: tuple[Pair, ...] = ()
    """Pairs of dates of which the first is never later than the second, in examples that can be had."""
    concerns: Map[str, Place] = field(default_factory=dict, repr=False)
    """The files of rules, without their ending, and where each is named; none in a vocabulary that lists none."""

    def actions_of(self, word: str) -> frozenset[str]:
        """The actions that a word in a rule stands for: one action, or all of a group."""
        if word in self.actions:
            return frozenset({word})
        return frozenset(name for name, action in self.actions.items() if word in action.groups)


EVERY = "every"
"""The group that every action is of, so that a rule which spares none cannot forget one."""

_KEYS = (
    "concerns",
    "stages",
    "default",
    "actions",
    "attributes",
    "parameters",
    "answers",
    "obligations",
    "scopes",
    "tables",
    "early_document_attributes",
    "changers",
    "changes",
    "wording",
    "chronology",
)
_UNITS = ("boolean", "code", "days", "months", "years")


def read_vocabulary(node: Node | None, faults: FaultList) -> Vocabulary:
    """Build the vocabulary from the tree of vocabulary.yaml; what is wrong goes to `faults`.

    Raises `RuleFaults` where there is no mapping to read.
    """
    tree = shape.mapping(node, "the vocabulary", _KEYS, faults)
    if tree is None:
        raise RuleFaults(faults.faults)
    actions = _actions(tree, faults)
    default = shape.mapping(tree.get("default"), "default", ("stage", "rule"), faults)
    parameters = {name: _parameter(value, faults) for _, name, value in _named(tree, "parameters", faults)}
    obligations = read_obligations(shape.required(tree, "obligations", "the vocabulary", faults), parameters, faults)
    attributes = _attributes(tree, actions, faults)
    changers = read_changers(tree.get("changers"), faults)
    tables = tuple(read_source(name, value, faults) for _, name, value in _named(tree, "tables", faults))
    wording = read_wording(tree.get("wording"), faults)
    check_wording(wording, {a.name: _values_of(a) for a in attributes.values()}, [t.name for t in tables], faults)
    return Vocabulary(
        actions=actions,
        groups=frozenset(group for action in actions.values() for group in action.groups),
        attributes=attributes,
        stages=tuple(_stage(item, faults) for item in shape.items(tree.get("stages"), "stages", faults)),
        default_stage=shape.text(default.get("stage"), "default.stage", faults) if default else "",
        default_rule=shape.text(default.get("rule"), "default.rule", faults) if default else "",
        parameters=parameters,
        obligations=obligations,
        answers={name: shape.bilingual(value, name, faults) for _, name, value in _named(tree, "answers", faults)},
        always=frozenset(code for code, duty in obligations.items() if duty.always),
        scopes=tuple(word for _, word in shape.texts(tree.get("scopes"), "scopes", faults)),
        tables=tables,
        early_document_attributes={
            name: frozenset(word for _, word in shape.texts(value, name, faults))
            for _, name, value in _named(tree, "early_document_attributes", faults)
        },
        changers=changers,
        changes=read_changes(
            tree,
            {attribute.name: attribute.values for attribute in attributes.values() if not attribute.derived},
            changers,
            faults,
        ),
        wording=wording,
        chronology=read_chronology(
            tree.get("chronology"), [a.name for a in attributes.values() if a.kind in (Kind.DATE, Kind.TIME)], faults
        ),
        parameters_at={name: key.place for key, name, _ in _named(tree, "parameters", FaultList())},
        concerns={word: item.place for item, word in shape.texts(tree.get("concerns"), "concerns", faults)},
    )


def _actions(tree: Mapping, faults: FaultList) -> dict[str, Action]:
    named = _named(tree, "actions", faults)
    actions = {name: _action(name, value, faults) for _, name, value in named}
    for key, name, _ in named:
        for target in (actions[name].items, actions[name].asks_for):
            if target and target not in actions:
                faults.add_unknown(key.place, "action", target, actions)
    return actions


def _values_of(attribute: Attribute) -> tuple[str, ...]:
    """The words that its values are, or none where any text is one."""
    return ("true", "false") if attribute.kind is Kind.BOOLEAN else attribute.values


def _named(tree: Mapping, key: str, faults: FaultList) -> list[tuple[Scalar, str, Node]]:
    return shape.entries(shape.required(tree, key, "the vocabulary", faults), key, faults)


def _action(name: str, node: Node, faults: FaultList) -> Action:
    tree = shape.mapping(
        node, f"action `{name}`", ("fr", "en", "groups", "items", "internal", "asks_for", "for_asker"), faults
    )
    if tree is None:
        return Action(name, Text("", ""), frozenset())
    items_node, internal = tree.get("items"), tree.get("internal")
    asks_for, for_asker = tree.get("asks_for"), tree.get("for_asker")
    return Action(
        name,
        _title(tree, f"action `{name}`", faults),
        frozenset((EVERY, *(word for _, word in shape.texts(tree.get("groups"), "groups", faults)))),
        shape.text(items_node, "items", faults) or None if items_node else None,
        isinstance(internal, Scalar) and internal.value is True,
        shape.text(asks_for, "asks_for", faults) or None if asks_for else None,
        isinstance(for_asker, Scalar) and for_asker.value is True,
    )


def _title(tree: Mapping, what: str, faults: FaultList) -> Text:
    return Text(*(shape.text(shape.required(tree, key, what, faults), f"{what}.{key}", faults) for key in ("fr", "en")))


def _stage(node: Node, faults: FaultList) -> Stage:
    tree = shape.mapping(node, "a stage", ("id", "fr", "en", "order", "uses_document"), faults)
    if tree is None:
        return Stage("", Text("", ""), (), uses_document=False)
    uses = tree.get("uses_document")
    return Stage(
        shape.text(shape.required(tree, "id", "a stage", faults), "id", faults),
        _title(tree, "a stage", faults),
        tuple(word for _, word in shape.texts(tree.get("order"), "order", faults)),
        uses_document=isinstance(uses, Scalar) and uses.value is True,
    )


def _attributes(tree: Mapping, actions: Map[str, Action], faults: FaultList) -> dict[str, Attribute]:
    attributes = {}
    for key, name, node in _named(tree, "attributes", faults):
        attribute = _attribute(key, name, node, actions, faults)
        if attribute is not None:
            attributes[name] = attribute
    for attribute in attributes.values():
        for requirement in attribute.required:
            if requirement.attribute and requirement.attribute not in attributes:
                faults.add_unknown(attribute.place, "attribute", requirement.attribute, attributes)
    return attributes


def _attribute(key: Scalar, name: str, node: Node, actions: Map[str, Action], faults: FaultList) -> Attribute | None:
    known = ("type", "fr", "en", "values", "required", "absent", "derived", "supplied")
    tree = shape.mapping(node, f"attribute `{name}`", known, faults)
    if tree is None:
        return None
    word = shape.text(shape.required(tree, "type", f"attribute `{name}`", faults), "type", faults)
    if word not in tuple(Kind):
        faults.add_unknown(key.place, "type", word, tuple(Kind))
        return None
    kind = Kind(word)
    derived = tree.get("derived")
    how = shape.text(derived, "derived", faults) if derived else ""
    values = (
        tuple(actions) if how == "action" else tuple(w for _, w in shape.texts(tree.get("values"), "values", faults))
    )
    if kind in (Kind.CODE, Kind.CODES) and not values:
        faults.add(key.place, f"attribute `{name}` is a {kind} without values", "list them under `values`")
    supplied = tree.get("supplied")
    if supplied is not None and (how or not isinstance(supplied, Scalar) or not isinstance(supplied.value, bool)):
        faults.add(supplied.place, "`supplied` must be true or false, and not of a derived attribute")
    required = _requirements(tree.get("required"), faults)
    absent = tree.get("absent")
    if not required and absent is None and not how:
        faults.add(
            key.place, f"attribute `{name}` says neither `required` nor `absent`", "say what a missing value stands for"
        )
    return Attribute(
        name,
        kind,
        _title(tree, f"attribute `{name}`", faults),
        key.place,
        values,
        required,
        _absent(absent, kind, values, faults),
        nullable=isinstance(absent, Scalar) and absent.value is None,
        derived=how,
        supplied=isinstance(supplied, Scalar) and supplied.value is True,
    )


def _absent(node: Node | None, kind: Kind, values: tuple[str, ...], faults: FaultList) -> object:
    if isinstance(node, Scalar) and kind is not Kind.CODES:
        if kind is Kind.BOOLEAN and not isinstance(node.value, bool | None):
            faults.add(node.place, "`absent` of a boolean must be true or false")
        if kind is Kind.CODE and node.value is not None and node.value not in values:
            faults.add_unknown(node.place, "value", node.value, values)
        return node.value
    if node is not None and kind is Kind.CODES:
        return frozenset(word for _, word in shape.texts(node, "absent", faults))
    return None


def _requirements(node: Node | None, faults: FaultList) -> tuple[Requirement, ...]:
    """`required: always`, or `required: {attribute: value or [values]}` (any of them)."""
    if node is None:
        return ()
    if isinstance(node, Scalar):
        if node.value != "always":
            faults.add(node.place, "`required` must be `always` or a mapping of attribute to values")
        return (Requirement(),)
    result = []
    for _, name, value in shape.entries(node, "required", faults):
        nodes = (value,) if isinstance(value, Scalar) else shape.items(value, "required", faults)
        result.append(Requirement(name, frozenset(item.value for item in nodes if isinstance(item, Scalar))))
    return tuple(result)


def _parameter(node: Node, faults: FaultList) -> tuple[str, tuple[str, ...]]:
    tree = shape.mapping(node, "a parameter", ("type", "values", "fr", "en"), faults)
    if tree is None:
        return ("boolean", ())
    _title(tree, "a parameter", faults)
    unit = shape.text(shape.required(tree, "type", "a parameter", faults), "type", faults)
    if unit not in _UNITS:
        faults.add_unknown(tree.place, "type", unit, _UNITS)
    return unit, tuple(word for _, word in shape.texts(tree.get("values"), "values", faults))
