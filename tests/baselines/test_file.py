from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import random
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.baselines.baseline import Baseline, baseline_of, refuse_unscored
from harness.baselines.file import read_baseline, read_transcripts, write_baseline
from harness.conversations.transcript import EndReason, Transcript
from harness.errors import BaselineError, StoreError
from harness.frozen import canonical_json
from harness.records.redact import Known, redact
from harness.records.run import Purpose, RunRecord, SeedStream
from tests.fakes import measured_run as made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "blue.jsonl.gz"


@pytest.fixture
def stored(path: Path) -> Path:
    write_baseline(path, made.run(), accepted_by="Aoi", note="first")
    return path


def packed(plain: bytes) -> bytes:
    """Pack by somebody else's means, with the header that a baseline has."""
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=buffer, mtime=0) as file:
        file.write(plain)
    return buffer.getvalue()


def lines_of(path: Path) -> list[bytes]:
    return gzip.decompress(path.read_bytes()).splitlines()


def put(path: Path, lines: list[bytes], *, signed: bool = True, **header: Any) -> None:
    """Write a file by hand: with other values in header or measurement, and with the hash that belongs to it if `signed`."""
    fields = json.loads(lines[0])
    measurement = fields["baseline"]
    for name, value in header.items():
        (measurement if name in measurement else fields)[name] = value
    if signed:
        del fields["sha256"]
        fields["sha256"] = hashlib.sha256(b"\n".join([canonical_json(fields), *lines[1:]])).hexdigest()
    path.write_bytes(packed(b"\n".join([canonical_json(fields), *lines[1:]]) + b"\n"))


def rounded(held: Transcript) -> Transcript:
    def one(exchange: Any) -> Any:
        answer, failure = exchange.reply, exchange.failure
        return replace(
            exchange,
            reply=answer
            and replace(
                answer, latency_s=round(answer.latency_s, 3), first_token_s=answer.first_token_s and round(answer.first_token_s, 3)
            ),
            failure=failure and replace(failure, latency_s=round(failure.latency_s, 3)),
        )

    return replace(held, exchanges=tuple(one(exchange) for exchange in held.exchanges))


# --- what a run becomes -------------------------------------------------------------------------------------------


def test_a_run_becomes_scores_and_passes_for_each_scenario_and_repeat() -> None:
    """The measurement keeps every repeat, in order, in the order of the plan."""
    run = made.run(("stock", "price"))
    worse = made.record(made.transcript(made.failed_exchange(), name="price", repeat=1, ended=EndReason.TARGET_FAILURE), made.rated(1, 1))
    records = tuple(worse if record.assignment == worse.assignment else record for record in run.conversations)
    baseline = baseline_of(replace(run, conversations=records), "Aoi", "first")
    assert [scenario.plan.id for scenario in baseline.scenarios] == ["stock", "price"]
    assert baseline.scenarios[0].passes == (True, True, True)
    assert baseline.scenarios[1].passes == (True, False, True)
    assert baseline.scenarios[1].scores[1] == {"groundedness": 1, "tone_and_locale": 1}
    assert [scenario.critical for scenario in baseline.scenarios] == [(False, False, False), (False, True, False)]
    assert (baseline.accepted_by, baseline.note, baseline.build, baseline.repeats) == ("Aoi", "first", made.BUILD, 3)


def test_a_judge_that_failed_leaves_no_score() -> None:
    """A missing score is None, never a number."""
    run = made.run()
    records = (
        replace(run.conversations[0], judgement=made.unrated()),
        replace(run.conversations[1], judgement=None),
        *run.conversations[2:],
    )
    baseline = baseline_of(replace(run, conversations=records))
    assert baseline.scenarios[0].scores == (None, None, {"groundedness": 5, "tone_and_locale": 4})
    assert baseline.scenarios[0].critical == (None, None, False)


def test_a_run_without_scores_is_refused() -> None:
    """What a judge gave no scores could only make every later comparison invalid; a few missing ones do not."""
    run = made.run()
    refuse_unscored(run)
    silent = tuple(replace(record, judgement=None) for record in run.conversations)
    with pytest.raises(BaselineError, match=f"{len(silent)} of {len(silent)} conversations have no score"):
        refuse_unscored(replace(run, conversations=silent))


