"""`dmp rules decide`: one decision for each request on standard input."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer
from rich.console import Console

from policy.cli.app import DEFAULT_PROFILE, FAILED, HELD, NOT_OPENED, RULES, Folder, app, loaded
from policy.model import Decision
from policy.ruleset import RuleSet

MAX_LINE = 8 * 1024 * 1024


@app.command()
def decide(
    profile: Annotated[str, typer.Option(help="profile of the lines that name none")] = DEFAULT_PROFILE,
    folder: Folder = RULES,
) -> None:
    """Read requests as JSON lines on standard input, write one decision a line."""
    ruleset = loaded(folder, as_json=False)
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
