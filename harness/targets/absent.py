"""A target that is not there: what was measured has a name, and nobody may be spoken to any more.

Stands where a run is decided on what was held before, such as by a merge of shards.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Self

from harness.errors import TargetError
from harness.targets.protocol import Opening, Session, TargetIdentity


class AbsentTarget:
    """Knows what a target was called and which build it stated, and opens no session.

    Args:
        identity: of the target that was measured.
        attested: whether its replies stated a build.
        stated: what its version endpoint stated when it was measured; None without such an endpoint.
    """

    reply_within_s = 3.0
    """Judges nothing, since nothing is answered."""

    def __init__(self, identity: TargetIdentity, *, attested: bool, stated: str | None = None) -> None:
        self.identity = identity
        self.attested = attested
        self._stated = stated

    async def version(self) -> str | None:
        """Return what the version endpoint stated when the target was measured."""
        return self._stated

    def open(self, opening: Opening) -> AbstractAsyncContextManager[Session]:
        """Raise TargetError: there is nobody to speak to."""
        raise TargetError(
            f"{self.identity.url}: no conversation of {opening.scenario_id} can be held, because no target was named; say --target"
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return None
