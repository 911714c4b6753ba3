"""Fields and citations of structured replies."""

from __future__ import annotations

import math

import pytest
from hypothesis import given

from harness.expectations.finding import FindingOutcome
from harness.expectations.payload import check_cites, check_field_equals, check_field_present
from harness.scenarios.model import Cites, FieldEquals, FieldPresent
from tests.fakes.json_values import JSON_VALUES

MET, UNMET, NOT_REACHED = FindingOutcome.MET, FindingOutcome.UNMET, FindingOutcome.NOT_REACHED


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


@given(JSON_VALUES)
def test_no_payload_breaks_a_check(payload):
    """Every payload gives findings, whatever its shape."""
    outcomes = [
        check_field_equals(FieldEquals(kind="field_equals", path="a.b[0] || products", value=[1, {"a": None}]), payload),
        check_field_present(FieldPresent(kind="field_present", path="max_by(@, &a)"), payload),
        check_cites(Cites(kind="cites"), payload, standing=True),
    ]
    assert all(len(checked.evidence) <= 300 for checked in outcomes)
