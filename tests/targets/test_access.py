"""Who we are and by which way we come: credentials, log-ins, certificates, proxies, host names, marks, over real sockets."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import ssl

import anyio
import pytest
import yaml

from harness.errors import SettingsError
from harness.targets.http import HttpTarget
from harness.targets.protocol import FailureKind, Opening, Owner, Reply
from harness.targets.traces import trace_id
from harness.targets.wire import load_target
from tests.fakes.raw_http import closes, free_port, hangs, raw_server, resets, says

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("short_pauses")]

BUILD = "0123456789abcdef"
GOOD = {"text": "Naruto has 72 volumes.", "build": BUILD}
OPENING = Opening("price@naruto", 3, 4711, "en", run_id="20261101T0000-ab")
ENVIRON = {"TOKEN": "s3cr3t-token", "USER": "harness", "PASSWORD": "pässwörd 1"}


@pytest.fixture
def wire(tmp_path):
    """Load a target file with these fields."""

    def loaded(url, environ=ENVIRON, **fields):
        described = {
            "name": "green",
            "url": url,
            "request": {"path": "/chat", "body": {"message": "{{ message }}"}},
            "reply": {"text": "text"},
            "build": {"field": "build"},
            **fields,
        }
        path = tmp_path / "green.yaml"
        path.write_text(yaml.safe_dump(described, allow_unicode=True, sort_keys=False), encoding="utf-8")
        return load_target(str(path), environ)

    return loaded


async def talk(wire, *messages, opening=OPENING):
    """Return what messages of one conversation brought."""
    async with HttpTarget(wire) as target, target.open(opening) as session:
        return [(await session.send(message, turn, None)).result for turn, message in enumerate(messages, start=1)]


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ({"bearer": "{{ env.TOKEN }}"}, "authorization", "Bearer s3cr3t-token"),
        (
            {"basic": {"user": "{{ env.USER }}", "password": "{{ env.PASSWORD }}"}},
            "authorization",
            "Basic " + base64.b64encode("harness:pässwörd 1".encode()).decode(),
        ),
        ({"api_key": {"header": "x-api-key", "value": "{{ env.TOKEN }}"}}, "x-api-key", "s3cr3t-token"),
    ],
)
async def test_credentials_are_sent_and_never_come_through(wire, auth, header, value):
    """Each way to say who we are reaches the target with every request, and a bot that repeats it is masked."""
    echo = says(GOOD | {"text": f"you sent {value}"})
    async with raw_server(echo) as server:
        loaded = wire(server.url, auth=auth, health={"path": "/health"})
        async with HttpTarget(loaded) as target:
            await target.healthy()
        (reply,) = await talk(loaded, "hi")
    assert [request.headers[header] for request in server.requests] == [value, value]
    assert value.rpartition(" ")[2] not in repr((reply, loaded))
    assert "[secret]" in reply.text


async def test_an_api_key_may_stand_in_the_query(wire):
    """It is added to every path, and stays out of what reports call the target."""
    async with raw_server(says(GOOD)) as server:
        loaded = wire(server.url, auth={"api_key": {"query": "key", "value": "{{ env.TOKEN }}"}}, request={"path": "/chat?a=1", "body": "{{ message }}"})  # fmt: skip
        await talk(loaded, "hi")
        assert "s3cr3t" not in repr(HttpTarget(loaded).identity)
    assert server.requests[0].path == "/chat?a=1&key=s3cr3t-token"


def shop_with_login(*answers, life=None, tokens=("token-one", "token-two", "token-three")):
    """Answer log-ins with one token after the other, and messages as told; notes who came with what."""
    waiting, chats = list(tokens), list(answers)

    async def behave(request, writer):
        if request.path == "/login":
            told = {"access_token": waiting.pop(0), **({} if life is None else {"expires_in": life})}
            await says(told)(request, writer)
        else:
            await (chats.pop(0) if len(chats) > 1 else chats[0])(request, writer)

    return behave


LOGIN = {
    "login": {
        "path": "/login",
        "form": {"grant_type": "client_credentials", "client_id": "harness", "client_secret": "{{ env.PASSWORD }}"},
        "token": "access_token",
        "expires": "expires_in",
    }
}


async def test_a_log_in_brings_a_token_that_all_conversations_share(wire):
    """One log-in, form-coded as OAuth wants it; its token goes with every message and is a secret from then on."""
    async with raw_server(shop_with_login(says(GOOD | {"text": "token-one is yours"}))) as server:
        loaded = wire(server.url, auth=LOGIN)
        async with HttpTarget(loaded) as target:

            async def hold():
                async with target.open(OPENING) as session:
                    replies.append((await session.send("hi", 1, None)).result)

            replies = []
            async with anyio.create_task_group() as group:
                for _ in range(4):
                    group.start_soon(hold)
    logins = [request for request in server.requests if request.path == "/login"]
    assert len(logins) == 1
    assert logins[0].body == b"grant_type=client_credentials&client_id=harness&client_secret=p%C3%A4ssw%C3%B6rd+1"
    assert {request.headers["authorization"] for request in server.requests if request.path == "/chat"} == {"Bearer token-one"}
    assert {reply.text for reply in replies} == {"[secret] is yours"}


async def test_a_refused_token_is_renewed_once_and_the_message_sent_again(wire):
    """401 means that nothing was accepted, so the message goes out again, once, with a new token."""
    async with raw_server(shop_with_login(says(GOOD), says({}, 401), says(GOOD))) as server:
        results = await talk(wire(server.url, auth=LOGIN), "one", "two")
    assert all(isinstance(result, Reply) for result in results)
    seen = [(request.path, request.headers.get("authorization")) for request in server.requests]
    assert seen == [
        ("/login", None), ("/chat", "Bearer token-one"),
        ("/chat", "Bearer token-one"), ("/login", None), ("/chat", "Bearer token-two"),
    ]  # fmt: skip


async def test_a_token_is_renewed_before_it_ends(wire):
    """A token that holds for no time at all is asked for anew with every message."""
    async with raw_server(shop_with_login(says(GOOD), life=0)) as server:
        await talk(wire(server.url, auth=LOGIN), "one", "two")
    assert [request.path for request in server.requests] == ["/login", "/chat", "/login", "/chat"]


async def test_credentials_that_stay_refused_are_infrastructure_trouble(wire):
    """After a second refusal nobody tries on, and no bot is charged."""
    async with raw_server(shop_with_login(says({}, 401))) as server:
        (failure,) = await talk(wire(server.url, auth=LOGIN, retries=0), "hi")
    assert (failure.kind, failure.owner, failure.status) == (FailureKind.UNREACHABLE, Owner.INFRASTRUCTURE, 401)
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (says({}, 403), FailureKind.UNREACHABLE, "HTTP 403"),
        (says({}, 429), FailureKind.OVERLOADED, "HTTP 429"),
        (says({"error": "no"}), FailureKind.UNREACHABLE, "there is no token at 'access_token'"),
        (says(b"<html>", content_type="text/html"), FailureKind.UNREACHABLE, "text/html"),
        (closes, FailureKind.UNREACHABLE, "the log-in: the connection closed"),
        (hangs, FailureKind.UNREACHABLE, "the log-in: no whole reply within 0.5 s"),
    ],
)
async def test_a_log_in_that_fails_is_nobodys_score(wire, answer, kind, said):
    """No message was sent, so it is infrastructure trouble, in words that say where."""
    async with raw_server(answer) as server:
        (failure,) = await talk(wire(server.url, auth=LOGIN, retries=0, turn_timeout_s=0.5, reply_within_s=0.5), "hi")
    assert (failure.kind, failure.owner) == (kind, Owner.INFRASTRUCTURE)
    assert said in failure.detail
    assert {request.path for request in server.requests} == {"/login"}


async def test_a_log_in_may_bring_cookies_for_each_conversation(wire):
    """Without a token the cookies admit; every conversation has its own, kept from turn to turn."""
    numbers = iter("ab")

    async def behave(request, writer):
        cookie = (("set-cookie", f"session={next(numbers)}; Path=/; HttpOnly"),) if request.path == "/login" else ()
        await says(GOOD, 200, *cookie)(request, writer)

    async with raw_server(behave) as server:
        loaded = wire(server.url, auth={"login": {"path": "/login", "body": {"password": "{{ env.PASSWORD }}"}}})
        async with HttpTarget(loaded) as target:
            for _ in range(2):
                async with target.open(OPENING) as session:
                    await session.send("one", 1, None)
                    await session.send("two", 2, None)
    chats = [request.headers.get("cookie") for request in server.requests if request.path == "/chat"]
    assert chats == ["session=a", "session=a", "session=b", "session=b"]


async def test_mutual_tls_and_a_private_authority(wire, tmp_path, authority):
    """With the authority trusted and our certificate shown the target answers; without either it does not."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    ours = authority.issue_cert("harness.test")
    ours.private_key_and_cert_chain_pem.write_to_path(tmp_path / "ours.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    async with raw_server(says(GOOD), tls=context) as server:
        url = server.url.replace("http:", "https:")
        (reply,) = await talk(wire(url, tls={"ca": "ca.pem", "certificate": "ours.pem"}), "hi")
        assert isinstance(reply, Reply)
        (unknown,) = await talk(wire(url, retries=0), "hi")
        (unshown,) = await talk(wire(url, tls={"ca": "ca.pem"}, retries=0), "hi")
    assert (unknown.kind, unknown.owner) == (FailureKind.UNREACHABLE, Owner.INFRASTRUCTURE)
    assert "TLS" in unknown.detail
    assert unshown.owner is Owner.INFRASTRUCTURE or unshown.kind is FailureKind.CUT


@pytest.mark.parametrize("tls", [{"ca": "missing.pem"}, {"ca": "green.yaml"}, {"certificate": "green.yaml"}])
def test_a_certificate_that_cannot_be_read_is_said_with_its_path(wire, tls):
    """A wrong file is a usage error that names it, before anything is sent."""
    with pytest.raises(SettingsError, match=r"(missing.pem|green.yaml).*tls\.(ca|certificate)"):
        HttpTarget(wire("https://127.0.0.1:1", tls=tls))


async def test_a_host_name_of_its_own_is_sent_and_checked(wire, tmp_path, authority, untrusted):
    """Behind one address a listener tells blue from green by Host, and the certificate is green's."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    async with raw_server(says(GOOD), tls=untrusted) as server:
        url = server.url.replace("http:", "https:")
        (reply,) = await talk(wire(url, tls={"ca": "ca.pem"}, host="green.test"), "hi")
        (wrong,) = await talk(wire(url, tls={"ca": "ca.pem"}, host="blue.test", retries=0), "hi")
    assert isinstance(reply, Reply), reply
    assert server.requests[0].headers["host"] == "green.test"
    assert (wrong.kind, wrong.owner) == (FailureKind.UNREACHABLE, Owner.INFRASTRUCTURE)
    assert len(server.requests) == 1


async def test_a_proxy_is_used_where_the_file_names_one(wire, monkeypatch):
    """The proxy of the file counts; `none` overrides the environment's; its credentials are secrets."""
    async with raw_server(says(GOOD)) as proxy, raw_server(says(GOOD)) as server:
        described = "http://{{ env.USER }}:{{ env.TOKEN }}@" + proxy.url.removeprefix("http://")
        (reply,) = await talk(wire(server.url, proxy=described), "hi")
        assert isinstance(reply, Reply)
        assert (proxy.requests[0].path, server.requests) == (f"{server.url}/chat", [])
        assert proxy.requests[0].headers["proxy-authorization"].startswith("Basic ")
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "")
        await talk(wire(server.url, proxy="none"), "hi")
        assert (len(proxy.requests), len(server.requests)) == (1, 1)
        (refused,) = await talk(wire(server.url, proxy=f"http://127.0.0.1:{free_port()}", retries=0), "hi")
    assert (refused.kind, refused.owner) == (FailureKind.UNREACHABLE, Owner.INFRASTRUCTURE)


