"""What a judge's scores are good for: each line of the rule, on both of its sides."""

from __future__ import annotations

import pytest

from harness.calibration.calibration import ArmBias, Interval, Measures, Status
from harness.calibration.status import rule


def found(**fields: object) -> Measures:
    """Measures in which everything is fine, but for what is given."""
    known = {
        "items": 100, "labels": 200, "raters": 2, "rated_twice": 100, "units": 100, "prevalence": {}, "human_kappa": 0.8,
        "human_alpha": Interval(value=0.8, lower=0.7, upper=0.9), "kappa": Interval(value=0.8, lower=0.7, upper=0.9), "ratio": 1.0,
        "bias": Interval(value=0.0), "slope": 1.0, "error": 0.5, "pearson": None, "spearman": None, "kendall": None, "exact": 0.8,
        "within_one": 1.0, "coverage": 1.0, "categories": (1, 2), "confusion": ((1, 0), (0, 1)), "arms": (), "map": None,
    }  # fmt: skip
    return Measures(**{**known, **fields})


def kappa(lower: float) -> Interval:
    return Interval(value=0.75, lower=lower, upper=0.9)


def arms(*biases: float) -> tuple[ArmBias, ...]:
    return tuple(ArmBias(arm=f"arm {number}", labelled=50, bias=Interval(value=bias)) for number, bias in enumerate(biases))


ALONE = {"human_alpha": None, "human_kappa": None, "ratio": None, "rated_twice": 0}


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, Status.GATING),
        ({"ratio": 0.85, "kappa": kappa(0.40)}, Status.GATING),
        ({"ratio": 0.849}, Status.ADVISORY),
        ({"kappa": kappa(0.399)}, Status.ADVISORY),
        ({"ratio": 0.6}, Status.ADVISORY),
        ({"ratio": 0.599}, Status.OFF),
        ({"arms": arms(4.15, 4.0)}, Status.GATING),
        ({"arms": arms(-0.08, 0.08)}, Status.ADVISORY),
        ({"arms": arms(0.9)}, Status.GATING),
        ({"arms": arms(0.0, 0.1, 0.2)}, Status.ADVISORY),
        ({"ratio": 0.5, "arms": arms(0.0, 2.0)}, Status.OFF),
        ({**ALONE, "kappa": kappa(0.60)}, Status.GATING),
        ({**ALONE, "kappa": kappa(0.599)}, Status.ADVISORY),
        ({**ALONE, "kappa": kappa(0.40)}, Status.ADVISORY),
        ({**ALONE, "kappa": kappa(0.399)}, Status.OFF),
        ({**ALONE, "kappa": kappa(0.7), "arms": arms(0.0, 0.2)}, Status.ADVISORY),
        ({**ALONE, "kappa": Interval(value=0.9)}, Status.OFF),
        ({"kappa": Interval(value=None)}, Status.OFF),
        ({"human_alpha": Interval(value=0.2)}, Status.GATING),
        ({"human_alpha": Interval(value=0.199)}, Status.OFF),
        ({"human_alpha": Interval(value=None)}, Status.OFF),
        ({"units": 9}, Status.UNCALIBRATED),
        ({"units": 10}, Status.GATING),
    ],
)
def test_the_rule(fields: dict[str, object], status: Status):
    """Every threshold belongs to the better side, and each status comes with a reason."""
    ruling = rule(found(**fields))
    assert ruling.status is status
    assert ruling.reasons
    assert (ruling.advice is None) == (status is Status.GATING)


def test_people_who_do_not_agree_have_to_rewrite_the_criterion():
    """The judge cannot mend what people read differently."""
    ruling = rule(found(human_alpha=Interval(value=0.15), ratio=1.4))
    assert ruling.advice == "rewrite the criterion, not the judge: people read it differently"
    assert "their alpha is 0.15" in ruling.reasons[0]


def test_the_gravest_reason_comes_first():
    """A bias that depends on the arm is named before the agreement, with its size."""
    ruling = rule(found(arms=arms(0.1, 0.35)))
    assert ruling.reasons[0].startswith("The judge is milder in one arm than in another by 0.25 points")
    assert len(ruling.reasons) == 2