def test_critical_failures_survive_the_file(path: Path) -> None:
    """For each repeat: broken, held, or unknown; a crash that no judge saw is a critical failure all the same."""
    run = made.run(("price",), 4)
    judgements = (made.rated(2, 5, critical=("catalogue_facts",)), made.rated(3, 3), made.unrated())
    records = [replace(one, judgement=judgement) for one, judgement in zip(run.conversations, judgements, strict=False)]
    crashed = made.record(made.transcript(made.failed_exchange(), repeat=3, ended=EndReason.TARGET_FAILURE))
    write_baseline(path, replace(run, conversations=(*records, replace(crashed, judgement=None))))
    assert read_baseline(path).scenarios[0].critical == (True, False, None, True)


def test_the_id_belongs_to_the_content() -> None:
    """Equal measurements have equal ids; any other field changes it."""
    assert baseline_of(made.run()).id == baseline_of(made.run()).id
    assert len({baseline_of(made.run()).id, baseline_of(made.run(seed=8)).id, baseline_of(made.run(), note="x").id}) == 3


def test_an_extension_is_no_part_of_a_baseline() -> None:
    """Conversations that were added for a failing scenario would count it twice."""
    run = made.run()
    extra = made.record(made.transcript(made.failed_exchange(), repeat=3, ended=EndReason.TARGET_FAILURE), purpose=Purpose.EXTENSION)
    assert baseline_of(replace(run, conversations=(*run.conversations, extra))) == baseline_of(run)


def _without_one(run: RunRecord) -> RunRecord:
    return replace(run, conversations=run.conversations[:1] + run.conversations[2:])


def _with_infrastructure_trouble(run: RunRecord) -> RunRecord:
    bad = made.record(made.transcript(repeat=1, ended=EndReason.INFRASTRUCTURE))
    return replace(run, conversations=(run.conversations[0], bad, *run.conversations[2:]))


REFUSED: list[tuple[str, Callable[[], RunRecord]]] = [
    ("price repeat 1", lambda: _without_one(made.run())),
    ("price repeat 1", lambda: _with_infrastructure_trouble(made.run())),
    ("there twice", lambda: replace(made.run(), conversations=made.run().conversations * 2)),
    ("mixed build at price repeat 0 turn 1", lambda: replace(made.run(), problems=("mixed build at price repeat 0 turn 1",))),
    ("at least 3", lambda: made.run(repeats=2)),
    ("no scenarios", lambda: made.run(names=())),
    ("seeds are those of the gate", lambda: made.run(stream=SeedStream.GATE)),
]


@pytest.mark.parametrize(("word", "run"), REFUSED)
def test_a_run_that_proves_too_little_is_refused(path: Path, word: str, run: Callable[[], RunRecord]) -> None:
    """Missing evidence never becomes a baseline: the error says what is missing, and nothing is written."""
    with pytest.raises(BaselineError, match=word):
        write_baseline(path, run())
    assert not path.exists()


def test_many_missing_conversations_are_named_briefly() -> None:
    """An error with hundreds of conversations stays readable."""
    with pytest.raises(BaselineError, match=r"90 of 90 .* and 85 more; finish the run"):
        baseline_of(replace(made.run(repeats=45), conversations=()))


# --- there and back -----------------------------------------------------------------------------------------------


def test_what_is_written_is_read(stored: Path) -> None:
    """A baseline survives its file, and so do its conversations, with times to the millisecond."""
    run = made.run()
    assert read_baseline(stored) == baseline_of(run, "Aoi", "first")
    assert list(read_transcripts(stored)) == [rounded(record.transcript) for record in run.conversations]


def test_writing_twice_gives_the_same_bytes(path: Path, tmp_path: Path) -> None:
    """The file depends on the measurement only: no clock, no name, no order of a set."""
    write_baseline(path, made.run())
    write_baseline(tmp_path / "other.jsonl.gz", made.run())
    assert path.read_bytes() == (tmp_path / "other.jsonl.gz").read_bytes()


def test_the_file_is_for_everybody_to_read(stored: Path) -> None:
    """A baseline is committed and shared, unlike a run."""
    assert stat.S_IMODE(stored.stat().st_mode) == 0o644


def test_a_product_that_repeats_is_stored_once(stored: Path) -> None:
    """Six conversations carry the same product; the file spells it out once."""
    assert gzip.decompress(stored.read_bytes()).count("ナルト".encode()) == 1


def test_a_conversation_that_failed_is_kept_as_it_was(path: Path) -> None:
    """Failures and unusual replies come back too."""
    run = made.run()
    held = made.transcript(made.exchange(), made.failed_exchange(turn=2), ended=EndReason.TARGET_FAILURE)
    write_baseline(path, replace(run, conversations=(made.record(held), *run.conversations[1:])))
    assert next(read_transcripts(path)) == rounded(held)


