"""`harness gate --shard` and `harness merge` from flags to exit code: shards of one run are that run, or are refused."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from harness.cli.main import main
from harness.evaluation.seeds import conversation_seed
from harness.records.journal import Journal, read_journal
from harness.records.run import SeedStream, Shard
from harness.records.shards import plan_of, write_seal
from harness.trial.merging import WANTS_TARGET
from tests.acceptance.conftest import Finished
from tests.acceptance.test_resume import lasting
from tests.cli.conftest import Door
from tests.fakes.raw_http import RawServer, Request, free_port
from tests.fakes.threaded_bot import BUILD, SCENARIOS, SORRY, bot, good, target_file, write_suite

SEED, OF, LOOK = 1, 3, SCENARIOS * 5
SICK = conversation_seed(SEED, SeedStream.GATE, "ask-03", 2)
"""The one conversation of the first look that fails, so that the gate asks for fifteen more."""


def once_sick(request: Request):
    return good(SORRY if request.json["seed"] == SICK else good_text(request))


def good_text(request: Request) -> str:
    return f"Thank you for asking! We have plenty of manga in our shop today, such as number {request.json['seed'] % 997}."


@dataclass(frozen=True)
class Held:
    """Three shards and the undivided run, and the bot that answered them all."""

    server: RawServer
    words: tuple[object, ...]
    target: Path
    folder: Path
    whole: dict
    sent_whole: Counter
    sent_shards: Counter

    def shard(self, number: int) -> Path:
        return self.folder / f"shard-{number}"

    @property
    def shards(self) -> list[Path]:
        return [self.shard(number) for number in range(1, OF + 1)]


def left(*words: object) -> int:
    with pytest.raises(SystemExit) as found:
        main([str(word) for word in words])
    assert isinstance(found.value.code, int)
    return found.value.code


def sent(server: RawServer, since: int = 0) -> Counter:
    """How often each conversation was begun, by its seed."""
    return Counter(request.json["seed"] for request in server.requests[since:] if request.path == "/chat")


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory, suite_words: tuple[str, ...], baseline: Path) -> Iterator[Held]:
    folder = tmp_path_factory.mktemp("shards")
    config = folder / "harness.toml"
    config.write_text("[policy]\nlooks = [5]\n", encoding="utf-8")
    with bot(once_sick) as server:
        target = target_file(folder, server.url)
        words = (*suite_words, "--baseline", baseline)
        gate = ("gate", *words, "--target", target, "--seed", SEED, "--quiet")
        assert left(*gate, "--config", config, "--out", folder / "whole") == 0
        sent_whole, before = sent(server), len(server.requests)
        for number in range(1, OF + 1):
            assert left(*gate, "--shard", f"{number}/{OF}", "--out", folder / f"shard-{number}") == 0
        whole = json.loads((folder / "whole" / "report.json").read_text(encoding="utf-8"))
        yield Held(server, words, target, folder, whole, sent_whole, sent(server, before))


@pytest.fixture
def merge(door: Door, held: Held) -> Callable[..., Finished]:
    return lambda *words: door("merge", *held.words, "--quiet", "--json", *words)


def records(folder: Path) -> dict:
    return {key: lasting(record) for key, record in read_journal(folder / "journal.jsonl").records.items()}


def test_merged_shards_are_the_undivided_run(merge, held: Held) -> None:
    """The same conversations, findings, judgements, figures, verdicts and exit code; each shard holds a third, and nothing is sent twice."""
    assert [len(read_journal(path / "journal.jsonl").records) for path in held.shards] == [LOOK // OF] * OF
    before = len(held.server.requests)
    done = merge(*reversed(held.shards), "--target", held.target, "--out", "merged")
    assert done.code == held.whole["exit_code"] == 0
    assert done.document["gates"] == held.whole["gates"]
    assert records(Path("merged")) == records(held.folder / "whole")
    extended = sent(held.server, before)
    assert len(extended) == 15
    assert held.sent_shards + extended == held.sent_whole
    again = merge(*held.shards, "--target", held.target, "--out", "merged")
    assert (again.code, again.document) == (0, done.document)
    assert sent(held.server, before) == extended
    assert Path("merged").stat().st_mode & 0o777 == 0o700
    assert Path("merged/journal.jsonl").stat().st_mode & 0o777 == 0o600


def test_without_a_target_nothing_more_is_held(merge, held: Held) -> None:
    """A gate that asks for more stays INCONCLUSIVE, says which flag lets it ask, and the target hears nothing."""
    before = len(held.server.requests)
    done = merge(*(path / "journal.jsonl" for path in held.shards), "--markdown", "page.md", "--junit", "junit.xml")
    assert (done.code, done.decision("integration"), done.decision("quality")) == (3, "inconclusive", "pass")
    assert [reason["code"] for reason in done.document["gates"]["integration"]["reasons"]] == [WANTS_TARGET]
    assert any("--target" in step for step in done.document["next_steps"])
    assert not any("--resume" in step for step in done.document["next_steps"])
    assert len(held.server.requests) == before
    assert done.document == json.loads((Path(done.document["run"]["folder"]) / "report.json").read_text(encoding="utf-8"))
    assert "INCONCLUSIVE" in Path("page.md").read_text(encoding="utf-8")
    assert "<testsuites" in Path("junit.xml").read_text(encoding="utf-8")


def test_a_shard_says_that_it_decides_nothing(door: Door, held: Held) -> None:
    """Its report has no verdict, names shard and plan and who decides; its seal names the same plan."""
    report = json.loads((held.shard(2) / "report.json").read_text(encoding="utf-8"))
    plan = plan_of(read_journal(held.shard(2) / "journal.jsonl").manifest)
    assert report["gates"] == {}
    assert f"Shard 2/{OF} of the plan {plan}" in report["cautions"][0]
    assert "`harness merge` decides" in report["cautions"][0]
    assert json.loads((held.shard(2) / "shard.json").read_text(encoding="utf-8"))["shard"]["plan"] == plan


def test_what_was_not_held_makes_the_run_invalid(merge, held: Held, tmp_path: Path) -> None:
    """A missing shard and an unfinished one end in 4, all of them named, in 0 for who only observes; repaired they are merged."""
    cut = tmp_path / "cut"
    shutil.copytree(held.shard(2), cut)
    (cut / "shard.json").unlink()
    done = merge(held.shard(1), cut, "--out", "merged")
    assert done.code == 4
    assert {done.decision(gate) for gate in ("integration", "quality")} == {"invalid"}
    missing, unfinished = done.document["run"]["problems"]
    assert f"shard 3/{OF} is missing" in missing
    assert f"{cut / 'journal.jsonl'}: shard 2/{OF} was not finished" in unfinished
    assert merge(held.shard(1), cut, "--mode", "observe").code == 0
    assert merge(*held.shards, "--out", "merged").code == 3


def test_every_difference_of_plans_is_said_at_once(merge, held: Held, tmp_path: Path) -> None:
    """Another policy, a scenario that changed and another build: each said once, with the files, and nothing is decided."""
    suite = tmp_path / "suite"
    shutil.copytree(Path(str(held.words[1])), suite)
    text = (suite / "ask.yaml").read_text(encoding="utf-8")
    (suite / "ask.yaml").write_text(text.replace("question 7?", "question seven?"), encoding="utf-8")
    done = merge(*held.shards, "--suite", suite, "--policy", "point", "--expect-build", "f" * 40)
    assert done.code == 2
    said = done.document["error"].splitlines()
    assert [any(word in line for line in said) for word in ("policy is", "scenarios differ: ask-07", "suite is", "expected build")] == [
        True
    ] * 4
    assert all(str(held.shard(number) / "journal.jsonl") in line for line in said for number in (1, 2, 3))
    assert not Path(".harness").exists()


def edited(folder: Path, held: Held) -> list[Path]:
    path = folder / "copy" / "journal.jsonl"
    path.write_bytes(path.read_bytes().replace(b"plenty of manga", b"plenty of MANGA", 1))
    return [held.shard(1), folder / "copy", held.shard(3)]


def shortened(folder: Path, held: Held) -> list[Path]:
    path = folder / "copy" / "journal.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    return [held.shard(1), folder / "copy", held.shard(3)]


def sealed_by_another(folder: Path, held: Held) -> list[Path]:
    shutil.copy(held.shard(3) / "shard.json", folder / "copy" / "shard.json")
    return [held.shard(1), folder / "copy", held.shard(3)]


def named_twice(_: Path, held: Held) -> list[Path]:
    return [*held.shards, held.shard(2) / "journal.jsonl"]


def copied(folder: Path, held: Held) -> list[Path]:
    return [*held.shards, folder / "copy"]


def whole_run(_: Path, held: Held) -> list[Path]:
    return [*held.shards, held.folder / "whole"]


def of_another_share(folder: Path, held: Held) -> list[Path]:
    """A journal that is whole and sealed, and holds a conversation of another shard too."""
    return [
        held.shard(1),
        rewritten(folder, held, lambda records: [*records, next(iter(read(held.shard(3)).records.values()))]),
        held.shard(3),
    ]


def of_another_seed(folder: Path, held: Held) -> list[Path]:
    def reseeded(records):
        first, *others = records
        return [replace(first, assignment=replace(first.assignment, seed=4)), *others]

    return [held.shard(1), rewritten(folder, held, reseeded), held.shard(3)]


def read(folder: Path):
    return read_journal(folder / "journal.jsonl")


def rewritten(folder: Path, held: Held, change, of: int = OF) -> Path:
    """Write shard 2 anew with other conversations, chained and sealed as by ourselves."""
    content, fresh = read(held.shard(2)), folder / "fresh"
    manifest = replace(content.manifest, shard=Shard(2, of))
    with Journal.create(fresh / "journal.jsonl", manifest) as journal:
        for record in change(list(content.records.values())):
            journal.append(record)
    write_seal(fresh, manifest, (BUILD, None), ())
    return fresh


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (edited, "was edited or is damaged"),
        (shortened, "was changed after the shard was sealed"),
        (sealed_by_another, "is the seal of another shard"),
        (named_twice, "name each shard once"),
        (copied, "are all shard 2/3"),
        (whole_run, "not of a shard"),
        (of_another_share, "that are not of shard 2/3 (ask-"),
        (of_another_seed, "another seed or purpose"),
    ],
)
def test_what_was_tampered_with_or_counts_twice_is_refused(merge, held: Held, tmp_path: Path, chosen, said: str) -> None:
    """Edits, cuts, exchanged seals, duplicates and foreign conversations end in 2 with the file's name; nothing is written."""
    shutil.copytree(held.shard(2), tmp_path / "copy")
    done = merge(*chosen(tmp_path, held))
    assert done.code == 2
    assert said in done.document["error"]
    assert not Path(".harness").exists()