async def test_every_turn_is_marked_as_ours(wire):
    """Trace context, run, scenario and a plain word; the trace id can be found again from the record alone."""
    async with raw_server(says(GOOD)) as server:
        await talk(wire(server.url, marks={"synthetic": "x-robot", "run": None}), "one", "two")
    first, second = (request.headers for request in server.requests)
    assert (first["x-robot"], first["x-harness-scenario"]) == ("mangaassist-harness", "price@naruto/3/1")
    assert "x-harness-run" not in first
    traces = [re.fullmatch(r"00-([0-9a-f]{32})-([0-9a-f]{16})-01", headers["traceparent"]).groups() for headers in (first, second)]
    assert [trace for trace, _ in traces] == [trace_id("20261101T0000-ab", "price@naruto", 3, turn) for turn in (1, 2)]
    assert len({parent for _, parent in traces}) == 2


async def test_without_a_run_no_two_conversations_share_a_trace(wire):
    """A trace id that could not be told apart is drawn instead."""
    async with raw_server(says(GOOD)) as server:
        for _ in range(2):
            await talk(wire(server.url), "hi", opening=Opening("価格", 0, 1, "ja"))
    assert len({request.headers["traceparent"][3:35] for request in server.requests}) == 2
    assert server.requests[0].headers["x-harness-scenario"].isascii()
    assert "x-harness-run" not in server.requests[0].headers


