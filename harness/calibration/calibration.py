"""What a calibration found, as it stands in a judge's calibration file.

Every figure that is undefined, or that too few labels allow, is null; an open end of an interval is null too. Nothing in
here depends on the order of the labels, and nothing but `created` on the clock.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from harness.frozen import FrozenModel

Number = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=2**53)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Name = Annotated[str, Field(max_length=200)]
Sentence = Annotated[str, Field(min_length=1, max_length=1000)]
MAX_ROWS = 1000
"""Dimensions times languages times arms of one calibration."""


class Status(StrEnum):
    """What a judge's scores of a dimension are good for."""

    GATING = "gating"
    """They may decide."""
    ADVISORY = "advisory"
    """They enter the gate, which says so."""
    OFF = "off"
    """They enter no score."""
    UNCALIBRATED = "uncalibrated"
    """Nobody knows: no labels, or too few."""


class Interval(FrozenModel):
    """A figure with its two-sided 95 % interval."""

    value: Number | None
    lower: Number | None = None
    """None where nothing bounds it."""
    upper: Number | None = None

    @classmethod
    def of(cls, value: float, lower: float, upper: float) -> Interval:
        """Return the interval, with null for what is infinite or undefined."""
        return cls(value=finite(value), lower=finite(lower), upper=finite(upper))


class ArmBias(FrozenModel):
    """How much milder than people the judge is in one arm."""

    arm: Name
    labelled: Count
    """Items with labels and a score of the judge."""
    bias: Interval
    """Judge minus human, score points."""


class HalfReport(FrozenModel):
    """The judge on the held-out half, as it is and behind the map."""

    items: Count
    bias: Number
    """Judge minus human, score points."""
    error: Number
    """Root mean squared difference to the labels, score points."""
    kappa: Number | None


class MonotoneMap(FrozenModel):
    """The rising map from the judge's scores to labels that fits the tune half best."""

    points: Annotated[tuple[tuple[Number, Number], ...], Field(min_length=1, max_length=10_001)]
    """(judge's score, label), rising; straight in between, flat beyond."""
    fitted_on: Count
    """Items of the tune half."""
    halves_given: bool
    """False: nobody said which half an item belongs to, so that a hash of its name did."""
    raw: HalfReport
    mapped: HalfReport


class Measures(FrozenModel):
    """What the labels of one dimension and language show."""

    items: Count
    """With a label."""
    labels: Count
    raters: Count
    rated_twice: Count
    """Items that two people or more labelled: they show how far people agree."""
    units: Count
    """Independent units among the items that people and judge scored."""
    prevalence: dict[Annotated[str, Field(pattern=r"^\d{1,2}$")], Share]
    """Score → share of the labels."""
    human_alpha: Interval | None
    """Krippendorff's alpha of the raters, ordinal; None where fewer than ten items were rated twice."""
    human_kappa: Number | None
    """Quadratic-weighted kappa of one person with another, under the same condition."""
    kappa: Interval
    """Quadratic-weighted kappa of the judge with a person."""
    ratio: Number | None
    """Kappa over human kappa; None without a human ceiling above 0."""
    bias: Interval
    """Judge minus human, score points."""
    slope: Number | None
    """By how much the judge's score rises with one point of the labels, free of the raters' own noise where items were rated
    twice; 1: as the labels do, below: the scale is compressed."""
    error: Number | None
    """Root mean squared difference, score points."""
    pearson: Number | None
    """Correlation of scores; None, like the two of ranks below, where people or judge gave one and the same score throughout."""
    spearman: Number | None
    kendall: Number | None
    """Tau-b."""
    exact: Share | None
    within_one: Share | None
    """None on a scale of two labels, where it would be 1 by itself."""
    coverage: Share | None
    """Share of the labelled items that the judge scored."""
    categories: Annotated[tuple[Count, ...], Field(max_length=20)]
    confusion: tuple[tuple[Count, ...], ...]
    """A row for each label of people, a column for each score of the judge; counts pairs."""
    arms: Annotated[tuple[ArmBias, ...], Field(max_length=MAX_ROWS)]
    """In order of name; empty where nobody named an arm."""
    map: MonotoneMap | None
    """None where a half holds too few items."""

    @property
    def bias_gap(self) -> float | None:
        """Largest difference of bias between two arms, score points; None without two arms."""
        known = [one.bias.value for one in self.arms if one.bias.value is not None]
        return max(known) - min(known) if len(known) > 1 else None


class DimensionCalibration(FrozenModel):
    """One dimension in one language."""

    dimension: Name
    language: Name
    """Empty: the labels do not say; it then stands for every language."""
    status: Status
    reasons: tuple[Sentence, ...]
    """What decided it, in plain sentences, the gravest first."""
    advice: Sentence | None
    """What to do about it; None where nothing needs doing."""
    measures: Measures


class ArmMean(FrozenModel):
    """The mean score of one arm in one dimension: what the judge says, and what people would have said."""

    dimension: Name
    """Empty: the mean over all dimensions of a conversation, where one scale holds for all."""
    language: Name
    """Empty: all languages together."""
    arm: Name
    judged: Count
    """Items that the judge scored."""
    labelled: Count
    """Of those, items that people labelled as well."""
    judge_mean: Interval
    corrected_mean: Interval
    """Corrected by the labels (prediction-powered), score points."""


class ArmSource(FrozenModel):
    """Where the conversations of an arm came from."""

    arm: Name
    run: Name
    build: Name | None
    """None where the target attested none."""


class Calibration(FrozenModel):
    """One judge held against people."""

    judge: Name
    """Its name, for people."""
    fingerprint: Annotated[str, Field(min_length=1, max_length=200)]
    created: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\+00:00|Z)$")]
    """ISO 8601, UTC."""
    labels: Count
    """Labels of people, over all dimensions."""
    items: Count
    """Items with a label."""
    evidence: Name
    """Fingerprint of the labels and scores."""
    dimensions: Annotated[tuple[DimensionCalibration, ...], Field(max_length=MAX_ROWS)]
    """In order of dimension and language."""
    means: Annotated[tuple[ArmMean, ...], Field(max_length=MAX_ROWS)]
    sources: tuple[ArmSource, ...] = ()
    """Of the arms whose conversations are known."""

    def status(self, dimension: str, language: str) -> Status:
        """Return what the judge's scores of a dimension are good for in a language; labels without one stand for every language."""
        found = {one.language: one.status for one in self.dimensions if one.dimension == dimension}
        return found.get(language, found.get("", Status.UNCALIBRATED))

    def entering(self, dimensions: Iterable[str], language: str) -> tuple[str, ...]:
        """Return the dimensions that may enter a score in a language: all but those that are off."""
        return tuple(one for one in dimensions if self.status(one, language) is not Status.OFF)


def finite(value: float) -> float | None:
    """Return `value`, or None where it is infinite or undefined: JSON has no such numbers."""
    return float(value) if math.isfinite(value) else None
