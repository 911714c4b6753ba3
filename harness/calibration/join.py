"""Labels of sampled conversations, joined with what the judge had said of them and of all the others.

What was drawn and not labelled is taken as left out by chance within its stratum: an item counts as often as there are items
of its stratum for each that was labelled, dimension by dimension.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from harness.calibration.labels import Case
from harness.calibration.sample import Candidate, Judged, Sample, SampledConversation
from harness.errors import SettingsError

_NAMED = 5


def joined(cases: Sequence[Case], sample: Sample) -> tuple[Case, ...]:
    """Return a case for everything that the judge scored in the sampled arms, with its labels where there are any.

    Args:
        cases: as read from what people handed in; the judge's score, arm and language may be left empty there.
        sample: what they were asked about.

    Raises:
        SettingsError: a label is of no conversation or dimension of the sample, or states another score of the judge.
    """
    known = {one.item: one for one in sample.conversations if one.seats}
    dimensions = {name for one in sample.conversations for name in one.scores}
    problems = [problem for case in cases if (problem := _problem(case, known.get(case.item), dimensions))]
    if problems:
        more = f"\n… and {len(problems) - _NAMED} more" if len(problems) > _NAMED else ""
        raise SettingsError("\n".join(problems[:_NAMED]) + more)
    labelled: dict[str, dict[str, Case]] = {}
    for case in cases:
        if case.human:
            labelled.setdefault(case.item, {})[case.dimension] = case
    size = Counter((one.stratum, name) for one in sample.conversations for name in one.scores)
    given = Counter((known[item].stratum, name) for item, labels in labelled.items() for name in labels if name in known[item].scores)
    found = []
    for one in sample.conversations:
        labels = labelled.get(one.item, {})
        for name in sorted(one.scores.keys() | labels.keys()):
            key = one.stratum, name
            inclusion = given[key] / size[key] if name in labels and name in one.scores else 1.0
            found.append(_case(one, name, labels.get(name), inclusion))
    return tuple(found)


def rescored(sample: Sample, candidates: Iterable[Candidate], judged: Judged) -> Sample:
    """Return the sample with another judge's scores of the same conversations, so that labels are given once and serve every judge.

    Arms of which nothing was judged again are left out; what was drawn stays as it was drawn.

    Args:
        sample: what people were asked about.
        candidates: the conversations as the other judge scored them.
        judged: by whom, and where the conversations stand.

    Raises:
        SettingsError: the other judge judged by another rubric, or other conversations.
    """
    if judged.rubric != sample.rubric:
        raise SettingsError(
            f"the labels were given under the rubric {sample.rubric}, and {judged.judge} judged by {judged.rubric}: "
            "people answered other questions; judge again with that rubric, or draw a new sample"
        )
    scores = {(one.arm, one.scenario, one.repeat): dict(one.scores) for one in candidates}
    arms = {source.arm for source in judged.sources}
    kept = tuple(
        one.model_copy(update={"scores": scores.get((one.arm, one.scenario, one.repeat), {})})
        for one in sample.conversations
        if one.arm in arms
    )
    if not any(one.scores for one in kept):
        raise SettingsError(f"{judged.judge} scored none of the conversations of this sample; name the run that they were judged again in")
    named = {"judge": judged.judge, "fingerprint": judged.fingerprint, "sources": judged.sources}
    return sample.model_copy(update={**named, "conversations": kept})


def _case(one: SampledConversation, dimension: str, labelled: Case | None, inclusion: float) -> Case:
    score = one.scores.get(dimension)
    plain = Case(
        one.item,
        dimension,
        None if score is None else float(score),
        (),
        (),
        one.language,
        one.arm,
        cluster=one.cluster,
        inclusion=inclusion,
    )
    return plain if labelled is None else replace(plain, human=labelled.human, raters=labelled.raters, split=labelled.split)


def _problem(case: Case, one: SampledConversation | None, dimensions: set[str]) -> str | None:
    """Return why a label cannot be joined; None where it can."""
    if one is None:
        return f"item {case.item[:80]!r}: was not drawn in this sample; name the run that it was drawn from, or leave --run away"
    if case.dimension not in dimensions:
        return f"item {case.item!r}, dimension {case.dimension[:80]!r}: is no dimension that this judge scores in the sample"
    score = one.scores.get(case.dimension)
    if case.judge is not None and case.judge != score:
        return f"item {case.item!r}, dimension {case.dimension!r}: says that the judge gave {case.judge:g}, but in the run it gave {score}"
    return None
