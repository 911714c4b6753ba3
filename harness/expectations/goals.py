"""Whether a simulated user reached their goal: one finding for the whole conversation, from what code saw while it was held."""

from __future__ import annotations

from harness.conversations.simulation import Outcome, Simulation
from harness.conversations.transcript import Transcript
from harness.expectations.finding import Finding
from harness.expectations.outcome import Checked, met, not_reached, unmet
from harness.scenarios.model import Scenario

KIND = "goal"
"""Kind of this finding; no expectation has it, because the goal is held by milestones."""
_NO_EXPECTATION = -1
_ENDS = {Outcome.GAVE_UP: "the user gave up", Outcome.TURN_CAP: "the scenario's last turn was over"}


def goal_findings(scenario: Scenario, transcript: Transcript) -> tuple[Finding, ...]:
    """Return the finding about the goal at the last turn; none for a script, and none where nothing was said."""
    user, simulation = scenario.user, transcript.simulation
    if user is None or simulation is None or not transcript.exchanges:
        return ()
    checked = _checked(simulation, transcript)
    return (
        Finding(transcript.exchanges[-1].turn, _NO_EXPECTATION, KIND, user.severity, user.criterion, checked.outcome, checked.evidence),
    )


def _checked(simulation: Simulation, transcript: Transcript) -> Checked:
    brought = ", ".join(f"{name} in turn {turn}" for name, turn in simulation.reached.items())
    if simulation.outcome is None:
        return not_reached(f"the conversation ended before its goal was decided ({transcript.ended.value})")
    if simulation.outcome is Outcome.GOAL_REACHED:
        return met(f"the goal was reached: {brought}")
    so_far = f"; brought: {brought}" if brought else ""
    return unmet(f"{_ENDS[simulation.outcome]} in turn {transcript.exchanges[-1].turn} without {', '.join(simulation.missing)}{so_far}")
