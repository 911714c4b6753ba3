"""Which conversations people are asked to label, and how what they say finds its way back.

Half are drawn at random; 30 % are drawn from those that scored extremely or low, because agreement on what is plainly good says
little; 20 % from those about which the judge disagrees with itself or with an audit, where anybody knows of such. Both arms
get the same number. To know with what probability each conversation was drawn, the mixture is drawn as strata: every stratum
(extreme or not, disputed or not, in each arm) gets as many as the mixture gives it on average, and draws them at random. An
item's name says nothing about its arm, scenario or score, so that whoever labels it does not know them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from harness.calibration.calibration import ArmSource, Count, Name
from harness.frozen import FrozenModel, fingerprint

SIZE = 150
EXTREME_SHARE, DISPUTED_SHARE = 0.3, 0.2
THRICE = 0.4
"""Part of the sample that all three raters label: 60 of 150."""
SEATS = (1, 2, 3)
LOW = 2
"""A conversation with a dimension at or below this scored low."""
FAR = 0.2
"""Part of the conversations that lies farthest from the median score: they scored extremely."""
FEWEST_OF_STRATUM = 2
"""One conversation of a stratum says nothing about how they differ."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A judged conversation that could be drawn."""

    arm: str
    scenario: str
    repeat: int
    language: str
    cluster: str
    scores: Mapping[str, int]
    """Dimension → the judge's score."""
    disputed: bool | None = None
    """The judge hardly decided about it, or an audit differs; None where nobody could know."""

    @property
    def mean(self) -> float:
        """Mean over its dimensions."""
        return sum(self.scores.values()) / len(self.scores)


class SampledConversation(FrozenModel):
    """One conversation of the arms that were sampled, drawn or not."""

    item: Name
    """Under which people know it."""
    arm: Name
    scenario: Name
    repeat: Count
    language: Name
    cluster: Name
    scores: dict[Name, Annotated[int, Field(ge=0, le=10)]]
    stratum: Name
    inclusion: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
    """Probability with which it could be drawn."""
    seats: Annotated[tuple[int, ...], Field(max_length=len(SEATS))]
    """Raters who are asked; empty where it was not drawn."""


class Sample(FrozenModel):
    """What was drawn, from what, and what the judge had said of it."""

    judge: Name
    fingerprint: Name
    rubric: Name
    """Fingerprint."""
    created: Name
    """ISO 8601, UTC."""
    seed: Count
    sources: tuple[ArmSource, ...]
    conversations: Annotated[tuple[SampledConversation, ...], Field(min_length=1, max_length=1_000_000)]
    notes: tuple[str, ...]
    """What could not be drawn as meant, in plain sentences."""

    @property
    def drawn(self) -> tuple[SampledConversation, ...]:
        """Those that people are asked about, in an order that says nothing."""
        return tuple(sorted((one for one in self.conversations if one.seats), key=lambda one: one.item))


@dataclass(frozen=True, slots=True)
class Judged:
    """By whom and when everything was judged."""

    judge: str
    fingerprint: str
    rubric: str
    created: str
    sources: tuple[ArmSource, ...]


def draw(candidates: Sequence[Candidate], judged: Judged, size: int = SIZE, seed: int = 1) -> Sample:
    """Return a sample of conversations with their inclusion probabilities, and who labels which.

    Args:
        candidates: every judged conversation of all arms; at least one.
        judged: where they came from.
        size: conversations to draw; all of them where there are fewer.
        seed: of the drawing.
    """
    rng = np.random.default_rng(seed)
    ordered = sorted(candidates, key=lambda one: (one.arm, one.scenario, one.repeat))
    extreme = _extreme(ordered)
    strata = _strata(ordered, extreme)
    wanted = _wanted(ordered, extreme, min(size, len(ordered)))
    chosen, inclusion = np.zeros(len(ordered), dtype=bool), np.ones(len(ordered))
    for stratum, count in _whole(strata, wanted).items():
        members = np.array([index for index, name in enumerate(strata) if name == stratum])
        chosen[rng.choice(members, size=count, replace=False)] = True
        inclusion[members] = count / members.size
    seats = _seated(np.flatnonzero(chosen), rng)
    return Sample(
        judge=judged.judge,
        fingerprint=judged.fingerprint,
        rubric=judged.rubric,
        created=judged.created,
        seed=seed,
        sources=judged.sources,
        conversations=tuple(
            SampledConversation(
                item=_item(one, judged, seed),
                arm=one.arm,
                scenario=one.scenario,
                repeat=one.repeat,
                language=one.language,
                cluster=one.cluster,
                scores=dict(one.scores),
                stratum=strata[index],
                inclusion=float(inclusion[index]),
                seats=seats.get(index, ()),
            )
            for index, one in enumerate(ordered)
        ),
        notes=tuple(_notes(ordered, extreme, size)),
    )


