"""Conversations that a simulated user spoiled: how often each was replaced, and when replacing stops being honest.

A breach of the simulator's contract is our trouble, like infrastructure, and is journalled like it; but it has a quota of its
own, so that neither eats what the other may use. The quota is there because replacing is not neutral: a bot that brings users
out of their part would have its worst conversations replaced. Beyond one in ten nobody knows any more what is measured.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from harness.conversations.simulation import Breach
from harness.records.journal import Journal
from harness.records.journal_content import Key, Trouble
from harness.records.run import Assignment, RunManifest
from harness.scenarios.model import Scenario

REPLACED_SHARE = 0.1
"""Share of the planned simulated conversations that the simulator may spoil."""
LEAST_REPLACED = 2


class Replacements:
    """Counts what simulated users spoiled in a run, resumed sessions included.

    Args:
        journal: of the run; breaches are noted in it.
        scenarios: scenario id → scenario.
    """

    def __init__(self, journal: Journal, scenarios: Mapping[str, Scenario]) -> None:
        self._journal = journal
        self._spoiled = _spoiled(journal.troubles)
        self._simulated = {name for name, scenario in scenarios.items() if scenario.user is not None}

    def of(self, assignment: Assignment) -> int:
        """Return how often a conversation was spoiled so far."""
        return self._spoiled[assignment.scenario_id, assignment.repeat]

    @property
    def problem(self) -> str | None:
        """Why nothing more may be replaced; None while something may."""
        return _problem(self._spoiled, self._journal.manifest, self._simulated)

    def spoiled(self, assignment: Assignment, breach: Breach) -> str | None:
        """Note that a conversation was spoiled and has to be replaced; returns why it may not be, if so."""
        sentence = f"simulated user, {breach.kind.value} in turn {breach.turn}: {breach.detail}"
        self._journal.note(Trouble(assignment.scenario_id, assignment.repeat, sentence, breach.kind))
        self._spoiled[assignment.scenario_id, assignment.repeat] += 1
        problem = self.problem
        return None if problem is None else f"{problem} (last: scenario {assignment.scenario_id}, repeat {assignment.repeat}: {sentence})"


def replacement_problem(troubles: Iterable[Trouble], manifest: RunManifest, simulated: Collection[str]) -> str | None:
    """Return why a run replaced more conversations than it may; None where it did not.

    Args:
        troubles: all that spoiled conversations, of all parts of the run.
        manifest: what was planned.
        simulated: ids of the scenarios whose users are simulated; those with breaches are among them anyway.
    """
    return _problem(_spoiled(troubles), manifest, simulated)


def _spoiled(troubles: Iterable[Trouble]) -> Counter[Key]:
    return Counter((one.scenario_id, one.repeat) for one in troubles if one.breach is not None)


def _problem(spoiled: Counter[Key], manifest: RunManifest, simulated: Collection[str]) -> str | None:
    played = {plan.id for plan in manifest.scenarios} & ({*simulated} | {key[0] for key in spoiled})
    quota = max(LEAST_REPLACED, int(REPLACED_SHARE * manifest.repeats * len(played)))
    count = spoiled.total()
    if count <= quota:
        return None
    (scenario_id, repeat), most = spoiled.most_common(1)[0]
    return (
        f"the simulated user broke its contract in {count} conversations, and {quota} may be replaced (most often scenario {scenario_id}, "
        f"repeat {repeat}: {most}); what users did is no measurement of the bot: look at the run's journal, mend persona, goal or slots of "
        "that scenario, or choose another --simulator, and start a new run"
    )
