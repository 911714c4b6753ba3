"""The workload W(n, c): n conversations of three scripted turns at 0.1 s, then one call of the judge at 0.3 s, at most c at once.

The judge asks about facts and about quality apart, in two calls side by side; the scenarios here are rated in tone alone, so that
each conversation takes exactly one, about quality. Conversations are held and judged at the same time, in two queues that share c
places (`under_way`), so that never more than c conversations are under way, held or judged. The least time for that is `limit_s`.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.chatbot import TURN_S
from tests.bench.claude import CALL_S

TURNS = 3
SAID = ("Hello, I am looking for something to read. It is question {number}.", "Do you have it in English?", "Thank you, good bye!")


@dataclass(frozen=True, slots=True)
class Load:
    """One size of the workload."""

    conversations: int
    at_once: int
    scenarios: int = 100

    @property
    def repeats(self) -> int:
        """Conversations of each scenario."""
        return self.conversations // self.scenarios

    @property
    def limit_s(self) -> float:
        """The least time, seconds."""
        return math.ceil(self.conversations / self.at_once) * (TURNS * TURN_S + CALL_S)

    def __str__(self) -> str:
        return f"n={self.conversations}, c={self.at_once}"


def write_suite(folder: Path, scenarios: int) -> Path:
    """Write so many scenarios; their facts are those that ship with the harness."""
    folder.mkdir(parents=True, exist_ok=True)
    written = [
        {
            "id": f"ask-{number:03}",
            "title": f"Question {number}",
            "intent": "chitchat",
            "locale": "en",
            "dimensions": ["tone_and_locale"],
            "facts": ["catalogue"],
            "turns": [
                {
                    "say": text.format(number=number),
                    "expect": [{"kind": "contains", "any": ["manga"]}, {"kind": "max_length", "characters": 800}],
                }
                for text in SAID
            ],
        }
        for number in range(scenarios)
    ]
    (folder / "load.yaml").write_text(json.dumps({"scenarios": written}), encoding="utf-8")
    return folder


def write_target(path: Path, url: str, **fields: Any) -> Path:
    """Write the target file of the chatbot."""
    described = {
        "name": "bench",
        "url": url,
        "request": {
            "path": "/chat",
            "body": {"message": "{{ message }}", "scenario": "{{ scenario }}", "seed": "{{ seed }}", "turn": "{{ turn }}"},
        },
        "reply": {"text": "text"},
        "build": {"field": "build"},
        "version": {"path": "/version", "field": "build"},
        "turn_timeout_s": 30,
        "reply_within_s": 20,
        **fields,
    }
    path.write_text(json.dumps(described), encoding="utf-8")
    return path
