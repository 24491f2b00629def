"""A start that is not safe is refused, with every reason at once."""

import asyncio
import io
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from dmp.access.v1 import access_pb2 as access
from policy import ruleset
from policy.ruleset import RuleSet
from services.runtime import local_issuer, server, settings
from services.runtime.access import Feature
from services.runtime.rules_in_force import load_rules
from services.runtime.settings import REPOSITORY, SettingsRefused
from tests.services.world import FEATURES, World, running

DEVELOPMENT = {"DMP_ENVIRONMENT": "development"}
RULES = REPOSITORY / "rules"
PACKAGE = "dmp.records.v1"


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return ruleset.load(RULES)


def refused(environ: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsRefused) as found:
        settings.read(environ)
    return found.value.reasons


@pytest.mark.parametrize("environ", [{}, {"DMP_ENVIRONMENT": "production"}])
def test_production_names_all_that_it_lacks(environ: dict[str, str]) -> None:
    """It is the default, and never a silent fallback to development."""
    reasons = refused(environ)
    assert any("OpenID Connect" in reason for reason in reasons)
    assert any("mTLS" in reason for reason in reasons)
    with_tls = refused({**environ, **dict.fromkeys(settings.TLS, "file.pem")})
    assert with_tls == [reason for reason in reasons if "mTLS" not in reason]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "localhost", "example.org", ""])  # noqa: S104 - refused
def test_development_is_for_this_machine_alone(host: str) -> None:
    """A name may resolve to anything, so an address is asked for; an empty value is the default."""
    environ = {**DEVELOPMENT, "DMP_HOST": host}
    if host:
        assert "loopback" in refused(environ)[0]
    else:
        assert settings.read(environ).host == "127.0.0.1"


@pytest.mark.parametrize("given", [settings.TLS[:1], settings.TLS[1:], settings.TLS[::2]])
def test_tls_is_all_or_nothing(given: tuple[str, ...]) -> None:
    """A start with half of it would be one in plaintext, or one that verifies nobody."""
    [reason] = refused({**DEVELOPMENT, **dict.fromkeys(given, "file.pem")})
    for name in {*settings.TLS} - {*given}:
        assert f"{name} " in reason.partition("not given")[0] + " "


def test_askers_need_tls() -> None:
    """Over plaintext a listed name could never be verified."""
    [reason] = refused({**DEVELOPMENT, settings.ASKERS: "viewer.example.org"})
    assert reason.startswith("DMP_ASKERS lists names of client certificates")
    read = settings.read(
        {**DEVELOPMENT, **dict.fromkeys(settings.TLS, "x"), settings.ASKERS: " a.example , b.example,"}
    )
    assert read.askers == {"a.example", "b.example"}


def test_every_reason_is_told_at_once() -> None:
    """One start tells all that is wrong."""
    environ = {
        "DMP_ENVIRONMENT": "staging",
        "DMP_DATABASE_URL": "mysql://user:secret@host/dmp",
        "DMP_RECORDS_PORT": "70000",
        "DMP_DOCUMENTS_PORT": "http",
    }
    reasons = refused({**environ, "DMP_METRICS_PORT": "-1"})
    assert len(reasons) == 5
    assert "secret" not in str(reasons)


def test_a_wrong_profile_is_refused(tmp_path: Path) -> None:
    """With the profiles that there are."""
    read = settings.read({**DEVELOPMENT, "DMP_VAR": str(tmp_path), "DMP_PROFILE": "law-2050"})
    with pytest.raises(SettingsRefused, match="law-2023, seed-2011"):
        load_rules(read)


def test_bad_rules_are_no_start(tmp_path: Path) -> None:
    """Every fault of the rule files, with its place."""
    folder = tmp_path / "rules"
    shutil.copytree(RULES, folder)
    (folder / "traces.yaml").write_text("- {id: X-01, effect: maybe}\n", encoding="utf-8")
    with pytest.raises(SettingsRefused) as found:
        load_rules(settings.read({**DEVELOPMENT, "DMP_RULES": str(folder)}))
    assert len(found.value.reasons) > 1
    assert all(reason.startswith("rules/traces.yaml:1:") for reason in found.value.reasons)


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
    owners = {**rules.vocabulary.obligations, "DISPLAY_EMERGENCY": "service"}
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


def test_every_rpc_of_the_contract_is_served(world: World) -> None:
    """Every service of every proto is hosted, and nothing that the gate does not decide but health and reflection."""
    served = {service.full_name for found in FEATURES for service in found.services}
    assert served == {
        "dmp.authorization.v1.AuthorizationService",
        "dmp.trace.v1.TraceService",
        "dmp.records.v1.RecordsService",
        "dmp.records.v1.JobsService",
        "dmp.documents.v1.DocumentsService",
    }
    assert {health.SERVICE_NAME, reflection.SERVICE_NAME} == server.EXEMPT
    assert world.suite.listening


