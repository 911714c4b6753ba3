"""Target files: what is wrong with one is said at its place, before anything is sent."""

from __future__ import annotations

import pytest

from harness.errors import SettingsError, SourceError
from harness.targets.wire import default_target, load_target

GOOD = """\
name: green
url: https://green.example.org:8443/api/
request:
  path: /chat/{{ session }}
  headers:
    Authorization: "Bearer {{ env.TOKEN }}"
    X-Turn: "{{ turn }}"
  body: {message: "{{ message }}", who: "{{ setup.customer }}"}
reply: {text: answer.text, products: items}
build: {header: x-build}
version: {path: /version}
"""


ENVIRON = {"TOKEN": "abcdef-123456"}


@pytest.fixture
def load(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def loaded(text, **environ):
        (tmp_path / "green.yaml").write_text(text)
        return load_target("green.yaml", environ)

    return loaded


def test_a_whole_target_file_is_read_and_its_environment_filled_in(load):
    """What the file says is what the target is; secrets are in the headers only and show nowhere."""
    wire = load(GOOD, **ENVIRON)
    assert wire.file.url == "https://green.example.org:8443/api"
    assert wire.headers == (("Authorization", "Bearer abcdef-123456"), ("X-Turn", "{{ turn }}"))
    assert (wire.file.turn_timeout_s, wire.file.connect_timeout_s, wire.file.reply_within_s, wire.file.retries) == (10, 2, 3, 2)
    assert "123456" not in repr(wire) + repr(wire.secrets) + str(wire.file)


@pytest.mark.parametrize(
    ("old", "new", "place", "said"),
    [
        ("{{ message }}", "{{ mesage }}", "8:19", "did you mean 'message'"),
        ("{{ message }}", "{{ env.TOKEN }}", "8:19", "env may stand in headers"),
        ("{{ message }}", "{{ message.upper() }}", "8:19", ""),
        ("/chat/{{ session }}", "/chat/{{ message }}", "4:9", "message"),
        ("/chat/{{ session }}", "chat", "4:9", ""),
        ("answer.text", "answer..text", "9:15", "JMESPath"),
        ("{text: answer.text, products: items}", "{txt: answer.text}", "", "'text'"),
        ("{header: x-build}", "{header: x-build, field: build}", "10", "either 'field' or 'header'"),
        ("{header: x-build}", "unatested", "10", "unattested"),
        ("https://green.example.org:8443/api/", "ftp://green.example.org", "2:6", "http://"),
        ("https://green.example.org:8443/api/", "https://:8443", "2:6", "https://green"),
        ("https://green.example.org:8443/api/", "https://green:99999", "2:6", "port"),
        ("https://green.example.org:8443/api/", "https://green/api?key=1", "2:6", "query"),
        ("{header: x-build}", "{header: 'x build'}", "10:17", "header"),
        ('{message: "{{ message }}", who', '{text: "hello", who', "8:9", "the user's message is never sent"),
        ('  body: {message: "{{ message }}", who: "{{ setup.customer }}"}\n', "", "4:3", "the user's message is never sent"),
        ("X-Turn", "Content-Length", "7:5", "connection"),
        ("X-Turn", "X Turn", "7:5", "header"),
        ('"Bearer {{ env.TOKEN }}"', "Bearer abc", "6:20", "environment variable"),
        ("name: green", "nam: green", "1:1", "did you mean 'name'"),
        ("build:", "turn_timeout_s: 2\nbuild:", "", "reply_within_s"),
        ("build:", "retries: yes\nbuild:", "10:10", ""),
    ],
)
def test_each_mistake_is_named_at_its_place(load, old, new, place, said):
    """`path:line:column: message` for anything that a target file can have wrong."""
    with pytest.raises(SourceError) as caught:
        load(GOOD.replace(old, new), **ENVIRON)
    text = str(caught.value)
    assert f"green.yaml:{place}" in text
    assert said in text


def test_known_names_are_listed_once_and_env_only_where_it_may_stand(load):
    """A list of what could have been meant offers nothing that would be refused next."""
    with pytest.raises(SourceError) as caught:
        load(GOOD.replace("{{ message }}", "{{ zzz }} {{ message }}").replace("{{ turn }}", "{{ zzz }}"), **ENVIRON)
    assert "known here: env, locale, message_id, run, scenario, seed, session, turn" in str(caught.value)
    assert "known here: history, locale, message, message_id, run, scenario, seed, session, setup, turn" in str(caught.value)


def test_a_lacking_text_is_told_beside_other_mistakes(load):
    """What the parts of a file have to do with each other is checked even where one of them is wrong."""
    text = GOOD.replace("{text: answer.text, products: items}", "{products: items}").replace("{header: x-build}", "unatested")
    with pytest.raises(SourceError) as caught:
        load(text.replace("version:", "turn_timeout_s: 2\nversion:"), **ENVIRON)
    said = str(caught.value)
    assert "'reply' needs 'text'" in said
    assert "unatested" in said
    assert "'reply_within_s' (3) is longer" in said


def test_all_mistakes_come_at_once(load):
    """Schema and templates are checked together, so that a file is corrected in one go."""
    text = GOOD.replace("{{ message }}", "{{ mesage }}").replace("name: green", "nam: green").replace("answer.text", "a..b")
    with pytest.raises(SourceError) as caught:
        load(text)
    assert {mistake.line for mistake in caught.value.mistakes} >= {1, 8, 9}


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"TOKEN": ""},
        {"TOKEN": "h22er"},
        {"TOKEN": "hunter22\nX-Evil: 1"},
        {"TOKEN": "hunter22 "},
        {"TOKEN": "hunter22é"},
        {"TOKEN": "hunter22{{"},
    ],
)
def test_an_environment_variable_that_cannot_be_used_is_named_and_its_value_is_not(load, environ):
    """The variable, the header and the place are said; the secret never is."""
    with pytest.raises(SettingsError, match=r"green.yaml:6:20: header Authorization needs the environment variable TOKEN") as caught:
        load(GOOD, **environ)
    assert "hunter22" not in str(caught.value)
    assert "h22er" not in str(caught.value)


