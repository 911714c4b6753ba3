"""How often a judge is asked about one conversation, and what several answers add up to.

A further look at a judgement is taken where it hardly decides: its share lies close to where the score changes, or the judge
says that another might differ. The rule is the same above a threshold and below it, and knows neither arm nor model.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence

from harness.frozen import canonical_json
from harness.judging.evidence.checking import ReadVerdict
from harness.judging.judge import CriterionAnswer, CriterionVerdict
from harness.judging.scoring import THRESHOLDS, ScoredCriterion

SAMPLES = 3
"""Answers where one hardly decides; odd, so that a majority of whole answers exists."""
NEAR_PERCENT = 5
"""Points of the share within which, on either side, a threshold is near."""
_TELLING = (CriterionAnswer.MET, CriterionAnswer.NOT_MET)


def near_threshold(verdicts: Sequence[CriterionVerdict], criteria: Sequence[ScoredCriterion]) -> bool:
    """Return whether the share of one dimension lies less than 5 points from where its score changes, on either side.

    Args:
        verdicts: of this dimension's criteria.
        criteria: of this dimension, for the weights.
    """
    weights = {item.id: item.weight for item in criteria}
    total = sum(weights[one.criterion] for one in verdicts if one.answer in _TELLING)
    met = sum(weights[one.criterion] for one in verdicts if one.answer is CriterionAnswer.MET)
    return total > 0 and any(abs(100 * met - percent * total) < NEAR_PERCENT * total for _, percent in THRESHOLDS)


def majority(samples: Sequence[Mapping[str, ReadVerdict] | None], criterion: str) -> ReadVerdict:
    """Return the answer that most samples give to a criterion, with the first of its evidence; without a majority it is missing.

    Args:
        samples: one for each time that the judge was asked; None where it gave no answer that could be used.
        criterion: id.
    """
    answers = [sample[criterion] for sample in samples if sample is not None]
    if len(samples) == 1 and answers:
        return answers[0]
    counts = Counter(one.answer for one in answers if one.answer in _TELLING)
    winner = next((answer for answer, count in counts.items() if 2 * count > len(samples)), None)
    if winner is not None:
        return next(one for one in answers if one.answer is winner)
    told = ", ".join(f"{counts[answer]} {answer.value.replace('_', ' ')}" for answer in _TELLING)
    return ReadVerdict(CriterionAnswer.NOT_ASSESSED, f"{len(samples)} answers of the judge have no majority: {told}")


def in_audit(said: Sequence[tuple[int, str, str]], percent: int) -> bool:
    """Return whether a conversation belongs to the audited slice: decided by what was said alone, so alike in every run.

    Args:
        said: turn, role and text, in order.
        percent: 0 to 100.
    """
    digest = hashlib.sha256(canonical_json([[turn, role, text.encode("utf-8", "replace").decode()] for turn, role, text in said])).digest()
    return int.from_bytes(digest[:8], "big") % 100 < percent
