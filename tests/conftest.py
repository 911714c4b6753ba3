"""What every test shares: which examples a property is tried on, and that a slow machine proves nothing about the harness."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings

SEARCHING = os.environ.get("HARNESS_PROPERTIES") == "search"

settings.register_profile(
    "house", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True, database=None, max_examples=25
)
settings.register_profile("search", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=300)
settings.load_profile("search" if SEARCHING else "house")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Search every property among the slow proofs too: the quick ones try it on a few examples only."""
    if SEARCHING:
        for item in items:
            if is_hypothesis_test(getattr(item, "obj", None)):
                item.add_marker(pytest.mark.slow)
