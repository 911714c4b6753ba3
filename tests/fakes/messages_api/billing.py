"""What the fake bills: tokens of a rule of thumb, a prompt cache by content, and a ledger that tests can read.

A token is four bytes of UTF-8. The cache keeps prefixes that end at a `cache_control` mark, by their exact bytes and the
model, from the first answer on, and for as long as they are read within their time. The ledger counts money in fractions,
with nothing borrowed from the harness, so that the two accounts can be held against each other to the cent.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from tests.fakes.messages_api.wire import texts_of

SECONDS = {"5m": 300.0, "1h": 3600.0}
SCHEMA_OVERHEAD = 60
"""Tokens of the words that the provider adds about the schema."""


@dataclass(frozen=True)
class Bill:
    """What one answer was billed."""

    request_id: str
    model: str
    input: int
    output: int
    cache_read: int
    cache_write_5m: int
    cache_write_1h: int
    batch: bool = False
    delivered: bool = True
    """False when the connection was broken before the answer left."""

    def usage(self) -> dict[str, Any]:
        """Return it as the API states it."""
        return {
            "input_tokens": self.input,
            "output_tokens": self.output,
            "cache_read_input_tokens": self.cache_read,
            "cache_creation_input_tokens": self.cache_write_5m + self.cache_write_1h,
            "cache_creation": {"ephemeral_5m_input_tokens": self.cache_write_5m, "ephemeral_1h_input_tokens": self.cache_write_1h},
            "service_tier": "batch" if self.batch else "standard",
        }


@dataclass
class Ledger:
    """All bills."""

    bills: list[Bill] = field(default_factory=list)

    def total(self, name: str) -> int:
        """Return the sum of one count of tokens."""
        return sum(getattr(bill, name) for bill in self.bills)

    def cost(self, prices: Mapping[str, Mapping[str, str]]) -> Fraction:
        """Return what all bills cost in US dollars, exactly.

        Args:
            prices: model → count of tokens (and `batch_share`) → figure for a million tokens.
        """
        total = Fraction(0)
        for bill in self.bills:
            rates = prices[bill.model]
            share = Fraction(rates.get("batch_share", "1")) if bill.batch else Fraction(1)
            counted = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")
            total += share * sum(Fraction(rates[name]) * getattr(bill, name) for name in counted)
        return total / 1_000_000


def tokens(text: str) -> int:
    """Return the tokens of a text."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // 4)


def prompt_tokens(body: Mapping[str, Any]) -> int:
    """Return all tokens of a request's prompt."""
    return sum(count for count, _, _ in _blocks(body)) + _schema_tokens(body)


class PromptCache:
    """Prefixes that were sent before.

    Args:
        least: tokens below which a prefix is not kept, however it is marked.
    """

    def __init__(self, least: int) -> None:
        self._least = least
        self._until: dict[str, float] = {}
        self._times: dict[str, str] = {}

    def bill(self, body: Mapping[str, Any], now: float) -> tuple[dict[str, int], dict[str, str]]:
        """Return the counts of a prompt's tokens by price, and what to keep once it is answered.

        Args:
            body: the request.
            now: seconds on the fake's clock.
        """
        digest = hashlib.sha256(str(body.get("model")).encode())
        read = done = total = 0
        written = {"5m": 0, "1h": 0}
        keep: dict[str, str] = {}
        for count, text, ttl in _blocks(body):
            digest.update(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest())
            total += count
            if ttl is None or total < self._least:
                continue
            key = digest.hexdigest()
            if self._until.get(key, -1.0) > now:
                self._until[key] = now + SECONDS[self._times[key]]
                read, done, written = total, total, {"5m": 0, "1h": 0}
            else:
                written[ttl] += total - done
                done = total
                keep[key] = ttl
        fresh = total - done + _schema_tokens(body)
        counts = {"input": fresh, "cache_read": read, "cache_write_5m": written["5m"], "cache_write_1h": written["1h"]}
        return counts, keep

    def keep(self, prefixes: Mapping[str, str], now: float) -> None:
        """Keep the prefixes of a prompt that was answered."""
        for key, ttl in prefixes.items():
            self._times[key] = ttl
            self._until[key] = now + SECONDS[ttl]


def _blocks(body: Mapping[str, Any]) -> list[tuple[int, str, str | None]]:
    """Return tokens, text and cache time of every block of a prompt, in the order in which it is read."""
    found: list[tuple[int, str, str | None]] = []
    system = body.get("system", [])
    for block in [{"text": system}] if isinstance(system, str) and system else system or ():
        control = block.get("cache_control")
        found.append((tokens(block["text"]), block["text"], control.get("ttl", "5m") if control else None))
    for message in body.get("messages", ()):
        text = f"{message['role']}: {''.join(texts_of(message['content']))}"
        found.append((tokens(text) + 3, text, None))
    return found


def _schema_tokens(body: Mapping[str, Any]) -> int:
    form = body.get("output_config", {}).get("format")
    return tokens(json.dumps(form, sort_keys=True)) + SCHEMA_OVERHEAD if form else 0
