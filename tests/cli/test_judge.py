"""`harness judge` from the command line: drawing a sample, handing labels in, and what is stored."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from harness.calibration.calibrate import calibrate
from harness.calibration.calibration import ArmSource
from harness.calibration.file import calibration_path, read_calibration, write_calibration
from harness.calibration.sample_file import read_sample, sample_path
from harness.package_data import shipped
from tests.acceptance.conftest import Finished
from tests.cli.conftest import Door, recorded
from tests.fakes.labelled import Planted, cases
from tests.fakes.model_like_judge import NAME
from tests.fakes.raw_http import RawServer

FP = "0123456789abcdef"
Green = Callable[..., AbstractContextManager[tuple[RawServer, Path]]]


def table(path: Path, rows: list[tuple[object, ...]], header: str = "item,dimension,rater,human,judge") -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header.split(","), *rows])
    return path


def good(path: Path) -> Path:
    """Forty items that two people and the judge score almost alike in `tone`, and at random in `facts`."""
    rows: list[tuple[object, ...]] = []
    for number in range(40):
        truth = 1 + number % 5
        near = max(1, truth - (number % 9 == 0))
        rows += [(f"i{number}", "tone", rater, label, truth) for rater, label in (("ann", truth), ("bob", near))]
        rows += [(f"i{number}", "facts", rater, label, 1 + number * 7 % 5) for rater, label in (("ann", truth), ("bob", near))]
    return table(path, rows)


@pytest.fixture
def run(door: Door, green: Green, suite_words: tuple[str, ...]) -> str:
    """A run of 36 judged conversations; its id."""
    with green() as (_, target):
        held = door("run", *suite_words, "--target", target, "--repeats", "3", "--quiet", "--json")
    assert held.code == 0
    return next(Path(".harness/runs").iterdir()).name


def test_labels_alone_are_reported_and_not_stored(door: Door, tmp_path: Path):
    """Nobody said whose scores these are: statuses are shown, nothing is written, and the reader is told how to store them."""
    found = door("judge", "calibrate", good(tmp_path / "labels.csv"))
    assert found.code == 0
    assert "1 gating, 1 off (160 labels of 40 items)" in found.out
    assert "tone: GATING" in found.out
    assert "facts: OFF" in found.out
    assert "Not stored" in found.out
    assert not (tmp_path / ".harness").exists()


def test_a_named_judge_gets_its_calibration_file(door: Door, tmp_path: Path):
    """Stored under its fingerprint, dated, with the number of labels; the document and the file say the same."""
    found = door("judge", "calibrate", good(tmp_path / "labels.csv"), "--fingerprint", FP, "--json")
    document = found.document
    stored = read_calibration(tmp_path / ".harness" / "calibrations" / f"{FP}.json")
    assert stored is not None
    assert (stored.fingerprint, stored.labels, stored.items, stored.created) == (FP, 160, 40, document["created"])
    assert {one["dimension"]: one["status"] for one in document["dimensions"]} == {"facts": "off", "tone": "gating"}
    assert document["stored"] == f".harness/calibrations/{FP}.json"
    assert document["dimensions"][1]["measures"]["confusion"][4][4] == 8 + 7


def test_output_and_settings_say_where(door: Door, tmp_path: Path):
    """--output wins; the folder of calibrations can be configured, so that it can lie in a repository."""
    labels = good(tmp_path / "labels.csv")
    assert door("judge", "calibrate", labels, "--fingerprint", FP, "--output", tmp_path / "deep" / "own.json").code == 0
    assert (tmp_path / "deep" / "own.json").exists()
    (tmp_path / "harness.toml").write_text('calibrations = "judges/calibrations"\n', encoding="utf-8")
    assert door("judge", "calibrate", labels, "--fingerprint", FP).code == 0
    assert (tmp_path / "judges" / "calibrations" / f"{FP}.json").exists()


def test_the_configured_judge_is_calibrated_by_default(door: Door, tmp_path: Path):
    """Named by settings or --judge; the file carries the fingerprint that its runs state."""
    found = door("judge", "calibrate", good(tmp_path / "labels.csv"), "--judge", "offline")
    assert "rules only held against people" in found.out
    (stored,) = (tmp_path / ".harness" / "calibrations").iterdir()
    assert read_calibration(stored).judge == "rules only"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--judge", "offline", "--fingerprint", FP), "--judge and --fingerprint both name a judge"),
        (("--fingerprint", ""), "is the word that a report states for its judge"),
        (("--judge", "nobody"), "unknown judge 'nobody'"),
        (("--run", "last"), "there are no runs here yet"),
        (("--sample", "none.json"), "there is no sample here"),
    ],
)
def test_what_cannot_be_used_is_a_sentence(door: Door, tmp_path: Path, words: tuple[str, ...], expected: str):
    """A mistake of the user ends in 2, and nothing is stored."""
    found = door("judge", "calibrate", good(tmp_path / "labels.csv"), *words)
    assert found.code == 2
    assert expected in found.err
    assert not (tmp_path / ".harness" / "calibrations").exists()


def test_all_mistakes_of_labels_are_shown_with_their_lines(door: Door, tmp_path: Path):
    """Hostile cells are quoted harmlessly, each at its place."""
    path = table(tmp_path / "labels.csv", [("a", "tone", "ann", "\x1b[31m9", 4), ("b", "", "ann", 3, "::error::")])
    found = door("judge", "calibrate", path)
    assert found.code == 2
    assert "labels.csv:2: column 'human'" in found.err
    assert "labels.csv:3: column 'dimension'" in found.err
    assert "\x1b" not in found.err
    assert "::error" not in found.err


def test_a_table_that_names_nothing_sensible_is_refused(door: Door, tmp_path: Path):
    """A column of free text as dimension would make a row of each; it is told as what it is."""
    rows = [(f"i{number}", f"text {number}", "ann", 3, 4) for number in range(600)]
    found = door("judge", "calibrate", table(tmp_path / "labels.csv", rows))
    assert found.code == 2
    assert "more than 250 combinations of dimension, language and arm" in found.err


def test_a_run_is_sampled_rated_and_calibrated(door: Door, run: str, suite_words: tuple[str, ...], tmp_path: Path):
    """Draw, fill the table in, hand it in: the judge's own scores are joined, and its calibration is stored under its fingerprint."""
    drawn = door("judge", "sample", run, *suite_words[:4])
    assert drawn.code == 0, drawn.err
    assert "36 conversations of 36 drawn, 14 of them for all three raters" in drawn.out
    assert "the part for disagreement is random" in drawn.out
    folder = tmp_path / ".harness" / "runs" / run / "labelling"
    assert sorted(path.name for path in folder.iterdir()) == ["form.html", "labels.csv", "sample.json"]
    assert {path.stat().st_mode & 0o077 for path in (folder / "form.html", folder / "labels.csv", folder)} == {0}
    sample = json.loads((folder / "sample.json").read_text(encoding="utf-8"))["sample"]
    judge = {one["item"]: one["scores"]["tone_and_locale"] for one in sample["conversations"]}
    with (folder / "labels.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 36 + 2 * 14
    for number, row in enumerate(rows):
        row["human"] = str(max(1, judge[row["item"]] - number % 2))
    filled = table(tmp_path / "filled.csv", [tuple(row.values()) for row in rows], ",".join(rows[0]))
    found = door("judge", "calibrate", filled, "--run", "last", "--json").document
    assert found["fingerprint"] == sample["fingerprint"]
    assert found["judge"] == "rules only"
    assert found["labels"] == len(rows)
    assert found["sources"][0]["run"] == run
    assert [(one["arm"], one["judged"], one["labelled"]) for one in found["means"]] == [("green", 36, 36)]
    assert found["dimensions"][0]["measures"]["bias"]["value"] == pytest.approx(0.5, abs=0.1)
    assert (tmp_path / ".harness" / "calibrations" / f"{found['fingerprint']}.json").exists()
    assert [one["dimension"] for one in found["means"]] == ["tone_and_locale"]
    wrong = door("judge", "calibrate", filled, "--run", "last", "--fingerprint", FP)
    assert (wrong.code, "leave the flag away" in wrong.err) == (2, True)


def test_labels_serve_another_judge_of_the_same_conversations(door: Door, run: str, suite_words: tuple[str, ...], tmp_path: Path):
    """After re-judging, the labels that people gave once calibrate the new judge, by the new run's name, on its own scores of the same items."""
    assert door("judge", "sample", run, *suite_words[:4]).code == 0
    sample = read_sample(sample_path(tmp_path / ".harness" / "runs" / run))
    labels = [(one.item, name, "ann", score, "") for one in sample.drawn for name, score in one.scores.items()]
    filled = table(tmp_path / "filled.csv", labels)
    done = door("rejudge", run, *suite_words[:4], "--judge", NAME, "--quiet", "--json")
    assert done.code == 0, done.err
    again = Path(done.document["written"]).name
    before, after = (door("judge", "calibrate", filled, "--run", one, "--json").document for one in (run, again))
    assert (before["judge"], after["judge"]) == ("rules only", "model-like")
    assert after["fingerprint"] == "model-like judge, version 1"
    assert after["sources"][0]["run"] == again
    assert (after["labels"], after["items"]) == (before["labels"], before["items"]) == (len(labels), 36)
    assert {one["dimension"] for one in after["dimensions"]} == {one["dimension"] for one in before["dimensions"]}
    other = door("judge", "sample", again, *suite_words[:4], "--out", tmp_path / "other")
    assert other.code == 0, other.err
    found = door("judge", "calibrate", filled, "--run", run, "--sample", tmp_path / "other" / "sample.json")
    assert (found.code, f"was not drawn from the run {run}" in found.err) == (2, True)


def test_a_sample_is_never_drawn_over_another(door: Door, run: str, suite_words: tuple[str, ...], tmp_path: Path):
    """People may be labelling already: another sample goes to another folder."""
    assert door("judge", "sample", run, *suite_words[:4]).code == 0
    again = door("judge", "sample", run, *suite_words[:4], "--seed", "2")
    assert again.code == 2
    assert "holds something already" in again.err
    assert door("judge", "sample", run, *suite_words[:4], "--seed", "2", "--out", tmp_path / "second").code == 0


def test_another_suite_or_rubric_is_refused(door: Door, run: str, suite_words: tuple[str, ...], tmp_path: Path):
    """What people are shown is what the judge was shown."""
    found = door("judge", "sample", run)
    assert found.code == 2
    assert "is not in this suite; name the suite of the run with --suite and --facts" in found.err
    rubric = tmp_path / "rubric.yaml"
    rubric.write_text(
        (shipped("judges") / "rubric.yaml").read_text(encoding="utf-8").replace("version: 1", "version: 2", 1), encoding="utf-8"
    )
    found = door("judge", "sample", run, *suite_words[:4], "--rubric", rubric)
    assert "is another rubric than the run was judged by" in found.err


def test_both_arms_are_sampled(door: Door, run: str, baseline: Path, suite_words: tuple[str, ...], tmp_path: Path):
    """With a baseline named, half of the conversations are its own, and its run and build are known."""
    found = door("judge", "sample", run, *suite_words[:4], "--baseline", baseline, "--size", "40")
    assert found.code == 0, found.err
    sample = json.loads((tmp_path / ".harness" / "runs" / run / "labelling" / "sample.json").read_text(encoding="utf-8"))["sample"]
    arms = [one["arm"] for one in sample["conversations"] if one["seats"]]
    assert (arms.count("green"), arms.count("baseline")) == (20, 20)
    assert {one["arm"]: one["build"] for one in sample["sources"]}["baseline"] == "b" * 40


@pytest.fixture(scope="module")
def model_baseline(tmp_path_factory: pytest.TempPathFactory, suite_words: tuple[str, ...]) -> Path:
    """A baseline that the model-like judge scored."""
    return recorded(tmp_path_factory.mktemp("model"), *suite_words[:4], "--judge", NAME, "--repeats", "3")


@pytest.fixture
def gate(door: Door, green: Green, suite_words: tuple[str, ...], model_baseline: Path) -> Iterator[Callable[..., Finished]]:
    """Hold a good bot against a baseline that the same model-like judge scored."""
    with green() as (_, target):
        flags = (*suite_words[:4], "--judge", NAME, "--quiet", "--policy", "point", "--repeats", "3", "--target", target)
        yield lambda *words: door("gate", *flags, "--baseline", model_baseline, *words, "--json")


def calibrated(door: Door, tmp_path: Path, *, useful: bool) -> None:
    """Hold that judge against people who agree with each other, and with it or not."""
    rows = [
        (f"i{number}", "tone_and_locale", rater, 1 + number % 5, 1 + (number % 5 if useful else number * 7 % 3), "en")
        for number in range(60)
        for rater in ("ann", "bob")
    ]
    labels = table(tmp_path / "labels.csv", rows, "item,dimension,rater,human,judge,language")
    assert door("judge", "calibrate", labels, "--fingerprint", "model-like judge, version 1").code == 0


def test_the_gate_warns_of_a_judge_that_nobody_calibrated(gate, tmp_path: Path):
    """It decides all the same, unless the policy requires a calibrated judge."""
    found = gate()
    assert found.code == 0
    assert any(one.startswith("UNCALIBRATED") for one in found.document["cautions"])
    (tmp_path / "harness.toml").write_text("[policy]\nrequire_calibration = true\n", encoding="utf-8")
    assert (gate().code, gate().decision("quality")) == (3, "inconclusive")


def test_the_gate_obeys_a_calibration(gate, door: Door, tmp_path: Path):
    """A judge that agrees with people decides without a word; what is off enters no score, and without any score nothing is decided."""
    (tmp_path / "harness.toml").write_text("[policy]\nrequire_calibration = true\n", encoding="utf-8")
    calibrated(door, tmp_path, useful=True)
    found = gate()
    assert (found.code, found.decision("quality")) == (0, "pass")
    assert not any("UNCALIBRATED" in one for one in found.document["cautions"])
    calibrated(door, tmp_path, useful=False)
    found = gate()
    assert (found.code, found.decision("quality")) == (3, "inconclusive")
    assert found.document["gates"]["quality"]["reasons"][0]["code"] == "nothing_to_compare"
    assert any("Left out of every score" in one and "tone_and_locale (en)" in one for one in found.document["cautions"])
    assert found.decision("integration") == "pass"


def test_a_damaged_calibration_stops_the_gate_before_it_begins(gate, door: Door, tmp_path: Path):
    """It is never taken for none."""
    calibrated(door, tmp_path, useful=True)
    (path,) = (tmp_path / ".harness" / "calibrations").iterdir()
    path.write_text(path.read_text(encoding="utf-8").replace('"gating"', '"off"'), encoding="utf-8")
    found = gate()
    assert found.code == 2
    assert "was edited: its id does not belong to its figures" in found.err


def test_a_report_says_what_people_would_have_scored(gate, tmp_path: Path):
    """Once conversations of this run were labelled, reporting it again shows its mean as people would have given it."""
    judge, page = "model-like judge, version 1", tmp_path / "report.md"
    run = gate().document["run"]["id"]
    labelled = cases(Planted(bias=0.5), 80, seed=1, arm="green", language="en")
    sources = [ArmSource(arm="green", run=run, build=None)]
    found = calibrate([replace(one, dimension="tone_and_locale") for one in labelled], NAME, judge, "2026-11-01T00:00:00Z", sources)
    write_calibration(calibration_path(tmp_path / ".harness" / "calibrations", judge), found)
    again = gate("--resume", run, "--markdown", page)
    assert again.code == 0, again.err
    (mean,) = again.document["gates"]["quality"]["calibration"]["means"]
    assert (mean["arm"], mean["run"], mean["labelled"]) == ("green", run, 80)
    assert mean["judge_mean"] - mean["corrected_mean"] == pytest.approx(0.5, abs=0.1)
    assert f"green {mean['corrected_mean']:.2f}" in page.read_text(encoding="utf-8")
