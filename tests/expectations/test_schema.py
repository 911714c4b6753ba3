"""Structured replies against a JSON Schema."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given

from harness.expectations.finding import FindingOutcome
from harness.expectations.schema import check_json_schema
from harness.scenarios.model import JsonSchema
from tests.fakes.json_values import JSON_VALUES

MET, UNMET = FindingOutcome.MET, FindingOutcome.UNMET


def schema(value, path=None):
    return JsonSchema.model_validate_json(json.dumps({"kind": "json_schema", "schema": value, "path": path}))


@pytest.mark.parametrize(
    ("rules", "value", "outcome"),
    [
        ({"type": "object", "required": ["intent"]}, {"intent": "x"}, MET),
        ({"type": "object", "required": ["intent"]}, {}, UNMET),
        ({"type": "string", "pattern": "^(a+)+$"}, "a" * 5000 + "b", UNMET),
        ({"type": "string", "pattern": "^(a+)+$"}, "a" * 5000, MET),
        ({"patternProperties": {"^(x+)+$": {"type": "integer"}}, "additionalProperties": False}, {"x" * 500: 1}, MET),
        ({"patternProperties": {"^x": {"type": "integer"}}, "additionalProperties": False}, {"y" * 500: 1}, UNMET),
        ({"patternProperties": {"^x": {"type": "integer"}}}, {"x1": "one"}, UNMET),
        ({"properties": {"a": {}}, "additionalProperties": {"type": "integer"}}, {"a": "x", "b": 1}, MET),
        ({"properties": {"a": {}}, "additionalProperties": {"type": "integer"}}, {"b": "x"}, UNMET),
        ({"properties": {"a": {}}, "additionalProperties": True}, {"b": "x"}, MET),
        ({"uniqueItems": True}, [1, 1.0], UNMET),
        ({"uniqueItems": True}, [1, True, "1", [1]], MET),
        ({"uniqueItems": False}, [1, 1], MET),
        ({"patternProperties": {"a": {}}, "additionalProperties": False, "pattern": "x", "uniqueItems": True}, 5, MET),
        ({"pattern": "x"}, "\ud800x", MET),
        ({"multipleOf": 0.1}, math.inf, UNMET),
        ({"$ref": "https://example.com/schema.json"}, {}, UNMET),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"type": "integer"}}}, 1, MET),
    ],
)
def test_schemas_are_checked_in_linear_time_and_without_a_network(rules, value, outcome):
    """Draft 2020-12 with RE2 patterns; what cannot be checked is not met."""
    assert check_json_schema(schema(rules), value).outcome is outcome


@pytest.mark.timeout(20)
def test_unique_items_are_found_in_one_pass():
    """Thirty thousand mixed items do not stop a run."""
    items = [[number] if number % 2 else str(number) for number in range(30_000)]
    assert check_json_schema(schema({"uniqueItems": True}), items).outcome is MET


def test_a_part_of_the_payload_can_be_checked_alone():
    """The path names the part, and the evidence names path and place."""
    checked = check_json_schema(schema({"items": {"required": ["id"]}}, "products"), {"products": [{"id": "a"}, {}]})
    assert checked.outcome is UNMET
    assert "products" in checked.evidence
    assert "at 1" in checked.evidence


@given(JSON_VALUES)
def test_no_payload_breaks_a_schema(payload):
    """Every payload gives a finding, whatever its shape."""
    rules = schema({"type": "object", "uniqueItems": True, "multipleOf": 3, "pattern": "a", "additionalProperties": False})
    assert len(check_json_schema(rules, payload).evidence) <= 300
