"""Checks of the structured reply: JMESPath fields, citations. Whatever the payload holds, a check gives an answer."""

from __future__ import annotations

import functools
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult
from pydantic import JsonValue

from harness.expectations.outcome import Checked, met, not_reached, quoted, unmet
from harness.scenarios.model import Cites, FieldEquals, FieldPresent

_NO_FIT = (JMESPathError, ArithmeticError, TypeError, ValueError, AttributeError, RecursionError)
"""What jmespath raises where an expression does not fit the data, inside its functions above all."""


@functools.lru_cache(maxsize=4096)
def _compiled(path: str) -> ParsedResult:
    return jmespath.compile(path)


def found_at(path: str, payload: JsonValue) -> JsonValue:
    """Return what a JMESPath finds in a payload; None where it finds nothing or does not fit the data."""
    try:
        found: JsonValue = _compiled(path).search(payload)
    except _NO_FIT:
        return None
    return found


def check_field_equals(expectation: FieldEquals, payload: JsonValue) -> Checked:
    """Check that a field equals a value, as JSON: 1 equals 1.0, neither equals true, and an absent field is null."""
    found = found_at(expectation.path, payload)
    if _equal(found, expectation.value):
        return met(f"{expectation.path} is {_shown(found)}")
    return unmet(f"{expectation.path} is {_shown(found)}, not {_shown(expectation.value)}")


def check_field_present(expectation: FieldPresent, payload: JsonValue) -> Checked:
    """Check that a field is there, and neither null nor empty."""
    found = found_at(expectation.path, payload)
    if found is None or found in ("", [], {}):
        return unmet(f"{expectation.path} is {_shown(found)}")
    return met(f"{expectation.path} is {_shown(found)}")


def check_cites(expectation: Cites, payload: JsonValue, *, standing: bool) -> Checked:
    """Check that the reply carries a citation of a passage that it retrieved itself.

    Args:
        expectation: which passage, if a certain one.
        payload: `citations` and `passages`, lists of objects with an `id`, or of ids.
        standing: the check is held against every reply, so that one which retrieved nothing has nothing to cite.
    """
    cited, retrieved = _ids(payload, "citations"), _ids(payload, "passages")
    if standing and expectation.source is None and not cited and not retrieved:
        return not_reached("the reply retrieved no passage")
    if not cited:
        return unmet(f"the reply cites nothing; it retrieved {listed(retrieved)}")
    wanted = [source for source in cited if expectation.source in (None, source)]
    if not wanted:
        return unmet(f"the reply cites {listed(cited)}, not {expectation.source!r}")
    supported = [source for source in wanted if retrieved is None or source in retrieved]
    if not supported:
        return unmet(f"the reply cites {listed(wanted)}, which it did not retrieve; it retrieved {listed(retrieved)}")
    return met(f"the reply cites {listed(supported)}")


def _ids(payload: JsonValue, key: str) -> list[str] | None:
    """Return the ids in a list of the payload; None where there is no such list."""
    items = payload.get(key) if isinstance(payload, dict) else None
    if not isinstance(items, list):
        return None
    ids = [item.get("id") if isinstance(item, dict) else item for item in items]
    return [found for found in ids if isinstance(found, str) and found]


def listed(ids: list[str] | None) -> str:
    """Return some names, quoted; what is beyond five is left out."""
    return ", ".join(repr(found[:40]) for found in ids[:5]) if ids else "nothing"


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other
    return type(one) is type(other) and one == other


def _shown(value: Any) -> str:
    match value:
        case None:
            return "null or absent"
        case str():
            return quoted(value, 80)
        case bool() | int() | float():
            return str(value)[:40].lower()
        case list() | dict() if not value:
            return "empty"
        case list():
            return f"a list of {len(value)}, first {_shown(value[0]) if isinstance(value[0], str | int | float) else 'an object'}"
        case _:
            return f"an object with {listed([str(key) for key in list(value)[:5]])}"
