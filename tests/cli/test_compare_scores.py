"""`harness compare-scores`: what is printed, with which exit code, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from tests.cli.conftest import Door
from tests.fakes.score_files import rows_of, table, write_rows

FIELDS = {
    "decision", "difference", "standard_error", "df", "lower", "upper", "scenarios", "clusters", "literal", "minimum_detectable_drop",
    "warnings", "schema_version", "exit_code",
}  # fmt: skip


@pytest.fixture
def files():
    """Write a candidate with this drop, and its baseline, into the current folder."""

    def write(drop: float = 0.0, scenarios: int = 40, seed: int = 4, **columns) -> tuple[Path, Path]:
        new, old = table(scenarios, 5, seed, drop), table(scenarios, 20, 51)
        return write_rows(Path("new.csv"), rows_of(new, **columns)), write_rows(Path("old.csv"), rows_of(old))

    return write


@pytest.mark.parametrize(
    ("drop", "scenarios", "decision", "code"),
    [(0, 40, "pass", 0), (0.7, 40, "fail", 1), (0.25, 40, "inconclusive", 3), (0.7, 9, "inconclusive", 3)],
)
def test_the_exit_code_is_the_verdict(door: Door, files, drop: float, scenarios: int, decision: str, code: int) -> None:
    """PASS is 0, FAIL 1, INCONCLUSIVE 3, the same for people and programs."""
    paths = files(drop, scenarios)
    done, shown = door("compare-scores", *paths, "--json"), door("compare-scores", *paths)
    assert (done.code, shown.code) == (code, code)
    assert (done.document["decision"], done.document["exit_code"]) == (decision, code)
    assert shown.out.startswith(decision.upper())
    assert f"exit code {code}" in shown.out


def test_the_document_is_alone_and_complete(door: Door, files) -> None:
    """stdout holds one JSON document with every documented field, and stderr nothing."""
    done = door("compare-scores", *files(), "--json")
    assert done.err == ""
    found = done.document
    assert set(found) >= FIELDS
    assert "error" not in found
    assert set(found["literal"]) == {"decision", "margin_left"}
    assert (found["scenarios"], found["clusters"], found["warnings"]) == (40, 40, [])
    assert found["literal"]["margin_left"] == pytest.approx(found["difference"] + 0.2)


def test_the_figures_are_the_paired_t_tests(door: Door, files) -> None:
    """Difference, standard error and degrees of freedom agree with scipy on scenario means."""
    found = door("compare-scores", *files(0.25), "--json").document
    new, old = (
        [np.mean(scores) for scores in table(40, repeats, seed, drop).values()] for repeats, seed, drop in ((5, 4, 0.25), (20, 51, 0))
    )
    oracle = stats.ttest_rel(new, old)
    assert found["difference"] == pytest.approx(np.mean(new) - np.mean(old))
    assert found["difference"] / found["standard_error"] == pytest.approx(oracle.statistic)
    assert found["df"] == pytest.approx(39)
    assert found["lower"] <= oracle.confidence_interval(0.9).low < oracle.confidence_interval(0.9).high <= found["upper"]


def test_people_read_one_sentence_and_what_got_worse(door: Door, files) -> None:
    """The gate's sentence, the literal rule, the worst scenarios first, and what was compared."""
    shown = door("compare-scores", *files(0.7)).out
    text = " ".join(shown.split())
    assert "Green scores 0.64 below the baseline (90 % interval -0.71 to -0.57, margin 0.2)." in text
    assert "A drop of more than 0.2 points is proved." in text
    assert "Literal rule: missed by 0.44" in text
    drops = [float(line.split("(")[1].split(")")[0]) for line in shown.splitlines() if " instead of " in line]
    assert len(drops) == 8
    assert drops == sorted(drops)
    assert "green: new.csv, 200 conversations" in text
    assert "baseline: old.csv, 800 conversations" in text
    assert "40 scenarios in both, 40 clusters" in text


def test_flags_change_the_policy(door: Door, files) -> None:
    """Margin, error rate and target are those of the flags."""
    paths = files(0.25)
    assert door("compare-scores", *paths, "--margin", "1").code == 0
    assert door("compare-scores", *paths, "--margin", "0.05").code == 1
    wide, narrow = (door("compare-scores", *paths, "--json", "--alpha", alpha).document for alpha in ("0.01", "0.2"))
    assert wide["lower"] < narrow["lower"]
    suite = door("compare-scores", *paths, "--json", "--target", "suite").document
    assert suite["target"] == "suite"
    assert any("exactly these scenarios" in warning for warning in suite["warnings"])
    assert suite["standard_error"] == wide["standard_error"] != suite["suite"]["standard_error"]


