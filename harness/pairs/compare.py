"""Every pair asked in both orders, and what the answers add up to.

A preference counts only where both orders agree; an inconsistent pair is a tie, and how often whoever came first was preferred
is told with its interval: a judge that looks at the order says so here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import anyio

from harness.conversations.transcript import Transcript
from harness.errors import JudgeError, cause_of
from harness.judging.material import said_lines
from harness.language_model.door import LanguageModel, ModelFailure
from harness.pairs.matching import Pair
from harness.pairs.question import PairAsker, Preference, Told, read_pair
from harness.statistics.proportions import mcnemar_exact, wilson_interval

_TRIES = 2


class PairOutcome(StrEnum):
    """What became of a pair."""

    A = "A"
    B = "B"
    TIE = "tie"
    INCONSISTENT = "inconsistent"
    """The two orders contradict each other: counted as a tie."""
    UNUSABLE = "unusable"
    """An order got no answer that could be used."""


@dataclass(frozen=True, slots=True)
class ComparedPair:
    """One pair, asked in both orders."""

    scenario: str
    repeat: int
    outcome: PairOutcome
    first: Preference | None
    """Which was preferred of the two as shown with A first: A is run A. None without an answer."""
    second: Preference | None
    """The same with B first: A is run B."""
    why: str


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its 95 % interval (Wilson)."""

    count: int
    of: int
    lower: float
    upper: float

    @classmethod
    def over(cls, count: int, of: int) -> Rate:
        """Return the share."""
        lower, upper = wilson_interval(count, of)
        return cls(count, of, float(lower), float(upper))


@dataclass(frozen=True, slots=True)
class Comparison:
    """What all pairs add up to."""

    pairs: tuple[ComparedPair, ...]
    wins_a: int
    wins_b: int
    ties: int
    """Inconsistent ones included."""
    inconsistent: int
    unusable: int
    preferred_b: Rate
    """B among the pairs that were decided."""
    p_value: float
    """Two-sided, of "both are preferred equally often"; exact."""
    first_position: Rate
    """Among single answers with a preference: whoever was shown first was preferred. Without bias about a half."""


async def compare_pairs(
    pairs: Sequence[Pair], asker: PairAsker, door: LanguageModel, at_once: int, told: Callable[[], None] = lambda: None
) -> Comparison:
    """Ask about every pair in both orders.

    Args:
        pairs: what is compared.
        asker: writes the questions.
        door: answers them.
        at_once: questions under way at the same time.
        told: of each pair.

    Raises:
        JudgeError: the model cannot be asked at all.
    """
    places = anyio.CapacityLimiter(at_once)
    found: dict[int, ComparedPair] = {}

    async def one(number: int, pair: Pair) -> None:
        if said_lines(pair.one) == said_lines(pair.other):
            found[number] = ComparedPair(pair.scenario.id, pair.repeat, PairOutcome.TIE, None, None, "both say the same; nobody was asked")
            told()
            return
        first = await _answer(pair, (pair.one, pair.other), asker, door, places)
        second = await _answer(pair, (pair.other, pair.one), asker, door, places)
        found[number] = _compared(pair, first, second)
        told()

    try:
        async with anyio.create_task_group() as group:
            for number, pair in enumerate(pairs):
                group.start_soon(one, number, pair)
    except BaseExceptionGroup as errors:
        raise cause_of(errors) from None
    return added_up([found[number] for number in range(len(pairs))])


def added_up(pairs: Sequence[ComparedPair]) -> Comparison:
    """Return what compared pairs add up to."""
    count = {outcome: sum(one.outcome is outcome for one in pairs) for outcome in PairOutcome}
    answers = [answer for one in pairs for answer in (one.first, one.second) if answer in {"A", "B"}]
    wins_a, wins_b = count[PairOutcome.A], count[PairOutcome.B]
    return Comparison(
        pairs=tuple(pairs),
        wins_a=wins_a,
        wins_b=wins_b,
        ties=count[PairOutcome.TIE] + count[PairOutcome.INCONSISTENT],
        inconsistent=count[PairOutcome.INCONSISTENT],
        unusable=count[PairOutcome.UNUSABLE],
        preferred_b=Rate.over(wins_b, wins_a + wins_b),
        p_value=float(mcnemar_exact(wins_a, wins_b)),
        first_position=Rate.over(sum(answer == "A" for answer in answers), len(answers)),
    )


async def _answer(
    pair: Pair, shown: tuple[Transcript, Transcript], asker: PairAsker, door: LanguageModel, places: anyio.CapacityLimiter
) -> Told | str:
    """Return the answer to one order, or why there is none after a second try."""
    problem = ""
    for attempt in range(_TRIES):
        request = asker.request(pair.scenario, shown, attempt)
        async with places:
            said = await door.ask(request)
        if isinstance(said, ModelFailure):
            if said.kind.stops_the_run:
                raise JudgeError(f"the judge {request.model} cannot be asked: {said.detail}")
            problem = said.detail
            continue
        answer = read_pair(said.data, request.nonce, shown)
        if isinstance(answer, Told):
            return answer
        problem = answer
    return problem


def _compared(pair: Pair, first: Told | str, second: Told | str) -> ComparedPair:
    if isinstance(first, str) or isinstance(second, str):
        why = next(one for one in (first, second) if isinstance(one, str))
        said = [None if isinstance(one, str) else one.preference for one in (first, second)]
        return ComparedPair(pair.scenario.id, pair.repeat, PairOutcome.UNUSABLE, said[0], said[1], why)
    turned: dict[Preference, Preference] = {"A": "B", "B": "A", "tie": "tie"}
    agreed = first.preference == turned[second.preference]
    outcome = PairOutcome(first.preference) if agreed else PairOutcome.INCONSISTENT
    return ComparedPair(pair.scenario.id, pair.repeat, outcome, first.preference, second.preference, first.reason)
