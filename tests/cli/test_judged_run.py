"""Runs that Claude judges, from the command line: what it costs nothing to find out first, and the gate as planted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from harness.cli.main import main
from harness.package_data import shipped
from tests.fakes.messages_api.api import KEY, FakeMessagesApi
from tests.fakes.messages_api.planted import marked
from tests.fakes.messages_api.server import serving
from tests.fakes.messages_api.temper import HONEST, MODES, Temper
from tests.fakes.threaded_bot import GOOD, bot, good, target_file, write_suite

PLUGGED = """
from harness.judging.offline_judge import OfflineJudge

def make(suite, settings, environ):
    return OfflineJudge(suite.rubric)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a suite in it, and no key."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_FACTS", str(shipped("scenarios") / "facts"))
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    write_suite(tmp_path / "suite", 12)
    return tmp_path


def harness(*words: object) -> int:
    """Run a command and return its exit code."""
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in (*words, "--quiet")])
    return int(ended.value.code or 0)


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Temper], FakeMessagesApi]]:
    """Serve a fake of a temper until the test ends, and tell the environment where it is and with which key."""
    with ExitStack() as stack:

        def begin(temper: Temper = HONEST) -> FakeMessagesApi:
            api, url = stack.enter_context(serving(FakeMessagesApi(marked, temper)))
            monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
            monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
            return api

        yield begin


def test_without_a_key_nothing_is_sent(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, with the variable and the way to do without; no conversation is held."""
    with bot() as server:
        code = harness("run", "--target", target_file(folder, server.url), "--suite", folder / "suite", "--judge", "anthropic")
        assert code == 2
        assert server.requests == []
    assert "ANTHROPIC_API_KEY is not set" in capsys.readouterr().err


def test_a_run_is_judged_and_no_key_is_written_anywhere(folder: Path, judged, capsys: pytest.CaptureFixture[str]) -> None:
    """Every conversation has scores by the model's name; the key stands in no file of the run and in nothing printed."""
    api = judged()
    with bot() as server:
        code = harness(
            "run", "--target", target_file(folder, server.url), "--suite", folder / "suite", "--judge", "anthropic", "--repeats", 1
        )
    assert code == 0
    assert api.calls == 12
    said = capsys.readouterr()
    assert "claude-sonnet-5-5" in said.out
    written = [path for path in folder.rglob("*") if path.is_file()]
    assert len(written) > 3
    assert not any(KEY.encode() in path.read_bytes() for path in written)
    assert KEY not in said.out + said.err


def test_another_model_than_the_pinned_one_ends_the_run(folder: Path, judged, capsys: pytest.CaptureFixture[str]) -> None:
    """INVALID, with both names; no baseline is written."""
    judged(MODES["wrong_model"])
    with bot() as server:
        words = ("--target", target_file(folder, server.url), "--suite", folder / "suite", "--judge", "anthropic", "--repeats", 3)
        assert harness("baseline", "record", *words, "--output", folder / "b.json") == 4
    assert "asked for claude-sonnet-5-5, answered by claude-haiku-5-5" in capsys.readouterr().err
    assert not (folder / "b.json").exists()


@pytest.mark.slow
@pytest.mark.parametrize("temper", [Temper(refuses=1.0), Temper(truncates=1.0), Temper(breaks=1.0)])
def test_a_judge_that_gives_no_answers_is_never_a_verdict(folder: Path, judged, temper: Temper) -> None:
    """Refused, cut or broken throughout, a gate is INVALID: neither passed nor failed."""
    api = judged()
    with bot(lambda request: good(f"{GOOD} {request.path}" if api.temper is not HONEST else GOOD)) as server:
        words = ("--target", target_file(folder, server.url), "--suite", folder / "suite", "--judge", "anthropic")
        assert harness("baseline", "record", *words, "--repeats", 3, "--output", folder / "b.json") == 0
        api.temper = temper
        assert harness("gate", *words, "--baseline", folder / "b.json") == 4


def test_a_judge_of_ones_own_is_plugged_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--judge package.module:factory` judges the run."""
    (folder / "house_judge.py").write_text(PLUGGED)
    monkeypatch.syspath_prepend(folder)
    with bot() as server:
        words = ("--target", target_file(folder, server.url), "--suite", folder / "suite", "--repeats", 1)
        assert harness("run", *words, "--judge", "house_judge:make") == 0
        assert harness("run", *words, "--judge", "house_judge:made") == 2


@pytest.mark.slow
@pytest.mark.parametrize(("text", "code"), [(GOOD, 0), (f"{GOOD} ⟦no:politeness⟧⟦no:concise⟧", 1)])
def test_the_gate_decides_by_what_the_judge_found(folder: Path, judged, text: str, code: int) -> None:
    """An unchanged bot passes; one that the judge finds rude and wordy fails."""
    judged()
    words = ("--suite", folder / "suite", "--judge", "anthropic")
    with bot() as blue:
        recording = ("--target", target_file(folder, blue.url), *words, "--repeats", 3, "--output", folder / "b.json")
        assert harness("baseline", "record", *recording) == 0
    with bot(lambda _: good(text)) as green:
        assert harness("gate", "--target", target_file(folder, green.url), *words, "--baseline", folder / "b.json") == code
