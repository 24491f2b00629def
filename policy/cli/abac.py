"""`dmp rules export-abac` and `dmp rules import-abac`: the rules as py-abac policies, and such policies as rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from policy.abac.place import resolved_spot
from policy.cli.app import (
    DEFAULT_PROFILE,
    FAILED,
    NOT_OPENED,
    RULES,
    Folder,
    Json,
    Lang,
    app,
    loaded,
    plain,
    tell_faults,
    tell_written,
)
from policy.errors import RuleFaults
from policy.language import Language, is_one, say
from policy.ruleset import RuleSet
from policy.shape import Text

if TYPE_CHECKING:
    from policy.abac.export import Export

_EXPORTED = Text(
    "les donner à py-abac ; les relire ici par [bold]dmp rules import-abac[/]",
    "give them to py-abac; [bold]dmp rules import-abac[/] reads them back",
)
_IMPORTED = Text(
    "relire ces règles, les mettre à côté des autres, nommer leur fichier sous `concerns` (vocabulary.yaml), puis "
    "[bold]dmp rules check[/]",
    "review these rules, put them beside the others, name their file under `concerns` (vocabulary.yaml), then "
    "[bold]dmp rules check[/]",
)
_NO_RULE = Text("aucune règle n'a été écrite", "no rule was written")
_RULE, _RULES = Text("règle", "rule"), Text("règles", "rules")
_HEADS = {
    "rule": Text("règle", "rule"),
    "why": Text("pourquoi elle n'est pas parmi les politiques", "why it is not among the policies"),
    "rules": Text("Laissées hors de {profile}", "Left out of {profile}"),
    "action": Text("action", "action"),
    "for": Text("laissée à cause de ces règles", "left out for these rules"),
    "actions": Text(
        "Refusées par les politiques, quoi que disent les règles", "Denied by the policies, whatever the rules say"
    ),
    "path": Text("chemin dans context", "path in context"),
    "from": Text("1 ou 0 : ce délai est passé, ou non", "1 or 0: so long after, or not"),
    "terms": Text(
        "À calculer avant de demander ; à laisser si inconnu", "To resolve before asking; left out if unknown"
    ),
    "counts": Text(
        "{policies} politiques de {rules} règles, pour {actions} actions",
        "{policies} policies of {rules} rules, for {actions} actions",
    ),
    "limits": Text(
        "N'y poser que des demandes bien typées ; étapes, réponses à l'appelant et portées n'y sont pas.",
        "Only well-typed requests may be asked; stages, outward answers and scopes are not in them.",
    ),
}

Profile = Annotated[str, typer.Option(help="the profile whose rules they are")]
To = Annotated[Path | None, typer.Option("--to", help="write here instead of on standard output; never over a file")]


@app.command("export-abac")
def export_abac(
    profile: Profile = DEFAULT_PROFILE,
    folder: Folder = RULES,
    to: To = None,
    language: Lang = "fr",
    as_json: Json = False,
) -> None:
    """Write a profile's rules as py-abac policies, and tell of every rule whether it is among them and why not."""
    from policy.abac.export import export

    ruleset = _with_profile(loaded(folder, as_json, language=language), profile)
    found = export(ruleset, profile)
    policies = list(found.policies)
    content = {"policies": policies, **account(ruleset, found)} if as_json else policies
    _write(json.dumps(content, ensure_ascii=False, indent=1) + "\n", to)
    if not as_json:
        _tell(ruleset, found, language)
    if to is not None:
        tell_written(to, _EXPORTED, language)


@app.command("import-abac")
def import_abac(
    file: Annotated[Path, typer.Argument(help="a policy, a list of policies, or what export-abac wrote")],
    profile: Profile = DEFAULT_PROFILE,
    folder: Folder = RULES,
    to: To = None,
    language: Lang = "fr",
    as_json: Json = False,
) -> None:
    """Write the rules that py-abac policies say, to review; refuse with its place whatever is not sound."""
    from policy.abac.reading import read_policies

    ruleset = _with_profile(loaded(folder, as_json, language=language), profile)
    try:
        content = file.read_bytes()
    except OSError as error:
        _cannot(f"{file}: cannot be read: {error.strerror}")
    try:
        found = read_policies(content, str(file), ruleset, profile)
    except RuleFaults as faults:
        tell_faults(faults, as_json, _NO_RULE, language)
        raise typer.Exit(FAILED) from None
    told = {"held": True, "faults": [], "rules": [rule.id for rule in found.rules], "text": found.text}
    _write(json.dumps(told, ensure_ascii=False) + "\n" if as_json else found.text, to)
    if not as_json:
        _tell_rules(len(found.rules), to, language)
    elif to is not None:
        tell_written(to, _IMPORTED, language)


def _tell_rules(count: int, to: Path | None, language: Language) -> None:
    console = Console(emoji=False, stderr=True, highlight=False)
    console.print(f"[green]✓[/] {count} {say(_RULE if is_one(count, language) else _RULES, language)}")
    if to is None:
        console.print(f"  {say(Text(f'ensuite : {_IMPORTED.fr}', f'next: {_IMPORTED.en}'), language)}")
    else:
        tell_written(to, _IMPORTED, language)


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


def _tell(ruleset: RuleSet, found: Export, language: Language) -> None:
    console = Console(emoji=False, stderr=True, highlight=False)

    def head(name: str, **words: object) -> str:
        return say(_HEADS[name], language).format(**words)

    table = Table(head("rule"), head("why"), title=head("rules", profile=found.profile))
    for rule in ruleset.rules:
        if rule.id in found.left_out:
            table.add_row(plain(rule.id), plain(found.left_out[rule.id]))
    console.print(table)
    if found.actions_left_out:
        table = Table(head("action"), head("for"), title=head("actions"))
        for action, rules in sorted(found.actions_left_out.items()):
            table.add_row(plain(action), plain(rules))
        console.print(table)
    terms = Table(head("path"), head("from"), title=head("terms"))
    for entry in account(ruleset, found)["resolved"]:  # type: ignore[attr-defined]  # a list of its own making
        terms.add_row(plain(str(entry["path"])), plain(str(entry["from"])))
    console.print(terms)
    counts = {"policies": len(found.policies), "rules": len(found.exported), "actions": len(found.actions)}
    console.print(f"[green]✓[/] {head('counts', **counts)}")
    console.print(f"  {head('limits')}")


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
