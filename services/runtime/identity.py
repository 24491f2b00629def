"""Who calls: a bearer token verified against configured issuers, each of which may assert only what it was given."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, NoReturn

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.runtime import identifiers
from services.runtime.errors import Kind, ServiceError

ALGORITHM: Final = "EdDSA"
REGISTERED: Final = ("iss", "aud", "exp", "iat", "nbf", "jti", "sub")
CLAIMS: Final = ("kind", "name", "profession", "structure", "regulator", "authn_mode", "own_ins")
LONGEST_TOKEN: Final = 8192
LONGEST_CLAIM: Final = 200
REMEMBERED: Final = 4096
"""Tokens that need not be verified again while they live."""
_PATIENTS = frozenset({"HOLDER", "LEGAL_REP", "DELEGATE", "SUCCESSOR"})
_STRUCTURES = frozenset({"STRUCTURE_SYSTEM", "INSURANCE_FEED"})
# First match counts: the more special errors of the library come before those that they are kinds of.
_REASONS: Sequence[tuple[type[Exception], str]] = (
    (jwt.ExpiredSignatureError, "TOKEN_EXPIRED"),
    (jwt.ImmatureSignatureError, "TOKEN_NOT_YET_VALID"),
    (jwt.InvalidIssuedAtError, "CLAIM_INVALID"),
    (jwt.InvalidAudienceError, "AUDIENCE_WRONG"),
    (jwt.InvalidIssuerError, "ISSUER_UNKNOWN"),
    (jwt.MissingRequiredClaimError, "CLAIM_MISSING"),
    (jwt.InvalidSignatureError, "SIGNATURE_INVALID"),
    (jwt.InvalidAlgorithmError, "ALGORITHM_REFUSED"),
    (jwt.DecodeError, "TOKEN_MALFORMED"),
    (jwt.InvalidTokenError, "TOKEN_REFUSED"),
)


# The library lets through what its JSON reader raises on nesting and on numbers without measure.
_UNREADABLE = (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError)


@dataclass(frozen=True, slots=True)
class Identity:
    """A verified caller; identifiers in the form `system|value`."""

    kind: str
    id: str
    authn_mode: str
    session: str
    """SHA-256 of the token's jti, in hexadecimal."""
    name: str | None = None
    profession: str | None = None
    structure: str | None = None
    regulator: bool = False
    own_ins: str | None = None
    """The INS of a professional as a patient, from the identity service (ACT-05)."""

    def attributes(self) -> dict[str, Any]:
        """As the rules know a subject; what is missing is left out."""
        known: dict[str, Any] = {"kind": self.kind, "id": self.id, "authn_mode": self.authn_mode}
        known["regulator"] = self.regulator
        if self.profession is not None:
            known["profession"] = self.profession
        if self.structure is not None:
            known["structure"] = self.structure
        return known


SYSTEM: Final = "SYSTEM"


def the_suite(asked_by: str) -> Identity:
    """The suite itself, in a session of its own for each decision that asked for its work."""
    session = hashlib.sha256(asked_by.encode()).hexdigest()
    return Identity(kind=SYSTEM, id=identifiers.SUITE, authn_mode="HOST", session=session)


@dataclass(frozen=True, slots=True)
class Issuer:
    """One that may say who somebody is, and how much of it."""

    name: str
    audience: str
    keys: Mapping[str, Ed25519PublicKey]
    """By key id."""
    kinds: frozenset[str]
    claims: frozenset[str]
    longest: timedelta
    """The longest life of a token."""


