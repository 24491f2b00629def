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
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from services.runtime import local_issuer, server, settings
from services.runtime.rules_in_force import load_rules
from services.runtime.settings import REPOSITORY, SettingsRefused
from tests.services.world import FEATURES, World, running

DEVELOPMENT = {"DMP_ENVIRONMENT": "development"}
RULES = REPOSITORY / "rules"
PACKAGE = "dmp.records.v1"


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
