"""Which conversations are drawn, with what probability, and how labels find their way back to them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harness.calibration.arms import arm_means
from harness.calibration.calibration import ArmSource
from harness.calibration.join import joined
from harness.calibration.labels import Case, read_labels
from harness.calibration.sample import SIZE, Candidate, Judged, Sample, draw
from harness.calibration.sample_file import empty_table, read_sample, write_sample
from harness.errors import SettingsError, StoreError

JUDGED = Judged(
    "a judge",
    "a" * 16,
    "b" * 16,
    "2026-11-01T00:00:00Z",
    (ArmSource(arm="green", run="r1", build="abc"), ArmSource(arm="blue", run="r2", build=None)),
)


def candidates(
    count: int = 500, arms: tuple[str, ...] = ("green", "blue"), disputed: bool | None = False, seed: int = 1
) -> list[Candidate]:
    """Mostly good conversations, some bad ones, in both languages; a tenth disputed where asked."""
    rng = np.random.default_rng(seed)
    found = []
    for arm in arms:
        for number in range(count):
            scores = {
                "tone": int(rng.choice([5, 4, 3, 2, 1], p=[0.5, 0.25, 0.15, 0.05, 0.05])),
                "facts": int(rng.choice([5, 4, 1], p=[0.7, 0.2, 0.1])),
            }
            doubt = None if disputed is None else bool(disputed and rng.random() < 0.1)
            found.append(Candidate(arm, f"s{number % 50}", number // 50, "ja" if number % 3 else "en", f"s{number % 50}", scores, doubt))
    return found


def test_the_mixture_is_as_it_should_be():
    """150 of 1000: half from each arm; every stratum gets what the mixture of random, extreme and disputed ones gives it on average."""
    given = candidates(disputed=True)
    found = draw(given, JUDGED)
    assert len(found.drawn) == SIZE == 150
    assert Counter(one.arm for one in found.drawn) == {"green": 75, "blue": 75}
    far = [one for one in found.conversations if "extreme or low" in one.stratum]
    doubted = [one for one in found.conversations if "disputed" in one.stratum]
    expected_far = 150 * (0.3 + 0.5 * len(far) / 1000 + 0.2 * len([one for one in doubted if one in far]) / len(doubted))
    assert sum(bool(one.seats) for one in far) == pytest.approx(expected_far, abs=3)
    expected_doubted = 150 * (0.2 + 0.5 * len(doubted) / 1000 + 0.3 * len([one for one in far if one in doubted]) / len(far))
    assert sum(bool(one.seats) for one in doubted) == pytest.approx(expected_doubted, abs=3)
    assert found.notes == ()


def test_three_raters_share_the_sample_and_all_rate_two_fifths():
    """60 of 150 by all three, the other 90 dealt out evenly: each rater has 90 conversations."""
    found = draw(candidates(), JUDGED)
    assert sum(len(one.seats) == 3 for one in found.drawn) == 60
    assert Counter(seat for one in found.drawn for seat in one.seats) == {1: 90, 2: 90, 3: 90}


@pytest.mark.slow
def test_inclusion_probabilities_are_true():
    """Over 2000 drawings every conversation is drawn as often as its probability says."""
    given = candidates(100, disputed=True)
    counts, stated = Counter(), {}
    for seed in range(2000):
        for one in draw(given, JUDGED, 60, seed).conversations:
            key = one.arm, one.scenario, one.repeat
            counts[key] += bool(one.seats)
            stated[key] = one.inclusion
    for key, probability in stated.items():
        assert counts[key] / 2000 == pytest.approx(probability, abs=4.5 * np.sqrt(0.25 / 2000))


def test_strata_of_one_size_or_another_are_never_overdrawn_or_forgotten():
    """Whatever the population, every conversation can be drawn, none twice, and as many are drawn as can be."""
    for count, size in ((1, 20), (3, 20), (9, 20), (40, 20), (300, 150)):
        found = draw(candidates(count, disputed=True, seed=count), JUDGED, size)
        assert len(found.drawn) == min(size, 2 * count) or (count == 9 and len(found.drawn) >= 18)
        assert all(0 < one.inclusion <= 1 for one in found.conversations)
        assert len({one.item for one in found.conversations}) == 2 * count


@pytest.mark.parametrize(
    ("given", "note"),
    [
        (candidates(30, disputed=None), "The judge was asked once about each conversation and nothing was audited"),
        (candidates(30), "The judge never disagreed with itself"),
        (candidates(5), "Only 10 conversations were judged, so all of them were drawn instead of 150."),
        ([replace(one, scores={"tone": 4}) for one in candidates(30)], "All conversations scored alike"),
    ],
)
def test_what_could_not_be_drawn_as_meant_is_said(given: list[Candidate], note: str):
    """A part of the mixture that nobody belongs to is drawn at random, and the reader is told."""
    assert any(one.startswith(note) for one in draw(given, JUDGED).notes)


def test_names_tell_nothing():
    """An item's name is the same on each drawing with the same seed, and says neither arm, scenario nor score."""
    first, again, other = draw(candidates(), JUDGED), draw(candidates()[::-1], JUDGED), draw(candidates(), JUDGED, seed=2)
    assert first == again
    assert {one.item for one in first.drawn}.isdisjoint(one.item for one in other.drawn)
    assert all(one.item.startswith("c-") and len(one.item) == 18 for one in first.drawn)
    assert [one.item for one in first.drawn] == sorted(one.item for one in first.drawn)


