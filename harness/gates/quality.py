"""The quality gate: is green's judged quality within the margin of the baseline's?

PASS when the lower bound of (green - baseline) lies above -margin, FAIL when the upper bound lies below it, otherwise
INCONCLUSIVE; each bound is one-sided at `alpha`. The literal rule (observed mean ≥ baseline - margin) is printed beside
it, because on the margin it is a coin toss at every sample size. Missing evidence never passes: what cannot be compared
is INVALID, what is too little is INCONCLUSIVE, and a few missing scores count as 1 for green and as 5 for the baseline.
"""

from __future__ import annotations

from dataclasses import dataclass

from scipy.special import stdtrit

from harness.baselines.compare import Comparison, DifferenceArrays, difference_arrays, missing_scores
from harness.frozen import fingerprint
from harness.gates import quality_words as words
from harness.gates.policy import GatePolicy
from harness.gates.quality_words import Estimate
from harness.gates.verdict import Decision, Reason, Verdict
from harness.statistics.paired import ArmSpread, PairedResult, critical_value, paired_comparison, rounding_floor, suite_standard_error

GATE = "quality"


@dataclass(frozen=True, slots=True)
class _Ruling:
    decision: Decision
    reason: Reason


def decide(comparison: Comparison, policy: GatePolicy) -> Verdict:
    """Return the verdict of the quality gate; the first reason is its headline.

    Precedence: INVALID (the run measured the wrong thing, judges differ, too many scores missing), then INCONCLUSIVE by
    rule (too few clusters, pairs or baseline conversations), then what the interval says.
    """
    arrays = difference_arrays(comparison.scenarios) if comparison.scenarios and _comparable(comparison) else None
    estimate = _estimate(arrays, policy) if arrays else None
    rulings = _invalid(comparison, policy)
    if rulings:
        arrays = estimate = None
    else:
        too_little = _too_little(comparison, estimate, policy)
        measured = [_measured(estimate, policy, decisive=not too_little)] if estimate else []
        rulings = [*too_little, *measured]
    return Verdict(
        gate=GATE,
        decision=rulings[0].decision,
        reasons=tuple(ruling.reason for ruling in rulings),
        figures=_figures(comparison, arrays, estimate, policy),
        cautions=_cautions(comparison, estimate, policy),
        policy=fingerprint(policy),
        evidence=fingerprint(comparison),
    )


def _comparable(comparison: Comparison) -> bool:
    return comparison.baseline_judge is not None and comparison.baseline_judge.fingerprint == comparison.judge.fingerprint


def _estimate(arrays: DifferenceArrays, policy: GatePolicy) -> Estimate:
    """Return the estimate with its guarded bounds, for the claim that the policy wants to make."""
    result = _paired(arrays)
    lower, upper = result.bounds(policy.alpha)
    error, df = float(result.standard_error), float(result.df)
    if policy.target == "suite":
        error, df = _suite_error(arrays)
        reach = float(critical_value(df, policy.alpha)) * error
        lower, upper = result.difference - reach, result.difference_high + reach
    within = float((arrays.weights**2 * arrays.green_variance / arrays.repeats).sum() / arrays.weights.sum() ** 2)
    return Estimate(
        difference=float(result.difference),
        lower=float(lower),
        upper=float(upper),
        standard_error=error,
        df=df,
        scenarios=len(arrays.ids),
        clusters=result.clusters,
        conversations=int(arrays.repeats.sum()),
        repeats=float(arrays.repeats.mean()),
        within_variance=within,
        detectable=policy.margin + (float(critical_value(df, policy.alpha)) + _power_quantile(df, policy.power)) * error,
    )


def _paired(arrays: DifferenceArrays) -> PairedResult:
    floor = rounding_floor(arrays.weights, arrays.repeats, arrays.baseline_repeats, arrays.dimensions)
    return paired_comparison(arrays.low, arrays.weights, arrays.clusters, floor, arrays.high)


