"""`dmp rules check` and `dmp rules schema`: whether the files say something, and what editors complete them with."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress

import typer
from rich.console import Console

from policy.casebook import run
from policy.cli.app import FAILED, HELD, INVALID_RULES, RULES, Folder, Json, Lang, app, loaded, tell_faults
from policy.errors import Fault, FaultList, Place, RuleFaults
from policy.language import Language, say
from policy.ruleset import RuleSet
from policy.shape import Text

_LOADABLE = Text(
    "les fichiers se chargent, et décident comme ils le disent", "the files can be loaded, and decide as they say"
)
_FIGURES = Text(
    "{rules} règles ({permit} permettent, {deny} refusent, {oblige} obligent) dans les profils {profiles}",
    "{rules} rules ({permit} permit, {deny} deny, {oblige} oblige) in profiles {profiles}",
)
_FIRING = Text(
    "chacune agit sur quelque demande ; {kept} ne changent rien et disent pourquoi elles restent",
    "each fires for some request; {kept} that make no difference say why they stay",
)
_FRESH = Text("les schémas sont tels que le vocabulaire le dit", "the schemas are as the vocabulary says")
_DIGEST = Text("empreinte {digest}…", "digest {digest}…")


@app.command()
def check(folder: Folder = RULES, language: Lang = "fr", as_json: Json = False) -> None:
    """Tell every fault of every rule file at once, and every rule that says nothing, with its place and what to do."""
    from policy.analyze.statement import read_statements
    from policy.analyze.vanity import vain_faults
    from policy.matrix.view import FILE, read_view

    ruleset = loaded(folder, as_json, language=language)
    faults = FaultList()
    with suppress(RuleFaults):  # so many that reading stopped; `faults` has them
        run(ruleset, faults)  # the test tables are rule files too
        read_statements(ruleset, faults)
        if (folder / FILE).is_file():
            read_view(ruleset, faults)
    if faults.faults:
        tell_faults(RuleFaults(faults.faults), as_json, language=language)
        raise typer.Exit(INVALID_RULES)
    loose = [*ruleset.loose, *_without_cases(ruleset), *vain_faults(ruleset, ruleset.rules).faults]
    if loose:
        tell_faults(RuleFaults(loose), as_json, _LOADABLE, language)
        raise typer.Exit(FAILED)
    _tell_figures(ruleset, language, as_json)


def _without_cases(ruleset: RuleSet) -> list[Fault]:
    """A fault for each file of rules that the vocabulary lists and no test table stands beside."""
    names = {name: f"{name}_test.yaml" for name in ruleset.vocabulary.concerns}
    return [
        Fault(
            Place(ruleset.file(test)),
            f"is missing: no table asks the rules of `{name}.yaml`",
            "put it back, from the last version or from a copy, or write its cases anew",
        )
        for name, test in names.items()
        if not (ruleset.folder / test).is_file()
    ]


def _tell_figures(ruleset: RuleSet, language: Language, as_json: bool) -> None:
    counts = Counter(rule.effect for rule in ruleset.rules)
    effects = {effect: counts[effect] for effect in ("permit", "deny", "oblige")}
    figures = {"rules": len(ruleset.rules), **effects, "profiles": list(ruleset.profiles), "digest": ruleset.digest}
    if as_json:
        typer.echo(json.dumps({"held": True, "faults": [], **figures}))
        return
    kept = sum(bool(rule.kept_because) for rule in ruleset.rules)
    console = Console(emoji=False, highlight=False)
    profiles = ", ".join(ruleset.profiles)
    console.print(f"[green]✓[/] {say(_FIGURES, language).format(**{**figures, 'profiles': profiles})}")
    console.print(f"  {say(_FIRING, language).format(kept=kept)}")
    console.print(f"  {say(_DIGEST, language).format(digest=ruleset.digest[:16])}")


@app.command()
def schema(folder: Folder = RULES, language: Lang = "fr", as_json: Json = False) -> None:
    """Write the JSON Schemas that editors complete rule files with; exit 1 when they were stale."""
    from policy.schema import write

    changed = [path.name for path in write(loaded(folder, as_json, language=language), folder / "schema")]
    if as_json:
        typer.echo(json.dumps({"held": not changed, "written": changed}))
    else:
        names = ", ".join(changed)
        anew = Text(f"réécrits : {names}", f"written anew: {names}")
        typer.echo(say(anew if changed else _FRESH, language))
    raise typer.Exit(FAILED if changed else HELD)
