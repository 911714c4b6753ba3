"""What the drift of the judge means for a quality verdict: nothing, a correction, or that nothing may be concluded.

Only scores that were stored at another time are concerned: arms that were judged side by side drift together. The correction
takes the shift of a whole check out of green's scores, and its error enters the error of every difference; its df are those of
the comparison, which has fewer scenarios than there are anchors or hardly more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from harness.anchors.drift import CHECK_EVERY_DAYS, Drift, DriftState
from harness.anchors.shift import LARGEST, Shift
from harness.gates.verdict import Reason

if TYPE_CHECKING:
    from harness.baselines.score_arrays import PairedScores

NOT_RECORDED = (
    "The judge's verdicts on the anchors are not recorded, so that later nobody can tell whether it moved since: "
    "`harness judge anchors record` does it."
)
_CHECK = "`harness judge anchors check` judges all anchors, five times"
UNRECORDED = (
    "Whether the judge drifted since the baseline was recorded is not known: its verdicts on the anchors are not recorded; "
    "`harness judge anchors record` does it."
)
_REMEDY = (
    "scores stored before are not comparable with those of today: judge the baseline's conversations again, or record it again, "
    "after `harness judge anchors record`"
)


def drift_invalid(drift: Drift | None, *, side_by_side: bool) -> tuple[Reason, ...]:
    """Return why drift forbids any conclusion; nothing where it does not."""
    if drift is None or side_by_side or drift.state is not DriftState.CHANGED:
        return ()
    if drift.watched is not None and drift.watched.alarm:
        said = f"The judge is not what it was: {_alarm(drift.watched)} {_CHECK}; if they too say that it moved, {_REMEDY}."
    elif drift.checked is not None:
        said = f"The judge is not what it was: {_checked(drift.checked)} It is too much to be corrected, and {_REMEDY}."
    else:
        said = f"The judge is not what it was; {_REMEDY}."
    return (Reason("judge_drifted", said),)


def drift_cautions(drift: Drift | None, *, side_by_side: bool) -> tuple[str, ...]:
    """Return what a reader has to know of the judge's drift before believing a verdict."""
    if drift is None or side_by_side:
        return ()
    if drift.state is DriftState.UNRECORDED:
        return (UNRECORDED,)
    found = []
    if drift.state is DriftState.SHIFTED:
        found.append(
            f"The judge moved by {drift.shift:+.2f} points (standard error {drift.standard_error:.2f}) since its verdicts on the anchors were recorded; "
            "green's scores are corrected by it, and the intervals hold its error."
        )
    return (*found, *_unsteady(drift))


def measured_cautions(drift: Drift | None) -> tuple[str, ...]:
    """Return what is to be known of the judge of a run that decides nothing: its scores may be stored, and compared later."""
    if drift is None:
        return ()
    if drift.state is DriftState.UNRECORDED:
        return (NOT_RECORDED,)
    shifted = (
        f"The judge moved by {drift.shift:+.2f} points since its verdicts on the anchors were recorded: what it scores now is another measure. "
        "Record them again, and whatever is to be compared with this run."
    )
    return (
        *(reason.sentence for reason in drift_invalid(drift, side_by_side=False)),
        *((shifted,) if drift.state is DriftState.SHIFTED else ()),
        *_unsteady(drift),
    )


def drift_figures(drift: Drift | None) -> dict[str, object]:
    """Return the figures of a verdict that drift adds; none where nothing drifts."""
    if drift is None:
        return {}
    return {
        "drift": {
            "state": drift.state.value,
            "correction": 0.0 - drift.shift,
            "standard_error": drift.standard_error,
            "watched": _figures(drift.watched),
            "checked": _figures(drift.checked),
            "checked_days": drift.checked_days,
        }
    }


def without_drift(scores: PairedScores, drift: Drift | None) -> PairedScores:
    """Return the scores as the judge of the baseline's day would have given them, as far as that can be told."""
    if drift is None or drift.state is not DriftState.SHIFTED or scores.side_by_side:
        return scores
    return scores.moved(-drift.shift, drift.standard_error)


def _unsteady(drift: Drift) -> Iterator[str]:
    newest = drift.watched or drift.checked
    if newest is not None and newest.restless:
        yield (
            f"The judge answers less steadily than it did: on {newest.anchors} anchors {100 * newest.flips:.1f} % of its answers are not those that it "
            f"used to give, formerly {100 * newest.usual_flips:.1f} % (t = {newest.flips_t:.1f}). That shifts no mean, and widens what is uncertain."
        )
    if drift.overdue and drift.checked_days is not None:
        yield (
            f"All anchors were judged last {drift.checked_days:.0f} days ago; every {CHECK_EVERY_DAYS} days `harness judge anchors check` is due."
        )


def _figures(shift: Shift | None) -> dict[str, object] | None:
    return None if shift is None else {**asdict(shift), "t": shift.t if abs(shift.t) < 1e9 else None, "alarm": shift.alarm}


def _alarm(shift: Shift) -> str:
    moved = f"on the {shift.anchors} anchors of this run it moved by {shift.shift:+.2f} points (t = {shift.t:.1f}, alarm from {shift.critical:.2f})"
    return f"{moved}{f', and the clearly bad ones score {shift.bad_mean:.2f}' if shift.bad_alarm else ''}."


def _checked(shift: Shift) -> str:
    return (
        f"on {shift.anchors} anchors it moved by {shift.shift:+.2f} points (90 % interval {shift.lower:+.2f} to {shift.upper:+.2f}, t = {shift.t:.1f}; "
        f"at most {LARGEST:g} may be corrected)."
    )
