"""`harness aa`: a stored baseline against itself without a call, a fresh run of the same build, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.baselines.file import read_baseline
from harness.baselines.noise import read_noise
from harness.package_data import shipped
from tests.cli.conftest import Door
from tests.fakes.threaded_bot import BUILD, SCENARIOS, SORRY, good

BLUE = "b" * 40


@pytest.fixture
def blue(baseline: Path) -> Path:
    """The recorded baseline, in the current folder."""
    return Path(shutil.copy(baseline, "blue.jsonl.gz"))


def test_a_stored_baseline_is_held_against_itself(door: Door, blue: Path) -> None:
    """Without a target nothing is held: the result is printed, and stored beside the baseline."""
    done = door("aa", "--baseline", blue, "--splits", "100")
    assert (done.code, done.err) == (0, "")
    text = " ".join(done.out.split())
    assert text.startswith("Within target: held against itself, this build does not PASS in ")
    assert " of 100 splits; the target is 2 %." in text
    assert f"{20 * SCENARIOS} conversations of {SCENARIOS} scenarios; no call was made" in text
    assert text.endswith("stored in blue.noise.json")
    stored = read_baseline(blue)
    noise = read_noise(Path("blue.noise.json"))
    assert noise is not None
    assert (noise.baseline, noise.build, noise.suite, noise.splits) == (stored.id, BLUE, stored.suite, 100)
    assert (noise.baseline_repeats, noise.first_look, noise.fresh) == (20, 5, None)
    assert not Path(".harness").exists()


def test_the_document_is_alone_and_repeats(door: Door, blue: Path) -> None:
    """stdout holds one JSON document; the same seed stores the same bytes, another seed other ones, and --output says where."""
    done = door("aa", "--baseline", blue, "--splits", "100", "--json", "--output", "first.json")
    assert done.err == ""
    assert (done.document["stored"], done.document["seed"]) == ("first.json", 1)
    assert not Path("blue.noise.json").exists()
    door("aa", "--baseline", blue, "--splits", "100", "--seed", "1", "--output", "second.json")
    door("aa", "--baseline", blue, "--splits", "100", "--seed", "2", "--output", "third.json")
    first, second, third = (Path(f"{name}.json").read_bytes() for name in ("first", "second", "third"))
    assert first == second != third


def test_the_configured_gate_is_measured(door: Door, blue: Path) -> None:
    """Baseline, policy, target of flips and place are those of the settings file; a configured chatbot is not called."""
    Path("harness.toml").write_text(
        'baseline = "blue.jsonl.gz"\nnoise = "kept.json"\ntarget = "http://127.0.0.1:9"\nrepeats = 3\n[policy]\nleast_clusters = 13\nlooks = [1, 3]\n'
    )
    done = door("aa", "--splits", "100", "--json")
    assert done.code == 0
    assert done.document["flips"]["quality_inconclusive"] == 1
    assert done.document["above_target"] is True
    assert [one["repeats"] for one in done.document["noise"]] == [1, 3]
    assert done.document["first_look"] == 3
    assert Path("kept.json").exists()
    assert door("aa", "--splits", "100").out.startswith("ABOVE TARGET")


def test_a_fresh_run_of_the_same_build_joins(door: Door, green, suite_words, blue: Path) -> None:
    """With a target the suite is held once more; its conversations are dealt too, and the shift is shown."""
    with green(lambda _request: good(build=BLUE), version=None) as (_, target):
        done = door("aa", *suite_words, "--baseline", blue, "--target", target, "--repeats", "8", "--splits", "100", "--quiet", "--json")
    assert done.code == 0, done.err
    found = done.document
    assert found["held"] == 28 * SCENARIOS
    assert (found["fresh"]["conversations"], found["fresh"]["attested"], found["fresh"]["difference"]) == (8 * SCENARIOS, True, 0.0)
    assert (found["baseline_repeats"], found["first_look"]) == (20, 5)
    assert "the run is in .harness/runs/" in done.err
    assert read_noise(Path("blue.noise.json")).suite == read_baseline(blue).suite


def test_a_shift_of_the_same_build_is_warned_of(door: Door, green, suite_words, blue: Path) -> None:
    """A build that answers worse today than on the baseline's day drifted, whatever the flips are."""
    with green(lambda _request: good(SORRY, build=BLUE), version=None) as (_, target):
        done = door("aa", *suite_words, "--baseline", blue, "--target", target, "--splits", "100", "--quiet")
    assert done.code == 0, done.err
    assert "The fresh run differs from the stored conversations by more than chance" in " ".join(done.out.split())


def test_another_build_is_refused_as_invalid(door: Door, green, suite_words, blue: Path) -> None:
    """A target that states another build than the baseline's measures a change: 4, and nothing is stored."""
    with green(lambda _request: good(build=BUILD), version=None) as (_, target):
        done = door("aa", *suite_words, "--baseline", blue, "--target", target, "--splits", "100", "--quiet")
    assert done.code == 4
    assert BUILD[:12] in done.err
    assert not Path("blue.noise.json").exists()


def test_another_judge_is_refused_before_anything_is_sent(door: Door, green, suite_words, blue: Path, tmp_path: Path) -> None:
    """Scores of another rubric are never compared: 2, without a call."""
    rubric = tmp_path / "rubric.yaml"
    text = (shipped("judges") / "rubric.yaml").read_text(encoding="utf-8")
    rubric.write_text(text.replace("version: 1", "version: 2", 1), encoding="utf-8")
    with green() as (server, target):
        done = door("aa", *suite_words, "--rubric", rubric, "--baseline", blue, "--target", target, "--quiet")
    assert done.code == 2
    assert "scores of different judges are never compared" in done.err
    assert not server.requests


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "no baseline: say --baseline FILE"),
        (("--baseline", "nowhere.jsonl.gz"), "nowhere.jsonl.gz: there is no baseline here"),
        (("--baseline", "blue.jsonl.gz", "--repeats", "8"), "--repeats: nothing is held without --target"),
        (("--baseline", "blue.jsonl.gz", "--only", "ask-00", "--deadline", "5"), "--only, --deadline: nothing is held without --target"),
        (("--baseline", "blue.jsonl.gz", "--output", "nowhere/noise.json"), "nowhere is no folder"),
        (("--baseline", "blue.jsonl.gz", "--splits", "99"), "--splits"),
        (("--baseline", "blue.jsonl.gz", "--config", "nowhere.toml"), "nowhere.toml"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_words_that_cannot_be_are_usage(door: Door, blue: Path, words: tuple[str, ...], said: str) -> None:
    """Missing and idle flags end in 2 and name the flag or the file, and nothing is stored."""
    done = door("aa", *words)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert {path.name for path in Path().iterdir()} == {blue.name}
