"""The JSON Schema of scenario files, for editors, and the header comment that makes them use it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from harness.scenarios.source import ScenarioFile

SCHEMA_NAME = "scenario.schema.json"
"""File name of the committed schema, at the root of a suite."""
_TEMPLATE = {"type": "string", "pattern": r"\{\{.*\}\}", "description": "a template, put in when the file is loaded"}
_UNTOUCHED = frozenset({"ScenarioSource", "ScenarioFile", "OwnCriterion"})
"""Models outside setup and turns, where no templates stand."""


def scenario_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a scenario file.

    Wider than the models in one point: where a turn or an expectation needs a number, a flag or a narrow text,
    a `{{ template }}` may stand as well; the loader checks what it gives.
    """
    schema = ScenarioFile.model_json_schema(by_alias=True, mode="validation")
    definitions = {name: part if name in _UNTOUCHED else _widened(part) for name, part in schema["$defs"].items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "MangaAssist harness scenarios",
        "$defs": dict(sorted(definitions.items())),
    }


def schema_text() -> str:
    """Return the schema as the committed file holds it."""
    return json.dumps(scenario_schema(), ensure_ascii=False, indent=2) + "\n"


def editor_header(file: Path, root: Path) -> str:
    """Return the first line of a scenario file that makes editors check it against the schema at the suite's root."""
    schema = os.path.relpath(root / SCHEMA_NAME, file.parent)
    return f"# yaml-language-server: $schema={Path(schema).as_posix()}"


def _widened(definition: dict[str, Any]) -> dict[str, Any]:
    """Allow a template in every property that plain text would not satisfy."""
    if "properties" not in definition:
        return definition
    properties = {name: part if name == "kind" else _with_template(part) for name, part in definition["properties"].items()}
    return {**definition, "properties": properties}


def _with_template(part: dict[str, Any]) -> dict[str, Any]:
    if part.get("type") == "string" and not {"enum", "pattern", "const"} & set(part):
        return part
    if part.get("type") == "object" or "discriminator" in part.get("items", {}) or not part.keys() - {"description", "title", "default"}:
        return part
    described: dict[str, Any] = {key: part[key] for key in ("description", "default", "title") if key in part}
    rest = {key: value for key, value in part.items() if key not in described}
    if "items" in rest:
        rest["items"] = _with_template(rest["items"])
    return {"anyOf": [rest, _TEMPLATE], **described}