@pytest.mark.parametrize("source", ["", "  "])
def test_an_empty_target_is_called_empty(source):
    """An unset variable on the command line is named for what it is."""
    with pytest.raises(SettingsError, match="--target is empty"):
        load_target(source, {})


@pytest.mark.parametrize("url", ["https://user:hunter22@green.example.org", "https://hunter22@green.example.org"])
def test_credentials_in_a_url_are_refused_and_not_repeated(load, url):
    """Credentials belong in headers from the environment, whether the URL came from a flag or a file."""
    with pytest.raises(SettingsError, match="credentials") as bare:
        load_target(url, {})
    with pytest.raises(SourceError, match="credentials") as written:
        load(GOOD.replace("https://green.example.org:8443/api/", url), **ENVIRON)
    assert "hunter22" not in str(bare.value) + str(written.value)


@pytest.mark.parametrize(
    "source", ["ftp://x", "http://", "http://[::1", "http://a b/", "http://x:port", "http://x/?a=1", "localhost:8001", "no-such-file.yaml"]
)
def test_a_target_that_is_no_url_and_no_file_says_what_to_write(source):
    """A wrong --target is a usage error with a remedy."""
    with pytest.raises(SettingsError, match=r"https?://|query"):
        load_target(source, {})


def test_a_bare_url_means_the_default_shape():
    """A URL alone is enough for a target that speaks like the reference chatbot."""
    wire = load_target("http://127.0.0.1:8001/", {})
    assert wire.file == default_target("http://127.0.0.1:8001")
    assert (wire.file.name, wire.file.url) == ("127.0.0.1:8001", "http://127.0.0.1:8001")
    assert wire.file.build != "unattested"
