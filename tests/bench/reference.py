"""The least that a program can do: the workload over raw asyncio sockets, with connections kept and no framework.

`python -m tests.bench.reference CONVERSATIONS AT_ONCE CHATBOT JUDGE` holds it and prints nothing; the servers know the span.
"""

from __future__ import annotations

import asyncio
import json
import sys
from urllib.parse import urlsplit

from tests.bench.workload import SAID

PROMPT = "x" * 12_000
"""About as long as what the judge is asked."""


class Line:
    """One connection, kept."""

    def __init__(self, url: str) -> None:
        self._host = urlsplit(url)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, path: str, body: bytes) -> bytes:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host.hostname, self._host.port)
        reader, writer = self._streams
        writer.write(f"POST {path} HTTP/1.1\r\nhost: {self._host.netloc}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.split(b"content-length: ", 1)[1].split(b"\r\n", 1)[0])
        return await reader.readexactly(length)


async def hold(conversations: int, at_once: int, chatbot: str, judge: str) -> None:
    queue = list(range(conversations))
    asked = json.dumps({"prompt": PROMPT}).encode()

    async def work() -> None:
        bot, service = Line(chatbot), Line(judge)
        while queue:
            seed = queue.pop()
            for turn, text in enumerate(SAID, start=1):
                json.loads(await bot.post("/chat", json.dumps({"seed": seed, "turn": turn, "message": text.format(number=seed)}).encode()))
            await service.post("/reference", asked)

    await asyncio.gather(*(work() for _ in range(min(at_once, conversations))))


if __name__ == "__main__":
    count, at_once, *urls = sys.argv[1:]
    asyncio.run(hold(int(count), int(at_once), *urls))