def _item(one: Candidate, judged: Judged, seed: int) -> str:
    runs = {source.arm: source.run for source in judged.sources}
    return f"c-{fingerprint([runs.get(one.arm), one.arm, one.scenario, one.repeat, seed])}"


def _strata(candidates: Sequence[Candidate], extreme: Sequence[bool]) -> list[str]:
    """Return the name of each conversation's stratum."""
    kinds = ("extreme or low" if far else "ordinary" for far in extreme)
    return [f"{one.arm}, {kind}{', disputed' if one.disputed else ''}" for one, kind in zip(candidates, kinds, strict=True)]


def _extreme(candidates: Sequence[Candidate]) -> list[bool]:
    """Return which conversations scored low somewhere, or lie among the fifth that is farthest from the median."""
    means = np.array([one.mean for one in candidates])
    distance = np.abs(means - np.median(means))
    bar = np.quantile(distance, 1 - FAR)
    return [min(one.scores.values()) <= LOW or bool(0 < far >= bar) for one, far in zip(candidates, distance.tolist(), strict=True)]


def _wanted(candidates: Sequence[Candidate], extreme: Sequence[bool], size: int) -> list[float]:
    """Return how many of each conversation the mixture draws on average, the arms alike; parts that nobody belongs to are random ones."""
    arms = sorted({one.arm for one in candidates})
    wanted = [0.0] * len(candidates)
    for arm in arms:
        members = [index for index, one in enumerate(candidates) if one.arm == arm]
        far = [index for index in members if extreme[index]]
        disputed = [index for index in members if candidates[index].disputed]
        parts = [(EXTREME_SHARE, far), (DISPUTED_SHARE, disputed)]
        rest = 1.0 - sum(share for share, group in parts if group)
        for share, group in (*parts, (rest, members)):
            for index in group:
                wanted[index] += size / len(arms) * share / len(group)
    return wanted


def _whole(strata: Sequence[str], wanted: Sequence[float]) -> dict[str, int]:
    """Return how many each stratum draws: whole numbers that add up, none above its size, none so small that it says nothing."""
    sizes = {name: strata.count(name) for name in sorted(set(strata))}
    total = round(sum(wanted))
    goal = dict.fromkeys(sizes, 0.0)
    for name, part in zip(strata, wanted, strict=True):
        goal[name] += part
    least = {name: min(FEWEST_OF_STRATUM, size) for name, size in sizes.items()}
    if sum(least.values()) >= total:
        return least
    for _ in sizes:  # what one stratum cannot hold goes to the others, as their goals are to each other
        fixed = {name: min(max(goal[name], least[name]), sizes[name]) for name in sizes}
        spare = total - sum(fixed.values())
        open_ones = [name for name in sizes if (fixed[name] < sizes[name] if spare > 0 else fixed[name] > least[name])]
        if abs(spare) < 1e-9 or not open_ones:
            break
        room = sum(fixed[name] for name in open_ones)
        goal = {name: fixed[name] * (1 + spare / room) if name in open_ones else fixed[name] for name in sizes}
    found = {name: int(fixed[name] + 1e-9) for name in sizes}
    by_rest = sorted(sizes, key=lambda name: (found[name] - fixed[name], name))
    for name in [name for name in by_rest if found[name] < sizes[name]][: total - sum(found.values())]:
        found[name] += 1
    return found


def _seated(chosen: np.ndarray, rng: np.random.Generator) -> dict[int, tuple[int, ...]]:
    """Return who labels which: a random part all, the others one each, in turn."""
    shuffled = rng.permutation(chosen).tolist()
    everybody = round(THRICE * len(shuffled))
    seats: dict[int, tuple[int, ...]] = dict.fromkeys(shuffled[:everybody], SEATS)
    for turn, index in enumerate(shuffled[everybody:]):
        seats[index] = (SEATS[turn % len(SEATS)],)
    return seats


def _notes(candidates: Sequence[Candidate], extreme: Sequence[bool], size: int) -> list[str]:
    found = []
    if len(candidates) < size:
        found.append(f"Only {len(candidates)} conversations were judged, so all of them were drawn instead of {size}.")
    if not any(one.disputed is not None for one in candidates):
        found.append("The judge was asked once about each conversation and nothing was audited, so the part for disagreement is random.")
    elif not any(one.disputed for one in candidates):
        found.append("The judge never disagreed with itself or with an audit, so the part for disagreement is random.")
    if not any(extreme):
        found.append("All conversations scored alike, so the part for extreme and low scores is random.")
    return found
