"""Who speaks for the user: a scripted speaker, which says the scenario's turns and puts in what earlier replies gave."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult
from pydantic import JsonValue

from harness.scenarios.model import Turn
from harness.template import TemplateError, is_template, render


class ScriptedSpeaker:
    """Says the turns of one scenario, one after the other."""

    def __init__(self, turns: Sequence[Turn]) -> None:
        self._turns = turns
        self._captured: dict[str, Any] = {}

    def line(self, turn: int) -> str | None:
        """Return the message of a turn (from 1); None when it needs a value that no reply carried."""
        text = self._turns[turn - 1].say
        if not is_template(text):
            return text
        try:
            return render(text, {"captured": self._captured})
        except TemplateError:
            return None

    def hear(self, turn: int, payload: JsonValue) -> None:
        """Take from the reply to a turn what the scenario captures; what is absent or null stays missing."""
        for name, path in self._turns[turn - 1].capture.items():
            value = captured_value(path, payload)
            if value is not None:
                self._captured[name] = value


def captured_value(path: str, payload: JsonValue) -> JsonValue:
    """Return what a JMESPath finds in a payload; None when it finds nothing or does not fit the data."""
    try:
        found: JsonValue = _compiled(path).search(payload)
    except JMESPathError:
        return None
    return found


@lru_cache(maxsize=4096)
def _compiled(path: str) -> ParsedResult:
    """Compile once: jmespath's own cache drops entries at random beyond 128."""
    return jmespath.compile(path)
