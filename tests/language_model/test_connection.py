"""Where the model is, with which key, and that nobody ever sees the key."""

from __future__ import annotations

import io
import json
import logging
import pickle
import sys
import traceback
from types import SimpleNamespace

import pytest

from harness.errors import SettingsError
from harness.language_model.connection import connection, hidden_values
from harness.language_model.door import FailureKind, ModelAnswer
from harness.language_model.opening import opened
from tests.fakes.messages_api.temper import Page, Temper, always
from tests.fakes.messages_api.wire import Problem
from tests.fakes.model_requests import doors_to, judge_request, text_request

SECRET = "sk-ant-api03-VERY-secret-0123456789-abcdef"
TOKEN = "oauth-token-VERY-secret-987654"


def test_the_key_comes_from_the_environment_and_wins_over_the_token():
    """As the SDK does it, but said by us, so that no file on disk is ever looked at."""
    both = connection({"ANTHROPIC_API_KEY": SECRET, "ANTHROPIC_AUTH_TOKEN": TOKEN})
    assert (both.api_key, both.auth_token) == (SECRET, None)
    only = connection({"ANTHROPIC_AUTH_TOKEN": TOKEN, "ANTHROPIC_BASE_URL": "https://gateway.example"})
    assert (only.api_key, only.auth_token, only.host) == (None, TOKEN, "gateway.example")


