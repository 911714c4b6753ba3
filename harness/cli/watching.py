"""Who watches the judge of a run: assembled here, because a run that asks no model needs nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from harness.anchors.frozen_set import read_anchor_set, shipped_anchors
from harness.anchors.record import AnchorStore
from harness.assembly.bench import Bench
from harness.assembly.judges import fresh_judge
from harness.trial.watching import AnchorWatch


def anchor_watch(bench: Bench, environ: Mapping[str, str]) -> AnchorWatch | None:
    """Return who watches whether the judge moves; None for one that only follows rules, and where nothing stored is compared or asked.

    Raises:
        StoreError: the anchors cannot be read.
    """
    settings = bench.settings
    if settings.judge in {None, "offline"} or settings.replay or bench.blue is not None:
        return None
    anchors = read_anchor_set(shipped_anchors())
    judge = fresh_judge(settings, replace(bench.suite, facts=anchors.facts), environ, bench.access)
    return AnchorWatch(anchors, AnchorStore(settings.anchors), bench.suite.rubric, judge)
