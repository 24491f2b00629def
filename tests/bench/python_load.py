"""The load where h2load is not installed: a client in Python, itself the bottleneck, so that all looks alike."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack

import grpc
import uvloop

from tests.bench.load import PATIENCE, Answered, Load, RunFailed

OPTIONS = (("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0))


class PythonLoad:
    """The same calls over grpc.aio."""

    name = "grpc.aio client (slower than the servers: install h2load, Debian package nghttp2-client)"

    def run(self, load: Load, calls: int) -> Answered:
        """As Generator."""
        return uvloop.run(_run(load, calls))


async def _run(load: Load, calls: int) -> Answered:
    spans: list[tuple[float, float]] = []
    left = [iter(range(calls // len(load.bodies))) for _ in load.bodies]
    metadata = (("authorization", f"Bearer {load.token}"),)

    async def caller(channel: grpc.aio.Channel, place: int) -> int:
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(load.path)
        size = 0
        for _ in left[place]:
            began = time.time()
            size += len(await call(load.bodies[place], metadata=metadata, timeout=PATIENCE))
            spans.append((began, time.time() - began))
        return size

    async with AsyncExitStack() as stack:
        address = f"127.0.0.1:{load.port}"
        opened = [grpc.aio.insecure_channel(address, options=OPTIONS) for _ in range(load.connections)]
        channels = [await stack.enter_async_context(channel) for channel in opened]
        callers = [
            caller(channel, place % len(load.bodies))
            for place, channel in enumerate(channels)
            for _ in range(load.streams)
        ]
        try:
            sizes = await asyncio.gather(*callers)
        except grpc.RpcError as error:
            raise RunFailed(f"a call was answered with {error.code().name}") from error
    return Answered(spans, sum(sizes))
