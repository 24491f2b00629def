"""`dmp rules test`: the officers' test tables, asked, and tested themselves."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from policy.casebook import Report, run
from policy.cli.app import FAILED, HELD, INVALID_RULES, NOT_OPENED, RULES, Folder, Json, app, loaded, plain, tell_faults
from policy.cli.judging import Score, judged
from policy.coverage import Coverage, coverage
from policy.errors import FaultList, RuleFaults
from policy.mutation import Fate
from policy.questions import asked
from policy.ruleset import RuleSet

RULES_WANTED, CONDITIONS_WANTED, MUTANTS_WANTED = 100, 95, 90
"""How much of each must be reached, in per cent."""
SEED = 2011
SHOWN = 20


@dataclass(frozen=True, slots=True)
class _Measured:
    """One figure of a run."""

    name: str
    reached: int
    of: int
    wanted: int
    said: str

    @property
    def held(self) -> bool:
        """Whether enough was reached."""
        return self.reached * 100 >= self.wanted * self.of

    @property
    def text(self) -> str:
        """The figure with its words."""
        per_cent = f"{100 * self.reached / self.of:.1f} %" if self.of else "none"
        return f"{self.said} {self.reached} of {self.of}, {per_cent} (at least {self.wanted} %)"


@app.command("test")
def run_tests(
    mutants: Annotated[
        str, typer.Option(help="plant single mistakes and see them caught: `all`, or how many to draw", metavar="N|all")
    ] = "",
    junit: Annotated[Path | None, typer.Option(help="write the run as JUnit XML to this file")] = None,
    folder: Folder = RULES,
    as_json: Json = False,
) -> None:
    """Ask every case of the test tables; what a table does not permit must be denied."""
    count = _count(mutants)
    if junit is not None and (junit.is_dir() or not junit.parent.is_dir()):
        raise typer.BadParameter(f"`{junit}` is no file that can be written", param_hint="--junit")
    ruleset = loaded(folder, as_json)
    faults = FaultList()
    report = Report()
    with suppress(RuleFaults):  # so many that reading stopped; `faults` has them
        report = run(ruleset, faults)
    if faults.faults:
        tell_faults(RuleFaults(faults.faults), as_json)
        raise typer.Exit(INVALID_RULES)
    seen = coverage(ruleset, asked(ruleset, report.asked))
    # A table that does not hold would catch every mutant.
    score = _score(ruleset, report, count) if count and not report.failures else None
    figures = _figures(ruleset, report, seen, score)
    if junit is not None:
        _write(junit, report, figures)
    if as_json:
        typer.echo(json.dumps(_as_json(ruleset, report, seen, score, figures), ensure_ascii=False))
    else:
        _tell(ruleset, report, seen, score, figures)
    raise typer.Exit(HELD if _held(report, figures) else FAILED)


def _count(mutants: str) -> int:
    """How many mutants to judge: none, so many, or (below nothing) all."""
    if mutants in ("", "all"):
        return -1 if mutants else 0
    if not mutants.isdecimal() or int(mutants) == 0:
        raise typer.BadParameter(f"`{mutants}` is neither `all` nor a number", param_hint="--mutants")
    return int(mutants)


def _score(ruleset: RuleSet, report: Report, count: int) -> Score:
    from policy.mutants import all_mutants, sample
    from policy.mutation import Judge, Trial
    from policy.rule import Readings
    from policy.ruleset import assemble, read_files

    files, readings = read_files(ruleset.folder, FaultList(), ruleset.called), Readings()
    base = assemble(files, FaultList(), readings)
    judge = Judge(files, readings, Trial(base, report.asked))
    everything = all_mutants(files, base)
    chosen = everything if count < 0 else sample(everything, count, SEED)
    said = "all" if len(chosen) == len(everything) else f"a sample of {len(chosen)} from {len(everything)}"
    return Score(said, judged(judge, chosen))


def _figures(ruleset: RuleSet, report: Report, seen: Coverage, score: Score | None) -> list[_Measured]:
    rules = len(ruleset.rules)
    found = [
        _Measured(
            "rules", rules - len(_not_covered(ruleset, report)), rules, RULES_WANTED,
            "rules that made an answer (règles exercées):",
        ),
        _Measured(
            "conditions", len(seen.seen), seen.of, CONDITIONS_WANTED,
            "conditions seen to decide, as true and as false (conditions exercées):",
        ),
    ]  # fmt: skip
    if score is not None:
        said = f"planted mistakes caught, {score.of} (erreurs plantées, attrapées):"
        found.append(_Measured("mutants", score.count(Fate.CAUGHT), score.could_be_caught, MUTANTS_WANTED, said))
    return found


def _not_covered(ruleset: RuleSet, report: Report) -> list[str]:
    return [rule.id for rule in ruleset.rules if rule.id not in report.covered]


def _held(report: Report, figures: list[_Measured]) -> bool:
    return bool(report.cases) and not report.failures and all(figure.held for figure in figures)


def _write(path: Path, report: Report, figures: list[_Measured]) -> None:
    from policy.junit import junit

    try:
        path.write_bytes(junit(report, [(figure.name, figure.text, figure.held) for figure in figures]))
    except OSError as error:
        Console(emoji=False, stderr=True).print(f"{plain(str(path))} cannot be written: {error.strerror}", style="red")
        raise typer.Exit(NOT_OPENED) from None


def _as_json(
    ruleset: RuleSet, report: Report, seen: Coverage, score: Score | None, figures: list[_Measured]
) -> dict[str, Any]:
    rules, conditions, *_ = figures
    answer: dict[str, Any] = {
        "held": _held(report, figures),
        "cases": report.cases,
        "failures": [
            {"place": str(f.place), "table": f.table, "case": f.case, "expected": f.expected, "got": f.got}
            for f in report.failures
        ],
        "rules": {"covered": rules.reached, "of": rules.of, "not_covered": _not_covered(ruleset, report)},
        "conditions": {
            "seen": conditions.reached,
            "of": conditions.of,
            "unseen": [{"place": str(way.place), "asks": way.asks, "never": way.truth} for way in seen.unseen],
        },
    }
    if score is not None:
        answer["mutants"] = {
            **{fate.value: score.count(fate) for fate in Fate},
            "sample": score.of != "all",
            "survivors": [
                {
                    "place": str(v.mutant.place), "kind": v.mutant.kind.value,
                    "fr": v.mutant.words.fr, "en": v.mutant.words.en,
                }
                for v in score.survivors
            ],
        }  # fmt: skip
    return answer


def _tell(ruleset: RuleSet, report: Report, seen: Coverage, score: Score | None, figures: list[_Measured]) -> None:
    console = Console(emoji=False, highlight=False, soft_wrap=True)
    if report.failures:
        _tell_failures(console, report)
    if not report.cases:
        console.print("[red]no case was asked[/]: write a *_test.yaml beside the rules")
    mark = "[green]✓[/]" if not report.failures else "[red]✗[/]"
    console.print(f"{mark} {report.cases - len(report.failures)} of {report.cases} cases hold (cas tenus)")
    for figure in figures:
        console.print(f"{'[green]✓[/]' if figure.held else '[red]✗[/]'} {figure.text}")
        if figure.name == "rules" and not figure.held:
            console.print(f"  [yellow]without a case:[/] {', '.join(_not_covered(ruleset, report))}")
        if figure.name == "conditions" and not figure.held:
            _tell_some(console, [f"{w.place}: `{w.asks}` never decides as {str(w.truth).lower()}" for w in seen.unseen])
    if score is not None:
        _tell_score(console, score)


def _tell_failures(console: Console, report: Report) -> None:
    table = Table("place", "table", "case", "expected", "got", title="Cases that did not hold", title_style="bold red")
    for f in report.failures:
        table.add_row(*(plain(text) for text in (str(f.place), f.table, f.case, f.expected, f.got)))
    console.print(table)


def _tell_score(console: Console, score: Score) -> None:
    """What became of the others, and which case is missing."""
    same, refused = score.count(Fate.EQUIVALENT), score.count(Fate.REFUSED)
    console.print(f"  besides, {same} say the same by proof and {refused} do not load: `check` tells of them")
    if score.survivors:
        console.print(
            f"  {len(score.survivors)} no case catches (aucun cas ne les voit). Write a case that is answered "
            "otherwise once the edit is made:"
        )
        _tell_some(console, [f"{v.mutant.place}: {v.mutant.words.fr}" for v in score.survivors])


def _tell_some(console: Console, lines: list[str]) -> None:
    for line in lines[:SHOWN]:
        console.print(f"    {plain(line)}")
    if len(lines) > SHOWN:
        console.print(f"    … and {len(lines) - SHOWN} more: --json has them all")
