"""Whatever a bot or a model says, users are played on: nothing raises, and nothing of it is believed."""

from __future__ import annotations

from random import Random

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.conversations.transcript import EndReason
from harness.records.redact import redact
from harness.simulated_users.contract import Moment, breach_of
from harness.simulated_users.question import read_answer
from harness.variants.rewriting import rewritten
from harness.variants.tables import shipped_tables
from tests.fakes.gift_shop import GOAL, PERSONA, USER, simulated, talk
from tests.fakes.scripted_target import reply
from tests.fakes.small_shop import NAMES

TEXT = st.text(max_size=120) | st.sampled_from(
    ["\u202e\u0000", "﷽" * 40, "{{ captured.x }}", "𝔥𝔬𝔴 𝔪𝔞𝔶 ℑ 𝔥𝔢𝔩𝔭", "ＨＯＷ　ＣＡＮ　Ｉ　ＨＥＬＰ"]
)


@given(line=TEXT, heard=TEXT, language=st.sampled_from(["en", "ja"]))
def test_any_line_is_held_against_the_contract(line, heard, language):
    """The contract answers for every text, the same for the same one."""
    moment = Moment(2, language, (heard,), heard, (GOAL, PERSONA), {"age": ("10",)})
    first, again = (breach_of(line, moment, NAMES.any_language) for _ in range(2))
    assert first == again


@given(line=TEXT, seed=st.integers(0, 10**6), kind=st.sampled_from(["paraphrase", "title_script", "politeness", "typos"]))
def test_any_line_has_a_variant_of_bounded_length(line, seed, kind):
    """Rewriting adds at most an opening or a longer phrase."""
    assert len(rewritten(line, kind, Random(seed), NAMES, shipped_tables())) <= 4 * len(line) + 200


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=9), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_any_answer_is_read_or_refused(data):
    """No data of a model can break the reading of them."""
    assert isinstance(read_answer(data, "n"), str)


@pytest.mark.parametrize(
    "payload",
    [
        None, [], 7, {"products": 7}, {"products": [7, None, {"id": ["x"]}]}, {"products": [{"id": "x" * 900}] * 60},
        {"products": [{"id": "hanako@example.jp"}]},
    ],
)  # fmt: skip
def test_no_payload_of_a_bot_breaks_a_user(payload):
    """Oddly shaped suggestions are none; what is kept of them is short, and holds no personal data where it leaves the run."""
    rejects = {"times": 1, "say": {"en": ["Not that one."]}}
    scenario = simulated(rejects=rejects, slots=[USER["slots"][0]], milestones=[{**USER["milestones"][0], "after": []}])
    for seed in range(6):
        transcript = anyio.run(talk, scenario, lambda *_: reply("Hm, what genre? \ud800", payload), seed)
        assert transcript.ended is EndReason.COMPLETED
        again = redact(transcript).simulation.suggested_again
        assert all(len(name) <= 80 and "@" not in name for name in again)
        assert len(again) <= 20
