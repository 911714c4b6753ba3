"""What the statistics are held against, besides the definitions and scipy."""

from importlib import import_module

import pytest


@pytest.fixture
def statsmodels():
    """Return an independent implementation; it takes a second to load, so only slow proofs ask for it."""
    return import_module("statsmodels.api")
