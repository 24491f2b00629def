"""Makes the JSON Schemas of the rule files from the vocabulary, so that editors complete words and mark mistakes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from policy.analyze.statement import KEYS, PERMITTED, REFUSALS
from policy.rule import EFFECTS
from policy.ruleset import RuleSet
from policy.vocabulary import Attribute, Kind, Vocabulary

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEXT = {"type": "string", "minLength": 1}
_BILINGUAL = {
    "type": "object",
    "properties": {"fr": _TEXT, "en": _TEXT},
    "required": ["fr", "en"],
    "additionalProperties": False,
}


def schemas(ruleset: RuleSet) -> dict[str, dict[str, Any]]:
    """File name → schema, for the rule files, the statements, the definitions and the profiles."""
    condition, vocabulary = _condition(ruleset), ruleset.vocabulary
    definition: dict[str, Any] = {
        "type": "object",
        "properties": {
            "fr": _TEXT, "en": _TEXT, "holds": _BILINGUAL, "fails": _BILINGUAL, "when": {"$ref": "#/$defs/condition"},
        },
        "dependentRequired": {"holds": ["fails"], "fails": ["holds"]},
    }  # fmt: skip
    definition |= {"required": ["fr", "en", "when"], "additionalProperties": False}
    defs = {"condition": {"anyOf": [condition, {"type": "array", "items": {"$ref": "#/$defs/condition"}}]}}
    parameters = {name: _parameter(*kind) for name, kind in vocabulary.parameters.items()}
    profile = {
        "type": "object",
        "properties": parameters,
        "required": sorted(parameters),
        "additionalProperties": False,
    }
    return {
        "rules.schema.json": {"$schema": DIALECT, "$defs": defs, "type": "array", "items": _rule(ruleset)},
        "invariants.schema.json": {"$schema": DIALECT, "$defs": defs, "type": "array", "items": _statement(ruleset)},
        "definitions.schema.json": {
            "$schema": DIALECT,
            "$defs": defs,
            "type": "object",
            "additionalProperties": definition,
        },
        "absence.schema.json": {"$schema": DIALECT, "$defs": {"facts": _stated(vocabulary)}, **_absence(vocabulary)},
        "profile.schema.json": {
            "$schema": DIALECT,
            "type": "object",
            "properties": {"title": _BILINGUAL, "parameters": profile},
            "required": ["title", "parameters"],
            "additionalProperties": False,
        },
    }


def write(ruleset: RuleSet, folder: Path) -> list[Path]:
    """Write the schemas into a folder; the files that changed."""
    folder.mkdir(parents=True, exist_ok=True)
    changed = []
    for name, schema in schemas(ruleset).items():
        text = json.dumps(schema, ensure_ascii=False, indent=1) + "\n"
        path = folder / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            changed.append(path)
    return changed


def _rule(ruleset: RuleSet) -> dict[str, Any]:
    vocabulary = ruleset.vocabulary
    actions = _one_or_more([*vocabulary.groups, *vocabulary.actions])
    condition = {"$ref": "#/$defs/condition"}
    properties = {
        "id": _TEXT,
        "title": _BILINGUAL,
        "basis": _TEXT,
        "effect": {"enum": list(EFFECTS)},
        "stage": {"enum": [stage.id for stage in vocabulary.stages]},
        "answers": {"enum": ["FORBIDDEN", "NOT_FOUND", "CONFLICT"]},
        "actions": actions,
        "except": actions,
        "profiles": _one_or_more(ruleset.profiles),
        "from": {"type": "string", "format": "date"},
        "until": {"type": "string", "format": "date"},
        "when": condition,
        "unless": condition,
        "obligations": {
            "type": "array",
            "items": {"type": "string", "pattern": f"^({'|'.join(vocabulary.obligations)})(:.+)?$"},
        },
        "scope": {"enum": list(vocabulary.scopes)},
        "kept_because": _TEXT,
    }
    denial = {"if": {"properties": {"effect": {"const": "deny"}}}, "then": {"required": ["stage", "answers"]}}
    return {
        "type": "object",
        "properties": properties,
        "required": ["id", "title", "basis", "effect", "actions"],
        "additionalProperties": False,
        **denial,
    }


def _statement(ruleset: RuleSet) -> dict[str, Any]:
    vocabulary = ruleset.vocabulary
    rule = _rule(ruleset)["properties"]
    duties = {"anyOf": [rule["obligations"]["items"], rule["obligations"]]}
    claims = {
        "permitted": {"enum": list(PERMITTED)},
        "only_if": {"$ref": "#/$defs/condition"},
        "answers": _one_or_more(REFUSALS),
        "refused_by": {"enum": [stage.id for stage in vocabulary.stages]},
        "carries": duties,
        "omits": duties,
        "scope": _one_or_more(vocabulary.scopes),
    }
    return {
        "type": "object",
        "properties": {name: rule[name] for name in KEYS if name in rule} | claims,
        "required": ["id", "title", "basis", "actions"],
        "additionalProperties": False,
        "anyOf": [{"required": [claim]} for claim in claims],
    }


def _condition(ruleset: RuleSet) -> dict[str, Any]:
    condition = {"$ref": "#/$defs/condition"}
    properties: dict[str, Any] = {name: _operand(a) for name, a in ruleset.vocabulary.attributes.items()}
    properties |= {f"parameter.{name}": {} for name in ruleset.vocabulary.parameters}
    properties |= {"any": {"type": "array", "items": condition}, "all": {"type": "array", "items": condition}}
    properties |= {"not": condition, "definition": _one_or_more([])}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _absence(vocabulary: Vocabulary) -> dict[str, Any]:
    flags = [a.name for a in vocabulary.attributes.values() if a.entity == "context" and a.kind is Kind.BOOLEAN]
    facts = {"$ref": "#/$defs/facts"}
    capacity: dict[str, Any] = {"fr": _TEXT, "en": _TEXT, "facts": facts, "read_by": _one_or_more([])}
    capacity |= {"least": {"enum": list(vocabulary.actions)}, "asked_again": {"type": "boolean"}}
    kinds = _one_or_more(vocabulary.attributes["subject.kind"].values)
    return _object(
        {
            "capacities": {
                "type": "object",
                "additionalProperties": _object(capacity) | {"required": ["fr", "en", "facts"]},
            },
            "opened_by": _object(dict.fromkeys(flags, kinds)),
            "hindsight": facts,
        }
    )


def _stated(vocabulary: Vocabulary) -> dict[str, Any]:
    """Attributes with the values that a request may give them."""
    own = (a for a in vocabulary.attributes.values() if not a.derived)
    return _object({a.name: {"description": f"{a.title.fr} — {a.title.en}"} | _value(a) for a in own})


def _value(attribute: Attribute) -> dict[str, Any]:
    if attribute.kind is Kind.BOOLEAN:
        return {"type": "boolean"}
    if attribute.kind is Kind.CODES:
        return {"type": "array", "items": {"enum": list(attribute.values)}}
    word: dict[str, Any] = {"enum": list(attribute.values)} if attribute.kind is Kind.CODE else _TEXT
    return {"anyOf": [word, {"type": "null"}]} if attribute.nullable else word


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _operand(attribute: Attribute) -> dict[str, Any]:
    described = {"description": f"{attribute.title.fr} — {attribute.title.en}"}
    operator = {"type": "object", "minProperties": 1}
    if attribute.kind is Kind.CODES:
        return {**described, **operator, "properties": {"contains": {"enum": list(attribute.values)}}}
    if attribute.kind in (Kind.DATE, Kind.TIME):
        return {**described, **operator, "properties": {"elapsed": _TEXT, "exists": {"type": "boolean"}}}
    if attribute.kind is Kind.BOOLEAN:
        return {**described, "type": "boolean"}
    return {**described, "anyOf": [_one_or_more(attribute.values), {"type": "null"}, operator]}


def _parameter(unit: str, values: tuple[str, ...]) -> dict[str, Any]:
    if unit == "boolean":
        return {"type": "boolean"}
    return (
        {"enum": list(values)} if unit == "code" else {"type": ["integer", "null"], "minimum": 1, "description": unit}
    )


def _one_or_more(values: Iterable[str]) -> dict[str, Any]:
    words = sorted(values)
    word: dict[str, Any] = {"enum": words} if words else _TEXT
    return {"anyOf": [word, {"type": "array", "items": word}]}
