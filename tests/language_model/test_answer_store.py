"""The store of answers: whole, private, shared by processes, and never silently empty."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import StoreError
from harness.language_model.answers.answer_store import MAX_VALUE, AnswerStore
from harness.language_model.answers.cache_key import CacheKey
from harness.language_model.answers.submissions import Submitted
from harness.language_model.door import ModelAnswer, ModelFailure
from harness.language_model.wire import read_message
from tests.fakes.model_requests import MODEL, judges_question, text_request

ROOT = Path(__file__).parents[2]
KEY = CacheKey("a" * 64, "0" * 32)


def answer(text="Fine.", model=MODEL, **fields):
    """Return an answer as the wire brings it."""
    body = {
        "type": "message", "model": model, "content": [{"type": "text", "text": text}], "stop_reason": "end_turn",
        "usage": {"input_tokens": 10, "output_tokens": 4},
    }  # fmt: skip
    read = read_message(body, text_request(model=model), "req_1")
    assert isinstance(read, ModelAnswer)
    return replace(read, **fields)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "kept" / "answers.sqlite"


def test_an_answer_comes_back_as_it_was(path):
    """Raw response, usage, request id and time survive, lone surrogates and control characters included."""
    given = answer("進撃の巨人 \ud800 \x00 \u2028")
    with AnswerStore(path) as store:
        assert store.keep(KEY, given)
    with AnswerStore(path) as store:
        found = store.find(KEY.digest)
        assert len(store) == 1
        assert store.typical_output(MODEL) == 4.0
        assert store.typical_output("another") is None
    assert json.loads(found.body) == given.body
    assert (found.request_id, found.nonce, found.model, found.output_tokens) == ("req_1", "0" * 32, MODEL, 4)
    assert found.kept_at.startswith("20")
    assert found.read(text_request(), "0" * 32) == given


def test_an_answer_is_read_under_the_nonce_of_whoever_asks_again(path):
    """The boundary that the model echoed is the new one's, and nothing else changes."""
    old, new = "0" * 32, "f" * 32
    with AnswerStore(path) as store:
        store.keep(KEY, answer(json.dumps({"nonce_echo": old, "said": "0" * 31})))
        read = store.find(KEY.digest).read(text_request(), new)
    assert json.loads(read.text) == {"nonce_echo": new, "said": "0" * 31}


def test_what_is_kept_stays(path):
    """A second answer to the same question does not take the first one's place, unless that one is of no use."""
    with AnswerStore(path) as store:
        assert store.keep(KEY, answer("first"))
        assert not store.keep(KEY, answer("second"))
        assert b"first" in store.find(KEY.digest).body
        assert store.keep(KEY, answer("third"), replace=True)
        assert b"third" in store.find(KEY.digest).body
        assert len(store) == 1


def test_an_endless_answer_is_not_kept(path):
    """A response beyond the bound is not stored."""
    with AnswerStore(path) as store:
        assert not store.keep(KEY, answer("x" * MAX_VALUE))
        assert store.find(KEY.digest) is None


def test_the_file_is_for_its_owner_only(path):
    """The file, and what SQLite lays beside it, is 0600, whatever it was before and whatever the umask says."""
    before = os.umask(0)
    try:
        AnswerStore(path).close()
        path.chmod(0o644)
        with AnswerStore(path) as store:
            store.keep(KEY, answer())
            modes = {stat.S_IMODE(one.stat().st_mode) for one in path.parent.glob("answers*")}
        assert modes == {0o600}
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert sorted(one.name for one in path.parent.iterdir()) == [".gitignore", "answers.sqlite"]
        assert "answers.sqlite*" in (path.parent / ".gitignore").read_text()
    finally:
        os.umask(before)


def garbled(path):
    content = bytearray(path.read_bytes())
    for place in range(4096, len(content), 64):
        content[place : place + 8] = b"garbage!"
    path.write_bytes(content)


def foreign_database(path):
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE answers (key TEXT)")
    connection.commit()
    connection.close()


