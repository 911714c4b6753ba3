"""The command line in this process, in a folder and an environment of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest
import yaml

from harness.cli.main import main
from tests.acceptance.conftest import Finished, called
from tests.fakes.messages_api.api import KEY, FakeMessagesApi
from tests.fakes.messages_api.server import serving
from tests.fakes.model_requests import FIGURES
from tests.fakes.raw_http import RawServer
from tests.fakes.threaded_bot import Answerer, bot, good, target_file, write_suite

Door = Callable[..., Finished]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings but those of the test."""
    for name in list(os.environ):
        if name.startswith("HARNESS_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def door(capsys: pytest.CaptureFixture[str]) -> Door:
    """Run the command line with these words, as a shell would."""

    return lambda *words: called(capsys, *words)


@pytest.fixture(scope="session")
def suite_words(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """Flags that name a small suite with its facts."""
    folder = write_suite(tmp_path_factory.mktemp("suite"))
    return ("--suite", str(folder), "--facts", str(folder / "facts"), "--judge", "offline")


@pytest.fixture
def green(tmp_path: Path) -> Callable[..., AbstractContextManager[tuple[RawServer, Path]]]:
    """Serve a candidate: yields the server and the target file."""

    @contextmanager
    def serve(answer: Answerer = lambda _request: good(), **fields: object) -> Iterator[tuple[RawServer, Path]]:
        with bot(answer) as server:
            yield server, target_file(tmp_path, server.url, **fields)

    return serve


@pytest.fixture(scope="session")
def baseline(tmp_path_factory: pytest.TempPathFactory, suite_words: tuple[str, ...]) -> Path:
    """A baseline of the small suite, recorded from a healthy bot by the command itself."""
    return recorded(tmp_path_factory.mktemp("baseline"), *suite_words)


def recorded(folder: Path, *words: str) -> Path:
    """Record a baseline from a healthy bot into `folder`, once for many tests that only read it."""
    folder.mkdir(exist_ok=True)
    path = folder / "blue.jsonl.gz"
    with bot(lambda _request: good(build="b" * 40), version=iter(lambda: "b" * 40, None)) as server:
        target = target_file(folder, server.url)
        where = ["--target", str(target), "--output", str(path), "--out", str(folder / "run"), "--quiet"]
        with pytest.raises(SystemExit) as left:
            main(["baseline", "record", *words, *where])
    assert left.value.code == 0
    return path


@pytest.fixture
def claude(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeMessagesApi]:
    """A service that judges honestly, and the environment that leads there."""
    with ExitStack() as stack:
        api, url = stack.enter_context(serving(FakeMessagesApi()))
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        yield api


@pytest.fixture
def prices(tmp_path: Path) -> tuple[str, str]:
    """Flags that name prices."""
    path = tmp_path / "prices.yaml"
    models = [{"model": model, **{name: float(figure) for name, figure in figures.items()}} for model, figures in FIGURES.items()]
    path.write_text(yaml.safe_dump({"source": "invented", "as_of": "2026-11-01", "models": models}).replace("'2026-11-01'", "2026-11-01"))
    return ("--prices", str(path))


@pytest.fixture(scope="session")
def suite(suite_words: tuple[str, ...]) -> tuple[str, ...]:
    """Flags that name a small suite."""
    return suite_words[:4]


@pytest.fixture
def target(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Flags that name a healthy bot."""
    with bot(lambda _: good()) as server:
        yield ("--target", str(target_file(tmp_path, server.url)))
