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
