"""The judge's service of the workload: the fake Messages API on a lean server, three tenths of a second a call.

The first question of its kind is answered by the fake itself; whoever asks the same again, under another boundary, is given the same
answer under that boundary. So the service costs next to nothing, and what is measured is the harness.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections import Counter
from typing import Any

from tests.bench.loopback import Sent, Times, response
from tests.fakes.messages_api.api import KEY, FakeMessagesApi
from tests.fakes.messages_api.wire import header_problem, request_problem

CALL_S = 0.3
_BOUNDARY = re.compile(rb"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")
_PLACE = b"BOUNDARY"


class JudgeService:
    """Answers as the fake does; a faulty one lets some calls fail, by their number."""

    def __init__(self, *, faulty: bool = False, call_s: float = CALL_S) -> None:
        self._call_s = call_s
        self._faulty = faulty
        self._api = FakeMessagesApi()
        self._known: dict[bytes, bytes] = {}
        self._times = Times()
        self._ids = itertools.count(1)
        self._billed: Counter[str] = Counter()

    def answer(self, path: str, head: bytes, body: bytes) -> Sent:
        """Answer one request."""
        self._times.came()
        if path == "/reference":
            return Sent(response({"text": "rated"}), self._call_s)
        number = self._times.requests
        if self._faulty and number % 50 == 7:
            problem = {"type": "error", "error": {"type": "rate_limit_error", "message": "slow down"}}
            return Sent(response(problem, "429 Too Many Requests", "retry-after: 1\r\n"))
        found = _BOUNDARY.search(body)
        boundary = found.group() if found else _PLACE
        plain = body.replace(boundary, _PLACE)
        kind = hashlib.blake2b(plain, digest_size=16).digest()
        if kind not in self._known:
            self._known[kind] = self._answered(path, head, json.loads(body)).replace(boundary, _PLACE)
        self._billed[kind.hex()] += 1
        content = self._known[kind].replace(_PLACE, boundary)
        return Sent(response(content, headers=f"request-id: req_{next(self._ids):06}\r\n"), self._call_s)

    def sent(self, path: str, body: bytes, *, refusal: bool) -> None:
        """Note that a response has left."""
        del path, body, refusal
        self._times.left()

    def counts(self) -> dict[str, Any]:
        """Return what was counted."""
        return {
            "first_s": self._times.first_s,
            "last_s": self._times.last_s,
            "requests": self._times.requests,
            "most_at_once": self._times.most_at_once,
            "billed": sum(self._billed.values()),
        }

    def _answered(self, path: str, head: bytes, body: dict[str, Any]) -> bytes:
        """Return what the fake answers, as bytes; a request that the API would refuse is a mistake of the bench."""
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head.decode().split("\r\n"))}
        wrong = header_problem(headers, self._api.keys) or request_problem(body, self._api.models)
        if path != "/v1/messages" or wrong is not None:
            raise ValueError(f"{path}: {wrong}")
        pending = self._api.message(body, "req_first")
        try:
            for _ in range(2):  # a fake that is not slow answers at once, but for one turn of the loop
                pending.send(None)
        except StopIteration as ended:
            message, _ = ended.value
            return json.dumps(message).encode()
        raise ValueError("the fake waits")


def healthy(call_s: str = str(CALL_S)) -> JudgeService:
    """Serve well."""
    return JudgeService(call_s=float(call_s))


def faulty() -> JudgeService:
    """Refuse every fiftieth call with 429."""
    return JudgeService(faulty=True)


__all__ = ["CALL_S", "KEY", "JudgeService", "faulty", "healthy"]
