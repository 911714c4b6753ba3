"""Whether a JSON Schema inside an expectation is safe to run: local, finite, and with patterns that RE2 takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import re2
from jsonschema import Draft202012Validator

from harness.yaml_source import DataPath

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_MAPS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_SINGLE = (
    "items", "additionalProperties", "propertyNames", "contains", "unevaluatedItems", "unevaluatedProperties",
    "not", "if", "then", "else", "contentSchema",
)  # fmt: skip
_IN_PLACE = frozenset({"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"})
"""Keywords whose schemas look at the same value again; a circle of references through these never ends."""


def schema_problems(schema: Mapping[str, Any]) -> Iterator[tuple[DataPath, str]]:
    """Yield every reason why a schema cannot be used: its path within the schema, and why."""
    malformed = [
        (tuple(error.absolute_path), f"not a JSON Schema: {error.message[:200]}")
        for error in Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(schema)
    ]
    yield from malformed
    if malformed:
        return
    found = dict(_subschemas(schema, ()))
    for path, part in found.items():
        yield from _refused(path, part, found)
        yield from _bad_patterns(path, part)
    if not any(True for path, part in found.items() for _ in _refused(path, part, found)):
        yield from _circles(found)


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


def _refused(path: DataPath, part: Mapping[str, Any], found: Mapping[DataPath, Any]) -> Iterator[tuple[DataPath, str]]:
    for keyword in ("$id", "$anchor", "$dynamicAnchor", "$dynamicRef", "$vocabulary"):
        if keyword in part:
            yield (*path, keyword), f"'{keyword}' is not supported; refer to '#/$defs/NAME'"
    if part.get("$schema", DIALECT) != DIALECT:
        yield (*path, "$schema"), f"only {DIALECT} is supported"
    if "$ref" in part:
        target = _target(part["$ref"])
        if target is None:
            yield (*path, "$ref"), f"remote reference '{part['$ref']}'; only '#' and '#/…' of the same schema are allowed"
        elif _resolved(target, found) is None:
            yield (*path, "$ref"), f"'{part['$ref']}' leads nowhere in this schema"


def _target(reference: str) -> tuple[str, ...] | None:
    """Return the steps of a local JSON pointer (RFC 6901), or None for any other reference."""
    if reference == "#":
        return ()
    if not reference.startswith("#/"):
        return None
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in reference[2:].split("/"))


def _resolved(target: tuple[str, ...], found: Mapping[DataPath, Any]) -> DataPath | None:
    return next((path for path in found if tuple(str(step) for step in path) == target), None)


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


def _circles(found: Mapping[DataPath, Mapping[str, Any]]) -> Iterator[tuple[DataPath, str]]:
    """Yield every reference that leads back to itself without stepping into the value."""
    edges: dict[DataPath, list[DataPath]] = {path: [] for path in found}
    for path, part in found.items():
        target = _resolved(_target(part["$ref"]) or (), found) if "$ref" in part else None
        if target is not None:
            edges[path].append(target)
        for other in found:
            inner = other[len(path) :]
            if other[: len(path)] == path and 0 < len(inner) <= 2 and inner[0] in _IN_PLACE:
                edges[path].append(other)
    for path, part in found.items():
        if "$ref" in part and _leads_back(path, edges):
            yield (*path, "$ref"), f"'{part['$ref']}' leads back to itself; the check would never end"


def _leads_back(start: DataPath, edges: Mapping[DataPath, list[DataPath]]) -> bool:
    waiting, seen = list(edges[start]), set[DataPath]()
    while waiting:
        path = waiting.pop()
        if path == start:
            return True
        if path not in seen:
            seen.add(path)
            waiting.extend(edges[path])
    return False
