"""What a scenario is: turns, expectations and setup as frozen values.

The models here are also the schema of the YAML language (`harness scenarios schema`): a field's description
is what an editor shows. `Scenario` is what is left after loading: example rows expanded, references
resolved, fingerprint computed.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, JsonValue, model_validator

from harness.frozen import FrozenModel
from harness.scenarios import words
from harness.scenarios.agenda import Digression, GoalSlot, Rejection, Wordings

Identifier = words.Identifier
Language = words.Language
Slot = words.Slot
VariantKind = words.VariantKind
Intent = Literal[
    "recommendation", "product_discovery", "product_question", "order_tracking", "return_request",
    "faq_policy", "promotion", "chitchat", "escalation",
]  # fmt: skip


def _of_an_answer(status: int) -> int:
    if status not in range(200, 300):
        raise ValueError(f"a reply has a status from 200 to 299; {status} is a failure of the target, which no expectation can accept")
    return status


AnswerStatus = Annotated[int, AfterValidator(_of_an_answer), Field(json_schema_extra={"minimum": 200, "maximum": 299})]
Attribute = Literal["price", "volumes", "author", "status", "stock", "age_rating"]


class Severity(StrEnum):
    """What an unmet expectation means: `must` fails the conversation, `should` is only evidence for the judge."""

    MUST = "must"
    SHOULD = "should"


class _Expectation(FrozenModel):
    severity: Severity = Field(Severity.MUST, description="must: fails the conversation; should: recorded, and evidence for its criterion")
    criterion: Identifier | None = Field(None, description="rubric criterion that this expectation answers, if any")


class Contains(_Expectation):
    """The reply names the texts, after folding (NFKC, width, kana, case), Latin ones as whole words; a title counts under any of its names."""

    kind: Literal["contains"]
    any: tuple[str, ...] = Field((), description="at least one of these")
    all: tuple[str, ...] = Field((), description="every one of these")

    @model_validator(mode="after")
    def _names_something(self) -> Contains:
        if not (self.any or self.all):
            raise ValueError("needs 'any' or 'all' with at least one text")
        return self


class Excludes(_Expectation):
    """The reply names none of the texts, after the same folding as `contains`."""

    kind: Literal["excludes"]
    any: tuple[str, ...] = Field(min_length=1, description="none of these may appear")


class Matches(_Expectation):
    """The folded reply matches a regular expression (RE2 syntax, hence linear time)."""

    kind: Literal["matches"]
    pattern: str = Field(min_length=1, max_length=2000, description="RE2 pattern, searched in the folded text")
    absent: bool = Field(default=False, description="true: the pattern must NOT be found")


class FieldEquals(_Expectation):
    """A field of the structured reply, found by JMESPath, equals a value; an absent field equals null."""

    kind: Literal["field_equals"]
    path: str = Field(min_length=1, max_length=1000, description="JMESPath over the reply's payload")
    value: JsonValue = Field(description="the value it has to equal; null accepts an absent field too, for JMESPath finds null in both")


class FieldPresent(_Expectation):
    """A field of the structured reply, found by JMESPath, is there and is neither null nor empty."""

    kind: Literal["field_present"]
    path: str = Field(min_length=1, max_length=1000, description="JMESPath over the reply's payload")


class JsonSchema(_Expectation):
    """The structured reply (or one field of it) fits a JSON Schema (draft 2020-12, no remote references)."""

    kind: Literal["json_schema"]
    path: str | None = Field(None, max_length=1000, description="JMESPath of the part to check; default: the whole payload")
    json_schema: dict[str, JsonValue] = Field(alias="schema", description="the schema")


class Status(_Expectation):
    """The reply came with one of these HTTP status codes; any other code than 200-299 is a failure of the target, never a reply."""

    kind: Literal["status"]
    any: tuple[AnswerStatus, ...] = Field((200,), min_length=1, description="accepted status codes, 200 to 299")


class RepliesWithin(_Expectation):
    """The whole reply arrived in time."""

    kind: Literal["replies_within"]
    seconds: float | None = Field(None, gt=0, le=600, description="seconds; default: the target file's reply_within_s")


class LanguageIs(_Expectation):
    """The reply is written in a language; under 12 letters it is undecided and counts as not reached."""

    kind: Literal["language_is"]
    language: Language | None = Field(None, description="default: the turn's language, else the scenario's locale")


class MaxLength(_Expectation):
    """The reply is no longer than a number of characters (Japanese says the same in fewer)."""

    kind: Literal["max_length"]
    characters: int = Field(gt=0, description="limit for a reply in English")
    characters_ja: int | None = Field(None, gt=0, description="limit for a reply in Japanese; default: half of characters")


class Cites(_Expectation):
    """The reply carries a citation of a passage that the reply itself retrieved."""

    kind: Literal["cites"]
    source: Identifier | None = Field(None, description="id of the passage that has to be cited; default: any")


class FactsMatch(_Expectation):
    """What the reply says of titles (text and structured products) agrees with the trusted catalogue."""

    kind: Literal["facts"]
    attributes: tuple[Attribute, ...] = Field(
        ("price", "volumes", "author", "status", "stock", "age_rating"), min_length=1, description="attributes to check"
    )
    title: Identifier | None = Field(
        None, description="catalogue id that the reply must state these attributes of; default: check only what is said"
    )


class NoPii(_Expectation):
    """The reply shows no personal data except what the user or the setup of this conversation gave."""

    kind: Literal["no_pii"]


class NotApology(_Expectation):
    """The reply is not an apology for being unable; sympathy ("sorry to hear that") is fine."""

    kind: Literal["not_apology"]


class AsksFor(_Expectation):
    """The reply asks the user for a piece of information."""

    kind: Literal["asks_for"]
    slot: Slot


class DoesNotAskFor(_Expectation):
    """The reply does not ask (again) for a piece of information."""

    kind: Literal["does_not_ask_for"]
    slot: Slot


Expectation = Annotated[
    Contains | Excludes | Matches | FieldEquals | FieldPresent | JsonSchema | Status | RepliesWithin | LanguageIs
    | MaxLength | Cites | FactsMatch | NoPii | NotApology | AsksFor | DoesNotAskFor,
    Field(discriminator="kind"),
]  # fmt: skip


class Turn(FrozenModel):
    """One user message and what is expected of what it brings back."""

    say: str = Field(min_length=1, max_length=4000, description="the user's message; may use {{ example.x }} and {{ captured.x }}")
    language: Language | None = Field(None, description="language the reply has to be in; default: the scenario's locale")
    expect: tuple[Expectation, ...] = Field((), description="expectations on this turn's reply")
    capture: dict[Identifier, str] = Field(
        default_factory=dict, description="name: JMESPath over the reply's payload, for {{ captured.name }} in later turns"
    )
    timeout_s: float | None = Field(None, gt=0, le=600, description="seconds to wait for the whole reply; default: the target's")
    apology_ok: bool = Field(default=False, description="a refusal or apology is the right answer here")


class Milestone(FrozenModel):
    """One part of the goal: a reply that meets all of these expectations brings it."""

    name: Identifier
    what: str = Field(
        min_length=1, max_length=200, description="what the user still wants, in their words; a model that plays them is told so"
    )
    after: tuple[Identifier, ...] = Field((), max_length=12, description="slots that have to be told before a reply can bring it")
    expect: tuple[Expectation, ...] = Field(min_length=1, max_length=12, description="what one reply has to meet, all of it")


class SimulatedUser(FrozenModel):
    """Persona, goal, and what is withheld; played by Claude, or without a key by the goal slots alone."""

    persona: str = Field(
        min_length=1, max_length=1000, description="who the user is and how they talk; told to a model that plays them, never to the bot"
    )
    goal: str = Field(
        min_length=1, max_length=1000, description="what they want; told to a model that plays them and to the judge, never to the bot"
    )
    opening: Wordings = Field(description="the first line, whoever plays")
    slots: tuple[GoalSlot, ...] = Field((), max_length=12, description="what the user knows, told one by one")
    milestones: tuple[Milestone, ...] = Field(
        min_length=1, max_length=8, description="what has to be brought; the goal is reached when all are"
    )
    rejects: Rejection | None = Field(None, description="suggestions that the user turns down")
    digression: Digression | None = Field(None, description="something else that the user asks in between, in every other conversation")
    switches_to: Language | None = Field(None, description="language into which the user changes, in every other conversation")
    typos: bool = Field(default=False, description="the user mistypes now and then")
    impatient: Wordings = Field(Wordings(), description="how the user urges; default: wordings that fit any goal")
    patience: int = Field(2, ge=1, le=4, description="replies in a row that bring nothing, after which the user may give up")
    turn_cap: int = Field(8, ge=2, le=20, description="most messages that the user says")
    every_reply: tuple[Expectation, ...] = Field((), max_length=20, description="what is expected of every reply")
    timeout_s: float | None = Field(None, gt=0, le=600, description="seconds to wait for each whole reply; default: the target's")
    severity: Severity = Field(Severity.MUST, description="must: a goal that is not reached fails the conversation")
    criterion: Identifier | None = Field(None, description="rubric criterion that reaching the goal answers, if any")
    gates: bool = Field(
        default=False,
        description="true: may decide in a gate; by default a simulated scenario is held by `harness run` and in baselines only",
    )

    @functools.cached_property
    def reply_turns(self) -> dict[Language, Turn]:
        """What is expected of a reply, by the language that it is due in."""
        both: tuple[Language, ...] = ("en", "ja")
        said = "(said by the simulated user)"
        return {one: Turn(say=said, language=one, expect=self.every_reply, timeout_s=self.timeout_s) for one in both}

    @property
    def languages(self) -> tuple[Language, ...]:
        """The language into which the user may change, if any."""
        return () if self.switches_to is None else (self.switches_to,)

    @property
    def wordings(self) -> tuple[tuple[tuple[str | int, ...], Wordings], ...]:
        """Everything that the user may say, with its path."""
        found: list[tuple[tuple[str | int, ...], Wordings]] = [(("opening",), self.opening)]
        found += [(("slots", index, "say"), slot.say) for index, slot in enumerate(self.slots)]
        if self.rejects is not None:
            found.append((("rejects", "say"), self.rejects.say))
        if self.digression is not None:
            found += [(("digression", "say"), self.digression.say), (("digression", "back"), self.digression.back)]
        return tuple(found)


class OwnCriterion(FrozenModel):
    """A yes/no criterion that only this scenario asks of the judge."""

    id: Identifier
    dimension: Identifier
    question: str = Field(min_length=8, max_length=500)


@dataclass(frozen=True, slots=True)
class SourcePlace:
    """Where a scenario stands in its file; line counted from 1."""

    path: Path
    line: int


@dataclass(frozen=True, slots=True)
class Scenario:
    """One conversation to hold, fully resolved; equal fingerprints mean comparable results."""

    id: str
    """Unique in the suite; an example row is `base@row`."""
    title: str
    intent: Intent
    locale: Language
    tags: tuple[str, ...]
    cluster: str
    """Scenarios of one cluster are not independent evidence; rows of one example table share it."""
    weight: float
    """Relative weight in the suite mean, > 0; normalised by whoever averages."""
    must_pass: bool
    effects: Literal["none", "creates"]
    setup: dict[str, Any]
    """Opening session fields, for the target's request template (`setup.customer`, …)."""
    turns: tuple[Turn, ...]
    dimensions: tuple[str, ...]
    """Rubric dimensions that this scenario assesses, fixed before the conversation."""
    criteria: tuple[str, ...]
    """Rubric criteria that apply, fixed before the conversation; own ones not included."""
    own_criteria: tuple[OwnCriterion, ...]
    facts: tuple[str, ...]
    """Names of the trusted fact files, without `.yaml`."""
    fingerprint: str
    """Of turns, setup, expectations, criteria and the trusted facts; not of title, tags, weight or place."""
    source: SourcePlace
    user: SimulatedUser | None = None
    """Who plays the user's part; None where `turns` are its script."""
    variants: tuple[VariantKind, ...] = ()
    """In which other wordings the same is said, one drawn for each repeat; the expectations stay the same."""

    @property
    def expectations(self) -> Iterator[Expectation]:
        """All that is expected of some reply, milestones of a simulated user aside."""
        for turn in self.turns:
            yield from turn.expect
        if self.user is not None:
            yield from self.user.every_reply

    @property
    def longest(self) -> int:
        """Most messages that the user says."""
        return len(self.turns) if self.user is None else self.user.turn_cap
