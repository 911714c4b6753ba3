"""The form of a suite: who belongs to whom."""

import numpy as np
import pytest

from harness.statistics.score_model import BASE, Drop
from harness.statistics.suite_form import PLAIN, SuiteForm


def test_scenarios_are_dealt_out():
    """Weights go round, rows stand next to each other, intents and languages cross."""
    form = SuiteForm((1.0, 2.0), cluster_size=2, intents=2, languages=2)
    assert form.weights_of(5).tolist() == [1, 2, 1, 2, 1]
    assert form.clusters(9).tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4]
    assert form.intent(9).tolist() == [0, 0, 1, 1, 0, 0, 1, 1, 0]
    assert form.language(9).tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 0]
    assert form.independent(9) == 5
    assert PLAIN.clusters(3).tolist() == [0, 1, 2]


def test_groups_are_those_that_are_large_enough():
    """An intent and a language each; where there is only one it is the suite, and small ones are left out."""
    assert [int(group.sum()) for group in SuiteForm(intents=2, languages=4).groups(40, 6)] == [20, 20, 10, 10, 10, 10]
    assert SuiteForm(intents=8).groups(40, 6) == ()
    assert PLAIN.groups(40, 6) == ()


def test_a_cluster_has_its_centres_in_common():
    """Rows of one table share what their scenario, and what each build, adds; a concentrated drop hits them together."""
    for drop in (Drop(), Drop(0.2, "concentrated")):
        stored, centres = drop.centres(BASE, np.random.default_rng(1), (50, 12), SuiteForm(cluster_size=3))
        for found in (stored, centres):
            assert (found.reshape(50, 4, 3) == found.reshape(50, 4, 3)[..., :1]).all()
            assert found[:, ::3].std() > 0.3


def test_only_the_first_intent_loses():
    """The loss is exact on the observed scale in the intent that it falls on, and nothing elsewhere."""
    form, rng = SuiteForm(intents=2), np.random.default_rng(2)
    stored, centres = Drop(intent=0.5).centres(BASE, rng, (800, 20), form)
    lost = (BASE.conversations(rng, stored, 10) - BASE.conversations(rng, centres, 10)).mean(axis=(0, 2, 3), dtype=np.float64)
    assert lost[form.intent(20) == 0].mean() == pytest.approx(0.5, abs=0.02)
    assert lost[form.intent(20) == 1].mean() == pytest.approx(0.0, abs=0.02)


@pytest.mark.parametrize(
    "broken", [{"weights": ()}, {"weights": (1.0, 0.0)}, {"weights": (float("nan"),)}, {"cluster_size": 0}, {"intents": 0}]
)
def test_forms_that_cannot_be_are_refused(broken):
    """Weights are positive numbers, and counts at least 1."""
    with pytest.raises(ValueError, match=r"weights|at least 1"):
        SuiteForm(**broken)
