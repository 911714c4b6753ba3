"""A judge of somebody else's making."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.errors import SettingsError
from harness.judging.plugged_judge import is_plugged, plugged_judge

GOOD = """
from harness.judging.judge import JudgeIdentity, Judgement, JudgementOutcome
from harness.language_model.usage import Usage

class House:
    def __init__(self, *given):
        self.given = given
        self.identity = JudgeIdentity("house judge", "f" * 16, "0" * 16)
    def dimensions(self, scenario):
        return scenario.dimensions
    async def judge(self, scenario, transcript, findings):
        return Judgement(JudgementOutcome.ABSTAINED, (), (), Usage(), "never scores")

def make(suite, settings, environ):
    return House(suite, settings, environ)

def too_few(suite):
    return House()

def nothing(suite, settings, environ):
    return None

def half(suite, settings, environ):
    judge = House()
    judge.judge = lambda *given: None
    judge.identity = "house judge"
    return judge

A_WORD = "word"
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Put packages on the Python path, and forget them afterwards."""
    folder = tmp_path / "house_judges"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "good.py").write_text(GOOD)
    (folder / "needy.py").write_text("import a_package_that_nobody_has\n")
    (folder / "stale.py").write_text("from harness.judging.judge import NoSuchThing\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    for name in [name for name in sys.modules if name.startswith("house_judges")]:
        del sys.modules[name]


@pytest.mark.usefixtures("installed")
def test_a_factory_gets_suite_settings_and_environment_and_its_judge_is_used():
    """What it returns is the judge, under its own name and fingerprint."""
    judge = plugged_judge("house_judges.good:make", "suite", "settings", {"KEY": "x"})
    assert judge.identity.name == "house judge"
    assert judge.given == ("suite", "settings", {"KEY": "x"})


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no_such_package.judge:make", "no module 'no_such_package'.*PYTHONPATH"),
        ("house_judges.needy:make", "no module 'a_package_that_nobody_has'"),
        ("house_judges.stale:make", "cannot be imported.*NoSuchThing"),
        ("house_judges.good:missing", "has no function 'missing'"),
        ("house_judges.good:A_WORD", "has no function 'A_WORD'"),
        ("house_judges.good:too_few", r"cannot be called as factory\(suite, settings, environ\)"),
        ("house_judges.good:nothing", "NoneType, which is no judge"),
        ("house_judges.good:half", "lacks an `identity` of type JudgeIdentity and `async judge"),
        ("house_judges.good:", "package.module:factory"),
        (":make", "package.module:factory"),
        ("house judges:make", "package.module:factory"),
        ("../evil.py:make", "package.module:factory"),
        ("a:b:c", "package.module:factory"),
    ],
)
def test_a_factory_that_cannot_be_used_says_why(name, said):
    """No module, no factory, wrong parameters or no judge: a mistake of the settings, with its place and a remedy."""
    with pytest.raises(SettingsError, match=said) as refused:
        plugged_judge(name, None, None, {})
    assert str(refused.value).startswith(f"--judge {name}: ")


def test_only_a_name_with_a_colon_is_a_factorys():
    """Names of the judges that ship are none."""
    assert is_plugged("a.b:c")
    assert not any(map(is_plugged, ("offline", "anthropic", "bedrock")))
