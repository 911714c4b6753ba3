"""What headers say about how much is left."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.targets.rate_headers import remaining_of

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({"ratelimit": '"default";r=50;t=30'}, (50, 30)),
        ({"ratelimit": '"burst";r=100;t=60, "daily, all";r=7;t=36000'}, (7, 36000)),
        ({"ratelimit": '"p";t=30;r=0;pk=:aGk=:'}, (0, 30)),
        ({"ratelimit": "limit=100, remaining=3, reset=20"}, (3, 20)),
        ({"ratelimit-remaining": "4", "ratelimit-reset": "5"}, (4, 5)),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1.5"}, (0, 1)),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) + 9)}, (0, 9)),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str((int(NOW) + 9) * 1000)}, (0, 9)),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) - 9)}, (0, 0)),
        ({"ratelimit": "nonsense", "x-ratelimit-remaining": "2", "x-ratelimit-reset": "3"}, (2, 3)),
        ({"x-ratelimit-remaining": "2"}, None),
        ({"x-ratelimit-remaining": "-2", "x-ratelimit-reset": "3"}, None),
        ({"x-ratelimit-remaining": "many", "x-ratelimit-reset": "soon"}, None),
        ({"ratelimit": "limit=100, remaining=3"}, None),
        ({}, None),
    ],
)
def test_every_spelling_is_read(headers, found):
    """The three drafts, seconds and moments, the tightest of several policies; what cannot be read is not said."""
    assert remaining_of(headers, NOW) == found


@given(st.dictionaries(st.sampled_from(["ratelimit", "ratelimit-remaining", "ratelimit-reset", "x-ratelimit-reset"]), st.text(max_size=50)))
def test_no_header_can_hurt(headers):
    """Whatever stands there: nothing, or two numbers that are not negative."""
    found = remaining_of(headers, NOW)
    assert found is None or (found[0] >= 0 and found[1] >= 0)
