"""`harness plan`: figures from flags and from baselines, words, and words that cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from harness.baselines.file import write_baseline
from harness.package_data import shipped
from tests.cli.conftest import Door
from tests.fakes import measured_run

ASSUMED = (
    *("--scenarios", "40", "--baseline-repeats", "20", "--within-sd", "0.63"),
    *("--interaction-sd", "0.2", "--margin", "0.2", "--power", "0.9"),
)


def stored(
    path: Path, seed: int, *, repeats: int = 6, clusters: Sequence[str] = (), build: str = "ab" * 20, judge=measured_run.JUDGE
) -> Path:
    """Write a baseline of thirty scenarios whose scores are drawn."""
    rng = np.random.default_rng(seed)
    names = [f"s{number:02}" for number in range(30)]
    plans = [measured_run.plan(name, cluster=clusters[number] if clusters else name) for number, name in enumerate(names)]
    records = []
    for name in names:
        centre = rng.normal(4.0, 0.3)
        for repeat in range(repeats):
            scores = np.clip(np.rint(rng.normal(centre, 0.6, 2)), 1, 5).astype(int).tolist()
            records.append(measured_run.record(measured_run.transcript(name=name, repeat=repeat), measured_run.rated(*scores)))
    manifest = measured_run.manifest(plans, repeats, judge=judge, expected_build=build)
    write_baseline(path, measured_run.RunRecord(manifest, tuple(records), build))
    return path


def test_one_document_with_the_documented_fields(door: Door) -> None:
    """Every flag of the documented call is understood, and the document holds what it promises."""
    done = door("plan", *ASSUMED, "--json")
    found = done.document
    assert (done.code, done.err) == (0, "")
    assert list(found["power_by_repeats"]) == [str(repeats) for repeats in range(1, 21)]
    needed = found["repeats_needed"]
    assert found["power_by_repeats"][str(needed)] >= 0.9 > found["power_by_repeats"][str(needed - 1)]
    assert set(found["expected_calls"]) == {"d0", "margin", "twice_margin"}
    assert found["expected_calls"]["margin"] > found["expected_calls"]["d0"]
    assert found["floor"] == pytest.approx(0.2 / 40**0.5)
    assert found["scenarios_needed"] == 40
    assert found["cap"] == found["looks"][-1] == needed
    assert 0.2 < found["minimum_detectable_drop"] < 0.6
    assert (found["cost"], found["limit"], found["warnings"]) == (None, None, [])


def test_money_is_the_price_of_the_conversations(door: Door) -> None:
    """Expected conversations, the most there can be, and the baseline's, each times the price."""
    found = door("plan", *ASSUMED, "--most-repeats", "9", "--cost-per-call", "0.05", "--json").document
    assert found["cost"]["d0"] == pytest.approx(0.05 * found["expected_calls"]["d0"])
    assert found["cost"]["at_cap"] == pytest.approx(0.05 * 40 * found["cap"])
    assert found["cost"]["baseline"] == pytest.approx(40)
    assert " USD" in door("plan", *ASSUMED, "--most-repeats", "9", "--cost-per-call", "0.05").out


def test_a_binding_floor_is_said_with_the_scenarios_that_lift_it(door: Door) -> None:
    """Builds that differ from scenario to scenario: no repeats help, and the warning says what does."""
    words = ("--scenarios", "20", "--interaction-sd", "0.6", "--most-repeats", "5")
    found = door("plan", *words, "--json").document
    assert found["repeats_needed"] is None
    assert found["limit"] == "floor"
    assert found["scenarios_needed"] > 60
    assert found["floor"] == pytest.approx(0.6 / 20**0.5)
    assert found["inconclusive_at_no_drop"] > 0.1
    assert "the floor binds" in found["warnings"][0]
    assert f"{found['scenarios_needed']} independent scenarios" in found["warnings"][0]
    text = " ".join(door("plan", *words).out.split())
    assert "No number of repeats brings the standard error below 0.134 points" in text
    assert f"instead of 90 %. {found['scenarios_needed']} independent scenarios would do." in text
    enough = door("plan", *words[2:], "--scenarios", found["scenarios_needed"], "--json").document
    assert enough["repeats_needed"] is not None


@pytest.mark.parametrize(("words", "meant"), [("--baseline-repeats 3", "deeper baseline"), ("--most-repeats 3", "more than 3 repeats")])
def test_other_limits_are_named(door: Door, words: str, meant: str) -> None:
    """A shallow baseline and too few repeats have remedies of their own."""
    assert any(meant in warning for warning in door("plan", "--most-repeats", "4", *words.split(), "--json").document["warnings"])