@pytest.mark.parametrize(("idempotency", "sent"), [(None, 1), ({"header": "Idempotency-Key"}, 2)])
async def test_a_cut_message_is_sent_again_only_with_a_key(wire, idempotency, sent):
    """Without a key an answer may have been produced; with one the target knows the message, and its key does not change."""
    fields = {} if idempotency is None else {"idempotency": idempotency}
    async with raw_server(resets, says(GOOD)) as server:
        (result,) = await talk(wire(server.url, **fields), "hi")
    assert len(server.requests) == sent
    assert isinstance(result, Reply) == (sent == 2)
    keys = {request.headers.get("idempotency-key") for request in server.requests}
    assert len(keys) == 1
    assert (None in keys) == (idempotency is None)


@pytest.mark.parametrize(("behaviour", "failures"), [(says({}), 0), (says({}, 500), 1), (resets, 1), (hangs, 1)])
async def test_a_conversation_is_torn_down_whatever_comes_of_it(wire, behaviour, failures, monkeypatch):
    """The request that ends a conversation is sent once, with its session id; trouble with it is counted and nothing else."""
    monkeypatch.setattr("harness.targets.http.TEARDOWN_S", 0.3)

    async def behave(request, writer):
        await (behaviour if request.method == "DELETE" else says(GOOD))(request, writer)

    body = {"message": "{{ message }}", "session": "{{ session }}"}
    async with raw_server(behave) as server:
        loaded = wire(server.url, teardown={"path": "/sessions/{{ session }}"}, request={"path": "/chat", "body": body})
        async with HttpTarget(loaded) as target:
            async with target.open(OPENING):
                pass
            async with target.open(OPENING) as session:
                answer = await session.send("hi", 1, None)
            failed = target.teardowns_failed
    assert isinstance(answer.result, Reply)
    assert [request.method for request in server.requests] == ["POST", "DELETE"]
    assert server.requests[1].path == f"/sessions/{server.requests[0].json['session']}"
    assert failed == failures


