"""An empty echo as a process of its own: what any call over this transport costs, whatever it asks."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import Any, Final

import grpc
import uvloop

from services.runtime.server import OPTIONS

PATH: Final = "/dmp.bench.Echo/Echo"


async def _echo(payload: bytes, _context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
    return payload


async def serve(port: int) -> None:
    """Give back every request, on the suite's own transport and with its options, until told to end."""
    _, service, method = PATH.split("/")
    handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {method: grpc.unary_unary_rpc_method_handler(_echo)}
    server = grpc.aio.server(options=OPTIONS)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    print("echo ready", flush=True)  # noqa: T201 - whoever started it waits for this line
    await ended.wait()
    await server.stop(None)


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
