"""Who calls: every token that proves nobody, and what it gets."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from dmp.records.v1 import records_pb2 as records
from services.runtime import local_issuer
from services.runtime.errors import Kind, ServiceError
from services.runtime.identity import Verifier
from tests.services.world import Person, World, of, raw, refusal

STATUS = ("records", "RecordsService/GetRecordStatus")
Claims = dict[str, Any]


def own_key(world: World) -> Ed25519PrivateKey:
    pem = (world.settings.var / local_issuer.KEY_FILE).read_bytes()
    key = load_pem_private_key(pem, password=None)
    assert isinstance(key, Ed25519PrivateKey)
    return key


def good(world: World) -> tuple[Claims, Claims]:
    """The claims and the header of a good token."""
    token = world.token("author")
    return jwt.decode(token, options={"verify_signature": False}), jwt.get_unverified_header(token)


def signed(world: World, claims: Claims | None = None, header: Claims | None = None, *without: str) -> str:
    """A good token, but for these claims and this header."""
    known, head = good(world)
    given = {name: value for name, value in {**known, **(claims or {})}.items() if name not in without}
    return jwt.encode(given, own_key(world), "EdDSA", {**head, **(header or {})})


def unsigned(world: World, algorithm: str) -> str:
    claims, header = good(world)
    parts = (json.dumps({**header, "alg": algorithm}), json.dumps(claims))
    return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts) + "."


def with_public_key(world: World) -> str:
    """Signed with what everybody knows, as if it were a shared secret."""
    claims, header = good(world)
    public = own_key(world).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return jwt.encode(claims, public, "HS256", {"kid": header["kid"]})


def by_another_key(world: World) -> str:
    claims, header = good(world)
    return jwt.encode(claims, Ed25519PrivateKey.generate(), "EdDSA", {"kid": header["kid"]})


def tampered(world: World) -> str:
    head, _, signature = world.token("author").split(".")
    claims, _ = good(world)
    changed = base64.urlsafe_b64encode(json.dumps({**claims, "name": "Another"}).encode()).decode().rstrip("=")
    return f"{head}.{changed}.{signature}"


def nested(_world: World) -> str:
    header = base64.urlsafe_b64encode(b'{"alg":"EdDSA","kid":' + b"[" * 3000).decode().rstrip("=")
    return f"{header}.e30.e30"


TOKENS: dict[str, tuple[Callable[[World], str], str]] = {
    "not a token": (lambda _: "alice", "TOKEN_MALFORMED"),
    "two thirds of a token": (lambda w: w.token("author").rpartition(".")[0], "TOKEN_MALFORMED"),
    "nested without end": (nested, "TOKEN_MALFORMED"),
    "as long as a page": (lambda _: "a" * 6000, "TOKEN_MALFORMED"),
    "expired": (lambda w: signed(w, {"iat": 1, "nbf": 1, "exp": int(time.time()) - 1}), "TOKEN_EXPIRED"),
    "of tomorrow": (lambda w: signed(w, {"nbf": int(time.time()) + 3600}), "TOKEN_NOT_YET_VALID"),
    "issued tomorrow": (lambda w: signed(w, {"iat": int(time.time()) + 3600}), "TOKEN_NOT_YET_VALID"),
    "good for a year": (lambda w: signed(w, {"exp": int(time.time()) + 366 * 86400}), "TOKEN_LIVES_TOO_LONG"),
    "unsigned": (lambda w: unsigned(w, "EdDSA"), "SIGNATURE_INVALID"),
    "alg none": (lambda w: unsigned(w, "none"), "ALGORITHM_REFUSED"),
    "alg None": (lambda w: unsigned(w, "None"), "ALGORITHM_REFUSED"),
    "signed with the public key": (with_public_key, "ALGORITHM_REFUSED"),
    "signed by another": (by_another_key, "SIGNATURE_INVALID"),
    "changed after it was signed": (tampered, "SIGNATURE_INVALID"),
    "for another audience": (lambda w: signed(w, {"aud": "another"}), "AUDIENCE_WRONG"),
    "for several audiences": (lambda w: signed(w, {"aud": ["dmp-access", "another"]}), "AUDIENCE_WRONG"),
    "of another issuer": (lambda w: signed(w, {"iss": "another"}), "ISSUER_UNKNOWN"),
    "of an unknown key": (lambda w: signed(w, None, {"kid": "another"}), "KEY_UNKNOWN"),
    "with a critical header": (lambda w: signed(w, None, {"crit": ["b64"], "b64": True}), "TOKEN_REFUSED"),
    "of our own background": (lambda w: signed(w, {"kind": "SYSTEM"}), "KIND_NOT_ALLOWED"),
    "of an invented kind": (lambda w: signed(w, {"kind": "ADMIN"}), "KIND_NOT_ALLOWED"),
    "with a claim of its own": (lambda w: signed(w, {"scope": "everything"}), "CLAIM_NOT_ALLOWED"),
    "with an identifier that is none": (lambda w: signed(w, {"sub": "899700000022"}), "CLAIM_INVALID"),
    "of a doctor with a patient's identifier": (
        lambda w: signed(w, {"sub": w.people["alice"]["sub"]}),
        "CLAIM_INVALID",
    ),
    "of a patient with a wrong key": (
        lambda w: signed(w, {**w.people["alice"], "sub": "1.2.250.1.213.1.4.10|284037599900118"}, None, "profession"),
        "CLAIM_INVALID",
    ),
    "with a regulator that is a text": (lambda w: signed(w, {"regulator": "true"}), "CLAIM_INVALID"),
    "with a time that is a text": (lambda w: signed(w, {"iat": "0"}), "CLAIM_INVALID"),
    "with a name of two lines": (lambda w: signed(w, {"name": "Dr\nX"}), "CLAIM_INVALID"),
    **{
        f"without {name}": (lambda w, name=name: signed(w, None, None, name), "CLAIM_MISSING")  # type: ignore[misc]
        for name in ("exp", "iat", "nbf", "jti", "sub", "aud", "kind", "authn_mode")
    },
}


@pytest.mark.parametrize("name", TOKENS)
def test_a_token_that_proves_nobody(world: World, name: str) -> None:
    """UNAUTHENTICATED with its reason; nothing is written but a line in the security log."""
    make, reason = TOKENS[name]
    patient = world.opened("author")
    payload = records.GetRecordStatusRequest(record=of(patient)).SerializeToString()
    token = make(world)
    state, traces, lines = world.state(), world.traces(), len(world.security_log.getvalue().splitlines())
    refused = refusal(raw, world, *STATUS, payload, ("authorization", f"Bearer {token}"))
    assert (refused.code, refused.reason, refused.metadata) == ("UNAUTHENTICATED", reason, {})
    assert (world.state(), world.traces()) == (state, traces)
    logged = world.security_log.getvalue().splitlines()[lines:]
    assert [json.loads(line)["reason"] for line in logged] == [reason]
    assert token[:20] not in "".join(logged)


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ((), "TOKEN_MISSING"),
        ((("authorization", ""),), "TOKEN_MALFORMED"),
        ((("authorization", "Basic YTpi"),), "TOKEN_MALFORMED"),
        ((("authorization", "Bearer "),), "TOKEN_MALFORMED"),
    ],
)
def test_no_token_is_nobody(world: World, metadata: tuple[tuple[str, str], ...], reason: str) -> None:
    """Nor is another scheme."""
    assert refusal(raw, world, *STATUS, b"", *metadata).reason == reason


def test_two_tokens_are_nobody(world: World) -> None:
    """Which of them would be meant is not guessed."""
    tokens = [("authorization", f"Bearer {world.token(name)}") for name in ("author", "colleague")]
    assert refusal(raw, world, *STATUS, b"", *tokens).reason == "TOKEN_MALFORMED"


def test_a_token_seen_before_still_expires(world: World) -> None:
    """That it was verified once does not outlive it."""
    verifier = Verifier([local_issuer.issuer(world.settings)])
    expires = int(time.time()) + 2
    metadata = (("authorization", f"Bearer {signed(world, {'exp': expires})}"),)
    assert verifier.identify(metadata) == verifier.identify(metadata)
    time.sleep(expires + 0.1 - time.time())
    with pytest.raises(ServiceError) as refused:
        verifier.identify(metadata)
    assert (refused.value.kind, refused.value.reason) == (Kind.UNAUTHENTICATED, "TOKEN_EXPIRED")


def test_a_doctor_without_a_profession_is_ill_typed(world: World) -> None:
    """An identity that the rules cannot read is refused, and traced, for somebody is known to have called."""
    patient = world.opened("author")
    doctor: Person = {name: value for name, value in world.people["author"].items() if name != "profession"}
    refused = refusal(world.as_(doctor).GetRecordStatus, records.GetRecordStatusRequest(record=of(patient)))
    assert (refused.code, refused.fields) == ("INVALID_ARGUMENT", {"subject.profession": "INVALID_FACT"})
    assert world.trace(refused.decision_id)["outcome"] == "REFUSED"


def test_the_issuers_key_is_its_owners_alone(world: World) -> None:
    """Mode 0600 from its first byte on."""
    assert (world.settings.var / local_issuer.KEY_FILE).stat().st_mode & 0o777 == 0o600


def test_the_session_of_a_trace_is_the_tokens(world: World) -> None:
    """As a digest, so that a trace is no token."""
    patient = world.opened("author")
    caller = world.as_("author")
    entries = [
        world.trace(caller.GetRecordStatus(records.GetRecordStatusRequest(record=of(patient))).decided.decision_id)
        for _ in range(2)
    ]
    assert len({entry["session"] for entry in entries}) == 1
    assert len(entries[0]["session"]) == 64


@pytest.mark.parametrize(
    ("traceparent", "expected"),
    [
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "4bf92f3577b34da6a3ce929d0e0e4736"),
        ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", None),
        ("nonsense", None),
    ],
)
def test_the_callers_trace_id_is_kept(world: World, traceparent: str, expected: str | None) -> None:
    """Beside the decision id, and never in its way."""
    patient = world.opened("author")
    caller = world.as_("author", traceparent=traceparent)
    answered = caller.GetRecordStatus(records.GetRecordStatusRequest(record=of(patient)))
    assert world.trace(answered.decided.decision_id)["w3c_trace_id"] == expected
