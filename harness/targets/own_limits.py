"""What our own machine allows: hundreds of conversations need hundreds of open connections."""

from __future__ import annotations

import sys

BESIDE = 128
"""Files that are open beside connections: journal, cache, libraries."""


def allow_connections(count: int) -> None:
    """Let this process open so many connections, as far as it may; what is then lacking shows when they are opened."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - Unix only

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + BESIDE
    if soft not in (resource.RLIM_INFINITY, hard) and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
