"""Links to traces: where a template may lead, and what a hostile trace id can do to it."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.targets.traces import TraceLinks, TraceTemplate, stated_trace, template_problem, trace_id

RUN = "20261101T101112.345Z-1a2b"
TEMPLATE = "https://traces.example:8443/t/{{ trace_id }}?run={{ run }}#{{ scenario }}.{{ repeat }}.{{ turn }}"
HOSTILE = [
    '"><script>alert(1)</script>',
    "javascript:alert(1)",
    "../../admin",
    "a](http://evil.example)",
    "x\ny",
    "日本語",
    "'; ls",
    "\x1b[31m",
    "#?&@:",
]


def links(url: str = TEMPLATE, *, ours: bool = True, run: str | None = RUN) -> TraceLinks:
    return TraceLinks(TraceTemplate(url, ours), run)


def test_a_turn_is_found_by_the_id_that_it_carried() -> None:
    """Without anything that the target said, the id is that of the traceparent, in the form that X-Ray wants as well."""
    known = trace_id(RUN, "price@naruto", 2, 1)
    assert links().url("price@naruto", 2, 1) == f"https://traces.example:8443/t/{known}?run={RUN}#price%40naruto.2.1"
    own = trace_id(RUN, "a", 0, 1)
    assert links("https://x.example/{{ xray_trace_id }}").url("a", 0, 1) == f"https://x.example/1-{own[:8]}-{own[8:]}"


def test_what_the_target_calls_its_trace_wins() -> None:
    """A reply that names its own trace is found by it; without one, and without ours, there is no link."""
    assert links("https://x.example/{{ trace_id }}").url("a", 0, 1, "abc-1") == "https://x.example/abc-1"
    assert links("https://x.example/{{ trace_id }}", ours=False).url("a", 0, 1) is None
    assert links("https://x.example/{{ trace_id }}", run=None).url("a", 0, 1) is None
    assert links("https://x.example/{{ run }}", run=None).url("a", 0, 1, "abc") is None


def test_a_run_of_several_runs_links_to_the_one_that_held_the_turn() -> None:
    """The ids that turns carried name their own run."""
    merged = TraceLinks(TraceTemplate("https://x.example/{{ trace_id }}"), None, {("a", 1): RUN})
    assert merged.url("a", 1, 1) == f"https://x.example/{trace_id(RUN, 'a', 1, 1)}"
    assert merged.url("a", 0, 1) is None


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ("4bf92f3577b34da6a3ce929d0e0e4736", "4bf92f3577b34da6a3ce929d0e0e4736"),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "4bf92f3577b34da6a3ce929d0e0e4736"),
        ("Root=1-67891233-abcdef012345678912345678;Parent=463ac35c9f6413ad;Sampled=1", "1-67891233-abcdef012345678912345678"),
        ("Self=1-2-3;Root=1-67891233-abcdef012345678912345678", "1-67891233-abcdef012345678912345678"),
        ("  x  ", "x"), ("", None), ("   ", None), ("a\nb", None), (7, None), ("x" * 300, "x" * 200),
    ],
)  # fmt: skip
def test_the_id_is_found_in_what_services_send(said: object, known: str | None) -> None:
    """Alone, in a traceparent, or as the root of an X-Amzn-Trace-Id; what is no line of text is nothing."""
    assert stated_trace(said) == known


@pytest.mark.parametrize("said", HOSTILE)
def test_a_hostile_id_stays_one_part_of_the_path(said: str) -> None:
    """Markup, other schemes, other hosts, line ends and terminal escapes: the link leads to the same host, and holds no sign that means anything."""
    found = links("https://traces.example/t/{{ trace_id }}").url("a", 0, 1, said)
    assert found is not None
    assert re.fullmatch(r"https://traces\.example/t/[A-Za-z0-9._~%-]+", found)
    assert unquote(found.removeprefix("https://traces.example/t/")) == said


@given(said=st.text(max_size=300), scenario=st.text(max_size=50))
def test_no_value_moves_a_link(said: str, scenario: str) -> None:
    """Whatever a target states: the host is the template's, and nothing in the link is special in HTML, XML, Markdown or a shell prompt."""
    found = links().url(scenario, 0, 1, said)
    assert found is not None
    assert urlsplit(found).netloc == "traces.example:8443"
    assert found.isascii()
    assert not set(found) & set("<>\"'`\\ {}|^[]()\n\r\t\x1b")


def test_dots_alone_lead_nowhere_else() -> None:
    """A path of dots would climb; the turn is found by our own id instead."""
    for said in ("..", ".", ""):
        assert links("https://x.example/t/{{ trace_id }}").url("a", 0, 1, said) == f"https://x.example/t/{trace_id(RUN, 'a', 0, 1)}"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert('{{ trace_id }}')", "//x.example/{{ trace_id }}", "https://{{ trace_id }}.example/", "https://x.example{{ trace_id }}",
        "https://user@x.example/{{ trace_id }}", "https://x.example:{{ turn }}/", "https://x.example/ {{ trace_id }}", "https://x.example/<{{ run }}>",
        "https://x.example/#a#{{ trace_id }}", "https://x.example/日本/{{ trace_id }}", "https://x.example/traces", "file:///{{ trace_id }}",
        "https://x.example/" + "a" * 2000 + "{{ trace_id }}", "HTTPS:/x.example/{{ trace_id }}",
    ],
)  # fmt: skip
def test_a_template_that_could_lead_elsewhere_is_refused(url: str) -> None:
    """Scheme and host are written out, everything else is a plain URL, and something in it tells one turn from another."""
    assert template_problem(url) is not None


def test_usual_templates_are_taken() -> None:
    """Grafana, Jaeger on an address, and the X-Ray console."""
    for url in (
        "https://grafana.example/explore?left=%7B%22q%22%3A%22{{ trace_id }}%22%7D",
        "http://[::1]:16686/trace/{{ trace_id }}",
        "https://console.aws.amazon.com/cloudwatch/home?region=ap-northeast-1#xray:traces/{{ xray_trace_id }}",
    ):
        assert template_problem(url) is None
        assert links(url).url("a", 0, 1) is not None
