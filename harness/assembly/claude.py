"""Claude as a judge, and as who plays users, from settings; loaded only where it is named, because rules need none of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from harness.errors import SettingsError
from harness.judging.claude_judge import ClaudeJudge, JudgeProtocol, OpenModel
from harness.judging.model_request import judge_key
from harness.judging.prompt import load_prompts
from harness.judging.questioning import ModelChoice
from harness.judging.steering.steady_judge import SteadyJudge, cleaned_facts
from harness.language_model.access import ModelAccess, Terms
from harness.language_model.answers.cache_key import KeyOf
from harness.language_model.batches.patient_batches import BatchPatience
from harness.language_model.connection import Connection, connection
from harness.language_model.money.prices import load_prices
from harness.scenarios.load import Suite
from harness.settings import CLAUDE, Settings


def claude_judge(settings: Settings, suite: Suite, open_model: OpenModel, purpose: str = "judge") -> SteadyJudge:
    """Return the judge that asks Claude, by a door of one's own; raises SourceError with every mistake of its prompts.

    Args:
        settings: of the run.
        suite: scenarios, facts and rubric.
        open_model: opens the door.
        purpose: what its calls are for, in the account.
    """
    facts, protocol = cleaned_facts(suite.facts), replace(judge_protocol(settings), purpose=purpose)
    return SteadyJudge(ClaudeJudge(suite.rubric, facts, load_prompts(settings.rubric), protocol, open_model), suite.rubric)


def bare_judge(settings: Settings, suite: Suite, access: ModelAccess) -> ClaudeJudge:
    """Return the judge that asks Claude, alone: without what the harness does against text that tries to steer it."""
    return ClaudeJudge(suite.rubric, suite.facts, load_prompts(settings.rubric), judge_protocol(settings), access.opened)


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


def claude_access(settings: Settings, environ: Mapping[str, str], *, batch: bool = False, simulating: bool = False) -> ModelAccess:
    """Return the way to the models of a run: one account, one budget and one store for judge and simulated users.

    Args:
        settings: of the run.
        environ: the environment, where keys are.
        batch: ask in batches.
        simulating: a model plays users, whoever judges.

    Raises:
        SettingsError: no key, a budget without prices, batches where there are none, or two services at once.
        SourceError: every mistake of the price file.
        StoreError: the file of answers cannot be used.
    """
    judging = settings.judge in CLAUDE
    if judging and simulating and settings.judge != settings.simulator:
        raise SettingsError(
            f"simulator: users are played at {settings.simulator} and judged at {settings.judge}; one run asks one service: name the same"
        )
    reached = None if settings.replay else judge_connection(settings, environ)
    protocol = judge_protocol(settings)
    judges = (protocol.choice.model, *((protocol.audit.model,) if protocol.audit is not None else ()))
    access = ModelAccess(
        Terms(
            connection=reached,
            models=(*(judges if judging or not simulating else ()), *((settings.simulator_model,) if simulating else ())),
            key_of=_key_of(simulating=simulating),
            store=settings.cache,
            prices=load_prices(settings.prices),
            limit=settings.budget_usd,
            batch=BatchPatience() if batch and reached is not None else None,
        )
    )
    access.verify()
    return access


def _key_of(*, simulating: bool) -> KeyOf:
    """Return what tells by what a request is known, the judge's or a player's; where no model plays, nothing of players is loaded."""
    if not simulating:
        return judge_key
    from harness.simulated_users.question import player_key  # noqa: PLC0415 - as said

    return lambda request: judge_key(request) or player_key(request)


def judge_connection(settings: Settings, environ: Mapping[str, str]) -> Connection:
    """Return how the judge's models are reached, or where none judges those that play users; raises SettingsError without a key."""
    service = settings.judge if settings.judge in CLAUDE else settings.simulator
    return connection(environ, "bedrock" if service == "bedrock" else "anthropic", region=settings.judge_region)
