from __future__ import annotations

from dataclasses import replace

import pytest

from harness.baselines.baseline import Baseline, baseline_of
from harness.baselines.diff import Change, difference, summary
from harness.conversations.transcript import EndReason
from harness.frozen import canonical_json
from harness.judging.judge import JudgeIdentity, Judgement
from harness.records.run import RunRecord
from tests.fakes import measured_run as made


def judged(run: RunRecord, judgement: Judgement, *, name: str) -> RunRecord:
    records = tuple(replace(one, judgement=judgement) if one.assignment.scenario_id == name else one for one in run.conversations)
    return replace(run, conversations=records)


def failing(run: RunRecord, *, name: str, repeat: int) -> RunRecord:
    bad = made.record(made.transcript(made.failed_exchange(), name=name, repeat=repeat, ended=EndReason.TARGET_FAILURE), made.rated(1, 1))
    return replace(run, conversations=tuple(bad if one.assignment == bad.assignment else one for one in run.conversations))


@pytest.fixture
def blue() -> Baseline:
    return baseline_of(made.run(("price", "stock", "gone")))


def test_a_baseline_does_not_differ_from_itself(blue: Baseline) -> None:
    """No changes, nothing added or removed, and every difference is zero."""
    same = difference(blue, blue)
    assert (same.changes, same.added, same.removed, same.changed, same.deselected) == ((), (), (), (), ())
    assert all(one.mean == one.pass_rate == 0 and set(one.dimensions.values()) == {0} for one in same.scenarios)
    assert "3 of 3 measured scenarios did not move" in same.text()


def test_scenarios_that_came_went_or_changed_are_listed_and_not_compared(blue: Baseline) -> None:
    """A scenario under another fingerprint is another question; its scores are not subtracted."""
    run = made.run(("price", "stock", "new"))
    plans = tuple(replace(plan, fingerprint="1" * 16) if plan.id == "stock" else plan for plan in run.manifest.scenarios)
    green = baseline_of(replace(run, manifest=replace(run.manifest, scenarios=plans)))
    found = difference(blue, green)
    assert (found.added, found.removed, found.changed) == (("new",), ("gone",), ("stock",))
    assert [one.id for one in found.scenarios] == ["price"]


def test_scores_and_passes_are_subtracted_as_after_minus_before(blue: Baseline) -> None:
    """A worse build has negative differences, per scenario and per dimension."""
    run = failing(judged(made.run(("price", "stock", "gone")), made.rated(4, 4), name="price"), name="stock", repeat=1)
    found = {one.id: one for one in difference(blue, baseline_of(run)).scenarios}
    assert found["price"].mean == pytest.approx(-0.5)
    assert found["price"].dimensions == pytest.approx({"groundedness": -1.0, "tone_and_locale": 0.0})
    assert found["price"].pass_rate == 0
    assert found["stock"].pass_rate == pytest.approx(-1 / 3)
    assert found["stock"].mean == pytest.approx((2 * 4.5 + 1) / 3 - 4.5)
    assert found["gone"].mean == 0


def test_critical_failures_are_counted_before_and_after(blue: Baseline) -> None:
    """More of them are shown even where the mean stands still; not under another judge, who may call other things critical."""
    run = judged(made.run(("price", "stock", "gone")), made.rated(5, 4, critical=("catalogue_facts",)), name="price")
    assert "price: score +0.000, passed 3/3 -> 3/3, critical failures 0/3 -> 3/3" in difference(blue, baseline_of(run)).text()
    other = replace(run.manifest, judge=JudgeIdentity("rules only", "0" * 16, "e" * 16))
    assert "critical failures" not in difference(blue, baseline_of(replace(run, manifest=other))).text()


def test_what_moved_is_shown_worst_first(blue: Baseline) -> None:
    """The text begins with the largest loss and counts the rest."""
    run = judged(judged(made.run(("price", "stock", "gone")), made.rated(4, 4), name="price"), made.rated(1, 1), name="stock")
    lines = difference(blue, baseline_of(run)).text().splitlines()
    places = [next(number for number, line in enumerate(lines) if f"  {name}: score" in line) for name in ("stock", "price")]
    assert places == sorted(places)
    assert "score -3.500, passed 3/3 -> 3/3" in lines[places[0]]
    assert "1 of 3 measured scenarios did not move" in lines[-1]


