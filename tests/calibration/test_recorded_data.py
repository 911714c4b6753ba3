"""Recorded judges and labels of people, published with their sources: the tables come out, and the useless judge is refused.

The data are taken from the folder that HARNESS_RECORDED_DATA names; without it there is nothing to hold these figures against.
"""

from __future__ import annotations

import csv
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pytest

from harness.calibration.calibrate import calibrate
from harness.calibration.calibration import Calibration, Measures, Status
from harness.calibration.labels import read_labels
from harness.statistics.agreement import agreement_share, coverage

FOLDER = os.environ.get("HARNESS_RECORDED_DATA")
CLOSE = 0.001
Row = Mapping[str, str]

pytestmark = pytest.mark.skipif(not FOLDER, reason="HARNESS_RECORDED_DATA names no folder of recorded judges and human labels")


@pytest.fixture(scope="module")
def expected() -> dict:
    return json.loads((Path(FOLDER) / "expected.json").read_text(encoding="utf-8"))


@pytest.fixture
def calibrated(tmp_path: Path):
    """Write rows of labels as a file of ours and calibrate on it."""

    def through_a_file(rows: Iterable[tuple[object, ...]]) -> Calibration:
        path = tmp_path / "labels.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("item", "dimension", "rater", "human", "judge"), *rows])
        return calibrate(read_labels([path]), "recorded", "f" * 16, "2026-11-01T00:00:00Z")

    return through_a_file


