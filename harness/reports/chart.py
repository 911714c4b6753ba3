"""What the control chart of a run showed of its judge, for people."""

from __future__ import annotations

from collections.abc import Sequence

from harness.gates.verdict import Verdict


def chart_sentence(verdicts: Sequence[Verdict]) -> str:
    """Return what the chart of a run showed of its judge; empty where it was not watched."""
    drift = next((found for one in verdicts if isinstance(found := one.figures.get("drift"), dict)), {})
    watched = drift.get("watched")
    if not isinstance(watched, dict):
        return ""
    t = "" if watched["t"] is None else f"t = {watched['t']:.1f}, "
    return (
        f"{watched['anchors']} judged again: {watched['shift']:+.2f} points since they were recorded ({t}alarm from {watched['critical']:.1f}), "
        f"{100 * watched['flips']:.0f} % of the answers flipped"
    )
