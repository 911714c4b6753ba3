"""What judging costs, from the command line: known before, counted while it runs, told after, and never paid twice."""

from __future__ import annotations

import re
import shutil
from fractions import Fraction
from pathlib import Path

import pytest

from harness.baselines.file import read_baseline, read_transcripts
from harness.language_model.batches.patient_batches import BatchPatience
from harness.records.journal import read_journal
from tests.cli.conftest import Door, recorded
from tests.fakes.messages_api.api import FakeMessagesApi
from tests.fakes.messages_api.temper import BatchTemper, Temper
from tests.fakes.model_requests import FIGURES
from tests.fakes.threaded_bot import SCENARIOS, write_suite

OFFLINE, CLAUDE = ("--judge", "offline"), ("--judge", "anthropic")
REPEATS = 3
QUICK = BatchPatience(gather_s=0.1, first_look_s=0.02, longest_look_s=0.05)


@pytest.fixture(scope="module")
def blue(tmp_path_factory: pytest.TempPathFactory, suite: tuple[str, ...]) -> Path:
    """A baseline that the rules judged."""
    return recorded(tmp_path_factory.mktemp("blue"), *suite, *OFFLINE, "--repeats", str(REPEATS))


def billed(api: FakeMessagesApi) -> Fraction:
    return api.ledger.cost(FIGURES)


def test_a_baseline_of_another_judge_is_refused_with_the_price_before_anything_is_paid(
    door: Door, claude, prices, suite, target, blue: Path
) -> None:
    """INVALID in both gates, naming both judges, what judging again costs, and the two ways to do it; nothing is held or asked."""
    done = door("gate", *target, *suite, *CLAUDE, *prices, "--baseline", blue, "--json", "--quiet")
    assert (done.code, claude.calls) == (4, 0)
    error = done.document["error"]
    assert str(blue) in error
    assert re.search(
        r"by 'rules only' .*'claude-sonnet-5-5'.* its 36 conversations again costs about [\d.]+ USD, in batches [\d.]+ USD", error
    )
    assert "--rejudge-baseline" in error
    assert f"harness rejudge {blue} --judge anthropic" in error
    assert {done.decision(gate) for gate in ("integration", "quality")} == {"invalid"}
    assert "at prices that nobody has filled in" in door("gate", *target, *suite, *CLAUDE, "--baseline", blue, "--quiet").err


def test_the_gate_judges_the_baseline_again_on_request(door: Door, claude, prices, suite, target, blue: Path) -> None:
    """With --rejudge-baseline the gate decides; the account is the bill; a second gate finds the baseline and pays for nothing twice."""
    words = ("gate", *target, *suite, *CLAUDE, *prices, "--baseline", blue, "--rejudge-baseline", "--json")
    done = door(*words, "--seed", 7)
    assert done.code == 0, done.err
    assert re.search(r"Judging costs about [\d.]+ USD a conversation: first look .* last look ", done.err)
    spending = done.document["spending"]
    assert spending["usd"] == pytest.approx(float(billed(claude)), abs=1e-9)
    assert (spending["calls"], spending["charge_unknown"]) == (len(claude.ledger.bills), 0)
    assert spending["output_tokens"] == claude.ledger.total("output")
    assert {(row["arm"], row["part"]) for row in spending["parts"]} == {("green", "quality")}
    # Green says what blue said: what the baseline's repeats were judged for is known.
    questions = sum(row["questions"] for row in spending["parts"])
    assert (questions, spending["from_cache"]) == (4 * SCENARIOS, REPEATS * SCENARIOS)
    assert len(claude.ledger.bills) == 4 * SCENARIOS
    before = len(claude.ledger.bills)
    again = door(*words, "--seed", 7)
    assert (again.code, len(claude.ledger.bills)) == (0, before)
    assert (again.document["spending"]["usd"], again.document["spending"]["cache_hit_rate"]) == (0, 1)
    assert again.document["gates"]["quality"]["difference"] == done.document["gates"]["quality"]["difference"]


