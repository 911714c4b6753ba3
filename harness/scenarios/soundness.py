"""Whether what an expectation carries can be used at all: patterns, paths, schemas and texts, tried at load.

What would fail or run away in the middle of a run is a mistake in a file, and is reported as one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import jmespath
import re2
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions

from harness.scenarios.json_schema import schema_problems
from harness.scenarios.model import Contains, Excludes, Expectation, FieldEquals, FieldPresent, JsonSchema, Matches
from harness.template import is_template
from harness.yaml_source.document import DataPath, meant

MAX_PROGRAM_BYTES = 8 * 1024 * 1024
"""Memory for one compiled RE2 pattern, RE2's own default."""
_FIXED = "has to be fixed before the conversation; captured values may stand in 'say', in texts and in 'value' only"


def expectation_problems(expectation: Expectation) -> Iterator[tuple[DataPath, str]]:
    """Yield every part of an expectation that cannot be used: its path within the expectation, and why."""
    match expectation:
        case Contains():
            yield from _empty_texts("any", expectation.any)
            yield from _empty_texts("all", expectation.all)
        case Excludes():
            yield from _empty_texts("any", expectation.any)
        case Matches():
            yield from _named("pattern", pattern_problem(expectation.pattern))
        case FieldEquals() | FieldPresent():
            yield from _named("path", path_problem(expectation.path))
        case JsonSchema():
            yield from _named("path", None if expectation.path is None else path_problem(expectation.path))
            yield from ((("schema", *path), message) for path, message in schema_problems(expectation.json_schema))
        case _:
            return


def pattern_problem(pattern: str) -> str | None:
    """Return why a regular expression cannot be used, or None."""
    if is_template(pattern):
        return f"a pattern {_FIXED}"
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MAX_PROGRAM_BYTES
    try:
        re2.compile(pattern, options)
    except re2.error as error:
        return f"not a pattern of RE2 (https://github.com/google/re2/wiki/Syntax): {_reason(error)}"
    return None


def path_problem(path: str) -> str | None:
    """Return why a JMESPath cannot be used, or None."""
    if is_template(path):
        return f"a path {_FIXED}"
    try:
        parsed = jmespath.compile(path).parsed
    except JMESPathError as error:
        return f"not a JMESPath: {' '.join(str(error).split()).removesuffix(' ^')}"
    except (RecursionError, ValueError):
        return "not a JMESPath: it nests too deeply or holds a number that is too long"
    known = Functions.FUNCTION_TABLE
    unknown = (name for name in _functions(parsed) if name not in known)
    return next((f"unknown JMESPath function '{name}'{meant(name, known)}" for name in unknown), None)


def _functions(node: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the functions that a parsed JMESPath calls."""
    if node["type"] == "function_expression":
        yield str(node["value"])
    for child in node["children"]:
        if isinstance(child, dict) and "type" in child:
            yield from _functions(child)


def _empty_texts(key: str, texts: tuple[str, ...]) -> Iterator[tuple[DataPath, str]]:
    for index, text in enumerate(texts):
        if not text.strip():
            yield (key, index), "an empty text stands in every reply; write what the reply has to name"


def _named(key: str, problem: str | None) -> Iterator[tuple[DataPath, str]]:
    if problem is not None:
        yield (key,), problem


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else "it does not compile"
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
