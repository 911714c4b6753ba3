"""What judging conversations is going to use and cost, before anything is asked.

The questions are the ones that would be sent, about conversations that are there already or are made up from the suite. Their
tokens are counted by the service where it counts, else by a rule of thumb; what answers use is the mean of the answers that
are kept, else assumed. Every assumption is a sentence of the estimate.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from harness.conversations.transcript import EndReason, Exchange, Transcript
from harness.language_model.door import LanguageModel, ModelFailure, ModelRequest
from harness.language_model.money.prices import Prices
from harness.language_model.usage import Usage
from harness.scenarios.model import Scenario
from harness.targets.protocol import Reply, TargetIdentity

CHARACTERS_A_TOKEN = 3.5
"""Of ASCII text; every other character is taken for a token of its own."""
ASSUMED_OUTPUT = 1000.0
"""Tokens of an answer, reasons and quotes included, where none is kept."""
FURTHER = 1.25
"""Calls for one that is planned: second looks at what hardly decides, repairs, answers of the wrong form. Assumed."""
COUNTED = 4
"""Questions of each kind that the service is asked to count."""
TYPICAL_REPLY = "x" * 400
"""A reply, where no conversation was held yet."""


@dataclass(frozen=True, slots=True)
class CallEstimate:
    """One kind of call, on average."""

    part: str
    model: str
    share: float
    """Share of the conversations that are asked this."""
    prefix: float
    """Tokens of the system prompt, which the service keeps between calls."""
    fresh: float
    """Tokens of everything else that is sent."""
    output: float


@dataclass(frozen=True, slots=True)
class JudgingEstimate:
    """What a conversation's judgement is expected to use."""

    calls: tuple[CallEstimate, ...]
    assumptions: tuple[str, ...]
    """Where the figures come from, a sentence each."""

    def usage(self, call: CallEstimate, conversations: float) -> Usage:
        """Return what all calls of one kind use: the first one writes the prefix, the others read it."""
        count = conversations * call.share * FURTHER
        if count <= 0:
            return Usage()
        written = math.ceil(call.prefix)
        return Usage(
            input_tokens=math.ceil(count * call.fresh),
            output_tokens=math.ceil(count * call.output),
            cache_read_tokens=max(0, math.ceil((count - 1) * call.prefix)),
            cache_write_tokens=written,
        )

    def total(self, conversations: float) -> Usage:
        """Return what judging so many conversations uses."""
        return sum((self.usage(call, conversations) for call in self.calls), Usage())

    def cost(self, prices: Prices, conversations: float, *, batch: bool = False) -> Decimal | None:
        """Return what judging so many conversations costs, US dollars; None when a model has no price."""
        costs = [prices.cost(self.usage(call, conversations), call.model, batch=batch) for call in self.calls]
        known = [cost for cost in costs if cost is not None]
        return sum(known, Decimal(0)) if len(known) == len(costs) else None


def estimated(questions: Sequence[Sequence[ModelRequest]], basis: str, output: float | None) -> JudgingEstimate:
    """Return what conversations like these use, by the rule of thumb.

    Args:
        questions: for each conversation, what is asked about it.
        basis: which conversations they are, as a sentence.
        output: mean tokens of the answers that are kept; None where there are none.
    """
    kinds: dict[tuple[str, str], list[ModelRequest]] = {}
    for asked in questions:
        for one in asked:
            kinds.setdefault((_part(one), one.model), []).append(one)
    calls = tuple(
        CallEstimate(
            part=part,
            model=model,
            share=len(requests) / max(1, len(questions)),
            prefix=_mean([prefix_tokens(one) for one in requests]),
            fresh=_mean([fresh_tokens(one) for one in requests]),
            output=ASSUMED_OUTPUT if output is None else output,
        )
        for (part, model), requests in sorted(kinds.items())
    )
    said = (
        basis,
        f"Tokens are taken as {CHARACTERS_A_TOKEN:g} characters of ASCII, or one of any other script.",
        f"An answer is assumed to have {ASSUMED_OUTPUT:,.0f} tokens."
        if output is None
        else f"An answer has {output:,.0f} tokens, as those that are kept.",
        f"Second looks, repairs and retries are assumed to make {FURTHER:g} calls of one.",
    )
    return JudgingEstimate(calls, said)


async def counted(estimate: JudgingEstimate, questions: Sequence[Sequence[ModelRequest]], door: LanguageModel) -> JudgingEstimate:
    """Return the estimate with tokens as the service counts them on a few of the questions; as it was where it does not count."""
    calls = []
    for call in estimate.calls:
        alike = [one for asked in questions for one in asked if (_part(one), one.model) == (call.part, call.model)]
        chosen = [alike[place * len(alike) // COUNTED] for place in range(min(COUNTED, len(alike)))] if len(alike) >= COUNTED else alike
        told = 0
        for one in chosen:
            tokens = await door.count(one)
            if isinstance(tokens, ModelFailure):
                return replace(estimate, assumptions=(*estimate.assumptions, f"The service did not count tokens: {tokens.detail}."))
            told += tokens
        thumb = sum(prefix_tokens(one) + fresh_tokens(one) for one in chosen)
        ratio = told / thumb if thumb else 1.0
        calls.append(replace(call, prefix=call.prefix * ratio, fresh=call.fresh * ratio))
    basis, _, *rest = estimate.assumptions
    return JudgingEstimate(
        tuple(calls), (basis, f"Tokens were counted by the service, on {COUNTED} questions of each kind at most.", *rest)
    )


def prefix_tokens(request: ModelRequest) -> float:
    """Return about how many tokens of a request the service keeps between calls."""
    return sum(_tokens(block.text) for block in request.system if block.cached)


def fresh_tokens(request: ModelRequest) -> float:
    """Return about how many tokens of a request are sent anew with each call."""
    texts = [block.text for block in request.system if not block.cached] + [message.text for message in request.messages]
    if request.schema is not None:
        texts.append(json.dumps(dict(request.schema)))
    return sum(map(_tokens, texts))


def imagined(scenario: Scenario) -> Transcript:
    """Return a conversation of typical length about a scenario, where none was held."""
    user = scenario.user
    said = [turn.say for turn in scenario.turns] if user is None else [user.goal] * user.turn_cap  # no goal takes more
    reply = Reply(TYPICAL_REPLY, 200, None, 0.0, None)
    exchanges = tuple(Exchange(number, line, reply, None, ()) for number, line in enumerate(said, start=1))
    return Transcript(scenario.id, 0, 0, TargetIdentity("imagined", ""), exchanges, EndReason.COMPLETED)


def _part(request: ModelRequest) -> str:
    """Return which part of the questions a request is, from `judge:PART:STEP`."""
    words = request.purpose.split(":")
    return words[1] if len(words) > 1 else request.purpose


def _tokens(text: str) -> float:
    wide = len(text) - len(text.encode("ascii", "ignore"))
    return (len(text) - wide) / CHARACTERS_A_TOKEN + wide


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else 0.0
