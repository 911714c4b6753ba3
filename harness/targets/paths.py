"""Which JMESPaths lead to texts in what a target sent: what a person may write in place of one that finds nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from pydantic import JsonValue

_CANDIDATES = 8
_DEPTH = 5
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def paths_instead(payload: JsonValue, words: Sequence[str] = ()) -> str:
    """Return, as the end of a sentence, which paths lead to texts, those that hold one of the words first; empty where none does."""
    paths = list(_paths_to_texts(payload))
    fitting = [path for path in paths if any(word in path.lower() for word in words)] or paths
    return f"; there is text at {', '.join(fitting[:_CANDIDATES])}" if fitting else ""


def _paths_to_texts(payload: JsonValue, path: str = "", depth: int = 0) -> Iterator[str]:
    if isinstance(payload, str) and path:
        yield path
    elif isinstance(payload, dict) and depth < _DEPTH:
        for name, value in payload.items():
            step = name if _PLAIN_NAME.fullmatch(name) else json.dumps(name, ensure_ascii=False)
            yield from _paths_to_texts(value, f"{path}.{step}" if path else step, depth + 1)
    elif isinstance(payload, list) and payload and depth < _DEPTH:
        yield from _paths_to_texts(payload[0], f"{path}[0]", depth + 1)
