from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.fakes.messages_api.api import FakeMessagesApi
from tests.fakes.messages_api.server import serving


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def serve() -> Generator[Callable[..., tuple[FakeMessagesApi, str]]]:
    """Serve fakes until the test ends."""
    with ExitStack() as stack:

        def begin(*args: Any, **kwargs: Any) -> tuple[FakeMessagesApi, str]:
            return stack.enter_context(serving(FakeMessagesApi(*args, **kwargs)))

        yield begin
