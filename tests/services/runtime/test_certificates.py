"""TLS with client certificates: who may connect, under which name, and which starts are refused."""

from __future__ import annotations

import asyncio
import io
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import mkdtemp

import grpc
import pytest
from cryptography import x509

from dmp.authorization.v1 import authorization_pb2 as authorization
from dmp.documents.v1 import documents_pb2 as documents
from services.runtime import server, settings
from services.runtime.settings import SettingsRefused
from tests.services.certificates import Authority
from tests.services.secured import OTHER, VIEWER, Secured, question, refused, subject
from tests.services.world import FEATURES, of, refusal


def spoilt(folder: Path) -> dict[str, tuple[str, bytes | None, str]]:
    """What may be wrong with the files: the setting, its file's content or none, and what is said."""
    authority = Authority()
    serving = Path(authority.serving(folder)["DMP_TLS_CERTIFICATE"]).read_bytes()
    return {
        "a certificate that is not there": ("DMP_TLS_CERTIFICATE", None, "cannot be read: No such file"),
        "a key that is not there": ("DMP_TLS_KEY", None, "cannot be read: No such file"),
        "authorities that are not there": ("DMP_TLS_CLIENT_CAS", None, "cannot be read: No such file"),
        "a key that is another's": ("DMP_TLS_KEY", authority.certify().key, "is not the key of DMP_TLS_CERTIFICATE"),
        "a certificate for a key": ("DMP_TLS_KEY", serving, "holds no private key in PEM"),
        "a key for a certificate": ("DMP_TLS_CERTIFICATE", authority.certify().key, "holds no certificate in PEM"),
        "an empty certificate": ("DMP_TLS_CERTIFICATE", b"", "holds no certificate in PEM"),
        "no authority": ("DMP_TLS_CLIENT_CAS", b"nobody", "no client could be verified"),
    }


@pytest.mark.parametrize("name", spoilt(Path(mkdtemp())))
def test_a_certificate_that_cannot_serve_is_no_start(tmp_path: Path, name: str) -> None:
    """Told with the setting; nothing is left behind."""
    files = Authority().serving(tmp_path)
    setting, content, said = spoilt(tmp_path / "other")[name]
    if content is None:
        Path(files[setting]).unlink()
    else:
        Path(files[setting]).write_bytes(content)
    read = settings.read({"DMP_ENVIRONMENT": "development", "DMP_VAR": str(tmp_path), "DMP_METRICS_PORT": "0", **files})
    with pytest.raises(SettingsRefused) as found:
        asyncio.run(server.start(read, FEATURES, io.StringIO()))
    [reason] = found.value.reasons
    assert reason.startswith(setting)
    assert said in reason
    assert not (tmp_path / "dmp.sqlite").exists()


@pytest.mark.parametrize(
    "names",
    [
        (),
        (x509.RFC822Name("viewer@example.org"),),
        (x509.DNSName("a.example.org"), x509.DNSName(OTHER)),
        (x509.UniformResourceIdentifier(VIEWER), x509.UniformResourceIdentifier("urn:example:other")),
        (x509.UniformResourceIdentifier("viewer"),),
        (x509.DNSName("urn:example:viewer"),),
        (x509.DNSName("a.example.org\n"),),
        (x509.UniformResourceIdentifier(f"{VIEWER}\0x"),),
    ],
)
def test_a_certificate_without_one_name_is_no_caller(secured: Secured, names: tuple[x509.GeneralName, ...]) -> None:
    """Whatever its common name says: unidentified, logged, and never traced."""
    world = secured.over(secured.authority.certify(*names, called=VIEWER))
    before = world.traces()
    asked = authorization.CheckRequest(question=question(world.patient(), "doc.list"))
    answered = refusal(world.as_("hospital").Check, asked)
    assert (answered.code, answered.reason) == ("UNAUTHENTICATED", "CERTIFICATE_NAME")
    assert world.traces() == before
    assert json.loads(world.security_log.getvalue().splitlines()[-1])["reason"] == "CERTIFICATE_NAME"


def test_the_name_counts_byte_for_byte(secured: Secured) -> None:
    """Neither another case nor a name that goes on is the listed one, nor is the common name."""
    for name in (VIEWER.upper(), f"{VIEWER}2", VIEWER[:-1]):
        shown = secured.authority.certify(x509.UniformResourceIdentifier(name), called=VIEWER)
        world = secured.over(shown)
        asked = question(world.patient(), "doc.list", subject=subject(world, "author"))
        assert refused(world.as_("hospital"), asked).code == "PERMISSION_DENIED", name


def test_no_certificate_no_call(secured: Secured) -> None:
    """Without one, with that of another authority, with one that has expired, or over plaintext, nobody connects."""
    world, authority = secured.world, secured.authority
    name = x509.UniformResourceIdentifier(VIEWER)
    shown = (None, Authority().certify(name), authority.certify(name, lasting=timedelta(seconds=-1)))
    asked = authorization.CheckRequest(question=question(world.patient(), "doc.list"))
    before = world.traces()
    for certificate in shown:
        assert refusal(secured.over(certificate).as_("hospital").Check, asked).code == "UNAVAILABLE"
    channels = {service: grpc.insecure_channel(f"127.0.0.1:{port}") for service, port in secured.ports.items()}
    assert refusal(replace(world, channels=channels).as_("hospital").Check, asked).code == "UNAVAILABLE"
    assert world.traces() == before


def test_every_entry_names_the_calling_software(secured: Secured) -> None:
    """Of whatever service, and of a refusal too."""
    patient = secured.world.opened("author")
    unlisted = secured.unlisted
    unlisted.as_("author").ListDocuments(documents.ListDocumentsRequest(record=of(patient)))
    refusal(unlisted.as_("nurse").ListDocuments, documents.ListDocumentsRequest(record=of(patient)))
    rows = unlisted.rows("SELECT client FROM traces WHERE record = ? ORDER BY number", patient["sub"])
    assert [row["client"] for row in rows] == [VIEWER, VIEWER, OTHER, OTHER]
