"""`dmp rules export-abac` and `dmp rules import-abac`: the rules as py-abac policies, and such policies as rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from policy.abac.place import resolved_spot
from policy.cli.app import DEFAULT_PROFILE, FAILED, NOT_OPENED, RULES, Folder, Json, app, loaded, plain, tell_faults
from policy.errors import RuleFaults
from policy.ruleset import RuleSet

if TYPE_CHECKING:
    from policy.abac.export import Export

Profile = Annotated[str, typer.Option(help="the profile whose rules they are")]
To = Annotated[Path | None, typer.Option("--to", help="write here instead of on standard output; never over a file")]


@app.command("export-abac")
def export_abac(
    profile: Profile = DEFAULT_PROFILE, folder: Folder = RULES, to: To = None, as_json: Json = False
) -> None:
    """Write a profile's rules as py-abac policies, and tell of every rule whether it is among them and why not."""
    from policy.abac.export import export

    ruleset = _with_profile(loaded(folder, as_json), profile)
    found = export(ruleset, profile)
    policies = list(found.policies)
    content = {"policies": policies, **account(ruleset, found)} if as_json else policies
    _write(json.dumps(content, ensure_ascii=False, indent=1) + "\n", to)
    if not as_json:
        _tell(ruleset, found)


@app.command("import-abac")
def import_abac(
    file: Annotated[Path, typer.Argument(help="a policy, a list of policies, or what export-abac wrote")],
    profile: Profile = DEFAULT_PROFILE,
    folder: Folder = RULES,
    to: To = None,
    as_json: Json = False,
) -> None:
    """Write the rules that py-abac policies say, to review; refuse with its place whatever is not sound."""
    from policy.abac.reading import read_policies

    ruleset = _with_profile(loaded(folder, as_json), profile)
    try:
        content = file.read_bytes()
    except OSError as error:
        _cannot(f"{file}: cannot be read: {error.strerror}")
    try:
        found = read_policies(content, str(file), ruleset, profile)
    except RuleFaults as faults:
        tell_faults(faults, as_json)
        raise typer.Exit(FAILED) from None
    told = {"held": True, "faults": [], "rules": [rule.id for rule in found.rules], "text": found.text}
    _write(json.dumps(told, ensure_ascii=False) + "\n" if as_json else found.text, to)
    if not as_json:
        console = Console(emoji=False, stderr=True, highlight=False)
        console.print(f"[green]✓[/] {len(found.rules)} rules; review them, then put them beside the others and `check`")


def account(ruleset: RuleSet, found: Export) -> dict[str, object]:
    """What an export says of every rule, action and resolved fact."""
    return {
        "profile": found.profile,
        "digest": found.digest,
        "rules": [
            {"id": r.id, "policies": found.exported.get(r.id, 0), "left_out": found.left_out.get(r.id)}
            for r in ruleset.rules
        ],
        "actions": sorted(found.actions),
        "actions_left_out": dict(sorted(found.actions_left_out.items())),
        "resolved": [
            {"element": "context", "path": resolved_spot(test).path, "from": test.attribute} for test in found.resolved
        ],
    }


def _tell(ruleset: RuleSet, found: Export) -> None:
    console = Console(emoji=False, stderr=True, highlight=False)
    table = Table("rule", "why it is not among the policies", title=f"Left out of {found.profile}")
    for rule in ruleset.rules:
        if rule.id in found.left_out:
            table.add_row(plain(rule.id), plain(found.left_out[rule.id]))
    console.print(table)
    if found.actions_left_out:
        table = Table("action", "left out for these rules", title="Denied by the policies, whatever the rules say")
        for action, rules in sorted(found.actions_left_out.items()):
            table.add_row(plain(action), plain(rules))
        console.print(table)
    terms = Table(
        "path in context", "1 or 0: so long after, or not", title="To resolve before asking; left out if unknown"
    )
    for entry in account(ruleset, found)["resolved"]:  # type: ignore[attr-defined]  # a list of its own making
        terms.add_row(plain(str(entry["path"])), plain(str(entry["from"])))
    console.print(terms)
    console.print(
        f"[green]✓[/] {len(found.policies)} policies of {len(found.exported)} rules, for {len(found.actions)} actions"
    )
    console.print("  Only well-typed requests may be asked; stages, outward answers and scopes are not in them.")


def _with_profile(ruleset: RuleSet, profile: str) -> RuleSet:
    if profile not in ruleset.profiles:
        _cannot(f"unknown profile `{profile}`; there are: {', '.join(ruleset.profiles)}")
    return ruleset


def _write(text: str, to: Path | None) -> None:
    if to is None:
        typer.echo(text, nl=False)
        return
    try:
        with to.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        _cannot(f"{to}: cannot be written: {error.strerror}")


def _cannot(reason: str) -> NoReturn:
    Console(emoji=False, stderr=True, highlight=False, soft_wrap=True).print(plain(reason))
    raise typer.Exit(NOT_OPENED)
