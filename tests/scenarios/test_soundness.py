"""Patterns and paths that could not be used in a run are found before it."""

import pytest

from harness.scenarios.soundness import path_problem, pattern_problem


@pytest.mark.parametrize("pattern", ["a+b", "です(。|$)", "(?i)sorry", r"\b\d{3}円"])
def test_linear_patterns_are_fine(pattern):
    """What RE2 compiles passes."""
    assert pattern_problem(pattern) is None


@pytest.mark.parametrize("pattern", ["(", "(?=a)", r"(a)\1", "(a{1000}){1000}", "[z-a]", "(((((a{100}){100}){100})))"])
def test_patterns_that_re2_refuses_are_named(pattern, capfd):
    """Look-arounds, back references and exploding repetitions are refused, and nothing is printed by the library."""
    assert "not a pattern of RE2" in pattern_problem(pattern)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("path", ["a", "products[0].id", "products[?price_yen > `500`].id | [0]", "length(products)", "sort_by(a, &b)[0]"])
def test_jmespaths_are_compiled(path):
    """What JMESPath knows passes."""
    assert path_problem(path) is None


@pytest.mark.parametrize(
    ("path", "words"),
    [("a[", "not a JMESPath"), ("", "not a JMESPath"), ("lenght(a)", "did you mean 'length'"), ("[" * 1000, "not a JMESPath")],
)
def test_bad_jmespaths_are_named(path, words):
    """Broken paths, unknown functions and absurd nesting are refused."""
    assert words in path_problem(path)
