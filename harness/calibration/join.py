"""Labels of sampled conversations, joined with what the judge had said of them and of all the others.

What was drawn and not labelled is taken as left out by chance within its stratum: an item counts as often as there are items
of its stratum for each that was labelled, dimension by dimension.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from harness.calibration.labels import Case
from harness.calibration.sample import Sample, SampledConversation
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