def _suite_error(arrays: DifferenceArrays) -> tuple[float, float]:
    """Return (SE, df) on exactly these scenarios; with missing scores, the df that no true scores could undercut."""
    floor = rounding_floor(arrays.weights, arrays.repeats, arrays.baseline_repeats, arrays.dimensions)
    green, stored = ArmSpread(arrays.green_variance, arrays.repeats), ArmSpread(arrays.baseline_variance, arrays.baseline_repeats)
    error, df = suite_standard_error(green, stored, arrays.weights, floor)
    if bool((arrays.low < arrays.high).any()):
        return float(error), min(float(df), float(arrays.repeats.min()) - 1, float(arrays.baseline_repeats.min()) - 1)
    return float(error), float(df)


def _power_quantile(df: float, power: float) -> float:
    return float(stdtrit(df, power)) if df > 0 else float("inf")


def _measured(estimate: Estimate, policy: GatePolicy, *, decisive: bool) -> _Ruling:
    """Return what the interval says; where the evidence may not decide, only what was seen."""
    if not decisive:
        return _Ruling(Decision.INCONCLUSIVE, Reason("not_decisive", words.not_decisive(estimate, policy)))
    if estimate.lower > -policy.margin:
        return _Ruling(Decision.PASS, Reason("within_margin", words.passed(estimate, policy)))
    if estimate.upper < -policy.margin:
        return _Ruling(Decision.FAIL, Reason("below_margin", words.failed(estimate, policy)))
    return _Ruling(Decision.INCONCLUSIVE, Reason("not_proved", words.not_proved(estimate, policy)))


def _invalid(comparison: Comparison, policy: GatePolicy) -> list[_Ruling]:
    """Return every reason why nothing may be concluded from this run."""
    reasons = [Reason("run_invalid", problem) for problem in comparison.problems]
    stored = comparison.baseline_judge
    if stored is not None and not _comparable(comparison):
        reasons.append(Reason("judge_differs", words.judge_differs(comparison.judge, stored)))
    green = missing_scores(one.green for one in comparison.scenarios)
    base = missing_scores(one.baseline for one in comparison.scenarios)
    for arm, gap in (("green", green), ("the baseline", base)):
        if gap.share > policy.missing_share and gap.missing >= policy.missing_count:
            reasons.append(Reason("scores_missing", words.scores_missing(arm, gap, policy)))
    if abs(green.share - base.share) > policy.missing_gap:
        reasons.append(Reason("scores_missing_unevenly", words.missing_unevenly(green, base, policy)))
    return [_Ruling(Decision.INVALID, reason) for reason in reasons]


def _too_little(comparison: Comparison, estimate: Estimate | None, policy: GatePolicy) -> list[_Ruling]:
    """Return every reason why this evidence may not decide, whatever it says."""
    pairing = comparison.pairing
    reasons: list[Reason] = []
    if comparison.baseline_judge is None:
        reasons.append(Reason("no_baseline", words.NO_BASELINE))
    elif not comparison.scenarios:
        reasons.append(Reason("nothing_to_compare", words.NOTHING_TO_COMPARE))
    if pairing.removed:
        reasons.append(Reason("baseline_scenarios_missing", words.removed(pairing.removed), pairing.removed))
    if comparison.baseline_judge is not None and pairing.weight_unpaired > policy.unpaired_weight:
        where = (*pairing.added, *pairing.changed, *pairing.removed)
        reasons.append(Reason("weight_unpaired", words.unpaired(pairing.weight_unpaired, policy), where))
    shallow = tuple(one.plan.id for one in comparison.scenarios if len(one.baseline) < policy.least_baseline_repeats)
    if shallow:
        reasons.append(Reason("baseline_shallow", words.shallow(shallow, policy), shallow))
    if estimate is not None and estimate.clusters < policy.least_clusters:
        reasons.append(Reason("too_few_clusters", words.too_few(estimate.clusters, policy)))
    return [_Ruling(Decision.INCONCLUSIVE, reason) for reason in reasons]


