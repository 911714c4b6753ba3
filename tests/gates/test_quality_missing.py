"""Missing scores over several looks: what they may cost, and what they may never buy."""

from __future__ import annotations

from dataclasses import replace

from harness.gates.policy import GatePolicy
from harness.gates.verdict import Decision
from tests.fakes.followed_looks import flat, follow, noisy, schedule
from tests.fakes.measurements import Measured, tone

POLICY = GatePolicy()
LOOKS = schedule(1, 2, 4, 7, 12, 20)


def test_missing_scores_may_be_made_up_for_by_later_looks() -> None:
    """A PASS that lacks too many scores goes on while later looks can bring the share down, then stands; INVALID only at the end."""
    table = [replace(flat(40, 5)[0], green=(None, *tone(*[5] * 19))), *flat(40, 5)[1:]]
    strict = GatePolicy(margin=1.5, missing_gap=0.02)
    answer = follow(table, strict, LOOKS)
    assert (answer.decision, answer.looks) == (Decision.PASS, [2])
    assert follow(table, strict, schedule(1)).decision is Decision.INVALID


def test_hopeless_gaps_are_not_paid_for() -> None:
    """Once no later look can bring the share of missing scores below its limit, the run is INVALID at once."""
    table = [replace(one, green=(*tone(None, None), *one.green[2:])) for one in noisy(40, 0.2, 5)]
    answer = follow(table, POLICY, LOOKS)
    assert (answer.decision, answer.codes[0]) == (Decision.INVALID, "scores_missing")
    assert answer.looks in ([], [2])


def test_evenly_missing_scores_are_no_way_out() -> None:
    """Scores missing in one arm make the run INVALID; losing as many in the other arm must not turn that into a PASS."""
    wide = GatePolicy(margin=1.5)

    def table(green: int, baseline: int) -> list[Measured]:
        whole = flat(40, 5)
        return [
            replace(
                one,
                green=(None, *one.green[1:]) if index < green else one.green,
                baseline=tuple(None if index < baseline and repeat < 16 else row for repeat, row in enumerate(one.baseline)),
            )
            for index, one in enumerate(whole)
        ]

    looks = schedule(2)
    assert follow(table(0, 2), wide, looks).decision is Decision.INVALID
    both = follow(table(3, 2), wide, looks)
    assert (both.decision, both.codes[0]) == (Decision.INCONCLUSIVE, "missing_scores_open")
    assert follow(table(2, 1), wide, looks).decision is Decision.PASS
