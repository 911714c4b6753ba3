"""From what a person wrote to a target: applications in this process, chat completions, factories of their own."""

from __future__ import annotations

import json
import sys

import pytest
import yaml

from harness.demo.target import write_target_file
from harness.errors import SettingsError, SourceError
from harness.targets.http import HttpTarget
from harness.targets.open import is_sandboxed, open_target
from harness.targets.protocol import FailureKind, Opening, Owner, Reply
from harness.targets.wire import load_target
from tests.fakes.raw_http import raw_server, says

pytestmark = pytest.mark.anyio

OPENING = Opening("price", 0, 4711, "en")
MODULE = """
from contextlib import asynccontextmanager
from harness.demo.app import application
from harness.demo.shop import FACT_FILES, Shop, ShopPlan
from harness.facts import load_facts
from harness.package_data import shipped
from harness.targets.protocol import Answer, Attempt, Reply, TargetIdentity

class Echo:
    identity = TargetIdentity("echo", "none")
    reply_within_s = 1.0
    attested = True
    sandboxed = True
    async def __aenter__(self):
        return self
    async def __aexit__(self, *_):
        return None
    @asynccontextmanager
    async def open(self, opening):
        yield self
    async def send(self, message, turn, timeout_s):
        return Answer(Reply(message.upper(), 200, {}, 0.1, "b1"), (Attempt("answered", 0.0),))
    async def version(self):
        return "b1"

class Half:
    identity = None

async def crash(scope, receive, send):
    raise RuntimeError("boom")

facts = shipped("scenarios") / "facts"
shop = Shop(ShopPlan("green", facts), load_facts(facts, FACT_FILES))
app = application(shop)
number = 7
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A stranger's module in the working directory, with the demo's shop in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "strangers.py").write_text(MODULE)
    (tmp_path / "broken_one.py").write_text("raise ValueError('no luck')")
    yield
    if "strangers" in sys.modules:
        sys.modules.pop("strangers").shop.close()


async def say(target, *messages):
    async with target, target.open(OPENING) as session:
        return [(await session.send(message, turn, 2)).result for turn, message in enumerate(messages, start=1)]


@pytest.mark.usefixtures("module")
async def test_a_factory_of_ones_own_is_a_target():
    """`package.module:factory` needs no file and no HTTP."""
    target = open_target("strangers:Echo", {})
    (reply,) = await say(target, "hi")
    assert (reply.text, await target.version(), is_sandboxed(target)) == ("HI", "b1", True)


@pytest.mark.usefixtures("module")
@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("no_such_module:make", "no_such_module"),
        ("strangers:make", "has no 'make'"),
        ("strangers:number", "is not a function"),
        ("strangers:Half", "lacks reply_within_s"),
        ("broken_one:make", "no luck"),
    ],
)
def test_a_factory_that_cannot_be_used_says_why(source, said):
    """Whatever is wrong with a stranger's module is a usage error with its own words."""
    with pytest.raises(SettingsError, match=said):
        open_target(source, {})


@pytest.mark.usefixtures("module")
@pytest.mark.parametrize("shape", ["sync", "stream", "poll", "openai"])
async def test_an_application_in_this_process_is_spoken_to_without_a_socket(tmp_path, shape):
    """`asgi:module:application` serves unit tests in every shape but the WebSocket."""
    file = write_target_file(tmp_path, "green", "asgi:strangers:app", shape)
    target = open_target(str(file), {})
    (reply,) = await say(target, "How much is Naruto?")
    assert isinstance(reply, Reply), reply
    assert "528" in reply.text
    assert target.identity.url == "asgi:strangers:app"
    assert (await say(open_target("asgi:strangers:app", {}), "How much is Naruto?"))[0].text == reply.text


@pytest.mark.usefixtures("module")
async def test_an_application_that_crashes_fails_the_turn():
    """An exception in the bot is its 500, not our crash."""
    (failure,) = await say(open_target("asgi:strangers:crash", {}), "hi")
    assert (failure.kind, failure.owner) == (FailureKind.SERVER_ERROR, Owner.TARGET)


COMPLETIONS = {"name": "llm", "shape": "openai", "build": "unattested", "openai": {"model": "smollm2", "system": "Be brief.", "options": {"temperature": 0, "seed": "{{ seed }}"}}}  # fmt: skip


def written(folder, **fields):
    path = folder / "llm.yaml"
    path.write_text(yaml.safe_dump({**COMPLETIONS, **fields}))
    return load_target(str(path), {})


