"""What the lines of a journal say together: conversations, their judgements, and looks that were prolonged."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from harness.errors import JournalError
from harness.records.journal import Journal, read_journal
from harness.records.journal_content import first_seal, line_of, seal
from harness.records.run import LookSchedule, Purpose
from tests.fakes.journalled import JUDGEMENT, MANIFEST, record, unjudged


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.jsonl"


@pytest.fixture
def judged(path):
    """A journal of two conversations, the judgement of the first, and a third conversation, closed."""
    with Journal.create(path, MANIFEST) as journal:
        journal.append(unjudged(0))
        journal.append(unjudged(1))
        journal.judged("price", 0, JUDGEMENT)
        journal.append(unjudged(2))
    return path


def test_a_judgement_joins_the_conversation_that_was_written_before(judged):
    """A conversation is read back with its judgement, wherever that stands below it; others wait for theirs."""
    assert dict(read_journal(judged).records) == {("price", 0): record(0), ("price", 1): unjudged(1), ("price", 2): unjudged(2)}
    with Journal.resume(judged, MANIFEST) as journal:
        journal.judged("price", 1, JUDGEMENT)
        journal.append(unjudged(3))
        journal.judged("price", 3, JUDGEMENT)
        journal.sync()
        assert dict(journal.records) == dict(read_journal(judged).records)
        assert [key for key, one in journal.records.items() if one.judgement] == [("price", 0), ("price", 1), ("price", 3)]
    assert all(json.loads(line) for line in judged.read_bytes().splitlines())


def test_a_judgement_counts_only_after_a_sync(path):
    """Until an fsync covers it, the conversation stands there unjudged."""
    with Journal.create(path, MANIFEST) as journal:
        journal.append(unjudged(0))
        journal.sync()
        journal.judged("price", 0, JUDGEMENT)
        assert (journal.records["price", 0], journal.pending) == (unjudged(0), 1)
        journal.sync()
        assert (journal.records["price", 0], journal.pending) == (record(0), 0)


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda journal: journal.judged("price", 9, JUDGEMENT), "no conversation of scenario price, repeat 9"),
        (lambda journal: journal.judged("price", 0, JUDGEMENT), "a judgement of scenario price, repeat 0"),
        (lambda journal: journal.append(unjudged(0)), "scenario price, repeat 0 already"),
    ],
    ids=["not held", "judged twice", "held twice"],
)
@pytest.mark.parametrize("resumed", [False, True])
def test_nothing_is_written_twice_or_judged_before_it_is_held(path, write, said, resumed):
    """Such a line would damage the journal, so it is refused before it is written, synced or not."""
    journal = Journal.create(path, MANIFEST)
    journal.append(unjudged(0))
    journal.judged("price", 0, JUDGEMENT)
    if resumed:
        journal.close()
        journal = Journal.resume(path, MANIFEST)
    whole = path.read_bytes()
    with journal, pytest.raises(JournalError, match=said):
        write(journal)
    assert path.read_bytes() == whole


@pytest.mark.parametrize("keep", [1, 80, 200, -1])
def test_a_torn_judgement_is_dropped_and_its_conversation_kept(path, keep):
    """A crash in the middle of a judgement costs the answer of the judge, who is asked again."""
    with Journal.create(path, MANIFEST) as journal:
        journal.append(unjudged(0))
        journal.judged("price", 0, JUDGEMENT)
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]) + lines[-1][:keep])
    with Journal.resume(path, MANIFEST) as journal:
        assert dict(journal.records) == {("price", 0): unjudged(0)}
        journal.judged("price", 0, JUDGEMENT)
    assert path.read_bytes() == whole


@pytest.mark.parametrize("edit", ["change", "remove", "double", "up", "down"])
def test_an_edited_or_moved_judgement_is_refused(judged, edit):
    """Better scores, scores of another conversation, and scores in another place break the chain."""
    lines = judged.read_bytes().splitlines(keepends=True)
    match edit:
        case "change":
            lines[3] = lines[3].replace(b'"score":5', b'"score":4')
        case "remove":
            del lines[3]
        case "double":
            lines.insert(3, lines[3])
        case "up":
            lines[2], lines[3] = lines[3], lines[2]
        case "down":
            lines[3], lines[4] = lines[4], lines[3]
    judged.write_bytes(b"".join(lines))
    with pytest.raises(JournalError, match=r"journal.jsonl:[345]: .*edited.*start a new run"):
        Journal.resume(judged, MANIFEST)


@pytest.mark.parametrize(
    ("order", "line"),
    [((0, 3, 1, 2, 4), 2), ((0, 1, 2, 3, 3, 4), 5), ((0, 1, 1, 2, 3, 4), 3), ((0, 1, 2, 3, 4, 0), 6)],
    ids=["judged before held", "judged twice", "held twice", "planned twice"],
)
def test_lines_that_contradict_each_other_are_damage_even_under_a_chain_that_holds(judged, order, line):
    """Whoever seals the lines anew still cannot have a conversation judged twice, or before it was held."""
    lines = judged.read_bytes().splitlines()
    chain, sealed = first_seal(), b""
    for number in order:
        kind, content = re.fullmatch(rb'\{"chain":"\w{64}","(\w+)":(.*)\}', lines[number], re.DOTALL).groups()
        chain = seal(chain, kind, content)
        sealed += line_of(chain, kind.decode(), content)
    judged.write_bytes(sealed)
    with pytest.raises(JournalError, match=rf":{line}: .*edited or is damaged"):
        read_journal(judged)


PLANNED = replace(MANIFEST, schedule=LookSchedule((5, 9), 0.05))
LONGER = replace(PLANNED, created="2027-01-01T00:00:00Z", schedule=LookSchedule((5, 9, 14), 0.05))


@pytest.fixture
def planned(path):
    """A journal of a run that plans looks, with one conversation, closed."""
    with Journal.create(path, PLANNED) as journal:
        journal.append(unjudged(0))
    return path


def test_prolonged_looks_are_written_down_and_hold_from_then_on(planned):
    """Whoever adds repeats by hand leaves both plans in the journal; the last one counts, the time of creation is the first's."""
    plan = replace(LONGER, created=PLANNED.created)
    before = planned.read_bytes()
    with Journal.resume(planned, LONGER, prolonged=True) as journal:
        assert journal.manifest == plan
        journal.append(unjudged(1))
    assert planned.read_bytes().startswith(before)
    assert planned.read_bytes().count(b'"manifest":') == 2
    content = read_journal(planned)
    assert (content.manifest, list(content.records)) == (plan, [("price", 0), ("price", 1)])
    with Journal.resume(planned, LONGER) as journal:
        assert journal.manifest == plan
    with pytest.raises(JournalError, match="another run: schedule is looks"):
        Journal.resume(planned, PLANNED)


