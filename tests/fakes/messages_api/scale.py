"""From planted answers to scores and back, so that a defect of a judge can be planted in points of the 1-5 scale.

A criterion is answered yes or no, and scores are whole: a shift of half a point is planted by moving that share of the
scores by one. `moved` therefore chooses between the two scores that can be reached on either side of the wanted one, at
random and in the proportion that makes the mean right, and changes as few answers as it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from operator import ne
from random import Random

from harness.judging.judge import CriterionAnswer, CriterionVerdict, Quote
from harness.judging.scoring import ScoredCriterion, score
from harness.scenarios.rubric import Rubric
from tests.fakes.messages_api.judge_call import JudgeCall
from tests.fakes.messages_api.planted import Answer, Planted, found_nothing

Distortion = Callable[[float, JudgeCall, Random], float]
"""An honest score, the request, and chance → the score that this judge gives instead."""


@dataclass(frozen=True)
class Scale:
    """Which criterion belongs to which dimension, as a rubric has it."""

    criteria: tuple[ScoredCriterion, ...]
    _known: dict[tuple[str, ...], dict[int, list[tuple[str, ...]]]] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, rubric: Rubric) -> Scale:
        """Return the scale of a rubric."""
        return cls(
            tuple(
                ScoredCriterion(item.id, dimension.id, critical=item.critical, weight=item.weight, answerable=True)
                for dimension in rubric.dimensions
                for item in dimension.criteria
            )
        )

    def scores(self, answers: Mapping[str, Answer]) -> dict[str, int]:
        """Return the scores of answers, for every dimension that can be scored."""
        told = {"yes": CriterionAnswer.MET, "no": CriterionAnswer.NOT_MET}
        criteria = tuple(item for item in self.criteria if item.id in answers)
        verdicts = tuple(
            CriterionVerdict(
                item.id,
                item.dimension,
                told.get(answers[item.id].verdict, CriterionAnswer.NOT_ASSESSED),
                item.id,
                tuple(Quote(turn, text) for turn, text in answers[item.id].evidence),
            )
            for item in criteria
        )
        return {rating.dimension: rating.score for rating in score(verdicts, criteria)}

    def moved(self, call: JudgeCall, planted: Planted, distortion: Distortion, chance: Random) -> Planted:
        """Return answers whose scores are, in the mean, those that a distortion makes of the honest ones."""
        answers = dict(planted.answers)
        for dimension, honest in self.scores(planted.answers).items():
            names = tuple(item.id for item in self.criteria if item.dimension == dimension and item.id in answers)
            answers |= self._nearest(call, {name: answers[name] for name in names}, distortion(float(honest), call, chance), chance)
        return replace(planted, answers=answers)

    def _nearest(self, call: JudgeCall, answers: Mapping[str, Answer], wanted: float, chance: Random) -> dict[str, Answer]:
        free = tuple(name for name, answer in answers.items() if answer.verdict in {"yes", "no"})
        by_level = self._reachable(free)
        if not by_level:
            return dict(answers)
        below = max((level for level in by_level if level <= wanted), default=min(by_level))
        above = min((level for level in by_level if level >= wanted), default=max(by_level))
        up = (wanted - below) / (above - below) if above > below else 0.0
        level = above if chance.random() < up else below
        told = tuple(answers[name].verdict for name in free)
        for verdicts in sorted(by_level[level], key=lambda one: sum(map(ne, one, told))):
            turned = {name for name, old, new in zip(free, told, verdicts, strict=True) if old != new}
            tried = {name: _turned(call, name, answer) if name in turned else answer for name, answer in answers.items()}
            if level in self.scores(tried).values():  # two faults that quote the same words are one cause, and score better
                return tried
        return dict(answers)

    def _reachable(self, names: tuple[str, ...]) -> dict[int, list[tuple[str, ...]]]:
        """Return the verdicts on criteria of one dimension by the score that they make, each fault a cause of its own."""
        if names not in self._known:
            found: dict[int, list[tuple[str, ...]]] = {}
            for verdicts in product(("yes", "no"), repeat=len(names)):
                answers = {
                    name: Answer("yes" if verdict == "yes" else "no", (), name) for name, verdict in zip(names, verdicts, strict=True)
                }
                for level in self.scores(answers).values():
                    found.setdefault(level, []).append(verdicts)
            self._known[names] = found
        return self._known[names]


def _turned(call: JudgeCall, name: str, answer: Answer) -> Answer:
    """Return the opposite answer, with evidence of its own, so that two failures are two causes."""
    if answer.verdict == "no":
        return Answer("yes", found_nothing(call), f"nothing speaks against {name}")
    reply = call.replies[sum(map(ord, name)) % len(call.replies)] if call.replies else None
    length = 20 + sum(map(ord, name)) % 60
    return Answer("no", ((reply.turn, reply.text[:length]),) if reply else (), f"this fails {name}")


def honest(score_: float, _: JudgeCall, __: Random) -> float:
    """Leave a score as it is."""
    return score_


def biased(by: float) -> Distortion:
    """Return a judge that is kinder by so many points (negative: harsher)."""
    return lambda score_, _, __: score_ + by


def compressed(slope: float, middle: float = 3.0) -> Distortion:
    """Return a judge that uses only a part of the scale around its middle."""
    return lambda score_, _, __: middle + slope * (score_ - middle)


def noisy(sigma: float) -> Distortion:
    """Return a judge whose scores scatter with this standard deviation, in points, at most 1: steps of one up or down."""

    def distort(score_: float, _: JudgeCall, chance: Random) -> float:
        drawn = chance.random()
        step = 1 if drawn < sigma**2 / 2 else -1 if drawn < sigma**2 else 0
        return score_ + step

    return distort


def lenient_on_length(points: float, characters: int) -> Distortion:
    """Return a judge that adds so many points for every so many characters of the mean reply."""

    def distort(score_: float, call: JudgeCall, _: Random) -> float:
        mean = sum(len(line.text) for line in call.replies) / max(1, len(call.replies))
        return score_ + points * mean / characters

    return distort