def test_shards_of_two_deals_or_builds_are_not_one_run(merge, held: Held, tmp_path: Path) -> None:
    """A shard of another deal is a contradiction (2); one that another build answered makes the run INVALID (4), with all files named."""
    refused = merge(held.shard(1), rewritten(tmp_path / "deal", held, lambda _: [], OF + 1))
    assert refused.code == 2
    assert "different numbers of shards" in refused.document["error"]
    mixed = rewritten(tmp_path, held, lambda records: [of_build(record, "c" * 40) for record in records])
    done = merge(held.shard(1), mixed, held.shard(3))
    assert done.code == 4
    (problem,) = done.document["run"]["problems"]
    assert "mixed builds" in problem
    assert all(str(path / "journal.jsonl") in problem for path in (held.shard(1), mixed, held.shard(3)))


def of_build(record, build: str):
    exchanges = tuple(replace(one, reply=replace(one.reply, build=build)) for one in record.transcript.exchanges)
    return replace(record, transcript=replace(record.transcript, exchanges=exchanges))


def test_a_shard_in_trouble_tells_so_in_every_mode(door: Door, merge, held: Held, green, tmp_path: Path) -> None:
    """A shard of a wrong build ends in 4, also where the gate would only observe, and what is wrong with it is the merge's reason."""
    with green(lambda _request: good(build="d" * 40)) as (_, target):
        gate = ("gate", *held.words, "--target", target, "--seed", SEED, "--quiet", "--shard", "1/2", "--out", "wrong")
        assert door(*gate, "--mode", "observe").code == 4
    done = merge("wrong")
    assert done.code == 4
    assert "shard 2/2 is missing" in done.document["run"]["problems"][0]
    assert any(
        problem.startswith("wrong/journal.jsonl: shard 1/2: ") and "d" * 40 in problem for problem in done.document["run"]["problems"]
    )
    away = target_file(tmp_path, f"http://127.0.0.1:{free_port()}")
    assert door("gate", *held.words, "--target", away, "--seed", SEED, "--shard", "1/2", "--mode", "observe").code == 4


