"""The goals that the verdicts have to reach, each as commands that anybody can run, and what they print: `make characteristics`.

Every figure of `operating-characteristics.md` comes from a seeded public command. `tests/statistics/test_characteristics.py`
proves the file (slow), and runs a small version of every goal (quick).
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

OUTPUT = Path(__file__).with_name("operating-characteristics.md")
WORKERS = 2
RUNS, MANY, MOST = 10_000, 40_000, 100_000
SIZES = {30: 20, 40: 20, 60: 12, 100: 10}
"""Scenarios → stored conversations of each."""
MODELS = ("quiet", "base", "noisy")
SHAPES = ("uniform", "concentrated")
COMPONENTS = {"quiet": (0.51, 0.44, 0.23), "base": (0.63, 0.41, 0.215), "noisy": (0.76, 0.46, 0.37)}
"""Within, between and interaction standard deviations of the models' observed scores, as a large baseline would show them."""
DIMENSIONS = {"quiet": 4, "base": 4, "noisy": 1}

Command = tuple[str, ...]
Document = dict[str, Any]
Figure = Callable[[Sequence[Document]], float]
Runner = Callable[[Sequence[Command]], list[Document]]


@dataclass(frozen=True)
class Goal:
    """One limit."""

    name: str
    commands: tuple[Command, ...]
    figure: Figure
    must: float
    moonshot: float | None
    most: bool = True
    """The figure may be `must` at most; otherwise at least."""
    unit: str = "%"
    settled: bool = False
    """Cells within two standard errors of the must are run 40,000 times, those within three of the moonshot 100,000 times."""
    slack: float = 0.03
    """What a few hundred runs may miss the limit by."""
    small: int = 1
    """So many commands, the first ones, make a small version …"""
    roughly: Figure | None = None
    """… and this is its figure; default: the same."""

    def met(self, figure: float, limit: float | None, slack: float = 0.0) -> bool:
        """Tell whether a figure keeps a limit; one that was never set is never kept."""
        if limit is None:
            return False
        return figure <= limit + slack if self.most else figure >= limit - slack

    def shown(self, figure: float) -> str:
        """Return a figure in the goal's unit."""
        return f"{100 * figure:.2f} %" if self.unit == "%" else f"{100 * figure:.2f} points" if self.unit == "points" else f"{figure:.0f}"


def simulate(*words: object, scenarios: int = 40, runs: int = RUNS) -> Command:
    design = ("--scenarios", scenarios, "--baseline-repeats", SIZES.get(scenarios, 20))
    return ("simulate", *(str(word) for word in (*design, *words)), "--runs", str(runs), "--seed", "1")


def integration(*words: object) -> Command:
    return ("simulate", "--gate", "integration", "--scenarios", "60", *(str(word) for word in words), "--runs", str(MANY), "--seed", "1")


def highest(field: str) -> Figure:
    return lambda documents: max(float(one[field]) for one in documents)


def lowest(field: str) -> Figure:
    return lambda documents: min(float(one[field]) for one in documents)


def decided(document: Document) -> float:
    """Share of runs that end as the truth is: the larger of the two, one of which is next to nothing."""
    return max(float(document["pass_rate"]), float(document["fail_rate"]))


def saving(documents: Sequence[Document], *, checked: bool = True) -> float:
    """Part of the conversations that the shallowest fixed test needs which decides as often and is as often wrong.

    Documents come in pairs, the sequential design and a fixed one: on the margin first, where the fixed one must not be wrong
    less often; then, for each true drop, the deepest fixed design that decides less often. 0 where one of this does not hold,
    unless that goes unchecked, as it has to in a few hundred runs.
    """
    (ours, fixed), *pairs = zip(documents[::2], documents[1::2], strict=True)
    if checked and float(fixed["pass_rate"]) < float(ours["pass_rate"]):
        return 0.0
    found = []
    for one, other in pairs:
        needed = float(other["mean_calls"]) + float(other["design"]["scenarios"])
        found.append(1.0 - float(one["mean_calls"]) / needed if decided(other) < decided(one) or not checked else 0.0)
    return min(found)


def drift(documents: Sequence[Document]) -> float:
    """Largest change of a rate; documents come in threes: no drift, milder, harsher."""
    changes = [
        abs(float(one[rate]) - float(still[rate]))
        for still, *others in zip(documents[::3], documents[1::3], documents[2::3], strict=True)
        for one in others
        for rate in ("pass_rate", "fail_rate")
    ]
    return max(changes)


def planning(documents: Sequence[Document]) -> float:
    """Largest difference of planned and simulated power; documents come in threes: plan, no drop, twice the margin."""
    pairs = [
        (
            abs(float(plan["pass_at_no_drop"]) - float(same["pass_rate"])),
            abs(float(plan["fail_at_twice_margin"]) - float(worse["fail_rate"])),
        )
        for plan, same, worse in zip(documents[::3], documents[1::3], documents[2::3], strict=True)
    ]
    return max(max(pair) for pair in pairs)


