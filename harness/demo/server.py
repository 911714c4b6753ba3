"""The child process of `harness.demo.serve`: reads its plans, opens the shops, leaves when its input closes."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import signal
import socket
import sys
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Literal

import uvicorn

from harness.demo.app import application
from harness.demo.shop import FACT_FILES, Shop, ShopPlan
from harness.errors import HarnessError
from harness.facts import load_facts

_SOCKETS: Literal["websockets-sansio", "none"] = "websockets-sansio" if importlib.util.find_spec("websockets") else "none"
"""What serves WebSockets: the package of the extra `websocket`, where it is installed."""


class QuietServer(uvicorn.Server):
    """A server that leaves signals alone, since the parent decides when it ends, and that ends as soon as it is told to."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()
        self._ending = asyncio.Event()

    def stop(self) -> None:
        """End; replies under way may still be finished, for as long as the configuration says."""
        self.should_exit = True
        self._ending.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self.listening.set()

    async def main_loop(self) -> None:
        """Keep the date of replies, until told to end: uvicorn's own loop looks only ten times a second."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._ending.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close everything, and wait for what is under way; uvicorn's own waits a while even where nothing is."""
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if self.server_state.tasks and not self.force_exit:
            await asyncio.wait(self.server_state.tasks, timeout=self.config.timeout_graceful_shutdown)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Capture none."""
        yield


def main() -> int:
    """Serve the plans given as one JSON line on standard input, until that input closes; returns the exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal reaches the child too; the parent closes the pipe when it is done
    try:
        shops = [_opened(told) for told in json.loads(sys.stdin.buffer.readline())]
    except HarnessError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    asyncio.run(_serve(shops))
    return 0


def _opened(told: dict[str, object]) -> Shop:
    plan = ShopPlan(**{**told, "facts": Path(str(told["facts"]))})  # type: ignore[arg-type] # our own parent wrote it
    return Shop(plan, load_facts(plan.facts, FACT_FILES))


async def _serve(shops: Sequence[Shop]) -> None:
    """Serve every shop on a port of its own until the standard input closes."""
    listeners = [_listener() for _ in shops]
    servers = [
        QuietServer(
            uvicorn.Config(
                application(shop), log_level="critical", access_log=False, lifespan="off", timeout_graceful_shutdown=1, ws=_SOCKETS
            )
        )
        for shop in shops
    ]
    tasks = [asyncio.create_task(server.serve(sockets=[listener])) for server, listener in zip(servers, listeners, strict=True)]
    for server in servers:
        await server.listening.wait()
    sys.stdout.write(json.dumps({"ports": [listener.getsockname()[1] for listener in listeners]}) + "\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.buffer.read)
    for server in servers:
        server.stop()
    await asyncio.gather(*tasks)


def _listener() -> socket.socket:
    """Return a socket that listens on a free port of loopback.

    The protocol is named because asyncio switches Nagle's delay off only for sockets that name it; else every reply,
    sent as head and body, would wait 40 ms for the client's acknowledgement.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(512)
    return listener


if __name__ == "__main__":
    sys.exit(main())
