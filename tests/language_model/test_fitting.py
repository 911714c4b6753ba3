"""Answers that fit a schema, and those that do not: the quick look never differs from jsonschema's."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from harness.judging.answer import answer_schema
from harness.judging.questions import parts_of
from harness.language_model import fitting as room
from harness.language_model.fitting import fitting, written
from harness.package_data import shipped
from harness.scenarios.rubric import load_rubric

ENTRY = {
    "type": "object",
    "properties": {"turn": {"type": "integer"}, "quote": {"type": "string"}, "sure": {"type": "boolean"}},
    "required": ["turn", "quote"],
    "additionalProperties": False,
}
SCHEMA = {
    "type": "object",
    "properties": {
        "entries": {"type": "array", "items": ENTRY},
        "verdict": {"type": "string", "enum": ["yes", "no"]},
        "holistic": {"type": "integer", "enum": [1, 2, 3]},
    },
    "required": ["entries", "verdict", "holistic"],
    "additionalProperties": False,
}
WORDS = st.sampled_from(["yes", "no", "maybe", ""])
NUMBERS = st.one_of(st.integers(0, 4), st.booleans(), st.sampled_from([1.0, 1.5, "1", None]))
ENTRIES = st.fixed_dictionaries({"turn": NUMBERS, "quote": st.one_of(WORDS, NUMBERS)}, optional={"sure": NUMBERS, "more": WORDS})
ANSWERS = st.fixed_dictionaries(
    {"verdict": st.one_of(WORDS, NUMBERS)},
    optional={"entries": st.one_of(st.lists(ENTRIES, max_size=2), NUMBERS), "holistic": NUMBERS, "more": WORDS},
)


@given(ANSWERS)
def test_an_answer_fits_exactly_where_jsonschema_says_so(answer):
    """Right and wrong types, missing and foreign keys, true for 1 and 1.0 for 1: the same verdict, and the data as they were."""
    data, problem = fitting(json.dumps(answer), SCHEMA)
    assert (problem is None) is Draft202012Validator(SCHEMA).is_valid(answer)
    assert data == (answer if problem is None else None)


def test_the_judges_own_schemas_have_the_quick_look():
    """Every part of the shipped rubric asks in forms that are known, so that no answer of a judge takes the long way."""
    for part in parts_of(load_rubric(shipped("judges") / "rubric.yaml")):
        assert room._quick(written(answer_schema(part))) is not None


@pytest.mark.parametrize("part", [{"type": "string", "pattern": "a"}, {"anyOf": [{"type": "string"}]}, {"type": "array"}, {"const": 1}])
def test_a_schema_of_another_form_is_left_to_jsonschema(part):
    """What the quick look does not know, it does not decide."""
    schema = {"type": "object", "properties": {"a": part}, "required": ["a"], "additionalProperties": False}
    assert room._quick(written(schema)) is None
    assert fitting('{"a": {}}', schema)[1] is not None
