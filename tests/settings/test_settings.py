"""Where settings come from, which source wins, and every mistake at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import SettingsError
from harness.package_data import shipped
from harness.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    folder = tmp_path / "project" / "inner"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


def mistakes(flags: dict[str, object] | None = None, environ: dict[str, str] | None = None, config: Path | None = None) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        load_settings(flags or {}, environ or {}, config)
    return str(refused.value).splitlines()


def test_without_any_source_the_defaults_hold() -> None:
    """Defaults name what ships with the harness, enforce, and no target, judge or baseline."""
    found = load_settings({}, {})
    assert found == Settings()
    assert (found.suite, found.rubric) == (shipped("scenarios"), shipped("judges") / "rubric.yaml")
    assert (found.target, found.judge, found.baseline, found.mode) == (None, None, None, "enforce")


def test_flags_win_over_variables_over_the_file(here: Path) -> None:
    """Each source overrides only what it names."""
    (here / "harness.toml").write_text('repeats = 6\nconcurrency = 6\nmode = "observe"\ntarget = "http://file.test"\n', encoding="utf-8")
    found = load_settings(
        {"repeats": 8, "concurrency": None, "target": None}, {"HARNESS_REPEATS": "7", "HARNESS_CONCURRENCY": "7", "HARNESS_JUDGE": ""}
    )
    assert (found.repeats, found.concurrency, found.mode, found.target, found.judge) == (8, 7, "observe", "http://file.test", None)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("target", "shop.yaml", "shop.yaml"),
        ("suite", "suite", Path("suite")),
        ("baseline", "b.gz", Path("b.gz")),
        ("repeats", "9", 9),
        ("deadline_s", "2.5", 2.5),
        ("expect_build", "0123456", "0123456"),
        ("mode", "advise", "advise"),
    ],
)
def test_a_variable_sets_each_kind_of_value(name: str, text: str, value: object) -> None:
    """HARNESS_NAME is read as the setting's type; its relative paths are the working directory's."""
    assert getattr(load_settings({}, {f"HARNESS_{name.upper()}": text}), name) == value


def test_paths_in_a_file_are_relative_to_the_file(here: Path) -> None:
    """A settings file means the same from every working directory; URLs and absolute paths stay as they are."""
    config = here.parent / "harness.toml"
    config.write_text(
        'target = "green.yaml"\nsuite = "suite"\nfacts = "/facts"\nrubric = "r.yaml"\nbaseline = "b.gz"\nruns = "runs"\n', encoding="utf-8"
    )
    found = load_settings({}, {})
    folder = here.parent
    assert (found.target, found.suite, found.facts) == (str(folder / "green.yaml"), folder / "suite", Path("/facts"))
    assert (found.rubric, found.baseline, found.runs) == (folder / "r.yaml", folder / "b.gz", folder / "runs")
    config.write_text('target = "http://green.test"\n', encoding="utf-8")
    assert load_settings({}, {}).target == "http://green.test"


def test_the_nearest_file_upward_counts_and_only_with_a_section(here: Path) -> None:
    """pyproject.toml counts when it has [tool.harness]; harness.toml beside it wins; the nearest folder wins."""
    (here.parent / "harness.toml").write_text("repeats = 6\n", encoding="utf-8")
    (here / "pyproject.toml").write_text("[tool.other]\nrepeats = 1\n", encoding="utf-8")
    assert load_settings({}, {}).repeats == 6
    (here / "pyproject.toml").write_text("[tool.harness]\nrepeats = 7\n", encoding="utf-8")
    assert load_settings({}, {}).repeats == 7
    (here / "harness.toml").write_text("repeats = 8\n", encoding="utf-8")
    assert load_settings({}, {}).repeats == 8


def test_a_named_file_is_the_only_one(here: Path) -> None:
    """--config replaces what would have been found."""
    (here / "harness.toml").write_text("repeats = 6\n", encoding="utf-8")
    named = here / "ci.toml"
    named.write_text("[policy]\nmargin = 0.3\n", encoding="utf-8")
    found = load_settings({}, {}, named)
    assert (found.repeats, found.policy.margin) == (5, 0.3)


def test_every_mistake_of_every_source_is_named_at_once(here: Path) -> None:
    """Unknown keys with what was meant, wrong types and ranges: each with its source and its key."""
    (here / "harness.toml").write_text(
        'targt = "x"\nrepeats = "many"\nconcurrency = 0\nzzz = 1\n[policy]\nmargn = 0.2\nalpha = 7\n', encoding="utf-8"
    )
    said = mistakes(
        {"mode": "watch"}, {"HARNESS_DEADLINE_S": "soon", "HARNESS_EXPECT_BULID": "0123456", "HARNESS_POLICY": "x", "HARNESS_ORG_ID": "1"}
    )
    expected = [
        ("harness.toml", "targt", "did you mean 'target'?"),
        ("harness.toml", "repeats", "integer"),
        ("harness.toml", "concurrency", "greater"),
        ("harness.toml", "zzz", "known are"),
        ("harness.toml", "policy.alpha", "less"),
        ("harness.toml", "policy.margn", "did you mean 'margin'?"),
        ("environment", "HARNESS_EXPECT_BULID", "did you mean 'HARNESS_EXPECT_BUILD'?"),
        ("environment", "HARNESS_POLICY", "settings file only"),
        ("environment", "HARNESS_DEADLINE_S", "number"),
        ("command line", "mode", "'observe'"),
    ]
    assert len(said) == len(expected)
    for line, parts in zip(said, expected, strict=True):
        for part in parts:
            assert part in line


@pytest.mark.parametrize(
    "text", ["deadline_s = nan", "deadline_s = inf", "target = 2026-11-01", "suite = [1]", "policy = 3", "repeats = true"]
)
def test_values_that_no_setting_can_have_are_named(here: Path, text: str) -> None:
    """NaN, infinity, dates and wrong shapes are mistakes of their key, never a crash."""
    (here / "harness.toml").write_text(text, encoding="utf-8")
    (line,) = mistakes()
    assert f"harness.toml: {text.partition(' ')[0]}: " in line


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"repeats = ", "not valid TOML"),
        (b"a = '\xff'", "not valid TOML"),
        (b"# " + b"x" * (1 << 20), "larger than 1 MiB"),
    ],
    ids=["cut", "bad utf-8", "large"],
)
def test_a_file_that_cannot_be_read_is_named(here: Path, content: bytes, said: str) -> None:
    """Broken, badly encoded and endless files are refused with their path."""
    (here / "harness.toml").write_bytes(content)
    (line, *_) = mistakes()
    assert str(here / "harness.toml") in line
    assert said in line


def test_a_named_file_has_to_be_there_and_to_speak_of_us(here: Path) -> None:
    """A missing file, a folder, and a pyproject.toml without our table are refused when they were named."""
    assert "no such settings file" in mistakes(config=here / "missing.toml")[0]
    assert "not a regular file" in mistakes(config=here)[0]
    assert "not a regular file" in mistakes(config=Path("/dev/zero"))[0]
    other = here / "pyproject.toml"
    other.write_text("[project]\nname = 'shop'\n", encoding="utf-8")
    assert "no [tool.harness] table" in mistakes(config=other)[0]


def test_a_deleted_working_directory_holds_no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be found upward of a place that is gone; the defaults hold, and nothing crashes."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert load_settings({}, {}).repeats == Settings().repeats


@pytest.mark.parametrize("text", ["tool = 3", "[tool]\nharness = 3"])
def test_a_strange_pyproject_never_crashes(here: Path, text: str) -> None:
    """A `tool` that is no table is somebody else's business; a `tool.harness` that is none is a mistake."""
    (here / "pyproject.toml").write_text(text, encoding="utf-8")
    if "harness" in text:
        assert "tool.harness" in mistakes()[0]
    else:
        assert load_settings({}, {}) == Settings()
