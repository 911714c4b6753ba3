"""Conversations whose words stay in the journal: equal to the whole ones, small, and never stale in silence."""

from __future__ import annotations

import sys
import tracemalloc
from dataclasses import replace

import pytest

from harness.conversations.transcript import EndReason
from harness.errors import JournalError
from harness.expectations.finding import Finding, FindingOutcome
from harness.judging.judge import CriterionAnswer, CriterionVerdict, Quote, Rating
from harness.records.journal import Journal
from harness.records.journalled import JournalledRecord, whole
from harness.scenarios.model import Severity
from harness.targets.protocol import FailureKind
from tests.fakes.journalled import JUDGEMENT, MANIFEST, record, unjudged

UNMET = Finding(1, 0, "contains", Severity.MUST, None, FindingOutcome.UNMET, "the price is wrong")
BAD = replace(
    JUDGEMENT,
    verdicts=(
        CriterionVerdict("nothing_invented", "groundedness", CriterionAnswer.NOT_MET, "invented", (Quote(2, "¥551"),)),
        CriterionVerdict("cites_source", "groundedness", CriterionAnswer.NOT_MET, "no source"),
    ),
    ratings=(Rating("groundedness", 1, 2, 2, ("nothing_invented",)),),
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.jsonl"


def held(path, *records):
    """Write records into a new journal, and return them as it keeps them, before and after it is read again."""
    with Journal.create(path, MANIFEST) as journal:
        for one in records:
            journal.append(one)
        journal.sync()
        written = list(journal.records.values())
    with Journal.resume(path, MANIFEST) as journal:
        return written, list(journal.records.values())


@pytest.mark.parametrize(
    "one",
    [record(0), unjudged(0), replace(record(0), findings=(UNMET,), judgement=BAD)],
    ids=["judged", "not judged", "bad"],
)
def test_a_journalled_record_is_the_whole_one_in_every_respect(path, one):
    """Words, properties and gist are those of the record that was written, in the session that wrote it and in the next one."""
    for (kept,) in held(path, one):
        assert isinstance(kept, JournalledRecord)
        assert kept == one
        assert one == kept
        assert (kept.transcript, kept.findings, kept.judgement) == (one.transcript, one.findings, one.judgement)
        assert type(whole(kept)) is type(one)
        for name in ("gist", "failed", "valid", "passed", "judged", "scores"):
            assert getattr(kept, name) == getattr(one, name), name
        assert kept.critical_failure({"groundedness"}) == one.critical_failure({"groundedness"})


def test_a_gist_says_what_was_wrong_and_where():
    """Unmet expectations, a failed turn, and criteria that were not met with the turn that is quoted: enough to choose what to show."""
    gist = replace(record(0), findings=(record(0).findings[0], UNMET), judgement=BAD).gist
    assert gist.ended is EndReason.TARGET_FAILURE
    assert [(one.turn, one.replied, one.build, one.failure) for one in gist.turns] == [
        (1, True, "abc", None),
        (2, False, None, FailureKind.CUT),
    ]
    assert [(one.kind, one.turn, one.must, one.place) for one in gist.unmet] == [("contains", 1, True, 1)]
    assert [(one.criterion, one.critical, one.quoted) for one in gist.judgement.criteria] == [
        ("nothing_invented", True, 2),
        ("cites_source", False, None),
    ]


def test_a_judgement_of_a_later_line_belongs_to_the_record(path):
    """What was judged after it was held is read from both lines."""
    with Journal.create(path, MANIFEST) as journal:
        journal.append(unjudged(0))
        journal.sync()
        journal.judged("price", 0, JUDGEMENT)
        journal.sync()
        kept = journal.records["price", 0]
        assert (kept, kept.judged, kept.scores) == (record(0), True, {"groundedness": 5})


def test_thousands_of_conversations_take_little_memory_each(path):
    """However long a conversation is, less than a kilobyte of it stays in memory, its key and place included."""
    long = "It is a long story. " * 500
    with Journal.create(path, MANIFEST) as journal:
        journal.append(record(0, text=long))
        journal.sync()
        tracemalloc.start()
        for repeat in range(1, 301):
            journal.append(record(repeat, text=long))
        journal.sync()
        size, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(journal.records) == 301
    assert size / 300 < 1024
    assert sys.getsizeof(long) > 9000


@pytest.mark.parametrize("meddle", [lambda path: path.write_bytes(path.read_bytes()[:-40]), lambda path: path.unlink()])
def test_a_journal_that_was_changed_meanwhile_is_refused(path, meddle):
    """Words that cannot be read any more are an error that says so, and never something else."""
    _, (kept,) = held(path, record(0))
    meddle(path)
    with pytest.raises(JournalError, match=r"journal\.jsonl: (was changed|cannot be read)"):
        assert kept.transcript