def test_personal_data_and_secrets_do_not_reach_the_file(path: Path) -> None:
    """What a customer or the bot gave away is a placeholder in the file, in texts and in payloads."""
    text = "Sample Hanako, we write to hanako.sample@example.jp or call 090-0000-1001. Key: hunter2-hunter2"
    held = made.transcript(
        made.exchange("I am hanako.sample@example.jp", made.reply(text, {"customer": {"email": "hanako.sample@example.jp"}, "t": text}))
    )
    run = made.run()
    run = replace(run, conversations=(made.record(held), *run.conversations[1:]))
    write_baseline(path, run, known=Known(names=("Sample Hanako",), secrets=("hunter2-hunter2",)))
    content = gzip.decompress(path.read_bytes()).decode()
    assert not any(word in content for word in ("Hanako", "hanako", "0000-1001", "hunter2"))
    kept = next(read_transcripts(path)).exchanges[0]
    assert kept.sent == "I am [EMAIL:1]"
    assert kept.reply is not None
    assert kept.reply.payload["customer"] == {"email": "[EMAIL:1]"}  # type: ignore[index, call-overload]


def test_a_reply_that_spells_out_a_reference_is_only_text(path: Path) -> None:
    """The bot cannot make the reader put something else in a payload's place."""
    secret = {"padding": "x" * 100}
    digest = hashlib.sha256(canonical_json(secret)).hexdigest()[:16]
    payload = {"a": secret, "b": secret, "c": {"$shared": digest}, "d": {"$$shared": digest}, "$shared": 1, "$": {"$shared": "nothing"}}
    run = made.run()
    held = made.transcript(made.exchange(answer=made.reply(payload=payload)))
    write_baseline(path, replace(run, conversations=(made.record(held), *run.conversations[1:])))
    assert next(read_transcripts(path)).exchanges[0].reply == replace(made.reply(payload=payload), latency_s=0.012)


def test_a_payload_that_is_very_deep_is_cut_and_stays_readable(path: Path) -> None:
    """Nesting costs the bot its own payload, not the baseline."""
    payload: Any = "bottom"
    for _ in range(150):
        payload = {"in": [payload]}
    run = made.run()
    held = made.transcript(made.exchange(answer=made.reply(payload=payload)))
    write_baseline(path, replace(run, conversations=(made.record(held), *run.conversations[1:])))
    assert "[CUT" in str(next(read_transcripts(path)).exchanges[0].reply)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("ab$ \n\x00\x85\u2028漢\U0001f600[]:1", max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["$shared", "$$", "a", "products", "x" * 60]), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    payloads=st.lists(JSON, min_size=6, max_size=6), latency=st.floats(0, 100), scores=st.lists(st.integers(1, 5), min_size=12, max_size=12)
)
def test_any_payload_comes_back_as_it_was(path: Path, payloads: list[Any], latency: float, scores: list[int]) -> None:
    """Whatever JSON a bot answers (odd keys, control characters, large numbers) survives the file."""
    values = [{"a": payload, "again": [payloads[0], payload]} for payload in payloads]
    held = [
        made.transcript(made.exchange(answer=made.reply(payload=value, latency_s=latency)), name=name, repeat=repeat)
        for value, (name, repeat) in zip(values, [(name, repeat) for name in ("price", "stock") for repeat in range(3)], strict=True)
    ]
    records = tuple(made.record(one, made.rated(*scores[2 * place : 2 * place + 2])) for place, one in enumerate(held))
    run = replace(made.run(), conversations=records)
    written = write_baseline(path, run)
    assert read_baseline(path) == written == baseline_of(run)
    assert list(read_transcripts(path)) == [rounded(redact(one)) for one in held]  # a number may be a card's by chance


# --- damage -------------------------------------------------------------------------------------------------------


EVERY = pytest.mark.parametrize("step", [11, pytest.param(1, marks=pytest.mark.slow)], ids=["some", "every"])


@EVERY
def test_every_truncation_is_refused(stored: Path, step: int) -> None:
    """However many bytes are missing, the file is refused, and by no other exception."""
    content = stored.read_bytes()
    for length in {*range(0, len(content), step), *range(30), *range(len(content) - 30, len(content))}:
        stored.write_bytes(content[:length])
        with pytest.raises(BaselineError, match=stored.name):
            read_baseline(stored)


