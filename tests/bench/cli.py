"""The bench: interleaved rounds of every measure, every answer checked, ratios shown and kept in var/bench.json."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from policy.cli import HELD
from tests.bench import asked, load, report, servers, stock
from tests.bench.large import Grown
from tests.bench.load import Generator, H2Load, RunFailed
from tests.bench.measure import Measure, Sample, run
from tests.bench.python_load import PythonLoad
from tests.bench.servers import Server
from tests.bench.stock import Stock
from tests.faults.process import Process

FAILED: Final = 1
QUICK: Final = (3, 0.7)
"""Rounds, and seconds that each measure takes in one."""
FULL: Final = (9, 3.0)
GROWN_QUICK: Final = (50_000, 20)
"""Documents that a store grows to, and how often one caller then asks."""
GROWN: Final = (1_000_000, 100)
VAR: Final = Path("var")

Suite = tuple[Server, Process, Stock]
"""One that runs, and what it holds."""


def main(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="fewer and shorter rounds, within two minutes")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="answer as JSON, for programs")] = False,
    python: Annotated[bool, typer.Option("--python-client", help="do not use h2load")] = False,
    kept: Annotated[Path, typer.Option("--to", help="the file that keeps the result")] = VAR / "bench.json",
) -> None:
    """Measure the suite over both stores beside an empty echo; exit 0 if every target is met, 1 otherwise."""
    console = Console(stderr=True)
    VAR.mkdir(exist_ok=True)
    machine, (generator, told) = report.machine(VAR), _generator(python)
    rounds, seconds = QUICK if quick else FULL
    try:
        with _progress(console) as progress, _measures(progress) as (measures, suites):
            samples = _rounds(measures, generator, rounds, seconds, progress)
            for suite in suites:
                samples |= _grown(suite, *(GROWN_QUICK if quick else GROWN), progress)
    except RunFailed as failed:
        console.print(f"no figures: {failed}", style="bold red", markup=False)
        raise typer.Exit(FAILED) from failed
    result = report.Report(machine, told, samples)
    kept.write_text(json.dumps(result.json(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    report.tell(result, as_json=as_json)
    raise typer.Exit(HELD if result.held else FAILED)


def _generator(python: bool) -> tuple[Generator, str]:
    """The load's origin, and what it is called."""
    version = None if python else load.version()
    return (H2Load(), version) if version else (PythonLoad(), PythonLoad.name)


def _progress(console: Console) -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    return Progress(*columns, console=console, transient=True)


@contextmanager
def _measures(progress: Progress) -> Iterator[tuple[list[Measure], list[Suite]]]:
    """Everything that is measured, while its servers run."""
    # Not in the system's folder for what is temporary, which may be memory, where a commit costs nothing.
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=VAR, prefix="bench-")))
        found: list[Measure] = []
        suites: list[Suite] = []
        for opening in (servers.sqlite, servers.postgresql):
            own = folder / opening.__name__
            own.mkdir()
            server, process = stack.enter_context(opening(own.resolve()))
            task = progress.add_task(f"documents, {server.name}", total=stock.DOCUMENTS)
            held = stock.bring(process, partial(progress.advance, task))
            if not found:
                found += asked.of_echo(stack.enter_context(servers.echoing()), held)
            found += asked.of_suite(server, held)
            suites.append((server, process, held))
        yield found, suites


def _rounds(
    measures: Sequence[Measure], generator: Generator, rounds: int, seconds: float, progress: Progress
) -> dict[str, list[Sample]]:
    """The samples of each measure, one a round; each round begins with another measure than the one before."""
    task = progress.add_task("warming up", total=(rounds + 1) * len(measures))
    calls = {}
    for measure in measures:
        # The first calls plan statements and fill caches; the second ones tell how many fill the time.
        run(measure, generator, measure.load.least)
        warm = run(measure, generator, measure.load.least)
        calls[measure.name] = max(measure.load.least, int(warm.rate * seconds))
        progress.advance(task)
    samples: dict[str, list[Sample]] = {measure.name: [] for measure in measures}
    for number in range(rounds):
        for measure in (*measures[number % len(measures) :], *measures[: number % len(measures)]):
            progress.update(task, description=f"round {number + 1} of {rounds}: {measure.name}")
            samples[measure.name].append(run(measure, generator, calls[measure.name]))
            progress.advance(task)
    return samples


def _grown(suite: Suite, many: int, times: int, progress: Progress) -> dict[str, list[Sample]]:
    """What one caller meets in a store that has grown; last, for the store stays so."""
    task = progress.add_task(f"documents of others, {suite[0].name}", total=many)
    with closing(Grown(*suite, times)) as grown:
        return {name: [sample] for name, sample in grown.measures(many, partial(progress.advance, task))}


if __name__ == "__main__":
    typer.run(main)
