"""What only a whole conversation with a simulated user shows: whether they reached their goal, and whether a no was taken for one."""

from __future__ import annotations

from collections.abc import Iterator

from harness.conversations.simulation import Outcome, Simulation
from harness.conversations.transcript import Transcript
from harness.expectations.finding import Finding
from harness.expectations.outcome import Checked, met, not_reached, quoted, unmet
from harness.scenarios.model import Scenario, Severity

KIND, REJECTED = "goal", "rejected_again"
"""Kinds of these findings; no expectation has them, because no single reply shows them."""
_NO_EXPECTATION = -1
_ENDS = {Outcome.GAVE_UP: "the user gave up", Outcome.TURN_CAP: "the scenario's last turn was over"}


def goal_findings(scenario: Scenario, transcript: Transcript) -> tuple[Finding, ...]:
    """Return the findings about goal and rejections; none for a script, and none where nothing was said."""
    user, simulation = scenario.user, transcript.simulation
    if user is None or simulation is None or not transcript.exchanges:
        return ()
    last = transcript.exchanges[-1].turn
    checked = _checked(simulation, transcript)
    goal = Finding(last, _NO_EXPECTATION, KIND, user.severity, user.criterion, checked.outcome, checked.evidence)
    criterion = user.rejects.criterion if user.rejects is not None else None
    rejections = (
        Finding(turn, _NO_EXPECTATION, REJECTED, Severity.MUST, criterion, one.outcome, one.evidence)
        for turn, one in _rejections(simulation, last)
    )
    return (*rejections, goal)


def _rejections(simulation: Simulation, last: int) -> Iterator[tuple[int, Checked]]:
    """Yield whether what the user turned down came again, each thing at its turn; nothing where nothing was turned down."""
    for name, turn in simulation.suggested_again.items():
        yield turn, unmet(f"the reply suggests {quoted(name)} again, which the user has turned down")
    turned_down = next((turn for turn, move in enumerate(simulation.moves, start=1) if move == "rejects"), None)
    if not simulation.suggested_again and turned_down is not None and turned_down <= last:
        yield last, met(f"nothing that the user turned down (first in turn {turned_down}) came again")


def _checked(simulation: Simulation, transcript: Transcript) -> Checked:
    brought = ", ".join(f"{name} in turn {turn}" for name, turn in simulation.reached.items())
    if simulation.outcome is None:
        return not_reached(f"the conversation ended before its goal was decided ({transcript.ended.value})")
    if simulation.outcome is Outcome.GOAL_REACHED:
        return met(f"the goal was reached: {brought}")
    so_far = f"; brought: {brought}" if brought else ""
    return unmet(f"{_ENDS[simulation.outcome]} in turn {transcript.exchanges[-1].turn} without {', '.join(simulation.missing)}{so_far}")
