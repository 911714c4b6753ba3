"""The fake in a process of its own: `python -m tests.fakes.messages_api.child package.module:factory` prints its URL.

The factory returns a `FakeMessagesApi`. The process ends when its standard input closes. Its ledger is read by HTTP.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import subprocess
import sys
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.fakes.messages_api.billing import Bill, Ledger
from tests.fakes.messages_api.server import listener, server_of

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Child:
    """A fake that serves elsewhere."""

    url: str

    def ledger(self) -> Ledger:
        """Return all bills so far."""
        with urllib.request.urlopen(f"{self.url}/_fake/ledger", timeout=30) as answer:  # noqa: S310 - our own loopback server
            return Ledger([Bill(**bill) for bill in json.load(answer)])


@contextmanager
def served_elsewhere(factory: str) -> Generator[Child]:
    """Serve what `package.module:factory` returns, in a process of its own, until the block ends."""
    command = [sys.executable, "-m", "tests.fakes.messages_api.child", factory]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield Child(process.stdout.readline().decode().strip())
        finally:
            process.stdin.close()
            process.wait(timeout=10)


async def _serve(factory: str) -> None:
    module, _, name = factory.partition(":")
    server = server_of(getattr(importlib.import_module(module), name)())
    with listener() as listening:
        sys.stdout.write(f"http://127.0.0.1:{listening.getsockname()[1]}\n")
        sys.stdout.flush()
        task = asyncio.create_task(server.serve(sockets=[listening]))
        await asyncio.to_thread(sys.stdin.buffer.read)
        server.stop()
        await task


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
