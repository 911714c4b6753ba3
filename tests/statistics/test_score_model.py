"""The simulated conversations have the mean, the spread and the drop that they claim."""

import numpy as np
import pytest

from harness.statistics.score_model import BASE, HARDEST_HIT, MODELS, Drop

PUBLISHED = {"quiet": (0.51, None), "base": (0.63, 0.23), "noisy": (0.76, 0.46)}
"""Standard deviation within scenarios, share of perfect scores."""


NONE = Drop()


def sample(model, drop=NONE, runs=150, scenarios=40, repeats=20):
    rng = np.random.default_rng(1)
    baseline, green = drop.centres(model, rng, (runs, scenarios))
    return model.conversations(rng, baseline, repeats), model.conversations(rng, green, repeats)


@pytest.mark.parametrize("name", MODELS)
def test_published_moments(name):
    """Mean 4.2, and the published spread and share of perfect scores."""
    scores, _ = sample(MODELS[name])
    conversations = scores.mean(axis=-1)
    within, perfect = PUBLISHED[name]
    assert conversations.mean() == pytest.approx(4.2, abs=0.015)
    assert conversations.var(axis=-1, ddof=1).mean() ** 0.5 == pytest.approx(within, abs=0.015)
    if perfect is not None:
        assert (conversations == 5).mean() == pytest.approx(perfect, abs=0.015)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(
    ("size", "shape"), [(0.0, "uniform"), (0.4, "uniform"), (-0.2, "uniform"), (0.2, "concentrated"), (0.4, "concentrated")]
)
def test_the_drop_is_exact_on_the_observed_scale(name, size, shape):
    """Green's observed mean lies below by exactly the drop, ceiling and all, however it is spread."""
    baseline, green = sample(MODELS[name], Drop(size, shape), runs=150, repeats=10)
    lost = baseline.mean(axis=(1, 2, 3), dtype=np.float64) - green.mean(axis=(1, 2, 3), dtype=np.float64)
    assert lost.mean() == pytest.approx(size, abs=4 * lost.std() / 150**0.5)


def test_a_concentrated_drop_hits_a_tenth():
    """A fifth of a point over all is two points on a tenth; where that would be more than three, more are hit."""
    assert Drop(0.2, "concentrated").share == pytest.approx(0.1)
    assert Drop(0.4, "concentrated").share == pytest.approx(0.4 / HARDEST_HIT)
    assert Drop(0.4).share == Drop(0.0, "concentrated").share == 1.0
    baseline, green = sample(BASE, Drop(0.2, "concentrated"), repeats=40)
    lost = (baseline - green).mean(axis=(2, 3)) > 1.0
    assert lost.mean() == pytest.approx(0.1, abs=0.01)
    assert lost.mean(axis=1).std() > 0.02


def test_latent_mean_inverts_the_observed_one():
    """Solved in closed form, to the last digit that matters; ends of the scale cannot be reached and are refused."""
    for observed in (1.05, 3.0, 4.2, 4.95):
        assert BASE.observed_mean(BASE.latent_mean(observed)) == pytest.approx(observed, abs=1e-9)
    for impossible in (1.0, 5.0, 6.0):
        with pytest.raises(ValueError, match="between 1 and 5"):
            BASE.latent_mean(impossible)
    with pytest.raises(ValueError, match="between 1 and 5"):
        Drop(-0.9).centres(BASE, np.random.default_rng(1), (1, 1))
