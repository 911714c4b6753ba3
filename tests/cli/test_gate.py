"""`harness gate` from flags to exit code, against a chatbot on loopback."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.errors import JudgeError
from harness.judging.offline_judge import OfflineJudge
from harness.records.journal import read_journal
from tests.acceptance.conftest import Finished
from tests.cli.conftest import Door
from tests.fakes.raw_http import Behaviour, Request, free_port, says
from tests.fakes.threaded_bot import BUILD, SCENARIOS, SORRY, Answerer, good, target_file

QUICK = ("--policy", "point", "--repeats", 3)
LOOK = SCENARIOS * 3


@pytest.fixture
def gate(door: Door, suite_words: tuple[str, ...], baseline: Path) -> Callable[..., Finished]:
    """Run the gate with the small suite and its baseline, in a look that is enough; what is planned without flags is held in the first test."""

    def run(target: Path, *words: object, plan: tuple[object, ...] = QUICK) -> Finished:
        return door("gate", *suite_words, "--target", target, "--baseline", baseline, "--seed", 1, "--quiet", *plan, *words)

    return run


@pytest.fixture
def loud_signals() -> Iterator[None]:
    """A signal that nobody listens to fails the test instead of ending the session."""

    def unheard(number: int, _frame: object) -> None:
        raise AssertionError(f"signal {number} reached nobody")

    before = signal.signal(signal.SIGTERM, unheard)
    yield
    signal.signal(signal.SIGTERM, before)


def chats(server) -> list[Request]:
    return [request for request in server.requests if request.path == "/chat"]


def sorry(request: Request) -> Behaviour:
    del request
    return good(SORRY)


def all_but_one(broken: Behaviour) -> Answerer:
    """Answer one scenario well, so that the build is proved, and no other."""
    return lambda request: good() if b"ask-00" in request.body else broken


def test_a_good_candidate_passes(gate, green) -> None:
    """Both gates pass, the document is all there is on stdout, and the run's folder holds the same."""
    with green() as (server, target):
        done = gate(target, "--json", "--out", "run", plan=())
    assert done.code == 0, done.err
    assert [done.decision(name) for name in ("integration", "quality")] == ["pass", "pass"]
    assert done.document == json.loads(Path("run/report.json").read_text(encoding="utf-8"))
    assert done.document["run"]["build"] == BUILD
    assert len(chats(server)) == SCENARIOS * 5


@pytest.mark.parametrize(
    "answer", [sorry, all_but_one(says({"error": "oops"}, 500)), all_but_one(says(b"<html>", 200))], ids=["apology", "500", "html"]
)
def test_a_broken_candidate_fails_both_gates(gate, green, answer: Callable[[Request], Behaviour]) -> None:
    """Apologies, server errors and unreadable bodies are the target's: 1, with the fault quoted and a command that replays it."""
    with green(answer) as (_, target):
        done = gate(target)
    assert done.code == 1
    assert "FAIL" in done.out
    assert "--only ask-" in done.out


def test_too_few_scenarios_decide_nothing(gate, green) -> None:
    """A selection of two scenarios passes integration, yet quality stays open: 3, never 0."""
    with green() as (_, target):
        done = gate(target, "--json", "--only", "ask-00", "--only", "ask-01")
    assert done.code == 3
    assert [done.decision(name) for name in ("integration", "quality")] == ["pass", "inconclusive"]


@pytest.mark.parametrize("words", [("--expect-build", "f" * 40), ("--expect-build", BUILD[:6] + "f")])
def test_a_wrong_build_is_invalid_whatever_it_answers(gate, green, words: tuple[str, str]) -> None:
    """Another build than the expected one ends in 4, even where its answers would fail."""
    with green(sorry) as (_, target):
        done = gate(target, "--json", *words)
    assert done.code == 4
    assert {done.decision(name) for name in ("integration", "quality")} == {"invalid"}


def test_a_prefix_of_the_build_is_enough(gate, green) -> None:
    """Seven digits of the revision prove the build."""
    with green() as (_, target):
        assert gate(target, "--expect-build", BUILD[:7]).code == 0


def test_nobody_there_is_invalid(gate, tmp_path: Path) -> None:
    """A target that refuses connections ends in 4 with one document."""
    done = gate(target_file(tmp_path, f"http://127.0.0.1:{free_port()}"), "--json")
    assert done.code == 4
    assert done.document["exit_code"] == 4
    assert "127.0.0.1" in done.document["error"]


def test_a_passed_deadline_is_invalid(gate, green) -> None:
    """A run that its deadline ended never passes."""
    with green() as (_, target):
        done = gate(target, "--json", "--deadline", "0.005")
    assert done.code == 4
    assert "deadline" in json.dumps(done.document["gates"])


@pytest.mark.parametrize("mode", ["observe", "advise"])
def test_watching_modes_never_stop_a_pipeline(gate, green, mode: str) -> None:
    """observe and advise exit 0 on FAIL, and say that enforce would have answered 1."""
    with green(sorry) as (_, target):
        done = gate(target, "--mode", mode, "--json", "--markdown", "page.md")
    assert done.code == 0
    assert (done.document["exit_code"], done.document["enforced_exit_code"], done.document["mode"]) == (0, 1, mode)
    assert done.decision("integration") == "fail"
    page = Path("page.md").read_text(encoding="utf-8")
    assert mode in page
    assert "enforce" in page


