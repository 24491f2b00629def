"""What is done to make a world, in the order of time."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from tests.services.cases.stage import DAY, Stage


@dataclass(frozen=True)
class Step:
    """One fact in the making."""

    at: datetime
    make: Callable[[], object]


def walk(stage: Stage, steps: Iterable[Step]) -> None:
    """Open the record, let time pass from step to step, and stop at the moment of the case."""
    ahead = sorted(steps, key=lambda step: step.at)
    stage.clock(min([stage.at, *(step.at for step in ahead)]) - DAY)
    stage.world.opened(patient=stage.holder, birth=stage.birth)
    for step in ahead:
        stage.clock(step.at)
        step.make()
