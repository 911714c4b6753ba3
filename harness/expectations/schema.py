"""Check of the structured reply against a JSON Schema; a room of its own, because few suites need jsonschema."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

import re2
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from pydantic import JsonValue
from referencing import Registry
from referencing.exceptions import Unresolvable

from harness.expectations.outcome import Checked, met, unmet
from harness.expectations.payload import found_at, listed
from harness.scenarios.model import JsonSchema


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
        yield ValidationError(f"additional properties are not allowed: {listed(extra)}")
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