@pytest.mark.parametrize("mode", ["observe", "advise"])
def test_watching_modes_let_a_target_be_away(gate, tmp_path: Path, mode: str) -> None:
    """Nobody answers: INVALID for enforce, 0 for who only observes, and every report says both."""
    away = target_file(tmp_path, f"http://127.0.0.1:{free_port()}")
    done = gate(away, "--mode", mode, "--json", "--markdown", "page.md", "--junit", "junit.xml")
    assert done.code == 0
    assert (done.document["exit_code"], done.document["enforced_exit_code"], done.document["mode"]) == (0, 4, mode)
    assert [done.decision(name) for name in ("integration", "quality")] == ["invalid", "invalid"]
    assert "enforce would have ended with 4 (INVALID)" in Path("page.md").read_text(encoding="utf-8")
    assert gate(away, "--mode", mode).out.startswith("INVALID")


@pytest.mark.parametrize(
    ("words", "code", "kind"),
    [((), 4, "invalid"), (("--judge", "none"), 2, "usage"), (("--repeats", "many"), 2, "usage"), (("--bogus",), 2, "usage")],
    ids=["nobody there", "no such judge", "bad value", "no such flag"],
)
def test_no_green_report_of_an_earlier_run_survives(gate, tmp_path: Path, words: tuple[str, ...], code: int, kind: str) -> None:
    """A pipeline that reads the report files sees the error of this run, on the case of each gate, and not yesterday's PASS."""
    for name in ("page.md", "junit.xml"):
        Path(name).write_text("PASS", encoding="utf-8")
    away = target_file(tmp_path, f"http://127.0.0.1:{free_port()}")
    done = gate(away, "--markdown=page.md", "--junit", "junit.xml", "--json", *words)
    assert done.code == code
    assert done.document["gates"].keys() == ({"integration", "quality"} if code == 4 else set())
    page, test_report = (Path(name).read_text(encoding="utf-8") for name in ("page.md", "junit.xml"))
    assert "PASS" not in page
    assert f"exit code {code}" in page
    assert test_report.count(f'type="{kind}"') == 3


def test_the_error_itself_is_said_when_no_report_of_it_can_be_written(gate) -> None:
    """A folder that is not there hides nothing: the mistake is told, and that no report was written."""
    done = gate(Path("missing.yaml"), "--junit", "nowhere/junit.xml", "--bogus")
    assert done.code == 2
    assert "--bogus" in done.err
    assert "no report of this error was written" in done.err


def test_watching_modes_do_not_excuse_mistakes(gate) -> None:
    """A target that is not there to be read stays a usage error in every mode."""
    assert gate(Path("missing.yaml"), "--mode", "observe").code == 2


def test_sources_can_be_opened_from_here(gate, green, suite_words: tuple[str, ...]) -> None:
    """Programs and test reporters are given the path of the scenario's file, not its bare name."""
    with green() as (_, target):
        done = gate(target, "--json")
    place, _, line = done.document["scenarios"][0]["source"].rpartition(":")
    assert Path(place) == Path(suite_words[1]) / "ask.yaml"
    assert Path(place).is_file()
    assert int(line) > 0


def test_reports_go_where_they_were_asked(gate, green) -> None:
    """--markdown and --junit write their files, for others to read; the run's own are private."""
    with green() as (_, target):
        done = gate(target, "--markdown", "page.md", "--junit", "junit.xml", "--out", "run")
    assert done.code == 0
    assert "PASS" in done.out
    assert "PASS" in Path("page.md").read_text(encoding="utf-8")
    assert "<testsuites" in Path("junit.xml").read_text(encoding="utf-8")
    assert Path("page.md").stat().st_mode & 0o777 == 0o644
    assert {path.name for path in Path("run").iterdir()} == {".gitignore", "journal.jsonl", "report.json", "report.md"}
    assert Path("run/report.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("flag", ["--markdown", "--junit"])
@pytest.mark.parametrize("name", ["missing/report", "pipe", "link"])
def test_a_report_that_could_not_be_written_is_refused_first(gate, green, flag: str, name: str) -> None:
    """A missing folder, and a pipe, device or link that a file would replace, are said before anything is sent."""
    os.mkfifo("pipe")
    Path("link").symlink_to("elsewhere")
    with green() as (server, target):
        done = gate(target, flag, name)
    assert done.code == 2
    assert name in done.err
    assert Path("pipe").is_fifo()
    assert Path("link").is_symlink()
    assert not server.requests


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--only", "ask-0"), "did you mean 'ask-"),
        (("--judge", "none"), "offline"),
        (("--expect-build", "abc"), "expect_build"),
        (("--deadline", "inf"), "deadline_s"),
        (("--resume",), "no runs here yet"),
        (("--config", "missing.toml"), "missing.toml"),
    ],
)
def test_mistakes_send_nothing(gate, green, words: tuple[str, ...], said: str) -> None:
    """Each mistake ends in 2 with what is known, before anything is sent or written."""
    with green() as (server, target):
        done = gate(target, *words)
    assert done.code == 2
    assert said in done.err
    assert not server.requests
    assert not Path(".harness").exists()


