"""A check, a batch, a list and its plan in SQL say the same of every document, on worlds drawn at random."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from policy.model import AllOf, Always, AnyOf, Contains, IsOneOf, Not, Predicate, Within
from policy.ruleset import RuleSet, load
from services.store.labels import CODES
from services.store.listing import Wanted
from services.store.tables import DOCUMENT_STATUSES
from services.store.unit_of_work import Scope
from tests.services.databases import Database
from tests.services.store.world import ALICE, deposit, key, outcome, unit, within

RULES = Path(__file__).parents[3] / "rules"
WORLDS = 1_000 if os.environ.get("DMP_TEST_DEEP") else 40
DOCTOR, OTHER, HOUSE = "DR", "OTHER", "H1"
NOW = datetime(2024, 3, 31, 12, tzinfo=UTC)
Json = dict[str, Any]
Flip = Callable[[Predicate], Predicate]
"""What a mistake would make of the plan's predicate."""


@pytest.fixture(scope="module")
def ruleset() -> RuleSet:
    return load(RULES)


def of(kind: str, authn: str, **relation: Any) -> Json:
    return {"subject": {"kind": kind, "id": DOCTOR, "authn_mode": authn}, "relation": relation}


SINCE = {"authorisation": "VALIDE", "authorisation_added_at": NOW - timedelta(days=30)}
CALLERS: tuple[Json, ...] = (
    *(of("HOLDER", "WEB_PATIENT", holder=True),) * 3,
    *(of("LEGAL_REP", "WEB_PATIENT", representative=True),) * 2,
    of("DELEGATE", "WEB_PATIENT", delegate=True),
    *(of("PROFESSIONAL", "DIRECT_CPS", **SINCE),) * 3,
    *(of("PROFESSIONAL", "DIRECT_CPS", **SINCE, treating_physician=True),) * 2,
    *(of("PROFESSIONAL", "DIRECT_CPS", **SINCE, mt_equivalent=True),) * 2,
    of("PROFESSIONAL", "INDIRECTE_RENFORCEE", **SINCE),
    of("PROFESSIONAL", "DIRECT_CPS", authorisation="VALIDE", authorisation_added_at=NOW - timedelta(days=365)),
    of("PROFESSIONAL", "DIRECT_CPS", authorisation="INTERDIT"),
    of("PROFESSIONAL", "DIRECT_CPS", care_team=True),
    of("PROFESSIONAL", "DIRECT_CPS"),
    of("STRUCTURE_SYSTEM", "INDIRECTE"),
)
CONTEXTS: tuple[Json, ...] = (
    *({"consent": True},) * 5,
    {},
    *({"mode": "bris_de_glace", "patient_unable": True, "immediate_risk": True, "reason": "coma"},) * 2,
    {"mode": "centre_15", "call_ref": "15-1"},
    {"consent": True, "purpose": "OCCUPATIONAL", "informed": True},
    {"consent": True, "secret": True},
)
AGES = (0, 1, 28, 29, 30, 31, 32, 60)


@st.composite
def frames(draw: st.DrawFn, callers: Sequence[Json] = CALLERS, contexts: Sequence[Json] = CONTEXTS) -> Json:
    """A request for a list, but for its documents: mostly one that may be answered."""
    caller, context = draw(st.sampled_from(callers)), draw(st.sampled_from(contexts))
    profession = draw(st.sampled_from(("MEDECIN",) * 4 + ("INFIRMIER", "PHARMACIEN", "OSTEOPATHE")))
    subject = {**caller["subject"], "structure": draw(st.sampled_from((HOUSE, None))), "regulator": draw(st.booleans())}
    subject |= {"profession": profession} if subject["kind"] == "PROFESSIONAL" else {}
    birth = draw(st.sampled_from(("1960-03-03",) * 4 + ("2010-03-03",)))
    own = draw(st.sampled_from(("NONE",) * 5 + ("HOLDER",)))
    statuses = draw(st.sampled_from((("Approved",), tuple(DOCUMENT_STATUSES), ("Archived", "Deprecated"), ())))
    return {
        "action": "doc.list",
        "at": NOW + timedelta(microseconds=draw(st.integers(-2, 2))),
        "subject": subject,
        "record": {"exists": True, "state": "ACTIVE", "oppositions": [], "holder_birth_date": birth},
        "relation": {**caller["relation"], "own_record": own},
        "context": {**context, "status_filter": statuses},
    }


papers = st.fixed_dictionaries(
    {
        "type": st.sampled_from(("11488-4", "60568-3", "EXPPAT_1", "EXPPAT_2", "ATTEST-RESID", "no-such-type")),
        "class_code": st.sampled_from(("10", "90", None, None)),
        "labels": st.frozensets(st.sampled_from((*CODES, "INVISIBLE_PATIENT")), max_size=2),
        "author": st.sampled_from((DOCTOR, OTHER, HOUSE)),
        "author_structure": st.sampled_from((HOUSE, "H2", None)),
        "status": st.sampled_from(("Approved", "Approved", *DOCUMENT_STATUSES)),
        "age": st.tuples(st.sampled_from(AGES), st.integers(-2, 2)),
    }
)


@dataclass(frozen=True)
class Answers:
    """What each way says may be seen, of the documents of one world."""

    permitted: bool
    """Whether there is a list at all."""
    listed: set[str]
    decided: set[str]
    """Item by item, as the list's own action."""
    planned: set[str]
    chosen: set[str]
    """By the plan in SQL, among the documents by name."""
    checked: set[str]
    batched: set[str]
    approved: set[str]


def deposited(scope: Scope, paper: Json) -> str:
    days, microseconds = paper["age"]
    fields = {name: value for name, value in paper.items() if name not in ("age", "status")}
    made = deposit(scope, at=NOW - timedelta(days=days, microseconds=microseconds), **fields)
    return str(made.logical_id)


