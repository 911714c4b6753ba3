"""The noise floor's file: read back as written, refused where no measurement could have brought it; and what a gate says of it."""

import contextlib
import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.baselines.noise import (
    FlakyScenario,
    FlipRates,
    NoiseAtLook,
    NoiseFloor,
    Shift,
    noise_caution,
    noise_path,
    percent,
    read_noise,
    write_noise,
)
from harness.errors import BaselineError, StoreError
from harness.frozen import fingerprint
from tests.fakes.measurements import JUDGE, Measured, baseline_of, tone

BASELINE = baseline_of([Measured("s00", baseline=tone(*[5] * 20))])


def floor(**changes) -> NoiseFloor:
    """A noise floor of the fake baseline, within its target."""
    flips = {"quality_fail": 0.0, "quality_inconclusive": 0.004, "integration_fail": 0.002, "either": 0.006}
    given_ = {
        "baseline": "base", "build": "blue-build", "suite": "suite", "judge": JUDGE.fingerprint, "policy": "policy", "seed": 1, "splits": 1000,
        "scenarios": 40, "held": 800, "baseline_repeats": 20, "first_look": 5, "copies": 2, "spread_kept": 0.97,
        "noise": (NoiseAtLook(repeats=1, sd=0.09, p95=0.18), NoiseAtLook(repeats=12, sd=0.04, p95=0.08)),
        "flips": FlipRates(**{**flips, **changes.pop("flips", {})}), "scenario_flip_rate": 0.01,
        "flakiest": (FlakyScenario(scenario="returns-ja", passes=18, conversations=20, flip_rate=0.19),), "fresh": None,
    }  # fmt: skip
    return NoiseFloor(**{**given_, **changes})


FRESH = Shift(run="run", attested=True, conversations=200, difference=-0.03, standard_error=0.02, pass_rate=0.0, pass_rate_p=0.8)


@pytest.mark.parametrize("noise", [floor(), floor(fresh=FRESH, build=None), floor(noise=(), flakiest=())])
def test_what_is_written_is_read_back(tmp_path: Path, noise: NoiseFloor) -> None:
    """The value survives the file, with and without a fresh run, a build, and scores."""
    path = tmp_path / "blue.noise.json"
    write_noise(path, noise)
    assert read_noise(path) == noise
    assert [name.name for name in tmp_path.iterdir()] == ["blue.noise.json"]
    assert path.stat().st_mode & 0o777 == 0o644


def test_the_same_measurement_gives_the_same_bytes(tmp_path: Path) -> None:
    """Nothing in the file depends on when and where it was written."""
    first, second = tmp_path / "a.json", tmp_path / "b.json"
    write_noise(first, floor())
    write_noise(second, floor())
    assert first.read_bytes() == second.read_bytes()


def test_where_the_file_belongs() -> None:
    """Beside the baseline, under its name."""
    assert noise_path(Path("baselines/demo.jsonl.gz")) == Path("baselines/demo.noise.json")
    assert noise_path(Path("blue.gz")) == Path("blue.gz.noise.json")
    assert noise_path(Path(".jsonl.gz")) == Path(".jsonl.gz.noise.json")


def test_no_file_is_no_measurement(tmp_path: Path) -> None:
    """A file that is not there is answered with None; it is no mistake."""
    assert read_noise(tmp_path / "blue.noise.json") is None


def written(tmp_path: Path) -> tuple[Path, dict]:
    path = tmp_path / "blue.noise.json"
    write_noise(path, floor(fresh=FRESH))
    return path, json.loads(path.read_text())


def put(path: Path, fields: object) -> None:
    path.write_text(fields if isinstance(fields, str) else json.dumps(fields))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("flips", "either"), 1.5),
        (("flips", "either"), -0.1),
        (("flips", "either"), "0.001"),
        (("flips", "either"), None),
        (("flips", "either"), float("nan")),
        (("noise", 0, "sd"), float("inf")),
        (("noise", 0, "sd"), -1.0),
        (("noise", 0, "repeats"), 0),
        (("splits",), 1),
        (("splits",), 1000.5),
        (("scenarios",), 0),
        (("spread_kept",), 2),
        (("baseline",), ""),
        (("baseline",), "x" * 501),
        (("build",), 7),
        (("noise",), [{"repeats": 1, "sd": 0.1, "p95": 0.2}] * 101),
        (("flakiest",), [{"scenario": "a", "passes": 1, "conversations": 2, "flip_rate": 1}] * 11),
        (("flakiest", 0, "scenario"), ""),
        (("fresh", "difference"), 4.5),
        (("fresh", "unknown"), 1),
        (("unknown",), 1),
    ],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_figures_that_no_measurement_brings_are_refused(tmp_path: Path, place: tuple, value: object) -> None:
    """Values out of range, of another type, and unknown keys are named by their place, with what to do."""
    path, fields = written(tmp_path)
    inner = fields["noise_floor"]
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    put(path, fields)
    with pytest.raises(BaselineError, match="measure it again with `harness aa`") as refused:
        read_noise(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert str(place[-1]) in str(refused.value)
    assert len(str(refused.value)) < 600


def test_an_edited_figure_is_noticed(tmp_path: Path) -> None:
    """A flip rate that was talked down no longer has the file's id."""
    path, fields = written(tmp_path)
    fields["noise_floor"]["flips"]["either"] = 0.0
    put(path, fields)
    with pytest.raises(BaselineError, match="was edited: its id does not belong"):
        read_noise(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is not a noise floor"),
        ("null", "is not a noise floor"),
        ("[" * 100_000, "is not a noise floor"),
        ('{"kind": "other"}', "is not a noise floor"),
        ('{"kind": "mangaassist-harness noise floor"}', "holds what no measurement brings"),
        (
            '{"kind": "mangaassist-harness noise floor", "schema_version": 2}',
            "has schema version 2, and this harness reads up to 1; upgrade",
        ),
        ('{"kind": "mangaassist-harness noise floor", "schema_version": "1"}', "its keys or its version"),
    ],
)
def test_foreign_files_are_refused(tmp_path: Path, content: str, said: str) -> None:
    """Empty, nested, other and newer files end in one sentence with place and remedy."""
    path = tmp_path / "blue.noise.json"
    put(path, content)
    with pytest.raises(BaselineError, match=said) as refused:
        read_noise(path)
    assert str(refused.value).startswith(f"{path}: ")


