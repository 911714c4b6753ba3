"""The target file of a demo shop: how the harness is told to speak to it, as a user would write it."""

from __future__ import annotations

from pathlib import Path

_TEMPLATE = """\
name: mangaassist-{colour}
url: {url}
request:
  method: POST
  path: /chat/message
  body:
    session_id: "{{{{ session }}}}"
    message: "{{{{ message }}}}"
    locale: "{{{{ locale }}}}"
    seed: "{{{{ seed }}}}"
    customer: "{{{{ setup.customer }}}}"
reply: {{text: text}}
build: {{field: build}}
version: {{path: /version, field: build}}
health: {{path: /health}}
turn_timeout_s: 10
connect_timeout_s: 2
reply_within_s: 1.5
"""


def write_target_file(folder: Path, colour: str, url: str) -> Path:
    """Write the target file of the shop at `url` into `folder`, and return its path."""
    path = folder / f"{colour}.yaml"
    path.write_text(_TEMPLATE.format(colour=colour, url=url), encoding="utf-8")
    return path
