"""The suite's own time for its calls, by its metrics: from a call's bytes to its answer, nothing of its caller's."""

from __future__ import annotations

import urllib.request
from collections.abc import Mapping
from itertools import pairwise
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from tests.bench.load import RunFailed

DURATIONS: Final = "rpc_server_call_duration_seconds"
PATIENCE: Final = 10.0

Buckets = Mapping[float, float]
"""How many calls took at most so many seconds."""


def buckets(port: int, method: str) -> Buckets:
    """The calls of a method that were answered so far."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE) as told:
        families = text_string_to_metric_families(told.read().decode())
    samples = [sample for family in families if family.name == DURATIONS for sample in family.samples]
    return {
        float(sample.labels["le"]): sample.value
        for sample in samples
        if sample.name == f"{DURATIONS}_bucket"
        and sample.labels["rpc_method"].endswith(f"/{method}")
        and sample.labels["rpc_response_status_code"] == "OK"
    }


def median(before: Buckets, after: Buckets, calls: int) -> float:
    """Milliseconds; exact where it is compared with the bound of a bucket. Raises RunFailed unless all were counted."""
    counted = [(bound, after[bound] - before.get(bound, 0)) for bound in sorted(after)]
    if not counted or counted[-1][1] != calls:
        raise RunFailed(f"{calls} calls made, and the suite has not counted as many")
    half = calls / 2
    for (low, below), (high, within) in pairwise([(0.0, 0.0), *counted]):
        if within >= half:
            return 1e3 * (low + (high - low) * (half - below) / (within - below))
    raise AssertionError("the last bucket holds all")