def test_a_budget_stops_a_run_that_goes_on_with_more(door: Door, claude, prices, suite, target, blue: Path, tmp_path: Path) -> None:
    """INVALID before the call that would break the budget, with the way on; resumed with more money it decides, and pays nothing twice."""
    words = ("gate", *target, *suite, *CLAUDE, *prices, "--baseline", blue, "--rejudge-baseline", "--seed", 7, "--out", tmp_path / "run")
    door("rejudge", blue, *suite, *CLAUDE, *prices, "--output", tmp_path / "again.jsonl.gz", "--quiet")
    paid = billed(claude)
    shutil.copy(tmp_path / ".harness" / "answers.sqlite", tmp_path / "other.sqlite")
    calm = door(*words[:-1], tmp_path / "calm", "--json", "--quiet", "--cache", tmp_path / "other.sqlite")
    held = billed(claude)
    # Room for some of the run's own judgements, beside the most that one more may cost.
    limit = 0.19
    stopped = door(*words, "--budget-usd", limit, "--quiet")
    assert stopped.code == 4
    assert re.search(r"scenario ask-\d\d, repeat \d: .* of the budget of 0\.19 USD .* nothing was sent; allow more money", stopped.err)
    assert "go on with the same command and --resume" in stopped.err
    assert 0 < billed(claude) - held <= Fraction(str(limit))
    done = door(*words, "--budget-usd", 5, "--resume", "--json", "--quiet")
    assert done.code == calm.code == 0
    assert done.document["gates"]["quality"]["difference"] == calm.document["gates"]["quality"]["difference"]
    assert done.document["spending"]["usd"] == pytest.approx(float(billed(claude) - held), abs=1e-9)
    assert done.document["spending"]["budget_usd"] == 5
    assert billed(claude) - held <= held - paid


def test_a_budget_needs_prices(door: Door, claude, suite, target) -> None:
    """Without a price for the model a budget is refused, and says what to fill in."""
    done = door("run", *target, *suite, *CLAUDE, "--budget-usd", 1)
    assert done.code == 2
    assert "copy the provider's figures into the price file" in done.err
    assert claude.calls == 0


def test_a_budget_for_a_judge_of_ones_own_is_refused(door: Door, suite, target) -> None:
    """No budget of ours holds what somebody else's judge spends."""
    done = door("run", *target, *suite, "--judge", "package.module:factory", "--budget-usd", 1)
    assert done.code == 2
    assert "nothing holds the judge" in done.err


def test_without_prices_tokens_are_told(door: Door, claude, suite, target) -> None:
    """No money anywhere, but calls and tokens."""
    done = door("run", *target, *suite, *CLAUDE, "--repeats", 1, "--json", "--quiet")
    assert done.code == 0
    assert done.document["spending"]["usd"] is None
    assert done.document["spending"]["output_tokens"] == claude.ledger.total("output")
    assert " USD" not in door("run", *target, *suite, *CLAUDE, "--repeats", 1, "--quiet").out


