"""Every worked case of the catalogue is played through the services: the world is built, and read back, by RPC."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest

from tests.services.cases import acts, answers, facts, playing, reading_back, traced
from tests.services.cases.casebook import BEGUN_BEFORE, BUILT_UNDER, CASES, NOT_PLAYED, OTHERWISE
from tests.services.cases.reading_back import LOOKS
from tests.services.cases.stage import Stage
from tests.services.databases import STORES, Databases, dropped
from tests.services.world import World, running

PROFILES = ("seed-2011", "law-2023")
PLAYED = [name for name in CASES if name not in NOT_PLAYED]


def suite(folder: Path, address: str, profile: str) -> AbstractContextManager[World]:
    """A suite without self-check, whose oracles take longer to make than all cases to play."""
    return running(folder, DMP_DATABASE_URL=address, DMP_PROFILE=profile)


@pytest.fixture(scope="module", params=STORES)
def suites(
    request: pytest.FixtureRequest, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, World]]:
    """A suite under each profile; each case brings patients of its own."""
    with ExitStack() as ending:
        found = {}
        for profile in PROFILES:
            folder = tmp_path_factory.mktemp(profile)
            address = databases.new(request.param, folder)
            found[profile] = ending.enter_context(suite(folder, address, profile))
        yield found


@pytest.mark.parametrize("name", [name for name in PLAYED if name not in BUILT_UNDER])
def test_a_worked_case_is_answered_as_the_catalogue_says(suites: dict[str, World], name: str) -> None:
    """By the RPC of its action, in a world that RPCs made; and it has the effect of its answer, or none."""
    stage = Stage(suites[CASES[name]["profile"]], CASES[name])
    facts.build(stage)
    played(stage)


def played(stage: Stage) -> None:
    look = LOOKS[stage.case["action"]]
    before = look.see(stage)
    heard = playing.play(stage)
    entry = traced.entry(stage, heard)
    answers.check(stage, heard, entry)
    traced.check(stage, entry)
    reading_back.check(stage, look, before, heard)


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("name", BUILT_UNDER)
def test_a_case_outlives_the_law_that_made_its_world(
    databases: Databases, tmp_path: Path, store: str, name: str
) -> None:
    """Built by a suite under another profile, and played by the next one under its own, over the same database."""
    address = databases.new(store, tmp_path)
    with suite(tmp_path, address, BUILT_UNDER[name]) as before:
        stage = Stage(before, CASES[name])
        facts.build(stage)
    with suite(tmp_path, address, CASES[name]["profile"]) as world:
        stage.world = world
        stage.clock(stage.at)
        played(stage)
    dropped(address)


def test_every_case_is_played_or_says_why_not() -> None:
    """Nothing is passed over in silence, nor named that is no case."""
    assert len(CASES) == 119
    assert {*NOT_PLAYED, *OTHERWISE, *BUILT_UNDER, *BEGUN_BEFORE} <= {*CASES}
    assert {*CASES} == {*PLAYED} | {*NOT_PLAYED}
    assert {case["action"] for case in CASES.values()} == {*acts.ACTS} == {*LOOKS}
