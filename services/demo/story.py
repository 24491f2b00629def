"""The story of the founding document, told over gRPC with real tokens; it holds if every step answered as expected."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import Final

import typer
from rich.console import Console

from dmp.authorization.v1 import authorization_pb2
from dmp.records.v1 import records_pb2
from services.client.calls import OK, Suite, opened
from services.demo import emergencies, hiding, opening, reading
from services.demo.cast import HOLDER, Player, cast
from services.demo.stage import Stage
from services.demo.suite import PROFILE, StoryRefused, reached
from services.demo.telling import Telling
from services.runtime import settings
from services.runtime.settings import DEVELOPMENT, Settings

SCENES: Final[tuple[Callable[[Telling], None], ...]] = (
    opening.opening,
    opening.rights,
    opening.deposits,
    opening.lists,
    hiding.masking,
    hiding.interview,
    emergencies.glass,
    emergencies.aftermath,
    emergencies.block,
    emergencies.opposition,
    reading.traces,
)


def tell(*, as_json: bool) -> bool:
    """Tell the story to whoever watches; whether every step held."""
    stage = Stage(Console(quiet=as_json, highlight=False))
    try:
        told = _told(_settings(), stage)
    except StoryRefused as refused:
        stage.refuse(str(refused))
        told = {"held": False, "error": str(refused)}
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
    return told["held"] is True


def _settings() -> Settings:
    """As `make run` has them, unless the environment says otherwise."""
    environment = os.environ.get("DMP_ENVIRONMENT") or DEVELOPMENT
    return settings.read({**os.environ, "DMP_ENVIRONMENT": environment})


def _told(chosen: Settings, stage: Stage) -> dict[str, object]:
    with reached(chosen, stage.waiting) as own, opened(chosen) as suite:
        rules = _rules(suite, cast(chosen))
        players = _unknown(suite, chosen)
        stage.titles = {rule.rule: rule.title.fr for rule in rules.rules}
        stage.opening(_opening(chosen, rules, own=own))
        telling = Telling(suite, players, stage)
        for scene in SCENES:
            scene(telling)
        stage.end(telling.steps)
    return _summary(telling, rules, own=own)


def _rules(suite: Suite, players: Mapping[str, Player]) -> authorization_pb2.DescribeRulesResponse:
    """The rules in force, for their names; raises StoryRefused if they are not those of the story."""
    reply = suite.ask(players[HOLDER].token, authorization_pb2.DescribeRulesRequest())
    if reply.answer == "UNAUTHENTICATED":
        raise StoryRefused(
            f"La suite qui tourne refuse les jetons de cette démonstration ({reply.reason}) : sa clé n'est pas celle"
            " d'ici. Donnez à la démonstration le même DMP_VAR qu'à la suite, ou arrêtez la suite."
        )
    if not isinstance(reply.response, authorization_pb2.DescribeRulesResponse):
        raise StoryRefused(f"La suite n'a pas dit ses règles : {reply.answer} {reply.reason}")
    if reply.response.profile != PROFILE:
        raise StoryRefused(
            f"La suite qui tourne applique le profil {reply.response.profile} ; l'histoire est celle de {PROFILE}."
            f" Lancez la suite avec DMP_PROFILE={PROFILE}, ou arrêtez-la."
        )
    return reply.response


def _unknown(suite: Suite, chosen: Settings) -> dict[str, Player]:
    """The cast, with a holder who has no record here yet."""
    while True:
        players = cast(chosen)
        request = records_pb2.GetRecordStatusRequest(record=players[HOLDER].identifier)
        if suite.ask(players["treating"].token, request).answer != OK:
            return players


def _opening(chosen: Settings, rules: authorization_pb2.DescribeRulesResponse, *, own: bool) -> list[str]:
    ports = ", ".join(f"{name} {chosen.host}:{port}" for name, port in chosen.ports.items())
    return [
        "Histoire inventée : toutes les personnes, tous les établissements et tous les identifiants le sont.",
        f"Suite {'démarrée pour cette histoire' if own else 'déjà en service'} : {ports}",
        f"Règles {rules.digest[:12]}, profil {rules.profile}",
    ]


def _summary(telling: Telling, rules: authorization_pb2.DescribeRulesResponse, *, own: bool) -> dict[str, object]:
    held = sum(step.held for step in telling.steps)
    return {
        "held": held == len(telling.steps),
        "steps_held": held,
        "steps_taken": len(telling.steps),
        "own_suite": own,
        "profile": rules.profile,
        "rules": rules.digest,
        "record": telling.players[HOLDER].id[1],
        "steps": [step.as_json() for step in telling.steps],
        "traces": telling.traces,
    }
