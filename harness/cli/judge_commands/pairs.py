"""`harness judge pairs`: conversations of two runs, compared side by side."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import MODEL_OPTIONS, SUITE_OPTIONS, with_options
from harness.cli.output import say

if TYPE_CHECKING:
    from harness.language_model.access import ModelAccess
    from harness.pairs.compare import Comparison
    from harness.pairs.matching import Held, Pair
    from harness.scenarios.load import Suite
    from harness.settings import Settings


@click.command("pairs")
@click.argument("run_a", metavar="RUN_A")
@click.argument("run_b", metavar="RUN_B")
@with_options(SUITE_OPTIONS, MODEL_OPTIONS)
@click.option("--judge", metavar="NAME", help="anthropic or bedrock: Claude.")
@click.option("--close", is_flag=True, help="Only pairs whose scores lie less than half a point apart.")
@click.option("--most", type=click.IntRange(1, 100_000), help="At most so many pairs, taken evenly over the scenarios.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout and nothing else.")
@click.option("--quiet", is_flag=True, help="No progress.")
def command(
    *, run_a: str, run_b: str, only: tuple[str, ...], most: int | None, close: bool, as_json: bool, config: Path | None, **flags: Any
) -> int:
    """Have conversations of two runs compared side by side: which serves the customer better, asked in both orders.

    Each RUN is 'last', a run's id or the beginning of one. Paired are conversations of the same scenario and seed: hold both runs
    with the same --seed. Two orders that contradict each other are a tie.
    """
    from harness.assembly.bench import open_suite
    from harness.assembly.judges import NO_JUDGE, model_access
    from harness.cli.choosing import chosen_settings
    from harness.cli.judge_commands.anchors import spent
    from harness.errors import SettingsError
    from harness.pairs.matching import matched
    from harness.reports.pairs import PairsReport, pairs_document, pairs_text
    from harness.reports.terminal import fitting_width

    settings = chosen_settings(config, flags, os.environ)
    if settings.judge is None:
        raise SettingsError(NO_JUDGE)
    suite, _ = open_suite(settings, only)
    access = model_access(settings, os.environ)
    if access is None:
        raise SettingsError(f"--judge {settings.judge}: pairs are compared by Claude only; say --judge anthropic or bedrock")
    held_a, held_b = (_held(settings.runs, name) for name in (run_a, run_b))
    pairs = _evenly(matched(held_a, held_b, suite, close=close), most)
    comparison = _compared(pairs, settings, suite, access, flags)
    report = PairsReport(settings.judge_model, held_a.manifest.run_id, held_b.manifest.run_id, comparison, spent(access))
    say(pairs_document(report) if as_json else pairs_text(report, fitting_width(os.environ, shutil.get_terminal_size().columns)))
    return 0


def _compared(pairs: tuple[Pair, ...], settings: Settings, suite: Suite, access: ModelAccess, flags: Mapping[str, Any]) -> Comparison:
    import secrets

    from harness.assembly.claude import judge_protocol
    from harness.cli.event_loop import in_event_loop
    from harness.cli.judge_commands.anchors import steps
    from harness.judging.claude_judge import NONCE_BYTES
    from harness.judging.material import MaterialRoom
    from harness.judging.steering.steady_judge import cleaned_facts
    from harness.pairs.compare import compare_pairs
    from harness.pairs.question import PairAsker, load_pair_prompts, pair_system

    prompts = load_pair_prompts()
    room = MaterialRoom(cleaned_facts(suite.facts))
    choice = judge_protocol(settings).choice
    asker = PairAsker(prompts, pair_system(prompts, suite.rubric), room, choice, lambda: secrets.token_hex(NONCE_BYTES))
    told = steps("pairs", len(pairs), quiet=bool(flags["quiet"]))

    async def work() -> Comparison:
        async with access.opened() as door:
            return await compare_pairs(pairs, asker, door, settings.judging, told)

    return in_event_loop((), work)


def _held(runs: Path, name: str) -> Held:
    from harness.pairs.matching import Held
    from harness.records.journal import read_journal
    from harness.records.store import JOURNAL, find_run

    content = read_journal(find_run(runs, name) / JOURNAL)
    return Held(content.manifest, tuple(record for _, record in sorted(content.records.items())))


def _evenly(pairs: tuple[Pair, ...], most: int | None) -> tuple[Pair, ...]:
    """Return at most so many pairs, the first repeats of every scenario before any second one."""
    if most is None or len(pairs) <= most:
        return pairs
    ranked = sorted(pairs, key=lambda pair: (pair.repeat, pair.scenario.id))
    return tuple(sorted(ranked[:most], key=lambda pair: (pair.scenario.id, pair.repeat)))
