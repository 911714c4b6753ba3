"""The judge that the settings name, and its way to a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from harness.errors import SettingsError
from harness.judging.judge import Judge
from harness.judging.offline_judge import OfflineJudge
from harness.judging.plugged_judge import is_plugged, plugged_judge
from harness.scenarios.load import Suite
from harness.settings import CLAUDE, Settings

if TYPE_CHECKING:
    from harness.language_model.access import ModelAccess

NO_JUDGE = (
    "no judge is configured: say `--judge offline` for the rules-only judge (it answers the criteria that code can check and says so), "
    "or `--judge anthropic` for Claude. "
    "The harness never falls back to it silently"
)


def open_judge(settings: Settings, suite: Suite, environ: Mapping[str, str], access: ModelAccess | None = None) -> Judge:
    """Return the configured judge; one that asks a model opens its connections when it is entered, and sends nothing before.

    Args:
        settings: of the run.
        suite: scenarios, facts and rubric.
        environ: the environment.
        access: the way to its models; default: one of its own.

    Raises:
        SettingsError: there is none, its key is missing, or a plugged-in one cannot be used.
        SourceError: every mistake of the judge's prompts.
    """
    match settings.judge:
        case None:
            raise SettingsError(NO_JUDGE)
        case "offline":
            return OfflineJudge(suite.rubric)
        case "anthropic" | "bedrock":
            way = access or model_access(settings, environ)
            if way is None:
                raise SettingsError(NO_JUDGE)
            from harness.assembly.claude import claude_judge

            return claude_judge(settings, suite, way.opened)
        case str() as name if is_plugged(name):
            return plugged_judge(name, suite, settings, environ)
    raise SettingsError(
        f"unknown judge {settings.judge!r}; known are 'offline' (rules only), 'anthropic' and 'bedrock' (Claude), "
        "and package.module:factory (your own)"
    )


def fresh_judge(settings: Settings, suite: Suite, environ: Mapping[str, str], access: ModelAccess | None = None) -> Judge:
    """Return the configured judge with a door that looks nothing up and keeps nothing; arguments and errors as `open_judge`."""
    way = access or model_access(settings, environ)
    if way is None:
        return open_judge(settings, suite, environ)
    from harness.assembly.claude import claude_judge

    return claude_judge(settings, suite, way.fresh, "anchors")


def model_access(settings: Settings, environ: Mapping[str, str], *, batch: bool = False, simulating: bool = False) -> ModelAccess | None:
    """Return the way to the models of the configured judge, and of who plays users; None where none of ours is asked.

    Args:
        settings: of the run.
        environ: the environment, where keys are.
        batch: ask in batches.
        simulating: a model plays users.

    Raises:
        SettingsError: no key, a budget without prices or for a judge that no budget of ours can hold, or batches where there are none.
        SourceError: every mistake of the price file.
        StoreError: the file of answers cannot be used.
    """
    if settings.judge not in CLAUDE and not simulating:
        if settings.budget_usd is not None and settings.judge not in {None, "offline"}:
            raise SettingsError(
                f"budget_usd: nothing holds the judge {settings.judge} to a budget; leave it out, or let the judge see to it"
            )
        return None
    from harness.assembly.claude import claude_access

    return claude_access(settings, environ, batch=batch, simulating=simulating)
