"""`dmp rules decide`: one decision for each request on standard input."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer
from rich.console import Console

from policy.cli.app import DEFAULT_PROFILE, FAILED, HELD, NOT_OPENED, RULES, Folder, Lang, app, loaded
from policy.language import say
from policy.model import Decision
from policy.ruleset import RuleSet
from policy.shape import Text

MAX_LINE = 8 * 1024 * 1024
ONE_LINE = Text(
    "chaque demande tient sur une ligne ; d'un fichier qui en a plusieurs : jq -c . demande.json | dmp rules decide",
    "each request is one line; of a file that has several: jq -c . request.json | dmp rules decide",
)


@app.command()
def decide(
    profile: Annotated[str, typer.Option(help="profile of the lines that name none")] = DEFAULT_PROFILE,
    folder: Folder = RULES,
    language: Lang = "fr",
) -> None:
    """Read requests as JSON lines on standard input, write one decision a line."""
    ruleset = loaded(folder, as_json=False, language=language)
    if profile not in ruleset.engines:
        Console(emoji=False, stderr=True).print(
            f"unknown profile `{profile}`; there are: {', '.join(ruleset.profiles)}"
        )
        raise typer.Exit(NOT_OPENED)
    readable = True
    for line in sys.stdin.buffer:
        if not line.strip():
            continue
        answer = _answer(ruleset, line, profile)
        readable = readable and "error" not in answer
        sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
    sys.stdout.flush()
    if not readable:
        Console(emoji=False, stderr=True, highlight=False, markup=False, soft_wrap=True).print(say(ONE_LINE, language))
    raise typer.Exit(HELD if readable else FAILED)


def _answer(ruleset: RuleSet, line: bytes, profile: str) -> dict[str, Any]:
    """One decision, or what made the line unreadable."""
    try:
        request = read_request(line)
    except ValueError as error:
        return {"error": str(error)}
    named = request.get("profile", profile)
    known = isinstance(named, str) and named in ruleset.engines
    engine = ruleset.engines[named if known else profile]
    return as_json_form(engine.decide(request, () if known else ("profile: is not one of the rule set's",)))


def read_request(given: bytes) -> dict[str, Any]:
    """One request as JSON; raises ValueError that says why it cannot be read."""
    if len(given) > MAX_LINE:
        raise ValueError(f"longer than {MAX_LINE} bytes")
    try:
        request = json.loads(given.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise ValueError("not UTF-8 text") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"not JSON: {error}") from None
    if not isinstance(request, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - the value given is wrong, no argument of ours
    return request


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
