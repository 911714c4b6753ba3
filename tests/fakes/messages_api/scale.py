"""From planted answers to scores and back, so that a defect of a judge can be planted in points of the 1-5 scale.

A criterion is answered yes or no, and scores are whole: a shift of half a point is planted by moving that share of the
scores by one. `moved` therefore chooses between the two scores that can be reached on either side of the wanted one, at
random and in the proportion that makes the mean right, and changes as few answers as it takes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import product
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
        verdicts = tuple((name, answer.verdict, answer.evidence) for name, answer in sorted(answers.items()))
        return dict(self._scores(verdicts))

    @functools.lru_cache(maxsize=65536)  # noqa: B019 - a scale lives as long as the tests that share it
    def _scores(self, verdicts: tuple[tuple[str, str, tuple[tuple[int, str], ...]], ...]) -> tuple[tuple[str, int], ...]:
        told = {"yes": CriterionAnswer.MET, "no": CriterionAnswer.NOT_MET}
        asked = {name for name, _, _ in verdicts}
        criteria = tuple(item for item in self.criteria if item.id in asked)
        dimension_of = {item.id: item.dimension for item in criteria}
        answered = tuple(
            CriterionVerdict(
                name,
                dimension_of[name],
                told.get(verdict, CriterionAnswer.NOT_ASSESSED),
                name,
                tuple(Quote(turn, text) for turn, text in evidence),
            )
            for name, verdict, evidence in verdicts
            if name in dimension_of
        )
        return tuple((rating.dimension, rating.score) for rating in score(answered, criteria))

    def moved(self, call: JudgeCall, planted: Planted, distortion: Distortion, chance: Random) -> Planted:
        """Return answers whose scores are, in the mean, those that a distortion makes of the honest ones."""
        answers = dict(planted.answers)
        for dimension, honest in self.scores(planted.answers).items():
            names = [item.id for item in self.criteria if item.dimension == dimension and item.id in answers]
            answers |= self._nearest(call, {name: answers[name] for name in names}, distortion(float(honest), call, chance), chance)
        return replace(planted, answers=answers)

    def _nearest(self, call: JudgeCall, answers: Mapping[str, Answer], wanted: float, chance: Random) -> dict[str, Answer]:
        reachable: dict[int, tuple[int, dict[str, Answer]]] = {}
        free = [name for name, answer in answers.items() if answer.verdict in {"yes", "no"}]
        for verdicts in product(("yes", "no"), repeat=len(free)):
            changed = {name: verdict for name, verdict in zip(free, verdicts, strict=True) if answers[name].verdict != verdict}
            tried = {name: _turned(call, name, answer) if name in changed else answer for name, answer in answers.items()}
            for level in self.scores(tried).values():
                if level not in reachable or len(changed) < reachable[level][0]:
                    reachable[level] = (len(changed), tried)
        levels = sorted(reachable)
        if not levels:
            return dict(answers)
        below = max((level for level in levels if level <= wanted), default=levels[0])
        above = min((level for level in levels if level >= wanted), default=levels[-1])
        up = (wanted - below) / (above - below) if above > below else 0.0
        return reachable[above if chance.random() < up else below][1]


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
