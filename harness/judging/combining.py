"""Code and model together: who decides a criterion that both may answer.

A fault that code found stands, whatever the model says of it; a fault that the model quotes stands unless the catalogue
confirms every word of the quote that code can read. Each time that code overrules the model, the verdict says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.conversations.transcript import Transcript
from harness.expectations.known import KnownNames
from harness.judging.code_answers import MAX_REASON, AppliedCriterion, CodeAnswer, not_answerable, without_evidence
from harness.judging.evidence.catalogue_recheck import quotes_are_true
from harness.judging.evidence.checking import ReadVerdict
from harness.judging.judge import CriterionAnswer, CriterionVerdict


@dataclass(frozen=True, slots=True)
class Combined:
    """The verdict on one criterion."""

    verdict: CriterionVerdict
    overruled: bool = False
    """Code decided against the model."""


@dataclass(frozen=True, slots=True)
class Combiner:
    """Decides the criteria of one conversation."""

    codes: Mapping[str, CodeAnswer]
    """What findings say, by criterion."""
    transcript: Transcript
    names: KnownNames

    def combined(self, criterion: AppliedCriterion, read: ReadVerdict | None) -> Combined:
        """Return the verdict on a criterion.

        Args:
            criterion: what is decided.
            read: what the model says, as far as its evidence holds; None where it was not asked.
        """
        code = self.codes.get(criterion.id) if criterion.by_code else None
        if read is None:
            if not criterion.by_code:
                return Combined(not_answerable(criterion.scored(reads=False)))
            found = code or without_evidence(criterion.id)
            return _verdict(criterion, ReadVerdict(found.answer, found.reason))
        if code is not None and code.answer is CriterionAnswer.NOT_MET:
            if read.answer is CriterionAnswer.MET:
                told = f"{code.reason}; code overrules the judge, who found: {read.reason}"
                return _verdict(criterion, ReadVerdict(code.answer, told), overruled=True)
            return _verdict(criterion, ReadVerdict(code.answer, code.reason, read.quotes))
        if read.answer is CriterionAnswer.NOT_MET and criterion.of_catalogue and quotes_are_true(read.quotes, self.transcript, self.names):
            told = f"the catalogue confirms what the judge quotes as a fault; code overrules the judge, who found: {read.reason}"
            return _verdict(criterion, ReadVerdict(CriterionAnswer.MET, told, read.quotes), overruled=True)
        return _verdict(criterion, read)


def _verdict(criterion: AppliedCriterion, read: ReadVerdict, *, overruled: bool = False) -> Combined:
    verdict = CriterionVerdict(criterion.id, criterion.dimension, read.answer, read.reason[:MAX_REASON], read.quotes)
    return Combined(verdict, overruled)
