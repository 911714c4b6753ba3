"""What is left of a broken scenario, so that one look at a file shows the mistakes behind the first ones too.

A salvaged scenario is never run: it only lets the checks of ids, references and patterns see the parts that
were right, with stopgaps in the place of the others.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from harness.yaml_source.document import DataPath

STOPGAP_EXPECTATION = {"kind": "no_pii"}
"""An expectation that refers to nothing."""
_STOPGAPS: dict[str, Any] = {
    "id": "unread", "title": "unread", "intent": "chitchat", "locale": "en", "dimensions": ["unread"], "turns": [{"say": "unread"}],
}  # fmt: skip
"""Values for required keys that are missing or were unusable."""


def salvaged(entry: dict[str, Any], unusable: Iterable[DataPath]) -> dict[str, Any]:
    """Return a copy of a scenario (as plain data) in which what stands at the unusable paths is left out or replaced."""
    kept = copy.deepcopy(entry)
    for path in unusable:
        if path:
            _leave_out(kept, path)
    for turn in kept.get("turns", []):
        turn.setdefault("say", "unread")
    return {**_without_script(_STOPGAPS, kept), **kept}


def unread_keys(entry: dict[str, Any], unusable: Iterable[DataPath]) -> frozenset[str]:
    """Return the keys of a salvaged scenario, turns aside, whose values are stopgaps or lack."""
    lacking = _without_script(_STOPGAPS, entry).keys() - entry.keys()
    return frozenset(str(path[0]) for path in unusable if path and path[0] != "turns") | lacking


def _without_script(stopgaps: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    """Return the stopgaps that a scenario may need: one whose user is simulated has no turns."""
    return {key: value for key, value in stopgaps.items() if key != "turns" or "user" not in entry}


def _leave_out(kept: dict[str, Any], path: DataPath) -> None:
    """Leave out the smallest part around a path that a scenario can do without."""
    turns = kept.get("turns")
    if path[0] != "turns" or not isinstance(turns, list) or len(path) == 1:
        kept.pop(str(path[0]), None)
        return
    number = int(path[1])
    turn = turns[number]
    if not isinstance(turn, dict):
        turns[number] = {}
    elif len(path) > 2:
        _leave_out_of_turn(turn, path[2:])


def _leave_out_of_turn(turn: dict[str, Any], path: DataPath) -> None:
    part = turn.get(str(path[0]))
    if path[0] == "expect" and isinstance(part, list) and len(path) > 1:
        expectation = part[int(path[1])]
        if len(path) > 2 and isinstance(expectation, dict):
            expectation.pop(path[2], None)
        else:
            part[int(path[1])] = dict(STOPGAP_EXPECTATION)
    elif path[0] == "capture" and isinstance(part, dict) and len(path) > 1:
        part.pop(path[1], None)
    else:
        turn.pop(str(path[0]), None)
