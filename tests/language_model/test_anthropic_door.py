"""Claude through the Messages API, on real sockets: answers, and every way of not getting one."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from harness.language_model.door import FailureKind, Message, ModelAnswer, ModelFailure
from harness.language_model.usage import Usage
from tests.fakes.messages_api.temper import Page, Reset, Temper, always, every, overloaded, rate_limited
from tests.fakes.messages_api.wire import Problem
from tests.fakes.model_requests import BOUNDARY, CRITERIA, MODEL, doors_to, judge_request, text_request
from tests.fakes.raw_http import free_port

pytestmark = pytest.mark.anyio


async def asked(url, request, **fields):
    async with doors_to(url, **fields) as doors:
        return await doors.model.ask(request)


async def test_a_judgement_comes_back_as_checked_data(serve):
    """The answer is data of the schema, with the model's id, what it used, and the provider's name for the call."""
    api, url = serve()
    answer = await asked(url, judge_request("Naruto is 528 yen. ⟦no:politeness⟧"))
    assert isinstance(answer, ModelAnswer)
    assert answer.data["nonce_echo"] == BOUNDARY
    assert {entry["id"]: entry["verdict"] for entry in answer.data["criteria"]} == dict.fromkeys(CRITERIA, "yes") | {"politeness": "no"}
    assert answer.model == MODEL
    assert answer.request_id == api.ledger.bills[0].request_id
    bill = api.ledger.bills[0]
    assert answer.usage == Usage(bill.input, bill.output, 0, bill.cache_write_5m, 0)
    assert json.loads(answer.text) == answer.data


async def test_what_is_sent_is_what_the_api_takes_today(serve):
    """Bearer authentication, the version header, a cached system block, structured output and no sampling parameters."""
    api, url = serve()
    await asked(url, judge_request(effort="low", thinking="disabled"))
    sent = api.asked[0]
    assert sent.path == "/v1/messages"
    assert sent.headers["authorization"].startswith("Bearer ")
    assert "x-api-key" not in sent.headers
    assert sent.headers["anthropic-version"] == "2026-10-21"
    assert sent.body["system"][0]["cache_control"] == {"type": "ephemeral", "ttl": "5m"}
    assert sent.body["output_config"]["format"]["type"] == "json_schema"
    assert sent.body["output_config"]["effort"] == "low"
    assert sent.body["thinking"] == {"type": "disabled"}
    assert not {"temperature", "top_p", "top_k"} & set(sent.body)


async def test_text_is_answered_as_text(serve):
    """Without a schema the answer is text, and its data are none."""
    _, url = serve(speak=lambda body: f"You said {body['messages'][-1]['content']}")
    answer = await asked(url, text_request("good evening"))
    assert isinstance(answer, ModelAnswer)
    assert (answer.text, answer.data, answer.stop_reason) == ("You said good evening", None, "end_turn")


@pytest.mark.parametrize(
    ("temper", "kind", "charge_unknown"),
    [
        (Temper(refuses=1.0), FailureKind.REFUSED, False),
        (Temper(truncates=1.0), FailureKind.TRUNCATED, False),
        *((Temper(breaks=1.0, breakages=(how,)), FailureKind.INVALID, False) for how in ("not_json", "cut_json", "unknown_criterion", "extra_key", "bad_verdict", "empty")),
        (Temper(answers_as="claude-haiku-5-5"), FailureKind.WRONG_MODEL, False),
        (Temper(faults=always(rate_limited("7"))), FailureKind.RATE_LIMITED, False),
        (Temper(faults=always(overloaded())), FailureKind.OVERLOADED, False),
        (Temper(faults=always(Problem(503, "busy"))), FailureKind.OVERLOADED, False),
        (Temper(faults=always(Problem(500, "oops"))), FailureKind.SERVER_ERROR, False),
        (Temper(faults=always(Problem(504, "late"))), FailureKind.TIMEOUT, True),
        (Temper(faults=always(Problem(402, "no money"))), FailureKind.UNPAID, False),
        (Temper(faults=always(Problem(403, "not yours"))), FailureKind.UNAUTHORISED, False),
        (Temper(faults=always(Problem(418, "teapot"))), FailureKind.REJECTED, False),
        (Temper(faults=always(Reset("before"))), FailureKind.CUT, True),
        (Temper(faults=always(Reset("middle"))), FailureKind.CUT, True),
        (Temper(faults=always(Page())), FailureKind.UNREADABLE, True),
        (Temper(faults=always(Page(b'{"type": "message"}', content_type="application/json"))), FailureKind.UNREADABLE, True),
        (Temper(slow_s=5.0), FailureKind.TIMEOUT, True),
    ],
)  # fmt: skip
async def test_every_failure_has_its_kind_and_none_is_an_answer(serve, temper, kind, charge_unknown):
    """What goes wrong is a classified value that says whether it may have been billed."""
    _, url = serve(temper=temper)
    failure = await asked(url, judge_request(), timeout_s=0.3 if temper.slow_s else 30.0)
    assert isinstance(failure, ModelFailure)
    assert (failure.kind, failure.charge_unknown) == (kind, charge_unknown)
    assert failure.detail


async def test_every_call_is_sent_as_the_sdk_sends_the_first(serve):
    """Only the first request is put together by the SDK; those after it have the same head, and their own bodies."""
    api, url = serve()
    async with doors_to(url) as doors:
        for text in ("one", "two, and longer", "three"):
            assert isinstance(await doors.model.ask(text_request(text)), ModelAnswer)
    heads = [{name: value for name, value in sent.headers.items() if name != "content-length"} for sent in api.asked]
    assert heads == [heads[0]] * 3
    assert [sent.body["messages"][0]["content"] for sent in api.asked] == ["one", "two, and longer", "three"]


@pytest.mark.parametrize(
    "fault",
    [rate_limited("7"), overloaded(), Problem(504, "late"), Problem(402, "no money"), Problem(418, "teapot"), Reset("before"), Reset("middle"), Page()],
)  # fmt: skip
async def test_later_calls_fail_as_the_first_one_does(serve, fault):
    """Kind, sentence, status, pause and doubt about the bill do not depend on who put the request together."""
    _, first_url = serve(temper=Temper(faults=always(fault)))
    _, later_url = serve(temper=Temper(faults=every(2, fault)))
    first = await asked(first_url, text_request())
    async with doors_to(later_url) as doors:
        assert isinstance(await doors.model.ask(text_request()), ModelAnswer)
        later = await doors.model.ask(text_request())
    assert isinstance(first, ModelFailure)
    assert replace(later, request_id=first.request_id) == first
    assert (later.request_id is None) == (first.request_id is None)


async def test_failures_that_are_billed_say_what_they_cost(serve):
    """Refused, cut and misshapen answers and those of a wrong model are paid for, and their usage is kept."""
    for temper in (Temper(refuses=1.0), Temper(truncates=1.0), Temper(breaks=1.0), Temper(answers_as="claude-haiku-5-5")):
        api, url = serve(temper=temper)
        failure = await asked(url, judge_request())
        assert failure.usage.prompt_tokens == sum(api.ledger.total(name) for name in ("input", "cache_read", "cache_write_5m"))
        assert failure.usage.output_tokens == api.ledger.total("output") > 0


async def test_no_connection_is_told_from_a_broken_one():
    """A closed port was sent nothing, and hence bills nothing."""
    failure = await asked(f"http://127.0.0.1:{free_port()}", text_request())
    assert (failure.kind, failure.charge_unknown) == (FailureKind.UNREACHABLE, False)


async def test_the_pause_that_the_service_asks_for_is_passed_on(serve):
    """Retry-After is read in seconds, whatever its size; the cap is somebody else's."""
    _, url = serve(temper=Temper(faults=always(rate_limited("86400"))))
    failure = await asked(url, text_request())
    assert (failure.status, failure.retry_after_s) == (429, 86400.0)
    assert failure.request_id == "req_000001"