@EVERY
def test_every_flipped_byte_is_refused(stored: Path, step: int) -> None:
    """Each byte of the file, header and check sums included, is guarded."""
    content = stored.read_bytes()
    for place in {*range(0, len(content), step), *range(30), *range(len(content) - 30, len(content))}:
        stored.write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
        with pytest.raises(BaselineError, match=stored.name):
            read_baseline(stored)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_every_edit_of_the_plain_content_is_refused(stored: Path, data: st.DataObject) -> None:
    """Somebody who unpacks the file, changes one character and packs it again is found out."""
    content = stored.read_bytes()
    plain = gzip.decompress(content)
    place = data.draw(st.integers(0, len(plain) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != plain[place]))
    try:
        stored.write_bytes(packed(plain[:place] + bytes([other]) + plain[place + 1 :]))
        for read in (read_baseline, read_transcripts):
            with pytest.raises(BaselineError, match=stored.name):
                read(stored)
    finally:
        stored.write_bytes(content)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content=st.binary(max_size=300), zipped=st.booleans())
def test_any_other_file_is_refused(path: Path, content: bytes, *, zipped: bool) -> None:
    """Random bytes, and random bytes in a good gzip file, are refused politely."""
    path.write_bytes(packed(content) if zipped else content)
    with pytest.raises(BaselineError, match=path.name):
        read_baseline(path)


def test_a_file_that_another_tool_packed_is_refused(stored: Path) -> None:
    """The same content under another gzip header was touched by somebody; what is committed is what was written."""
    stored.write_bytes(gzip.compress(gzip.decompress(stored.read_bytes()), mtime=1))
    with pytest.raises(BaselineError, match="was not packed by this harness"):
        read_baseline(stored)


def test_anybody_can_unpack_a_baseline(stored: Path) -> None:
    """It is an ordinary gzip file of JSON lines for every other tool."""
    assert [min(json.loads(line)) for line in lines_of(stored)[:2]] == ["baseline", "critical"]
    assert packed(gzip.decompress(stored.read_bytes()))[:10] == stored.read_bytes()[:10]


def test_bytes_after_the_end_are_refused(stored: Path) -> None:
    """A file with something appended, be it another gzip member, is not the one that was written."""
    content = stored.read_bytes()
    for tail in (b"\0", packed(b"{}\n")):
        stored.write_bytes(content + tail)
        with pytest.raises(BaselineError, match="after its end"):
            read_baseline(stored)


def test_a_line_more_or_less_is_refused_even_with_a_good_hash(stored: Path) -> None:
    """The header's counts hold for whoever computes the hash anew."""
    lines = lines_of(stored)
    put(stored, lines[:-1])
    with pytest.raises(BaselineError, match="conversations that its header states"):
        list(read_transcripts(stored))
    put(stored, lines[:2], transcript_lines=0, shared_lines=0)
    with pytest.raises(BaselineError, match="1 of the 2 scenarios"):
        read_baseline(stored)


CRAFTED: list[tuple[str, dict[str, Any]]] = [
    ("is not a baseline of this harness", {"kind": "something else"}),
    ("reads up to 2; upgrade the harness", {"schema_version": 3}),
    ("has schema version 1, .*; record it again with `harness baseline record`", {"schema_version": 1}),
    ("cannot read", {"schema_version": "2"}),
    ("cannot read", {"baseline": {}}),
    ("cannot read", {"repeats": "3"}),
    ("cannot read", {"surprise": 1}),
    ("does not hold 4 repeats of scenario 'price'", {"repeats": 4}),
    ("does not hold 0 repeats of scenario 'price'", {"repeats": 0}),
    ("its id does not belong", {"build": "cd" * 20}),
    ("its id does not belong", {"id": "0" * 16}),
]


@pytest.mark.parametrize(("word", "header"), CRAFTED)
def test_a_header_that_does_not_fit_is_refused_even_with_a_good_hash(stored: Path, word: str, header: dict[str, Any]) -> None:
    """Foreign, too new, of the wrong type, or at odds with the measurements: each is said."""
    put(stored, lines_of(stored), **header)
    with pytest.raises(BaselineError, match=word):
        read_baseline(stored)