def table(name: str) -> list[Row]:
    with (Path(FOLDER) / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def rubric_rows(split: str, questions: Iterable[str], answer: str) -> list[tuple[object, ...]]:
    """LLM-Rubric as labels: the judge's answer is the likeliest one, or the mean of its answer distribution."""
    raters: dict[tuple[str, str], int] = defaultdict(int)
    found: list[tuple[object, ...]] = []
    for row in table("llm_rubric_dialogues.csv"):
        if row["split"] != split or row["question"] not in questions:
            continue
        chances = [float(row[f"p{level}"]) for level in range(1, 5)]
        mean = sum(level * chance for level, chance in enumerate(chances, start=1)) / sum(chances)
        key = row["dialogue"], row["question"]
        raters[key] += 1  # some annotators came twice
        judge = mean if answer == "exp" else 1 + chances.index(max(chances))
        found.append((row["dialogue"], row["question"], f"rater {raters[key]}", row["human_1to4"], judge))
    return found


def assert_published(found: Measures, published: Mapping[str, float]) -> None:
    ours = {
        "n": found.labels, "rmse": found.error, "pearson": found.pearson, "spearman": found.spearman, "kendall": found.kendall,
        "bias": found.bias.value, "qwk": found.kappa.value,
    }  # fmt: skip
    for name, value in published.items():
        assert ours[name] == pytest.approx(value, abs=CLOSE), name


def test_a_nearly_useless_judge_is_refused(calibrated, expected: dict):
    """GPT-3.5 on overall satisfaction in LLM-Rubric: r .18, kappa .04; it comes out as published, and off."""
    (found,) = calibrated(rubric_rows("real", ["Q0"], "exp")).dimensions
    assert_published(found.measures, expected["llm_rubric"]["real/Q0/exp"])
    assert found.status is Status.OFF


def test_people_who_do_not_agree_get_their_criterion_rewritten(calibrated, expected: dict):
    """AB-ReDial's dialogues: alphas of .20 to .31 from three raters and missing cells, and one of them is under .2."""
    published = expected["abredial_dialogue_alpha"]
    labels = [(row["dialogue"], name, row["annotator"], row[name], 1) for row in table("abredial_dialogues.csv") for name in published]
    found = {one.dimension: one for one in calibrated(labels).dimensions}
    for name, alpha in published.items():
        assert found[name].measures.human_alpha.value == pytest.approx(alpha, abs=CLOSE)
    assert [name for name, one in found.items() if one.advice and one.advice.startswith("rewrite the criterion")] == ["efficiency"]


@pytest.mark.parametrize("answer", ["exp", "arg"])
@pytest.mark.parametrize("split", ["real", "synth"])
def test_every_published_figure_of_llm_rubric_comes_out(calibrated, expected: dict, split: str, answer: str):
    """Size, error, three correlations, bias and kappa of three questions, to .001; none of these judges may gate or advise."""
    questions = {name.split("/")[1] for name in expected["llm_rubric"] if name.startswith(f"{split}/") and name.endswith(f"/{answer}")}
    found = calibrated(rubric_rows(split, questions, answer)).dimensions
    assert {one.dimension for one in found} == questions == {"Q0", "Q6", "Q8"}
    for one in found:
        assert_published(one.measures, expected["llm_rubric"][f"{split}/{one.dimension}/{answer}"])
        assert one.status is Status.OFF
    if split == "synth":
        alpha = next(one.measures.human_alpha for one in found if one.dimension == "Q0")
        assert alpha.value == pytest.approx(expected["llm_rubric"]["synth/Q0/human_alpha_ordinal"], abs=CLOSE)


@pytest.mark.slow
def test_every_published_figure_of_five_judges_on_summaries_and_chat_comes_out(calibrated, expected: dict):
    """SummEval and USR: five judges and their panel in ten dimensions, on five-point, three-point and yes/no scales, to .001."""
    rows: dict[tuple[str, str], dict[str, list[tuple[str, float]]]] = defaultdict(lambda: defaultdict(list))
    human: dict[tuple[str, str, str], str] = {}
    for row in table("gereval_summeval_usr.csv"):
        rows[row["dataset"], row["dimension"]][row["judge"]].append((row["item"], float(row["judge_score"])))
        human[row["dataset"], row["dimension"], row["item"]] = row["human"]
    checked = 0
    for (dataset, dimension), judges in rows.items():
        scores: dict[str, list[float]] = defaultdict(list)
        for given in judges.values():
            for item, score in given:
                scores[item].append(score)
        panel = {"PANEL5": [(item, sum(all_) / len(all_)) for item, all_ in scores.items()]}
        for judge, given in {**judges, **panel}.items():
            labels = [(item, dimension, "mean", human[dataset, dimension, item], repr(score)) for item, score in given]
            (found,) = calibrated(labels).dimensions
            assert_published(found.measures, expected["gereval"][f"{dataset}/{dimension}/{judge}"])
            checked += 1
    assert checked == len(expected["gereval"]) == 60


def test_alphas_of_turns_come_out(calibrated, expected: dict):
    """AB-ReDial's turns: 640 items, three raters or more, to .001."""
    published = expected["abredial_turn_alpha"]
    labels = [
        (f"{row['dialogue']}/{row['turn']}", name, row["annotator"], row[name], 1)
        for row in table("abredial_turns.csv")
        for name in published
    ]
    found = {one.dimension: one.measures.human_alpha.value for one in calibrated(labels).dimensions}
    assert found == pytest.approx(published, abs=CLOSE)


def test_pairwise_judges_come_out(expected: dict):
    """LLMBar: accuracy over both orders, agreement when the order is swapped, first-position rate; four judges, three prompts, to .001."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in table("llmbar_pairwise.csv"):
        groups[f"{row['judge']}/{row['prompt']}/{row['subset']}"].append(row)
    assert groups.keys() == expected["llmbar"].keys()
    for name, published in expected["llmbar"].items():
        gold, first, swapped = (
            [float(row[column] or "nan") for row in groups[name]] for column in ("gold", "winner_original", "winner_swapped")
        )
        size, answers = 2 * len(gold), [*first, *swapped]
        answered = coverage(answers, [1.0] * size)
        ours = {
            "n": len(gold),
            "acc": agreement_share(answers, [*gold, *gold]) * answered,
            "swap_agree": agreement_share(np.nan_to_num(first), np.nan_to_num(swapped)),  # two answers of nothing are the same
            "first_position": agreement_share(answers, [1.0] * len(gold) + [2.0] * len(gold)) * answered,
            "invalid": size * (1 - answered),
        }
        assert ours == pytest.approx(published, abs=CLOSE), name
