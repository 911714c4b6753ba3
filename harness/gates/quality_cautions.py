"""What the quality gate says of the evidence itself: why nothing may be concluded from it, and what to know before believing a verdict."""

from __future__ import annotations

from collections.abc import Sequence

from harness.baselines.compare import Comparison, Missing, Pairing, missing_scores
from harness.gates.policy import GatePolicy
from harness.gates.verdict import Decision, Reason
from harness.judging.judge import JudgeIdentity

NAMED = 5
"""Scenarios that a sentence names before it only counts them."""

NO_BASELINE = "There is no baseline to compare with; record one with `harness baseline record`."
NOTHING_TO_COMPARE = "No scenario was scored in both the run and the baseline; select more scenarios, or record the baseline again with this suite and judge."
UNATTESTED = "The target states no build (`build: unattested`), so nothing proves which build was measured."
SUITE_TARGET = "The interval speaks of exactly these scenarios, not of what users ask (`target: suite`)."


def comparable(comparison: Comparison) -> bool:
    """Return whether both arms were scored by the same judge."""
    return comparison.baseline_judge is not None and comparison.baseline_judge.fingerprint == comparison.judge.fingerprint


def invalid(comparison: Comparison, pinned: Comparison | None) -> tuple[Reason, ...]:
    """Return every reason why nothing may be concluded from this run, however it goes on."""
    reasons = [Reason("run_invalid", problem) for problem in comparison.problems]
    reasons += [
        Reason("judge_differs", _judge_differs(one.judge, one.baseline_judge))
        for one in (comparison, pinned)
        if one is not None and one.baseline_judge is not None and not comparable(one)
    ]
    return tuple(reasons)


def too_many_missing(comparison: Comparison, policy: GatePolicy, last: int | None = None) -> tuple[Reason, ...]:
    """Return every reason why too many scores are missing.

    Args:
        comparison: what was seen.
        policy: the limits.
        last: ask what will be certain at the look with so many repeats, even if no score is missing from now on; default: what is, now.
    """
    green, base = _missing(comparison)
    if last is not None:
        green = Missing(green.missing, max(green.planned, len(comparison.scenarios) * last))
        base = Missing(base.missing, max(base.planned, len(comparison.scenarios) * last)) if comparison.side_by_side else base
    reasons = [
        Reason("scores_missing", _scores_missing(arm, gap, policy))
        for arm, gap in (("green", green), ("the baseline", base))
        if gap.share > policy.missing_share and gap.missing >= policy.missing_count
    ]
    # From now on green may lose more scores: only what it has lost already is certain.
    gap = green.share - base.share if last is not None else abs(green.share - base.share)
    if gap > policy.missing_gap and not (last is not None and comparison.side_by_side):
        reasons.append(Reason("scores_missing_unevenly", _missing_unevenly(green, base, policy)))
    return tuple(reasons)


def evenly_missing(comparison: Comparison, policy: GatePolicy) -> tuple[str, ...]:
    """Return the arms that lack more scores than the other may: that the other lacks as many must not turn INVALID into a PASS."""
    arms = zip(("green", "the baseline"), _missing(comparison), strict=True)
    return tuple(arm for arm, gap in arms if gap.share > policy.missing_gap)


def too_little(comparison: Comparison, pinned: Comparison | None, clusters: int | None, policy: GatePolicy) -> tuple[Reason, ...]:
    """Return every reason why this evidence may not decide, whatever it says; more repeats would not change any of them."""
    reasons = _too_little(comparison, policy)
    if pinned is not None:
        reasons += [Reason(f"{one.code}_pinned", f"Pinned reference: {one.sentence}", one.where) for one in _too_little(pinned, policy)]
    if clusters is not None and clusters < policy.least_clusters:
        reasons.append(Reason("too_few_clusters", _too_few(clusters, policy)))
    return tuple(reasons)


def _too_little(comparison: Comparison, policy: GatePolicy) -> list[Reason]:
    pairing = comparison.pairing
    reasons: list[Reason] = []
    if comparison.baseline_judge is None:
        reasons.append(Reason("no_baseline", NO_BASELINE))
    elif not comparison.scenarios:
        reasons.append(Reason("nothing_to_compare", NOTHING_TO_COMPARE))
    if pairing.removed:
        reasons.append(Reason("baseline_scenarios_missing", _removed(pairing.removed), pairing.removed))
    if comparison.baseline_judge is not None and pairing.weight_unpaired > policy.unpaired_weight:
        where = (*pairing.added, *pairing.changed, *pairing.removed)
        reasons.append(Reason("weight_unpaired", _unpaired(pairing.weight_unpaired, policy), where))
    shallow = tuple(one.plan.id for one in comparison.scenarios if len(one.baseline) < policy.least_baseline_repeats)
    if shallow and not comparison.side_by_side:
        reasons.append(Reason("baseline_shallow", _shallow(shallow, policy), shallow))
    return reasons


def attempts_that_spent(decisions: Sequence[str]) -> tuple[str, ...]:
    """Return the earlier decisions after which a fresh run of the same build may not PASS any more, in words."""
    spent = {Decision.FAIL.value, Decision.INCONCLUSIVE.value}
    return tuple(decision.upper() for decision in decisions if decision in spent)