def test_a_missing_baseline_or_judge_is_never_made_up(door: Door, suite_words: tuple[str, ...], tmp_path: Path) -> None:
    """Without a baseline or a judge the gate refuses, and says how to get one."""
    target = target_file(tmp_path, "http://127.0.0.1:9")
    done = door("gate", *suite_words, "--target", target)
    assert done.code == 2
    assert "harness baseline record" in done.err
    done = door("run", *suite_words[:-2], "--target", target)
    assert done.code == 2
    assert "--judge offline" in done.err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.usefixtures("loud_signals")
def test_a_stopped_run_goes_on_where_it_was(gate, green, number: int, code: int) -> None:
    """A signal ends the run in 130 or 143, says how to go on, and the resumed run sends only what is missing and passes."""
    asked = 0

    def answer(_request: Request) -> Behaviour:
        nonlocal asked
        asked += 1
        if asked == 20:
            os.kill(os.getpid(), number)
        return good()

    with green(answer) as (_, target):
        done = gate(target, "--json", "--concurrency", 2)
        assert done.code == code
        assert done.out == ""
        run = done.err.rpartition("--resume ")[2].strip()
        held = len(read_journal(Path(".harness/runs") / run / "journal.jsonl").records)
        assert 0 < held < LOOK
        before = asked
        resumed = gate(target, "--json", "--resume", run, "--concurrency", 2)
    assert resumed.code == 0, resumed.err
    assert resumed.document["run"]["duration_s"] is None
    assert asked - before == LOOK - held


@pytest.mark.usefixtures("loud_signals")
def test_a_stopped_run_in_a_folder_of_its_own_is_resumed_there(gate, green) -> None:
    """With --out the way on is --resume alone; another run's id is refused; so is another seed."""

    signals = [signal.SIGINT]

    def answer(_request: Request) -> Behaviour:
        if signals:
            os.kill(os.getpid(), signals.pop())
        return good()

    with green(answer) as (_, target):
        done = gate(target, "--out", "run", "--concurrency", 1)
    assert done.code == 130
    assert done.err.rstrip().endswith("--resume")
    with green() as (_, other):
        assert other == target
        wrong = gate(target, "--out", "run", "--resume", "20261101T000000.000Z-aaaa")
        assert wrong.code == 2
        assert "--resume alone" in wrong.err
        seed = gate(target, "--out", "run", "--resume", "--seed", 2)
        assert seed.code == 2
        assert "--seed 1" in seed.err
        foreign = gate(target, "--out", "run", "--resume")
    assert foreign.code == 2
    assert "target" in foreign.err


def test_a_judge_that_cannot_be_asked_is_invalid(gate, green, monkeypatch: pytest.MonkeyPatch) -> None:
    """JudgeError in the middle of a run ends in 4, says why, and leaves a journal to resume."""

    async def judge(*_: object) -> None:
        raise JudgeError("the judge is on holiday")

    with green() as (_, target):
        with monkeypatch.context() as patch:
            patch.setattr(OfflineJudge, "judge", judge)
            done = gate(target, "--json", "--out", "run")
        assert done.code == 4
        assert re.fullmatch(r"scenario [\w-]+, repeat \d: the judge is on holiday", done.document["error"])
        assert gate(target, "--out", "run", "--resume").code == 0


def test_a_crash_in_a_run_names_its_place(gate, green, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An exception of ours in the middle of a run is 4 and no score; the crash file names where it was raised, not its words."""

    words = "said by hanako@example.jp"

    async def judge(*_: object) -> None:
        raise ZeroDivisionError(words)

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(OfflineJudge, "judge", judge)
    with green() as (_, target):
        done = gate(target, "--json")
    assert done.code == 4
    assert {done.decision(name) for name in ("integration", "quality")} == {"invalid"}
    (crash,) = tmp_path.glob("harness-crash-*.txt")
    text = crash.read_text(encoding="utf-8")
    assert "ZeroDivisionError" in done.document["error"]
    assert "in judge" in text
    assert words not in text + done.err + done.out


def test_settings_files_and_variables_stand_in_for_flags(door: Door, green, suite_words, baseline, monkeypatch: pytest.MonkeyPatch) -> None:
    """`harness gate` alone takes target, suite, judge and baseline from the file, and the mode from the environment."""
    with green(sorry) as (_, target):
        named = dict(zip(("suite", "facts", "judge"), suite_words[1::2], strict=True)) | {"target": target.name, "baseline": str(baseline)}
        Path("harness.toml").write_text("\n".join(f"{name} = {json.dumps(value)}" for name, value in named.items()), encoding="utf-8")
        monkeypatch.setenv("HARNESS_MODE", "observe")
        done = door("gate", *QUICK, "--json", "--quiet")
        assert (done.code, done.document["enforced_exit_code"]) == (0, 1)
        assert door("gate", *QUICK, "--mode", "enforce", "--quiet").code == 1
