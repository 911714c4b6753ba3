"""One question of the judge to a model, as the door takes it, together with what tells two questions apart.

The boundary is drawn anew for every question and is no part of what is asked: `key` leaves it out, so that an answer of
before can be found again. Whoever gives back a kept answer puts the new boundary in the place of the old one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from harness.frozen import canonical_bytes
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
        asked = [
            self.protocol, self.model, self.expected_model, self.max_tokens, self.effort, self.thinking,
            self.repeat, self.sample, self.attempt,
            [self._plain(block.text) for block in self.system],
            [[message.role, self._plain(message.text)] for message in self.messages],
            dict(self.schema) if self.schema is not None else None,
        ]  # fmt: skip
        return hashlib.sha256(canonical_bytes(asked)).hexdigest()

    def _plain(self, text: str) -> str:
        return text.replace(self.nonce, _NO_NONCE) if self.nonce else text


def judge_key(request: ModelRequest) -> CacheKey | None:
    """Return what a question of the judge is known by; None for anybody else's."""
    return CacheKey(request.key, request.nonce) if isinstance(request, JudgeRequest) else None