@pytest.mark.parametrize("selection", [(), ("--only", "odd")])
def test_what_shards_left_out_is_left_out_by_the_merge(door: Door, held: Held, tmp_path: Path, selection: tuple[str, ...]) -> None:
    """A selection, and scenarios that create something, need not be said again; scenarios, cautions and verdicts are the undivided run's."""
    suite = write_suite(tmp_path / "suite", 6)
    content = json.loads((suite / "ask.yaml").read_text(encoding="utf-8"))
    content["scenarios"][0]["effects"] = "creates"
    (suite / "ask.yaml").write_text(json.dumps(content), encoding="utf-8")
    (tmp_path / "harness.toml").write_text("[policy]\nlooks = [2]\n", encoding="utf-8")
    words = (*held.words, "--suite", suite, "--json", "--quiet")
    gate = ("gate", *words, "--target", held.target, "--seed", SEED, "--repeats", 2, *selection)
    whole = door(*gate)
    for number in (1, 2):
        assert door(*gate, "--shard", f"{number}/2", "--out", f"part-{number}").code == 0
    merged = door("merge", *words, "part-1", "part-2")
    assert merged.code == whole.code == 3
    for part in ("gates", "unpaired", "cautions"):
        assert merged.document[part] == whole.document[part]
    assert any("left out" in caution for caution in merged.document["cautions"]) is (not selection)