def cautions(comparison: Comparison, clusters: int | None, policy: GatePolicy) -> tuple[str, ...]:
    """Return what a reader has to know before believing the verdict, the gravest first; `clusters` is None where nothing was estimated."""
    found: list[str] = []
    if not comparison.attested:
        found.append(UNATTESTED)
    if comparison.build is not None and comparison.build == comparison.baseline_build:
        found.append(_same_build(comparison.build))
    if clusters is not None and policy.least_clusters <= clusters < policy.population_clusters:
        found.append(_suite_only(clusters, policy))
    if policy.target == "suite":
        found.append(SUITE_TARGET)
    green, base = _missing(comparison)
    if clusters is not None and (green.missing or base.missing):
        found.append(_worst_case(green, base))
    if comparison.steered:
        found.append(_steered(comparison.steered))
    if comparison.pairing.added or comparison.pairing.changed:
        found.append(_left_out(comparison.pairing))
    return tuple(found)


def _missing(comparison: Comparison) -> tuple[Missing, Missing]:
    """Return how many scores each arm lacks, green first."""
    return missing_scores(one.green for one in comparison.scenarios), missing_scores(one.baseline for one in comparison.scenarios)


def _judge_differs(ours: JudgeIdentity, stored: JudgeIdentity) -> str:
    """Say that two judges' scores are not comparable."""
    return (
        f"The run was scored by {ours.name!r} ({ours.fingerprint}) and the baseline by {stored.name!r} ({stored.fingerprint}); "
        "scores of different judges are never compared: judge its conversations again (`--rejudge-baseline`), or record a new one with this judge."
    )


def _scores_missing(arm: str, gap: Missing, policy: GatePolicy) -> str:
    """Say that an arm lacks too many scores."""
    return f"{gap.missing} of {gap.planned} conversations of {arm} have no score ({_percent(gap.share, 1)}); at most {_percent(policy.missing_share)} may be missing."


def _missing_unevenly(green: Missing, base: Missing, policy: GatePolicy) -> str:
    """Say that scores are missing in one arm rather than the other."""
    return (
        f"Scores are missing unevenly: {_percent(green.share, 1)} of green's conversations and {_percent(base.share, 1)} of the baseline's; "
        f"the gap may be {policy.missing_gap * 100:.0f} points at most."
    )


def _removed(scenarios: Sequence[str]) -> str:
    """Say that baseline scenarios were not run."""
    return f"{_listed(scenarios)} of the baseline {_was(scenarios)} not run and not deselected with --only; run the whole suite, or record a new baseline."


def _unpaired(share: float, policy: GatePolicy) -> str:
    """Say that too much of the suite has no counterpart."""
    return f"{_percent(share)} of the suite's weight has no counterpart in the baseline; at most {_percent(policy.unpaired_weight)} may. Record a new baseline."


def _shallow(scenarios: Sequence[str], policy: GatePolicy) -> str:
    """Say that the baseline holds too few conversations."""
    return f"The baseline holds fewer than {policy.least_baseline_repeats} conversations of {_listed(scenarios)}; record it again with more repeats."


def _too_few(clusters: int, policy: GatePolicy) -> str:
    """Say that there are too few independent scenarios."""
    compared = f"{clusters} independent scenario{' was' if clusters == 1 else 's were'} compared"
    return f"Only {compared}; fewer than {policy.least_clusters} never decide. Add scenarios or select more of them."


def _same_build(build: str) -> str:
    """Say that the candidate is the baseline's build."""
    return f"Green runs the build that the baseline was recorded with ({build}): this compares a build with itself."


def _suite_only(clusters: int, policy: GatePolicy) -> str:
    """Say that the evidence is about this suite."""
    return (
        f"{clusters} independent scenarios: the verdict holds for this suite; fewer than {policy.population_clusters} do not speak for what users ask, "
        "because a drop in few kinds of conversation can be missing from them altogether."
    )


def _worst_case(green: Missing, base: Missing) -> str:
    """Say how missing scores were counted."""
    return (
        f"Missing scores: {green.missing} of {green.planned} (green), {base.missing} of {base.planned} (baseline). The difference counts them as 1 for green "
        "and 5 for the baseline, and the interval holds for every score that they could have had."
    )


def _steered(conversations: Sequence[str]) -> str:
    """Say which conversations try to steer the judge."""
    return (
        f"Text that tries to steer the judge stands in {len(conversations)} of green's conversations ({_listed(conversations)}). Where code found it, the "
        "conversation was judged with it and without it, and the worse answer counts; people should look at them."
    )


def _left_out(pairing: Pairing) -> str:
    """Say which scenarios did not enter."""
    parts = [f"{_listed(ids)} {word}" for ids, word in ((pairing.added, "new"), (pairing.changed, "changed")) if ids]
    return f"Not compared, because the baseline has no counterpart: {'; '.join(parts)}."


def _percent(share: float, digits: int = 0) -> str:
    return f"{100 * share:.{digits}f} %"


def _listed(scenarios: Sequence[str]) -> str:
    named = ", ".join(scenarios[:NAMED])
    return named if len(scenarios) <= NAMED else f"{named} and {len(scenarios) - NAMED} more"


def _was(scenarios: Sequence[str]) -> str:
    return "was" if len(scenarios) == 1 else "were"
