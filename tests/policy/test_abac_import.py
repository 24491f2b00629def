"""Reading py-abac policies: what is sound becomes a rule, what is not is refused with its place, all at once."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from py_abac.policy.conditions.schema import ConditionSchema

from policy.abac.meaning import FIELDS, REFUSED
from policy.abac.reading import read_policies
from policy.errors import RuleFaults
from policy.ruleset import RuleSet, load

RULES = Path(__file__).parents[2] / "rules"
PROFILE = "seed-2011"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def ruleset() -> RuleSet:
    return load(RULES)


def policy(rules: Json | None = None, **changed: Any) -> Json:
    """A denial of reading, with these rules."""
    return {
        "uid": "P-1",
        "description": "Essai",
        "effect": "deny",
        "rules": rules or {},
        "targets": {"action_id": "doc.read"},
        "priority": 0,
    } | changed


def about(element: str, path: str, condition: Any, effect: str = "deny") -> Json:
    return policy({element: {path: condition}}, effect=effect)


def the(name: str, **fields: Any) -> Json:
    return {"condition": name, **fields}


def faults(ruleset: RuleSet, content: bytes | str | Json | list[Json]) -> list[str]:
    """What is refused, each with its place."""
    if not isinstance(content, bytes | str):
        content = json.dumps(content, indent=1)
    with pytest.raises(RuleFaults) as caught:
        read_policies(content.encode() if isinstance(content, str) else content, "p.json", ruleset, PROFILE)
    return [str(fault) for fault in caught.value.faults]


STATE, LABELS, MODE = "$.record.state", "$.document.labels", "$.mode"
CONDITIONS: dict[str, tuple[Json, str]] = {
    "a number is greater": (about("resource", STATE, the("Gt", value=1)), "`Gt` is not taken"),
    "at least": (about("resource", STATE, the("Gte", value=1)), "`Gte` is not taken"),
    "less": (about("resource", STATE, the("Lt", value=1)), "`Lt` is not taken"),
    "at most": (about("resource", STATE, the("Lte", value=1)), "`Lte` is not taken"),
    "part of a text": (about("subject", "$.id", the("Contains", value="8")), "`Contains` is not taken"),
    "no part": (about("subject", "$.id", the("NotContains", value="8")), "`NotContains` is not taken"),
    "a beginning": (about("subject", "$.id", the("StartsWith", value="8")), "`StartsWith` is not taken"),
    "an end": (about("subject", "$.id", the("EndsWith", value="8")), "`EndsWith` is not taken"),
    "a network": (about("subject", "$.id", the("CIDR", value="10.0.0.1/8")), "`CIDR` is not taken"),
    "a whole object": (about("resource", STATE, the("EqualsObject", value={})), "`EqualsObject` is not taken"),
    "anything": (about("resource", STATE, the("Any")), "`Any` is not taken"),
    "an empty set": (about("resource", LABELS, the("IsEmpty")), "`IsEmpty` is not taken"),
    "a set that is not empty": (about("resource", LABELS, the("IsNotEmpty")), "`IsNotEmpty` is not taken"),
    "two sets": (
        about("resource", LABELS, the("AnyInAttribute", ace="context", path="$.status_filter")),
        "`AnyInAttribute` is not taken",
    ),
    "an unknown condition": (about("resource", STATE, the("Equal", value="CLOSED")), "did you mean `Equals`?"),
    "any other expression": (about("subject", "$.id", the("RegexMatch", value="(a+)+$")), "only one regular"),
    "letters of either case": (
        about("resource", STATE, the("Equals", value="closed", case_insensitive=True)),
        "letters are compared as they are",
    ),
    "a flag as a word": (about("resource", "$.relation.holder", the("Equals", value="true")), "write `Eq` and 1 or 0"),
    "a flag as true": (about("resource", "$.relation.holder", the("Eq", value=True)), "true is the number 1"),
    "a flag as text": (about("resource", "$.relation.holder", the("Eq", value="1")), "true is the number 1"),
    "a number of text": (about("resource", STATE, the("Eq", value=1)), "is not true or false"),
    "a set as a value": (about("resource", LABELS, the("Equals", value="N")), "write `AnyIn`"),
    "a set in a list": (about("resource", LABELS, the("IsIn", values=["N"])), "write `AnyIn`"),
    "a value as a set": (about("resource", STATE, the("AnyIn", values=["CLOSED"])), "asks of a set"),
    "an empty id": (about("subject", "$.id", the("Equals", value="")), "value must be text"),
    "a list of numbers": (about("subject", "$.id", the("IsIn", values=[1])), "must be text"),
    "no list": (about("resource", STATE, the("IsIn", values="CLOSED")), "must be a list"),
    "an empty list": (about("resource", STATE, the("IsIn", values=[])), "is an empty list"),
    "an unknown code": (about("resource", STATE, the("Equals", value="CLOSE")), "did you mean `CLOSED`?"),
    "a condition without a value": (about("resource", STATE, the("Equals")), "lacks `value`"),
    "a condition with too much": (about("resource", STATE, the("Exists", value=1)), "unknown key"),
    "every code": (
        about("resource", "$.record.oppositions",
              the("AllNotIn", values=["OPPOSITION_BRIS_DE_GLACE", "OPPOSITION_ACCES_URGENCE"])),
        "says nothing",
    ),
    # missing values
    "a denial that vanishes": (about("context", "$.role", the("NotEquals", value="MEDECIN_TRAITANT")), "vanishes"),
    "a denial of a set that vanishes": (about("resource", LABELS, the("AnyNotIn", values=["N"])), "vanishes"),
    "a permit under not": (
        about("context", "$.role", the("Not", value=the("NotEquals", value="MEDECIN_TRAITANT")), "allow"),
        "vanishes",
    ),
    "a permit of a document's opposite": (
        about("resource", "$.document.author", the("NotEquals", value="X"), "allow"), "cannot be said"
    ),
    "two that are missing": (
        about("resource", "$.document.author_structure", the("EqualsAttribute", ace="subject", path="$.structure")),
        "two values that are missing would be the same",
    ),
    "two that are missing, not the same": (
        about("resource", "$.document.author_structure", the("NotEqualsAttribute", ace="subject", path="$.structure")),
        "two values that are missing would be the same",
    ),
    "never missing": (about("subject", "$.id", the("Exists")), "is never missing"),
    "blank is given": (about("resource", "$.document.author", the("Exists")), "blank text would count as given"),
    "an unknown element": (
        about("resource", "$.document.author", the("EqualsAttribute", ace="user", path="$.id")), "unknown element"
    ),
    # paths
    "brackets": (about("resource", "$['record']", the("Exists")), "a path is `$` and plain names"),
    "a filter": (about("resource", "$.record[@.x]", the("Exists")), "a path is `$` and plain names"),
    "every depth": (about("resource", "$..state", the("Exists")), "a path is `$` and plain names"),
    "a subtraction": (about("resource", "$.user-id", the("Exists")), "a path is `$` and plain names"),
    "a function": (about("context", "now()", the("Exists")), "a path is `$` and plain names"),
    "a length": (about("resource", "len($.items)", the("Exists")), "a path is `$` and plain names"),
    "the whole": (about("resource", "$", the("Exists")), "a path is `$` and plain names"),
    "an operator": (about("resource", "$.a + 1", the("Exists")), "a path is `$` and plain names"),
    "deeper than the value": (about("resource", "$.record.state.x", the("Exists")), "unknown attribute"),
    "a path elsewhere": (about("subject", "$.record.state", the("Equals", value="CLOSED")), "unknown attribute"),
    "a misspelt attribute": (about("resource", "$.record.stat", the("Exists")), "did you mean `record.state`?"),
    "what the engine alone knows": (about("resource", "$.request.ill_typed", the("Eq", value=0)), "unknown attribute"),
    "a path to compare with": (
        about("resource", "$.document.author", the("EqualsAttribute", ace="subject", path="$['id']")),
        "a path is `$` and plain names",
    ),
    # terms
    "a doubtful term denies": (
        about("context", "$.elapsed.record.closed_at.years_10", the("Eq", value=1)), "must not open anything"
    ),
    "a doubtful term permits": (
        about("context", "$.elapsed.record.closed_at.years_10", the("Not", value=the("Eq", value=0)), "allow"),
        "must not open anything",
    ),
    "a flag in a term": (
        about("context", "$.elapsed.record.closed_at.years_10", the("Not", value=the("Eq", value=False))),
        "must not open anything",
    ),
    "no parameter is so long": (
        about("context", "$.elapsed.record.closed_at.years_11", the("Not", value=the("Eq", value=0))),
        "0 parameters of profile seed-2011 are 11 years",
    ),
    "a term of no time": (
        about("context", "$.elapsed.record.state.years_10", the("Not", value=the("Eq", value=0))), "no term"
    ),
}  # fmt: skip
POLICIES: dict[str, tuple[Json, str]] = {
    "an unknown field": (policy(note="x"), "unknown key in a policy `note`"),
    "an unknown element": (policy({"user": {}}), "unknown key in rules `user`"),
    "an unknown target": (policy(targets={"action": "doc.read"}), "did you mean `action_id`?"),
    "no effect": ({k: v for k, v in policy().items() if k != "effect"}, "lacks `effect`"),
    "an unknown effect": (policy(effect="permit"), "unknown effect `permit`"),
    "a priority": (policy(priority=9), "a priority lets a permit win over a denial"),
    "a priority as text": (policy(priority="0"), "a priority lets a permit win over a denial"),
    "one subject": (policy(targets={"subject_id": "8100", "action_id": "doc.read"}), "`subject_id` names single"),
    "one resource": (policy(targets={"resource_id": "a[b]c", "action_id": "doc.read"}), "`resource_id` names single"),
    "a pattern": (policy(targets={"action_id": "doc.*"}), "`doc.*` is a pattern"),
    "a set of letters": (policy(targets={"action_id": ["doc.[r]ead"]}), "is a pattern"),
    "one letter": (policy(targets={"action_id": "doc.rea?"}), "is a pattern"),
    "an unknown action": (policy(targets={"action_id": "doc.reed"}), "did you mean `doc.read`?"),
    "no action": (policy(targets={"action_id": []}), "is an empty list"),
    "no alternative": (policy({"resource": []}), "alternatives is an empty list"),
    "an alternative that always holds": (policy({"resource": [{}]}), "always holds"),
    "a permit that sees the document": (
        about("resource", LABELS, the("AnyIn", values=["N"]), "allow"), "it would betray a hidden document"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", [*CONDITIONS, *POLICIES])
def test_what_is_not_sound_is_refused(ruleset: RuleSet, case: str) -> None:
    """Each construct is refused, with a place and a reason, and that alone."""
    given, told = {**CONDITIONS, **POLICIES}[case]
    found = faults(ruleset, given)
    assert len(found) == 1
    assert found[0].startswith("p.json:")
    assert told in found[0]


FILES: dict[str, tuple[bytes, str]] = {
    "no JSON": (b"[{", "p.json:1:3: is not JSON"),
    "YAML": (b"- uid: P-1", "p.json:1:1: is not JSON"),
    "no policy": (b"7", "must be a list"),
    "nothing": (b"", "is not JSON"),
    "no policies": (b"[]", "a file of policies is an empty list"),
    "another encoding": ('{"uid": "é"}'.encode("latin-1"), "is not UTF-8"),
    "a key twice": (json.dumps(policy()).replace('"uid"', '"effect": "allow", "uid"', 1).encode(), "duplicate key"),
    "not a number": (json.dumps(policy(priority=float("nan"))).encode(), "NaN is no number of JSON"),
    "a fraction": (json.dumps(policy(priority=0.0)).encode(), "`0.0` is no small whole number"),
    "more than a float holds": (json.dumps(policy(priority=9007199254740993)).encode(), "is no small whole number"),
    "nested deeply": (b"[" * 100_000 + b"]" * 100_000, "nested deeper"),
    "a megabyte": (json.dumps(policy(description="x" * 1_048_576)).encode(), "larger than 512 KiB"),
    "two of one name": (json.dumps([policy(), policy()]).encode(), "rule `P-1` stands already"),
}


@pytest.mark.parametrize("case", FILES)
def test_a_file_that_is_not_one_is_refused(ruleset: RuleSet, case: str) -> None:
    """What is no JSON, or not what it seems, is refused by its place."""
    content, told = FILES[case]
    assert any(told in fault for fault in faults(ruleset, content))


def test_every_fault_is_told_at_once_in_order(ruleset: RuleSet) -> None:
    """All constructs in one file are refused together, in the order of their places."""
    together = [
        {**given, "uid": f"P-{number}"}
        for number, (given, _) in enumerate(chain(CONDITIONS.values(), POLICIES.values()))
    ]
    found = faults(ruleset, together)
    lines = [int(fault.split(":")[1]) for fault in found]
    assert lines == sorted(lines)
    assert len(found) == len(together)
    for _, told in chain(CONDITIONS.values(), POLICIES.values()):
        assert any(told in fault for fault in found)


def test_every_condition_of_py_abac_is_taken_or_refused() -> None:
    """The 37 conditions that the library has are those that are read or refused with a reason."""
    assert {*FIELDS, *REFUSED} == ConditionSchema.type_schemas.keys()
    assert not FIELDS.keys() & REFUSED.keys()


TAKEN: dict[str, tuple[Json, str]] = {
    "a value": (about("resource", STATE, the("Equals", value="CLOSED")), "record.state: CLOSED"),
    "not a value": (
        about("resource", STATE, the("NotEquals", value="CLOSED"), "allow"),
        "record.state: {exists: true} not: {record.state: CLOSED}",
    ),
    "no value of some": (about("context", MODE, the("IsNotIn", values=["normal"])), "not: context.mode: [normal]"),
    "a flag": (about("resource", "$.relation.holder", the("Eq", value=0)), "relation.holder: false"),
    "another flag": (about("resource", "$.relation.holder", the("Neq", value=0)), "not: {relation.holder: false}"),
    "no text": (about("context", "$.reason", the("Equals", value="")), "context.reason: ''"),
    "something": (about("context", "$.reason", the("RegexMatch", value=r"[^\W_]")), "context.reason: {exists: true}"),
    "nothing": (about("context", "$.ticket", the("NotExists")), "context.ticket: null"),
    "members": (about("resource", LABELS, the("AnyIn", values=["R", "V"])), "contains_any: [R, V]"),
    "the others": (
        about("resource", LABELS, the("AllNotIn", values=["N", "R", "V", "MASQUE_PS"])),
        "contains_any: [INVISIBLE_PATIENT, INVISIBLE_REPRESENTANTS_LEGAUX]",
    ),
    "none of them": (
        about("context", "$.status_filter", the("AnyNotIn", values=["Deleted"])), "contains_any: [Deleted]"
    ),
    "within": (about("context", "$.status_filter", the("AllIn", values=["Approved", "Archived"])), "Deprecated, "),
    "the same": (
        about("resource", "$.document.author", the("EqualsAttribute", ace="subject", path="$.id")),
        "document.author: {same_as: subject.id}",
    ),
    "the same, if given": (
        about("resource", "$.document.author_structure",
              the("AllOf", values=[the("Exists"), the("EqualsAttribute", ace="subject", path="$.structure")])),
        "document.author_structure: {same_as: subject.structure}",
    ),
    "one of a set": (
        about("resource", "$.document.status", the("IsInAttribute", ace="context", path="$.status_filter")),
        "document.status: {one_of: context.status_filter}",
    ),
    "a term": (
        about("context", "$.elapsed.record.closed_at.years_10", the("Not", value=the("Eq", value=0))),
        "record.closed_at: {elapsed: retention_years}",
    ),
    "a term of a permit": (
        about("context", "$.elapsed.record.closed_at.years_10", the("Eq", value=0), "allow"),
        "not:\n      record.closed_at: {elapsed: retention_years}",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TAKEN)
def test_what_is_sound_becomes_a_rule(ruleset: RuleSet, case: str) -> None:
    """Each construct becomes one rule in the rule language, which the reader of rule files has read."""
    given, written = TAKEN[case]
    found = read_policies(json.dumps(given).encode(), "p.json", ruleset, PROFILE)
    assert [rule.id for rule in found.rules] == ["P-1"]
    assert " ".join(written.split()) in " ".join(found.text.split())
