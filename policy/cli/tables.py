"""`dmp rules test`: the officers' test tables, asked."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from policy.casebook import Report, run
from policy.cli.app import FAILED, HELD, INVALID_RULES, RULES, Folder, Json, app, loaded, plain, tell_faults
from policy.errors import FaultList, RuleFaults


@app.command("test")
def run_tests(folder: Folder = RULES, as_json: Json = False) -> None:
    """Ask every case of the test tables; what a table does not permit must be denied."""
    ruleset = loaded(folder, as_json)
    faults = FaultList()
    report = Report()
    with suppress(RuleFaults):  # so many that reading stopped; `faults` has them
        report = run(ruleset, faults)
    if faults.faults:
        tell_faults(RuleFaults(faults.faults), as_json)
        raise typer.Exit(INVALID_RULES)
    missing = [rule.id for rule in ruleset.rules if rule.id not in report.covered]
    if as_json:
        typer.echo(json.dumps(_report(report, missing, len(ruleset.rules)), ensure_ascii=False))
    else:
        _tell_report(report, missing, len(ruleset.rules))
    raise typer.Exit(FAILED if report.failures or not report.cases else HELD)


def _report(report: Report, missing: list[str], rules: int) -> dict[str, Any]:
    failures = [
        {"place": str(f.place), "table": f.table, "case": f.case, "expected": f.expected, "got": f.got}
        for f in report.failures
    ]
    covered = {"covered": rules - len(missing), "of": rules, "not_covered": missing}
    return {
        "held": not report.failures and report.cases > 0,
        "cases": report.cases,
        "failures": failures,
        "rules": covered,
    }


def _tell_report(report: Report, missing: list[str], rules: int) -> None:
    console = Console(highlight=False)
    if report.failures:
        table = Table(
            "place", "table", "case", "expected", "got", title="Cases that did not hold", title_style="bold red"
        )
        for f in report.failures:
            table.add_row(*(plain(text) for text in (str(f.place), f.table, f.case, f.expected, f.got)))
        console.print(table)
    if not report.cases:
        console.print("[red]no case was asked[/]: write a *_test.yaml beside the rules")
    mark = "[green]✓[/]" if not report.failures else "[red]✗[/]"
    console.print(f"{mark} {report.cases - len(report.failures)} of {report.cases} cases hold")
    console.print(f"  rules that made an answer: {rules - len(missing)} of {rules}")
    if missing:
        console.print(f"  [yellow]without a case:[/] {', '.join(missing)}")
