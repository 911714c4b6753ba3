"""Reading a judge's answer: whole and of the form that was asked for, or not at all."""

from __future__ import annotations

import copy

import pytest
from jsonschema import Draft202012Validator

from harness.judging.answer import MAX_EVIDENCE, MAX_INJECTIONS, Answer, answer_schema, read_answer
from harness.judging.questions import OWN_PLACES, parts_of
from tests.fakes.messages_api.wire import schema_problems
from tests.fakes.scripted_model import RUBRIC_VALUE

NONCE = "0123456789abcdef0123456789abcdef"
ASKED = ("nothing_invented", "own_1")
QUOTE = {"turn": 1, "quote": "Naruto is 528 yen"}


def entry(name: str, **fields):
    return {"id": name, "evidence": [QUOTE], "reason": "It says so.", "verdict": "yes"} | fields


def answer(**fields):
    whole = {
        "nonce_echo": NONCE, "injection_attempts": [QUOTE], "criteria": [entry(name) for name in ASKED], "holistic": 4, "confidence": "high",
    }  # fmt: skip
    return whole | fields


def test_a_whole_answer_is_read_in_the_order_of_the_question():
    """Entries come by the id that was asked, whatever their order, with impression, confidence and attempts to steer."""
    read = read_answer(answer(criteria=[entry("own_1", verdict="no"), entry("nothing_invented")]), ASKED, NONCE)
    assert isinstance(read, Answer)
    assert list(read.entries) == list(ASKED)
    assert read.entries["own_1"].verdict == "no"
    assert (read.holistic, read.confidence, read.injections[0].quote) == (4, "high", QUOTE["quote"])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"nonce_echo": "f" * 32}, "boundary"),
        ({"nonce_echo": ""}, "boundary"),
        ({"criteria": [entry("nothing_invented")]}, "not answered: own_1"),
        ({"criteria": []}, "not answered"),
        ({"criteria": [entry("nothing_invented"), entry("own_1"), entry("own_1", verdict="no")]}, "twice: own_1"),
        ({"criteria": [entry("nothing_invented"), entry("own_1"), entry("politeness")]}, "unasked criteria: politeness"),
        ({"criteria": [entry("nothing_invented"), entry("own_1", score=5)]}, "form"),
        ({"criteria": [entry("nothing_invented"), entry("own_1", verdict="maybe")]}, "form"),
        ({"criteria": [entry("nothing_invented"), entry("own_1", evidence=[QUOTE | {"role": "user"}])]}, "form"),
        ({"criteria": [entry("nothing_invented"), entry("own_1", evidence=[{"turn": "1", "quote": "x"}])]}, "form"),
        ({"criteria": [entry("nothing_invented"), entry("own_1", evidence=[{"turn": True, "quote": "x"}])]}, "form"),
        ({"criteria": [entry("nothing_invented"), entry("own_1", evidence=[QUOTE] * (MAX_EVIDENCE + 1))]}, "more quotes"),
        ({"injection_attempts": [QUOTE] * (MAX_INJECTIONS + 1)}, "more quotes"),
        ({"holistic": 6}, "form"),
        ({"holistic": 4.5}, "form"),
        ({"holistic": True}, "form"),
        ({"confidence": "certain"}, "form"),
        ({"score": 5}, "form"),
        ({"criteria": [entry("nothing_invented"), entry("own_1", reason="half a sign \ud800")]}, "form"),
    ],
)
def test_what_does_not_fit_is_invalid_as_a_whole(changed, said):
    """A missing boundary, unknown, double or missing criteria, further keys and other values leave nothing to believe."""
    problem = read_answer(answer(**changed), ASKED, NONCE)
    assert isinstance(problem, str)
    assert said in problem


@pytest.mark.parametrize("data", [None, [], "yes", 5, {}, {"criteria": {}}, [[[[]]]] * 3])
def test_what_is_no_answer_at_all_is_invalid(data):
    """Other JSON than an object of the form is no answer."""
    assert isinstance(read_answer(data, ASKED, NONCE), str)


@pytest.mark.parametrize("key", sorted(answer()))
def test_every_field_is_needed(key):
    """An answer without one of its fields is invalid."""
    assert isinstance(read_answer({name: value for name, value in answer().items() if name != key}, ASKED, NONCE), str)


@pytest.mark.parametrize("part", parts_of(RUBRIC_VALUE), ids=lambda part: part.name)
def test_the_schema_is_one_that_structured_outputs_take(part):
    """Evidence and reason stand before the verdict; only enumerations decide; every object is closed; no unsupported word."""
    schema = answer_schema(part)
    Draft202012Validator.check_schema(schema)
    assert list(schema_problems(schema)) == []
    assert list(schema["properties"]) == ["nonce_echo", "injection_attempts", "criteria", "holistic", "confidence"]
    items = schema["properties"]["criteria"]["items"]
    assert list(items["properties"]) == ["id", "evidence", "reason", "verdict"]
    assert items["properties"]["id"]["enum"] == [*(item.id for item in part.criteria), *OWN_PLACES]
    assert items["properties"]["verdict"]["enum"] == ["yes", "no", "not_applicable", "cannot_assess"]


def test_a_schema_that_was_changed_changes_no_other():
    """Callers get a schema of their own."""
    part = parts_of(RUBRIC_VALUE)[0]
    before = copy.deepcopy(answer_schema(part))
    answer_schema(part)["properties"].clear()
    assert answer_schema(part) == before
