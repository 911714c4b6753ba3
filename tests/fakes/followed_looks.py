"""A whole table of scores, shown to the quality gate look by look, as it asks for them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.baselines.baseline import Baseline
from harness.baselines.compare import compare
from harness.gates.policy import GatePolicy
from harness.gates.quality import QualityEvidence, decide
from harness.gates.quality_course import Looking
from harness.gates.verdict import Decision, NextLook, Verdict
from harness.records.run import LookSchedule, Purpose
from tests.fakes.measurements import TARGET, Measured, Scores, baseline_of, run_of, tone

BESIDE = "beside"
"""Name of the other arm's measurement, where both are held side by side."""


@dataclass(frozen=True)
class Followed:
    """Where the looks led."""

    verdict: Verdict
    asked: tuple[NextLook, ...]
    """Every further look that the gate asked for, in order."""

    @property
    def decision(self) -> Decision:
        return self.verdict.decision

    @property
    def codes(self) -> list[str]:
        return [reason.code for reason in self.verdict.reasons]

    @property
    def looks(self) -> list[int]:
        """Repeats at every look after the first."""
        return [max(one.repeats.values()) for one in self.asked if one.purpose is Purpose.LOOK]

    @property
    def confirmed(self) -> list[str]:
        """Scenarios that were held again, in order."""
        return [scenario for one in self.asked if one.purpose is Purpose.CONFIRMATION for scenario in sorted(one.repeats)]


def schedule(*looks: int, policy: GatePolicy | None = None) -> LookSchedule:
    """The looks of a plan, at the policy's error rate."""
    chosen = policy or GatePolicy()
    return LookSchedule(looks, chosen.alpha, chosen.extension, chosen.reserve_alpha, open_ended=chosen.stopping == "anytime")


def evidence_of(
    table: Sequence[Measured],
    looks: LookSchedule | None,
    looked: int = 0,
    *,
    fresh: frozenset[str] = frozenset(),
    pinned: Baseline | None = None,
    beside: bool = False,
    extended: bool = False,
    attempts: tuple[str, ...] | None = None,
    **run,
) -> QualityEvidence:
    """What the gate sees of a table once every scenario is judged `looked` times, and these scenarios were held again."""
    shown = [
        replace(one, green=one.green[: looked or None], fresh=one.fresh if one.id in fresh else (), crashed=_within(one.crashed, looked))
        for one in table
    ]
    more = {"against": TARGET} if beside else {}
    held = run_of(shown, schedule=looks, looked=looked or None, **{"repeats": looked or len(table[0].green), **more, **run})
    stored = baseline_of(table, name=BESIDE if beside else "base")
    return QualityEvidence(
        compare(held, stored),
        Looking(looks, looked, extended),
        None if pinned is None else compare(held, pinned),
        attempts,
    )


def follow(table: Sequence[Measured], policy: GatePolicy, looks: LookSchedule, **more) -> Followed:
    """Show the table look by look until the gate has a verdict; it may ask for nothing twice."""
    looked, fresh, asked = looks.looks[0], frozenset(), []
    while isinstance(answer := decide(evidence_of(table, looks, looked, fresh=fresh, **more), policy), NextLook):
        assert answer not in asked
        asked.append(answer)
        if answer.purpose is Purpose.CONFIRMATION:
            fresh |= answer.repeats.keys()
        else:
            looked = max(answer.repeats.values())
    return Followed(answer, tuple(asked))


def flat(count: int, green: float, baseline: float = 5, depth: int = 20, **more) -> list[Measured]:
    """Scenarios that score the same in every conversation."""
    return [Measured(f"s{index:02}", tone(*[green] * depth), tone(*[baseline] * 20), **more) for index in range(count)]


def wavering(count: int, pattern: Sequence[float], depth: int = 20, **more) -> list[Measured]:
    """Scenarios whose scores follow one pattern, each beginning elsewhere in it, against a steady baseline of 5."""
    size = len(pattern)
    return [
        Measured(f"s{index:02}", tone(*[pattern[(index + repeat) % size] for repeat in range(depth)]), tone(*[5] * 20), **more)
        for index in range(count)
    ]


def _within(repeats: frozenset[int], looked: int) -> frozenset[int]:
    return frozenset(one for one in repeats if not looked or one < looked)


def noisy(count: int, drop: float, seed: int = 1, depth: int = 20, **more) -> list[Measured]:
    """Scenarios of their own level, with conversations around it in both arms; green lies lower by the drop."""
    rng = random.Random(seed)

    def conversations(level: float, number: int) -> tuple[Scores, ...]:
        return tone(*(min(5, max(1, round(rng.gauss(level, 0.7)))) for _ in range(number)))

    levels = [rng.gauss(4.0, 0.3) for _ in range(count)]
    return [
        Measured(f"s{index:02}", conversations(level - drop, depth), conversations(level, 20), **more) for index, level in enumerate(levels)
    ]
