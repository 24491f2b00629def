"""Of reading, masking and unmasking a document, Cedar allows what the engine permits, by policies of its own."""

from __future__ import annotations

import os
import random
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cedarpy
import pytest

from policy.ruleset import RuleSet, load
from tests.rules.oracle import DocumentTypes, Matrix, add_months, is_minor, load_doc_types, load_matrix
from tests.rules.oracle_request import Document, Facts, IllTyped, read
from tests.rules.random_requests import requests

HERE = Path(__file__).parent
RULES = HERE.parents[1] / "rules"
POLICIES = (HERE / "cedar" / "document.cedar").read_text("utf-8")
ACTIONS = ("doc.read", "doc.mask", "doc.unmask")
DEEP = bool(os.environ.get("DMP_TEST_DEEP"))
Json = dict[str, Any]


@pytest.fixture(scope="module")
def ruleset() -> RuleSet:
    return load(RULES)


def there(values: Json) -> Json:
    """The values that are there; Cedar knows no null."""
    return {name: value for name, value in values.items() if value is not None}


def moment(at: datetime) -> Json:
    """A time as Cedar's JSON has it, to the millisecond."""
    assert at.microsecond % 1000 == 0
    return {"__extn": {"fn": "datetime", "arg": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"}}


def given(text: str) -> bool:
    return any(character.isalnum() for character in text)


class Translation:
    """Requests in Cedar's form; what Cedar cannot compute is worked out by the independent evaluator's own means."""

    def __init__(self, matrix: Matrix, types: DocumentTypes) -> None:
        self.matrix, self.types = matrix, types

    def request(self, facts: Facts) -> tuple[Json, list[Json]]:
        """The request and its two entities."""
        subject, record = asdict(facts.subject), {"type": "Record", "id": "r"}
        principal = {"type": "Subject", "id": "s"}
        attributes = there(subject) | {
            "profession": subject["profession"] or "",
            "has_column": subject["profession"] in self.matrix.columns,
            "of_health": subject["profession"] in self.matrix.health,
            "reads": sorted(kind for name, kind in self.matrix.allowed if name == subject["profession"]),
        }
        context = {
            **{name: value for name, value in asdict(facts.context).items() if isinstance(value, bool)},
            "mode": facts.context.mode,
            "purpose": facts.context.purpose,
            "reason_given": given(facts.context.reason),
            "call_given": given(facts.context.call_ref),
            "now": moment(facts.at),
            "law": facts.law,
        }
        asked = {"principal": principal, "action": {"type": "Action", "id": facts.action}, "resource": record}
        entities = [
            {"uid": principal, "attrs": attributes, "parents": []},
            {"uid": record, "attrs": self.record(facts), "parents": []},
        ]
        return {**asked, "context": context}, entities

    def record(self, facts: Facts) -> Json:
        record, relation, document = facts.record, facts.relation, facts.document
        added = relation.authorisation_added_at
        return there(
            {
                **{name: value for name, value in asdict(relation).items() if isinstance(value, bool | str)},
                "added_at": None if added is None else moment(added),
                "exists": record.exists,
                "state": record.state or "",
                "oppositions": sorted(record.oppositions),
                "deceased": record.deceased,
                "protection": record.protection,
                "minor": is_minor(record.holder_birth_date, facts.at),
                "document": None if document is None else self.document(document, facts.at),
            }
        )

    def document(self, document: Document, at: datetime) -> Json:
        known = self.types.get(document.type)
        return there(
            {
                "type": document.type,
                "status": document.status,
                "labels": sorted(document.labels),
                "author": document.author,
                "author_structure": document.author_structure,
                "known_type": document.type in self.matrix.types,
                "personal_space": document.document_class == "90"
                or (known is not None and known.document_class == "90"),
                "month_old": add_months(document.deposited_at, 1) <= at,
            }
        )


def allowed(request: Json, entities: list[Json], policies: cedarpy.PolicySet) -> bool:
    """Cedar's answer, given without a policy that failed: such a policy is skipped, and a denial with it."""
    answer = cedarpy.is_authorized(request, policies, entities)
    assert answer.diagnostics.errors == []
    return bool(answer.decision == cedarpy.Decision.Allow)


def compare(ruleset: RuleSet, seed: int, count: int, text: str = POLICIES) -> Counter[str]:
    """Ask as many well-typed requests of both; a difference fails."""
    policies = cedarpy.PolicySet.from_str(text)
    translation = Translation(load_matrix(), load_doc_types())
    rng, seen = random.Random(seed), Counter[str]()
    for request in requests(seed, 20 * count):
        if not isinstance(request.get("document"), dict):
            continue
        if request.get("action") not in ACTIONS:
            request["action"] = rng.choice(ACTIONS)
        try:
            facts = read(request)
        except IllTyped:
            continue
        cedar = allowed(*translation.request(facts), policies)
        assert cedar is ruleset.engines[facts.profile].decide(request).permitted, request
        seen[f"{request['action']} {'allowed' if cedar else 'denied'}"] += 1
        if seen.total() == count:
            return seen
    raise AssertionError("too few requests")


def test_cedar_allows_what_the_engine_permits(ruleset: RuleSet) -> None:
    """1,000 random requests are answered alike, each action allowed and denied many times."""
    seen = compare(ruleset, 20110615, 1_000)
    assert len(seen) == 2 * len(ACTIONS)
    assert min(seen.values()) > 10


@pytest.mark.slow
def test_cedar_allows_what_the_engine_permits_at_length(ruleset: RuleSet) -> None:
    """3,000 random requests (20,000 in the deep run) of another seed are answered alike."""
    compare(ruleset, 20231026, 20_000 if DEEP else 3_000)


def without(policy: str) -> str:
    """The policies but one."""
    before, found, after = POLICIES.partition(f'@id("{policy}")\n')
    assert found
    return before + after.partition(";\n")[2]


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["VIS-03, MOD-08", "HAB-01", "MIN-05", "AUT-12", "MOD-18", "VIS-06", "ACT-19"])
def test_one_policy_left_out_is_seen(ruleset: RuleSet, policy: str) -> None:
    """The control: the comparison fails without one of the denials."""
    with pytest.raises(AssertionError, match="'action'"):
        compare(ruleset, 20231026, 10_000, without(policy))