def test_the_configured_policy_counts_and_flags_win(door: Door, files) -> None:
    """A [policy] of the settings file holds here as for the gate; a flag beats it."""
    paths = files()
    Path("harness.toml").write_text("[policy]\nmargin = 0.01\nleast_clusters = 41\n")
    configured = door("compare-scores", *paths, "--json").document
    assert (configured["margin"], configured["decision"]) == (0.01, "inconclusive")
    assert configured["reasons"][0]["code"] == "too_few_clusters"
    assert door("compare-scores", *paths, "--json", "--margin", "0.3").document["margin"] == 0.3
    Path("other.toml").write_text("[policy]\n")
    assert door("compare-scores", *paths, "--config", "other.toml").code == 0


def test_rows_that_are_not_there_need_a_word(door: Door, files) -> None:
    """Lost low scores do not PASS; the flag that explains them lets the rest decide."""
    new, old = files(0.25)
    rows = [line for line in new.read_text().splitlines() if not line.endswith(("2.0", "1.0"))]
    new.write_text("\n".join(rows))
    done = door("compare-scores", new, old, "--json", "--margin", "0.3")
    assert (done.code, done.document["reasons"][0]["code"]) == (3, "rows_absent")
    assert door("compare-scores", new, old, "--margin", "0.3", "--unequal-repeats").code == 0


def test_too_many_missing_scores_are_invalid(door: Door, files) -> None:
    """An arm with more than 5 % empty scores ends in 4."""
    new, old = files()
    new.write_text(new.read_text().replace(",5.0", ","))
    done = door("compare-scores", new, old, "--json")
    assert (done.code, done.document["decision"]) == (4, "invalid")
    assert done.document["missing"]["candidate"]["missing"] > 10


def test_few_missing_scores_and_new_scenarios_are_warned_of(door: Door, files) -> None:
    """What the gate cautions about comes as warnings, and unpaired scenarios are listed."""
    new, old = files()
    lines = new.read_text().splitlines()
    lines[1] = lines[1].rsplit(",", 1)[0] + ","
    new.write_text("\n".join([*lines, *(f"fresh,{repeat},5" for repeat in range(5))]))
    done = door("compare-scores", new, old, "--json")
    assert done.code == 0
    assert done.document["unpaired"] == {"added": ["fresh"], "removed": []}
    assert [warning.split(":")[0] for warning in done.document["warnings"]] == [
        "Missing scores",
        "Not compared, because the baseline has no counterpart",
    ]
    shown = door("compare-scores", new, old).out
    assert "Cautions" in shown
    assert "1 new since the baseline: fresh" in shown


def test_mistakes_of_files_end_in_2_at_their_places(door: Door) -> None:
    """Every mistake of both files is said at once, on stderr and in the one document."""
    Path("new.csv").write_text("scenario,repeat,scroe\na,0,5\n")
    Path("old.csv").write_text("scenario,repeat,score\na,0,6\na,x,5\n")
    done = door("compare-scores", "new.csv", "old.csv", "--json")
    assert done.code == 2
    for place in (
        "new.csv:1: column 'scroe': unknown; did you mean 'score'?",
        "old.csv:2: column 'score': '6' is not",
        "old.csv:3: column 'repeat'",
    ):
        assert place in done.err
        assert place in done.document["error"]
    assert done.document["exit_code"] == 2


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("new.csv",), "BASELINE"),
        (("new.csv", "nowhere.csv"), "nowhere.csv: cannot be read"),
        (("new.csv", "."), "directory"),
        (("new.csv", "old.csv", "--margin", "0"), "--margin"),
        (("new.csv", "old.csv", "--margin", "nan"), "--margin"),
        (("new.csv", "old.csv", "--alpha", "0.5"), "--alpha"),
        (("new.csv", "old.csv", "--alpha", "nan"), "--alpha"),
        (("new.csv", "old.csv", "--target", "users"), "suite"),
        (("new.csv", "old.csv", "--mragin", "1"), "--margin"),
        (("new.csv", "old.csv", "--config", "nowhere.toml"), "nowhere.toml"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_words_that_cannot_be_are_usage(door: Door, files, words: tuple[str, ...], meant: str) -> None:
    """Missing files and values out of range end in 2 and name the flag or the file, in JSON too."""
    files()
    done = door("compare-scores", *words)
    assert (done.code, done.out) == (2, "")
    assert meant in done.err
    assert json.loads(door("compare-scores", *words, "--json").out)["exit_code"] == 2


def test_a_name_cannot_drive_the_terminal_or_the_ci(door: Door) -> None:
    """Control characters and CI commands in a scenario's name are shown, not obeyed."""
    name = "\x1b[31m::error::owned\n##[group]x"
    new, old = table(12, 5, 4, 0.9), table(12, 20, 51)
    files = [
        write_rows(Path(path), rows_of({name if key == "s03" else key: scores for key, scores in one.items()}))
        for path, one in (("new.csv", new), ("old.csv", old))
    ]
    shown = door("compare-scores", *files).out
    assert "\x1b" not in shown
    assert "::error" not in shown
    assert "##[" not in shown
    assert any(row["scenario"] == name for row in door("compare-scores", *files, "--json").document["worst"])