def test_bytes_that_are_no_text_and_files_too_large_are_refused(tmp_path: Path) -> None:
    """Neither is read on; a folder and a pipe are no files."""
    path = tmp_path / "blue.noise.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BaselineError, match="is not a noise floor"):
        read_noise(path)
    path.write_bytes(b" " * (2 << 20))
    with pytest.raises(BaselineError, match="larger than 1 MB"):
        read_noise(path)
    os.mkfifo(tmp_path / "pipe")
    for other in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(BaselineError, match="is not a regular file; name the file itself"):
            read_noise(other)
    with pytest.raises(BaselineError, match="cannot be read"):
        read_noise(path / "below")


def test_a_folder_that_is_not_there_cannot_hold_it(tmp_path: Path) -> None:
    """Writing fails as a whole, with what to do."""
    with pytest.raises(StoreError, match="does not exist"):
        write_noise(tmp_path / "nowhere" / "a.json", floor())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), st.integers(0, 2000), st.integers(0, 200))
def test_no_damage_is_taken_for_a_measurement(tmp_path: Path, patch: bytes, place: int, cut: int) -> None:
    """However a file is damaged, it is refused with the one error, or it still says exactly the same."""
    path = tmp_path / "blue.noise.json"
    write_noise(path, floor(fresh=FRESH))
    content = path.read_bytes()
    path.write_bytes(content[:place] + patch + content[place + cut :])
    found = None
    with contextlib.suppress(BaselineError):
        found = read_noise(path)
    assert found in {None, floor(fresh=FRESH)}


def test_a_measured_and_quiet_gate_is_not_warned_of() -> None:
    """Stored for this baseline, suite, judge and policy, and within the target: nothing to say."""
    assert noise_caution(floor(), BASELINE, "suite", "policy", 0.02) is None
    assert noise_caution(floor(flips={"either": 0.02}), BASELINE, "suite", "policy", 0.02) is None


def test_nothing_stored_is_said_loudly() -> None:
    """Golden text: nobody measured it, and how to."""
    assert noise_caution(None, BASELINE, "suite", "policy", 0.02) == (
        "NOISE NOT MEASURED: nobody knows how often this gate stops a build that did not change. `harness aa --baseline FILE` finds out from the "
        "baseline's own conversations, without a call."
    )


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"baseline": "older"}, "baseline"),
        ({"suite": "older"}, "suite"),
        ({"judge": "older", "policy": "older"}, "judge and policy"),
        ({"baseline": "o", "suite": "o", "judge": "o", "policy": "o"}, "baseline, suite, judge and policy"),
    ],
)
def test_noise_of_something_else_is_said_loudly(changes: dict, named: str) -> None:
    """Golden text: what it was measured for, even where its rate is fine."""
    assert noise_caution(floor(**changes), BASELINE, "suite", "policy", 0.02) == (
        f"NOISE NOT MEASURED: how often this gate stops a build that did not change was measured for another {named}, and does not hold here; "
        "measure it again with `harness aa`."
    )


def test_a_gate_that_flips_too_often_is_said_loudly() -> None:
    """Golden text: the rate, its parts, the target, and what to do about it."""
    noisy = floor(flips={"quality_inconclusive": 0.041, "integration_fail": 0.023, "either": 0.063})
    assert noise_caution(noisy, BASELINE, "suite", "policy", 0.02) == (
        "THIS GATE FLIPS TOO OFTEN: held against itself, an unchanged build did not PASS in 6.3 % of 1,000 splits (quality INCONCLUSIVE 4.1 %; "
        "integration FAIL 2.3 %); the target is 2 %. A verdict that is not PASS may be such a flip: steady the flakiest scenarios, or add "
        "scenarios or baseline repeats. Flakiest: returns-ja."
    )
    assert noise_caution(noisy, BASELINE, "suite", "policy", 0.1) is None


@pytest.mark.parametrize(
    ("rate", "said"), [(0, "0 %"), (0.0004, "under 0.1 %"), (0.004, "0.4 %"), (0.02, "2 %"), (0.1234, "12 %"), (1, "100 %")]
)
def test_shares_have_the_digits_that_they_deserve(rate: float, said: str) -> None:
    """Small ones a decimal, large ones none, and never a false zero."""
    assert percent(rate) == said


def test_drift_is_a_shift_beyond_chance() -> None:
    """One in a hundred is the line, of scores and of passes; without a number there is nothing to say."""
    assert not FRESH.drifted
    assert FRESH.model_copy(update={"difference": -0.06}).drifted
    assert not FRESH.model_copy(update={"difference": None}).drifted
    assert not FRESH.model_copy(update={"standard_error": None, "difference": 4.0}).drifted
    assert FRESH.model_copy(update={"pass_rate_p": 0.009}).drifted


def test_the_id_is_the_fingerprint_of_the_figures(tmp_path: Path) -> None:
    """Anyone can compute it: canonical JSON of all else."""
    _, fields = written(tmp_path)
    assert fields["id"] == fingerprint(fields["noise_floor"])
