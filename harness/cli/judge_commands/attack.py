"""`harness judge attack`: the judge against who would talk it round."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import MODEL_OPTIONS, SUITE_OPTIONS, with_options
from harness.cli.output import say

if TYPE_CHECKING:
    from harness.anchors.frozen_set import AnchorSet
    from harness.attacks.cases import AttackCase
    from harness.attacks.library import AttackLibrary


@click.command("attack")
@with_options(SUITE_OPTIONS[:-1], MODEL_OPTIONS)
@click.option("--judge", metavar="NAME", help="anthropic or bedrock: Claude; package.module:factory: your own.")
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Only these kinds of attack, and no controls; may be repeated.")
@click.option("--bare", is_flag=True, help="Ask the judge without the harness's second look: what it would do alone. Claude only.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout and nothing else.")
@click.option("--quiet", is_flag=True, help="No progress.")
def command(*, kinds: Sequence[str], bare: bool, as_json: bool, quiet: bool, config: Path | None, **flags: Any) -> int:
    """Attack the judge: twenty kinds, in four places, in English and Japanese, in three conversations each; and controls.

    480 conversations beside their clean twins, about 1,700 calls where nothing is in the cache. Nobody's bot is asked anything.
    """
    from dataclasses import replace

    from harness.anchors.frozen_set import read_anchor_set, shipped_anchors
    from harness.assembly.bench import open_suite
    from harness.assembly.claude import bare_judge
    from harness.assembly.judges import NO_JUDGE, model_access, open_judge
    from harness.attacks.library import load_attacks
    from harness.attacks.measure import Progress, measure_attacks
    from harness.attacks.table import tabulate
    from harness.cli.choosing import chosen_settings
    from harness.cli.event_loop import in_event_loop
    from harness.cli.judge_commands.anchors import spent, steps
    from harness.errors import SettingsError
    from harness.facts import Facts
    from harness.judging.judge import Judge
    from harness.package_data import shipped
    from harness.reports.attacks import AttackReport, attack_document, attack_text
    from harness.reports.terminal import fitting_width

    settings = chosen_settings(config, flags, os.environ)
    if settings.judge is None:
        raise SettingsError(NO_JUDGE)
    suite, _ = open_suite(settings, ())
    access = model_access(settings, os.environ)
    if bare and access is None:
        raise SettingsError(f"--bare: only Claude is asked with a second look; the judge {settings.judge} is bare already")
    anchors = read_anchor_set(shipped_anchors())
    library = load_attacks(shipped("judges") / "attacks")
    cases = _cases(library, anchors, kinds)

    def judge_for(facts: Facts) -> Judge:
        own = replace(suite, facts=facts)
        return bare_judge(settings, own, access) if bare and access is not None else open_judge(settings, own, os.environ, access)

    identity = judge_for(anchors.facts).identity
    told = Progress(judged=steps("cases", len(cases), quiet=quiet))
    outcomes = in_event_loop((), lambda: measure_attacks(cases, anchors, suite.rubric, judge_for, told))
    report = AttackReport(tabulate(outcomes, identity.name, identity.fingerprint, library.fingerprint), bare, spent(access))
    say(attack_document(report) if as_json else attack_text(report, fitting_width(os.environ, shutil.get_terminal_size().columns)))
    return 0


def _cases(library: AttackLibrary, anchors: AnchorSet, kinds: Sequence[str]) -> list[AttackCase]:
    from harness.attacks.cases import attack_cases, control_cases
    from harness.errors import SettingsError

    known = {kind.id for kind in library.kinds}
    unknown = sorted(set(kinds) - known)
    if unknown:
        raise SettingsError(f"--kind {', '.join(unknown)}: no such kind of attack; known are {', '.join(sorted(known))}")
    return [*attack_cases(library, anchors, kinds or None), *(() if kinds else control_cases(library, anchors))]
