"""`dmp rules explain`: why one request is answered so, for the person refused or for an officer."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

from policy.cli.app import DEFAULT_PROFILE, NOT_OPENED, RULES, Folder, Json, app, loaded
from policy.cli.decide import read_request


class Reader(StrEnum):
    """For whom a decision is explained."""

    PERSON = "person"
    OFFICER = "officer"


class Spoken(StrEnum):
    """The languages of the rule files."""

    FR = "fr"
    EN = "en"


@app.command()
def explain(  # noqa: PLR0913, PLR0917 - one parameter an option
    reader: Annotated[Reader, typer.Option("--for", help="who reads it")] = Reader.OFFICER,
    language: Annotated[Spoken, typer.Option("--lang", help="language")] = Spoken.FR,
    profile: Annotated[str, typer.Option(help="profile of a request that names none")] = DEFAULT_PROFILE,
    file: Annotated[Path | None, typer.Option("--request", help="file of the request; else standard input")] = None,
    line: Annotated[int | None, typer.Option(min=1, help="of a file of JSON lines, the line to explain")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="every rule and fact, and changes that nobody can make")
    ] = False,
    folder: Folder = RULES,
    as_json: Json = False,
) -> None:
    """Explain the decision on one request as JSON: the rules, the facts, and what would change the answer."""
    from policy.cli.explained import Page
    from policy.explain import Effort, for_officer, for_person
    from policy.explain.plain import officer_form, person_form
    from policy.explain.words import Words

    request = _request(file, line)
    ruleset = loaded(folder, as_json)
    named = request.get("profile", profile)
    if not isinstance(named, str) or named not in ruleset.engines:
        _not_opened(f"unknown profile; there are: {', '.join(ruleset.profiles)}")
    engine = ruleset.engines[named]
    page = Page(Console(emoji=False, highlight=False), Words(engine.vocabulary, language.value), everything)
    if reader is Reader.OFFICER:
        report = for_officer(engine, request, Effort(unlikely=everything))
        _told(officer_form(engine.vocabulary, report)) if as_json else page.officer(report)
    else:
        decision = engine.decide(request)
        explanation = for_person(engine, request, decision)
        _told(person_form(decision, explanation)) if as_json else page.person(decision, explanation)


def _told(form: dict[str, Any]) -> None:
    typer.echo(json.dumps(form, ensure_ascii=False))


def _request(file: Path | None, line: int | None) -> dict[str, Any]:
    try:
        given = sys.stdin.buffer.read() if file is None else file.read_bytes()
    except OSError as error:
        _not_opened(f"{file}: {error.strerror}")
    lines = given.splitlines()
    if line is not None and line > len(lines):
        _not_opened(f"there is no line {line}: the input has {len(lines)}")
    try:
        return read_request(given if line is None else lines[line - 1])
    except ValueError as error:
        advice = " (of several requests, choose one with --line)" if line is None and len(lines) > 1 else ""
        _not_opened(f"the request cannot be read: {error}{advice}")


def _not_opened(message: str) -> NoReturn:
    Console(emoji=False, stderr=True, highlight=False, markup=False, soft_wrap=True).print(message)
    raise typer.Exit(NOT_OPENED)