def test_health_is_answered_without_identity(world: World) -> None:
    """For each service by its name."""
    for found in world.suite.listening:
        stub = health_pb2_grpc.HealthStub(world.channels[found.name])
        for name in ("", *(s.full_name for f in FEATURES if f.name == found.name for s in f.services)):
            check: Callable[..., health_pb2.HealthCheckResponse] = stub.Check  # type: ignore[attr-defined]  # its stubs lack it
            answer = check(health_pb2.HealthCheckRequest(service=name), timeout=5)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_an_rpc_that_does_not_exist_is_unimplemented(world: World) -> None:
    """A service answers its own RPCs alone."""
    call: Callable[..., bytes] = world.channels["documents"].unary_unary(f"/{PACKAGE}.RecordsService/GetRecordStatus")
    with pytest.raises(grpc.RpcError) as found:
        call(b"", timeout=5)
    assert found.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_a_port_in_use_is_no_start(tmp_path: Path) -> None:
    """And the database is let go again."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        environ = {**DEVELOPMENT, "DMP_VAR": str(tmp_path), "DMP_RECORDS_PORT": port, "DMP_DOCUMENTS_PORT": "0"}
        read = settings.read({**environ, "DMP_AUTHORIZATION_PORT": "0", "DMP_METRICS_PORT": "0"})
        for _ in range(2):
            with pytest.raises(SettingsRefused, match=f"records cannot listen on 127.0.0.1:{port}"):
                asyncio.run(server.start(read, FEATURES, io.StringIO()))


def test_a_port_of_the_metrics_in_use_is_no_start(tmp_path: Path) -> None:
    """Told in a sentence that names the address and the setting; nothing is left behind."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        read = settings.read({**DEVELOPMENT, "DMP_VAR": str(tmp_path), "DMP_METRICS_PORT": port})
        with pytest.raises(SettingsRefused, match=f"metrics cannot listen on 127.0.0.1:{port}.*DMP_METRICS_PORT"):
            asyncio.run(server.start(read, FEATURES, io.StringIO()))
    assert not (tmp_path / "dmp.sqlite").exists()


def test_a_second_process_is_no_start(tmp_path: Path) -> None:
    """One process serves a SQLite file."""
    with running(tmp_path) as world, pytest.raises(SettingsRefused, match="another process"):
        asyncio.run(server.start(world.settings, FEATURES, io.StringIO()))


def test_a_key_that_others_may_read_is_no_start(tmp_path: Path) -> None:
    """Whoever reads it is whomever he likes."""
    read = settings.read({**DEVELOPMENT, "DMP_VAR": str(tmp_path)})
    key = tmp_path / "issuer.pem"
    local_issuer.issuer(read)
    key.chmod(0o644)
    with pytest.raises(SettingsRefused, match="chmod 600"):
        local_issuer.issuer(read)


@contextmanager
def served(folder: Path, rules: Path) -> Iterator[SimpleNamespace]:
    """The suite as a process of its own."""
    ports = {f"DMP_{name.upper()}_PORT": "0" for name in (*settings.PORTS, "metrics")}
    environ = {**os.environ, **DEVELOPMENT, **ports, "DMP_VAR": str(folder), "DMP_RULES": str(rules)}
    command = [sys.executable, "-m", "services.cli", "serve", "all"]
    errors = (folder / "errors").open("w+")
    process = subprocess.Popen(command, cwd=REPOSITORY, env=environ, stdout=subprocess.PIPE, stderr=errors, text=True)
    try:
        assert process.stdout is not None
        yield SimpleNamespace(process=process, ready=process.stdout.readline(), errors=errors)
    finally:
        process.kill()
        process.communicate()
        errors.close()


def until(errors: Any, word: str) -> str:
    """What the process has logged, once it holds the word."""
    logged = ""
    for _ in range(200):
        errors.seek(0)
        if word in (logged := str(errors.read())):
            return logged
        signal.sigtimedwait([], 0.05)
    raise AssertionError(f"`{word}` was not logged: {logged}")


def test_a_process_starts_reloads_and_ends(tmp_path: Path) -> None:
    """Bad rules never replace good ones, good ones do; told to end, it ends in order."""
    rules = tmp_path / "rules"
    shutil.copytree(RULES, rules)
    with served(tmp_path, rules) as running:
        assert running.ready.startswith("dmp-access ready: authorization 127.0.0.1:")
        (rules / "broken.yaml").write_text("- {id: X-01, effect: maybe}\n", encoding="utf-8")
        running.process.send_signal(signal.SIGHUP)
        assert "rules/broken.yaml:1:" in until(running.errors, "rules not loaded")
        (rules / "broken.yaml").unlink()
        with (rules / "request.yaml").open("a") as file:
            file.write("\n# a comment is a change of the files\n")
        running.process.send_signal(signal.SIGHUP)
        logged = until(running.errors, '"rules loaded"')
        assert running.ready.rpartition("rules ")[2].strip(")\n") not in logged
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(15) == 0
