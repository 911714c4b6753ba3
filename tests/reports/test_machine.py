"""The JSON document says what is known, and null where nothing is."""

from __future__ import annotations

import json
import math

import jsonschema
import numpy as np
import pytest

from harness.gates.verdict import Decision, Verdict
from harness.reports.machine import TEXT_LIMIT, document, schema
from harness.reports.report import build_report, error_report
from harness.reports.summary import Circumstances
from tests.reports import specimens


@pytest.mark.parametrize("code", [2, 4])
def test_a_refusal_is_a_whole_document(code):
    """An error before any run is one document of the same schema, without gates."""
    drawn = document(error_report("a.yaml:1:1: unknown key 'x'\nb.yaml:2:1: \x1b[31m", code))
    read = json.loads(drawn)
    jsonschema.Draft202012Validator(schema()).validate(read)
    assert (read["exit_code"], read["gates"], read["run"], read["baseline"]) == (code, {}, None, None)
    assert read["error"] == "a.yaml:1:1: unknown key 'x'\nb.yaml:2:1: \x1b[31m"
    assert drawn == drawn.strip()


def test_the_two_gates_speak_the_documented_names():
    """Decisions in lower case, difference = candidate minus baseline, and the literal rule, under their documented keys."""
    gates = json.loads(document(specimens.reports()["fail"]))["gates"]
    assert gates["integration"]["decision"] == "fail"
    assert gates["integration"]["reasons"][0]["code"] == "must_pass_failed"
    assert gates["quality"]["difference"] == pytest.approx(-1.42)
    assert gates["quality"]["literal"]["decision"] == "fail"
    assert set(gates["quality"]) >= {"lower", "upper", "standard_error", "scenarios"}


def test_numbers_that_do_not_exist_are_null():
    """NaN and infinity become null; numbers of numpy become JSON's."""
    figures = {"a": math.nan, "b": -math.inf, "c": np.float64(0.5), "d": np.int64(3), "e": (np.float64(math.inf),), "f": {1: True}}
    report = build_report(specimens.run(), None, (Verdict("latency", Decision.PASS, (), figures),), "enforce", Circumstances())
    gate = json.loads(document(report))["gates"]["latency"]
    assert [gate[key] for key in "abcdef"] == [None, None, 0.5, 3, [None], {"1": True}]


def test_figures_cannot_overwrite_the_decision():
    """A gate's numbers never stand where its decision does."""
    forged = Verdict("latency", Decision.FAIL, (), {"decision": "pass", "reasons": []})
    report = build_report(specimens.run(), None, (forged,), "enforce", Circumstances())
    assert json.loads(document(report))["gates"]["latency"]["decision"] == "fail"


def test_long_texts_are_cut():
    """A reply of 60,000 characters does not fill the document."""
    held = [specimens.conversation(0, 0, "x" * 60_000, specimens.unmet("facts", "wrong"))]
    report = build_report(specimens.run({0: held}), None, specimens.PASSED[:1], "enforce", Circumstances())
    answer = json.loads(document(report))["scenarios"][0]["worst"]["answer"]
    assert len(answer) == TEXT_LIMIT
    assert answer.endswith("…")
