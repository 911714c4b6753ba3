"""The target files of a demo shop, one for each shape: how the harness is told to speak to it, as a user would write it."""

from __future__ import annotations

from pathlib import Path

SHAPES = ("sync", "stream", "poll", "websocket", "openai", "openai-stream")
_REQUEST = """\
request:
  method: POST
  path: {path}
  body:
    session_id: "{{{{ session }}}}"
    message: "{{{{ message }}}}"
    locale: "{{{{ locale }}}}"
    seed: "{{{{ seed }}}}"
    customer: "{{{{ setup.customer }}}}"
reply: {{text: text}}
build: {{field: build}}
"""
_OPENAI = """\
openai:
  model: mangaassist
  stream: {stream}
  options:
    user: "{{{{ session }}}}"
    seed: "{{{{ seed }}}}"
    metadata: {{locale: "{{{{ locale }}}}", customer: "{{{{ setup.customer }}}}"}}
reply: {{intent: mangaassist.intent, language: mangaassist.language, products: mangaassist.products, citations: mangaassist.citations,
  passages: mangaassist.passages, actions: mangaassist.actions}}
build: {{field: system_fingerprint}}
"""
_POLL = """\
poll: {{path: "/chat/message/{{{{ response_id }}}}", done: "status == 'completed'"}}
"""
_SOCKET = """\
websocket: {{path: "/chat/socket?session_id={{{{ session }}}}&after={{{{ last_event }}}}", event_id: seq}}
"""
_PARTS = {
    "sync": ("sync", "/chat/message", _REQUEST),
    "stream": ("stream", "/chat/message", _REQUEST),
    "poll": ("poll", "/chat/submit", _REQUEST + _POLL),
    "websocket": ("websocket", "/chat/submit", _REQUEST + _SOCKET),
    "openai": ("openai", "", _OPENAI),
    "openai-stream": ("openai", "", _OPENAI),
}
_HEAD = """\
name: mangaassist-{colour}
url: {url}
shape: {shape}
"""
_TAIL = """\
version: {path: /version, field: build}
health: {path: /health}
sandboxed: true
turn_timeout_s: 10
connect_timeout_s: 2
reply_within_s: 1.5
"""


def write_target_file(folder: Path, colour: str, url: str, shape: str = "sync") -> Path:
    """Write the target file of the shop at `url` into `folder`, and return its path.

    Args:
        folder: where to.
        colour: which shop.
        url: its base URL.
        shape: one of `SHAPES`.
    """
    path = folder / (f"{colour}.yaml" if shape == "sync" else f"{colour}-{shape}.yaml")
    word, at, part = _PARTS[shape]
    text = _HEAD + part
    stream = "true" if shape == "openai-stream" else "false"
    path.write_text(text.format(colour=colour, url=url, shape=word, path=at, stream=stream) + _TAIL, encoding="utf-8")
    return path
