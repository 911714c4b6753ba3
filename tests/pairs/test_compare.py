"""Two conversations side by side: both orders, ties where they contradict each other, and how far a judge looks at the order."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import replace

import anyio
import pytest

from harness.errors import JudgeError
from harness.judging.material import MaterialRoom
from harness.judging.questioning import ModelChoice
from harness.language_model.wire import read_message
from harness.pairs.compare import ComparedPair, Comparison, PairOutcome, added_up, compare_pairs
from harness.pairs.matching import Pair
from harness.pairs.question import PairAsker, load_pair_prompts, pair_system
from tests.fakes.anchor_judges import MODEL, ApiDoor, shipped_rubric, shipped_set
from tests.fakes.messages_api.api import FakeMessagesApi
from tests.fakes.messages_api.planted import Planter, faults
from tests.fakes.messages_api.scale import Scale
from tests.fakes.messages_api.temper import HONEST, MODES, Temper

PROMPTS = load_pair_prompts()
GOOD = [anchor for anchor in shipped_set().anchors if anchor.kind.value == "good"]
BAD_WORD = "Honestly, go and look it up yourself."


def pairs(count: int, spoil: Callable[[int], bool] = lambda _: True) -> list[Pair]:
    """Pairs whose second conversation is spoiled, or just worded otherwise."""
    found = []
    for number, anchor in zip(range(count), itertools.cycle(GOOD), strict=False):
        last = anchor.transcript.exchanges[-1]
        said = BAD_WORD if spoil(number) else f"Have a nice day, reader number {number}."
        reply = replace(last.reply, text=f"{last.reply.text} {said}")
        other = replace(anchor.transcript, exchanges=(*anchor.transcript.exchanges[:-1], replace(last, reply=reply)))
        found.append(Pair(shipped_set().scenario_of(anchor), number, number, anchor.transcript, other))
    return found


def compared(asked: Sequence[Pair], temper: Temper = HONEST, planter: Planter | None = None) -> tuple[Comparison, ApiDoor]:
    api = FakeMessagesApi(
        planter or faults({"politeness": "Honestly"}), temper, scale=Scale.of(shipped_rubric()), compared_by=("politeness",)
    )
    held = ApiDoor(api)
    numbers = itertools.count()
    asker = PairAsker(
        PROMPTS,
        pair_system(PROMPTS, shipped_rubric()),
        MaterialRoom(shipped_set().facts),
        ModelChoice(MODEL),
        lambda: f"{next(numbers):032x}",
    )
    return anyio.run(compare_pairs, asked, asker, held, 8), held


def test_the_better_one_wins_in_both_orders() -> None:
    """An honest judge prefers the conversation without the fault, whichever is shown first."""
    found, held = compared(pairs(8))
    assert (found.wins_a, found.wins_b, found.ties) == (8, 0, 0)
    assert len(held.requests) == 16
    assert found.p_value < 0.01
    assert (found.first_position.count, found.first_position.of) == (8, 16)


def test_equal_ones_are_ties() -> None:
    """Where neither has a fault both orders say tie, and none of them counts for the first position."""
    found, _ = compared(pairs(4, lambda _: False))
    assert (found.wins_a, found.wins_b, found.ties, found.inconsistent) == (0, 0, 4, 0)
    assert found.first_position.of == 0
    assert found.p_value == 1.0


def test_the_same_words_are_a_tie_that_nobody_is_asked() -> None:
    """Identical conversations cost nothing."""
    anchor = GOOD[0]
    found, held = compared([Pair(shipped_set().scenario_of(anchor), 0, 0, anchor.transcript, anchor.transcript)])
    assert found.ties == 1
    assert held.requests == []


def test_a_judge_that_looks_at_the_order_is_told_with_its_size() -> None:
    """A judge that prefers whoever comes first in 70 % of its answers: the rate is within its interval, one half is not."""
    found, _ = compared(pairs(60), MODES["position_biased"])
    assert found.first_position.lower <= 0.7 <= found.first_position.upper
    assert found.first_position.lower > 0.5
    assert found.inconsistent == found.ties
    assert found.inconsistent > 20


@pytest.mark.slow
def test_the_size_of_position_bias_to_a_tenth() -> None:
    """Over a thousand pairs the first-position rate is the planted 70 %, to within a tenth of its distance from one half."""
    found, _ = compared(pairs(1000), MODES["position_biased"])
    assert found.first_position.count / found.first_position.of == pytest.approx(0.7, abs=0.02)


def test_refusals_and_broken_answers_are_no_preference() -> None:
    """A pair without two usable answers is counted as such, and wins nothing."""
    found, _ = compared(pairs(3), Temper(refuses=1.0))
    assert (found.unusable, found.wins_a, found.ties) == (3, 0, 0)
    broken, held = compared(pairs(2), Temper(breaks=1.0, breakages=("no_nonce",)))
    assert broken.unusable == 2
    assert len(held.requests) == 8


def test_another_model_ends_it() -> None:
    """Answers of another model than the one that was asked are an error."""
    with pytest.raises(JudgeError, match="cannot be asked"):
        compared(pairs(1), MODES["wrong_model"])


@pytest.mark.parametrize(
    ("first", "second", "outcome"),
    [
        ("A", "B", "A"),
        ("B", "A", "B"),
        ("A", "A", "inconsistent"),
        ("B", "B", "inconsistent"),
        ("tie", "tie", "tie"),
        ("A", "tie", "inconsistent"),
    ],
)
def test_two_orders(first, second, outcome) -> None:
    """Only answers that mean the same conversation decide; first and second position alike are a contradiction."""
    answers = iter([first, second])

    class Saying:
        async def ask(self, request):
            data = {"nonce_echo": request.nonce, "evidence": [], "reason": "because", "preference": next(answers), "confidence": "high"}
            body = {"type": "message", "role": "assistant", "model": MODEL, "content": [{"type": "text", "text": json.dumps(data)}],
                    "stop_reason": "end_turn", "usage": {"input_tokens": 1, "output_tokens": 1}}  # fmt: skip
            return read_message(body, request, "r")

    asker = PairAsker(PROMPTS, "system", MaterialRoom(shipped_set().facts), ModelChoice(MODEL), lambda: "f" * 32)
    found = anyio.run(compare_pairs, pairs(1), asker, Saying(), 1)
    assert found.pairs[0].outcome == outcome


def test_sums() -> None:
    """Wins, ties and contradictions add up, with the share of B among the decided ones."""
    rows = [
        ComparedPair("s", number, outcome, "A", "B", "")
        for number, outcome in enumerate([PairOutcome.A, PairOutcome.B, PairOutcome.B, PairOutcome.TIE])
    ]
    found = added_up(rows)
    assert (found.wins_a, found.wins_b, found.ties) == (1, 2, 1)
    assert (found.preferred_b.count, found.preferred_b.of) == (2, 3)
