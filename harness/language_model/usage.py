"""What one call used, in tokens, told apart as the price list tells them apart."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens, as the API billed them; what costs nothing uses nothing."""

    input_tokens: int = 0
    """Fresh input: neither read from the prompt cache nor written to it."""
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    """Written to the prompt cache, for five minutes or an hour."""
    cache_write_1h_tokens: int = 0
    """Those of `cache_write_tokens` that are kept for an hour, at a price of their own."""

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cache_read_tokens + other.cache_read_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
            self.cache_write_1h_tokens + other.cache_write_1h_tokens,
        )

    @property
    def prompt_tokens(self) -> int:
        """Everything that was sent, at whatever price."""
        return self.input_tokens + self.cache_read_tokens + self.cache_write_tokens
