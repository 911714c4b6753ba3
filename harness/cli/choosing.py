"""The settings of a command: what file, environment and flags add up to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.settings import DISK, Settings, SettingsSource, load_settings, policy_with

SETTING_FLAGS = (
    "target", "suite", "facts", "rubric", "baseline", "pinned", "against", "state", "noise", "judge", "repeats", "max_judged",
    "concurrency", "turns_at_once", "deadline_s", "conversation_timeout_s", "expect_build", "mode", "judge_model", "simulator", "budget_usd", "prices", "cache",
    "replay",
)  # fmt: skip
POLICY_FLAGS = ("policy", "on_inconclusive", "stopping", "cap")


def chosen_settings(config: Path | None, flags: Mapping[str, Any], environ: Mapping[str, str], source: SettingsSource = DISK) -> Settings:
    """Return the settings that file, environment and flags add up to; the file is read from `source`."""
    settings = load_settings({name: flags.get(name) for name in SETTING_FLAGS}, environ, config, source)
    return settings.model_copy(update={"policy": policy_with(settings.policy, {name: flags.get(name) for name in POLICY_FLAGS})})
