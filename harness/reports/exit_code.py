"""The exit code of a run, as a pure function of its verdicts and the mode.

    0 PASS · 1 FAIL · 2 usage or configuration · 3 INCONCLUSIVE · 4 INVALID · 130/143 interrupted

Precedence: a run-level INVALID (wrong or mixed build, quota exceeded) makes every verdict worthless and comes first; then
any FAIL, then a gate-level INVALID, then INCONCLUSIVE, unless the policy allows it. Missing evidence is never a pass: no verdict at all is INVALID.
In `observe` and `advise` no verdict stops a pipeline, so 1, 3 and 4 become 0, also where the target could not be measured at
all; a mistake of the user (2), an interrupt and a crash of our own keep their codes in every mode.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import IntEnum
from typing import Literal

from harness.gates.verdict import Decision, Verdict

Mode = Literal["observe", "advise", "enforce"]


class ExitCode(IntEnum):
    """What the shell sees."""

    PASS = 0
    FAIL = 1
    USAGE = 2
    INCONCLUSIVE = 3
    INVALID = 4


_PRECEDENCE = (
    (Decision.FAIL, ExitCode.FAIL),
    (Decision.INVALID, ExitCode.INVALID),
    (Decision.INCONCLUSIVE, ExitCode.INCONCLUSIVE),
)


def enforced_exit_code(verdicts: Collection[Verdict], problems: Collection[str] = ()) -> ExitCode:
    """Return what `enforce` answers to these verdicts; `problems` are the run-level reasons for INVALID."""
    if problems or not verdicts:
        return ExitCode.INVALID
    decisions = {verdict.decision for verdict in verdicts if not verdict.allowed}
    for decision, code in _PRECEDENCE:
        if decision in decisions:
            return code
    return ExitCode.PASS


def exit_code(verdicts: Collection[Verdict], mode: Mode, problems: Collection[str] = ()) -> ExitCode:
    """Return the exit code of a run that was measured and decided; never `USAGE`."""
    return enforced_exit_code(verdicts, problems) if mode == "enforce" else ExitCode.PASS
