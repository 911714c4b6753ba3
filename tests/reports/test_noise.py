"""The noise floor for people and for programs: golden text, warnings in order, nothing that could drive a terminal."""

import json

import pytest

from harness.baselines.noise import FlakyScenario, FlipRates, NoiseAtLook, NoiseFloor, Shift
from harness.reports.layout import cells
from harness.reports.noise import NoiseReport, noise_document, noise_text

FRESH = Shift(
    run="20261101T120000.345Z-1a2b",
    attested=True,
    conversations=200,
    difference=-0.03,
    standard_error=0.02,
    pass_rate=-0.005,
    pass_rate_p=0.31,
)


def report(target=0.02, stored="blue.noise.json", **changes) -> NoiseReport:
    flips = {"quality_fail": 0.0, "quality_inconclusive": 0.004, "integration_fail": 0.002, "either": 0.006}
    given = {
        "baseline": "base", "build": "0123456789abcdef" * 2, "suite": "suite", "judge": "judge", "policy": "policy", "seed": 1, "splits": 1000,
        "scenarios": 40, "held": 800, "baseline_repeats": 20, "first_look": 5, "copies": 2, "spread_kept": 0.974,
        "noise": (NoiseAtLook(repeats=1, sd=0.0912, p95=0.1788), NoiseAtLook(repeats=12, sd=0.0401, p95=0.0786)),
        "flips": FlipRates(**{**flips, **changes.pop("flips", {})}), "scenario_flip_rate": 0.011,
        "flakiest": (FlakyScenario(scenario="returns-ja", passes=18, conversations=20, flip_rate=36 / 190),), "fresh": None,
    }  # fmt: skip
    return NoiseReport(NoiseFloor(**{**given, **changes}), target, stored)


GOLDEN = """\
Within target: held against itself, this build does not PASS in 0.6 % of 1,000 splits; the target
is 2 %.

  flip rate     0.6 % of both gates together
  quality       0.4 %: FAIL 0 %, INCONCLUSIVE 0.4 %
  integration   0.2 %: FAIL
  one scenario  1.1 %: of two of its conversations one passes and the other does not
  noise floor   0.040 points (standard deviation of the difference between two measurements); 95 %
                of differences are below 0.079
                with 12 against 20 conversations of each scenario, the last look
  at each look  1: 0.091, 12: 0.040

Flakiest scenarios: of two conversations, one passes and the other does not
- returns-ja: 19 %, passed 18 of 20

Measured
- baseline base, build 0123456789ab
- 800 conversations of 40 scenarios; no call was made
- 1,000 splits, seed 1: in each, both arms are dealt anew at the sizes of the gate, and the gate
  decides; conversations are dealt up to 2 times, which keeps 97 % of the variance
- what another build, as good on the whole, does differently from scenario to scenario cannot be
  seen in one build
- stored in blue.noise.json"""


def test_a_quiet_gate_in_words() -> None:
    """Golden text: verdict against the target, rates, noise at each look, flakiest scenarios, and what was measured."""
    assert noise_text(report(), 98) == GOLDEN


def test_a_gate_above_its_target_says_what_to_do() -> None:
    """The first line says it, and the first warning says what helps."""
    found = report(flips={"quality_fail": 0.01, "either": 0.031})
    assert found.above_target
    assert noise_text(found, 200).startswith(
        "ABOVE TARGET: held against itself, this build does not PASS in 3.1 % of 1,000 splits; the target is 2 %."
    )
    (warning,) = found.warnings
    assert warning == (
        "An enforced gate warns of this: a verdict that is not PASS may be such a flip. Steady the flakiest scenarios, add scenarios, or "
        "record a deeper baseline; `harness plan --baseline FILE` says how many."
    )
    assert not report(flips={"either": 0.02}).above_target


