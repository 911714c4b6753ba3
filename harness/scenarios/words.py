"""Names and narrow words of the scenario language, which every model of it uses."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,79}$")]
Language = Literal["en", "ja"]
Slot = Literal["order_number", "email", "budget", "age", "genre", "title", "reason", "address"]
VariantKind = Literal["paraphrase", "title_script", "politeness", "typos"]
