"""`harness simulate`: its figures, its words, and words that cannot be."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Door

FEW = ("--runs", "60", "--seed", "1")


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks are drawn whole: draw no more than the few runs that are asked for here."""
    monkeypatch.setattr("harness.statistics.operating.CHUNK_SCORES", 200_000)


def test_one_document_with_the_documented_fields(door: Door) -> None:
    """Every flag of the documented call is understood, and the document says what was simulated."""
    words = "--scenarios 40 --baseline-repeats 20 --looks 1,2,4,7,12,20 --drop 0.4 --shape uniform --model base --policy prove"
    done = door("simulate", *words.split(), "--runs", "200", "--seed", "1", "--json")
    found = done.document
    assert (done.code, done.err) == (0, "")
    assert found["pass_rate"] == 0
    assert found["fail_rate"] > 0.9
    assert found["pass_rate"] + found["fail_rate"] + found["inconclusive_rate"] == pytest.approx(1.0)
    assert 100 < found["mean_calls"] < 400
    assert 0 < found["monte_carlo_se"] < 0.03
    assert (found["runs"], found["seed"], found["warnings"]) == (200, 1, [])
    assert found["design"]["looks"] == [1, 2, 4, 7, 12, 20]
    assert found["design"]["drop"] == 0.4


def test_the_same_seed_prints_the_same(door: Door) -> None:
    """Two calls agree to the last digit; another seed does not."""
    one, same, other = (door("simulate", "--runs", "20", "--seed", seed, "--drop", "0.2", "--json").out for seed in (5, 5, 6))
    assert one == same != other


@pytest.mark.parametrize(
    ("words", "looks"),
    [
        ("--scenarios 40", [1, 2, 4, 7, 12, 20]),
        ("--scenarios 60", [1, 2, 3, 5, 8, 12]),
        ("--scenarios 60 --cluster-size 3", [2, 3, 5, 8, 13, 20]),
        ("--policy fast", [1, 2, 3, 5]),
        ("--stopping fixed", [20]),
        ("--looks 3,6", [3, 6]),
    ],
)
def test_looks_are_those_of_the_gate(door: Door, words: str, looks: list[int]) -> None:
    """By independent scenarios and policy, unless a flag says otherwise."""
    assert door("simulate", *words.split(), "--runs", "2", "--json").document["design"]["looks"] == looks


@pytest.mark.parametrize(
    ("words", "field", "low", "high"),
    [
        ("--drop 0.2 --policy point --looks 5", "pass_rate", 0.35, 0.65),
        ("--drop 0.4 --policy fast", "mean_calls", 40, 80),
        ("--drop 0.4 --judge-drift 0.25 --no-rejudging", "fail_rate", 0, 0.8),
        ("--missing 0.1", "invalid_rate", 0.9, 1),
        ("--side-by-side", "mean_calls", 200, 300),
        ("--coupled 0.9", "mean_calls", 100, 200),
        ("--intents 4 --languages 2 --drop-intent 0.8 --weights 1,2", "fail_rate", 0.8, 1),
        ("--dimensions 6 --drop-dimension 0.6", "fail_rate", 0.75, 1),
        ("--dimensions 6 --drop-dimension 0.6 --no-guardrails", "fail_rate", 0, 0.05),
        ("--target suite --stopping anytime --alpha 0.01", "pass_rate", 0.5, 1),
        ("--margin 0.6 --drop 0.2 --model quiet --shape concentrated", "pass_rate", 0.5, 1),
        ("--interaction-sd 0.8", "pass_rate", 0, 0.5),
    ],
)
def test_every_flag_does_something(door: Door, words: str, field: str, low: float, high: float) -> None:
    """What each flag changes shows in the figures."""
    assert low <= door("simulate", *words.split(), *FEW, "--json").document[field] <= high


def test_people_read_sentences_and_a_small_table(door: Door) -> None:
    """How often wrong and right, what it costs, the three verdicts, and the design."""
    shown = door("simulate", "--drop", "0.2", *FEW).out
    text = " ".join(shown.split())
    assert "Where the candidate loses 0.2 points, exactly the margin of 0.2, the gate is wrong in" in text
    assert "conversations of the candidate on average, 800 at most." in text
    for verdict in ("PASS", "FAIL", "INCONCLUSIVE"):
        assert f"\n  {verdict}" in shown
    assert "60 runs, seed 1" in text
    assert max(len(line) for line in shown.splitlines()) <= 80


def test_what_the_gate_would_not_do_is_warned_of(door: Door) -> None:
    """Few scenarios and shallow baselines: the figures are the engine's, and the gate is stricter."""
    few = door("simulate", "--scenarios", "8", "--baseline-repeats", "2", "--runs", "2", "--json").document["warnings"]
    assert [warning.split()[2] for warning in few] == ["decides", "refuses"]
    assert "for this suite only" in door("simulate", "--scenarios", "20", "--runs", "2").out


def test_the_list_of_regressed_scenarios(door: Door) -> None:
    """Its false entries and its power, as a document and as a sentence."""
    found = door("simulate", "--regressed", "4", "--drop", "1", *FEW, "--json").document
    assert found["power"] > 0.4
    assert 0 <= found["false_discovery_rate"] < 0.15
    assert found["design"]["repeats"] == 5
    text = " ".join(door("simulate", "--regressed", "4", "--drop", "1", *FEW).out.split())
    assert "Of 40 scenarios 4 lose 1 point each: with 5 repeats against 20 stored ones the list names" in text


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("--looks 4,2", "--looks: looks have to be growing"),
        ("--looks 1,a", "--looks"),
        ("--weights 1,-1", "--weights: weights have to be positive"),
        ("--drop 3.5", "--drop: a mean score of 0.7"),
        ("--drop nan", "--drop"),
        ("--drop 0.2 --shape concentrated --drop-language 0.3", "--drop: a drop in one dimension"),
        ("--runs 0", "--runs"),
        ("--policy sure", "prove"),
        ("--margin 0", "--margin"),
        ("--margin nan", "finite"),
        ("--missing 1", "--missing"),
        ("--regressed 50 --drop 1", "--regressed: at least one"),
        ("--scenarois 4", "--scenarios"),
    ],
)
def test_words_that_cannot_be_are_usage(door: Door, words: str, meant: str) -> None:
    """Values out of range end in 2 and name the flag, in JSON too."""
    done = door("simulate", *words.split(), "--runs" if "--runs" not in words else "--seed", "5")
    assert (done.code, done.out) == (2, "")
    assert meant in done.err
    assert json.loads(door("simulate", *words.split(), "--json").out)["exit_code"] == 2


def test_all_mistakes_at_once(door: Door) -> None:
    """Three flags that cannot be are three complaints."""
    said = door("simulate", "--weights", "0", "--drop", "3.5", "--looks", "2,1").err
    assert all(flag in said for flag in ("--weights:", "--drop:", "--looks:"))
