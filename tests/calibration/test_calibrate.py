"""From labels to a calibration: cells, corrected means, and the rule on planted judges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness.calibration.arms import arm_means
from harness.calibration.calibrate import calibrate
from harness.calibration.calibration import Calibration, Status
from harness.calibration.labels import Case
from harness.errors import SettingsError
from tests.fakes.labelled import Planted, cases, same

NOW = "2026-11-01T00:00:00Z"


def calibrated(given: tuple[Case, ...] | list[Case]) -> Calibration:
    return calibrate(given, "a judge", "f" * 16, NOW)


def test_each_dimension_and_language_is_ruled_on_by_itself():
    """Good in English and useless in Japanese: on in one and off in the other, and unknown in a third."""
    rng = np.random.default_rng(1)
    english = cases(Planted(noise=0.2), 150, seed=1, language="en")
    japanese = [replace(one, item=f"ja-{one.item}", language="ja", judge=float(rng.integers(1, 6))) for one in english]
    found = calibrated([*english, *japanese])
    assert [(one.dimension, one.language, one.status) for one in found.dimensions] == [
        ("tone", "en", Status.GATING),
        ("tone", "ja", Status.OFF),
    ]
    assert (found.status("tone", "en"), found.status("tone", "ja"), found.status("tone", "fr")) == (
        Status.GATING, Status.OFF, Status.UNCALIBRATED,
    )  # fmt: skip
    assert found.entering(("facts", "tone"), "ja") == ("facts",)
    assert found.entering(("facts", "tone"), "en") == ("facts", "tone")
    assert (found.items, found.labels) == (300, 900)


def test_labels_without_a_language_stand_for_every_language():
    """Nobody said which: the judge is taken as calibrated in all."""
    found = calibrated(cases(Planted(), 100, seed=1))
    assert found.status("tone", "ja") is Status.GATING


def test_a_bias_that_depends_on_the_arm_does_not_gate():
    """Half a point milder in green: the size is reported within a tenth, and the dimension only advises."""
    blue = cases(Planted(noise=0.2), 400, seed=1, arm="blue")
    green = [replace(one, item=f"g{one.item}", arm="green") for one in cases(Planted(bias=0.5, noise=0.2), 400, seed=2)]
    found = calibrated([*blue, *green])
    (dimension,) = found.dimensions
    assert dimension.measures.bias_gap == pytest.approx(0.5, abs=0.05)
    assert dimension.status is Status.ADVISORY
    means = {one.arm: one for one in found.means}
    assert means["green"].judge_mean.value - means["blue"].judge_mean.value == pytest.approx(0.5, abs=0.1)
    assert means["green"].corrected_mean.value - means["blue"].corrected_mean.value == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize(("runs", "least"), [(40, 0.9), pytest.param(200, 0.94, marks=pytest.mark.slow)], ids=["small", "large"])
def test_a_few_labels_correct_the_mean_of_many_conversations(runs: int, least: float):
    """The judge scored 400 and people 40: its interval misses their mean each time, the corrected one holds it in 94 of 100 runs or more."""
    planted, hit, missed = Planted(bias=0.5, slope=0.5, noise=0.4), 0, 0
    for seed in range(runs):
        given = cases(planted, 400, seed=seed, people=1)
        truth = float(np.mean([one.human[0] for one in given]))
        (found,) = arm_means([one if index < 40 else replace(one, human=(), raters=()) for index, one in enumerate(given)])
        assert (found.judged, found.labelled) == (400, 40)
        hit += found.corrected_mean.lower <= truth <= found.corrected_mean.upper
        missed += not found.judge_mean.lower <= truth <= found.judge_mean.upper
    assert missed == runs
    assert hit >= least * runs


def test_means_stand_for_all_languages_and_for_each():
    """One row over everything, then one for each language, each in every arm."""
    english = cases(Planted(), 20, seed=1, language="en", arm="green")
    japanese = [replace(one, item=f"ja-{one.item}", language="ja") for one in english]
    found = calibrated([*english, *japanese])
    assert [(one.language, one.arm, one.judged) for one in found.means] == [("", "green", 40), ("en", "green", 20), ("ja", "green", 20)]


def test_a_mean_over_all_dimensions_speaks_of_conversations():
    """Each conversation's own mean, corrected where people labelled all of it; on scales that differ there is none."""
    tone = cases(Planted(bias=0.5), 100, seed=1, arm="green")
    facts = [replace(one, dimension="facts", judge=1.0, human=(2,), raters=("ann",)) for one in tone]
    partly = [replace(one, human=(), raters=()) if index % 2 else one for index, one in enumerate(facts)]
    found = {one.dimension: one for one in arm_means([*tone, *partly])}
    assert found[""].labelled == 50
    assert found[""].judge_mean.value == pytest.approx((found["tone"].judge_mean.value + 1) / 2)
    assert found[""].corrected_mean.value == pytest.approx((np.mean([one.person for one in tone]) + 2) / 2, abs=0.1)
    answers = [replace(one, dimension="met", judge=1.0, human=(0,), raters=("ann",)) for one in tone]
    assert "" not in {one.dimension for one in arm_means([*tone, *answers])}


def test_an_arm_without_labels_has_no_corrected_mean():
    """The correction is unknown there, not absent."""
    blue = cases(Planted(), 20, seed=1, arm="blue")
    green = [replace(one, arm="green", human=(), raters=()) for one in blue]
    means = {one.arm: one for one in calibrated([*blue, *green]).means}
    assert means["green"].corrected_mean.value is None
    assert means["green"].judge_mean.value == means["blue"].judge_mean.value


def test_nothing_to_compare_is_refused_with_the_remedy():
    """Labels alone, or scores alone, are no calibration."""
    for given in (same([(3, 3)], judge=None), same([(3, 3)], human=(), raters=())):
        with pytest.raises(SettingsError, match="name the run that was sampled with --run"):
            calibrated(given)


def test_the_same_labels_give_the_same_calibration_in_any_order():
    """Nothing but the labels counts; the evidence's fingerprint says which they were."""
    given = [*cases(Planted(noise=0.5), 40, seed=8, arm="green"), *cases(Planted(noise=0.5), 40, seed=9, arm="blue")]
    assert calibrated(given) == calibrated(given[::-1])
    assert calibrated(given).evidence != calibrated(given[1:]).evidence
