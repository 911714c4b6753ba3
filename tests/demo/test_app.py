from __future__ import annotations

from collections.abc import Callable, Iterator

import anyio
import httpx
import pytest

from harness.demo.app import MAX_BODY, application
from harness.demo.shop import Shop

Send = Callable[..., httpx.Response]


@pytest.fixture
def send(open_shop: Callable[..., Shop]) -> Iterator[Send]:
    """Send one request to the application of a shop with these defects."""

    def sent(method: str, path: str, content: bytes | None = None, json: object = None, **rates: float) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(application(open_shop(**rates)))
            async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
                return await client.request(method, path, content=content, json=json)

        return anyio.run(ask)

    return sent


def test_a_message_is_answered_with_text_structure_and_build(send: Send) -> None:
    """The whole shape of a reply, and the build in the body and in its header."""
    response = send("POST", "/chat/message", json={"session_id": "s", "message": "How much is Akira?", "locale": "en", "seed": 5})
    body = response.json()
    assert response.status_code == 200
    assert body.keys() == {
        "response_id", "session_id", "text", "intent", "language", "products", "citations", "passages", "actions", "build", "latency_ms",
    }  # fmt: skip
    assert body["products"][0].keys() >= {
        "id",
        "title",
        "title_ja",
        "author",
        "volumes",
        "status",
        "age_rating",
        "price_yen",
        "stock",
        "genres",
    }
    assert response.headers["x-build"] == body["build"]
    assert len(body["build"]) == 40


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"{", "JSON"),
        (b"[1]", "object"),
        (b"[" * 20000, "JSON"),
        (b'{"message": "x"}', "session_id"),
        (b'{"session_id": "s", "message": ""}', "message"),
        (b'{"session_id": "s", "message": "x", "seed": -1}', "seed"),
        (b'{"session_id": "s", "message": "x", "seed": true}', "seed"),
        (b'{"session_id": "s", "message": "x", "customer": 5}', "customer"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_field(send: Send, body: bytes, word: str) -> None:
    """A bad request is 400 and says what is wrong; it never reaches the shop."""
    response = send("POST", "/chat/message", content=body)
    assert response.status_code == 400
    assert word in response.json()["error"]


def test_a_huge_body_is_refused(send: Send) -> None:
    """More than the limit is not read to its end."""
    assert send("POST", "/chat/message", content=b"x" * (MAX_BODY + 1)).status_code == 413


def test_health_version_and_metrics_answer_whatever_is_wrong_with_the_chat(send: Send) -> None:
    """Defects act on chat messages only."""
    assert send("GET", "/health", http_500=1.0).json() == {"status": "ok"}
    assert send("GET", "/version", mixed_builds=1.0).json().keys() == {"build", "colour", "version"}
    assert send("GET", "/metrics", dropped_connection=1.0).json() == {"conversations": 0, "turns": 0, "sessions": {}}
    assert send("POST", "/chat/message", json={"session_id": "s", "message": "x"}, http_500=1.0).status_code == 500
