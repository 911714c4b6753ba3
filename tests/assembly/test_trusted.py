"""Settings that a revision decides: what comes from it, what stays the change's, and what a change may not bring along."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.assembly.trusted import Trust, trusted_settings
from harness.errors import SettingsError
from harness.settings import Settings, SettingsSource, load_settings
from tests.fakes.git_repository import GitRepository, git_repository

SETTINGS = """\
target = "deploy/green.yaml"
suite = "suite"
rubric = "judges/rubric.yaml"
baseline = "baselines/blue.jsonl.gz"
prices = "judges/prices.yaml"
calibrations = "calibrations"
judge = "offline"
"""
TARGET = "name: green\ntls:\n  ca: company.pem\n  key: secret.key\n"
Decided = Callable[..., tuple[Settings, Trust]]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> GitRepository:
    """A main branch that says how candidates are judged, and a change that says otherwise everywhere."""
    made = git_repository(tmp_path_factory.mktemp("template") / "repo")
    files = {
        "harness.toml": SETTINGS, "deploy/green.yaml": TARGET, "deploy/company.pem": "main", "judges/rubric.yaml": "main",
        "judges/prompts/system.jinja": "main", "judges/prices.yaml": "main", "baselines/blue.jsonl.gz": "main",
        "baselines/blue.noise.json": "main", "calibrations/judge.json": "main", "suite/facts/catalogue.yaml": "main",
    }  # fmt: skip
    for name, text in files.items():
        made.write(name, text)
    made.commit("main")
    made.git("checkout", "-q", "-b", "change")
    for name, text in files.items():
        made.write(name, text.replace("main", "change"))
    made.write("harness.toml", SETTINGS + 'mode = "observe"\n[policy]\nmargin = 4\n')
    made.write("deploy/green.yaml", TARGET.replace("green", "easier"))
    made.write("calibrations/forged.json", "change")
    made.commit("change")
    made.write("deploy/secret.key", "of the pipeline")
    return made


@pytest.fixture
def change(template: GitRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitRepository:
    """A copy with the change checked out, and the working directory in it."""
    shutil.copytree(template.top, tmp_path / "repo", symlinks=True)
    monkeypatch.chdir(tmp_path / "repo")
    return GitRepository((tmp_path / "repo").resolve(), template.environ)


@pytest.fixture
def decided(tmp_path: Path) -> Decided:
    """Let main decide, with these flags."""

    def decide(config: Path | None = None, out: Path | None = None, **flags: object) -> tuple[Settings, Trust]:
        def load(source: SettingsSource) -> Settings:
            return load_settings(flags, {}, config, source)

        return trusted_settings("main", config, load, out, tmp_path / "laid")

    return decide


def refusal(decided: Decided, **flags: object) -> str:
    with pytest.raises(SettingsError) as refused:
        decided(**flags)
    return str(refused.value)


def test_everything_that_decides_comes_from_the_revision(change: GitRepository, decided: Decided) -> None:
    """Policy, rubric, prompts, baseline, noise, calibrations, prices and target file are main's; the suite is the change's own."""
    settings, trust = decided()
    assert (settings.mode, settings.policy.margin) == ("enforce", 0.2)
    assert settings.baseline is not None
    assert settings.noise is not None
    assert settings.target is not None
    read = [settings.rubric, settings.rubric.parent / "prompts" / "system.jinja", settings.baseline, settings.noise, settings.prices]
    assert {path.read_text(encoding="utf-8") for path in read} == {"main"}
    assert [path.name for path in settings.calibrations.iterdir()] == ["judge.json"]
    laid = Path(settings.target).parent
    assert Path(settings.target).read_text(encoding="utf-8") == TARGET
    assert ((laid / "company.pem").read_text(), (laid / "secret.key").read_text()) == ("main", "of the pipeline")
    assert settings.suite == change.top / "suite"
    assert trust.named.rubric == change.top / "judges" / "rubric.yaml"
    assert trust.cautions == ()


def test_the_report_knows_what_was_read_and_what_the_change_wanted(change: GitRepository, decided: Decided) -> None:
    """Each file with git's own hash of it, those that the change has otherwise marked, and the settings that did not count."""
    _, trust = decided()
    told = {one.place: one for one in trust.terms.files}
    assert told["judges/rubric.yaml"].object == change.git("rev-parse", "main:judges/rubric.yaml")
    assert {place for place, one in told.items() if not one.changed} == set()
    assert (told["calibrations/forged.json"].object, told["calibrations/forged.json"].changed) == ("", True)
    assert trust.terms.commit == change.hash("main")
    assert {(one.name, one.used, one.here) for one in trust.terms.overruled} == {
        ("mode", "enforce", "observe"), ("policy.margin", "0.2", "4.0"),
    }  # fmt: skip


