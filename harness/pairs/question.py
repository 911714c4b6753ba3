"""The question that sets two conversations side by side, and the strict reading of its answer.

As in `judging`: data stand between marks with a random boundary, evidence comes before the preference, and quotes are looked up.
What speaks to whoever compares is taken out of both conversations first.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import JsonValue, ValidationError

from harness.conversations.transcript import Transcript
from harness.errors import Mistake, SourceError
from harness.frozen import FrozenModel, fingerprint
from harness.judging.evidence.quotes import Witness
from harness.judging.material import MaterialRoom, said_lines
from harness.judging.model_request import JudgeRequest
from harness.judging.prompt import boundary
from harness.judging.questioning import ModelChoice
from harness.judging.shown_text import shown_json, shown_list
from harness.judging.steering.steady_judge import cleaned
from harness.language_model.door import Message, SystemBlock
from harness.package_data import shipped
from harness.scenarios.model import Scenario
from harness.scenarios.rubric import Rubric
from harness.template import check_template, render
from harness.yaml_source.document import shown_path

PROTOCOL = "pairs-1"
"""Raise it with every change of how pairs are asked or answers are read."""
Preference = Literal["A", "B", "tie"]
_USABLE: Mapping[str, frozenset[str]] = {"system": frozenset({"dimensions"}), "task": frozenset({"nonce", "blocks"})}
_MAX_EVIDENCE = 12
_MAX_LINE = 8000


class _Quote(FrozenModel):
    conversation: Literal["A", "B"]
    turn: int
    quote: str


class _Body(FrozenModel):
    nonce_echo: str
    evidence: list[_Quote]
    reason: str
    preference: Preference
    confidence: Literal["low", "medium", "high"]


@dataclass(frozen=True, slots=True)
class PairPrompts:
    """The templates, as read."""

    system: str
    task: str

    @property
    def fingerprint(self) -> str:
        """Of both."""
        return fingerprint([PROTOCOL, self.system, self.task])


@dataclass(frozen=True, slots=True)
class Told:
    """An answer that can be used."""

    preference: Preference
    """Of the two as they were shown: A came first."""
    reason: str


def load_pair_prompts() -> PairPrompts:
    """Read the shipped templates; raises SourceError with what is wrong with them."""
    folder = shipped("judges") / "pairs"
    texts: dict[str, str] = {}
    mistakes = []
    for name, usable in _USABLE.items():
        path = folder / f"{name}.jinja"
        try:
            texts[name] = path.read_text(encoding="utf-8").rstrip("\n")
        except (OSError, UnicodeDecodeError) as error:
            mistakes.append(Mistake(shown_path(path), 0, 0, f"cannot be read ({error}); restore it from version control"))
            continue
        problem = check_template(texts[name], usable)
        if problem is not None:
            mistakes.append(Mistake(shown_path(path), 0, 0, problem))
    if mistakes:
        raise SourceError(mistakes)
    return PairPrompts(**texts)


def pair_system(prompts: PairPrompts, rubric: Rubric) -> str:
    """Return the system prompt: the same bytes for every pair."""
    lines = [f"- {dimension.title}. Good: {dimension.anchors.five} Bad: {dimension.anchors.one}" for dimension in rubric.dimensions]
    return render(prompts.system, {"dimensions": "\n".join(lines)})


@dataclass(frozen=True, slots=True)
class PairAsker:
    """Writes the questions about pairs, and reads their answers."""

    prompts: PairPrompts
    system: str
    room: MaterialRoom
    choice: ModelChoice
    draw: Callable[[], str]
    """Returns a random value of 128 bits in hexadecimal."""

    def request(self, scenario: Scenario, shown: tuple[Transcript, Transcript], attempt: int = 0) -> JudgeRequest:
        """Return the question about two conversations, the first of which is called A."""
        plain = tuple(cleaned(one) for one in shown)
        blocks = {
            "trusted": shown_json(self._trusted(scenario, plain)),
            "conversation_A": shown_list(_lines(plain[0])),
            "conversation_B": shown_list(_lines(plain[1])),
        }
        nonce = boundary("".join(blocks.values()), self.draw)
        marked = "\n\n".join(f"<{name} {nonce}>\n{data}\n</{name} {nonce}>" for name, data in blocks.items())
        return JudgeRequest(
            model=self.choice.model,
            max_tokens=self.choice.max_tokens,
            system=(SystemBlock(self.system, self.choice.cached),),
            messages=(Message("user", render(self.prompts.task, {"nonce": nonce, "blocks": marked})),),
            schema=_schema(),
            effort=self.choice.effort,
            thinking=self.choice.thinking,
            answers_as=self.choice.answers_as,
            purpose="pairs",
            nonce=nonce,
            attempt=attempt,
            protocol=PROTOCOL,
        )

    def _trusted(self, scenario: Scenario, shown: tuple[Transcript, ...]) -> dict[str, JsonValue]:
        """Return the facts about both conversations; what either of them names is there."""
        trusted: dict[str, JsonValue] = {}
        for one in shown:
            for key, value in self.room.material(scenario, one, about_facts=True).trusted.items():
                known = trusted.get(key)
                if isinstance(known, list) and isinstance(value, list):
                    trusted[key] = [*known, *(item for item in value if item not in known)]
                else:
                    trusted.setdefault(key, value)
        return trusted


def read_pair(data: JsonValue, nonce: str, shown: tuple[Transcript, Transcript]) -> Told | str:
    """Return the answer, or why it cannot be used.

    Args:
        data: the model's answer; nothing of it is trusted.
        nonce: boundary of the question.
        shown: the conversations, in the order in which they were shown.
    """
    try:
        body = _Body.model_validate_json(json.dumps(data))
    except (ValidationError, ValueError, RecursionError):
        return "the answer is not of the form that was asked for"
    if body.nonce_echo != nonce:
        return "the answer does not repeat the boundary of the question"
    if len(body.evidence) > _MAX_EVIDENCE:
        return "the answer gives more quotes than anybody can look up"
    witnesses = {"A": Witness.of(shown[0]), "B": Witness.of(shown[1])}
    sound = [one for one in body.evidence if witnesses[one.conversation].trouble(one.turn, one.quote, fault=True) is None]
    if body.evidence and not sound:
        return "none of its quotes stands where it is said to stand"
    return Told(body.preference, " ".join(body.reason.split())[:300])


def _lines(transcript: Transcript) -> list[JsonValue]:
    return [{"turn": turn, "role": role, "text": text[:_MAX_LINE]} for turn, role, text in said_lines(transcript)]


def _schema() -> dict[str, Any]:
    quote = {
        "conversation": {"type": "string", "enum": ["A", "B"]},
        "turn": {"type": "integer"},
        "quote": {"type": "string"},
    }
    fields = {
        "nonce_echo": {"type": "string"},
        "evidence": {"type": "array", "items": _closed(quote)},
        "reason": {"type": "string"},
        "preference": {"type": "string", "enum": ["A", "B", "tie"]},
        "confidence": {"type": "string", "enum": ["low", "medium", "high"]},
    }
    return _closed(fields)


def _closed(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "required": list(properties), "additionalProperties": False}