def test_a_replay_needs_no_key_and_names_what_is_missing(
    door: Door, claude, suite, target, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The same run again without key and service says the same; a conversation that was never judged is named."""
    first = door("run", *target, *suite, *CLAUDE, "--repeats", 1, "--seed", 7, "--json", "--quiet")
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    again = door("run", *target, *suite, *CLAUDE, "--repeats", 1, "--seed", 7, "--replay", "--json", "--quiet")
    assert again.code == 0, again.err
    assert [row["score"] for row in again.document["scenarios"]] == [row["score"] for row in first.document["scenarios"]]
    missing = door("run", *target, *suite, *CLAUDE, "--repeats", 2, "--seed", 7, "--replay", "--quiet")
    assert missing.code == 4
    assert re.search(r"scenario ask-\d\d, repeat 1: .*answers\.sqlite: holds no answer to this question", missing.err)
    none = door("run", *target, *suite, *CLAUDE, "--replay", "--cache", tmp_path / "none.sqlite")
    assert none.code == 2
    assert "there is no such file, so there is nothing to replay" in none.err
    assert len(claude.ledger.bills) == SCENARIOS


def test_a_damaged_cache_is_said_before_anything_is_held(door: Door, claude, suite, target, tmp_path: Path) -> None:
    """A file that is no store of answers ends in 2 with place and remedy, and no run is begun."""
    path = tmp_path / "answers.sqlite"
    path.write_text("my notes")
    done = door("run", *target, *suite, *CLAUDE, "--cache", path)
    assert done.code == 2
    assert f"{path}: is damaged, or no store of answers; restore it, or move it away" in done.err
    assert not (tmp_path / ".harness" / "runs").exists()


def test_a_baseline_is_judged_again_into_a_file_of_its_own(door: Door, claude, prices, suite, blue: Path, tmp_path: Path) -> None:
    """New scores, a new id, the old conversations, checks and time; the note says where it comes from; the shift is shown."""
    done = door("rejudge", blue, *suite, *CLAUDE, *prices, "--output", tmp_path / "again.jsonl.gz", "--json", "--quiet")
    assert done.code == 0, done.err
    old, new = read_baseline(blue), read_baseline(tmp_path / "again.jsonl.gz")
    assert new.id != old.id
    assert (new.judge.name, new.created, new.source_run, new.build) == ("claude-sonnet-5-5", old.created, old.source_run, old.build)
    assert old.id in new.note
    assert [one.passes for one in new.scenarios] == [one.passes for one in old.scenarios]
    assert list(read_transcripts(tmp_path / "again.jsonl.gz")) == list(read_transcripts(blue))
    assert all(scores is not None for one in new.scenarios for scores in one.scores)
    document = done.document
    assert (document["conversations"], document["scored"], document["outcomes"]) == (36, 36, {"rated": 36})
    assert document["dimensions"]["tone_and_locale"]["pairs"] == 36
    assert document["judge_before"] == "rules only"
    assert "36 calls" in document["spent"]


def test_a_run_is_judged_again_in_a_run_of_its_own(door: Door, claude, suite, target, tmp_path: Path) -> None:
    """The same conversations with the new judge's answers, under an id that follows from both; said again, nothing is asked."""
    first = door("run", *target, *suite, *OFFLINE, "--repeats", 2, "--json", "--quiet")
    source = first.document["run"]["id"]
    done = door("rejudge", "last", *suite, *CLAUDE, "--quiet")
    assert done.code == 0, done.err
    assert "24 conversations of run" in re.sub(r"\s+", " ", done.out)
    (folder,) = (one for one in (tmp_path / ".harness" / "runs").iterdir() if one.is_dir() and one.name != source)
    held, again = (read_journal(tmp_path / ".harness" / "runs" / name / "journal.jsonl") for name in (source, folder.name))
    assert (again.manifest.rejudged, again.manifest.judge.name) == (source, "claude-sonnet-5-5")
    assert {key: one.transcript for key, one in again.records.items()} == {key: one.transcript for key, one in held.records.items()}
    assert all(one.judgement.inquiry is not None for one in again.records.values())
    calls = claude.calls
    assert door("rejudge", source, *suite, *CLAUDE, "--quiet").code == 0
    assert claude.calls == calls == 24


def test_batches_answer_at_half_the_price_and_what_they_lose_is_asked_singly(
    door: Door, claude, prices, suite, blue: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--batch gives the same scores; the account is the bill at the batches' price, single calls for the lost ones included."""
    monkeypatch.setattr("harness.assembly.claude.BatchPatience", lambda: QUICK)
    claude.temper = Temper(batches=BatchTemper(missing=0.1, expired=0.1))
    done = door("rejudge", blue, *suite, *CLAUDE, *prices, "--batch", "--output", tmp_path / "b.jsonl.gz", "--json", "--quiet")
    assert done.code == 0, done.err
    batched = [bill for bill in claude.ledger.bills if bill.batch]
    assert (len(batched), len(claude.ledger.bills) - len(batched)) == (32, 8)
    assert done.document["scored"] == 36
    assert read_baseline(tmp_path / "b.jsonl.gz").judge.name == "claude-sonnet-5-5"


def test_a_run_whose_judge_failed_becomes_a_baseline_once_it_is_judged_again(
    door: Door, claude, prices, suite, target, tmp_path: Path
) -> None:
    """Nothing can be compared with a run of refusals; judged again, only what has no answer is asked, and it is the baseline."""
    claude.temper = Temper(refuses=0.5)
    out = tmp_path / "blue.jsonl.gz"
    record = ("baseline", "record", *target, *suite, *CLAUDE, *prices, "--repeats", REPEATS, "--output", out, "--quiet")
    refused = door(*record)
    assert refused.code == 2
    assert "`harness rejudge`" in refused.err
    answered = len(claude.ledger.bills) - sum(bill.output == 1 for bill in claude.ledger.bills)
    words = ("rejudge", "last", *suite, *CLAUDE, *prices, "--output", out, "--quiet")
    assert "have no score" in door(*words).err
    claude.temper = Temper()
    before = len(claude.ledger.bills)
    done = door(*words)
    assert done.code == 0, done.err
    assert 0 < len(claude.ledger.bills) - before < REPEATS * SCENARIOS - answered / 2
    stored = read_baseline(out)
    assert all(scores for one in stored.scenarios for scores in one.scores)
    assert "judged again from run" in stored.note
    spent = door(*record[:-2], tmp_path / "other.jsonl.gz", "--quiet", "--out", tmp_path / "run")
    assert spent.code == 0
    assert re.search(r"Spent: \d+ calls.*from the cache", spent.err)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("rejudge", "last", *CLAUDE), "there are no runs here yet"),
        (("rejudge", "last"), "no judge is configured"),
        (("rejudge", "last", *OFFLINE, "--batch"), "leave --batch out"),
        (("rejudge", "last", "--judge", "bedrock", "--batch"), "Bedrock has no Message Batches"),
        (("estimate",), "no judge is configured"),
        (("estimate", *OFFLINE), "asks none of our models"),
    ],
)
def test_what_cannot_be_done_is_said(door: Door, claude, suite, words: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each mistake ends in 2 with what to do instead."""
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "x" * 20)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    done = door(*words, *suite)
    assert done.code == 2
    assert said in done.err


def test_a_baseline_judged_again_needs_a_place_and_its_suite(door: Door, claude, suite, blue: Path, tmp_path: Path) -> None:
    """Without --output nothing is asked; with a suite that asks something else nothing can be judged."""
    assert "--output is missing" in door("rejudge", blue, *suite, *CLAUDE).err
    other = write_suite(tmp_path / "suite", turns=[{"say": "Something else?"}])
    done = door("rejudge", blue, "--suite", other, *CLAUDE, "--output", tmp_path / "b.jsonl.gz")
    assert done.code == 2
    assert "no scenario of it is in the suite as it was held (ask-00, " in done.err
    assert claude.calls == 0


def test_an_interrupted_rejudging_goes_on_where_it_was(door: Door, claude, prices, suite, blue: Path, tmp_path: Path) -> None:
    """Stopped by its budget, the same command with more money asks only what is missing, and its account tells of both sessions."""
    words = ("rejudge", blue, *suite, *CLAUDE, *prices, "--output", tmp_path / "b.jsonl.gz", "--json", "--quiet")
    stopped = door(*words, "--budget-usd", 0.19)
    assert stopped.code == 4
    assert not (tmp_path / "b.jsonl.gz").exists()
    assert 0 < len(claude.ledger.bills) < 36
    done = door(*words, "--budget-usd", 5)
    assert done.code == 0
    assert len(claude.ledger.bills) == 36
    assert "36 calls" in done.document["spent"]
