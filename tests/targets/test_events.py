"""Events of streams and sockets, without a wire."""

from __future__ import annotations

import json

import pytest

from harness.targets.body import BrokenError
from harness.targets.events import MAX_MESSAGES, EventReader, Listener
from harness.targets.protocol import FailureKind
from harness.targets.raw_reply import Said
from harness.targets.secrets import Secrets
from harness.targets.shape_file import DeltaMatch, EventMatch, Events

PIECE = "choices[0].delta.content"
COMPLETIONS = Events(delta=DeltaMatch(where=PIECE, text=PIECE), completed=EventMatch(data="[DONE]"), failed=EventMatch(where="error"))


def heard(events, *told, named=None):
    """Return what was heard of (name, data) pairs, one a second from 1 on, and the listener."""
    listener = Listener(EventReader(events, Secrets({"T": "s3cr3t"}), named), 0.0)
    for second, (name, data) in enumerate(told, start=1):
        listener.take(name, data if isinstance(data, str) else json.dumps(data), float(second))
    return listener.heard(), listener


def test_pieces_are_joined_and_times_are_taken():
    """First piece and longest gap count pieces and the end; heartbeats and unknown events count for nothing."""
    told, listener = heard(
        Events(), ("ping", "x"), ("delta", {"text": "Na"}), ("delta", {"text": ""}), ("note", {"text": "no"}), ("delta", {"text": "ruto"}), ("completed", {"build": "b"})
    )  # fmt: skip
    assert told.messages == (Said({"build": "b"}, "Naruto"),)
    assert (told.first_token_s, told.longest_gap_s, listener.completed_s) == (2.0, 3.0, 6.0)


def test_an_end_without_data_leaves_the_fields_of_the_last_event():
    """Chat completions end in a word; model and fingerprint stand in the chunks before it."""
    chunks = [{"model": "m", "choices": [{"delta": {"content": piece}}]} for piece in ("", "Na", "ruto")]
    last = {"model": "m", "choices": [{"delta": {}}], "usage": {"n": 3}}
    told, _ = heard(COMPLETIONS, *(("", chunk) for chunk in chunks), ("", last), ("", "[DONE]"))
    assert told.messages == (Said(last, "Naruto"),)


def test_pieces_may_be_plain_text():
    """Some bots send text as it is."""
    told, _ = heard(Events(delta=DeltaMatch(event="token", raw=True)), ("token", "Na"), ("token", " {"), ("completed", ""))
    assert told.messages == (Said(None, "Na {"),)


def test_names_may_stand_in_the_data():
    """A WebSocket has no names of its own."""
    told, _ = heard(Events(), ("", {"type": "delta", "text": "x"}), ("", {"type": "completed"}), named="type")
    assert told.messages == (Said({"type": "completed"}, "x"),)
    told, listener = heard(
        Events(name="event.kind"), ("delta", {"event": {"kind": "delta"}, "text": "x"}), ("", {"event": 1}), named="type"
    )
    assert (told.messages, listener.begun) == ((), True)


def test_pieces_that_were_not_whole_can_be_forgotten():
    """After a break they come again, or not at all."""
    listener = Listener(EventReader(Events(), Secrets({})), 0.0)
    listener.take("delta", '{"text": "Na"}', 1.0)
    listener.forget_pieces()
    listener.take("completed", "{}", 2.0)
    assert listener.heard().messages == (Said({}, ""),)


def test_what_comes_after_the_end_is_not_heard():
    """A second end changes nothing."""
    told, listener = heard(Events(), ("completed", {"text": "a"}), ("completed", {"text": "b"}), ("delta", "{"))
    assert [said.payload for said in told.messages] == [{"text": "a"}]
    assert listener.completed_s == 1.0


@pytest.mark.parametrize(
    ("events", "told", "kind"),
    [
        (Events(), [("delta", "{")], FailureKind.UNREADABLE),
        (Events(), [("completed", "oops")], FailureKind.UNREADABLE),
        (Events(), [("delta", "[" * 100_000)], FailureKind.UNREADABLE),
        (COMPLETIONS, [("", '{"choi')], FailureKind.UNREADABLE),
        (Events(), [("failed", {"why": "s3cr3t"})], FailureKind.SERVER_ERROR),
        (COMPLETIONS, [("", {"error": {"message": "x"}})], FailureKind.SERVER_ERROR),
        (Events(message=EventMatch(event="message")), [("message", {"text": "x"})] * (MAX_MESSAGES + 1), FailureKind.TOO_LARGE),
    ],
)
def test_what_cannot_be_read_is_refused(events, told, kind):
    """Broken, failed and endless answers each have their kind, and no secret is quoted."""
    with pytest.raises(BrokenError) as caught:
        heard(events, *told)
    assert caught.value.kind is kind
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize("data", [{"done": False}, {"done": None}, {"done": []}, {"done": ""}, {"done": {}}, {}, [], 7])
def test_a_condition_holds_for_what_is_neither_false_null_nor_empty(data):
    """`where` asks for something, not for anything."""
    events = Events(completed=EventMatch(where="done"))
    assert heard(events, ("", data))[1].completed_s is None
    assert heard(events, ("", {"done": 0}))[1].completed_s == 1.0
