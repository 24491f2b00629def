"""A server that answers wrongly, each method in a way of its own, as one that failed or is another's would."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import grpc

from tests.bench.echo import PATH

SERVICE = PATH.split("/")[1]
HONEST = 2
"""The calls that are answered rightly, so that a first look sees nothing."""
_asked = count()

Context = grpc.ServicerContext
Answer = Callable[[bytes, Context], bytes]


def _error(_payload: bytes, context: Context) -> bytes:
    return context.abort(grpc.StatusCode.UNAVAILABLE, "")


def _right(payload: bytes, _context: Context) -> bytes:
    return payload


# What becomes of the calls after the first ones, by method.
LIES: dict[str, Answer] = {
    "errors": _error,
    "empties": lambda _payload, _context: b"",
    "shorter": lambda payload, _context: payload[:-1],
}


def _after_honesty(lie: Answer) -> Answer:
    return lambda payload, context: payload if next(_asked) < HONEST else lie(payload, context)


def main(port: int) -> None:
    """Answer until killed."""
    told = {name: _after_honesty(lie) for name, lie in LIES.items()} | {"Echo": _right}
    handlers: dict[str, Any] = {name: grpc.unary_unary_rpc_method_handler(answer) for name, answer in told.items()}
    server = grpc.server(ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    print("liar ready", flush=True)  # noqa: T201 - whoever started it waits for this line
    time.sleep(3600)


if __name__ == "__main__":
    main(int(sys.argv[1]))
