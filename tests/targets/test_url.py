"""Addresses are read as httpx reads them."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.targets.url import url_of

PATHS = st.lists(
    st.sampled_from(["/", ".", "..", "a", "%2e", "%", "?", "=", "&", "@", ":", "#", " ", "é", "~", "|", "\\", "'"]), max_size=8
)
HOSTS = st.sampled_from(
    ["bot.test", "BOT.test", "127.0.0.1", "[::1]", "bücher.test", "a", "x-1.test", "user:pass@bot.test", "a..b", "-a", "a_b"]
)
PORTS = st.sampled_from(["", ":80", ":443", ":8080", ":"])


@given(st.sampled_from(["http", "https", "HTTP"]), HOSTS, PORTS, PATHS.map("".join))
def test_an_address_is_what_httpx_takes_it_for(scheme, host, port, path):
    """Host, port, path and query are the same, whoever of the two reads them."""
    text = f"{scheme}://{host}{port}/{path}"
    theirs, ours = httpx.URL(text), url_of(text)
    assert (ours.scheme, ours.host, ours.port) == (theirs.scheme, theirs.raw_host.decode(), theirs.port)
    assert (ours.path, ours.text, ours.netloc) == (theirs.raw_path.decode(), str(theirs), theirs.netloc.decode())


@pytest.mark.parametrize("text", ["http://1.2.3.400/", "http://[::zz]/", "http://a:port/", "http://a/\x07", "http://01.2.3.4/"])
def test_what_is_no_address_is_refused(text):
    """Numbers that are no address, and signs that nobody can send, are mistakes."""
    with pytest.raises(ValueError, match=r".+"):
        url_of(text)
