"""`dmp rules diff`: every class of request that two rule sets answer otherwise."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import fill
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from policy.cli.app import FAILED, HELD, NOT_OPENED, RULES, Folder, Json, app, loaded, plain
from policy.language import Language, is_one, say
from policy.shape import Text

if TYPE_CHECKING:
    from policy.difference import Difference, Shown
    from policy.ruleset import RuleSet

MOST_SHOWN = 12
_COLON = Text(" : ", ": ")
_COLOURS = {
    "opens": "bold red",
    "closes": "bold yellow",
    "answers": "cyan",
    "obliges": "magenta",
    "releases": "magenta",
}
_MARKS = {"opens": "+ ", "closes": "- ", "answers": "≠ ", "obliges": "! ", "releases": "¡ ", "scopes": "↔ "}
_TEXTS: dict[str, dict[str, str]] = {
    "same": {"fr": "aucune réponse ne change", "en": "no answer changes"},
    "profiles": {"fr": "profils", "en": "profiles"},
    "profile": {"fr": "profil", "en": "profile"},
    "always": {"fr": "toujours", "en": "always"},
    "example": {"fr": "exemple", "en": "example"},
    "odd example": {
        "fr": "exemple aux dates invraisemblables, faute d'autre",
        "en": "example with dates that real life does not have, for want of another",
    },
    "no example": {
        "fr": "aucun exemple : aucune date trouvée ne réunit ces délais (des jours contre des mois, en fin de mois) ; "
        "le changement ne concerne peut-être personne",
        "en": "no example: no date was found that has these delays together (days against months at the end of a "
        "month); the change may concern nobody",
    },
    "others": {
        "fr": "… et {n} autres phrases (--all les montre toutes)",
        "en": "… and {n} other sentences (--all shows all)",
    },
    "others, one": {"fr": "… et {n} autre phrase (--all la montre)", "en": "… and {n} other sentence (--all shows it)"},
    "end": {
        "fr": "{n} classes de demandes changent de réponse ({counts})",
        "en": "the answers to {n} classes of requests change ({counts})",
    },
    "end, one": {
        "fr": "{n} classe de demandes change de réponse ({counts})",
        "en": "the answers to {n} class of requests change ({counts})",
    },
    "opens": {"fr": "{n} s'ouvrent", "en": "{n} open"},
    "opens, one": {"fr": "{n} s'ouvre", "en": "{n} opens"},
    "closes": {"fr": "{n} se ferment", "en": "{n} close"},
    "closes, one": {"fr": "{n} se ferme", "en": "{n} closes"},
    "answers": {"fr": "{n} refus se disent autrement", "en": "{n} refusals are told otherwise"},
    "answers, one": {"fr": "{n} refus se dit autrement", "en": "{n} refusal is told otherwise"},
    "obliges": {"fr": "{n} gagnent une obligation", "en": "{n} gain an obligation"},
    "obliges, one": {"fr": "{n} gagne une obligation", "en": "{n} gains an obligation"},
    "releases": {"fr": "{n} perdent une obligation", "en": "{n} lose an obligation"},
    "releases, one": {"fr": "{n} perd une obligation", "en": "{n} loses an obligation"},
    "scopes": {"fr": "{n} changent d'étendue", "en": "{n} change in scope"},
    "scopes, one": {"fr": "{n} change d'étendue", "en": "{n} changes in scope"},
    "gone": {"fr": "profil disparu", "en": "profile that is gone"},
    "come": {"fr": "profil nouveau", "en": "new profile"},
}


@app.command()
def diff(  # noqa: PLR0913, PLR0917 - one parameter an option
    old: Annotated[str, typer.Argument(help="folder of the rules before, or a git revision such as HEAD~1")],
    new: Annotated[
        str | None, typer.Argument(help="folder of the rules after, or a revision; by default the rules")
    ] = None,
    profile: Annotated[str | None, typer.Option(help="compare this profile alone")] = None,
    lang: Annotated[Language, typer.Option(help="language of the sentences")] = "fr",
    show_all: Annotated[bool, typer.Option("--all", help=f"every sentence, not the first {MOST_SHOWN} alone")] = False,
    folder: Folder = RULES,
    as_json: Json = False,
) -> None:
    """Tell every class of request whose answer changes, each with a request that shows it; exit 1 when one does."""
    from policy.cli.revision import NoRevision, folder_at

    with TemporaryDirectory() as before, TemporaryDirectory() as after:
        try:
            folders = [folder_at(old, folder, Path(before)), folder_at(new or str(folder), folder, Path(after))]
        except NoRevision as error:
            Console(emoji=False, stderr=True).print(f"[red]{plain(str(error))}[/]")
            raise typer.Exit(NOT_OPENED) from None
        olds, news = (loaded(found, as_json, called, lang) for found, called in folders)
    found = _found(olds, news, profile, lang)
    if as_json:
        typer.echo(json.dumps(_as_json(found), ensure_ascii=False))
    else:
        _tell(found, lang, found.told if show_all else first(found.told))
    raise typer.Exit(FAILED if found.changes else HELD)


def _found(old: RuleSet, new: RuleSet, profile: str | None, lang: Language) -> Difference:
    from rich.progress import Progress

    from policy.difference import difference

    if profile is not None and not (profile in old.engines and profile in new.engines):
        Console(emoji=False, stderr=True).print(f"profile `{plain(profile)}` is not in both rule sets")
        raise typer.Exit(NOT_OPENED)
    console = Console(emoji=False, stderr=True)
    # Without a thread of its own, which the processes that compare must not be forked beside.
    with Progress(console=console, transient=True, disable=not console.is_terminal, auto_refresh=False) as progress:
        task = progress.add_task("diff")

        def tell(done: int, of: int) -> None:
            progress.update(task, completed=done, total=of, refresh=True)

        try:
            return difference(old, new, profile, lang, tell, _processors())
        except ValueError as error:
            console.print(f"[red]{plain(str(error))}[/]")
            raise typer.Exit(NOT_OPENED) from None


def _processors() -> int:
    """How many this process may use; one where nobody says, or where a process is not safely forked."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1


