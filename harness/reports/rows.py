"""One row for each scenario of a run: how often it passed, how its score moved, and the turn that shows it best.

Counts and classes are the integration gate's where it states them, and are counted from the records where it does not.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.baselines.baseline import Baseline, BaselineScenario
from harness.baselines.compare import Comparison
from harness.gates.scenario_class import ScenarioClass
from harness.gates.verdict import Verdict
from harness.records.redact import Known, Redactor
from harness.records.run import ConversationRecord, Purpose, RunRecord, ScenarioPlan
from harness.reports.evidence import WorstTurn, worst_turn
from harness.reports.quality_reading import breaking, listing
from harness.targets.traces import TraceLinks

FAILING = frozenset({ScenarioClass.MUST_PASS_FAILURE.value, ScenarioClass.NEW_FAILURE.value})
"""Classes that fail the integration gate."""
CRITICAL_FAILURE = "critical_failure"
"""What a scenario is that is confirmed to break a critical criterion: it fails the quality gate, whatever its class."""
NOT_HELD = ScenarioClass.NOT_HELD.value
INCOMPLETE = ScenarioClass.INCOMPLETE.value
"""Class of a scenario of which planned conversations are missing, and which fails nothing with those that were held."""
_RANK = {ScenarioClass.MUST_PASS_FAILURE.value: 0, CRITICAL_FAILURE: 1, ScenarioClass.NEW_FAILURE.value: 2, ScenarioClass.SUSPECT.value: 3}
_UNRANKED = len(_RANK)


@dataclass(frozen=True, slots=True)
class ScenarioRow:
    """One scenario of the run."""

    id: str
    title: str
    intent: str
    locale: str
    must_pass: bool
    source: str
    """`path:line`, the path as the user can open it."""
    klass: str
    """new_failure, must_pass_failure, known_flaky, suspect, fixed, … as the integration gate says; not_held and incomplete where
    planned conversations are missing; empty where nothing is said."""
    passes: int
    conversations: int
    baseline_passes: int | None
    """None, like `baseline_conversations`, where the baseline has no such scenario."""
    baseline_conversations: int | None
    score: float | None
    """Mean judge score over the scored conversations and the scenario's dimensions, 1 to 5; None where planned ones are missing.

    Only what was seen: a missing score counts at its worst in the bounds of a decision, never here.
    """
    difference: float | None
    """That mean minus the baseline's; None where the two are not comparable, or a score is missing in either."""
    listed: float | None
    """By how much quality lists it as worse, green minus baseline with missing scores at their best; None where it does not."""
    breaks_critical: bool
    """It is confirmed to break a critical criterion far more often than before."""
    worst: WorstTurn | None
    replay: str
    """The command that holds the conversation of `worst`, or else the one with the lowest score, again with the same seed."""

    @property
    def failing(self) -> bool:
        """True when this scenario alone fails a gate."""
        return self.klass in FAILING or self.breaks_critical

    @property
    def failure(self) -> str:
        """By what it fails a gate, as a name; empty where it does not."""
        return self.klass if self.klass in FAILING else CRITICAL_FAILURE if self.breaks_critical else ""

    @property
    def judged_alone(self) -> bool:
        """True where only its scores speak against it."""
        return self.listed is not None and not self.failing and self.klass != ScenarioClass.SUSPECT.value

    @property
    def missing(self) -> bool:
        """True when planned conversations are missing, so that the ones that were held prove no pass."""
        return self.klass in {NOT_HELD, INCOMPLETE}

    @property
    def pass_rate_change(self) -> float:
        """Pass rate minus the baseline's, -1 to 1; where there is no baseline, minus 1."""
        rate = self.passes / self.conversations if self.conversations else 0.0
        if self.baseline_passes is None or not self.baseline_conversations:
            return rate - 1.0
        return rate - self.baseline_passes / self.baseline_conversations

    @property
    def badness(self) -> tuple[int, float, float, str]:
        """Sort key, worst first: what fails the gate, then the loss of passes, then the loss of score."""
        rank = _RANK.get(self.failure or self.klass, _UNRANKED)
        change = self.listed if self.difference is None else self.difference
        return (rank, self.pass_rate_change if rank < _UNRANKED else 0.0, change or 0.0, self.id)


@dataclass(frozen=True, slots=True)
class _Scored:
    """What the quality gate says of one scenario."""

    change: tuple[float, float] | None
    """Mean score and difference; None where a score is missing."""
    listed: float | None
    breaks_critical: bool


