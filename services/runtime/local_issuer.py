"""The issuer of development: its key lies in var/, and its tokens are verified like any other's."""

from __future__ import annotations

import hashlib
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import jwt
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from services.runtime.identity import ALGORITHM, CLAIMS, Issuer
from services.runtime.settings import Settings, SettingsRefused

NAME: Final = "dmp-access-local"
AUDIENCE: Final = "dmp-access"
LIFETIME: Final = timedelta(hours=12)
KEY_FILE: Final = "issuer.pem"
OWNER_ONLY: Final = 0o600
# SYSTEM is our own background work, which no token asserts.
KINDS: Final = frozenset({
    "HOLDER", "LEGAL_REP", "DELEGATE", "PROFESSIONAL", "STRUCTURE_AGENT", "STRUCTURE_SYSTEM", "HOST_DOCTOR",
    "HOST_OPERATOR", "SUPPORT", "AUDITOR", "INSURANCE_FEED", "SUCCESSOR", "PRIVACY_OFFICER", "COMPLIANCE_OFFICER",
})  # fmt: skip

Person = dict[str, Any]
"""The claims of somebody of the demo world, `sub` among them."""


def issuer(settings: Settings) -> Issuer:
    """The local issuer as callers are verified against; its key is made at first use."""
    public = _key(settings).public_key()
    return Issuer(NAME, AUDIENCE, {_key_id(public): public}, KINDS, frozenset(CLAIMS), LIFETIME)


def people(path: Path) -> dict[str, Person]:
    """The demo world's people, by the name that the command line gives them."""
    known: dict[str, Person] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return known


def issue_token(settings: Settings, person: Person) -> str:
    """A token for somebody, with a session of its own; raises SettingsRefused outside development."""
    if not settings.development:
        raise SettingsRefused(["the local issuer works in development only: set DMP_ENVIRONMENT=development"])
    key = _key(settings)
    now = datetime.now(UTC)
    claims = {
        **person,
        "iss": NAME,
        "aud": AUDIENCE,
        "iat": now,
        "nbf": now,
        "exp": now + LIFETIME,
        "jti": str(uuid4()),
    }
    return jwt.encode(claims, key, ALGORITHM, {"kid": _key_id(key.public_key())})


def _key(settings: Settings) -> Ed25519PrivateKey:
    path = settings.var / KEY_FILE
    settings.var.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        _make(path)
    if stat.S_IMODE(path.stat().st_mode) & ~OWNER_ONLY:
        raise SettingsRefused([f"{path} may be read by others: run chmod 600 {path}, or remove it"])
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise SettingsRefused([f"{path} holds no Ed25519 key: remove it, and a new one is made"])
    return key


def _make(path: Path) -> None:
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    # Written aside and linked whole, so that two processes that start together agree on one key.
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "wb") as file:
        file.write(pem)
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _key_id(public: Ed25519PublicKey) -> str:
    return hashlib.sha256(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]
