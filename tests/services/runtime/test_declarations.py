"""A suite whose RPCs do not say what they ask of the rules, or whose rules ask what nothing does, does not start."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool

from dmp.access.v1 import access_pb2 as access
from policy import ruleset
from policy.absence import Absence
from policy.ruleset import RuleSet
from services.runtime import server
from services.runtime.access import Feature
from services.runtime.settings import REPOSITORY, SettingsRefused
from tests.services.world import FEATURES

RULES = REPOSITORY / "rules"
PACKAGE = "dmp.records.v1"


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return ruleset.load(RULES)


def declared(**fields: Any) -> descriptor_pb2.MethodOptions:
    options = descriptor_pb2.MethodOptions()
    options.Extensions[access.access].CopyFrom(access.Access(**fields))
    return options


STATUS = {"action": "record.status", "form": access.FORM_FIXED, "record": "record"}
DECLARATIONS: dict[str, tuple[descriptor_pb2.MethodOptions | None, str]] = {
    "no declaration": (None, "declares no access"),
    "no form": (declared(action="record.status", record="record"), "declares no form"),
    "unknown action": (
        declared(**{**STATUS, "action": "record.look"}),
        "action `record.look` is not of the vocabulary",
    ),
    "internal action": (declared(**{**STATUS, "action": "doc.listed"}), "action `doc.listed` is not of the vocabulary"),
    "a list of nothing": (declared(**{**STATUS, "form": access.FORM_EACH}), "has no items"),
    "a question about nothing": (declared(**{**STATUS, "form": access.FORM_ASKED}), "action asked about"),
    "no such field": (declared(**{**STATUS, "record": "patient"}), "has no field `patient`"),
    "a deep field that is none": (declared(**{**STATUS, "record": "record.value.x"}), "has no field `record.value.x`"),
    "a record that is a text": (
        declared(**{**STATUS, "record": "record.value"}),
        "`record.value` is of the wrong type",
    ),
    "a document without a record": (
        declared(action="doc.read", form=access.FORM_FIXED, document="record.value"),
        "names a document and no record",
    ),
    "an unknown attribute": (
        declared(**STATUS, facts=[access.Fact(attribute="context.moon", value="full")]),
        "attribute `context.moon` is not of the vocabulary",
    ),
    "a stored fact from the request": (
        declared(**STATUS, facts=[access.Fact(attribute="relation.treating_physician", value="true")]),
        "is a stored fact, which no request states",
    ),
    "a ticket from the request": (
        declared(**STATUS, facts=[access.Fact(attribute="context.ticket", value="1")]),
        "is a stored fact, which no request states",
    ),
    "an act for another": (
        declared(**STATUS, supplied="attestations.reason", for_another="decision.ask_for"),
        "lets the caller speak for another, and answers no question",
    ),
    "another without a right to name him": (
        declared(**{**STATUS, "form": access.FORM_ASKED}, asked="attestations.reason", about="record"),
        "must name the right to ask for another",
    ),
    "another who is a record": (
        declared(**{**STATUS, "form": access.FORM_ASKED}, asked="attestations.reason", about="record"),
        "`record` is of the wrong type",
    ),
    "a right to ask for another that is no action": (
        declared(**{**STATUS, "form": access.FORM_ASKED}, asked="attestations.reason", for_another="decision.shout"),
        "action `decision.shout` is not of the vocabulary",
    ),
    "a fact without a source": (declared(**STATUS, facts=[access.Fact(attribute="context.target")]), "has no source"),
    "a fact of no field": (
        declared(**STATUS, facts=[access.Fact(attribute="context.target", field="who")]),
        "has no field `who`",
    ),
    "a download of one message": (declared(**STATUS, downloads=True), "streams"),
    "a copy for whom the request says": (
        declared(**STATUS, facts=[access.Fact(attribute="context.copy_for_representative", value="false")]),
        "is a stored fact, which no request states",
    ),
    "choices without a chooser": (
        declared(**STATUS, choices=[access.Choice(value="true", action="record.close")]),
        "the choices and the field that chooses",
    ),
}


def feature(
    options: descriptor_pb2.MethodOptions | None, *, response: str = "GetRecordStatusResponse", streams: str = ""
) -> Feature:
    """A service with one RPC, declared so."""
    file = descriptor_pb2.FileDescriptorProto(
        name="odd.proto", package="odd", dependency=["dmp/records/v1/records.proto"], syntax="proto3"
    )
    service = file.service.add(name="OddService")
    service.method.add(
        name="Odd",
        input_type=f".{PACKAGE}.GetRecordStatusRequest",
        output_type=f".{PACKAGE}.{response}",
        options=options,
        **({streams: True} if streams else {}),
    )
    pool = descriptor_pool.DescriptorPool()
    for name in ("google/protobuf/descriptor.proto", "google/protobuf/timestamp.proto"):
        pool.AddSerializedFile(serialized(name))
    for name in ("access", "records"):
        pool.AddSerializedFile(serialized(f"dmp/{name}/v1/{name}.proto"))
    pool.AddSerializedFile(file.SerializeToString())
    return Feature("odd", (pool.FindServiceByName("odd.OddService"),), {"Odd": unreachable}, {})


def serialized(name: str) -> bytes:
    found = descriptor_pool.Default().FindFileByName(name)
    return bytes(found.serialized_pb)


def unreachable(_call: object, _request: object) -> Any:
    raise AssertionError("called")


@pytest.mark.parametrize("name", DECLARATIONS)
def test_a_faulty_declaration_is_no_start(rules: RuleSet, name: str) -> None:
    """There is no open mode: an RPC that does not say what it asks of the rules keeps the server from starting."""
    options, sentence = DECLARATIONS[name]
    with pytest.raises(SettingsRefused) as found:
        server.checked(rules, [feature(options)])
    assert any(sentence in reason for reason in found.value.reasons), found.value.reasons


@pytest.mark.parametrize("streams", ["server_streaming", "client_streaming"])
def test_a_stream_that_is_no_download_is_no_start(rules: RuleSet, streams: str) -> None:
    """The gate would have no place where it commits before the first message."""
    with pytest.raises(SettingsRefused) as found:
        server.checked(rules, [feature(declared(**STATUS), streams=streams)])
    assert any("streams" in reason for reason in found.value.reasons)


def test_an_rpc_without_a_handler_is_no_start(rules: RuleSet) -> None:
    """Nor a handler without an RPC; both are told, with every other fault."""
    [known] = [found for found in FEATURES if found.name == "records"]
    handlers = {name: handler for name, handler in known.handlers.items() if name != "GrantAccess"}
    odd = replace(known, handlers={**handlers, "GiveAccess": unreachable})
    with pytest.raises(SettingsRefused) as found:
        server.checked(rules, [odd, feature(None)])
    assert len(found.value.reasons) == 4
    assert f"{PACKAGE}.RecordsService.GrantAccess: has no handler" in found.value.reasons
    assert "records: handler `GiveAccess` has no RPC" in found.value.reasons


def test_a_response_has_room_for_the_decision(rules: RuleSet) -> None:
    """What the gate tells of its decision has a place in every answer."""
    with pytest.raises(SettingsRefused) as found:
        server.checked(rules, [feature(declared(**STATUS), response="Notification")])
    assert "no field `decided`" in str(found.value)


def test_an_action_that_no_rule_permits_is_no_start(tmp_path: Path) -> None:
    """Its RPC could only ever refuse, so something was forgotten."""
    folder = tmp_path / "rules"
    shutil.copytree(RULES, folder)
    suite = (folder / "suite.yaml").read_text(encoding="utf-8")
    (folder / "suite.yaml").write_text(suite.partition("- id: SVC-05")[0], encoding="utf-8")
    with pytest.raises(SettingsRefused, match=r"no rule of profile `seed-2011` permits action `emergency\.end`"):
        server.checked(ruleset.load(folder), FEATURES)


def test_an_obligation_that_nothing_fulfils_is_no_start(rules: RuleSet) -> None:
    """A permit under a duty that nobody does would be a permit without it."""
    displayed = replace(rules.vocabulary.obligations["DISPLAY_EMERGENCY"], fulfilled_by="service")
    owners = {**rules.vocabulary.obligations, "DISPLAY_EMERGENCY": displayed}
    with pytest.raises(SettingsRefused, match="obligation DISPLAY_EMERGENCY"):
        server.checked(replace(rules, vocabulary=replace(rules.vocabulary, obligations=owners)), FEATURES)


def test_a_ticket_without_term_or_without_something_asked_is_no_start(rules: RuleSet) -> None:
    """A ticket that never expires would permit for ever, and one for nothing would permit nothing."""
    endless = {profile: {**values, "ticket_validity_days": None} for profile, values in rules.parameters.items()}
    with pytest.raises(SettingsRefused, match="profile `law-2023` gives OPEN_HOST_TICKET no term"):
        server.checked(replace(rules, parameters=endless), FEATURES)
    mute = replace(rules.vocabulary.actions["doc.request_delete"], asks_for=None)
    actions = {**rules.vocabulary.actions, mute.name: mute}
    with pytest.raises(SettingsRefused, match=r"action `doc\.request_delete` opens a ticket"):
        server.checked(replace(rules, vocabulary=replace(rules.vocabulary, actions=actions)), FEATURES)


def test_rules_that_know_nobody_who_is_absent_are_no_start(rules: RuleSet) -> None:
    """A lapsed power would count, and nobody could be told."""
    with pytest.raises(SettingsRefused, match=r"absence\.yaml does not say as whom the rules are asked about a HOLDER"):
        server.checked(replace(rules, absence=Absence()), FEATURES)