def _tell(found: Difference, lang: Language, told: Sequence[Shown]) -> None:
    console = Console(emoji=False, highlight=False)
    for what, names in (("gone", found.gone), ("come", found.come)):
        for name in names:
            console.print(f"[bold]{_TEXTS[what][lang]}[/]{say(_COLON, lang)}{name}")
    for shown in told:
        _tell_one(console, shown, lang)
    if left := len(found.told) - len(told):
        console.print(_counted("others", left, lang))
    if not found.changes:
        console.print(f"[green]✓[/] {_TEXTS['same'][lang]}")
        return
    console.print(f"[red]✗[/] {_counted('end', len(found.told), lang, counts=_counts(found.told, lang))}")


def _counts(told: Sequence[Shown], lang: Language) -> str:
    """How many sentences tell each kind of change: always of what opens and closes, of the others where there are."""
    counts = {kind: sum(shown.kind == kind for shown in told) for kind in _MARKS}
    return ", ".join(_counted(kind, n, lang) for kind, n in counts.items() if n or kind in ("opens", "closes"))


def _counted(what: str, number: int, lang: Language, **words: str) -> str:
    return _TEXTS[f"{what}, one" if is_one(number, lang) else what][lang].format(n=number, **words)


def first(told: Sequence[Shown]) -> list[Shown]:
    """As many as are shown, in their order: of each kind as many as there is room for, so that none hides another."""
    turns: dict[str, int] = {}
    ranked = []
    for place, shown in enumerate(told):
        turn = turns[shown.kind.value] = turns.get(shown.kind.value, -1) + 1
        ranked.append((turn, place))
    return [told[place] for place in sorted(place for _, place in sorted(ranked)[:MOST_SHOWN])]


def _tell_one(console: Console, shown: Shown, lang: Language) -> None:
    kind = shown.kind.value
    told = _folded(f"{_MARKS[kind]}{shown.sentence}", console)
    console.print(f"[{_COLOURS.get(kind, 'blue')}]{plain(told)}[/]", soft_wrap=True)
    profiles = "profiles" if len(shown.profiles) > 1 else "profile"
    _tell_more(console, _TEXTS[profiles][lang], ", ".join(shown.profiles), lang)
    if shown.always:
        _tell_more(console, _TEXTS["always"][lang], " · ".join(shown.always), lang)
    if shown.witness is None:
        console.print(f"    [dim]{_TEXTS['no example'][lang]}[/]")
        return
    answers = f"{shown.witness.old.answer.value} → {shown.witness.new.answer.value}"
    request = json.dumps(shown.witness.request, ensure_ascii=False)
    example = _TEXTS["example" if shown.witness.plausible else "odd example"][lang]
    head = f"[dim]{example} ({answers})[/]{say(_COLON, lang)}"
    console.print(f"    {head}{plain(request)}", soft_wrap=True)


def _tell_more(console: Console, what: str, said: str, lang: Language) -> None:
    head = f"{what}{say(_COLON, lang)}"
    lines = _folded(f"    {head}{said}", console)
    console.print(f"    [dim]{head}[/]{plain(lines[4 + len(head) :])}", soft_wrap=True)


def _folded(text: str, console: Console) -> str:
    """Lines no wider than the terminal; where a space must not break, the terminal's own library would break."""
    return fill(text, console.width, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)


def _as_json(found: Difference) -> dict[str, Any]:
    from policy.difference.report import as_json_form

    return {"held": not found.changes, "profiles_gone": found.gone, "profiles_come": found.come} | as_json_form(found)
