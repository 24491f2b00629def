"""An authority of the tests that certifies servers and calling software."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

SERVER = (x509.IPAddress(ip_address("127.0.0.1")),)


@dataclass(frozen=True)
class Certified:
    """A certificate and its key."""

    certificate: x509.Certificate
    private: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key(self) -> bytes:
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


class Authority:
    """Certifies whatever it is asked to."""

    def __init__(self, name: str = "Autorité d'essai") -> None:
        self.own = _certified(name, None, (), lasting=timedelta(days=1))

    def certify(
        self, *names: x509.GeneralName, called: str = "somebody", lasting: timedelta = timedelta(hours=1)
    ) -> Certified:
        """A certificate with these alternative names, and a common name that counts for nothing."""
        return _certified(called, self.own, names, lasting)

    def serving(self, folder: Path) -> dict[str, str]:
        """The environment of a server with a certificate of its own, in files of this folder."""
        folder.mkdir(parents=True, exist_ok=True)
        server = self.certify(*SERVER, called="server")
        contents = {
            "DMP_TLS_CERTIFICATE": server.pem,
            "DMP_TLS_KEY": server.key,
            "DMP_TLS_CLIENT_CAS": self.own.pem,
        }
        for name, content in contents.items():
            (folder / f"{name}.pem").write_bytes(content)
        return {name: str(folder / f"{name}.pem") for name in contents}

    def channel(self, port: int, shown: Certified | None) -> grpc.Channel:
        """A channel to a server of this authority, on which this certificate is shown."""
        pair = (None, None) if shown is None else (shown.key, shown.pem)
        return grpc.secure_channel(f"127.0.0.1:{port}", grpc.ssl_channel_credentials(self.own.pem, *pair))


def _certified(name: str, by: Certified | None, names: Sequence[x509.GeneralName], lasting: timedelta) -> Certified:
    private, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if by is None else by.certificate.subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + lasting)
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
    )
    if names:
        built = built.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return Certified(built.sign(private if by is None else by.private, hashes.SHA256()), private)
