"""Whether what a model wrote is sound JSON that fits the schema it was given.

jsonschema decides, and says where an answer does not fit; it takes half a millisecond for an answer of a judge. So answers that fit, which nearly
all do, are looked at first by pydantic-core, for schemas of the few forms that structured outputs have. It never refuses an answer alone.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue
from pydantic_core import CoreSchema, SchemaValidator, core_schema, to_json

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

_OBJECT = frozenset({"type", "properties", "required", "additionalProperties"})
_SILENT = frozenset({"description", "title"})
"""Keywords that refuse nothing."""


def fitting(text: str, schema: Mapping[str, Any]) -> tuple[JsonValue, str | None]:
    """Return the answer's data and what is wrong with them; what the model wrote is not repeated."""
    try:
        data: JsonValue = json.loads(text, object_pairs_hook=_unique, parse_constant=_refused)
    except json.JSONDecodeError as error:
        return None, f"the answer is not JSON (line {error.lineno}, column {error.colno})"
    except (ValueError, RecursionError) as error:
        return None, f"the answer is not sound JSON ({error})"
    known = written(schema)
    quick = _quick(known)
    if quick is not None and quick.isinstance_python(data):
        return data, None
    try:
        found = next(_careful(known).iter_errors(data), None)
    except RecursionError:
        return None, "the answer is nested too deeply"
    return (data, None) if found is None else (None, f"the answer does not fit the schema at {found.json_path[:100]} ({found.validator})")


def written(schema: Mapping[str, Any]) -> bytes:
    """Return a schema as it is sent; asked for at every call, and five times as quick as canonical JSON."""
    return to_json(dict(schema))


@functools.lru_cache(maxsize=64)
def _careful(schema: bytes) -> Draft202012Validator:
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - takes 60 ms, and only an answer that does not fit needs it

    return Draft202012Validator(json.loads(schema))


@functools.lru_cache(maxsize=64)
def _quick(schema: bytes) -> SchemaValidator | None:
    """Return a validator that accepts nothing the schema refuses; None for a schema in which anything is not of a known form."""
    try:
        return SchemaValidator(_core(json.loads(schema)), {"strict": True})
    except LookupError:
        return None


def _core(schema: Any) -> CoreSchema:
    """Return a schema in pydantic-core's terms; raises LookupError for a form that is not known."""
    keys = schema.keys() - _SILENT
    match schema:
        case {"type": "object", "properties": dict(properties), "required": list(required), "additionalProperties": False} if (
            keys == _OBJECT
        ):
            fields = {name: core_schema.typed_dict_field(_core(part), required=name in required) for name, part in properties.items()}
            if not set(required) <= fields.keys():
                raise LookupError("a field is required that is none")
            return core_schema.typed_dict_schema(fields, extra_behavior="forbid")
        case {"type": "array", "items": dict(items)} if keys == {"type", "items"}:
            return core_schema.list_schema(_core(items))
        case {"type": "string", "enum": [*words]} if keys == {"type", "enum"} and all(isinstance(word, str) for word in words):
            return core_schema.literal_schema(words)
        case {"type": "integer", "enum": [*numbers]} if keys == {"type", "enum"} and all(type(number) is int for number in numbers):
            return core_schema.literal_schema(numbers)
        case {"type": "string"} if keys == {"type"}:
            return core_schema.str_schema()
        case {"type": "integer"} if keys == {"type"}:
            return core_schema.int_schema()
        case {"type": "boolean"} if keys == {"type"}:
            return core_schema.bool_schema()
    raise LookupError("a form that is not known")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object; of two values for one key it is not ours to choose."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refused(constant: str) -> float:
    raise ValueError(f"{constant} is no number of JSON")
