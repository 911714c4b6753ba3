"""Which judge the settings name, before anything is sent."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness.assembly.claude import judge_protocol
from harness.assembly.judges import open_judge
from harness.errors import SettingsError, SourceError
from harness.judging.offline_judge import OfflineJudge
from harness.judging.steering.steady_judge import SteadyJudge
from harness.scenarios.load import Suite
from harness.settings import Settings, load_settings
from tests.fakes.scripted_model import RUBRIC_VALUE
from tests.fakes.small_shop import FACTS, RUBRIC

SUITE = Suite((), FACTS, RUBRIC_VALUE, Path("suite"), "0")
KEY = {"ANTHROPIC_API_KEY": "sk-ant-not-a-real-key"}


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    """Answers are kept in the working directory."""
    monkeypatch.chdir(tmp_path)


def opened(environ, **settings):
    return open_judge(Settings(rubric=RUBRIC, **settings), SUITE, environ)


def test_the_named_judge_is_opened():
    """Offline by rules, Claude at Anthropic or on Bedrock by its model's id."""
    assert isinstance(opened({}, judge="offline"), OfflineJudge)
    assert isinstance(opened(KEY, judge="anthropic"), SteadyJudge)
    assert opened(KEY, judge="anthropic").identity.name == "claude-sonnet-5-5"
    assert opened(KEY, judge="anthropic", judge_model="claude-haiku-5-5").identity.name == "claude-haiku-5-5"
    assert opened(
        {"AWS_BEARER_TOKEN_BEDROCK": "x" * 20},
        judge="bedrock",
        judge_region="eu-central-1",
        judge_model="eu.anthropic.claude-sonnet-5-5-v1:0",
    )


@pytest.mark.parametrize(
    ("environ", "judge", "said"),
    [
        ({}, "anthropic", "ANTHROPIC_API_KEY is not set; set it .* or choose a judge that needs no key: --judge offline"),
        ({"ANTHROPIC_API_KEY": "  "}, "anthropic", "ANTHROPIC_API_KEY is not set"),
        ({"ANTHROPIC_API_KEY": "two words of a key"}, "anthropic", "holds characters that no key has"),
        (KEY | {"ANTHROPIC_BASE_URL": "not an address"}, "anthropic", "base URL"),
        ({}, None, "--judge offline.*--judge anthropic"),
        (KEY, "claude", "known are 'offline'.*'anthropic'.*package.module:factory"),
        (KEY, "no_such_package:make", "no module 'no_such_package'"),
    ],
)
def test_a_judge_that_cannot_be_asked_is_a_mistake_of_the_settings(environ, judge, said):
    """No key, one that cannot be sent, no address, no judge at all: told with the remedy, and without the key."""
    with pytest.raises(SettingsError, match=said) as refused:
        opened(environ, judge=judge)
    assert "two words" not in str(refused.value)


def test_prompts_that_cannot_be_used_are_all_told(tmp_path):
    """A folder of prompts beside the rubric is taken for what it says it is."""
    (tmp_path / "prompts").mkdir()
    with pytest.raises(SourceError, match=r"system\.jinja"):
        open_judge(Settings(rubric=tmp_path / "rubric.yaml", judge="anthropic"), SUITE, KEY)


def test_settings_say_who_judges_and_how():
    """Model, alias, effort, limits, samples, the auditing model and how much at once come from file, environment or flags."""
    environ = {
        "HARNESS_JUDGE": "anthropic", "HARNESS_JUDGE_MODEL": "eu.claude", "HARNESS_JUDGE_ANSWERS_AS": "claude-sonnet-5-5", "HARNESS_JUDGE_EFFORT": "low",
        "HARNESS_JUDGE_SAMPLES": "1", "HARNESS_JUDGE_AUDIT_MODEL": "claude-haiku-5-5", "HARNESS_JUDGING": "50", "HARNESS_JUDGE_PROMPT_CACHE": "1h",
        "HARNESS_JUDGE_MAX_TOKENS": "4000", "HARNESS_JUDGE_THINKING": "disabled",
    }  # fmt: skip
    protocol = judge_protocol(load_settings({}, environ))
    choice = protocol.choice
    assert (choice.model, choice.answers_as, choice.effort, choice.thinking) == ("eu.claude", "claude-sonnet-5-5", "low", "disabled")
    assert (choice.max_tokens, choice.cached, protocol.samples, protocol.at_once) == (4000, "1h", 1, 50)
    assert protocol.audit is not None
    assert (protocol.audit.model, protocol.audit.answers_as, protocol.audit_percent) == ("claude-haiku-5-5", None, 20)
    with pytest.raises(SettingsError, match="HARNESS_JUDGE_SAMPLES"):
        load_settings({}, {"HARNESS_JUDGE_SAMPLES": "many"})


def test_without_a_model_the_sdk_is_never_imported():
    """Opening any judge imports no SDK and no transport of it, and nor do prices, budgets, batches and readers; only asking does."""
    program = (
        "import sys\nfrom pathlib import Path\nimport harness.language_model.batches.gathering, harness.language_model.warming\nfrom harness.assembly.bench import open_suite\nfrom harness.assembly.judges import open_judge\nfrom harness.settings import Settings\n"
        "suite, _ = open_suite(Settings(), ())\n"
        "open_judge(Settings(judge='offline'), suite, {})\n"
        "open_judge(Settings(judge='anthropic'), suite, {'ANTHROPIC_API_KEY': 'sk-ant-not-a-real-key'})\n"
        "assert 'harness.language_model.money.metered' in sys.modules and 'harness.language_model.opening' in sys.modules\n"
        "assert not {'anthropic', 'httpx2'} & set(sys.modules), 'the SDK was imported'"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
