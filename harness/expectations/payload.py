"""Checks of the structured reply: JMESPath fields, JSON Schema, citations. Whatever the payload holds, a check gives an answer."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

import jmespath
import re2
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from pydantic import JsonValue
from referencing import Registry
from referencing.exceptions import Unresolvable

from harness.expectations.outcome import Checked, met, not_reached, quoted, unmet
from harness.scenarios.model import Cites, FieldEquals, FieldPresent, JsonSchema

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


def check_json_schema(expectation: JsonSchema, payload: JsonValue) -> Checked:
    """Check the payload, or one field of it, against a JSON Schema; patterns run in linear time, references stay local."""
    part = payload if expectation.path is None else found_at(expectation.path, payload)
    where = "the payload" if expectation.path is None else expectation.path
    try:
        validator = _validator(json.dumps(expectation.json_schema, sort_keys=True))
        error = next(iter(validator.iter_errors(part)), None)
    except (Unresolvable, ArithmeticError, RecursionError, re2.error) as trouble:
        return unmet(f"{where} cannot be checked against the schema: {type(trouble).__name__}")
    if error is None:
        return met(f"{where} fits the schema")
    place = ".".join(str(step)[:40] for step in list(error.absolute_path)[:8])
    return unmet(f"{where} does not fit the schema{f' at {place}' if place else ''}: {error.message[:180]}")


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
        return unmet(f"the reply cites nothing; it retrieved {_listed(retrieved)}")
    wanted = [source for source in cited if expectation.source in (None, source)]
    if not wanted:
        return unmet(f"the reply cites {_listed(cited)}, not {expectation.source!r}")
    supported = [source for source in wanted if retrieved is None or source in retrieved]
    if not supported:
        return unmet(f"the reply cites {_listed(wanted)}, which it did not retrieve; it retrieved {_listed(retrieved)}")
    return met(f"the reply cites {_listed(supported)}")


def _ids(payload: JsonValue, key: str) -> list[str] | None:
    """Return the ids in a list of the payload; None where there is no such list."""
    items = payload.get(key) if isinstance(payload, dict) else None
    if not isinstance(items, list):
        return None
    ids = [item.get("id") if isinstance(item, dict) else item for item in items]
    return [found for found in ids if isinstance(found, str) and found]


def _listed(ids: list[str] | None) -> str:
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
            return f"an object with {_listed([str(key) for key in list(value)[:5]])}"


@functools.lru_cache(maxsize=256)
def _validator(schema: str) -> Validator:
    parsed: Mapping[str, Any] = json.loads(schema)
    checked: Validator = _LinearValidator(parsed, registry=Registry())
    return checked


@functools.lru_cache(maxsize=1024)
def _linear(pattern: str) -> Any:
    return re2.compile(pattern)


def _has(pattern: str, text: str) -> bool:
    # RE2 reads UTF-8, which cannot hold half a surrogate pair; JSON can.
    return _linear(pattern).search(text.encode("utf-8", "replace").decode("utf-8")) is not None


def _pattern(_: Any, pattern: str, instance: Any, __: Mapping[str, Any]) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not _has(pattern, instance):
        yield ValidationError(f"{instance[:80]!r} does not match {pattern[:80]!r}")


def _pattern_properties(validator: Any, patterns: Mapping[str, Any], instance: Any, _: Mapping[str, Any]) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    for pattern, schema in patterns.items():
        for key, value in instance.items():
            if _has(pattern, key):
                yield from validator.descend(value, schema, path=key, schema_path=pattern)


def _additional_properties(validator: Any, allowed: Any, instance: Any, schema: Mapping[str, Any]) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    named, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    extra = [key for key in instance if key not in named and not any(_has(pattern, key) for pattern in patterns)]
    if allowed is False and extra:
        yield ValidationError(f"additional properties are not allowed: {_listed(extra)}")
    elif isinstance(allowed, dict):
        for key in extra:
            yield from validator.descend(instance[key], allowed, path=key)


def _unique_items(_: Any, wanted: bool, instance: Any, __: Mapping[str, Any]) -> Iterator[ValidationError]:  # noqa: FBT001 — jsonschema calls it so
    if wanted and isinstance(instance, list) and len(set(_canonical(instance))) < len(instance):
        yield ValidationError("the items are not unique")


def _canonical(items: Iterable[Any]) -> Iterator[str]:
    for item in items:
        whole = int(item) if isinstance(item, float) and item.is_integer() else item
        yield json.dumps(whole, sort_keys=True)


# jsonschema's own versions of these keywords run Python's backtracking `re`, or compare each item with each other one.
_LinearValidator: Any = cast(Any, extend)(
    Draft202012Validator,
    {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "uniqueItems": _unique_items,
    },
)
