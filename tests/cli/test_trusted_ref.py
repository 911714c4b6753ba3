"""`--trusted-ref`: a change cannot approve itself, in real repositories against a chatbot on loopback."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.package_data import shipped
from harness.records.journal import read_journal
from tests.acceptance.conftest import Finished
from tests.cli.conftest import Door
from tests.fakes.git_repository import GitRepository, git_repository
from tests.fakes.raw_http import RawServer, Request
from tests.fakes.threaded_bot import SORRY, bot, good, target_file, write_suite

SETTINGS = """\
target = "target.yaml"
suite = "suite"
rubric = "judges/rubric.yaml"
baseline = "baselines/blue.jsonl.gz"
judge = "offline"
repeats = 5
[policy]
margin = 0.3
"""


@pytest.fixture(scope="module")
def served() -> Iterator[RawServer]:
    """A candidate that only apologises, so that every fair gate fails it."""

    def sorry(_request: Request):
        return good(SORRY)

    with bot(sorry) as server:
        yield server


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory, baseline: Path, served: RawServer) -> GitRepository:
    """A repository whose main branch says how candidates are judged."""
    made = git_repository(tmp_path_factory.mktemp("trusted") / "repo")
    made.write("harness.toml", SETTINGS)
    made.write("judges/rubric.yaml", (shipped("judges") / "rubric.yaml").read_bytes())
    made.write("baselines/blue.jsonl.gz", baseline.read_bytes())
    write_suite(made.top / "suite")
    target_file(made.top, served.url)
    made.write(".gitignore", ".harness/\n")
    made.commit("how candidates are judged")
    made.git("checkout", "-q", "-b", "change")
    return made


@pytest.fixture
def change(trusted: GitRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitRepository:
    """The same for one test, with a change checked out, and the working directory in it."""
    shutil.copytree(trusted.top, tmp_path / "repo", symlinks=True)
    monkeypatch.chdir(tmp_path / "repo")
    return GitRepository((tmp_path / "repo").resolve(), trusted.environ)


@pytest.fixture
def gate(door: Door) -> Callable[..., Finished]:
    """Run the gate where the settings say everything."""
    return lambda *words: door("gate", "--seed", 1, "--quiet", "--json", *words)


def softened(change: GitRepository, **settings: str) -> None:
    """Let the change say otherwise how it is judged."""
    text = (change.top / "harness.toml").read_text(encoding="utf-8")
    head, policy = text.split("[policy]\n")
    change.write(
        "harness.toml", head + "".join(f"{name} = {value}\n" for name, value in settings.items()) + "[policy]\nmargin = 4\n" + policy[13:]
    )


def test_a_change_that_softens_everything_fails_all_the_same(change: GitRepository, gate) -> None:
    """Mode, policy, rubric and target mapping of the change are not used: it fails, and the report says by what and what else there was."""
    softened(change, mode='"observe"')
    rubric = change.top / "judges" / "rubric.yaml"
    rubric.write_text(rubric.read_text(encoding="utf-8").replace("version: ", "version: 9", 1), encoding="utf-8")
    mapped = json.loads((change.top / "target.yaml").read_text(encoding="utf-8"))
    change.write("target.yaml", json.dumps({**mapped, "reply": {"text": "'Thank you for asking, we have plenty of manga!'"}}))
    change.commit("approve me")
    assert gate().code == 0
    done = gate("--trusted-ref", "main", "--out", ".harness/kept")
    assert done.code == 1, done.err
    told = done.document["trusted"]
    assert (told["ref"], told["commit"]) == ("main", change.hash("main"))
    assert {one["place"] for one in told["files"] if one["changed"]} == {"harness.toml", "judges/rubric.yaml", "target.yaml"}
    assert {(one["name"], one["used"], one["here"]) for one in told["overruled"]} >= {
        ("mode", "enforce", "observe"), ("policy.margin", "0.3", "4.0"),
    }  # fmt: skip
    assert read_journal(Path(".harness/kept/journal.jsonl")).manifest.trusted_revision == change.hash("main")
    assert "harness run --target" in done.document["scenarios"][0]["replay"]
    assert "harness-trusted" not in json.dumps(done.document)


def test_a_change_cannot_make_what_fails_count_less(change: GitRepository, gate) -> None:
    """Lighter scenarios count as recorded, and what is suddenly called harmful, or is gone, is missing: never a PASS, and all of it is told."""
    write_suite(change.top / "suite", 10, weight=0.001)
    harmful = json.loads((change.top / "suite" / "ask.yaml").read_text(encoding="utf-8"))
    harmful["scenarios"][0]["effects"] = "creates"
    harmful["scenarios"][1]["turns"] = [{"say": "Something easier"}]
    change.write("suite/ask.yaml", json.dumps(harmful))
    change.commit("count less")
    done = gate("--trusted-ref", "main", "--out", ".harness/kept")
    assert done.code != 0
    assert done.document["unpaired"] == {
        "added": [], "removed": ["ask-00", "ask-10", "ask-11"], "changed": ["ask-01"], "deselected": [],
    }  # fmt: skip
    told = {(one["kind"], one["scenario"]): round(one["share"], 3) for one in done.document["changed_terms"]["scenarios"]}
    assert told == dict.fromkeys(
        [("removed", "ask-00"), ("changed", "ask-01"), ("removed", "ask-10"), ("removed", "ask-11")], round(1 / 12, 3)
    )
    assert any("otherwise in the work tree; they count as the baseline recorded them" in one for one in done.document["cautions"])
    assert {one.weight for one in read_journal(Path(".harness/kept/journal.jsonl")).manifest.scenarios} == {1.0}
    held = len(read_journal(Path(".harness/kept/journal.jsonl")).records)
    later = change.commit_nothing("main moved on")
    change.git("branch", "-f", "main", later)
    moved = gate("--trusted-ref", "main", "--resume", "--out", ".harness/kept")
    assert (moved.code, held) == (2, 45)
    assert "trusted revision is" in moved.document["error"]


def test_without_the_flag_the_report_says_what_differs(change: GitRepository, gate) -> None:
    """Nothing is refused; policy, weights and scenarios that differ from what the baseline recorded are in the report."""
    softened(change)
    write_suite(change.top / "suite", weight=0.5)
    done = gate()
    assert "trusted" not in done.document
    changed = done.document["changed_terms"]
    assert changed["terms"] == [{"name": "policy.margin", "before": "0.2", "now": "4"}]
    assert {(one["kind"], one["before"], one["now"]) for one in changed["scenarios"]} == {("weight", "1", "0.5")}


def test_mistakes_name_the_revision_and_the_place(change: GitRepository, gate, door: Door) -> None:
    """A rubric that is broken on main is told as git names it, an unknown revision with its remedy, and the variable says the same as the flag."""
    assert "means no commit" in gate("--trusted-ref", "nowhere").document["error"]
    change.write("judges/rubric.yaml", "version: one\n")
    change.git("branch", "-f", "main", change.commit("broken"))
    with pytest.MonkeyPatch.context() as said:
        said.setenv("HARNESS_TRUSTED_REF", "main")
        done = gate()
    assert done.code == 2
    assert "main:judges/rubric.yaml:1:10: " in done.document["error"]


def test_a_single_conversation_is_replayed_by_the_same_revision(change: GitRepository, door: Door) -> None:
    """`harness run` reads rubric and target file from it too, and shows what decided and where the trace of a failing turn is."""
    described = json.loads((change.top / "target.yaml").read_text(encoding="utf-8"))
    described["traces"] = {"url": "https://traces.example/{{ trace_id }}"}
    change.write("target.yaml", json.dumps(described))
    change.git("branch", "-f", "main", change.commit("traces"))
    described["reply"] = {"text": "'all is well'"}
    change.write("target.yaml", json.dumps(described))
    done = door("run", "--trusted-ref", "main", "--only", "ask-00", "--repeat", 0, "--seed", 1, "--quiet")
    assert done.code == 0
    assert "I'm sorry, I cannot help you" in done.out
    assert "trace    https://traces.example/" in done.out
    assert "Decided by main (" in done.out
    assert "not used: target.yaml" in done.out