def test_a_score_out_of_range_or_a_scenario_twice_is_refused_even_with_a_good_hash(stored: Path) -> None:
    """What the gates compute with is checked, not believed."""
    lines = lines_of(stored)
    put(stored, [lines[0], lines[1].replace(b'"groundedness":5', b'"groundedness":9'), *lines[2:]])
    with pytest.raises(BaselineError, match="outside 1 to 5"):
        read_baseline(stored)
    put(stored, [lines[0], lines[1], lines[1], *lines[3:]])
    with pytest.raises(BaselineError, match="twice"):
        read_baseline(stored)
    put(stored, [lines[0], lines[1].replace(b"true", b'"yes"'), *lines[2:]])
    with pytest.raises(BaselineError, match="scenario line"):
        read_baseline(stored)


SCORED = {"groundedness": 5, "tone_and_locale": 4}
MISFITS: list[tuple[str, dict[str, Any]]] = [
    ("does not hold 3 repeats", {"critical": []}),
    ("does not hold 3 repeats", {"critical": [False, False]}),
    ("do not fit the scores", {"critical": [False, None, False]}),
    ("do not fit the scores", {"scores": [SCORED, None, SCORED]}),
    ("do not fit the scores", {"scores": [SCORED, {}, SCORED]}),
    ("do not fit the scores", {"scores": [SCORED, None, SCORED], "critical": [False, True, False]}),
    ("its id does not belong", {"critical": [False, True, False]}),
    ("scenario line", {"critical": [0, 0, 0]}),
    ("scenario line", {"critical": None}),
]


@pytest.mark.parametrize(("word", "fields"), MISFITS)
def test_critical_failures_that_no_run_can_have_brought_are_refused_even_with_a_good_hash(
    stored: Path, word: str, fields: dict[str, Any]
) -> None:
    """One for each repeat, unknown exactly where there is no score, and a crash is no pass."""
    lines = lines_of(stored)
    put(stored, [lines[0], canonical_json({**json.loads(lines[1]), **fields}), *lines[2:]])
    with pytest.raises(BaselineError, match=word):
        read_baseline(stored)


BROKEN_CONVERSATIONS: list[tuple[str, bytes]] = [
    ("is not stored", b'{"exchanges":[{"reply":{"payload":{"$shared":"0000000000000000"}}}]}'),
    ("is not stored", b'{"exchanges":[{"reply":{"payload":{"$shared":[1]}}}]}'),
    ("in line 4", b"[]"),
    ("in line 4", b"1"),
    ("in line 4", b'{"exchanges":[]}'),
    ("in line 4", b'{"exchanges":[1]}'),
    ("in line 4", b"not JSON"),
    ("in line 4", b"[" * 100_000),
]


@pytest.mark.parametrize(("word", "line"), BROKEN_CONVERSATIONS)
def test_a_conversation_that_cannot_be_read_is_refused_even_with_a_good_hash(stored: Path, word: str, line: bytes) -> None:
    """The gates can go on without conversations; whoever reads them is told which one is broken."""
    put(stored, [*lines_of(stored)[:3], line])
    with pytest.raises(BaselineError, match=word):
        list(read_transcripts(stored))


