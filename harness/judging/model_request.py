"""One question of the judge to a model, as the door takes it, together with what tells two questions apart.

The boundary is drawn anew for every question and is no part of what is asked: `key` leaves it out, so that an answer of
before can be found again. Whoever gives back a kept answer puts the new boundary in the place of the old one.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.frozen import canonical_bytes
from harness.judging.once import Once
from harness.language_model.answers.cache_key import CacheKey
from harness.language_model.door import ModelRequest

_NO_NONCE = "BOUNDARY"


@dataclass(frozen=True, slots=True)
class JudgeRequest(ModelRequest):
    """A request for a judgement."""

    nonce: str = ""
    """Boundary of the data, 32 hexadecimal digits."""
    repeat: int = 0
    """Of the conversation: a target that answers alike every time is judged anew every time."""
    sample: int = 0
    """Independent samples of one question are told apart by this number."""
    attempt: int = 0
    """Tries of one sample after an answer that could not be used."""
    protocol: str = ""
    """Version of how questions are put and answers are read."""

    @property
    def key(self) -> str:
        """SHA-256 of everything that is asked, its boundary left out: 64 hexadecimal digits."""
        asked = _begun(
            (self.protocol, self.model, self.expected_model, self.max_tokens, self.effort, self.thinking),
            (self.repeat, self.sample, self.attempt),
            tuple(self._plain(block.text) for block in self.system),
        ).copy()
        asked.update(canonical_bytes([[message.role, self._plain(message.text)] for message in self.messages]))
        asked.update(b",%b]" % (_written(self.schema) if self.schema is not None else b"null"))
        return asked.hexdigest()

    def _plain(self, text: str) -> str:
        return text.replace(self.nonce, _NO_NONCE) if self.nonce else text


@functools.lru_cache(maxsize=256)
def _begun(how: tuple[Any, ...], which: tuple[int, ...], system: tuple[str, ...]) -> hashlib._Hash:
    """Return the digest of a question's JSON up to its messages: most of its bytes, and those of many questions."""
    return hashlib.sha256(canonical_bytes([*how, *which, system]).removesuffix(b"]") + b",")


def _canonical(schema: Mapping[str, Any]) -> bytes:
    return canonical_bytes(dict(schema))


_written: Callable[[Mapping[str, Any]], bytes] = Once(_canonical)


def judge_key(request: ModelRequest) -> CacheKey | None:
    """Return what a question of the judge is known by; None for anybody else's."""
    return CacheKey(request.key, request.nonce) if isinstance(request, JudgeRequest) else None
