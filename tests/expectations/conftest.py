"""The shipped rubric, a small catalogue, and a way to read one reply."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.expectations.check import CheckContext
from harness.expectations.reading import Reading
from harness.scenarios.rubric import Rubric, load_rubric
from tests.fakes.small_shop import FACTS, NAMES, RUBRIC, reply


@pytest.fixture(scope="session")
def rubric() -> Rubric:
    return load_rubric(RUBRIC)


@pytest.fixture(scope="session")
def context(rubric: Rubric) -> CheckContext:
    return CheckContext(FACTS, rubric, 3.0)


@pytest.fixture(scope="session")
def read() -> Callable[..., Reading]:
    return lambda text, payload=None: Reading(reply(text, payload), NAMES)
