"""Where a conversation's seed comes from: the run's seed, its stream, the scenario and the repeat, and nothing else.

A seed never depends on order of arrival, on concurrency or on what else is in the suite, so that one
conversation can be replayed alone and a resumed run goes on with the plan that it began with.
"""

from __future__ import annotations

import hashlib

from harness.frozen import canonical_json
from harness.records.run import SeedStream

SEED_BITS = 53
"""JSON numbers are doubles in many languages; integers below 2**53 survive them unchanged."""


def conversation_seed(run_seed: int, stream: SeedStream, scenario_id: str, repeat: int) -> int:
    """Return the seed of one conversation, 0 ≤ seed < 2**53: the first 53 bits of SHA-256 over the four arguments."""
    digest = hashlib.sha256(canonical_json([run_seed, stream.value, scenario_id, repeat])).digest()
    return int.from_bytes(digest[:8], "big") >> (64 - SEED_BITS)