@pytest.mark.parametrize(("suffix", "path"), [("", "/v1/chat/completions"), ("/v1", "/v1/chat/completions")])
async def test_our_side_keeps_the_history_of_chat_completions(tmp_path, suffix, path):
    """Each request holds everything said before, the system message in front; options keep their types."""
    answers = [says({"choices": [{"message": {"role": "assistant", "content": text}}]}) for text in ("one", "two")]
    async with raw_server(*answers) as server:
        replies = await say(HttpTarget(written(tmp_path, url=server.url + suffix)), "a", "b")
    assert [reply.text for reply in replies] == ["one", "two"]
    assert {request.path for request in server.requests} == {path}
    assert server.requests[1].json == {
        "model": "smollm2",
        "temperature": 0,
        "seed": 4711,
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": "one"},
            {"role": "user", "content": "b"},
        ],
    }


async def test_streamed_chat_completions_are_joined(tmp_path):
    """Pieces become the reply, and the request asks for them."""
    chunks = [{"choices": [{"delta": {"content": piece}}], "model": "m1"} for piece in ("Na", "ruto")]
    body = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
    fields = {"openai": COMPLETIONS["openai"] | {"stream": True}, "build": {"field": "model"}}
    async with raw_server(says(body.encode(), content_type="text/event-stream")) as server:
        (reply,) = await say(HttpTarget(written(tmp_path, url=server.url, **fields)), "a")
    assert (reply.text, reply.build, reply.payload["text"]) == ("Naruto", "m1", "Naruto")
    assert server.requests[0].json["stream"] is True
    assert server.requests[0].headers["accept"] == "text/event-stream"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"openai": None}, "needs 'openai'"),
        ({"openai": {"modl": "x"}}, "did you mean 'model'"),
        ({"shape": "opanai"}, "did you mean 'openai'"),
        ({"shape": "websocket", "openai": None, "request": {"path": "/", "body": "{{ message }}"}, "reply": {"text": "t"}, "websocket": {"path": "/"}, "url": "asgi:a:b"}, "needs a server"),
        ({"poll": {"path": "/", "done": "x"}}, "'poll' belongs to `shape: poll`"),
        ({"events": {"delta": {"event": "a", "where": "b"}}}, "needs one of 'event', 'where' and 'data'"),
        ({"auth": {"bearer": "plain"}}, "auth.bearer holds a credential"),
        ({"auth": {"bearer": "{{ env.A }}", "basic": {"user": "a", "password": "{{ env.A }}"}}}, "keep one"),
        ({"auth": {"login": {"path": "/l", "body": {"password": "plain"}}}}, "'password' holds a credential"),
        ({"auth": {"login": {"path": "/l", "token": "t", "value": "Bearer x"}}}, "the token is never sent"),
        ({"auth": {"api_key": {"value": "{{ env.A }}"}}}, "either 'header' or 'query'"),
        ({"auth": {"bearer": "{{ session }}"}}, "unknown name 'session'"),
        ({"tls": {"key": "k.pem"}}, "'key' needs 'certificate'"),
        ({"host": "a b"}, "cannot be the name of a host"),
        ({"request": {"headers": {"Host": "x"}}}, "write `host: NAME`"),
        ({"teardown": {"path": "/{{ message }}"}}, "unknown name 'message'"),
        ({"sandboxed": "yes"}, "has to be true or false"),
    ],
)  # fmt: skip
def test_mistakes_in_the_further_words_of_a_file_are_said(tmp_path, fields, said):
    """Each new section is checked as strictly as the old ones, before anything is sent."""
    described = {"url": "http://127.0.0.1:1", **fields}
    merged = {**COMPLETIONS, **described}
    path = tmp_path / "llm.yaml"
    path.write_text(yaml.safe_dump({name: value for name, value in merged.items() if value is not None}))
    with pytest.raises(SourceError, match=r"llm\.yaml") as caught:
        load_target(str(path), {"A": "abcdef"})
    assert said in str(caught.value)


def test_a_missing_variable_of_any_section_is_named_at_its_place(tmp_path):
    """Credentials, log-ins and proxies say which variable they need, all at once."""
    auth = {"login": {"path": "/l", "form": {"client_secret": "{{ env.ONE }}"}, "token": "t"}}
    with pytest.raises(SettingsError) as caught:
        written(tmp_path, url="http://127.0.0.1:1", auth=auth, proxy="http://u:{{ env.TWO }}@proxy:3128")
    assert "auth.login.form needs the environment variable ONE" in str(caught.value)
    assert "proxy needs the environment variable TWO" in str(caught.value)