def of_version(version):
    def spoil(path):
        connection = sqlite3.connect(path)
        connection.execute(f"PRAGMA user_version={version}")
        connection.commit()
        connection.close()

    return spoil


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (garbled, "damaged"),
        (lambda path: path.write_bytes(path.read_bytes()[:5000]), "damaged"),
        (lambda path: path.write_bytes(b""), "no store of answers"),
        (lambda path: path.write_text('{"answers": []}'), "no store of answers"),
        (foreign_database, "another program"),
        (of_version(99), "upgrade the harness"),
        (of_version(0), "schema version 0"),
        (lambda path: (path.unlink(), path.mkdir()), "not a regular file"),
        (lambda path: (path.unlink(), path.symlink_to("/etc/passwd")), "not a regular file"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_refused(path, spoil, said):
    """Damaged, cut, emptied, foreign, newer: each is said with place and remedy, and nothing is taken for an empty store."""
    with AnswerStore(path) as store:
        for number in range(200):
            store.keep(CacheKey(f"{number:064}"), answer("word " * 40))
    spoil(path)
    with pytest.raises(StoreError, match=said) as error:
        AnswerStore(path)
    assert str(error.value).startswith(f"{path}: ")
    assert ";" in str(error.value)


def test_an_edited_answer_is_noticed(path):
    """A row whose content does not have its seal is an error, not an answer and not a miss."""
    with AnswerStore(path) as store:
        store.keep(KEY, answer())
    for change in ("model = 'claude-cheap'", "body = x'00'", "nonce = 'b'"):
        connection = sqlite3.connect(path)
        connection.execute(f"UPDATE answers SET {change}")  # noqa: S608 - words of this test
        connection.commit()
        connection.close()
        with AnswerStore(path) as store, pytest.raises(StoreError, match="edited or damaged"):
            store.find(KEY.digest)


def test_a_replay_reads_and_never_writes(path):
    """Read-only, a missing file is an error, a present one gives its answers, and keeping is refused."""
    with pytest.raises(StoreError, match="nothing to replay"):
        AnswerStore(path, read_only=True)
    assert not path.parent.exists()
    with AnswerStore(path) as store:
        store.keep(KEY, answer())
    with AnswerStore(path, read_only=True) as store:
        assert store.find(KEY.digest) is not None
        with pytest.raises(StoreError, match="write-protected"):
            store.keep(CacheKey("b" * 64), answer())


def test_what_is_kept_late_is_found_at_once_and_in_the_file_a_moment_later(path):
    """Nobody who asks the same store misses it; others find it soon, and without the store being closed."""
    with AnswerStore(path) as store, AnswerStore(path) as other:
        store.keep_late(KEY, answer("late"))
        assert json.loads(store.find(KEY.digest).body)["content"][0]["text"] == "late"
        until = time.monotonic() + 20
        while other.find(KEY.digest) is None:
            assert time.monotonic() < until
            time.sleep(0.01)
        assert store.find(KEY.digest) == other.find(KEY.digest)


def test_closing_writes_what_was_kept_late_whatever_ended_the_run(path):
    """An error in the block loses nothing; the first answer stands, unless it is to be replaced."""

    def interrupted():
        with AnswerStore(path) as store:
            for number in range(50):
                store.keep_late(CacheKey(f"{number:064}"), answer(f"late {number}"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with AnswerStore(path) as store:
        assert len(store) == 50
        store.keep_late(CacheKey(f"{1:064}"), answer("second"))
        store.keep_late(CacheKey(f"{2:064}"), answer("second"), replace=True)
    with AnswerStore(path) as store:
        texts = [json.loads(store.find(f"{number:064}").body)["content"][0]["text"] for number in (1, 2)]
    assert texts == ["late 1", "second"]


def test_an_answer_that_cannot_be_written_late_ends_the_run(path):
    """Whoever looks next is told why, and closing tells it once more."""
    with AnswerStore(path) as store:
        store.keep(KEY, answer())
    store = AnswerStore(path, read_only=True)
    store.keep_late(CacheKey("b" * 64), answer())

    def looking():
        until = time.monotonic() + 20
        while time.monotonic() < until:
            store.find(KEY.digest)
            time.sleep(0.01)

    with pytest.raises(StoreError, match="write-protected"):
        looking()
    with pytest.raises(StoreError, match="write-protected"):
        store.close()


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    """A file where the folder belongs is told with its place."""
    (tmp_path / "kept").write_text("a file")
    with pytest.raises(StoreError, match="cannot be used"):
        AnswerStore(tmp_path / "kept" / "answers.sqlite")


def test_a_question_is_in_one_open_batch_at_most(path):
    """What another batch holds already is not this one's; a closed batch lets its questions go."""
    asked = [Submitted(str(number) * 64, "n", f"t-{number}", MODEL, None) for number in range(3)]
    with AnswerStore(path) as store:
        held = store.submissions
        assert held.begin("one", asked[:2]) == {asked[0].digest, asked[1].digest}
        assert held.begin("two", asked) == {asked[2].digest}
        assert (held.holding(asked[0].digest), held.holding(asked[2].digest), held.holding("x")) == ("one", "two", None)
        held.sent("one", "msgbatch_1")
        assert held.known_ids() == {"msgbatch_1"}
        assert held.batch("one").batch_id == "msgbatch_1"
        assert held.asked("one") == tuple(asked[:2])
        held.close("one")
        assert held.batch("one") is None
        assert held.holding(asked[0].digest) is None
        assert held.asked("two") == (asked[2],)


WRITER = """
import sys, time
from pathlib import Path
from harness.language_model.answers.answer_store import AnswerStore
from harness.language_model.answers.cache_key import CacheKey
from tests.language_model.test_answer_store import answer

path, name, count, begin = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
time.sleep(max(0.0, begin - time.time()))
with AnswerStore(path) as store:
    for number in range(count):
        print(name, number, int(store.keep(CacheKey(f"{number:064}"), answer(f"{name} {number}"))), flush=True)
"""


def writer(path, name, count, begin):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), name, str(count), str(begin)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.slow
def test_processes_share_one_file_and_lose_nothing(path):
    """Six processes that make the file and write the same 300 keys at the same time leave 300 whole rows, each kept by exactly one."""
    begin = time.time() + 4.0
    processes = [writer(path, f"p{number}", 300, begin) for number in range(6)]
    told = [process.communicate(timeout=110)[0].split("\n")[:-1] for process in processes]
    assert [process.returncode for process in processes] == [0] * 6
    kept = Counter(line.split()[1] for lines in told for line in lines if line.endswith(" 1"))
    assert kept == Counter({str(number): 1 for number in range(300)})
    with AnswerStore(path) as store:
        assert len(store) == 300
        for number in range(300):
            read = store.find(f"{number:064}").read(text_request(), "")
            assert not isinstance(read, ModelFailure)
            assert read.text.endswith(f" {number}")


@pytest.mark.slow
def test_a_killed_writer_loses_nothing_that_it_kept(path):
    """After SIGKILL in the middle of writing, every row that was said to be kept is there, and others write on."""
    for round_ in range(3):
        process = writer(path, f"r{round_}", 100_000, 0.0)
        kept = [process.stdout.readline().split() for _ in range(200 * (round_ + 1))]
        process.send_signal(signal.SIGKILL)
        rest = process.communicate(timeout=30)[0].split("\n")
        kept += [line.split() for line in rest if len(line.split()) == 3]
        with AnswerStore(path) as store:
            assert all(store.find(f"{int(number):064}") is not None for _, number, _ in kept)


def test_the_key_is_what_is_asked_and_nothing_else():
    """Nonce, purpose and cache time leave the key alone; text, model, effort, schema, sample, attempt and protocol do not."""
    asked = judges_question("Hello")
    same = [
        judges_question("Hello", nonce="9" * 32),
        replace(asked, purpose="judge:facts:ask"),
        replace(asked, system=(replace(asked.system[0], cached="1h"),)),
    ]
    other = [
        judges_question("Hullo"), replace(asked, model="claude-haiku-5-5"), replace(asked, effort="high"), replace(asked, thinking="adaptive"),
        replace(asked, schema={"type": "object"}), replace(asked, sample=1), replace(asked, attempt=1), replace(asked, protocol="test-2"),
        replace(asked, max_tokens=1), replace(asked, answers_as="other"), replace(asked, system=()),
    ]  # fmt: skip
    assert {one.key for one in same} == {asked.key}
    assert len({asked.key, *(one.key for one in other)}) == len(other) + 1
