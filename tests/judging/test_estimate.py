"""What judging is expected to use, before anything is asked."""

from __future__ import annotations

import pytest

from harness.judging.estimate import ASSUMED_OUTPUT, FURTHER, JudgingEstimate, counted, estimated, fresh_tokens, imagined, prefix_tokens
from harness.language_model.door import SystemBlock
from harness.language_model.money.prices import Prices
from harness.language_model.usage import Usage
from harness.scenarios.model import Turn
from tests.fakes.messages_api.api import FakeMessagesApi
from tests.fakes.messages_api.server import serving
from tests.fakes.model_requests import MODEL, PRICES, doors_to, judge_request, text_request
from tests.fakes.small_shop import scenario_of

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


def asked(number, part="facts"):
    return judge_request(f"Reply number {number}.", purpose=f"judge:{part}:ask")


QUESTIONS = [(asked(number), asked(number, "quality")) if number % 2 else (asked(number),) for number in range(8)]
ESTIMATE = estimated(QUESTIONS, "Invented.", None)


def test_tokens_are_told_apart_as_they_are_paid():
    """A kept system prompt is prefix, everything else is fresh; Japanese counts a token for a sign."""
    request = text_request("日本語 abc", system=(SystemBlock("x" * 35, "5m"), SystemBlock("y" * 7)))
    assert prefix_tokens(request) == pytest.approx(10)
    assert fresh_tokens(request) == pytest.approx(2 + 3 + 4 / 3.5)
    assert fresh_tokens(judge_request()) > fresh_tokens(judge_request(schema=None))


def test_each_kind_of_call_has_its_share():
    """Half of the conversations are asked about quality, all of them about facts."""
    assert [(call.part, call.model, call.share) for call in ESTIMATE.calls] == [("facts", MODEL, 1.0), ("quality", MODEL, 0.5)]
    assert all(call.output == ASSUMED_OUTPUT for call in ESTIMATE.calls)
    assert {call.output for call in estimated(QUESTIONS, "", 321.0).calls} == {321.0}


def test_the_first_call_writes_the_prompt_and_the_others_read_it():
    """Usage follows the number of conversations, the share and the assumed further calls; none for none."""
    call = ESTIMATE.calls[1]
    usage = ESTIMATE.usage(call, 80)
    assert usage.output_tokens == 80 * 0.5 * FURTHER * ASSUMED_OUTPUT
    assert usage.cache_write_tokens == pytest.approx(call.prefix, abs=1)
    assert usage.cache_read_tokens == pytest.approx((80 * 0.5 * FURTHER - 1) * call.prefix, abs=1)
    assert ESTIMATE.usage(call, 0) == Usage()
    assert ESTIMATE.total(80) == usage + ESTIMATE.usage(ESTIMATE.calls[0], 80)


def test_money_is_there_where_there_are_prices():
    """Batches cost their share; an unpriced model makes the whole unknown; nobody asked costs nothing."""
    assert ESTIMATE.cost(PRICES, 80, batch=True) * 2 == ESTIMATE.cost(PRICES, 80)
    assert ESTIMATE.cost(Prices(), 80) is None
    assert JudgingEstimate((), ()).cost(Prices(), 80) == 0


async def test_the_service_counts_where_it_can():
    """Counted on a few questions of each kind, tokens are the service's own to within one; nothing is billed."""
    with serving(FakeMessagesApi()) as (api, url):
        async with doors_to(url) as doors:
            found = await counted(ESTIMATE, QUESTIONS, doors.model)
        truth = api.count({"system": [{"text": asked(1).system[0].text}], "messages": [{"role": "user", "content": asked(1).messages[0].text}],
                           "output_config": {"format": {"type": "json_schema", "schema": asked(1).schema}}})  # fmt: skip
        assert api.ledger.bills == []
        assert sum(one.path.endswith("count_tokens") for one in api.asked) == 8
    assert found.calls[0].prefix + found.calls[0].fresh == pytest.approx(truth, rel=0.02)
    assert "counted by the service" in found.assumptions[1]


async def test_a_service_that_does_not_count_leaves_the_rule_of_thumb():
    """The reason is an assumption more, and the figures stay."""
    with serving(FakeMessagesApi()) as (_, url):
        async with doors_to(url, key="sk-ant-wrong-key-0001") as doors:
            found = await counted(ESTIMATE, QUESTIONS, doors.model)
    assert found.calls == ESTIMATE.calls
    assert "did not count tokens: HTTP 401" in found.assumptions[-1]


def test_a_conversation_that_was_never_held_has_the_suites_turns():
    """Every turn is answered at typical length, and the conversation is one that would be judged."""
    scenario = scenario_of(Turn(say="One?"), Turn(say="Two?"))
    held = imagined(scenario)
    assert [one.sent for one in held.exchanges] == ["One?", "Two?"]
    assert {len(one.reply.text) for one in held.exchanges} == {400}
    assert held.valid
    assert not held.failed


def test_a_request_without_a_part_is_its_own_kind():
    """Purposes of another form are taken whole."""
    (call,) = estimated([(text_request(purpose="user"),)], "", None).calls
    assert (call.part, call.prefix) == ("user", 0)