def sigv4(secret, date, region, service, to_sign):
    """Return the signature of AWS Signature Version 4, as its documentation derives it."""
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()


async def test_requests_are_signed_as_aws_checks_them(wire, monkeypatch):
    """The signature of a request as it came over the wire is that of an independent computation over the same bytes."""
    for name, value in {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI-secret", "AWS_SESSION_TOKEN": "session-token-1", "AWS_EC2_METADATA_DISABLED": "true"}.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    async with raw_server(says(GOOD | {"text": "I know wJalrXUtnFEMI-secret and session-token-1"})) as server:
        loaded = wire(server.url, auth={"aws": {"service": "execute-api", "region": "ap-northeast-1"}}, request={"path": "/chat/a%20b?z=1&a=2", "body": {"m": "{{ message }}"}})  # fmt: skip
        (reply,) = await talk(loaded, "進撃の巨人")
    (request,) = server.requests
    found = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/(\d{8})/ap-northeast-1/execute-api/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})",
        request.headers["authorization"],
    )
    date, signed, signature = found.groups()
    assert {"host", "x-amz-date", "x-amz-security-token"} <= set(signed.split(";"))
    headers = "".join(f"{name}:{request.headers[name].strip()}\n" for name in signed.split(";"))
    canonical = "\n".join(
        ["POST", "/chat/a%2520b", "a=2&z=1", headers, signed, hashlib.sha256(request.body).hexdigest()]
    )  # the path is coded twice for every service but S3
    scope = f"{date}/ap-northeast-1/execute-api/aws4_request"
    to_sign = "\n".join(["AWS4-HMAC-SHA256", request.headers["x-amz-date"], scope, hashlib.sha256(canonical.encode()).hexdigest()])
    assert signature == sigv4("wJalrXUtnFEMI-secret", date, "ap-northeast-1", "execute-api", to_sign)
    assert reply.text == "I know [secret] and [secret]"