def _cautions(comparison: Comparison, estimate: Estimate | None, policy: GatePolicy) -> tuple[str, ...]:
    """Return what a reader has to know before believing the verdict, the gravest first."""
    found: list[str] = []
    if not comparison.attested:
        found.append(words.UNATTESTED)
    if comparison.build is not None and comparison.build == comparison.baseline_build:
        found.append(words.same_build(comparison.build))
    if estimate is not None and policy.least_clusters <= estimate.clusters < policy.population_clusters:
        found.append(words.suite_only(estimate.clusters, policy))
    if policy.target == "suite":
        found.append(words.SUITE_TARGET)
    green = missing_scores(one.green for one in comparison.scenarios)
    base = missing_scores(one.baseline for one in comparison.scenarios)
    if estimate is not None and (green.missing or base.missing):
        found.append(words.worst_case(green, base))
    if comparison.pairing.added or comparison.pairing.changed:
        found.append(words.left_out(comparison.pairing))
    return tuple(found)


def _figures(comparison: Comparison, arrays: DifferenceArrays | None, estimate: Estimate | None, policy: GatePolicy) -> dict[str, object]:
    """Return the documented figures; None where a number does not exist, or nothing may be concluded from it."""
    pairing, coverage = comparison.pairing, comparison.coverage
    green = missing_scores(one.green for one in comparison.scenarios)
    base = missing_scores(one.baseline for one in comparison.scenarios)
    left = estimate.difference + policy.margin if estimate else None
    return {
        "difference": estimate.difference if estimate else None,
        "lower": words.finite(estimate.lower) if estimate else None,
        "upper": words.finite(estimate.upper) if estimate else None,
        "standard_error": words.finite(estimate.standard_error) if estimate else None,
        "df": estimate.df if estimate else None,
        "margin": policy.margin,
        "scenarios": estimate.scenarios if estimate else 0,
        "clusters": estimate.clusters if estimate else 0,
        "literal": {"decision": None if left is None else "pass" if left >= 0 else "fail", "margin_left": left},
        "conversations_to_decide": words.conversations_to_decide(estimate, policy) if estimate else None,
        "minimum_detectable_drop": words.finite(estimate.detectable) if estimate else None,
        "weight_unpaired": pairing.weight_unpaired,
        "dimensions": _dimensions(comparison, policy) if estimate else {},
        "worst": _worst(arrays, policy) if arrays else [],
        "judge": comparison.judge.name,
        "coverage": {
            "criteria_answered": coverage.criteria_answered,
            "criteria": coverage.criteria,
            "answers": coverage.answers,
            "questions": coverage.questions,
            "scenarios_scored": coverage.scenarios_scored,
            "scenarios": coverage.scenarios,
            "green_missing": green.missing,
            "green_planned": green.planned,
            "baseline_missing": base.missing,
            "baseline_planned": base.planned,
        },
        "unpaired": {
            "added": list(pairing.added),
            "changed": list(pairing.changed),
            "removed": list(pairing.removed),
            "deselected": list(pairing.deselected),
        },
    }


def _dimensions(comparison: Comparison, policy: GatePolicy) -> dict[str, dict[str, float | int | None]]:
    """Return each dimension's own comparison, over the scenarios that assess it; it informs and does not decide."""
    figures: dict[str, dict[str, float | int | None]] = {}
    for name in sorted({dimension for one in comparison.scenarios for dimension in one.plan.dimensions}):
        arrays = difference_arrays(comparison.scenarios, name)
        result = _paired(arrays)
        lower, upper = result.bounds(policy.alpha)
        figures[name] = {
            "difference": float(result.difference),
            "lower": words.finite(float(lower)),
            "upper": words.finite(float(upper)),
            "scenarios": len(arrays.ids),
        }
    return figures


def _worst(arrays: DifferenceArrays, policy: GatePolicy) -> list[dict[str, float | int | str]]:
    """Return the scenarios that lost most, worst first; missing scores at their worst."""
    order = sorted(range(len(arrays.ids)), key=lambda index: (arrays.low[index], arrays.ids[index]))
    return [
        {
            "scenario": arrays.ids[index],
            "difference": float(arrays.low[index]),
            "green": float(arrays.green_low[index]),
            "baseline": float(arrays.baseline_high[index]),
            "repeats": int(arrays.repeats[index]),
        }
        for index in order[: policy.worst_listed]
        if arrays.low[index] < 0
    ]
