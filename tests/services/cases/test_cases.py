"""Every worked case of the catalogue is played through the services: the world is built, and read back, by RPC."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.services.cases import acts, answers, facts
from tests.services.cases.casebook import CASES, NOT_PLAYED
from tests.services.cases.stage import Stage
from tests.services.databases import STORES, Databases
from tests.services.world import World, running

PROFILES = ("seed-2011", "law-2023")
PLAYED = [name for name in CASES if name not in NOT_PLAYED]


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
            found[profile] = ending.enter_context(running(folder, DMP_DATABASE_URL=address, DMP_PROFILE=profile))
        yield found


@pytest.mark.parametrize("name", PLAYED)
def test_a_worked_case_is_answered_as_the_catalogue_says(suites: dict[str, World], name: str) -> None:
    """By the RPC of its action, in a world that RPCs made."""
    stage = Stage(suites[CASES[name]["profile"]], CASES[name])
    facts.build(stage)
    heard = acts.play(stage)
    traced = stage.world.trace(heard.decision_id)
    answers.check(stage, heard, traced)