@dataclass(frozen=True, slots=True)
class RowSource:
    """Everything that rows are made of."""

    run: RunRecord
    baseline: Baseline | None
    comparison: Comparison
    verdicts: Sequence[Verdict]
    replay: Sequence[str]
    """The command to which the scenario, the conversation's number and the run's seed are added."""
    known: Known
    """Personal data and secrets that must not be written."""
    suite: Path | None = None
    """Folder of the suite, to which the sources of scenarios are relative."""
    links: TraceLinks | None = None
    """To the traces of turns; None where there are none."""

    def rows(self) -> tuple[ScenarioRow, ...]:
        """Return one row for each planned scenario, in the order of the plan."""
        held: dict[str, list[ConversationRecord]] = {}
        for record in self.run.conversations:
            if record.valid:
                held.setdefault(record.assignment.scenario_id, []).append(record)
        stored = {plan.id: before for plan, before in self.comparison.pairing.paired}
        figures = figures_by_scenario(self.verdicts)
        changes = self._changes()
        listed, broken = listing(self.verdicts).differences, breaking(self.verdicts)
        scored = {plan.id: _Scored(changes.get(plan.id), listed.get(plan.id), plan.id in broken) for plan in self.run.manifest.scenarios}
        return tuple(
            self._row(plan, held.get(plan.id, []), stored.get(plan.id), figures.get(plan.id, {}), scored[plan.id])
            for plan in self.run.manifest.scenarios
        )

    def _row(
        self,
        plan: ScenarioPlan,
        records: Sequence[ConversationRecord],
        before: BaselineScenario | None,
        figures: Mapping[str, Any],
        scored: _Scored,
    ) -> ScenarioRow:
        worst = worst_turn(records, self.known, self.links)
        complete = sum(record.assignment.purpose is Purpose.LOOK for record in records) >= self.run.manifest.repeats
        return ScenarioRow(
            id=plan.id,
            title=Redactor(self.known).text(plan.title),
            intent=plan.intent,
            locale=plan.locale,
            must_pass=plan.must_pass,
            source=plan.source if self.suite is None else (self.suite / plan.source).as_posix(),
            klass=self._class(class_name(figures.get("class")), records, complete=complete),
            passes=_count(figures, "passes", sum(record.passed for record in records)),
            conversations=_count(figures, "conversations", len(records)),
            baseline_passes=sum(before.passes) if before else None,
            baseline_conversations=len(before.passes) if before else None,
            score=(scored.change[0] if scored.change else _mean_score(records, plan)) if complete else None,
            difference=scored.change[1] if scored.change and complete else None,
            listed=scored.listed,
            breaks_critical=scored.breaks_critical,
            worst=worst,
            replay=self._replay(plan.id, worst.repeat if worst else _lowest(records)),
        )

    def _class(self, stated: str, records: Sequence[ConversationRecord], *, complete: bool) -> str:
        """Return the class that may be shown: a proved failure stands without the missing conversations, nothing else does."""
        if complete or (stated in FAILING and not self.run.problems):
            return stated
        return INCOMPLETE if records else NOT_HELD

    def _changes(self) -> dict[str, tuple[float, float]]:
        """Return mean score and difference of each scenario that the quality gate compared; scores of different judges are never compared."""
        stored = self.comparison.baseline_judge
        if stored is None or stored.fingerprint != self.comparison.judge.fingerprint or not self.comparison.scenarios:
            return {}
        from harness.baselines.score_changes import score_changes  # noqa: PLC0415 - arrays, for what was compared alone

        return score_changes(self.comparison)

    def _replay(self, scenario_id: str, repeat: int) -> str:
        """Return the run that holds exactly this conversation again: its number and the run's seed make its seed."""
        return shlex.join([*self.replay, "--only", scenario_id, "--repeat", str(repeat), "--seed", str(self.run.manifest.seed)])


def figures_by_scenario(verdicts: Iterable[Verdict]) -> dict[str, dict[str, Any]]:
    """Return how the gates class single scenarios: lists of objects with a `scenario` and a `class`, whichever gate has them."""
    found: dict[str, dict[str, Any]] = {}
    for verdict in verdicts:
        for value in verdict.figures.values():
            for item in value if isinstance(value, (list, tuple)) else ():
                if isinstance(item, Mapping) and isinstance(item.get("scenario"), str) and item.get("class"):
                    found.setdefault(item["scenario"], {}).update(item)
    return found


def class_name(value: object) -> str:
    """Return a class as the report schema spells it: `NEW FAILURE` and `new-failure` are `new_failure`."""
    return str(value).strip().lower().replace(" ", "_").replace("-", "_") if value else ""


def _count(figures: Mapping[str, Any], key: str, counted: int) -> int:
    value = figures.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else counted


def _mean_score(records: Sequence[ConversationRecord], plan: ScenarioPlan) -> float | None:
    """Return the mean over the looks' conversations and the scenario's dimensions; None where none of them has all its scores."""
    scored = [record.scores for record in records if record.assignment.purpose is Purpose.LOOK]
    known = [scores for scores in scored if scores is not None and all(name in scores for name in plan.dimensions)]
    if not known or not plan.dimensions:
        return None
    return sum(scores[name] for scores in known for name in plan.dimensions) / (len(known) * len(plan.dimensions))


def _lowest(records: Sequence[ConversationRecord]) -> int:
    """Return the number of the conversation with the lowest score; of the first one where none is scored, 0 where none was held."""
    scored = [(sum(scores.values()) / len(scores), one.assignment.repeat) for one in records if (scores := one.scores)]
    return min(scored)[1] if scored else min((one.assignment.repeat for one in records), default=0)