def test_a_small_file_that_unpacks_to_a_large_one_is_stopped(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is met while unpacking: a bomb costs as much as the limit, not as much as the bomb."""
    monkeypatch.setattr("harness.baselines.compressed.MAX_PLAIN_BYTES", 2**22)
    put(stored, [*lines_of(stored), *[b"x" * 1023] * 2**13])
    with pytest.raises(BaselineError, match="unpacks to more"):
        read_baseline(stored)


def test_a_line_without_end_is_stopped(path: Path) -> None:
    """One line of 17 MB packs into 17 KB; it is refused at its sixteenth megabyte."""
    path.write_bytes(packed(b"x" * 17 * 2**20))
    with pytest.raises(BaselineError, match="has a line of more than 16 MB"):
        read_baseline(path)


def test_references_that_multiply_are_stopped(stored: Path) -> None:
    """A stored object of 1 MB, referred to a thousand times, is not restored a thousand times."""
    lines = lines_of(stored)
    big = canonical_json({"shared": "0" * 16, "value": {"x": "x" * 2**20}})
    reply = {"payload": [{"$shared": "0" * 16}] * 1000}
    put(stored, [*lines[:3], big, canonical_json({"exchanges": [{"reply": reply}]})])
    with pytest.raises(BaselineError, match="unpacks to more than 64 MB"):
        list(read_transcripts(stored))


def test_an_object_stored_twice_is_refused(stored: Path) -> None:
    """A name means one thing."""
    again = canonical_json({"shared": "0" * 16, "value": {}})
    put(stored, [*lines_of(stored)[:3], again, again])
    with pytest.raises(BaselineError, match="stored twice"):
        list(read_transcripts(stored))


def test_a_file_that_is_too_large_is_not_even_read(path: Path) -> None:
    """Size is asked before content; the file here is sparse."""
    with path.open("wb") as file:
        file.truncate(65 * 2**20)
    with pytest.raises(BaselineError, match="larger than 64 MB"):
        read_baseline(path)


def test_a_measurement_that_could_not_be_read_back_is_not_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limits of reading hold for writing, too."""
    for limit in ("MAX_PLAIN_BYTES", "MAX_FILE_BYTES", "MAX_LINE_BYTES"):
        with monkeypatch.context() as patch:
            patch.setattr(f"harness.baselines.compressed.{limit}", 100)
            with pytest.raises(BaselineError, match="too large to be stored"):
                write_baseline(path, made.run())
    assert not path.exists()


def test_places_without_a_baseline_are_named(tmp_path: Path) -> None:
    """A missing file, a folder, a pipe, an empty file and a Git LFS pointer each have their own remedy."""
    pipe, empty, pointer = tmp_path / "pipe", tmp_path / "empty", tmp_path / "pointer"
    os.mkfifo(pipe)
    empty.write_bytes(b"")
    pointer.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n")
    words = {
        tmp_path / "none": "no baseline here",
        tmp_path: "not a regular file",
        pipe: "not a regular file",
        empty: "empty",
        pointer: "git lfs pull",
        tmp_path / ("x" * 300): "cannot be read",
    }
    for place, word in words.items():
        with pytest.raises(BaselineError, match=word) as caught:
            read_baseline(place)
        assert str(caught.value).startswith(f"{place}: ")


def test_a_failed_write_leaves_the_baseline_that_was_there(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk costs the new measurement, never the old one."""
    before = stored.read_bytes()

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="disk is full"):
        write_baseline(stored, made.run(seed=8))
    assert stored.read_bytes() == before


def test_text_that_no_file_can_hold_is_a_clear_error(path: Path) -> None:
    """Numbers that are none cannot be stored as JSON; the error says so before anything is written."""
    run = made.run()
    held = made.transcript(made.exchange(answer=made.reply(payload={"price": float("nan")})))
    with pytest.raises(BaselineError, match="cannot be stored"):
        write_baseline(path, replace(run, conversations=(made.record(held), *run.conversations[1:])))
    assert not path.exists()


# --- size and speed -----------------------------------------------------------------------------------------------


def _large_run() -> RunRecord:
    """Return 64 scenarios x 20 repeats x 3 turns with varied replies of about 1.2 KB."""
    draw = random.Random(1)
    words = [bytes(draw.choices(b"abcdefghijklmnopqrstuvwxyz", k=draw.randrange(2, 10))).decode() for _ in range(3000)]

    def said(count: int) -> str:
        return " ".join(draw.choices(words, k=count))

    products = [
        {**made.NARUTO, "id": f"title-{number}", "title": said(3), "author": said(2), "price_yen": 400 + number} for number in range(80)
    ]
    passages = [{"id": f"passage-{number}", "text": said(40)} for number in range(16)]

    def payload() -> dict[str, Any]:
        return {
            "response_id": f"{draw.getrandbits(128):032x}", "session_id": f"{draw.getrandbits(128):032x}", "text": said(30),
            "products": draw.sample(products, 2), "passages": draw.sample(passages, 2), "build": made.BUILD, "latency_ms": draw.randrange(3, 40),
        }  # fmt: skip

    def held(name: str, repeat: int) -> Transcript:
        replies = [payload() for _ in range(3)]
        turns = (made.exchange(f"{name} asks", made.reply(one["text"], one, draw.random()), turn + 1) for turn, one in enumerate(replies))
        return made.transcript(*turns, name=name, repeat=repeat)

    run = made.run([f"scenario-{number}" for number in range(64)], 20)
    return replace(
        run, conversations=tuple(made.record(held(one.assignment.scenario_id, one.assignment.repeat)) for one in run.conversations)
    )


@pytest.mark.slow
def test_a_real_baseline_is_small(path: Path) -> None:
    """1,280 conversations fit into 3 MB, and come back, measurements and words."""
    written: Baseline = write_baseline(path, _large_run())
    assert path.stat().st_size <= 3_000_000
    assert read_baseline(path) == written
    assert sum(1 for _ in read_transcripts(path)) == 1280
