"""The frozen conversations: what ships is what was planted, and what was edited is refused."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import anyio
import pytest

from harness.anchors.frozen_set import AnchorKind, read_anchor_set, shipped_anchors, write_anchor_set
from harness.anchors.readings import rotation
from harness.errors import StoreError
from harness.expectations.check import CheckContext, check
from tests.fakes.anchor_judges import door, judge_at, shipped_rubric, shipped_set


def test_a_hundred_conversations_ship() -> None:
    """There are 20 clear good, 20 clear bad, 40 borderline, 10 Japanese and 10 attacked ones, in less than 100 kB."""
    counts = Counter(anchor.kind for anchor in shipped_set().anchors)
    assert counts == {
        AnchorKind.GOOD: 20, AnchorKind.BAD: 20, AnchorKind.BORDERLINE: 40, AnchorKind.JAPANESE: 10, AnchorKind.ATTACK: 10,
    }  # fmt: skip
    assert shipped_anchors().stat().st_size < 100_000
    japanese = [shipped_set().scenario_of(one).locale for one in shipped_set().anchors if one.kind is AnchorKind.JAPANESE]
    assert set(japanese) == {"ja"}


def test_what_is_clear_is_clear() -> None:
    """Good ones were planted at 5, bad ones well below 2, and borderline ones between them."""
    for anchor in shipped_set().anchors:
        if anchor.kind is AnchorKind.GOOD:
            assert anchor.score == 5
        if anchor.kind is AnchorKind.BAD:
            assert anchor.score <= 1.7
        if anchor.kind is AnchorKind.BORDERLINE:
            assert 2 <= anchor.score <= 4.7


def test_planted_faults_stand_in_the_replies() -> None:
    """Every label quotes the assistant, verbatim, in the turn that it names."""
    for anchor in shipped_set().anchors:
        replies = {one.turn: one.reply.text for one in anchor.transcript.exchanges}
        assert all(fault.quote in replies[fault.turn] for fault in anchor.faults), anchor.id


@pytest.mark.parametrize("group", [0, *(pytest.param(group, marks=pytest.mark.slow) for group in (1, 2, 3, 4))])
def test_an_honest_judge_gives_the_planted_scores(group: int) -> None:
    """A judge that answers by the labels scores every anchor as it was planted, through questions, quotes and code."""
    anchors, context = shipped_set(), CheckContext(shipped_set().facts, shipped_rubric(), 1.5)
    chosen = [anchors.by_id[name] for name in rotation(anchors, group)]

    async def scores() -> dict[str, dict[str, int]]:
        async with judge_at(door()) as judge:
            return {
                one.id: dict((await judge.judge(scenario, one.transcript, check(scenario, one.transcript, context))).scores)
                for one in chosen
                for scenario in (anchors.scenario_of(one),)
            }

    assert anyio.run(scores) == {one.id: dict(one.scores) for one in chosen}


def test_writing_the_same_set_gives_the_same_bytes(tmp_path: Path) -> None:
    """The shipped file is what writing its content gives: nothing in it depends on when or where it was made."""
    anchors = shipped_set()
    again = write_anchor_set(tmp_path / "set.gz", anchors.facts, anchors.scenarios, anchors.anchors)
    assert again.fingerprint == anchors.fingerprint
    assert gzip.decompress((tmp_path / "set.gz").read_bytes()) == gzip.decompress(shipped_anchors().read_bytes())


def _edited(path: Path, before: bytes, after: bytes) -> Path:
    content = gzip.decompress(shipped_anchors().read_bytes())
    assert before in content
    path.write_bytes(gzip.compress(content.replace(before, after, 1)))
    return path


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        (b'"kind":"good"', b'"kind":"bad"', "was edited"),
        (b'"kind":"mangaassist-harness anchors"', b'"kind":"something else"', "is no set of anchors"),
        (b'"version":1', b'"version":9', "has version 9"),
    ],
)
def test_an_edited_set_is_refused(tmp_path: Path, before: bytes, after: bytes, what: str) -> None:
    """One changed word, another kind or a later version is an error that says so."""
    with pytest.raises(StoreError, match=what):
        read_anchor_set(_edited(tmp_path / "set.gz", before, after))


@pytest.mark.parametrize("content", [b"", b"not gzip", shipped_anchors().read_bytes()[:5000], shipped_anchors().read_bytes() + b"more"])
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes) -> None:
    """An empty, foreign, cut or prolonged file is refused with a remedy."""
    path = tmp_path / "set.gz"
    path.write_bytes(content)
    with pytest.raises(StoreError, match="restore it from version control"):
        read_anchor_set(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """A file that is not there is an error, never an empty set."""
    with pytest.raises(StoreError, match="cannot be read"):
        read_anchor_set(tmp_path / "none.gz")