@pytest.mark.anyio
@pytest.mark.parametrize("variable", ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"])
async def test_both_are_sent_as_a_bearer_token(serve, variable):
    """One header, whichever variable holds the credential; those of our own process are not read."""
    api, url = serve(keys=(SECRET,))
    async with opened(connection({variable: SECRET}, base_url=url)) as doors:
        assert isinstance(await doors.model.ask(text_request()), ModelAnswer)
    assert api.asked[0].headers["authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize(
    ("environ", "fields", "says"),
    [
        ({}, {}, "ANTHROPIC_API_KEY is not set"),
        ({"ANTHROPIC_API_KEY": " "}, {}, "ANTHROPIC_API_KEY is not set"),
        ({"ANTHROPIC_API_KEY": f"{SECRET}\nX-Other: 1"}, {}, "ANTHROPIC_API_KEY holds characters"),
        ({"ANTHROPIC_API_KEY": f"{SECRET}キー"}, {}, "ANTHROPIC_API_KEY holds characters"),
        ({"ANTHROPIC_API_KEY": SECRET}, {"base_url": "api.example.com"}, "no address"),
        ({"ANTHROPIC_API_KEY": SECRET}, {"base_url": f"ftp://{SECRET}@host"}, "no address"),
        ({"ANTHROPIC_API_KEY": SECRET}, {"base_url": "http://[broken"}, "no address"),
        ({"ANTHROPIC_API_KEY": SECRET}, {"base_url": f"https://user:{SECRET}@host"}, "holds credentials"),
    ],
)
def test_what_cannot_be_used_is_refused_without_repeating_it(environ, fields, says):
    """A missing or broken key and a broken address are settings to mend; the message holds no value."""
    with pytest.raises(SettingsError, match=says) as caught:
        connection(environ, **fields)
    assert "sk-ant" not in "".join(traceback.format_exception(caught.value))


def test_no_text_of_a_connection_shows_a_secret():
    """Neither its own text, nor its host, nor a message made from it."""
    held = connection({"ANTHROPIC_API_KEY": SECRET}, base_url="https://gateway.example/path")
    assert held.host == "gateway.example"
    assert SECRET not in f"{held!r} {held} {held.host} {held.secrets!r}"


def test_everything_secret_of_the_environment_is_known():
    """Keys, tokens and the values of custom headers; short words are not secrets."""
    environ = {
        "ANTHROPIC_API_KEY": SECRET,
        "AWS_SECRET_ACCESS_KEY": "aws-secret",
        "ANTHROPIC_CUSTOM_HEADERS": f"X-Gate: {TOKEN}\nX-Env: prod",
    }
    assert sorted(hidden_values(environ).values()) == sorted([SECRET, "aws-secret", TOKEN])


@pytest.mark.anyio
@pytest.mark.parametrize(
    "temper",
    [
        Temper(),
        Temper(faults=always(Problem(400, f"bad header Authorization: Bearer {SECRET}"))),
        Temper(faults=always(Page(f"<html>{SECRET}</html>".encode()))),
        Temper(answers_as=f"model-{SECRET}"),
    ],
)
async def test_a_service_that_echoes_the_key_does_not_get_it_written(serve, caplog, temper):
    """No result, record, log or text of any object holds the key, whatever the other side says."""
    _, url = serve(temper=temper, keys=(SECRET,), speak=lambda _: f"Your key is {SECRET}.")
    caplog.set_level(logging.DEBUG)
    async with doors_to(url, key=SECRET) as doors:
        failed_count = await doors.model.count(text_request(model="claude-none"))
        results = [await doors.model.ask(judge_request()), await doors.model.ask(text_request()), failed_count]
        shown = f"{doors!r} {vars(doors.model)!r}"
    told = [shown, repr(results), *(json.dumps(dict(result.body)) for result in results if isinstance(result, ModelAnswer))]
    out = io.StringIO()
    for record in caplog.records:
        out.write(logging.Formatter().format(record))
    assert SECRET not in "\n".join([*told, out.getvalue()])
    assert SECRET.encode() not in pickle.dumps(results)
    assert caplog.records


@pytest.mark.anyio
async def test_no_connection_says_the_host_and_nothing_else():
    """What stands in the address beside the host is not repeated."""
    async with doors_to("http://127.0.0.1:9/hunter22-secret", key=SECRET) as doors:
        failure = await doors.model.ask(text_request())
    assert failure.kind is FailureKind.UNREACHABLE
    assert failure.detail == "no connection to 127.0.0.1"


@pytest.mark.anyio
async def test_bedrock_is_a_matter_of_configuration(serve):
    """With a bearer token it needs no extra: the model stands in the path, and its own id is read back."""
    model = "eu.anthropic.claude-sonnet-5-5-v1:0"
    api, url = serve(keys=(TOKEN,), models=(model,))
    environ = {"AWS_BEARER_TOKEN_BEDROCK": TOKEN, "ANTHROPIC_BEDROCK_BASE_URL": url}
    async with opened(connection(environ, "bedrock", region="eu-west-1")) as doors:
        answer = await doors.model.ask(judge_request(model=model, answers_as="claude-sonnet-5-5"))
        unpinned = await doors.model.ask(judge_request(model=model))
        counted = await doors.model.count(judge_request(model=model))
        batch = await (await doors.batches()).submit({"one": judge_request(model=model)})
    assert isinstance(answer, ModelAnswer)
    assert api.asked[0].path == f"/model/{model}/invoke"
    assert (unpinned.kind, counted.kind, batch.kind) == (FailureKind.WRONG_MODEL, FailureKind.UNSUPPORTED, FailureKind.UNSUPPORTED)


@pytest.mark.anyio
async def test_bedrock_without_its_extra_says_what_to_install(monkeypatch):
    """Neither a bearer token nor boto3: the remedy is in the message."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(SettingsError, match=r"mangaassist-harness\[bedrock\]"):
        async with opened(connection({}, "bedrock", region="eu-west-1")):
            pass


class BotoCoreError(Exception):
    """As botocore names it."""


class Session:
    """An AWS session that finds what its class says."""

    found: object = None

    def get_credentials(self):
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


@pytest.mark.anyio
@pytest.mark.parametrize(("found", "says"), [(None, "no AWS credentials"), (BotoCoreError("profile"), "AWS_PROFILE")])
async def test_bedrock_without_credentials_says_so_before_anything_is_sent(monkeypatch, found, says):
    """What the SDK would find out at the first call is found out when the door is opened."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _: object())
    monkeypatch.setitem(sys.modules, "boto3", SimpleNamespace(Session=type("Found", (Session,), {"found": found})))
    monkeypatch.setitem(sys.modules, "botocore.exceptions", SimpleNamespace(BotoCoreError=BotoCoreError))
    with pytest.raises(SettingsError, match=says):
        async with opened(connection({}, "bedrock", region="eu-west-1")):
            pass


@pytest.mark.anyio
async def test_bedrock_without_a_region_says_so(monkeypatch):
    """The region is asked for before anything is sent."""
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    with pytest.raises(SettingsError, match="AWS_REGION"):
        async with opened(connection({"AWS_BEARER_TOKEN_BEDROCK": TOKEN}, "bedrock")):
            pass
