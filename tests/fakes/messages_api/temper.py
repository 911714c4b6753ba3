"""How a fake differs from an honest judge on a healthy service: one value for each planted defect, to be combined.

Chance is seeded by the content of a request and by how often that content was asked before, so that a run is the same
whatever the order in which its calls arrive. Faults of the service are by the number of the call instead.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Literal

from tests.fakes.messages_api.gullible import obeyed
from tests.fakes.messages_api.judge_call import JudgeCall
from tests.fakes.messages_api.planted import Answer, Planted
from tests.fakes.messages_api.scale import Distortion, Scale, biased, compressed, lenient_on_length, noisy
from tests.fakes.messages_api.wire import Problem

Broken = Literal[
    "not_json", "cut_json", "no_nonce", "unknown_criterion", "missing_criterion", "duplicate_criterion", "extra_key", "bad_verdict", "empty"
]
BREAKAGES: tuple[Broken, ...] = (
    "not_json", "cut_json", "no_nonce", "unknown_criterion", "missing_criterion", "duplicate_criterion", "extra_key", "bad_verdict", "empty",
)  # fmt: skip


@dataclass(frozen=True)
class Reset:
    """Break the connection: before anything, or in the middle of the response, which is billed all the same."""

    when: Literal["before", "middle"] = "before"


@dataclass(frozen=True)
class Page:
    """Answer with something that is not the API's: a proxy's page, say."""

    content: bytes = b"<html>Welcome to the proxy</html>"
    status: int = 200
    content_type: str = "text/html"


Fault = Problem | Reset | Page
FaultPlan = Callable[[int], Fault | None]
"""Number of the call, from 1 → what goes wrong with it."""


def first(count: int, fault: Fault) -> FaultPlan:
    """Let something go wrong with the first calls."""
    return lambda number: fault if number <= count else None


def every(nth: int, fault: Fault) -> FaultPlan:
    """Let something go wrong with every nth call."""
    return lambda number: fault if number % nth == 0 else None


def always(fault: Fault) -> FaultPlan:
    """Let something go wrong with all calls."""
    return lambda _: fault


def rate_limited(retry_after: str | None = "1") -> Problem:
    """Return the API's 429."""
    return Problem(429, "This request would exceed your rate limit", {} if retry_after is None else {"retry-after": retry_after})


def overloaded() -> Problem:
    """Return the API's 529."""
    return Problem(529, "Overloaded")


@dataclass(frozen=True)
class BatchTemper:
    """What goes wrong with batches; shares are of the requests, by the order of their ids."""

    looks: int = 1
    """Times that a batch is still in progress when it is looked at."""
    missing: float = 0.0
    """Share without any line in the results."""
    duplicated: float = 0.0
    """Share with two lines, the second of them with other answers."""
    errored: float = 0.0
    expired: float = 0.0
    strangers: int = 0
    """Lines for ids that nobody asked."""
    torn: bool = False
    """The last line is cut."""
    cut: bool = False
    """The connection breaks in the middle of the results."""


@dataclass(frozen=True)
class Temper:
    """Everything that may be wrong; the default is honest and healthy."""

    distort: Distortion | None = None
    """Needs the fake's `scale`."""
    gullible: bool = False
    first_position: float | None = None
    """Share of comparisons decided for whichever is shown first."""
    fabricates: float = 0.0
    """Share of quotes that stand nowhere."""
    refuses: float = 0.0
    truncates: float = 0.0
    breaks: float = 0.0
    """Share of answers that do not fit the schema or the question."""
    breakages: tuple[Broken, ...] = BREAKAGES
    slow_s: float = 0.0
    """Seconds that every answer takes."""
    faults: FaultPlan | None = None
    answers_as: str | None = None
    """Model id that responses state, whatever was asked for."""
    changed_at: int | None = None
    """Number of the judged call, from 1, at which `then` silently takes over."""
    then: Temper | None = None
    counts_off_by: float = 0.0
    """Relative error of the token count."""
    batches: BatchTemper = field(default_factory=BatchTemper)

    def at(self, number: int) -> Temper:
        """Return the temper at a judged call."""
        return self.then if self.then is not None and self.changed_at is not None and number >= self.changed_at else self


