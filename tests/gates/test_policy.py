"""The policy's limits, and that it is part of what a verdict answers for."""

import pytest
from pydantic import ValidationError

from harness.frozen import fingerprint
from harness.gates.policy import GatePolicy


@pytest.mark.parametrize(
    "setting",
    [
        {"margin": 0},
        {"margin": 5},
        {"alpha": 0.5},
        {"target": "everybody"},
        {"policy": "hope"},
        {"family_alpha": 0},
        {"unknown": 1},
        {"margin": "0.2"},
    ],
)
def test_refuses_what_makes_no_sense(setting):
    """Values outside their range, unknown names and wrong types are refused."""
    with pytest.raises(ValidationError):
        GatePolicy(**setting)


def test_every_setting_changes_the_fingerprint():
    """Two policies that decide differently never share a fingerprint."""
    assert fingerprint(GatePolicy(margin=0.3)) != fingerprint(GatePolicy())
    assert fingerprint(GatePolicy()) == fingerprint(GatePolicy(margin=0.2))


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"looks": ()}, "numbers of repeats"),
        ({"looks": (0, 2)}, "numbers of repeats"),
        ({"looks": (1, 5000)}, "numbers of repeats"),
        ({"looks": (1, 4, 4)}, "have to grow"),
        ({"looks": (4, 2)}, "have to grow"),
        ({"looks": (1, 4), "extension": (4,), "reserve_alpha": 0.01}, "have to grow"),
        ({"extension": (30,)}, "needs a reserve_alpha"),
        ({"reserve_alpha": 0.01}, "needs an extension"),
        ({"extension": (30,), "reserve_alpha": 0.05}, "between 0 and alpha"),
        ({"looks": (1, 4), "cap": 8}, "leave one of them out"),
        ({"stopping": "anytime", "policy": "fast"}, "policy prove alone"),
        ({"stopping": "anytime", "policy": "point"}, "policy prove alone"),
        ({"stopping": "anytime", "on_inconclusive": "literal"}, "no literal rule"),
        ({"stopping": "anytime", "extension": (30,), "reserve_alpha": 0.01}, "no extension"),
    ],
)
def test_refuses_plans_that_do_not_hold_together(setting, said):
    """Looks that do not grow, extensions that nothing was kept for, and repeats added by hand to rules that cannot bear them."""
    with pytest.raises(ValidationError, match=said):
        GatePolicy(**setting)


def test_a_plan_that_holds_together_is_taken():
    """Explicit looks with their cap, an extension with its share of alpha, and anytime under prove."""
    assert GatePolicy(looks=(1, 4), cap=4, extension=(8, 12), reserve_alpha=0.01).extension == (8, 12)
    assert GatePolicy(stopping="anytime", on_inconclusive="allow", cap=40).cap == 40


def test_the_margin_of_groups_follows_the_margin():
    """One and a half times the margin, unless it is said."""
    assert GatePolicy().group_margin == pytest.approx(0.3)
    assert GatePolicy(margin=0.4).group_margin == pytest.approx(0.6)
    assert GatePolicy(guardrail_margin=0.5).group_margin == 0.5