FAST = ("--policy", "fast")
LIST = ("--regressed", 4, "--drop", 1)
SIX = ("--dimensions", 6, "--drop-dimension")
FIXED = ("--stopping", "fixed", "--alpha", 0.042, "--looks", 12)
"""As often wrong on the margin as the sequential design, and a little less often decided."""
DESIGNS = (
    (20, 20, 20, (2, 3, 5, 8, 13, 20)),
    (30, 20, 10, (2, 3, 5, 8, 10)),
    (40, 20, 20, (1, 2, 4, 7, 12, 20)),
    (40, 10, 8, (1, 2, 3, 5, 8)),
    (50, 5, 5, (1, 2, 3, 5)),
    (60, 12, 12, (1, 2, 3, 5, 8, 12)),
    (100, 10, 8, (1, 2, 3, 5, 8)),
)
"""Scenarios, stored conversations, most repeats, and the looks that the plan chooses for them."""


def planned() -> tuple[Command, ...]:
    found: list[Command] = []
    for model in MODELS:
        within, between, interaction = COMPONENTS[model]
        spread = (
            "--within-sd",
            within,
            "--between-sd",
            between,
            "--interaction-sd",
            interaction,
            "--mean",
            4.2,
            "--dimensions",
            DIMENSIONS[model],
        )
        for scenarios, stored, cap, looks in DESIGNS:
            size = ("--scenarios", scenarios, "--baseline-repeats", stored)
            found.append(("plan", *map(str, (*size, *spread, "--power", 0.99999, "--most-repeats", cap))))
            design = (*size, "--model", model, "--looks", ",".join(map(str, looks)))
            found += [
                ("simulate", *map(str, (*design, "--drop", drop, "--runs", RUNS, "--seed", 1, "--no-guardrails"))) for drop in (0.0, 0.4)
            ]
    return tuple(found)


GOALS = (
    Goal(
        "FAIL at no drop: every model, 30 to 100 scenarios",
        tuple(simulate("--model", model, scenarios=size) for model in MODELS for size in SIZES),
        highest("fail_rate"),
        0.001,
        0.0001,
        slack=0.002,
    ),
    Goal(
        "PASS at a drop of 0.2 and of 0.3: every model, uniform and concentrated, 30 to 100 scenarios",
        tuple(
            simulate("--model", model, "--shape", shape, "--drop", drop, "--no-guardrails", scenarios=size)
            for drop in (0.2, 0.3)
            for model in MODELS
            for shape in SHAPES
            for size in SIZES
        ),
        highest("pass_rate"),
        0.053,
        0.05,
        settled=True,
    ),
    Goal("PASS at no drop, 40 scenarios", (simulate(runs=MANY),), lowest("pass_rate"), 0.985, 0.995, most=False),
    Goal("FAIL at 0.4, 40 scenarios", (simulate("--drop", 0.4, runs=MANY),), lowest("fail_rate"), 0.97, 0.99, most=False),
    Goal("FAIL at 0.4, 100 scenarios", (simulate("--drop", 0.4, scenarios=100),), lowest("fail_rate"), 0.995, 0.999, most=False),
    Goal(
        "Conversations saved against the fixed test of equal errors, at no drop and at 0.4",
        tuple(simulate("--drop", drop, *fixed, runs=MANY) for drop in (0.2, 0.0, 0.4) for fixed in ((), FIXED)),
        saving,
        0.5,
        0.75,
        most=False,
        slack=0.05,
        small=6,
        roughly=partial(saving, checked=False),
    ),
    Goal("Pull requests (policy fast): FAIL at no drop", (simulate(*FAST, runs=MANY),), highest("fail_rate"), 0.005, 0.005, slack=0.01),
    Goal("Pull requests: PASS at 0.4", (simulate(*FAST, "--drop", 0.4, runs=MANY),), highest("pass_rate"), 0.01, 0.005, slack=0.01),
    Goal(
        "Pull requests: conversations, at no drop and at 0.4",
        (simulate(*FAST, runs=MANY), simulate(*FAST, "--drop", 0.4, runs=MANY)),
        highest("mean_calls"),
        65,
        45,
        unit="",
    ),
    Goal(
        "A judge that drifts by 0.15: change of verdict rates after judging again, at drops of 0, 0.2 and 0.4",
        tuple(simulate("--drop", drop, "--judge-drift", shift) for drop in (0.0, 0.2, 0.4) for shift in (0.0, 0.15, -0.15)),
        drift,
        0.04,
        0.01,
        unit="points",
        slack=0.05,
        small=3,
    ),
    Goal(
        "One dimension of six falls by 0.6: FAIL",
        (simulate(*SIX, 0.6),),
        lowest("fail_rate"),
        0.85,
        None,
        most=False,
    ),
    Goal("One dimension of six falls by 0.3, its margin: FAIL", (simulate(*SIX, 0.3),), highest("fail_rate"), 0.05, None),
    Goal(
        "List of regressed scenarios, 5 repeats: false entries, builds that differ in nothing else and ordinary ones",
        (simulate(*LIST), simulate(*LIST, "--interaction-sd", 0)),
        highest("false_discovery_rate"),
        0.11,
        0.10,
    ),
    Goal(
        "List of regressed scenarios, 5 repeats: those that lost one point which it names",
        (simulate(*LIST), simulate(*LIST, "--interaction-sd", 0)),
        lowest("power"),
        0.5,
        0.7,
        most=False,
    ),
    Goal("Planned against simulated power, 21 designs", planned(), planning, 0.03, 0.01, unit="points", slack=0.06, small=3),
    Goal(
        "Integration, 60 scenarios, 0.5 % healthy failures: false alarms", (integration(),), highest("fail_rate"), 0.005, 0.002, slack=0.01
    ),
    Goal("Integration: one scenario of 60 stops working", (integration("--exposed", 1),), lowest("fail_rate"), 0.999, 1.0, most=False),
    Goal(
        "Integration: one scenario of 60 passes half of the time",
        (integration("--exposed", 1, "--pass-rate", 0.5),),
        lowest("fail_rate"),
        0.95,
        0.99,
        most=False,
    ),
    Goal(
        "Integration: four scenarios of 60 pass 70 % of the time",
        (integration("--exposed", 4, "--pass-rate", 0.7),),
        lowest("fail_rate"),
        0.99,
        0.999,
        most=False,
    ),
    Goal("Integration: 5 % more failures everywhere", (integration("--diffuse", 0.05),), lowest("fail_rate"), 0.99, None, most=False),
)