def test_the_shipped_baseline_is_planned_for(door: Door) -> None:
    """Scenarios, clusters, depth and variances come from the file; conversations count rows, evidence counts clusters."""
    found = door("plan", "--most-repeats", "4", "--baseline", shipped("baselines") / "demo.jsonl.gz", "--json").document
    design = found["design"]
    assert 10 < design["clusters"] <= design["scenarios"]
    assert design["baseline_repeats"] == 20
    assert found["components"]["assumed"] is True
    assert found["components"]["interaction"] == pytest.approx(0.4 * found["components"]["within"])
    assert found["expected_calls"]["d0"] >= design["scenarios"] * 0.99


def test_variances_of_a_baseline_are_those_of_its_scores(door: Door, tmp_path: Path) -> None:
    """Within is the pooled spread of repeats; flags win over the file."""
    path = stored(tmp_path / "blue.jsonl.gz", 1)
    found = door("plan", "--most-repeats", "4", "--baseline", path, "--json").document
    assert found["components"]["within"] == pytest.approx(0.6 / 2**0.5, abs=0.08)
    assert found["design"]["scenarios"] == found["design"]["clusters"] == 30
    assert found["design"]["baseline_repeats"] == 6
    flagged = door(
        "plan", "--most-repeats", "4", "--baseline", path, "--within-sd", "1", "--scenarios", "60", "--baseline-repeats", "9", "--json"
    ).document
    assert flagged["components"]["within"] == 1
    assert (flagged["design"]["clusters"], flagged["design"]["baseline_repeats"]) == (60, 9)


def test_a_second_build_shows_the_interaction(door: Door, tmp_path: Path) -> None:
    """Two builds whose scenarios differ: the interaction is estimated, not assumed."""
    blue, green = stored(tmp_path / "blue.jsonl.gz", 1), stored(tmp_path / "green.jsonl.gz", 2, repeats=4, build="cd" * 20)
    found = door("plan", "--most-repeats", "4", "--baseline", blue, "--against", green, "--json").document
    assert found["components"]["assumed"] is False
    assert found["components"]["interaction"] == pytest.approx(0.3 * 2**0.5, abs=0.15)
    same = door("plan", "--most-repeats", "4", "--baseline", blue, "--against", blue, "--json").document
    assert any("same build" in warning for warning in same["warnings"])


def test_rows_of_a_table_are_one_piece_of_evidence(door: Door, tmp_path: Path) -> None:
    """Thirty scenarios in ten clusters: ten count, and all thirty are paid for."""
    path = stored(tmp_path / "blue.jsonl.gz", 3, clusters=[f"c{number // 3}" for number in range(30)])
    found = door("plan", "--most-repeats", "4", "--baseline", path, "--json").document
    assert (found["design"]["scenarios"], found["design"]["clusters"]) == (30, 10)
    assert found["expected_calls"]["d0"] >= 30
    assert any("this suite only" in warning for warning in found["warnings"])


def test_files_that_cannot_be_planned_from(door: Door, tmp_path: Path) -> None:
    """No file, no score, another judge, or a second build without a first: 2, at the file or flag, with a remedy."""
    blue = stored(tmp_path / "blue.jsonl.gz", 1)
    other = stored(tmp_path / "other.jsonl.gz", 2, judge=measured_run.JudgeIdentity("somebody", "1" * 16, "2" * 16))
    empty = tmp_path / "empty.jsonl.gz"
    records = tuple(
        measured_run.record(measured_run.transcript(name="price", repeat=repeat), measured_run.unrated()) for repeat in range(3)
    )
    write_baseline(empty, measured_run.RunRecord(measured_run.manifest([measured_run.plan("price")]), records, measured_run.BUILD))
    for words, meant in (
        (("--baseline", tmp_path / "nowhere.gz"), "nowhere.gz"),
        (("--baseline", empty), "no scenario in it has a scored conversation"),
        (("--baseline", blue, "--against", other), "another judge"),
        (("--against", blue), "--against"),
    ):
        done = door("plan", *words)
        assert (done.code, done.out) == (2, "")
        assert meant in done.err


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("--margin 0", "--margin"),
        ("--power 1", "--power"),
        ("--within-sd -1", "--within-sd"),
        ("--within-sd nan", "--within-sd"),
        ("--cost-per-call nan", "--cost-per-call"),
        ("--mean 6", "--mean"),
        ("--scenarios 1", "--scenarios"),
        ("--alpha 0.5", "--alpha"),
    ],
)
def test_words_that_cannot_be_are_usage(door: Door, words: str, meant: str) -> None:
    """Values out of range end in 2 and name the flag."""
    done = door("plan", *words.split())
    assert (done.code, done.out) == (2, "")
    assert meant in done.err


@pytest.mark.parametrize(("interaction", "reached"), [("0", 1), ("0.1", 1), ("1.5", None)])
@pytest.mark.slow
def test_scores_that_never_vary(door: Door, interaction: str, reached: int | None) -> None:
    """Without noise the first look decides, or none does: repeats of the same score add nothing."""
    found = door("plan", "--within-sd", "0", "--interaction-sd", interaction, "--most-repeats", "3", "--json").document
    assert found["repeats_needed"] == reached
