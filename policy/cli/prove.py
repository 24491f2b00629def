"""`dmp rules prove`: what officers state of the rules as a whole, for every request, or one that breaks it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from policy.cli.app import FAILED, HELD, INVALID_RULES, RULES, Folder, Json, app, loaded, plain, tell_faults
from policy.errors import FaultList, RuleFaults
from policy.language import is_one
from policy.ruleset import RuleSet

if TYPE_CHECKING:
    from policy.analyze.prove import Proof, Refutation


@app.command()
def prove(folder: Folder = RULES, as_json: Json = False) -> None:
    """Prove every statement of invariants.yaml for all requests; a broken one shows a request that breaks it."""
    from policy.analyze.statement import read_statements

    ruleset = loaded(folder, as_json)
    faults = FaultList()
    statements = read_statements(ruleset, faults)
    if faults.faults:
        tell_faults(RuleFaults(faults.faults), as_json)
        raise typer.Exit(INVALID_RULES)
    proofs = _proved(ruleset, statements)
    if as_json:
        typer.echo(json.dumps(_report(ruleset, proofs), ensure_ascii=False))
    else:
        _tell(ruleset, proofs)
    raise typer.Exit(HELD if all(proof.held for proof in proofs) else FAILED)


def _proved(ruleset: RuleSet, statements: list[Any]) -> list[Proof]:
    """The proofs, with a bar on a terminal while they are sought."""
    from policy.analyze.prove import prove as seek

    columns = (TextColumn("preuves"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(emoji=False, stderr=True), transient=True) as progress:
        task = progress.add_task("", total=len(statements))
        return seek(ruleset, statements, lambda proof: progress.update(task, advance=1, description=proof.statement.id))


def _report(ruleset: RuleSet, proofs: list[Proof]) -> dict[str, Any]:
    return {
        "held": all(proof.held for proof in proofs),
        "questions": sum(proof.questions for proof in proofs),
        "statements": [
            {
                "id": proof.statement.id,
                "place": str(proof.statement.place),
                "held": proof.held,
                "speaks_of_nothing_in": proof.silent,
                "refutations": [_refutation(ruleset, refutation) for refutation in proof.refutations],
            }
            for proof in proofs
        ],
    }


def _refutation(ruleset: RuleSet, refutation: Refutation) -> dict[str, Any]:
    from policy.analyze.words import in_words

    decision = refutation.decision
    words = [text for fact in refutation.facts if (text := in_words(fact, ruleset.vocabulary))]
    return {
        "profile": refutation.profile,
        "action": refutation.action,
        "facts": [{"fr": text.fr, "en": text.en} for text in words],
        "request": refutation.request,
        "external": decision.answer.value if decision else None,
        "rules": list(decision.rules) if decision else [],
        "confirmed": refutation.confirmed,
    }


def _tell(ruleset: RuleSet, proofs: list[Proof]) -> None:
    console = Console(emoji=False, highlight=False, soft_wrap=True)
    for proof in proofs:
        statement = proof.statement
        if not proof.held:
            console.print(f"[bold red]✗ {statement.id}[/] [bold]{plain(statement.title.fr)}[/]  {statement.place}")
        for profile in proof.silent:
            console.print(f"  ne parle d'aucune demande en {profile} : corriger `when`, ou ne pas nommer ce profil")
        for refutation in proof.refutations:
            _tell_refutation(console, ruleset, refutation)
    held = sum(proof.held for proof in proofs)
    mark = "[green]✓[/]" if held == len(proofs) else "[red]✗[/]"
    questions = sum(proof.questions for proof in proofs)
    holds = "énoncé tient" if is_one(held, "fr") else "énoncés tiennent"
    told = f"sur {len(proofs)} pour toute demande ({questions} questions, chacune sur toutes)"
    console.print(f"{mark} {held} {holds} {told}")


def _tell_refutation(console: Console, ruleset: RuleSet, refutation: Refutation) -> None:
    from policy.analyze.domain import Stated
    from policy.analyze.words import in_words

    action = ruleset.vocabulary.actions[refutation.action].title.fr
    answer = f"{refutation.decision.answer} ({', '.join(refutation.decision.rules)})" if refutation.decision else "?"
    console.print(f"  contre-exemple : {plain(action)} ({refutation.action}), {refutation.profile}, quand")
    for fact in refutation.facts:
        words = None if fact.option is Stated.MISSING else in_words(fact, ruleset.vocabulary)
        if words:
            console.print(f"    · {plain(words.fr)}  [dim]{fact.attribute}[/]")
    if missing := [fact.attribute for fact in refutation.facts if fact.option is Stated.MISSING]:
        console.print(f"    · sans indiquer {', '.join(missing)}")
    if refutation.confirmed:
        console.print(f"  `dmp rules decide` répond [bold]{plain(answer)}[/] à :")
        console.print(f"    {plain(json.dumps(refutation.request, ensure_ascii=False))}")
    else:
        console.print("  [yellow]aucune demande n'a pu le confirmer : ni prouvé, ni réfuté[/]")
