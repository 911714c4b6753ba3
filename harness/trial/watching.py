"""The control chart of every judged run: a fifth of the anchors, judged once, after the scores that a verdict rests on.

Judged last, so that a judge that changed while the run lasted is seen too. What a run has on the chart already is not judged
again when it is resumed.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

from harness.anchors.drift import Drift, DriftState, drift_of
from harness.anchors.frozen_set import AnchorSet
from harness.anchors.readings import ROTATING, read_anchors, rotation
from harness.anchors.record import AnchorRecord, AnchorStore, ChartPoint, ShiftFigures
from harness.judging.judge import Judge
from harness.records.run import RunRecord
from harness.scenarios.rubric import Rubric

_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class AnchorWatch:
    """Watches one judge over its runs."""

    anchors: AnchorSet
    store: AnchorStore
    rubric: Rubric
    judge: Judge
    """Asked about the anchors; looks nothing up."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def known(self, run_id: str) -> Drift:
        """Return what is known before anything is asked; raises StoreError where a record or history cannot be read."""
        record = self.store.record(self.judge.identity.fingerprint, self.anchors)
        return Drift(DriftState.UNRECORDED) if record is None else self._drift(record, run_id)

    async def seen(self, run_id: str) -> Drift:
        """Put a run on the chart, unless it is there, and return what is known then.

        Raises:
            JudgeError: the judge cannot be asked at all.
            SettingsError: its rubric asks nothing about some anchor.
            StoreError: record or history cannot be read or written.
        """
        judge = self.judge.identity.fingerprint
        record = self.store.record(judge, self.anchors)
        if record is None:
            return Drift(DriftState.UNRECORDED)
        history = self.store.history(record)
        if not any(point.run == run_id for point in history.points):
            group = len(history.points) % ROTATING
            async with AsyncExitStack() as stack:
                if isinstance(self.judge, AbstractAsyncContextManager):
                    await stack.enter_async_context(self.judge)
                readings = await read_anchors(self.judge, self.anchors, self.rubric, rotation(self.anchors, group), 1)
            from harness.anchors.reckoning import shift_of  # noqa: PLC0415 - arrays and statistics, once the anchors are judged

            shift = shift_of(self.anchors, record.readings, readings)
            if shift is not None:
                point = ChartPoint(run=run_id, created=_written(self.now()), group=group, shift=ShiftFigures.of(shift))
                self.store.keep_history(judge, history.model_copy(update={"points": (*history.points, point)}))
        return self._drift(record, run_id)

    def _drift(self, record: AnchorRecord, run_id: str) -> Drift:
        history = self.store.history(record)
        point = next((one for one in history.points if one.run == run_id), None)
        since = datetime.fromisoformat(history.checked or record.created)
        return drift_of(
            point.shift.value if point is not None else None,
            history.check.value if history.check is not None else None,
            check_is_newer=point is not None and history.checked is not None and history.checked > point.created,
            checked_days=max(0.0, (self.now() - since).total_seconds() / _DAY_S),
        )


async def measured_drift(watch: AnchorWatch | None, run: RunRecord) -> Drift | None:
    """Put a run that decides nothing on the chart, and return what is known then.

    None without a watch, and for a run in which fewer conversations were judged than the chart has judged: looking at the judge
    never costs more than what is looked at. Raises as `AnchorWatch.seen`.
    """
    if watch is None or sum(one.judged for one in run.conversations) < len(rotation(watch.anchors, 0)):
        return None
    return await watch.seen(run.manifest.run_id)


def _written(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