def test_a_fresh_run_is_shown_with_its_error() -> None:
    """The shift has a sign and a standard error; nobody says that no call was made."""
    text = noise_text(report(fresh=FRESH, held=1000, copies=1, spread_kept=1.0), 200)
    assert (
        "fresh run     -0.030 ± 0.020 (standard error) points against the stored conversations, pass rate -0.50 percentage points (p = 0.31)"
        in text
    )
    assert "- 1000 conversations of 40 scenarios, 200 of them from run 20261101T120000.345Z-1a2b\n" in text
    assert "no call was made" not in text
    assert "dealt up to" not in text


@pytest.mark.parametrize(
    ("changes", "begins"),
    [
        (
            {"fresh": FRESH.model_copy(update={"difference": -0.06})},
            ["The fresh run differs from the stored conversations by more than chance"],
        ),
        (
            {"fresh": FRESH.model_copy(update={"pass_rate_p": 0.001})},
            ["The fresh run differs from the stored conversations by more than chance"],
        ),
        ({"fresh": FRESH.model_copy(update={"attested": False})}, ["Nothing proves that the fresh run and the baseline are of one build"]),
        ({"fresh": FRESH, "build": None}, ["Nothing proves"]),
        ({"held": 200, "copies": 7, "spread_kept": 0.82}, ["Only 5 conversations of each scenario: dealt 7 times each they keep 82 %"]),
        ({"held": 200, "copies": 1, "flakiest": ()}, []),
        ({"held": 480}, ["Only 12 conversations of each scenario: one that fails now and then cannot be told from an accident"]),
        ({"held": 480, "flakiest": ()}, []),
        ({"build": None}, []),
    ],
)
def test_what_weakens_the_figures_is_warned_of(changes: dict, begins: list[str]) -> None:
    """Drift, an unproved build and too few conversations each have a warning of their own, and nothing else has."""
    found = report(**changes).warnings
    assert len(found) == len(begins)
    assert all(text.startswith(begin) for text, begin in zip(found, begins, strict=True))


def test_nothing_scored_and_nothing_flaky_is_said_shortly() -> None:
    """Without scores there is no noise floor, and without flaky scenarios no list of them."""
    text = noise_text(report(noise=(), flakiest=(), build=None, fresh=FRESH.model_copy(update={"difference": None})), 98)
    assert "noise floor   none: no scenario is scored" in text
    assert "Flakiest" not in text
    assert "UNATTESTED build" in text
    one = noise_text(report(noise=(NoiseAtLook(repeats=5, sd=0.02, p95=0.04),), fresh=FRESH.model_copy(update={"difference": None})), 98)
    assert "at each look" not in one
    assert "fresh run     no score to compare with the stored ones; pass rate" in one
    assert "fresh run     no score to compare with the stored ones; pass rate" in text


def test_the_document_is_the_value_and_what_it_is_held_to() -> None:
    """Every field of the noise floor by its name, the target, and the warnings; alone and in ASCII."""
    found = report(fresh=FRESH, flips={"either": 0.5})
    text = noise_document(found)
    assert text.isascii()
    document = json.loads(text)
    assert document["flips"] == {"quality_fail": 0.0, "quality_inconclusive": 0.004, "integration_fail": 0.002, "either": 0.5}
    assert document["noise"][1] == {"repeats": 12, "sd": 0.0401, "p95": 0.0786}
    assert document["fresh"]["difference"] == -0.03
    assert (document["schema_version"], document["flip_target"], document["above_target"]) == (1, 0.02, True)
    assert document["warnings"] == list(found.warnings)
    assert document["stored"] == "blue.noise.json"
    assert set(NoiseFloor.model_fields) < set(document)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_names_cannot_drive_a_terminal_or_a_ci(width: int) -> None:
    """Control characters and CI commands in a name are shown, not obeyed; no line is wider than the terminal."""
    name = "\x1b[31m::error::owned 長い名前" * 4
    flaky = FlakyScenario(scenario=name, passes=1, conversations=2, flip_rate=1.0)
    text = noise_text(
        report(flakiest=(flaky,), stored=f"{name}.json", build=name, baseline=name, fresh=FRESH.model_copy(update={"run": name})), width
    )
    assert "\x1b" not in text
    assert "::error" not in text
    assert max(map(cells, text.splitlines())) <= width
