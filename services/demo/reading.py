"""Alice reads who saw her record, when, and what for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Final

from dmp.trace.v1 import trace_pb2 as trace
from services.demo import papers, words
from services.demo.emergencies import REASON
from services.demo.expected import refused, says
from services.demo.telling import Telling

COLUMNS: Final = ("Quand", "Qui", "Quoi", "Pour quoi faire", "Issue")
EVERYBODY: Final = (
    *("alice", "treating", "author", "colleague", "nurse"),
    *("emergency", "blocked", "regulator", "support"),
)
EMERGENCY_ACTS: Final = ("emergency.start", "doc.list", "doc.read")


def traces(telling: Telling) -> None:
    """The holder and the treating physician read everything, others their own or nothing (TRC-04 to TRC-09)."""
    telling.scene("The traces", "Alice lit ses traces : qui, quand, pour quoi faire")
    request = trace.ListTracesRequest(page_size=500)
    everybody = sorted(telling.players[key].name for key in EVERYBODY)
    all_of_them = says(_connected, *everybody)
    reply = telling.step("Who was connected", "alice", "lit qui s'est connecté", request, all_of_them)
    emergency = telling.players["emergency"].name
    done = [words.ACTIONS[action] for action in EMERGENCY_ACTS]
    expected = says(lambda response: _in_emergency(response, emergency), REASON, *done)
    does = "lit ce que le bris de glace a permis, et son motif"
    telling.step("What the emergency access did", "alice", does, request, expected)
    telling.step("The treating physician reads all", "treating", "lit aussi toutes les traces", request, all_of_them)
    colleague = telling.players["colleague"].name
    telling.step("One's own traces", "colleague", "ne lit que les siennes", request, says(_connected, colleague))
    telling.step("Support reads no trace", "support", "veut lire les traces", request, refused("TRC-09"))
    if isinstance(reply.response, trace.ListTracesResponse):
        _show(telling, reply.response.lines)


def _connected(response: trace.ListTracesResponse) -> list[str]:
    return sorted({line.actor_name for line in response.lines if line.kind == trace.LINE_KIND_ACCESS})


def _in_emergency(response: trace.ListTracesResponse, name: str) -> list[str]:
    """The reasons given and the acts done in an emergency access, the oldest first."""
    lines = [
        line
        for line in reversed(response.lines)
        if line.actor_name == name and line.mode == "bris_de_glace" and line.kind == trace.LINE_KIND_ACTION
        if line.outcome == trace.OUTCOME_DONE
    ]
    return [*dict.fromkeys(line.reason for line in lines), *(words.ACTIONS[line.action] for line in lines)]


def _show(telling: Telling, lines: Sequence[trace.Line]) -> None:
    """Show who did what, the oldest first."""
    told = {identifier: papers.TITLES[key] for key, identifier in telling.documents.items()}
    # A list has a line for each document that it showed: what was listed is said once.
    single = {_call(line): told.get(line.document_id, "") for line in lines if _names_one(line)}
    acts = [line for line in reversed(lines) if line.kind == trace.LINE_KIND_ACTION]
    telling.traces.extend(_as_json(line, single.get(_call(line), "")) for line in acts)
    telling.stage.table(COLUMNS, (_row(line, single.get(_call(line), "")) for line in acts))


def _names_one(line: trace.Line) -> bool:
    return line.kind == trace.LINE_KIND_DOCUMENT and line.action != "doc.list"


def _call(line: trace.Line) -> tuple[str, str, str]:
    """What the lines of one call have in common."""
    return line.at.ToJsonString(), line.actor.value, line.action


def _row(line: trace.Line, document: str) -> tuple[str, ...]:
    attested = ", ".join(words.ATTESTED[name] for name in line.attested if name in words.ATTESTED)
    return (
        words.hour(line.at.ToDatetime(UTC)),
        line.actor_name,
        f"{words.ACTIONS.get(line.action, line.action)} {document}".strip(),
        " : ".join(filter(None, (words.MODES.get(line.mode, line.mode), line.reason or attested))),
        words.OUTCOMES.get(line.outcome, ""),
    )


def _as_json(line: trace.Line, document: str) -> dict[str, object]:
    return {
        "at": line.at.ToJsonString(),
        "actor": line.actor_name,
        "action": line.action,
        "document": document,
        "mode": line.mode,
        "reason": line.reason,
        "attested": list(line.attested),
        "outcome": trace.Outcome.Name(line.outcome),
    }