def test_the_settings_file_itself_is_looked_for_in_the_revision(change: GitRepository, decided: Decided) -> None:
    """A nearer one that the change brings does not win; it is told."""
    change.write("suite/harness.toml", 'mode = "observe"\n')
    here = change.top / "suite"
    with pytest.MonkeyPatch.context() as moved:
        moved.chdir(here)
        settings, trust = decided()
    assert settings.mode == "enforce"
    assert {one.place for one in trust.terms.unused} >= {"suite/harness.toml"}


@pytest.mark.parametrize(
    ("name", "what"),
    [
        (".harness/answers.sqlite", "answers of the judge"),
        pytest.param(".harness/runs/rejudged/baseline.jsonl.gz", "runs", marks=pytest.mark.slow),
        pytest.param(".harness/anchors/judge.json", "verdicts on the anchors", marks=pytest.mark.slow),
        pytest.param("kept/journal.jsonl", "the run", marks=pytest.mark.slow),
        pytest.param("attempts/one.json", "attempts", marks=pytest.mark.slow),
    ],
)
def test_a_change_does_not_answer_for_its_judge(change: GitRepository, decided: Decided, name: str, what: str) -> None:
    """Answers, runs, attempts and verdicts that are committed are refused; the same lying there untracked is the pipeline's own."""
    change.write(name, "forged")
    flags = {"state": Path("attempts"), "out": Path("kept")}
    decided(**flags)
    change.commit("forged")
    said = refusal(decided, **flags)
    assert said.startswith(f"{name}: main (")
    assert f"{what} are kept there" in said


@pytest.mark.parametrize(
    ("flag", "word"),
    [
        ("judge", "ours.judge:make"),
        pytest.param("target", "ours.target:make", marks=pytest.mark.slow),
        pytest.param("target", "asgi:ours.bot:app", marks=pytest.mark.slow),
    ],
)
def test_code_of_the_change_does_not_run_inside_the_gate(change: GitRepository, decided: Decided, flag: str, word: str) -> None:
    """A judge, a target factory and an application that the change altered are refused before anything is imported."""
    change.write("ours/__init__.py", "raise SystemExit('imported')")
    decided(**{flag: word})
    change.commit("ours")
    assert f"{flag} {word}: runs inside the gate" in refusal(decided, **{flag: word})


def test_a_change_brings_no_file_that_decides(change: GitRepository, decided: Decided, tmp_path: Path) -> None:
    """A baseline, rubric, settings or target file of its own: place and remedy; outside of the repository likewise."""
    for name in ("mine.jsonl.gz", "mine.yaml", "mine.toml"):
        change.write(name, "")
    change.commit("mine")
    elsewhere = tmp_path / "blue.jsonl.gz"
    elsewhere.write_bytes(b"")
    assert "mine.jsonl.gz: is not in main" in refusal(decided, baseline=Path("mine.jsonl.gz"))
    assert "mine.jsonl.gz: is not in main" in refusal(decided, pinned=Path("mine.jsonl.gz"))
    assert "cannot bring its own rubric along; land it first" in refusal(decided, rubric=Path("mine.yaml"))
    assert "cannot bring its own target along" in refusal(decided, target="mine.yaml")
    assert "cannot bring its own settings along" in refusal(decided, config=Path("mine.toml"))
    assert f"{elsewhere}: lies outside of the repository {change.top}" in refusal(decided, baseline=elsewhere)


@pytest.mark.slow
def test_a_target_file_of_the_pipeline_is_used_as_it_is(change: GitRepository, decided: Decided, tmp_path: Path) -> None:
    """A file outside of the repository, or one that nobody committed, is the pipeline's, and so is a URL."""
    change.write("written.yaml", TARGET)
    for target in (str(tmp_path / "elsewhere.yaml"), "written.yaml", "https://green.example"):
        assert decided(target=target)[0].target == target


def test_the_commit_that_is_checked_out_separates_nothing(change: GitRepository, decided: Decided) -> None:
    """Trusting the change itself is allowed, and said loudly."""
    change.git("checkout", "-q", "main")
    assert "NOTHING SEPARATES THE CHANGE" in decided()[1].cautions[0]


def test_side_by_side_nothing_recorded_says_what_counts(change: GitRepository, decided: Decided) -> None:
    """Without a baseline the weights are the change's own, which the reader is told; the other deployment's file is main's."""
    settings, trust = decided(against="deploy/green.yaml")
    assert settings.against == settings.target
    assert any("Side by side nothing recorded" in caution for caution in trust.cautions)
    assert dataclasses.asdict(trust.terms)["name"] == "main"
