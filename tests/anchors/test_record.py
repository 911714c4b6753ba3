"""Records of a judge's verdicts: what is no reference is refused, and what was stored is found by its judge alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.anchors.clarity import unclear
from harness.anchors.reading import Reading
from harness.anchors.reckoning import shift_of
from harness.anchors.record import KEPT_POINTS, AnchorHistory, AnchorRecord, AnchorStore, ChartPoint, ShiftFigures
from harness.errors import StoreError
from tests.fakes.anchor_judges import shipped_set
from tests.fakes.anchor_readings import readings

ANCHORS = shipped_set()


def record(fingerprint: str = "judge-1", created: str = "2026-11-01T00:00:00+00:00") -> AnchorRecord:
    return AnchorRecord(judge="a judge", fingerprint=fingerprint, anchors=ANCHORS.fingerprint, created=created, readings=readings(1, 5))


def scored(score_of) -> dict[str, tuple[Reading, ...]]:
    return {
        anchor.id: tuple(Reading(scores={name: score_of(anchor, score) for name, score in anchor.scores.items()}, met={}) for _ in range(5))
        for anchor in ANCHORS.anchors
    }


def test_a_judge_that_sees_what_is_plain_is_a_reference() -> None:
    """Planted scores with usual noise are clear."""
    assert unclear(ANCHORS, readings(1, 5)) == ()


def test_a_judge_that_does_not_is_refused_with_its_figures() -> None:
    """Who finds bad conversations middling, or good ones, is told how many and how they score."""
    kind = unclear(ANCHORS, scored(lambda anchor, score: 3 if anchor.kind.value == "bad" else score))
    harsh = unclear(ANCHORS, scored(lambda _, score: min(score, 3)))
    assert "20 of 20 conversations that were planted clearly bad do not score at most 2 (mean 3.00)" in kind[0]
    assert "20 of 20 conversations that were planted clearly good do not score at least 4 (mean 3.00)" in harsh[0]


def test_a_judge_that_does_not_say_twice_the_same_is_refused() -> None:
    """Verdicts that scatter by more than .75 points could show no drift that matters."""
    noisy = {
        anchor.id: tuple(
            Reading(scores={name: min(5, max(1, score + step)) for name, score in anchor.scores.items()}, met={})
            for step in (-1, 1, -1, 1, 0)
        )
        for anchor in ANCHORS.anchors
    }
    assert any("scatter by" in problem for problem in unclear(ANCHORS, noisy))


def test_a_judge_that_is_silent_is_refused() -> None:
    """More than one verdict in twenty without a score is no reference."""
    silent = {name: (Reading(scores={}, met={}), *verdicts[1:]) for name, verdicts in readings(1, 5).items()}
    assert "100 of 500 verdicts have no score" in unclear(ANCHORS, silent)[0]


def test_two_clear_ones_may_be_seen_otherwise() -> None:
    """A judge may differ on two clear conversations, and not on three."""
    names = [anchor.id for anchor in ANCHORS.anchors if anchor.kind.value == "bad"]
    for count, refused in ((2, False), (3, True)):
        verdicts = scored(lambda anchor, score, count=count: 3 if anchor.id in names[:count] else score)
        assert bool(unclear(ANCHORS, verdicts)) is refused


def test_a_record_is_found_by_its_judge_and_its_set(tmp_path: Path) -> None:
    """Another fingerprint, or another set of anchors, has no record: nothing is silently compared."""
    store = AnchorStore(tmp_path / "anchors")
    store.keep_record(record())
    assert store.record("judge-1", ANCHORS) == record()
    assert store.record("judge-2", ANCHORS) is None
    assert store.record("judge-1", replace(ANCHORS, fingerprint="another")) is None


def test_a_moved_record_is_refused(tmp_path: Path) -> None:
    """The verdicts of one judge under the name of another are an error that says where they belong."""
    store = AnchorStore(tmp_path)
    store.keep_record(record())
    store.record_path("judge-1").rename(store.record_path("judge-2"))
    with pytest.raises(StoreError, match=r"move it to judge-1\.json"):
        store.record("judge-2", ANCHORS)


def test_an_edited_record_is_refused(tmp_path: Path) -> None:
    """A changed score is noticed."""
    store = AnchorStore(tmp_path)
    path = store.keep_record(record())
    path.write_text(path.read_text().replace('"groundedness": 5', '"groundedness": 1', 1))
    with pytest.raises(StoreError, match="was edited"):
        store.record("judge-1", ANCHORS)


def test_what_was_seen_ends_with_a_new_record(tmp_path: Path) -> None:
    """Checks and chart belong to the record that they were held against; a new record begins without any."""
    store = AnchorStore(tmp_path)
    store.keep_record(record())
    shift = shift_of(ANCHORS, readings(1, 5), readings(2, 5))
    assert shift is not None
    figures = ShiftFigures.of(shift)
    assert figures.value == shift
    point = ChartPoint(run="r", created="2026-11-02T00:00:00+00:00", group=0, shift=figures)
    many = AnchorHistory(record=record().created, checked="2026-11-03T00:00:00+00:00", check=figures, points=(point,) * KEPT_POINTS)
    store.keep_history("judge-1", many)
    assert store.history(record()) == many
    store.keep_record(record(created="2026-11-05T00:00:00+00:00"))
    assert store.history(record(created="2026-11-05T00:00:00+00:00")).points == ()


@pytest.mark.parametrize("name", ["../x", "", "a/b"])
def test_a_stranger_who_names_itself_oddly_stays_in_the_folder(tmp_path: Path, name: str) -> None:
    """A fingerprint that could leave the folder, or be no file name at all, gets a name that is one."""
    store = AnchorStore(tmp_path / "anchors")
    assert store.record_path(name).parent == tmp_path / "anchors"
    store.keep_record(record(name))
    assert store.record(name, ANCHORS) == record(name)
