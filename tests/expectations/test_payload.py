"""Fields, schemas and citations of structured replies."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.expectations.finding import FindingOutcome
from harness.expectations.payload import check_cites, check_field_equals, check_field_present, check_json_schema
from harness.scenarios.model import Cites, FieldEquals, FieldPresent, JsonSchema

MET, UNMET, NOT_REACHED = FindingOutcome.MET, FindingOutcome.UNMET, FindingOutcome.NOT_REACHED
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


def schema(value, path=None):
    return JsonSchema.model_validate_json(json.dumps({"kind": "json_schema", "schema": value, "path": path}))


@pytest.mark.parametrize(
    ("found", "value", "outcome"),
    [
        (1, 1.0, MET), (1, True, UNMET), (True, 1, UNMET), (0, False, UNMET), (False, False, MET), ("1", 1, UNMET), (None, None, MET),
        ([1, {"a": 2.0}], [1.0, {"a": 2}], MET), ([1], [1, 2], UNMET), ({"a": 1}, {"b": 1}, UNMET), ({"a": True}, {"a": 1}, UNMET), ("x", "x", MET),
    ],
)  # fmt: skip
def test_fields_are_equal_as_json_is(found, value, outcome):
    """Numbers equal numbers, and true is not 1, at any depth."""
    assert check_field_equals(FieldEquals(kind="field_equals", path="field", value=value), {"field": found}).outcome is outcome


def test_null_accepts_an_absent_field_and_the_evidence_says_so():
    """JMESPath finds null in both, so neither is reported as the other."""
    for payload in ({"field": None}, {}, None):
        checked = check_field_equals(FieldEquals(kind="field_equals", path="field", value=None), payload)
        assert (checked.outcome, checked.evidence) == (MET, "field is null or absent")
    assert check_field_equals(FieldEquals(kind="field_equals", path="field", value=None), {"field": 0}).outcome is UNMET


def test_a_path_is_evaluated_by_jmespath_and_may_fit_nothing():
    """A projection works; a function on the wrong type is an absent field, not an exception."""
    payload = {"products": [{"stock": 1}, {"stock": 0}]}
    assert check_field_equals(FieldEquals(kind="field_equals", path="length(products[?stock > `0`])", value=1), payload).outcome is MET
    for path in ("sum(products)", "max_by(products, &name)", "ceil(products)"):
        assert check_field_present(FieldPresent(kind="field_present", path=path), payload).outcome is UNMET
    assert check_field_present(FieldPresent(kind="field_present", path="ceil(x)"), {"x": math.inf}).outcome is UNMET


@pytest.mark.parametrize(
    ("value", "outcome"), [(None, UNMET), ("", UNMET), ([], UNMET), ({}, UNMET), (0, MET), (False, MET), ("x", MET), ([0], MET)]
)
def test_a_field_is_present_when_it_says_something(value, outcome):
    """Null and empty are absent; zero and false are values."""
    assert check_field_present(FieldPresent(kind="field_present", path="a"), {"a": value}).outcome is outcome


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


RETRIEVED = [{"id": "returns", "text": "…"}]


@pytest.mark.parametrize(
    ("payload", "source", "outcome"),
    [
        ({"citations": [{"id": "returns"}], "passages": RETRIEVED}, None, MET),
        ({"citations": ["returns"], "passages": RETRIEVED}, "returns", MET),
        ({"citations": [{"id": "returns"}]}, None, MET),
        ({"citations": [], "passages": RETRIEVED}, None, UNMET),
        ({"citations": [{"id": "shipping"}], "passages": RETRIEVED}, None, UNMET),
        ({"citations": [{"id": "returns"}], "passages": []}, None, UNMET),
        ({"citations": [{"id": "returns"}], "passages": RETRIEVED}, "shipping", UNMET),
        ({"citations": [{"id": 5}, None, ""], "passages": RETRIEVED}, None, UNMET),
        ({"citations": "returns"}, None, UNMET),
        (None, None, UNMET),
        ([], "returns", UNMET),
    ],
)
def test_a_citation_names_a_passage_that_the_reply_retrieved(payload, source, outcome):
    """A missing, foreign or malformed citation is unmet."""
    assert check_cites(Cites(kind="cites", source=source), payload, standing=False).outcome is outcome


def test_a_reply_that_retrieved_nothing_has_nothing_to_cite_unless_the_scenario_asks():
    """Held against every reply the check is not reached; asked of this reply it is unmet."""
    empty = {"citations": [], "passages": []}
    assert check_cites(Cites(kind="cites"), empty, standing=True).outcome is NOT_REACHED
    assert check_cites(Cites(kind="cites"), empty, standing=False).outcome is UNMET
    assert check_cites(Cites(kind="cites"), {"citations": [], "passages": RETRIEVED}, standing=True).outcome is UNMET


@given(json_values)
def test_no_payload_breaks_a_check(payload):
    """Every payload gives findings, whatever its shape."""
    outcomes = [
        check_field_equals(FieldEquals(kind="field_equals", path="a.b[0] || products", value=[1, {"a": None}]), payload),
        check_field_present(FieldPresent(kind="field_present", path="max_by(@, &a)"), payload),
        check_json_schema(
            schema({"type": "object", "uniqueItems": True, "multipleOf": 3, "pattern": "a", "additionalProperties": False}), payload
        ),
        check_cites(Cites(kind="cites"), payload, standing=True),
    ]
    assert all(len(checked.evidence) <= 300 for checked in outcomes)
