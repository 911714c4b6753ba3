"""`harness judge anchors`, `attack` and `pairs` from the command line, against the fake Messages API on real sockets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.anchors.record import AnchorStore
from harness.cli.main import harness
from harness.errors import JudgeError, SettingsError
from tests.fakes.anchor_judges import labelled, shipped_rubric, shipped_set
from tests.fakes.messages_api.api import KEY, FakeMessagesApi
from tests.fakes.messages_api.scale import Scale, compressed
from tests.fakes.messages_api.server import serving
from tests.fakes.messages_api.temper import MODES, Temper
from tests.fakes.recorded_anchors import keep_planted


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suite_words: tuple[str, ...]) -> Iterator[FakeMessagesApi]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_SUITE", suite_words[1])
    with serving(FakeMessagesApi(labelled(), scale=Scale.of(shipped_rubric()))) as (held, url):
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        yield held


def call(*words: str):
    return CliRunner().invoke(harness, list(words), catch_exceptions=False, standalone_mode=False)


def test_a_check_without_a_record_says_how_to_make_one(api: FakeMessagesApi) -> None:
    """A judge whose verdicts nobody recorded, or that is another one by now, is not compared with anything."""
    with pytest.raises(SettingsError, match="harness judge anchors record"):
        call("judge", "anchors", "check", "--judge", "anthropic", "--quiet")
    assert api.calls == 0


@pytest.mark.parametrize("words", [("--judge", "offline"), ()])
def test_a_judge_that_cannot_drift_is_refused(api: FakeMessagesApi, words: tuple[str, ...]) -> None:
    """Rules do not drift, and without a judge there is nobody to ask."""
    with pytest.raises(SettingsError):
        call("judge", "anchors", "record", *words)
    assert api.calls == 0


@pytest.mark.slow
def test_recorded_then_checked(api: FakeMessagesApi) -> None:
    """An honest judge is recorded and found steady, always asked afresh; a harsher one is found changed, with its size, and ends in 4."""
    recorded = call("judge", "anchors", "record", "--judge", "anthropic", "--quiet", "--json")
    assert recorded.return_value == 0, recorded.output
    document = json.loads(recorded.stdout)
    assert (document["verdicts"], document["unscored"], document["problems"]) == (500, 0, [])
    before = api.calls
    checked = call("judge", "anchors", "check", "--judge", "anthropic", "--quiet", "--json")
    assert checked.return_value == 0
    assert json.loads(checked.stdout)["standing"] == "steady"
    assert api.calls - before == before
    api.temper = Temper(distort=compressed(0.32))
    changed = call("judge", "anchors", "check", "--judge", "anthropic", "--quiet")
    assert changed.return_value == 4
    assert "CHANGED" in changed.stdout


@pytest.mark.slow
def test_a_judge_that_does_not_see_what_is_plain_is_not_recorded(api: FakeMessagesApi) -> None:
    """A judge that uses a third of the scale is refused as a reference, with its figures, and nothing is written."""
    api.temper = MODES["compressed"]
    refused = call("judge", "anchors", "record", "--judge", "anthropic", "--quiet")
    assert refused.return_value == 2
    assert "planted clearly good do not score at least 4" in refused.stdout
    assert not Path(".harness/anchors").exists()


def test_another_model_is_no_verdict(api: FakeMessagesApi) -> None:
    """Answers of a model that was not asked end the record, and nothing is written."""
    api.temper = MODES["wrong_model"]
    with pytest.raises(JudgeError, match="cannot be asked"):
        call("judge", "anchors", "record", "--judge", "anthropic", "--quiet")
    assert not Path(".harness/anchors").exists()


def test_planted_verdicts_are_found_by_the_judge_they_belong_to(api: FakeMessagesApi) -> None:
    """The record stands under the fingerprint of the configured judge; another model has none."""
    fingerprint = keep_planted(Path(".harness/anchors"))
    assert AnchorStore(Path(".harness/anchors")).record(fingerprint, shipped_set()) is not None
    with pytest.raises(SettingsError, match="holds no verdicts"):
        call("judge", "anchors", "check", "--judge", "anthropic", "--judge-model", "claude-haiku-5-5", "--quiet")
    assert api.calls == 0


def test_an_attack_is_told_with_and_without_the_second_look(api: FakeMessagesApi) -> None:
    """Against a judge that obeys, the table says what succeeds alone and that nothing does when asked both ways."""
    api.temper = MODES["gullible"]
    steady = call("judge", "attack", "--judge", "anthropic", "--kind", "begging", "--quiet", "--json")
    assert steady.return_value == 0
    document = json.loads(steady.stdout)
    assert document["all"]["success"]["count"] == 0
    assert document["all"]["success"]["of"] == 24
    alone = call("judge", "attack", "--judge", "anthropic", "--kind", "begging", "--bare", "--quiet")
    assert "without the harness's second look" in alone.stdout.replace("\n", " ")
    assert "Succeeded: begging/" in alone.stdout.replace("\n", " ")


def test_an_unknown_kind_of_attack_is_refused(api: FakeMessagesApi) -> None:
    """A misspelt kind is told with those that are known, before anybody is asked."""
    with pytest.raises(SettingsError, match="known are already-graded"):
        call("judge", "attack", "--judge", "anthropic", "--kind", "beging")
    assert api.calls == 0


@pytest.mark.parametrize("words", [("attack", "--judge", "offline", "--bare"), ("pairs", "a", "b", "--judge", "offline")])
def test_what_needs_claude_says_so(api: FakeMessagesApi, words: tuple[str, ...]) -> None:
    """Rules have no second look to leave out, and compare nothing."""
    with pytest.raises(SettingsError, match="Claude"):
        call("judge", *words)
    assert api.calls == 0
