"""`dmp rules`: the officers' tools on a folder of rule files."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from policy.casebook import Report, run
from policy.errors import FaultList, RuleFaults
from policy.model import Decision
from policy.ruleset import RuleSet, load

HELD, FAILED, NOT_OPENED, INVALID_RULES = 0, 1, 2, 3
DEFAULT_PROFILE = "seed-2011"
MAX_LINE = 8 * 1024 * 1024

app = typer.Typer(
    no_args_is_help=True, help="Check, test and ask the rule files (vérifier, essayer, interroger les règles)."
)
Folder = Annotated[
    Path, typer.Option("--rules", help="folder of the rule files", envvar="DMP_RULES", show_default="rules")
]
Json = Annotated[bool, typer.Option("--json", help="answer as JSON, for programs")]
_here = Path(__file__).resolve().parent.parent / "rules"


def _loaded(folder: Path, as_json: bool) -> RuleSet:
    """The rule set, or the end of the program with every fault told."""
    try:
        return load(folder)
    except RuleFaults as error:
        _tell_faults(error, as_json)
        raise typer.Exit(INVALID_RULES) from None


def _tell_faults(error: RuleFaults, as_json: bool) -> None:
    if as_json:
        places = [
            {
                "file": f.place.file,
                "line": f.place.line,
                "column": f.place.column,
                "message": f.message,
                "advice": f.advice,
            }
            for f in error.faults
        ]
        typer.echo(json.dumps({"held": False, "faults": places}, ensure_ascii=False))
        return
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    for fault in error.faults:
        advice = f" [green]({_plain(fault.advice)})[/]" if fault.advice else ""
        console.print(f"[bold]{_plain(str(fault.place))}:[/] [red]{_plain(fault.message)}[/]{advice}")
    console.print(f"[bold red]{len(error.faults)} fault(s)[/]; nothing was loaded")


def _plain(text: str) -> str:
    """Text in which brackets are not markup."""
    return text.replace("[", "\\[")


@app.command()
def check(folder: Folder = _here, as_json: Json = False) -> None:
    """Read every rule file and tell every fault at once, with its place and what to do."""
    ruleset = _loaded(folder, as_json)
    faults = FaultList()
    run(ruleset, faults)  # the test tables are rule files too
    if faults.faults:
        _tell_faults(RuleFaults(faults.faults), as_json)
        raise typer.Exit(INVALID_RULES)
    effects = Counter(rule.effect for rule in ruleset.rules)
    figures = {
        "rules": len(ruleset.rules),
        **{effect: effects[effect] for effect in ("permit", "deny", "oblige")},
        "profiles": list(ruleset.profiles),
        "digest": ruleset.digest,
    }
    if as_json:
        typer.echo(json.dumps({"held": True, "faults": [], **figures}))
        return
    counts = ", ".join(f"{effects[effect]} {effect}" for effect in ("permit", "deny", "oblige"))
    console = Console(highlight=False)
    console.print(f"[green]✓[/] {len(ruleset.rules)} rules ({counts}) in profiles {', '.join(ruleset.profiles)}")
    console.print(f"  digest {ruleset.digest[:16]}…")


@app.command()
def schema(folder: Folder = _here, as_json: Json = False) -> None:
    """Write the JSON Schemas that editors complete rule files with; exit 1 when they were stale."""
    from policy.schema import write

    changed = [path.name for path in write(_loaded(folder, as_json), folder / "schema")]
    if as_json:
        typer.echo(json.dumps({"held": not changed, "written": changed}))
    else:
        typer.echo(f"written anew: {', '.join(changed)}" if changed else "the schemas are as the vocabulary says")
    raise typer.Exit(FAILED if changed else HELD)


@app.command("test")
def run_tests(folder: Folder = _here, as_json: Json = False) -> None:
    """Ask every case of the test tables; what a table does not permit must be denied."""
    ruleset = _loaded(folder, as_json)
    faults = FaultList()
    report = run(ruleset, faults)
    if faults.faults:
        _tell_faults(RuleFaults(faults.faults), as_json)
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
            table.add_row(*(_plain(text) for text in (str(f.place), f.table, f.case, f.expected, f.got)))
        console.print(table)
    if not report.cases:
        console.print("[red]no case was asked[/]: write a *_test.yaml beside the rules")
    mark = "[green]✓[/]" if not report.failures else "[red]✗[/]"
    console.print(f"{mark} {report.cases - len(report.failures)} of {report.cases} cases hold")
    console.print(f"  rules that made an answer: {rules - len(missing)} of {rules}")
    if missing:
        console.print(f"  [yellow]without a case:[/] {', '.join(missing)}")


@app.command()
def decide(
    profile: Annotated[str, typer.Option(help="profile of the lines that name none")] = DEFAULT_PROFILE,
    folder: Folder = _here,
) -> None:
    """Read requests as JSON lines on standard input, write one decision a line."""
    ruleset = _loaded(folder, as_json=False)
    if profile not in ruleset.engines:
        Console(stderr=True).print(f"unknown profile `{profile}`; there are: {', '.join(ruleset.profiles)}")
        raise typer.Exit(NOT_OPENED)
    readable = True
    for line in sys.stdin.buffer:
        if not line.strip():
            continue
        answer = _answer(ruleset, line, profile)
        readable = readable and "error" not in answer
        sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
    sys.stdout.flush()
    raise typer.Exit(HELD if readable else FAILED)


def _answer(ruleset: RuleSet, line: bytes, profile: str) -> dict[str, Any]:
    """One decision, or what made the line unreadable."""
    try:
        if len(line) > MAX_LINE:
            return {"error": f"longer than {MAX_LINE} bytes"}
        request = json.loads(line.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except UnicodeDecodeError:
        return {"error": "not UTF-8 text"}
    except RecursionError:
        return {"error": "nested too deeply"}
    except ValueError as error:
        return {"error": f"not JSON: {error}"}
    if not isinstance(request, dict):
        return {"error": "not a JSON object"}
    named = request.get("profile", profile)
    known = isinstance(named, str) and named in ruleset.engines
    engine = ruleset.engines[named if known else profile]
    return as_json_form(engine.decide(request, () if known else ("profile: is not one of the rule set's",)))


def as_json_form(decision: Decision) -> dict[str, Any]:
    """A decision in the shape of the worked cases: catalogue ids, each once."""
    answer: dict[str, Any] = {
        "effect": decision.effect.value,
        "external": decision.answer.value,
        "rules": list(dict.fromkeys(rule.partition(".")[0] for rule in decision.rules)),
        "obligations": list(decision.obligations),
    }
    if decision.visible is not None:
        answer["visible"] = list(decision.visible)
    if decision.scope is not None:
        answer["scope"] = decision.scope
    if decision.faults:
        answer["faults"] = list(decision.faults)
    return answer | {"profile": decision.profile, "policy_version": decision.digest}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "a key stands twice in one object"
        raise ValueError(message)
    return found


def _no_constant(word: str) -> None:
    message = f"{word} is not JSON"
    raise ValueError(message)
