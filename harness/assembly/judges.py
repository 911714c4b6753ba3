"""The judge that the settings name, and its way to a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from harness.errors import SettingsError
from harness.judging.claude_judge import ClaudeJudge, JudgeProtocol, OpenModel
from harness.judging.judge import Judge
from harness.judging.model_request import judge_key
from harness.judging.offline_judge import OfflineJudge
from harness.judging.plugged_judge import is_plugged, plugged_judge
from harness.judging.prompt import load_prompts
from harness.judging.questioning import ModelChoice
from harness.judging.steady_judge import SteadyJudge, cleaned_facts
from harness.language_model.access import ModelAccess, Terms
from harness.language_model.batching import BatchPatience
from harness.language_model.connection import Connection, connection
from harness.language_model.prices import load_prices
from harness.scenarios.load import Suite
from harness.settings import Settings

CLAUDE = frozenset({"anthropic", "bedrock"})
"""Judges that ask Claude, named after who serves it."""
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
            return claude_judge(settings, suite, way.opened)
        case str() as name if is_plugged(name):
            return plugged_judge(name, suite, settings, environ)
    raise SettingsError(
        f"unknown judge {settings.judge!r}; known are 'offline' (rules only), 'anthropic' and 'bedrock' (Claude), "
        "and package.module:factory (your own)"
    )


def claude_judge(settings: Settings, suite: Suite, open_model: OpenModel) -> SteadyJudge:
    """Return the judge that asks Claude, by a door of one's own; raises SourceError with every mistake of its prompts."""
    facts = cleaned_facts(suite.facts)
    return SteadyJudge(ClaudeJudge(suite.rubric, facts, load_prompts(settings.rubric), judge_protocol(settings), open_model), suite.rubric)


def bare_judge(settings: Settings, suite: Suite, access: ModelAccess) -> ClaudeJudge:
    """Return the judge that asks Claude, alone: without what the harness does against text that tries to steer it."""
    return ClaudeJudge(suite.rubric, suite.facts, load_prompts(settings.rubric), judge_protocol(settings), access.opened)


def fresh_judge(settings: Settings, suite: Suite, environ: Mapping[str, str], access: ModelAccess | None = None) -> Judge:
    """Return the configured judge with a door that looks nothing up and keeps nothing; arguments and errors as `open_judge`."""
    way = access or model_access(settings, environ)
    return open_judge(settings, suite, environ) if way is None else claude_judge(settings, suite, way.fresh)


def judge_protocol(settings: Settings) -> JudgeProtocol:
    """Return which models judge, and how often they are asked."""
    choice = ModelChoice(
        settings.judge_model,
        settings.judge_answers_as,
        settings.judge_effort,
        settings.judge_thinking,
        settings.judge_max_tokens,
        settings.judge_prompt_cache,
    )
    second = settings.judge_audit_model
    audit = replace(choice, model=second, answers_as=None) if second is not None else None
    return JudgeProtocol(choice, settings.judge_samples, audit, at_once=settings.judging)


def model_access(settings: Settings, environ: Mapping[str, str], *, batch: bool = False) -> ModelAccess | None:
    """Return the way to the models of the configured judge; None where it asks none of ours.

    Args:
        settings: of the run.
        environ: the environment, where keys are.
        batch: ask in batches.

    Raises:
        SettingsError: no key, a budget without prices or for a judge that no budget of ours can hold, or batches where there are none.
        SourceError: every mistake of the price file.
        StoreError: the file of answers cannot be used.
    """
    if settings.judge not in CLAUDE:
        if settings.budget_usd is not None and settings.judge not in {None, "offline"}:
            raise SettingsError(
                f"budget_usd: nothing holds the judge {settings.judge} to a budget; leave it out, or let the judge see to it"
            )
        return None
    reached = None if settings.replay else judge_connection(settings, environ)
    protocol = judge_protocol(settings)
    access = ModelAccess(
        Terms(
            connection=reached,
            models=(protocol.choice.model, *((protocol.audit.model,) if protocol.audit is not None else ())),
            key_of=judge_key,
            store=settings.cache,
            prices=load_prices(settings.prices),
            limit=settings.budget_usd,
            batch=BatchPatience() if batch and reached is not None else None,
        )
    )
    access.verify()
    return access


def judge_connection(settings: Settings, environ: Mapping[str, str]) -> Connection:
    """Return how the judge's models are reached; raises SettingsError where there is no key."""
    return connection(environ, "bedrock" if settings.judge == "bedrock" else "anthropic", region=settings.judge_region)
