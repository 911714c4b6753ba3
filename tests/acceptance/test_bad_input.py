"""Whatever a user gets wrong: the place, the remedy, the right exit code, no traceback, nothing half-written."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.conftest import Harness, environment

ROOT = Path(__file__).parents[2]
GATE = ("gate", "--judge", "offline", "--baseline", str(ROOT / "baselines" / "demo.jsonl.gz"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_no_target_says_where_one_can_be_named(here: Harness) -> None:
    """A gate without a target is a configuration mistake with its remedy."""
    done = here(*GATE)
    assert done.code == 2
    assert "--target" in done.err


def test_no_judge_is_never_a_silent_fall_back(here: Harness) -> None:
    """Without a key and without `--judge offline` the gate refuses and says what to do."""
    done = here("gate", "--target", "http://127.0.0.1:9", "--baseline", str(ROOT / "baselines" / "demo.jsonl.gz"))
    assert done.code == 2
    assert "--judge offline" in done.err


def test_json_is_one_document_for_mistakes_too(here: Harness) -> None:
    """With --json, exit 2 still prints one document with its error, and no gates."""
    done = here("gate", "--json")
    assert done.code == 2
    assert done.document["exit_code"] == 2
    assert done.document["gates"] == {}
    assert "--target" in done.document["error"]


def test_an_unknown_flag_is_usage_and_json_says_so(here: Harness) -> None:
    """A mistyped flag ends in 2, with one document when JSON was asked for."""
    done = here("gate", "--jason", "--json")
    assert done.code == 2
    assert "--jason" in done.document["error"]


def test_an_unreachable_host_is_invalid(harness: Harness) -> None:
    """Nothing ever answered: 4, never 1, and soon."""
    done = harness(*GATE, "--target", f"http://127.0.0.1:{free_port()}", "--json", "--quiet", timeout=60)
    assert done.code == 4, done.out + done.err
    assert done.document["exit_code"] == 4


@pytest.mark.parametrize("url", ["http://", "ftp://shop.example", "http://user:secret@shop.example", "shop.yaml"])
def test_a_target_that_cannot_be_is_a_mistake_of_the_user(here: Harness, url: str) -> None:
    """Malformed URLs, unknown schemes, credentials in a URL and missing files end in 2 without showing a secret."""
    done = here(*GATE, "--target", url)
    assert done.code == 2
    assert "secret" not in done.err


def test_a_wrong_baseline_is_refused(here: Harness, tmp_path: Path) -> None:
    """A file that is no baseline ends in 2 and says which file and what to do."""
    wrong = tmp_path / "wrong.jsonl.gz"
    wrong.write_bytes(b"not a baseline")
    done = here("gate", "--judge", "offline", "--target", "http://127.0.0.1:9", "--baseline", str(wrong))
    assert done.code == 2
    assert str(wrong) in done.err


def test_every_mistake_of_every_scenario_file_at_once(here: Harness, tmp_path: Path) -> None:
    """`scenarios check` shows unknown keys, wrong types, unknown kinds and duplicates of two files, each at its place."""
    suite = tmp_path / "suite"
    suite.mkdir()
    (suite / "a.yaml").write_text(
        "scenarios:\n"
        "  - id: one\n    title: One\n    intent: chitchat\n    locale: en\n    dimensions: [tone_and_locale]\n"
        "    weigth: 2\n    turns:\n      - say: hello\n        expect:\n          - {kind: containz, any: [a]}\n",
        encoding="utf-8",
    )
    (suite / "b.yaml").write_text(
        "scenarios:\n  - id: two\n    id: two\n    title: 3\n    intent: chitchat\n    locale: en\n    dimensions: [tone_and_locale]\n"
        "    turns:\n      - say: hello\n",
        encoding="utf-8",
    )
    facts = ROOT / "scenarios" / "facts"
    done = here("scenarios", "check", "--suite", str(suite), "--facts", str(facts))
    assert done.code == 2
    assert "a.yaml:7:" in done.err
    assert "did you mean 'weight'" in done.err
    assert "did you mean 'contains'" in done.err
    assert "b.yaml:3:" in done.err


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bomb", b"a: &a [1,1,1,1]\nb: &b [*a,*a,*a,*a]\nc: [*b,*b,*b,*b]\n"),
        ("bad-utf8", b"scenarios:\n  - id: \xff\xfe\n"),
        ("large", None),
        ("template", b"scenarios:\n- {id: a, title: a, intent: chitchat, locale: en, dimensions: [tone_and_locale], turns: [{say: \"{{ ''.__class__.__mro__ }}\"}]}\n"),
        ("deep", b"[" * 5000),
    ],
)  # fmt: skip
def test_hostile_scenario_files_are_refused_quickly(here: Harness, tmp_path: Path, name: str, content: bytes | None) -> None:
    """YAML bombs, bad UTF-8, a 50 MB file, template injection and deep nesting end in 2 with the file named."""
    suite = tmp_path / "suite"
    suite.mkdir()
    with (suite / f"{name}.yaml").open("wb") as file:
        file.truncate(50_000_000) if content is None else file.write(content)
    done = here("scenarios", "check", "--suite", str(suite), "--facts", str(ROOT / "scenarios" / "facts"))
    assert done.code == 2, done.out
    assert f"{name}.yaml" in done.err


def test_a_closed_stdout_does_not_change_the_exit_code(tmp_path: Path) -> None:
    """A reader that closes the pipe at once leaves the exit code as it is, without a traceback."""
    words = [sys.executable, "-m", "harness.cli.main", "scenarios", "list"]
    process = subprocess.Popen(words, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    error = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=30) == 0
    assert b"Traceback" not in error


def test_settings_mistakes_are_shown_all_at_once(here: Harness, tmp_path: Path) -> None:
    """Unknown keys and wrong values of the settings file and of the environment are all named, with what was meant."""
    (tmp_path / "harness.toml").write_text('targt = "x"\nrepeats = "many"\n[policy]\nmargn = 0.2\n', encoding="utf-8")
    done = here("gate", HARNESS_CONCURRENCY="lots")
    assert done.code == 2
    for part in ("did you mean 'target'", "repeats", "did you mean 'margin'", "HARNESS_CONCURRENCY"):
        assert part in done.err


def test_a_full_disk_is_said_with_its_place(here: Harness, tmp_path: Path) -> None:
    """A run whose folder cannot take a file ends in 2 with the place, and leaves nothing half-written."""
    done = here("scenarios", "list", "--json")
    assert json.loads(done.out)
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    done = here(*GATE, "--target", "http://127.0.0.1:9", "--out", str(blocked / "run"))
    assert done.code == 2
    assert str(blocked) in done.err
