"""The bench gives figures only of right answers, and judges them as it says."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.bench import asked, echo, liar, load, servers, stock
from tests.bench.load import Generator, H2Load, Load, RunFailed
from tests.bench.measure import Measure, Sample, run
from tests.bench.python_load import PythonLoad
from tests.bench.report import Machine, Report
from tests.bench.served import buckets, median
from tests.bench.servers import Server
from tests.bench.targets import Target
from tests.services.databases import Databases, alter

WITHOUT_H2LOAD = pytest.mark.skipif(load.version() is None, reason="h2load is not installed")
GENERATORS = [pytest.param(H2Load(), marks=WITHOUT_H2LOAD, id="h2load"), pytest.param(PythonLoad(), id="python")]
CALLS = 64


@pytest.fixture(scope="module")
def liars() -> Iterator[Server]:
    with servers.echoing(liar.__name__) as server:
        yield server


def measure(server: Server, method: str = "Echo") -> Measure:
    """Calls of a method of the liar, which should be an echo."""
    asking = Load(server.ports["echo"], f"/{liar.SERVICE}/{method}", [b"x" * 40, b"y" * 50], "", 2, 2)
    return Measure(method, server, asking, lambda sent, got: "" if sent == got else "the probe saw it", None)


@pytest.mark.parametrize("generator", GENERATORS)
def test_right_answers_give_figures(liars: Server, generator: Generator) -> None:
    """So many calls are made and counted, and the server's work is seen."""
    sample = run(measure(liars), generator, CALLS + 1)
    assert sample.calls == CALLS
    assert 0 < sample.p50 <= sample.p99
    assert sample.rate > 0 < sample.cpu


@pytest.mark.parametrize("generator", GENERATORS)
@pytest.mark.parametrize("lie", liar.LIES)
def test_wrong_answers_give_none(generator: Generator, lie: str) -> None:
    """Errors, empty answers and shorter ones end the run, though the first calls are answered rightly."""
    with servers.echoing(liar.__name__) as server, pytest.raises(RunFailed, match="answered"):
        run(measure(server, lie), generator, CALLS)


def test_a_probe_that_fails_gives_none(liars: Server) -> None:
    """An answer that is wrong from the first call on is named."""
    with pytest.raises(RunFailed, match="UNIMPLEMENTED"):
        run(measure(liars, "unheard_of"), PythonLoad(), CALLS)
    with pytest.raises(RunFailed, match="not what was asked"):
        run(replace(measure(liars), fault=lambda _sent, _got: "not what was asked"), PythonLoad(), CALLS)


def test_another_servers_answers_give_none(liars: Server) -> None:
    """A server of ours that failed to start, or died, is not given another's figures."""
    command = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as idle:
        assert idle.stdout is not None
        idle.stdout.readline()
        with pytest.raises(RunFailed, match="did not work"):
            run(measure(replace(liars, child=idle)), PythonLoad(), CALLS)
        idle.kill()
        idle.wait()
        with pytest.raises(RunFailed, match="has ended"):
            run(measure(replace(liars, child=idle)), PythonLoad(), CALLS)


def test_untraced_answers_give_none(liars: Server, databases: Databases, tmp_path: Path) -> None:
    """A right answer without its entry is no answer."""
    server = replace(liars, database=databases.new("sqlite", tmp_path))
    with pytest.raises(RunFailed, match="the traces say"):
        run(replace(measure(server), traced=("doc.read", *asked.PERMITTED)), PythonLoad(), CALLS)


@pytest.mark.slow
def test_the_suite_is_measured_as_long_as_it_permits(tmp_path: Path) -> None:
    """Every measure runs; once the reader's access is gone, neither the probe nor the entries let it pass."""
    generator: Generator = H2Load() if load.version() else PythonLoad()
    with servers.sqlite(tmp_path) as (server, process):
        held = stock.bring(process, lambda: None, many=3)
        measures = {found.name: found for found in asked.of_suite(server, held)}
        assert [run(found, generator, CALLS).calls for found in measures.values()] == [CALLS] * len(measures)
        counted = buckets(server.metrics, "Check")
        assert counted[float("inf")] > CALLS
        assert median({}, counted, int(counted[float("inf")])) > 0
        assert server.database is not None
        alter(server.database, "DELETE FROM authorisations")
        for found in (measures["check, sqlite"], measures["batch of 500, sqlite"]):
            with pytest.raises(RunFailed, match="the answer is wrong"):
                run(found, generator, CALLS)
        with pytest.raises(RunFailed, match="one call alone"):
            run(measures["read, sqlite"], generator, CALLS)
        blind = replace(measures["check, sqlite"], fault=lambda _sent, _got: "")
        with pytest.raises(RunFailed, match="the traces say"):
            run(blind, generator, CALLS)


def test_the_suites_own_time_is_that_of_the_calls_between() -> None:
    """The middle of their bucket's part; what was counted before is left out, and no call may be missing."""
    before, after = {0.005: 10.0, 0.01: 10.0, float("inf"): 12.0}, {0.005: 20.0, 0.01: 40.0, float("inf"): 42.0}
    assert median(before, after, 30) == pytest.approx(6.25)
    assert median({}, {0.0025: 1.0, 0.005: 2.0, float("inf"): 4.0}, 4) == pytest.approx(5.0)
    with pytest.raises(RunFailed, match="31 calls made"):
        median(before, after, 31)
    with pytest.raises(RunFailed, match="not counted"):
        median({}, {}, 1)


def test_the_echo_has_the_transport_of_the_suite() -> None:
    """It echoes, with the options of the suite's servers."""
    with servers.echoing() as server:
        assert run(replace(measure(server), name="echo"), PythonLoad(), CALLS).calls == CALLS
    assert "services.runtime.server" in Path(echo.__file__).read_text(encoding="utf-8")


def samples(*rates: float) -> Sequence[Sample]:
    return [Sample(1, rate, 1000 / rate, 2000 / rate, 10.0) for rate in rates]


def test_targets_are_judged_by_the_median_of_ratios() -> None:
    """Of ratios within rounds, not of figures of different rounds; one that asks nothing is never missed."""
    rounds = {"ours": samples(10, 200, 30), "echo": samples(20, 100, 50)}
    least = Target("rate", "rate", "ours", "echo", least=0.6)
    assert least.seen(rounds) == [0.5, 2.0, 0.6]
    assert least.met(rounds)
    assert not replace(least, least=0.61).met(rounds)
    assert Target("time", "p50", "ours", most=33.4).met(rounds)
    assert not Target("time", "p50", "ours", most=33.3).met(rounds)
    assert replace(least, least=None).met(rounds) is None


def test_a_missed_target_is_told() -> None:
    """In the report as a whole, in its JSON, and with what makes the machine doubtful."""
    target = Target("rate", "rate", "ours", "echo", least=0.6)
    report = Report(Machine(1, 5.0, "3.11", 2.0), "h2load", {"ours": samples(1), "echo": samples(2)}, [target])
    assert not report.held
    told = json.loads(json.dumps(report.json()))
    assert [(found["median"], found["met"]) for found in told["targets"]] == [(0.5, False)]
    assert len(told["machine"]["doubts"]) == 3
    assert replace(report, targets=[replace(target, least=0.5)]).held
