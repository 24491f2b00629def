"""What the environment says, read once into one frozen value; a start that is not safe is refused with every reason."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from services.runtime.destination import Destination
from services.runtime.destination import faults as destination_faults
from services.runtime.destination import read as read_destination
from services.store import addresses

REPOSITORY = Path(__file__).resolve().parents[2]
DEVELOPMENT = "development"
ENVIRONMENTS = (DEVELOPMENT, "production")
PORTS = {"authorization": 50051, "records": 50052, "documents": 50053}
METRICS_PORT = 9464
"""Of OpenTelemetry's own Prometheus exporters."""
DEFAULTS = {
    "DMP_ENVIRONMENT": "production",
    "DMP_PROFILE": "seed-2011",
    "DMP_RULES": str(REPOSITORY / "rules"),
    "DMP_VAR": "var",
    "DMP_HOST": "127.0.0.1",
    **{f"DMP_{name.upper()}_PORT": str(port) for name, port in PORTS.items()},
    "DMP_METRICS_PORT": str(METRICS_PORT),
    "DMP_SELF_CHECK_RATE": "0.001",
}
HIGHEST_PORT = 65535
TLS = ("DMP_TLS_CERTIFICATE", "DMP_TLS_KEY", "DMP_TLS_CLIENT_CAS")
ASKERS = "DMP_ASKERS"
_SET_TLS = f"set {TLS[0]}, {TLS[1]} and {TLS[2]}, each the path of a file in PEM"
RATE = re.compile(r"0|1|1\.0|0\.[0-9]{1,9}")


class SettingsRefused(Exception):
    """The environment does not allow a start; `reasons` are whole sentences."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("\n".join(reasons))
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class Tls:
    """The files that the ports speak TLS with; a client must have a certificate of one of the authorities."""

    certificate: Path
    key: Path
    client_cas: Path


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that is decided outside the code."""

    environment: str
    database: str = field(repr=False)
    """The address of the database: a SQLite file or a PostgreSQL server."""
    profile: str
    rules: Path
    var: Path
    """Where the local state lies: database, keys and issuer's key."""
    keys: Path
    """The directory of the master keys and of the ledger of erasures: never part of a backup of the database."""
    host: str
    ports: Mapping[str, int]
    """By service; 0 lets the system choose."""
    metrics_port: int
    """Where Prometheus scrapes, on the same host; 0 as above."""
    self_check_rate: float
    """The share of the decisions that py-abac is asked again, from 0 (none) to 1 (all)."""
    tls: Tls | None = None
    """Nothing for plaintext."""
    askers: frozenset[str] = frozenset()
    """The names of the client certificates that may ask for another."""
    notifications: Destination | None = None
    """Where notifications are handed on; without one they wait."""

    @property
    def development(self) -> bool:
        """Whether the local issuer and reflection are on."""
        return self.environment == DEVELOPMENT


def read(environ: Mapping[str, str]) -> Settings:
    """Read `DMP_*`; raises SettingsRefused with every reason at once."""
    values = _values(environ)
    reasons = [
        *_environment(values),
        *_database(values["DMP_DATABASE_URL"]),
        *_ports(values),
        *_tls(values),
        *_rate(values),
        *destination_faults(values, development=values["DMP_ENVIRONMENT"] == DEVELOPMENT),
    ]
    if reasons:
        raise SettingsRefused(reasons)
    return Settings(
        environment=values["DMP_ENVIRONMENT"],
        database=values["DMP_DATABASE_URL"],
        profile=values["DMP_PROFILE"],
        rules=Path(values["DMP_RULES"]),
        var=Path(values["DMP_VAR"]),
        keys=Path(values["DMP_KEYS"]),
        host=values["DMP_HOST"],
        ports={name: int(values[f"DMP_{name.upper()}_PORT"]) for name in PORTS},
        metrics_port=int(values["DMP_METRICS_PORT"]),
        self_check_rate=float(values["DMP_SELF_CHECK_RATE"]),
        tls=Tls(*(Path(values[name]) for name in TLS)) if values.keys() >= {*TLS} else None,
        askers=_askers(values),
        notifications=read_destination(values),
    )


def database_url(environ: Mapping[str, str]) -> str:
    """The address of the database alone; raises SettingsRefused."""
    url = _values(environ)["DMP_DATABASE_URL"]
    if reasons := _database(url):
        raise SettingsRefused(reasons)
    return url


def keys(environ: Mapping[str, str]) -> Path:
    """The directory of the master keys alone."""
    return Path(_values(environ)["DMP_KEYS"])


def _values(environ: Mapping[str, str]) -> dict[str, str]:
    values = {**DEFAULTS, **{name: value for name, value in environ.items() if name.startswith("DMP_") and value}}
    values.setdefault("DMP_DATABASE_URL", f"{addresses.SQLITE}{Path(values['DMP_VAR']) / 'dmp.sqlite'}")
    values.setdefault("DMP_KEYS", str(Path(values["DMP_VAR"]) / "keys"))
    return values


def _environment(values: Mapping[str, str]) -> list[str]:
    named = values["DMP_ENVIRONMENT"]
    if named not in ENVIRONMENTS:
        return [f"DMP_ENVIRONMENT is `{named}`; it must be one of {', '.join(ENVIRONMENTS)}"]
    if named == DEVELOPMENT:
        return _loopback(values["DMP_HOST"])
    return [
        "production needs an OpenID Connect issuer to verify callers, and this version has only a local one",
        *([] if values.keys() >= {*TLS} else [f"production needs TLS with client certificates (mTLS): {_SET_TLS}"]),
        "for a development start on this machine alone, set DMP_ENVIRONMENT=development",
    ]


def _tls(values: Mapping[str, str]) -> list[str]:
    missing = [name for name in TLS if name not in values]
    reasons = []
    if missing and len(missing) < len(TLS):
        reasons.append(f"{' and '.join(missing)} not given, and TLS needs all three: {_SET_TLS}")
    if missing and _askers(values):
        reasons.append(f"{ASKERS} lists names of client certificates, which TLS alone verifies: {_SET_TLS}")
    return reasons


def _askers(values: Mapping[str, str]) -> frozenset[str]:
    return frozenset(name.strip() for name in values.get(ASKERS, "").split(",")) - {""}


def _loopback(host: str) -> list[str]:
    try:
        safe = ip_address(host).is_loopback
    except ValueError:
        # DANGER: a name may resolve to any address, `localhost` included.
        safe = False
    return [] if safe else [f"DMP_HOST is `{host}`; in development it must be a loopback address such as 127.0.0.1"]


def _database(url: str) -> list[str]:
    if addresses.is_known(url):
        return []
    # The address may hold a password, so that it is not repeated.
    return [f"DMP_DATABASE_URL must be `{addresses.SQLITE}` and the path of a file, or `postgresql://` and a server"]


def _ports(values: Mapping[str, str]) -> list[str]:
    names = [f"DMP_{name.upper()}_PORT" for name in (*PORTS, "metrics")]
    return [
        f"{name} is `{value}`; it must be a number from 0 to {HIGHEST_PORT}"
        for name, value in ((name, values[name]) for name in names)
        if not (value.isascii() and value.isdigit() and int(value) <= HIGHEST_PORT)
    ]


def _rate(values: Mapping[str, str]) -> list[str]:
    value = values["DMP_SELF_CHECK_RATE"]
    if RATE.fullmatch(value):
        return []
    return [f"DMP_SELF_CHECK_RATE is `{value}`; it must be a share from 0 to 1, such as 0.001"]