def test_a_finished_shard_that_is_resumed_sends_nothing(door: Door, held: Held, tmp_path: Path) -> None:
    """Resuming seals it again, and its conversations are not held again; without its --shard the journal is foreign."""
    shutil.copytree(held.shard(1), tmp_path / "again")
    before = sent(held.server)
    gate = ("gate", *held.words, "--target", held.target, "--quiet", "--out", tmp_path / "again", "--resume")
    assert door(*gate, "--shard", f"1/{OF}").code == 0
    assert sent(held.server) == before
    refused = door(*gate, "--shard", f"2/{OF}")
    assert refused.code == 2
    assert "shard is number 1" in refused.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--shard", "4/3"), ["NUMBER/OF"]),
        (("--shard", "0/3"), ["NUMBER/OF"]),
        (("--shard", "2of3"), ["NUMBER/OF"]),
        (("--shard", "1/3", "--rejudge-baseline"), ["same --seed", "harness rejudge"]),
        (("--shard", "1/3", "--seed", 1, "--policy", "fast", "--cap", 3), ["policy fast"]),
        (("--shard", "1/3", "--seed", 1, "--stopping", "anytime"), ["--stopping planned"]),
        (("--shard", "61/99", "--seed", 1), ["60 conversations only"]),
    ],
)
def test_what_cannot_be_sharded_sends_nothing(door: Door, held: Held, words: tuple[object, ...], said: list[str]) -> None:
    """Each mistake ends in 2 with its remedy, before anything is sent or written."""
    before = len(held.server.requests)
    done = door("gate", *held.words, "--target", held.target, *words)
    assert done.code == 2
    assert all(word in done.err for word in said)
    assert len(held.server.requests) == before
    assert not Path(".harness").exists()
