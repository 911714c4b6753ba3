"""Schemas in expectations are local, finite and of linear time, or refused."""

import pytest

from harness.scenarios.json_schema import schema_problems

TREE = {"$defs": {"node": {"properties": {"child": {"$ref": "#/$defs/node"}, "not": {"items": {"$ref": "#"}}}}}, "$ref": "#/$defs/node"}
DOUBLING = {
    "$defs": {str(n): {"allOf": [{"$ref": f"#/$defs/{n + 1}"}] * 2} for n in range(30)} | {"30": {"type": "object"}},
    "$ref": "#/$defs/0",
}


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "object", "required": ["a"], "properties": {"a": {"type": "string", "pattern": "^a+$"}, "pattern": {"type": "string"}}},
        TREE,
        {"$schema": "https://json-schema.org/draft/2020-12/schema", "patternProperties": {"^x": True}},
        {"properties": {"$id": {"type": "string"}, "$ref": {"type": "string"}}},
    ],
)
def test_a_sound_schema_has_no_problems(schema):
    """Ordinary and recursive schemas pass, and properties may be called like keywords."""
    assert list(schema_problems(schema)) == []


@pytest.mark.parametrize(
    ("schema", "path", "words"),
    [
        ({"type": "objec"}, ("type",), "not a JSON Schema"),
        ({"properties": {"a": {"minLength": -1}}}, ("properties", "a", "minLength"), "not a JSON Schema"),
        ({"$ref": "https://example.com/x.json"}, ("$ref",), "remote reference"),
        ({"items": {"$ref": "other.json#/a"}}, ("items", "$ref"), "remote reference"),
        ({"$ref": "#/$defs/none"}, ("$ref",), "leads nowhere"),
        ({"$id": "https://example.com/"}, ("$id",), "not supported"),
        ({"$dynamicRef": "#x"}, ("$dynamicRef",), "not supported"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, ("$schema",), "only https"),
        ({"$ref": "#"}, ("$ref",), "leads back to itself"),
        ({"anyOf": [{"type": "string"}, {"not": {"$ref": "#"}}]}, ("anyOf", 1, "not", "$ref"), "leads back to itself"),
        ({"pattern": "(a+)+\\1"}, ("pattern",), "not a pattern of RE2"),
        ({"patternProperties": {"(?<!x)a": {}}}, ("patternProperties", "(?<!x)a"), "not a pattern of RE2"),
    ],
)
def test_what_is_unsafe_is_named_with_its_path(schema, path, words):
    """Remote, endless and exploding schemas are refused where they stand."""
    problems = dict(schema_problems(schema))
    assert words in problems[path]


@pytest.mark.timeout(20)
def test_references_cannot_multiply():
    """A schema of thirty doublings would look at one value a billion times; it is refused before."""
    assert "its references multiply" in " ".join(message for _, message in schema_problems(DOUBLING))
