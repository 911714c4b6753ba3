"""Messages as they go out."""

from __future__ import annotations

import json

import pytest

from harness.targets.protocol import Opening
from harness.targets.request import RequestWriter, message_values
from harness.targets.wire import RequestTemplate, Secrets, Wire, default_target

OPENING = Opening("price@naruto", 0, 2**53 - 1, "ja", {"customer": "C-1", "cart": {"items": [1]}})


def written(body, opening=OPENING, message="hi", path="/chat", headers=()):
    request = RequestTemplate(path=path, body=body)
    wire = Wire(default_target("http://x").model_copy(update={"request": request}), headers, Secrets({}))
    return RequestWriter(wire).write(message_values(opening, "s-1", 2, message))


@pytest.mark.parametrize(
    ("template", "sent"),
    [
        ("{{ seed }}", 2**53 - 1),
        ("{{ turn }}", 2),
        ("seed {{ seed }}", f"seed {2**53 - 1}"),
        ("{{ setup.cart }}", {"items": [1]}),
        ("{{ setup.cart.items }}", [1]),
        ("{{ locale | upper }}", "JA"),
        ({"a": ["{{ session }}", {"b": "{{ scenario }}"}], "c": 1, "d": None}, {"a": ["s-1", {"b": "price@naruto"}], "c": 1, "d": None}),
        ("plain", "plain"),
    ],
)
def test_a_body_is_filled_in_and_values_keep_their_type(template, sent):
    """Numbers and structures arrive as such, text around a value makes it text."""
    assert json.loads(written({"x": template}).content) == {"x": sent}


@pytest.mark.parametrize(
    "template", ["{{ setup.missing }}", "for {{ setup.missing }}", "{{ setup.cart.missing }}", "{{ setup.customer.missing }}"]
)
def test_what_needs_a_setup_field_that_the_scenario_lacks_is_left_out(template):
    """An absent opening field is absent on the wire, in mappings and lists; a default keeps it."""
    content = json.loads(written({"a": template, "b": [template, 1], "c": "{{ setup.missing | default('x') }}"}).content)
    assert content == {"b": [1], "c": "x"}


@pytest.mark.parametrize("message", ['"}, {"x": "', "{{ setup.customer }}", "進撃の巨人 \\ \n \u2028", "{% raw %}"])
def test_a_message_is_data_and_never_syntax(message):
    """Whatever a user says arrives as one text, unchanged."""
    assert json.loads(written({"message": "{{ message }}", "quoted": "<{{ message }}>"}, message=message).content) == {
        "message": message,
        "quoted": f"<{message}>",
    }


def test_path_and_headers_may_name_session_and_turn():
    """Deployments that keep the session in the path or in a header can be spoken to."""
    request = written(None, path="/s/{{ session }}/{{ turn }}", headers=(("X-Locale", "{{ locale }}"), ("X-Key", "k")))
    assert (request.path, request.content) == ("/s/s-1/2", None)
    assert dict(request.headers) == {"X-Locale": "ja", "X-Key": "k"}


def test_a_content_type_of_the_file_replaces_ours():
    """A header is sent once."""
    request = written({}, headers=(("content-type", "application/vnd.bot+json"),))
    assert request.headers == (("content-type", "application/vnd.bot+json"),)
