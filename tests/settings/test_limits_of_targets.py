"""How fast a target is spoken to, said by file, environment and flag in place of its own file."""

from __future__ import annotations

import pytest

from harness.errors import SettingsError
from harness.settings import load_settings


@pytest.mark.parametrize(("said", "found"), [("adaptive", "adaptive"), ("8", 8)])
def test_turns_at_once_are_a_word_or_a_number(tmp_path, said, found):
    """From the environment as text, from a file as it is, from a flag as it was read."""
    config = tmp_path / "harness.toml"
    config.write_text(f'turns_at_once = "{said}"' if said == "adaptive" else f"turns_at_once = {said}")
    assert load_settings({}, {"HARNESS_TURNS_AT_ONCE": said}).of_targets == {"turns_at_once": found}
    assert load_settings({}, {}, config).of_targets == {"turns_at_once": found}
    flags = {"turns_at_once": found, "conversation_timeout_s": 30.0}
    assert load_settings(flags, {}).of_targets == {"turns_at_once": found, "conversation_timeout_s": 30.0}


def test_nothing_said_changes_nothing_and_nonsense_is_refused():
    """A target file keeps what it says, until somebody says otherwise in words that mean something."""
    assert load_settings({}, {}).of_targets == {}
    for nonsense in ("fast", "0", "1001"):
        with pytest.raises(SettingsError, match="TURNS_AT_ONCE"):
            load_settings({}, {"HARNESS_TURNS_AT_ONCE": nonsense})
