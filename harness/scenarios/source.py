"""What a scenario file holds, as written: the models that validate it and that become the editors' schema."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue, model_validator

from harness.frozen import FrozenModel
from harness.scenarios.model import Identifier, Intent, Language, OwnCriterion, SimulatedUser, Turn, VariantKind

Column = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,39}$")]
DEFAULT_FACTS = ("catalogue", "policies", "orders")


class ScenarioSource(FrozenModel):
    """One scenario, or one table of them."""

    id: Identifier = Field(description="unique in the suite; a row of an example table becomes ID@ROW")
    title: str = Field(min_length=1, max_length=200, description="one line for reports")
    intent: Intent = Field(description="what the user wants")
    locale: Language = Field(description="language in which the bot has to answer")
    tags: tuple[Identifier, ...] = Field((), max_length=20, description="words to select by (--only tag:NAME)")
    weight: float = Field(1.0, gt=0, le=1000, description="relative weight in the suite's mean")
    cluster: Identifier | None = Field(
        None, description="scenarios of one cluster are not independent evidence; default: the id, shared by all example rows"
    )
    must_pass: bool = Field(default=False, description="one failed conversation fails the integration gate")
    effects: Literal["none", "creates"] = Field(
        "none", description="creates: the conversation leaves something behind, e.g. a return request"
    )
    setup: dict[str, JsonValue] = Field(default_factory=dict, description="opening session fields for the target's request template")
    dimensions: tuple[Identifier, ...] = Field(
        min_length=1, description="rubric dimensions that this scenario assesses, whatever the bot answers"
    )
    criteria: tuple[Identifier, ...] = Field((), description="rubric criteria that apply only when listed")
    own_criteria: tuple[OwnCriterion, ...] = Field((), max_length=4, description="yes/no criteria of this scenario alone")
    facts: tuple[Identifier, ...] = Field(DEFAULT_FACTS, description="names of files in scenarios/facts/ that the scenario stands on")
    examples: tuple[dict[Column, JsonValue], ...] = Field(
        (), max_length=500, description="rows for {{ example.column }}; each needs a 'name' and the same columns"
    )
    turns: tuple[Turn, ...] = Field((), min_length=1, max_length=50, description="the conversation, scripted; or say 'user'")
    user: SimulatedUser | None = Field(None, description="a simulated user, who leads the conversation in place of 'turns'")
    variants: tuple[VariantKind, ...] = Field(
        (), max_length=4, description="other wordings of the same, one drawn for each repeat; the same is expected of all (metamorphic)"
    )

    @model_validator(mode="after")
    def _is_led_by_somebody(self) -> ScenarioSource:
        if self.user is None and not self.turns:
            raise ValueError("needs 'turns', or a 'user' to be simulated")
        if self.user is not None and self.turns:
            raise ValueError("has 'turns' and a 'user'; a conversation is scripted or simulated, so keep one of them")
        return self


class ScenarioFile(FrozenModel):
    """A file of scenarios."""

    scenarios: tuple[ScenarioSource, ...] = Field(min_length=1)