class Verifier:
    """Verifies tokens of the configured issuers; raises ServiceError of kind UNAUTHENTICATED with a reason."""

    def __init__(self, issuers: Sequence[Issuer]) -> None:
        self._issuers = {issuer.name: issuer for issuer in issuers}
        self._verified: dict[str, tuple[Identity, float]] = {}
        self.kinds = frozenset[str]().union(*(issuer.kinds for issuer in issuers)) - {SYSTEM}
        """The kinds of subject that some issuer may assert."""

    def identify(self, metadata: Sequence[tuple[str, str | bytes]]) -> Identity:
        """The caller that the metadata of a call name."""
        given = [value for name, value in metadata if name == "authorization"]
        if len(given) != 1 or not isinstance(given[0], str):
            _refuse("TOKEN_MISSING" if not given else "TOKEN_MALFORMED")
        scheme, _, token = given[0].partition(" ")
        if scheme.lower() != "bearer" or not token or len(token) > LONGEST_TOKEN:
            _refuse("TOKEN_MALFORMED")
        identity, expires = self._verified.get(token) or (None, 0.0)
        # A token says the same as long as it lives, and to verify it costs more than all the rest of a call.
        return identity if identity is not None and time.time() < expires else self._verify(token)

    def _verify(self, token: str) -> Identity:
        self._verified.pop(token, None)
        try:
            issuer, key = self._signer(token)
            claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=issuer.audience,
                issuer=issuer.name,
                options={"require": list(REGISTERED), "strict_aud": True},
            )
        except _UNREADABLE as error:
            _refuse(next((reason for kind, reason in _REASONS if isinstance(error, kind)), "TOKEN_MALFORMED"))
        identity = _identity(claims, issuer)
        if len(self._verified) >= REMEMBERED:
            self._verified.clear()
        self._verified[token] = identity, float(claims["exp"])
        return identity

    def _signer(self, token: str) -> tuple[Issuer, Ed25519PublicKey]:
        header = jwt.get_unverified_header(token)
        if header.get("alg") != ALGORITHM:
            _refuse("ALGORITHM_REFUSED")
        if "crit" in header:
            _refuse("CRITICAL_HEADER")
        # Unverified: it only chooses whose key must have signed.
        claims = jwt.decode(token, options={"verify_signature": False})
        issuer = self._issuers.get(str(claims.get("iss")))
        if issuer is None:
            _refuse("ISSUER_UNKNOWN")
        key = issuer.keys.get(str(header.get("kid")))
        if key is None:
            _refuse("KEY_UNKNOWN")
        return issuer, key


def _identity(claims: Mapping[str, Any], issuer: Issuer) -> Identity:
    if not claims.keys() <= issuer.claims | set(REGISTERED):
        _refuse("CLAIM_NOT_ALLOWED")
    if any(type(claims[name]) is not int for name in ("exp", "iat", "nbf")):
        _refuse("CLAIM_INVALID")
    if claims["exp"] - claims["iat"] > issuer.longest.total_seconds():
        _refuse("TOKEN_LIVES_TOO_LONG")
    kind = _text(claims, "kind")
    if kind is None or _text(claims, "authn_mode") is None:
        _refuse("CLAIM_MISSING")
    # INVARIANT: whatever an issuer may assert, no caller is the suite itself.
    if kind not in issuer.kinds or kind == SYSTEM:
        _refuse("KIND_NOT_ALLOWED")
    regulator = claims.get("regulator", False)
    if not isinstance(regulator, bool):
        _refuse("CLAIM_INVALID")
    return Identity(
        kind=kind,
        id=_identifier(_text(claims, "sub"), systems(kind)),
        authn_mode=_text(claims, "authn_mode") or "",
        session=hashlib.sha256((_text(claims, "jti") or "").encode()).hexdigest(),
        name=_text(claims, "name"),
        profession=_text(claims, "profession"),
        structure=_identifier(structure, (identifiers.STRUCTURE,))
        if (structure := _text(claims, "structure"))
        else None,
        regulator=regulator,
        own_ins=_identifier(own, identifiers.INS) if (own := _text(claims, "own_ins")) else None,
    )


def systems(kind: str) -> tuple[str, ...]:
    """The code systems of the identifiers that a kind of subject has."""
    if kind in _PATIENTS:
        return identifiers.INS
    return (identifiers.STRUCTURE,) if kind in _STRUCTURES else (identifiers.PROFESSIONAL,)


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_CLAIM or not value.isprintable():
        _refuse("CLAIM_INVALID")
    return value


def _identifier(text: str | None, systems: tuple[str, ...]) -> str:
    system, value = identifiers.parts(text or "")
    if identifiers.fault(system, value, systems):
        _refuse("CLAIM_INVALID")
    return identifiers.canonical(system, value)


def _refuse(reason: str) -> NoReturn:
    raise ServiceError(Kind.UNAUTHENTICATED, reason)