def test_scores_of_different_judges_are_never_subtracted(blue: Baseline) -> None:
    """Another fingerprint is another ruler; passes are counted by code, and stay comparable."""
    run = failing(made.run(("price", "stock", "gone"), judge=JudgeIdentity("rules only", "0" * 16, "e" * 16)), name="price", repeat=0)
    found = difference(blue, baseline_of(run))
    assert not found.comparable
    assert all(one.mean is None and one.dimensions == {} for one in found.scenarios)
    assert found.scenarios[1].pass_rate == pytest.approx(-1 / 3)
    assert "judges differ" in found.text()
    assert "not comparable" in found.text()


def test_a_scenario_without_scores_has_no_difference(blue: Baseline) -> None:
    """A missing score is not a score of 0."""
    run = judged(made.run(("price", "stock", "gone")), made.unrated(), name="price")
    found = next(one for one in difference(blue, baseline_of(run)).scenarios if one.id == "price")
    assert (found.mean, found.after.mean, found.after.scored, found.after.dimensions) == (None, None, 0, {})


def test_what_else_differs_is_named_before_and_after(blue: Baseline) -> None:
    """Build, repeats and date are part of what a measurement means."""
    green = baseline_of(replace(made.run(("price", "stock", "gone"), 4, created="2026-11-02T12:00:00Z"), build=None))
    assert difference(blue, green).changes == (
        Change("build", made.BUILD, None),
        Change("repeats", "3", "4"),
        Change("recorded", "2026-11-01T12:00:00Z", "2026-11-02T12:00:00Z"),
    )
    assert f"build: {made.BUILD} -> none" in difference(blue, green).text()


def test_a_planned_run_is_held_against_a_baseline_without_figures(blue: Baseline) -> None:
    """Before the first call one sees what cannot be paired, and what the command line left out."""
    manifest = made.manifest([made.plan("price"), made.plan("new")], deselected=("stock", "other"))
    found = difference(blue, manifest)
    assert (found.after, found.added, found.removed, found.deselected, found.scenarios) == (
        manifest.run_id,
        ("new",),
        ("gone",),
        ("stock",),
        (),
    )


def test_a_summary_says_what_a_baseline_holds() -> None:
    """Means are weighted over scenarios with scores; passes are counted over all conversations."""
    run = failing(judged(made.run(("price", "stock", "gone")), made.unrated(), name="gone"), name="stock", repeat=0)
    plans = tuple(replace(plan, weight=3.0) if plan.id == "price" else plan for plan in run.manifest.scenarios)
    found = summary(baseline_of(replace(run, manifest=replace(run.manifest, scenarios=plans)), "Aoi", "weekly"))
    stock = (4.5 + 4.5 + 1) / 3
    assert found.mean == pytest.approx((3 * 4.5 + stock) / 4)
    assert found.pass_rate == pytest.approx(8 / 9)
    assert found.scenarios["gone"].mean is None
    assert found.scenarios["stock"].dimensions == pytest.approx({"groundedness": 11 / 3, "tone_and_locale": 3.0})
    text = found.text()
    assert "accepted by: Aoi (weekly)" in text
    assert "6 of 9 conversations scored, 1 with a critical failure" in text
    assert {name: figures.critical for name, figures in found.scenarios.items()} == {"price": 0, "stock": 1, "gone": 0}
    assert "  none    3/3  gone" in text


def test_a_baseline_without_any_score_has_no_mean() -> None:
    """Nothing to average is not zero."""
    run = made.run(("price",))
    found = summary(baseline_of(judged(run, made.unrated(), name="price")))
    assert found.mean is None
    assert "mean score none" in found.text()


def test_long_lists_are_cut_in_text_and_whole_in_data() -> None:
    """A terminal shows twenty; JSON has all."""
    names = [f"s{number:02d}" for number in range(30)]
    blue, green = made.run(names), made.run([f"t{number:02d}" for number in range(30)])
    found = difference(baseline_of(blue), baseline_of(green))
    assert len(found.added) == 30
    assert "and 10 more" in found.text()
    for name in names:
        blue = judged(blue, made.rated(1, 1), name=name)
    assert "and 10 more scenarios that moved" in difference(baseline_of(blue), baseline_of(made.run(names))).text()


def test_a_name_from_elsewhere_cannot_command_a_terminal(blue: Baseline) -> None:
    """Escape sequences in a file's note or scenario ids are shown as what they are."""
    evil = replace(blue, note="\x1b[2J\x07", accepted_by="\x9b31m")
    assert not any(character in summary(evil).text() for character in "\x1b\x07\x9b")
    assert not any(character in difference(evil, replace(evil, build="\x1b[31m")).text() for character in "\x1b")


def test_both_can_be_printed_as_json(blue: Baseline) -> None:
    """Results are frozen values of plain data."""
    assert b'"comparable":true' in canonical_json(difference(blue, blue))
    assert b'"pass_rate":1.0' in canonical_json(summary(blue))