def asked(command: Command) -> Document:
    """Run one command in a process of its own and return its document."""
    done = subprocess.run([sys.executable, "-m", "harness.cli.main", *command, "--json"], capture_output=True, text=True, check=True)
    found: Document = json.loads(done.stdout)
    return found


def in_parallel(commands: Sequence[Command]) -> list[Document]:
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(asked, commands))


def longer(command: Command, runs: int) -> Command:
    """Return the command with more runs."""
    where = command.index("--runs") + 1
    return (*command[:where], str(runs), *command[where + 1 :])


def runs_needed(goal: Goal, document: Document) -> int:
    """Return how many runs tell a cell from the limits that it lies near."""
    error, rate = float(document["monte_carlo_se"]), float(document["pass_rate"])
    if goal.moonshot is not None and abs(rate - goal.moonshot) < 3 * error:
        return MOST
    return MANY if abs(rate - goal.must) < 2 * error else RUNS


def settled(goal: Goal, runner: Runner) -> tuple[tuple[Command, ...], list[Document]]:
    """Return a goal's commands and documents, those near a limit run longer."""
    commands, documents = list(goal.commands), runner(goal.commands)
    if goal.settled:
        unsure = {place: runs for place, one in enumerate(documents) if (runs := runs_needed(goal, one)) > RUNS}
        again = [longer(commands[place], runs) for place, runs in unsure.items()]
        for place, command, document in zip(unsure, again, runner(again), strict=True):
            commands[place], documents[place] = command, document
    return tuple(commands), documents


def page(runner: Runner = in_parallel) -> str:
    """Return the whole file."""
    rows, lists = [], []
    for number, goal in enumerate(GOALS, 1):
        commands, documents = settled(goal, runner)
        figure = goal.figure(documents)
        sign = "≤" if goal.most else "≥"
        reached = "moonshot" if goal.met(figure, goal.moonshot) else "must" if goal.met(figure, goal.must) else "**missed**"
        limits = " | ".join("none" if limit is None else f"{sign} {goal.shown(limit)}" for limit in (goal.must, goal.moonshot))
        rows.append(f"| {number} | {goal.name} | {goal.shown(figure)} | {limits} | {reached} |")
        printed = [f"$ harness {' '.join(command)}\n{_summary(document)}" for command, document in zip(commands, documents, strict=True)]
        lists += [f"## {number}. {goal.name}", "", "```console", *printed, "```", ""]
    head = "| | measure | measured | must | moonshot | reached |\n|---|---|---|---|---|---|"
    intro = (
        "# Operating characteristics\n\nThe shipped engine on simulated conversations; written by `make characteristics`, proved by "
        "`make test-slow`. Where several commands belong to a row, the figure is the worst of them. In row 2 cells near a limit are run up to 100,000 times."
    )
    return "\n".join([intro, "", head, *rows, "", *lists]).rstrip("\n") + "\n"


def _summary(document: Document) -> str:
    if "power_by_repeats" in document:
        return (
            f"planned: PASS {document['pass_at_no_drop']:.4f} at no drop, FAIL {document['fail_at_twice_margin']:.4f} at twice the margin"
        )
    if "power" in document:
        return f"false entries {document['false_discovery_rate']:.4f}, found {document['power']:.4f} (± {document['monte_carlo_se']:.4f})"
    rates = ", ".join(f"{name.upper()} {document[f'{name}_rate']:.4f}" for name in ("pass", "fail", "inconclusive"))
    conversations = float(document["mean_conversations" if document["gate"] == "integration" else "mean_calls"])
    return f"{rates} (± {document['monte_carlo_se']:.4f}), {conversations:.1f} conversations"


if __name__ == "__main__":
    OUTPUT.write_text(page(), encoding="utf-8")
