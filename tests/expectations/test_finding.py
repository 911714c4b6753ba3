"""A finding as it is written to files."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from harness.expectations.finding import Finding, FindingOutcome
from harness.frozen import canonical_json, from_json, plain
from harness.scenarios.model import Severity

WRITTEN = b'{"criterion":null,"evidence":"HTTP 204, not 200","index":-1,"kind":"status","outcome":"unmet","severity":"must","turn":2}'


def test_a_finding_is_written_in_the_words_of_its_enums_and_read_back():
    """Old journals are read by new code and the other way round: the words stay, and come back as members."""
    finding = Finding(2, -1, "status", Severity.MUST, None, FindingOutcome.UNMET, "HTTP 204, not 200")
    assert canonical_json(finding) == WRITTEN
    back = from_json(Finding, WRITTEN)
    assert back == finding
    assert (type(back.outcome), type(back.severity)) == (FindingOutcome, Severity)
    assert {type(value) for value in plain(finding).values()} == {int, str, type(None)}


@pytest.mark.parametrize("word", [b'"unmet"', b'"must"'])
def test_a_word_that_no_enum_holds_is_refused(word):
    """A journal with another outcome or severity was written by somebody else."""
    with pytest.raises(ValidationError):
        from_json(Finding, WRITTEN.replace(word, b'"perhaps"'))