def stored(connection: Database, documents: list[Json]) -> dict[str, Json]:
    """Deposit them, and read back the facts that the store gives of each."""
    connection.execute("DELETE FROM documents")
    names = within(connection, lambda scope: [deposited(scope, paper) for paper in documents])
    for name, paper in zip(names, documents, strict=True):
        connection.execute("UPDATE documents SET status = ? WHERE logical_id = ?", (paper["status"], name))
    found = outcome(connection, unit(asked=key(documents=tuple(names)))).verdict.facts["documents"]
    assert set(found) == set(names)
    return dict(found)


def answers(
    connection: Database, rules: RuleSet, profile: str, frame: Json, facts: Mapping[str, Json], flip: Flip
) -> Answers:
    """Ask in every way."""
    engine = rules.engines[profile]
    whole = engine.decide({**frame, "documents": facts})
    assert whole.faults == ()
    plan = engine.plan(frame)
    assert plan.decision.permitted is whole.permitted
    predicate = flip(plan.predicate)
    page = within(
        connection,
        lambda scope: scope.documents.visible(ALICE, predicate, Wanted(statuses=DOCUMENT_STATUSES), limit=1000),
    )
    reading = {**frame, "action": "doc.read"}
    series = engine.series(reading)
    return Answers(
        whole.permitted,
        set(whole.visible or ()),
        {name for name, decision in engine.decide_items({**frame, "documents": facts}).items() if decision.permitted},
        {document.logical_id for document in page.items},
        within(connection, lambda scope: scope.documents.visible_among(ALICE, predicate, list(facts), status=None)),
        {name for name, document in facts.items() if engine.decide({**reading, "document": document}).permitted},
        {name for name, document in facts.items() if series.decide(document).permitted},
        {name for name, document in facts.items() if document["status"] == "Approved"},
    )


def agree(
    connection: Database,
    rules: RuleSet,
    worlds: int,
    flip: Flip = lambda predicate: predicate,
    asked: st.SearchStrategy[Json] | None = None,
) -> Counter[str]:
    """Draw worlds until one way differs from another; else how often each answer was given."""
    seen: Counter[str] = Counter()

    @settings(max_examples=worlds, deadline=None, database=None, phases=[Phase.generate])
    @given(
        frames() if asked is None else asked, st.lists(papers, min_size=2, max_size=6), st.sampled_from(rules.profiles)
    )
    def every_way(frame: Json, documents: list[Json], profile: str) -> None:
        facts = stored(connection, documents)
        found = answers(connection, rules, profile, frame, facts, flip)
        assert found.planned == found.chosen == found.listed
        assert found.checked == found.batched
        if found.permitted:
            assert found.listed == found.decided
        if "Approved" in frame["context"]["status_filter"]:
            assert found.listed & found.approved == found.checked & found.approved
        seen["lists"] += found.permitted
        seen["refused"] += not found.permitted
        seen["shown"] += len(found.listed)
        seen["hidden"] += (len(facts) - len(found.listed)) * found.permitted

    every_way()
    return seen


@pytest.mark.slow
def test_every_way_says_the_same(connection: Database, ruleset: RuleSet) -> None:
    """The list, its items, the plan in SQL, the choice by name, the check and the batch agree, NULLs included."""
    seen = agree(connection, ruleset, WORLDS)
    assert min(seen["lists"], seen["refused"]) > WORLDS / 10
    assert min(seen["shown"], seen["hidden"]) > WORLDS / 10


def mapped(predicate: Predicate, change: Flip) -> Predicate:
    """The predicate with every leaf changed."""
    match predicate:
        case Not(part):
            return Not(mapped(part, change))
        case AllOf(parts):
            return AllOf(tuple(mapped(part, change) for part in parts))
        case AnyOf(parts):
            return AnyOf(tuple(mapped(part, change) for part in parts))
        case _:
            return change(predicate)


def _null(part: Predicate) -> Predicate:
    if isinstance(part, IsOneOf) and part.attribute == "document.class":
        return replace(part, values=part.values ^ {None})
    return part


def _label(part: Predicate) -> Predicate:
    return Not(part) if isinstance(part, Contains) and part.value == "MASQUE_PS" else part


def _term(part: Predicate) -> Predicate:
    return Always(value=False) if isinstance(part, Within) else part


def _any(predicate: Predicate) -> Predicate:
    return AnyOf(predicate.parts) if isinstance(predicate, AllOf) else predicate


PATIENTS, UNKNOWN = CALLERS[:5], CALLERS[-2:-1]
ORDINARY, EMERGENCY = CONTEXTS[:1], CONTEXTS[6:8]
FLIPS: dict[str, tuple[Flip, Sequence[Json], Sequence[Json]]] = {
    "all is any": (_any, CALLERS, CONTEXTS),
    "a label is its opposite": (lambda predicate: mapped(predicate, _label), CALLERS, CONTEXTS),
    "null is a value of the list": (lambda predicate: mapped(predicate, _null), UNKNOWN, EMERGENCY),
    "a term is forgotten": (lambda predicate: mapped(predicate, _term), PATIENTS, ORDINARY),
}
"""A mistake, and who asks in which circumstances where it matters."""


@pytest.mark.slow
@pytest.mark.parametrize("mistake", FLIPS)
def test_one_operator_flipped_is_caught(connection: Database, ruleset: RuleSet, mistake: str) -> None:
    """The control: with one mistake in the plan, a world is found where the ways differ."""
    flip, callers, contexts = FLIPS[mistake]
    agree(connection, ruleset, 5, asked=frames(callers, contexts))
    with pytest.raises(AssertionError):
        agree(connection, ruleset, 1_000, flip, frames(callers, contexts))
