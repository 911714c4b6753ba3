"""The figures of the quality gate, as JSON data under the names of the documented schema.

None stands where a number does not exist, or nothing may be concluded from it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from harness.baselines.compare import Comparison, missing_scores
from harness.baselines.score_arrays import ArmScores, PairedScores
from harness.gates import quality_words as words
from harness.gates.policy import GatePolicy
from harness.gates.quality_course import Course, Looking
from harness.gates.quality_guardrails import RELIABLE_REPEATS, Catastrophe, GroupFinding, regressed
from harness.statistics.coupling import repeat_correlation
from harness.statistics.noninferiority import estimate


@dataclass(frozen=True, slots=True)
class Measured:
    """All that was worked out from the scores."""

    scores: PairedScores
    courses: tuple[Course, ...]
    """The comparison with the baseline first."""
    groups: tuple[GroupFinding, ...]
    catastrophes: tuple[Catastrophe, ...]


def figures(
    comparison: Comparison, looking: Looking, measured: Measured | None, policy: GatePolicy, attempts: tuple[str, ...] | None
) -> dict[str, object]:
    """Return the documented figures."""
    main = measured.courses[0] if measured else None
    return {
        **_difference(main, policy),
        "margin": policy.margin,
        "policy": policy.policy,
        "look": _look(main, looking),
        "attempt": None if attempts is None else len(attempts) + 1,
        "references": {one.reference: _difference(one, policy) for one in measured.courses[1:]} if measured else {},
        "weight_unpaired": comparison.pairing.weight_unpaired,
        "dimensions": _dimensions(measured.scores, looking, policy) if measured else {},
        "guardrails": [asdict(one) for one in measured.groups] if measured else [],
        "guardrail_margin": policy.group_margin,
        "catastrophes": [asdict(one) for one in measured.catastrophes] if measured else [],
        "worst": _worst(measured.scores, looking, policy) if measured else [],
        "regressed": _regressed(measured.scores, looking) if measured else None,
        "coupling": _coupling(measured.scores, looking) if measured and comparison.side_by_side else None,
        "judge": comparison.judge.name,
        "coverage": _coverage(comparison),
        "unpaired": {
            "added": list(comparison.pairing.added),
            "changed": list(comparison.pairing.changed),
            "removed": list(comparison.pairing.removed),
            "deselected": list(comparison.pairing.deselected),
        },
    }


def _difference(course: Course | None, policy: GatePolicy) -> dict[str, object]:
    """Return the figures of one comparison; `standard_error` and `df` are the population's, whatever the target."""
    found = course.estimate if course else None
    left = found.difference - course.line if found and course else None
    return {
        "difference": found.difference if found else None,
        "lower": words.finite(found.lower) if found else None,
        "upper": words.finite(found.upper) if found else None,
        "level": found.level if found else None,
        "standard_error": words.finite(found.population_error) if found else None,
        "df": found.population_df if found else None,
        "suite": {"standard_error": words.finite(found.standard_error), "df": found.df} if found and policy.target == "suite" else None,
        "scenarios": found.scenarios if found else 0,
        "clusters": found.clusters if found else 0,
        "literal": {"decision": None if left is None else "pass" if left >= 0 else "fail", "margin_left": left},
        "conversations_to_decide": words.conversations_to_decide(course) if course else None,
        "minimum_detectable_drop": words.finite(found.detectable) if found else None,
    }


def _look(course: Course | None, looking: Looking) -> dict[str, object] | None:
    """Return where the run stands in its plan; None for a fixed sample."""
    if looking.schedule is None:
        return None
    return {
        "repeats": course.repeats if course else looking.taken,
        "taken": sum(look <= looking.taken for look in looking.looks),
        "planned": list(looking.schedule.looks),
        "extension": list(looking.schedule.extension),
        "open_ended": looking.schedule.open_ended,
        "alpha": looking.schedule.alpha,
        "judged": (course.estimate.scenarios if course else 0) * looking.taken,
    }


def _dimensions(scores: PairedScores, looking: Looking, policy: GatePolicy) -> dict[str, dict[str, float | int | None]]:
    """Return each dimension's own comparison, over the scenarios that assess it; it informs and does not decide."""
    found: dict[str, dict[str, float | int | None]] = {}
    for name in scores.dimensions:
        arms = scores.arms(looking.taken or None, dimension=name)
        result = estimate(arms)
        lower, upper = result.bounds(policy.alpha)
        found[name] = {
            "difference": float(result.difference[0]),
            "lower": words.finite(float(lower[0])),
            "upper": words.finite(float(upper[0])),
            "scenarios": int(arms.weights.size),
        }
    return found


def _worst(scores: PairedScores, looking: Looking, policy: GatePolicy) -> list[dict[str, float | int | str]]:
    """Return the scenarios that lost most, worst first; missing scores at their worst."""
    arms = scores.arms(looking.taken or None)
    green = scores.green.summary(scores.assessed, looking.taken or None)
    low = arms.low[0]
    order = sorted(range(len(scores.ids)), key=lambda index: (low[index], scores.ids[index]))
    return [
        {
            "scenario": scores.ids[index],
            "difference": float(low[index]),
            "green": float(green.low[index]),
            "baseline": float(green.low[index] - low[index]),
            "repeats": int(arms.repeats[index]),
        }
        for index in order[: policy.worst_listed]
        if low[index] < 0
    ]


def _regressed(scores: PairedScores, looking: Looking) -> dict[str, object]:
    """Return the list of regressed scenarios; from few repeats more of it is false than it promises, and it says so."""
    arms = scores.arms(looking.taken or None)
    return {
        "listed": [asdict(one) for one in regressed(scores, looking.taken or None)],
        "reliable": bool(min(arms.repeats.min(), arms.baseline_repeats.min()) >= RELIABLE_REPEATS),
    }


def _coupling(scores: PairedScores, looking: Looking) -> dict[str, float | None]:
    """Return how far the arms' repeats correlate within scenarios: near 0 with seeds of their own, as much as the target allows with common ones."""
    green, beside = (_conversations(arm, scores, looking.taken or None) for arm in (scores.green, scores.baseline))
    return {"correlation": repeat_correlation(green, beside) if green.shape == beside.shape else None}


def _conversations(arm: ArmScores, scores: PairedScores, repeats: int | None) -> npt.NDArray[np.float64]:
    """Return each conversation's mean over the dimensions that its scenario assesses, shape (scenarios, repeats); NaN where a score is missing."""
    assessed = scores.assessed[:, None, :]
    total = np.where(assessed, arm.scores[:, :repeats], 0.0).sum(axis=2)
    found: npt.NDArray[np.float64] = total / assessed.sum(axis=2)
    return found


def _coverage(comparison: Comparison) -> dict[str, int]:
    coverage = comparison.coverage
    green = missing_scores(one.green for one in comparison.scenarios)
    base = missing_scores(one.baseline for one in comparison.scenarios)
    return {
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
    }