HONEST = Temper()
MODES: Mapping[str, Temper] = {
    "honest": HONEST,
    "biased": Temper(distort=biased(0.5)),
    "compressed": Temper(distort=compressed(0.32)),
    "noisy": Temper(distort=noisy(0.5)),
    "position_biased": Temper(first_position=0.7),
    "lenient_on_length": Temper(distort=lenient_on_length(0.5, 200)),
    "gullible": Temper(gullible=True),
    "quote_fabricating": Temper(fabricates=0.1),
    "refusing": Temper(refuses=0.03),
    "truncating": Temper(truncates=0.1),
    "schema_breaking": Temper(breaks=0.1),
    "slow": Temper(slow_s=0.3),
    "rate_limited": Temper(faults=every(5, rate_limited("0"))),
    "overloaded": Temper(faults=every(5, overloaded())),
    "resets": Temper(faults=every(7, Reset("middle"))),
    "drifting": Temper(changed_at=100, then=Temper(distort=biased(-0.3))),
    "wrong_model": Temper(answers_as="claude-haiku-5-5"),
    "partial_batch": Temper(batches=BatchTemper(missing=0.1, expired=0.1, errored=0.1)),
    "duplicate_batch_ids": Temper(batches=BatchTemper(duplicated=0.1, strangers=2)),
}
"""Every mode by name, for parametrised tests."""


@dataclass(frozen=True)
class Spoken:
    """What the fake says, before it is put into a message."""

    text: str
    stop_reason: str = "end_turn"
    stop_details: Mapping[str, Any] | None = None


def answered(call: JudgeCall, honest: Planted, temper: Temper, scale: Scale | None, chance: Random) -> Planted:
    """Return what a judge of this temper answers where an honest one would answer `honest`."""
    planted = honest
    if temper.distort is not None:
        if scale is None:
            raise ValueError("a distortion needs the fake's scale")
        planted = scale.moved(call, planted, temper.distort, chance)
    if temper.gullible:
        planted = obeyed(call, planted)
    if temper.first_position is not None:
        planted = replace(planted, preference="A" if chance.random() < temper.first_position else "B")
    if temper.fabricates:
        planted = replace(
            planted, answers={name: _fabricated(answer, temper.fabricates, chance) for name, answer in planted.answers.items()}
        )
    return planted


def spoken(data: dict[str, Any], entries: str | None, temper: Temper, chance: Random) -> Spoken:
    """Return an answer's data as text, or what a judge of this temper says instead.

    Args:
        data: the answer.
        entries: name of the part with one entry for each criterion.
        temper: what may go wrong.
        chance: decides whether it does.
    """
    if chance.random() < temper.refuses:
        return Spoken("", "refusal", {"type": "refusal", "category": "general_harms", "explanation": "This request was declined."})
    text = json.dumps(data, ensure_ascii=False)
    if chance.random() < temper.truncates:
        return Spoken(text[: len(text) // 2], "max_tokens")
    if chance.random() < temper.breaks:
        return Spoken(_broken(data, entries, chance.choice(temper.breakages)))
    return Spoken(text)


def _fabricated(answer: Answer, share: float, chance: Random) -> Answer:
    def quote(turn: int, text: str) -> tuple[int, str]:
        return (turn, f"{text[:30]} as promised by our manager {chance.randrange(10**6)}") if chance.random() < share else (turn, text)

    return replace(answer, evidence=tuple(quote(turn, text) for turn, text in answer.evidence))


def _broken(data: dict[str, Any], entries: str | None, how: Broken) -> str:
    text = json.dumps(data, ensure_ascii=False)
    if how == "not_json":
        return f"Certainly! Here is my verdict:\n```json\n{text}\n```"
    if how == "cut_json":
        return text[: len(text) * 2 // 3]
    if how == "empty":
        return ""
    if how == "extra_key":
        return json.dumps({**data, "score": 5}, ensure_ascii=False)
    if how == "no_nonce":
        return json.dumps({name: "" if "nonce" in name else value for name, value in data.items()}, ensure_ascii=False)
    return json.dumps({**data, entries: _broken_entries(data[entries], how)}, ensure_ascii=False) if entries else "null"


def _broken_entries(told: Any, how: Broken) -> Any:
    if isinstance(told, dict):
        names = list(told)
        changed = {
            "unknown_criterion": {"no_such_criterion": told[names[0]]},
            "bad_verdict": {names[0]: {**told[names[0]], "verdict": "5"}},
        }
        return {name: told[name] for name in names[1:]} if how in {"missing_criterion", "duplicate_criterion"} else told | changed[how]
    return {
        "unknown_criterion": [*told, {**told[0], "id": "no_such_criterion"}],
        "missing_criterion": told[1:],
        "duplicate_criterion": [*told, told[0]],
        "bad_verdict": [{**told[0], "verdict": "5"}, *told[1:]],
    }[how]
