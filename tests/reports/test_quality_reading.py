"""Figures are read with care: whatever stands in them, a report comes out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.gates.verdict import Decision, Verdict
from harness.reports.quality_reading import FELL, HOLDS, NOT_SHOWN, breaking, correlation, groups, listing, look_taken, number
from harness.reports.report import build_report
from harness.reports.summary import Circumstances
from harness.reports.terminal import terminal
from tests.reports import sequential, specimens

KEYS = (
    "look",
    "attempt",
    "regressed",
    "guardrails",
    "guardrail_margin",
    "catastrophes",
    "coupling",
    "literal",
    "margin",
    "difference",
    "pass_hat_k",
)
NAMES = (
    "planned", "taken", "extension", "open_ended", "listed", "reliable", "scenario", "difference", "kind", "name", "failed", "proved", "scenarios",
    "confirmed", "correlation", "decision", "margin_left",
)  # fmt: skip
values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 9) | st.floats() | st.sampled_from(["", "price-in-stock@naruto", "pass"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=12,
)


@given(figures=st.dictionaries(st.sampled_from(KEYS), values), decision=st.sampled_from(Decision))
def test_no_figure_stops_a_report(figures, decision):
    """Missing, misshapen and impossible figures of another version are passed over."""
    verdict = Verdict("quality", decision, (), figures)
    assert terminal(build_report(specimens.run(), specimens.baseline(), (verdict,), "enforce", Circumstances()))


def test_figures_of_an_older_version_say_nothing():
    """A verdict without looks, list, groups and coupling gives none."""
    old = (specimens.quality(Decision.FAIL, "old", -1.0),)
    assert look_taken(old) is None
    assert not listing(old).differences
    assert groups(old[0]).tested == ()
    assert breaking(old) == frozenset()
    assert correlation(old) is None


def test_only_confirmed_catastrophes_count():
    """What fresh conversations did not show again is no failure of the scenario."""
    figures = sequential.catastrophe(1)
    figures["catastrophes"].append({**figures["catastrophes"][0], "scenario": "greeting", "confirmed": False})
    figures["catastrophes"].append({**figures["catastrophes"][0], "scenario": "kanketsu-attack-on-titan", "confirmed": None})
    verdict = sequential.with_figures(specimens.PASSED[1], figures)
    assert breaking((verdict,)) == {"order-status-follow-up"}


def test_groups_come_worst_first():
    """What fell leads, then what is open, then what holds."""
    given_groups = sequential.guarded(
        sequential.group("language", "en", 0.0, proved=True), sequential.group("intent", "a", -0.2), sequential.group("intent", "b", -0.9, failed=True)
    )  # fmt: skip
    found = groups(sequential.with_figures(specimens.PASSED[1], given_groups))
    assert [one.verdict for one in found.tested] == [FELL, NOT_SHOWN, HOLDS]
    assert found.unproved == ()


def test_what_is_no_number_is_none():
    """Infinity, NaN, words and truth values are not measured."""
    assert [number(one) for one in (float("inf"), -float("inf"), float("nan"), "1", True, None, 2, -0.5)] == [None] * 6 + [2.0, -0.5]