def test_saying_that_looks_may_be_prolonged_changes_nothing_when_they_are_not(planned):
    """The same plan is resumed as ever, and not written down again."""
    before = planned.read_bytes()
    Journal.resume(planned, PLANNED, prolonged=True).close()
    assert planned.read_bytes() == before


@pytest.mark.parametrize(
    ("wanted", "prolonged"),
    [
        (LONGER, False),
        (replace(LONGER, seed=8), True),
        (replace(LONGER, schedule=LookSchedule((5, 9, 14), 0.1)), True),
        (replace(LONGER, schedule=LookSchedule((5, 10, 14), 0.05)), True),
        (replace(LONGER, schedule=LookSchedule((5,), 0.05)), True),
        (replace(LONGER, schedule=None), True),
    ],
    ids=["not allowed", "another seed", "another error rate", "other looks", "fewer looks", "no looks"],
)
def test_no_other_change_of_plan_passes_as_prolonged_looks(planned, wanted, prolonged):
    """What was planned before the first call stays, or the run is another one."""
    before = planned.read_bytes()
    with pytest.raises(JournalError, match="another run"):
        Journal.resume(planned, wanted, prolonged=prolonged)
    assert planned.read_bytes() == before


def test_looks_are_not_prolonged_over_conversations_that_were_added_for_a_failure(planned):
    """An extension under a repeat that the new looks need would bias them."""
    added = replace(unjudged(10), assignment=replace(unjudged(10).assignment, purpose=Purpose.EXTENSION))
    with Journal.resume(planned, PLANNED) as journal:
        journal.append(added)
    before = planned.read_bytes()
    with pytest.raises(JournalError, match="cannot be prolonged: scenario price, repeat 10 was held for another reason"):
        Journal.resume(planned, LONGER, prolonged=True)
    assert planned.read_bytes() == before
