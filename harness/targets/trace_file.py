"""The part of a target file that says where the team finds the trace of a turn."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from harness.frozen import FrozenModel
from harness.targets.fields import HeaderName, JmesPath
from harness.targets.traces import MAX_URL, template_problem


def _checked(text: str) -> str:
    problem = template_problem(text)
    if problem is not None:
        raise ValueError(problem)
    return text


class Traces(FrozenModel):
    """Links from reports to traces."""

    url: Annotated[str, Field(max_length=MAX_URL), AfterValidator(_checked)] = Field(
        description="link to the trace of a turn; may use {{ trace_id }}, {{ xray_trace_id }}, {{ run }}, {{ scenario }}, {{ repeat }}, {{ turn }}"
    )
    header: HeaderName | None = Field(None, description="header of the reply that names its trace; default: the id that the turn carried")
    field: JmesPath | None = Field(None, description="JMESPath over the body that finds the same")

    @model_validator(mode="after")
    def _names_one(self) -> Traces:
        if self.header is not None and self.field is not None:
            raise ValueError("needs at most one of 'header' and 'field'")
        return self
