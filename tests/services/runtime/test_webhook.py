"""What is sent leaves over verified TLS alone, signed, and to an address that the settings have accepted."""

import asyncio
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.runtime import settings
from services.runtime.destination import Destination
from services.runtime.outgoing import NotHandedOn, Outgoing
from services.runtime.sinks import open_sink
from services.runtime.webhook import signature
from tests.services.certificates import SERVER, Authority
from tests.services.receiver import receiving

KEY = b"0123456789abcdef0123456789abcdef"
NEWS = Outgoing(
    id="id", code="NOTIFY_HOLDER", recipient="1.2|3", record="1.2|3", at=datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
)


def handed_on(destination: Destination) -> None:
    """Hand one notification on, in a loop of its own."""

    async def hand_on() -> None:
        sink = open_sink(destination)
        try:
            await sink.hand_on(NEWS)
        finally:
            await sink.close()

    asyncio.run(hand_on())


def serving_tls(authority: Authority, folder: Path) -> ssl.SSLContext:
    """The TLS of a server that this authority certifies."""
    server = authority.certify(*SERVER)
    (folder / "server.pem").write_bytes(server.pem + server.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context


def to(folder: Path, port: int, authority: Authority | None, host: str = "127.0.0.1") -> Destination:
    (folder / "key").write_bytes(KEY)
    if authority is not None:
        (folder / "cas.pem").write_bytes(authority.own.pem)
    cas = None if authority is None else folder / "cas.pem"
    return Destination(f"https://{host}:{port}/x", folder / "key", cas)


def test_only_a_certified_receiver_is_sent_anything(tmp_path: Path) -> None:
    """Neither one of another authority, nor one of another name."""
    ours, others = Authority(), Authority("another")
    with receiving(serving_tls(ours, tmp_path)) as receiver:
        handed_on(to(tmp_path, receiver.port, ours))
        assert [sent.said["id"] for sent in receiver.sent] == ["id"]
        for authority, host in ((others, "127.0.0.1"), (None, "127.0.0.1"), (ours, "localhost")):
            with pytest.raises(NotHandedOn) as found:
                handed_on(to(tmp_path, receiver.port, authority, host))
            assert found.value.reason == "NOT_REACHED"
        assert len(receiver.sent) == 1


def test_nobody_who_listens_is_not_reached(tmp_path: Path) -> None:
    """And the error says no more than that."""
    with receiving() as receiver:
        port = receiver.port
    with pytest.raises(NotHandedOn, match=r"^NOT_REACHED$"):
        handed_on(to(tmp_path, port, None))


def test_the_signature_is_of_the_time_and_the_body() -> None:
    """A fixed answer, computed by `printf '1700000000.{}' | openssl dgst -sha256 -hmac KEY`."""
    mac = "417adf36b901772f658597a76d329694e335e65fc0849d7715c3ca33406309b5"
    assert signature(KEY, 1_700_000_000, b"{}") == f"t=1700000000,v1={mac}"
    assert len({signature(KEY, at, body) for at in (1, 2) for body in (b"{}", b"[]")}) == 4
    assert signature(KEY, 1, b"") != signature(KEY[::-1], 1, b"")


WEBHOOK = "webhook:https://portal.example/notifications"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"DMP_NOTIFICATIONS": "mail:somebody"}, "must be `webhook:https://`"),
        ({"DMP_NOTIFICATIONS": "file:here"}, "begins at the root"),
        ({"DMP_NOTIFICATIONS": WEBHOOK}, "needs DMP_NOTIFICATIONS_KEY"),
        ({"DMP_NOTIFICATIONS": "webhook:http://portal.example/", "DMP_NOTIFICATIONS_KEY": "k"}, "https address"),
        ({"DMP_NOTIFICATIONS": "webhook:ftp://127.0.0.1/", "DMP_NOTIFICATIONS_KEY": "k"}, "https address"),
        ({"DMP_NOTIFICATIONS": "webhook:https://u:secret@portal.example/", "DMP_NOTIFICATIONS_KEY": "k"}, "user"),
        ({"DMP_NOTIFICATIONS": "webhook:https://[secret", "DMP_NOTIFICATIONS_KEY": "k"}, "cannot be read"),
        ({"DMP_NOTIFICATIONS": "webhook:https:///secret", "DMP_NOTIFICATIONS_KEY": "k"}, "name a host"),
        ({"DMP_NOTIFICATIONS_KEY": "k"}, "DMP_NOTIFICATIONS is not"),
    ],
)
def test_a_destination_that_is_not_safe_refuses_the_start(given: dict[str, str], told: str) -> None:
    """In one sentence, which repeats no address."""
    with pytest.raises(settings.SettingsRefused) as found:
        settings.read({"DMP_ENVIRONMENT": "development", **given})
    [reason] = found.value.reasons
    assert told in reason
    assert "secret" not in reason


def test_plain_http_is_refused_in_production() -> None:
    """Even to the loopback."""
    given = {"DMP_NOTIFICATIONS": "webhook:http://127.0.0.1:1/", "DMP_NOTIFICATIONS_KEY": "k"}
    settings.read({"DMP_ENVIRONMENT": "development", **given})
    with pytest.raises(settings.SettingsRefused, match="https address"):
        settings.read(given)


@pytest.mark.parametrize("key", [b"", b"short", None])
def test_a_key_that_is_none_is_refused(tmp_path: Path, key: bytes | None) -> None:
    """Too short to be one, or not there."""
    if key is not None:
        (tmp_path / "key").write_bytes(key)
    with pytest.raises((ValueError, OSError)):
        open_sink(Destination("https://portal.example/", tmp_path / "key"))
