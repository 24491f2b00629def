"""A series decides each document as the engine decides the whole request with it, whatever came before."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from policy.ruleset import RuleSet, load
from tests.rules.random_requests import requests

RULES = Path(__file__).parents[2] / "rules"
AGES = (timedelta(minutes=1), timedelta(days=13), timedelta(days=15), timedelta(days=40), timedelta(days=4_000))


@pytest.fixture(scope="module")
def ruleset() -> RuleSet:
    return load(RULES)


def aged(request: dict[str, Any]) -> list[dict[str, Any]]:
    """The document of a request as if it had been deposited at other times."""
    try:
        at = datetime.fromisoformat(request["at"])
    except (KeyError, TypeError, ValueError):
        return []
    return [{**request["document"], "deposited_at": at - age} for age in AGES]


def test_a_series_is_so_many_requests(ruleset: RuleSet) -> None:
    """With every random document, at every age, and with none, twice over: in both profiles."""
    known = [request for request in requests(7, 2_000) if isinstance(request.get("document"), dict)]
    told_apart = 0
    for profile, engine in ruleset.engines.items():
        for place, request in enumerate(known):
            action = request.get("action")
            if "documents" in request or (isinstance(action, str) and engine.lists(action)):
                continue
            found = [*aged(request), *(other["document"] for other in known[place : place + 3]), None]
            series = engine.series(request)
            expected = [engine.decide({**request, "document": document}) for document in found]
            assert [series.decide(document) for document in found * 2] == expected * 2, (profile, request)
            told_apart += len({decision.rules for decision in expected}) > 1
    assert told_apart > 100


def test_a_list_is_no_series(ruleset: RuleSet) -> None:
    """Its items are decided by another action."""
    for engine in ruleset.engines.values():
        with pytest.raises(ValueError, match="by its items"):
            engine.series({"action": "doc.list"})


def test_what_is_opened_is_so_many_requests(ruleset: RuleSet) -> None:
    """Whatever the action asked next, of a list, internal and unknown ones too, with faults and without."""
    known = list(requests(11, 1_500))
    permitted = 0
    for profile, engine in ruleset.engines.items():
        for place, each in enumerate(known):
            # What was asked first may be no action, and says nothing of what is asked next.
            request = {**each, "action": "never.was"} if place % 5 == 0 else each
            decide = engine.opened(request, faults := ("brought: along",) * (place % 7 == 0))
            for other in known[place : place + 3]:
                for action in (str(request.get("action")), str(other.get("action")), "doc.listed", "never.was"):
                    document = other.get("document")
                    expected = engine.decide({**request, "action": action, "document": document}, faults)
                    assert decide(action, document) == expected, (profile, action, request)
                    permitted += expected.permitted
    assert permitted > 500