def labelled(sample: Sample, shift: float = 0.0, share: float = 1.0) -> list[Case]:
    """What people hand in: one point less than the judge where it scored 5, and nothing for some."""
    rng = np.random.default_rng(3)
    return [
        Case(one.item, name, None, (int(max(1, score - (score == 5) + shift)),), ("ann",), one.language)
        for one in sample.drawn
        for name, score in one.scores.items()
        if rng.random() < share
    ]


@pytest.mark.parametrize("share", [1.0, 0.6])
@pytest.mark.slow
def test_labels_of_a_skewed_sample_correct_the_whole_arm(share: float):
    """Extreme conversations are drawn more often, and some are never rated: the corrected mean is that of everything all the same."""
    given = candidates(400)
    hits = []
    for seed in range(30):
        sample = draw(given, JUDGED, seed=seed)
        for one in arm_means(joined(labelled(sample, share=share), sample)):
            names = [one.dimension] if one.dimension else ["facts", "tone"]
            truth = np.mean([[own.scores[name] - (own.scores[name] == 5) for name in names] for own in given if own.arm == one.arm])
            if one.language == "":
                assert one.judged == 400
                hits.append(one.corrected_mean.lower <= truth <= one.corrected_mean.upper)
                assert one.corrected_mean.value == pytest.approx(truth, abs=0.25)
    assert np.mean(hits) >= 0.93


def test_every_conversation_comes_back_with_its_arm_language_and_scenario():
    """What people need not know is joined; what was not labelled stands there with the judge's score alone."""
    sample = draw(candidates(100), JUDGED, 40)
    cases = joined(labelled(sample), sample)
    assert len(cases) == 400
    assert sum(bool(case.human) for case in cases) == 80
    by_item = {one.item: one for one in sample.conversations}
    for case in cases:
        one = by_item[case.item]
        assert (case.arm, case.language, case.cluster, case.judge) == (
            one.arm,
            one.language,
            one.scenario,
            float(one.scores[case.dimension]),
        )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"item": "c-0000000000000000"}, "item 'c-0000000000000000': was not drawn in this sample"),
        ({"dimension": "style"}, "is no dimension that this judge scores in the sample"),
        ({"judge": 9.0}, "says that the judge gave 9, but in the run it gave "),
    ],
)
def test_labels_of_something_else_are_refused(change: dict[str, object], expected: str):
    """A file of another sample, or with another judge's scores, calibrates nothing."""
    sample = draw(candidates(100), JUDGED, 40)
    first, *rest = labelled(sample)
    with pytest.raises(SettingsError) as caught:
        joined([replace(first, **change), *rest], sample)
    assert expected in str(caught.value)


def test_all_wrong_labels_are_counted():
    """The first five are shown, the others counted."""
    sample = draw(candidates(100), JUDGED, 40)
    with pytest.raises(SettingsError) as caught:
        joined([replace(case, item=f"x{number}") for number, case in enumerate(labelled(sample))], sample)
    assert str(caught.value).splitlines()[-1] == "… and 75 more"


def test_a_sample_is_stored_and_read_back(tmp_path: Path):
    """Nothing is lost, and none is no sample."""
    sample = draw(candidates(30), JUDGED, 20)
    assert read_sample(write_sample(tmp_path, sample)) == sample
    with pytest.raises(StoreError, match="there is no sample here; draw one with `harness judge sample RUN`"):
        read_sample(tmp_path / "none.json")


def test_the_table_is_what_calibrating_reads(tmp_path: Path):
    """Filled in as it is, every row of it is a label."""
    sample = draw(candidates(30), JUDGED, 20)
    path = tmp_path / "labels.csv"
    path.write_text("".join(line.replace(",,,", ",4,,", 1) for line in empty_table(sample).splitlines(keepends=True)), encoding="utf-8")
    cases = joined(read_labels([path]), sample)
    assert sum(len(case.human) for case in cases) == 2 * sum(len(one.seats) for one in sample.drawn)
