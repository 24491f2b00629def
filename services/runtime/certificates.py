"""TLS: the server's own certificate, and the name under which a client's certificate lets it call."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

import grpc
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from services.runtime.errors import Kind, ServiceError
from services.runtime.settings import TLS, Settings, SettingsRefused

_UNREADABLE = (
    ValueError,
    x509.InvalidVersion,
    x509.ExtensionNotFound,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
SECURED: Final = "transport_security_type"
ENCRYPTED: Final = b"ssl"
CERTIFICATE: Final = "x509_pem_cert"
# Neither holds a comma or white space, and only a URI a colon: no name of one sort is one of the other.
URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-+\--~]{1,250}", re.ASCII)
DNS: Final = re.compile(r"[A-Za-z0-9_*-][A-Za-z0-9_.-]{0,252}", re.ASCII)

Peer = Mapping[str, Iterable[bytes]]
"""What the transport knows of the other side, as `auth_context` gives it."""


def credentials(settings: Settings) -> grpc.ServerCredentials | None:
    """What the ports speak TLS with, or nothing for plaintext; raises SettingsRefused with every reason."""
    if settings.tls is None:
        return None
    faults: list[str] = []
    files = zip(TLS, (settings.tls.certificate, settings.tls.key, settings.tls.client_cas), strict=True)
    certificate, key, client_cas = (_content(name, path, faults) for name, path in files)
    if not faults:
        faults = [*_pair_faults(certificate, key), *_ca_faults(client_cas)]
    if faults:
        raise SettingsRefused(faults)
    return grpc.ssl_server_credentials([(key, certificate)], client_cas, require_client_auth=True)


def client(peer: Peer) -> str | None:
    """The calling software: the one URI of its certificate, else its one DNS name; nothing over plaintext.

    Raises ServiceError of kind UNAUTHENTICATED for a certificate that has no such name, or several.
    """
    if ENCRYPTED not in peer.get(SECURED, ()):
        return None
    name = _name(b"".join(peer.get(CERTIFICATE, ())))
    if name is None:
        raise ServiceError(Kind.UNAUTHENTICATED, "CERTIFICATE_NAME")
    return name


@lru_cache(maxsize=1024)
def _name(pem: bytes) -> str | None:
    # DANGER: the names that the transport itself reads out end at a NUL, so that a certificate for `listed\0other`
    # would be taken for that of `listed`.
    try:
        extensions = x509.load_pem_x509_certificate(pem).extensions
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except _UNREADABLE:
        return None
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    found, shape = (uris, URI) if uris else (names.get_values_for_type(x509.DNSName), DNS)
    return found[0] if len(found) == 1 and shape.fullmatch(found[0]) else None


def _content(name: str, path: Path, faults: list[str]) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        faults.append(f"{name} names {path}, which cannot be read: {error.strerror}")
        return b""


def _pair_faults(certificate: bytes, key: bytes) -> list[str]:
    """What the library would only say by not listening."""
    try:
        certified = x509.load_pem_x509_certificates(certificate)[0].public_key()
    except ValueError:
        return ["DMP_TLS_CERTIFICATE holds no certificate in PEM: the server's own first, then those of its issuers"]
    try:
        own = load_pem_private_key(key, password=None).public_key()
    except (ValueError, TypeError):
        return ["DMP_TLS_KEY holds no private key in PEM without a passphrase"]
    sides = {side.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) for side in (certified, own)}
    return [] if len(sides) == 1 else ["DMP_TLS_KEY is not the key of DMP_TLS_CERTIFICATE"]


def _ca_faults(client_cas: bytes) -> list[str]:
    try:
        x509.load_pem_x509_certificates(client_cas)
    except ValueError:
        return ["DMP_TLS_CLIENT_CAS holds no certificate in PEM, so that no client could be verified"]
    return []