async def test_the_sdk_does_not_try_again_by_itself(serve):
    """One ask is one request: tries that nobody counts are money that nobody counts."""
    api, url = serve(temper=Temper(faults=always(overloaded())))
    await asked(url, text_request())
    assert len(api.asked) == 1


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"model": "claude-none"}, "HTTP 404: model: claude-none"),
        ({"max_tokens": 0}, "HTTP 400: max_tokens"),
        (
            {"messages": (Message("user", "Hi"), Message("assistant", "{"))},
            "HTTP 400: This model does not support assistant message prefill",
        ),
        ({"schema": {"type": "object", "properties": {}}}, "'additionalProperties' must be explicitly false"),
        ({"schema": {"type": "integer", "minimum": 1}}, "'minimum' is not supported"),
    ],
)
async def test_our_own_mistakes_are_rejected_with_the_services_words(serve, fields, says):
    """A request that the API does not take is one kind of failure, and its sentence says what to mend."""
    _, url = serve()
    failure = await asked(url, text_request(**fields))
    assert failure.kind is FailureKind.REJECTED
    assert says in failure.detail


async def test_long_answers_need_no_streaming(serve):
    """The SDK's guess at what takes too long does not apply: the time limit is ours, ten minutes included."""
    _, url = serve()
    assert isinstance(await asked(url, text_request(max_tokens=100_000), timeout_s=600.0), ModelAnswer)


async def test_a_wrong_key_is_unauthorised(serve):
    """The account is told apart from the request."""
    _, url = serve()
    failure = await asked(url, text_request(), key="sk-ant-wrong-wrong-wrong")
    assert failure.kind is FailureKind.UNAUTHORISED
    assert failure.kind.stops_the_run


async def test_an_alias_names_the_model_that_has_to_answer(serve):
    """The id that is read back is compared with the one that was pinned for it."""
    _, url = serve(temper=Temper(answers_as="claude-haiku-5-5"))
    answer = await asked(url, text_request(answers_as="claude-haiku-5-5"))
    assert isinstance(answer, ModelAnswer)


async def test_tokens_are_counted_before_anything_is_paid(serve):
    """The count is the provider's, and counting bills nothing."""
    api, url = serve()
    request = judge_request()
    async with doors_to(url) as doors:
        counted = await doors.model.count(request)
        assert api.ledger.bills == []
        answer = await doors.model.ask(request)
    assert counted == answer.usage.prompt_tokens


async def test_a_count_that_fails_is_a_failure(serve):
    """No number of tokens is made up."""
    _, url = serve()
    async with doors_to(url) as doors:
        assert (await doors.model.count(text_request(model="claude-none"))).kind is FailureKind.REJECTED


async def test_the_second_call_reads_the_system_prompt_from_the_cache(serve):
    """Identical system bytes are written once, read afterwards, and written again once they grew old."""
    api, url = serve()
    async with doors_to(url) as doors:
        usages = []
        for reply in ("One answer.", "Another answer.", "A third answer."):
            if reply.startswith("A third"):
                api.skip(301)
            usages.append((await doors.model.ask(judge_request(reply))).usage)
    system = usages[0].cache_write_tokens
    assert system > 1024
    assert [(usage.cache_read_tokens, usage.cache_write_tokens) for usage in usages] == [(0, system), (system, 0), (0, system)]
