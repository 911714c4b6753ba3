"""Whether a JSON Schema inside an expectation is safe to run: local, finite, and with patterns that RE2 takes."""

from __future__ import annotations

import graphlib
from collections.abc import Iterator, Mapping
from typing import Any

import re2

from harness.yaml_source.document import DataPath

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_MAPS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_SINGLE = (
    "items", "additionalProperties", "propertyNames", "contains", "unevaluatedItems", "unevaluatedProperties",
    "not", "if", "then", "else", "contentSchema",
)  # fmt: skip
_IN_PLACE = frozenset({"not", "if", "then", "else"})
"""Keywords whose schema looks at the same value again; a circle of references through these never ends."""
_IN_PLACE_MANY = frozenset({"allOf", "anyOf", "oneOf", "dependentSchemas"})
"""The same, for keywords that hold several schemas."""
MAX_LOOKS = 10_000
"""How often one value may be looked at."""


def schema_problems(schema: Mapping[str, Any]) -> Iterator[tuple[DataPath, str]]:
    """Yield every reason why a schema cannot be used: its path within the schema, and why."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - 50 ms, for the few scenarios that have a schema

    malformed = [
        (tuple(error.absolute_path), f"not a JSON Schema: {error.message[:200]}")
        for error in Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(schema)
    ]
    yield from malformed
    if malformed:
        return
    found = dict(_subschemas(schema, ()))
    pointers = {tuple(str(step) for step in path): path for path in found}
    refused = [problem for path, part in found.items() for problem in _refused(path, part, pointers)]
    yield from refused
    for path, part in found.items():
        yield from _bad_patterns(path, part)
    if not refused:
        yield from _endless(found, pointers)


def _subschemas(schema: Any, path: DataPath) -> Iterator[tuple[DataPath, Mapping[str, Any]]]:
    """Yield every schema inside a schema with its path; `true` and `false` have nothing to look at."""
    if not isinstance(schema, dict):
        return
    yield path, schema
    for keyword in _MAPS:
        for name, part in schema.get(keyword, {}).items():
            yield from _subschemas(part, (*path, keyword, name))
    for keyword in _LISTS:
        for index, part in enumerate(schema.get(keyword, [])):
            yield from _subschemas(part, (*path, keyword, index))
    for keyword in _SINGLE:
        if keyword in schema:
            yield from _subschemas(schema[keyword], (*path, keyword))


def _refused(path: DataPath, part: Mapping[str, Any], pointers: Mapping[tuple[str, ...], DataPath]) -> Iterator[tuple[DataPath, str]]:
    for keyword in ("$id", "$anchor", "$dynamicAnchor", "$dynamicRef", "$vocabulary"):
        if keyword in part:
            yield (*path, keyword), f"'{keyword}' is not supported; refer to '#/$defs/NAME'"
    if part.get("$schema", DIALECT) != DIALECT:
        yield (*path, "$schema"), f"only {DIALECT} is supported"
    if "$ref" in part:
        target = _target(part["$ref"])
        if target is None:
            yield (*path, "$ref"), f"remote reference '{part['$ref']}'; only '#' and '#/…' of the same schema are allowed"
        elif target not in pointers:
            yield (*path, "$ref"), f"'{part['$ref']}' leads nowhere in this schema"


def _target(reference: str) -> tuple[str, ...] | None:
    """Return the steps of a local JSON pointer (RFC 6901), or None for any other reference."""
    if reference == "#":
        return ()
    if not reference.startswith("#/"):
        return None
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in reference[2:].split("/"))


def _bad_patterns(path: DataPath, part: Mapping[str, Any]) -> Iterator[tuple[DataPath, str]]:
    patterns = [((*path, "pattern"), part["pattern"])] if "pattern" in part else []
    patterns += [((*path, "patternProperties", name), name) for name in part.get("patternProperties", {})]
    options = re2.Options()
    options.log_errors = False
    for place, pattern in patterns:
        try:
            re2.compile(pattern, options)
        except re2.error:
            yield place, f"'{pattern[:60]}' is not a pattern of RE2, hence not of linear time"


def _endless(found: Mapping[DataPath, Mapping[str, Any]], pointers: Mapping[tuple[str, ...], DataPath]) -> Iterator[tuple[DataPath, str]]:
    """Yield why a schema would look at one value for ever, or for far too long."""
    again: dict[DataPath, list[DataPath]] = {path: [] for path in found}
    for path, part in found.items():
        if "$ref" in part:
            again[path].append(pointers[_target(part["$ref"]) or ()])
        if path and path[-1] in _IN_PLACE and path[:-1] in again:
            again[path[:-1]].append(path)
        if len(path) > 1 and path[-2] in _IN_PLACE_MANY and path[:-2] in again:
            again[path[:-2]].append(path)
    try:
        order = tuple(graphlib.TopologicalSorter(again).static_order())
    except graphlib.CycleError as error:
        reference = next(path for path in error.args[1] if "$ref" in found[path])
        yield (*reference, "$ref"), f"'{found[reference]['$ref']}' leads back to itself; the check would never end"
        return
    looks: dict[DataPath, int] = {}
    for path in order:
        looks[path] = 1 + sum(looks[other] for other in again[path])
    worst = max(order, key=lambda path: looks[path])
    if looks[worst] > MAX_LOOKS:
        yield worst, f"its references multiply: one value would be looked at more than {MAX_LOOKS:,} times"
