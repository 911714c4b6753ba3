"""What a question is known by, so that the answer to it can be found again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.language_model.door import ModelRequest


@dataclass(frozen=True, slots=True)
class CacheKey:
    """What a question is known by."""

    digest: str
    """SHA-256 of everything that can change the answer, 64 hexadecimal digits; the nonce is left out."""
    nonce: str = ""
    """Drawn for this asking alone; stands in the request and, echoed, in the answer."""


KeyOf = Callable[[ModelRequest], CacheKey | None]
"""Tells what a request is known by; None for one whose answer must be fresh."""
