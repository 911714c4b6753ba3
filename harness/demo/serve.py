"""Blue and green on loopback, in one child process that cannot outlive its parent.

`serving` starts `python -m harness.demo.server`, sends the plans on its standard input and keeps that pipe open: when
the parent ends, however it ends, the pipe closes and the child leaves. Ports are the system's choice, told in one
JSON line once every shop listens.
"""

from __future__ import annotations

import json
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO

from harness.demo.shop import ShopPlan
from harness.errors import TargetError

START_WITHIN_S = 30.0
"""Seconds in which the child has to answer."""
STOP_WITHIN_S = 5.0
"""Seconds that the child gets to leave before it is killed."""
_SHOWN = 2000
"""Characters of the child's last words that an error shows."""


@contextmanager
def serving(plans: Sequence[ShopPlan]) -> Iterator[list[str]]:
    """Open the shops and yield their URLs, in the order of `plans`; they close when the block ends.

    Raises:
        TargetError: The child did not come up; the text holds what it said.
    """
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen([sys.executable, "-m", "harness.demo.server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said)
        try:
            yield [f"http://127.0.0.1:{port}" for port in _start(child, plans, said)]
        finally:
            _stop(child)


def _start(child: subprocess.Popen[bytes], plans: Sequence[ShopPlan], said: IO[bytes]) -> list[int]:
    """Hand the plans to the child and return its ports once it listens."""
    told = [{"colour": plan.colour, "facts": str(plan.facts), "defects": dict(plan.defects), "version": plan.version} for plan in plans]
    stdin, stdout = _pipes(child)
    line = b""
    try:
        stdin.write(json.dumps(told).encode() + b"\n")
        stdin.flush()
        if select.select([stdout], [], [], START_WITHIN_S)[0]:
            line = stdout.readline()
        return [int(port) for port in json.loads(line)["ports"]]
    except (OSError, ValueError, KeyError) as error:
        _stop(child)
        said.seek(0)
        words = said.read().decode("utf-8", "replace").strip()
        raise TargetError(f"demo shop: it did not start within {START_WITHIN_S:g} s: {words[-_SHOWN:] or error}") from error


def _pipes(child: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    if child.stdin is None or child.stdout is None:
        raise TargetError("demo shop: its pipes could not be opened; try again")
    return child.stdin, child.stdout


def _stop(child: subprocess.Popen[bytes]) -> None:
    """Close the child's input, wait for it to leave, and kill it if it does not."""
    stdin, stdout = _pipes(child)
    stdin.close()
    try:
        child.wait(STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    stdout.close()
