"""What no policy may ever allow, proved on the whole gate: every look followed to its end, with pins, floor and guardrails."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.gates.policy import GatePolicy
from harness.gates.verdict import Decision
from harness.records.run import LookSchedule
from tests.fakes.followed_looks import Followed, follow, schedule
from tests.fakes.measurements import Measured, baseline_of

TOWARDS_PASS = [Decision.FAIL, Decision.INCONCLUSIVE, Decision.PASS]
LOOKS = (1, 2, 4, 6)
QUICK = settings(max_examples=settings.default.max_examples // 3, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
LONG = settings(QUICK, max_examples=600)
CRITERIA_EVERY = 4
DEPTH = 6


@dataclass(frozen=True)
class Case:
    """A table of scores and how it is decided."""

    table: tuple[Measured, ...] = field(repr=False)
    made_of: dict[str, object]
    policy: GatePolicy
    pinned: bool
    """There is a pinned reference, which scored better than the baseline in every third conversation."""
    beside: bool
    """Both arms are held side by side."""

    @property
    def looks(self) -> LookSchedule:
        chosen = (5,) if self.policy.policy == "point" else LOOKS
        return schedule(*chosen, policy=self.policy)

    def follow(self, table: list[Measured] | tuple[Measured, ...] | None = None, **more) -> Followed:
        rows = self.table if table is None else table
        pinned = baseline_of([_better(one) for one in self.table], name="pin") if self.pinned else None
        return follow(rows, self.policy, self.looks, pinned=pinned, beside=self.beside, **more)


def _better(one: Measured) -> Measured:
    rows = [
        row if row is None or repeat % 3 else {name: min(5, score + 1) for name, score in row.items()}
        for repeat, row in enumerate(one.baseline)
    ]
    return replace(one, baseline=rows)


def _policies() -> st.SearchStrategy[GatePolicy]:
    chosen = st.fixed_dictionaries(
        {
            "policy": st.sampled_from(["prove", "prove", "prove", "fast", "point"]),
            "target": st.sampled_from(["population", "suite"]),
            "on_inconclusive": st.sampled_from(["block", "literal", "allow"]),
            "guardrails": st.sampled_from(["confirmed", "strict", "off"]),
            "stopping": st.sampled_from(["planned", "planned", "anytime"]),
            "guardrail_margin": st.sampled_from([None, 0.1]),
            "floor": st.sampled_from([None, None, 3.9]),
            "missing_share": st.sampled_from([0.05, 1.0]),
            "missing_gap": st.sampled_from([0.03, 1.0]),
        }
    )
    return chosen.map(_allowed)


def _allowed(values: dict) -> GatePolicy:
    if values["stopping"] == "anytime":
        values |= {"policy": "prove", "on_inconclusive": "allow" if values["on_inconclusive"] == "literal" else values["on_inconclusive"]}
    return GatePolicy(**values)


@st.composite
def cases(draw: st.DrawFn, *, gaps: bool = False) -> Case:
    """Tables around the margin, where every verdict comes up: noise in scenarios, dimensions, looks and critical criteria."""
    policy = draw(_policies())
    choices = {
        "seed": st.integers(0, 2**20),
        "count": st.sampled_from([10, 14]),
        "dimensions": st.sampled_from([("tone",), ("clarity", "tone")]),
        "drop": st.sampled_from([-0.2, 0.0, 0.15, 0.25, 0.5]),
        "spread": st.sampled_from([0.0, 0.3, 0.8]),
        "wander": st.sampled_from([0.0, 0.4]),
        "fallen": st.sampled_from([0.0, 0.0, 0.7]),
        "breaking": st.sampled_from([0.0, 0.0, 0.5]),
        "lost": st.sampled_from([0.0, 0.02, 0.08]) if gaps else st.just(0.0),
    }
    made_of = draw(st.fixed_dictionaries(choices))
    return Case(_table(**made_of), made_of, policy, draw(st.sampled_from([False, False, True])), draw(st.booleans()))


def _table(*, seed, count, dimensions, drop, spread, wander, fallen, breaking, lost) -> tuple[Measured, ...]:
    rng = random.Random(seed)
    shift = [rng.gauss(0, wander) for _ in range(DEPTH)]

    def row(score):
        return None if rng.random() < lost else {name: score(fallen if name == "clarity" else 0.0) for name in dimensions}

    def scenario(index: int) -> Measured:
        own = 4.2 + rng.gauss(0, 0.1)
        green = [
            row(lambda less, at=shift[repeat]: min(4.9, max(2.5, rng.gauss(own - drop - less + at, spread)))) for repeat in range(DEPTH)
        ]
        return Measured(
            f"s{index:02}",
            green,
            [row(lambda _: min(5, max(3, round(rng.gauss(own, 0.6))))) for _ in range(DEPTH)],
            weight=rng.choice([1.0, 1.0, 2.0]),
            dimensions=dimensions,
            intent="order" if index % 2 else "chitchat",
            critical=frozenset(repeat for repeat in range(DEPTH) if index % CRITERIA_EVERY == 0 and rng.random() < breaking),
            fresh=[rng.random() < breaking for _ in range(4)],
        )

    return tuple(scenario(index) for index in range(count))


def lowered(case: Case, by: float) -> list[Measured]:
    return [replace(one, green=[{name: score - by for name, score in row.items()} for row in one.green]) for one in case.table]


def check_lowering(case: Case, by: float) -> None:
    before, after = case.follow(), case.follow(lowered(case, by))
    assert TOWARDS_PASS.index(after.decision) <= TOWARDS_PASS.index(before.decision) or _given_up(before, after, case.policy)


def _given_up(before: Followed, after: Followed, policy: GatePolicy) -> bool:
    """The lower run was given up before the look at which a guardrail, and nothing else, failed the other one: both stop the pipeline."""
    return (
        policy.on_inconclusive == "block"
        and after.decision is Decision.INCONCLUSIVE
        and before.codes[0] in {"guardrail", "catastrophe"}
        and not any(code.startswith("below_margin") for code in before.codes)
        and len(after.looks) < len(before.looks)
    )


@QUICK
@given(cases(), st.sampled_from([0.01, 0.1, 0.3, 1.0]))
def test_lowering_all_scores_never_moves_towards_pass(case: Case, by: float) -> None:
    """The same constant off every score of green never improves the final verdict, under any policy."""
    check_lowering(case, by)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@LONG
@given(cases(), st.floats(0.001, 1.2))
def test_lowering_all_scores_never_moves_towards_pass_at_length(case: Case, by: float) -> None:
    """The same, on many more tables."""
    check_lowering(case, by)


def check_missing(case: Case, seed: int, count: int) -> None:
    before = case.follow()
    rng = random.Random(seed)
    table = list(case.table)
    for _ in range(count):
        place, in_green, repeat = rng.randrange(len(table)), rng.random() < 0.6, rng.randrange(DEPTH)
        arm = list(table[place].green if in_green else table[place].baseline)
        arm[repeat] = None
        table[place] = replace(table[place], green=arm) if in_green else replace(table[place], baseline=arm)
    after = case.follow(table)
    assert after.decision is not Decision.PASS or before.decision is Decision.PASS
    assert not after.verdict.allowed or before.verdict.allowed or before.decision is Decision.PASS


@QUICK
@given(cases(gaps=True), st.integers(0, 2**20), st.integers(1, 4))
def test_missing_judgements_never_yield_pass(case: Case, seed: int, count: int) -> None:
    """Judgements of either arm that go missing, beside others that are missing already, never make a PASS of what was none."""
    check_missing(case, seed, count)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@LONG
@given(cases(gaps=True), st.integers(0, 2**20), st.integers(1, 12))
def test_missing_judgements_never_yield_pass_at_length(case: Case, seed: int, count: int) -> None:
    """The same, on many more tables."""
    check_missing(case, seed, count)


@QUICK
@given(cases(gaps=True), st.randoms(use_true_random=False))
def test_order_changes_nothing(case: Case, rng: random.Random) -> None:
    """Scenarios in any order, and repeats in any order within a look, lead through the same looks to the same verdict and figures."""
    ends = case.looks.looks
    blocks = [list(range(first, last)) for first, last in zip((0, *ends), ends, strict=False)]
    beside = [*blocks, list(range(ends[-1], DEPTH))]
    table = []
    for one in rng.sample(case.table, len(case.table)):
        order = [repeat for block in blocks for repeat in rng.sample(block, len(block))]
        order += [repeat for repeat in range(DEPTH) if repeat not in order]
        stored = [repeat for block in beside for repeat in rng.sample(block, len(block))] if case.beside else rng.sample(range(DEPTH), 6)
        table.append(
            replace(
                one,
                green=[one.green[repeat] for repeat in order],
                critical=frozenset(order.index(repeat) for repeat in one.critical),
                baseline=[one.baseline[repeat] for repeat in stored],
            )
        )
    before, after = case.follow(), case.follow(table)
    assert_same(before, after)


@QUICK
@given(cases(), st.sampled_from([1e-3, 0.5, 7.0, 1e4]))
def test_scaling_weights_changes_nothing(case: Case, factor: float) -> None:
    """Only ratios of weights count."""
    assert_same(case.follow(), case.follow([replace(one, weight=one.weight * factor) for one in case.table]))


@QUICK
@given(cases(gaps=True))
def test_figures_agree_with_the_verdict(case: Case) -> None:
    """Wherever the mean alone decides under prove, the printed bounds lie where the verdict says."""
    answer = case.follow()
    figures = answer.verdict.figures
    if case.policy.policy != "prove" or figures["lower"] is None:
        return
    courses = [(figures, -case.policy.margin, "")]
    courses += [
        (one, case.policy.floor if name == "floor" else -case.policy.margin, f"_{name}") for name, one in figures["references"].items()
    ]
    for one, line, suffix in courses:
        above, below = _above(one["lower"], line), one["upper"] is not None and one["upper"] < line
        assert (f"within_margin{suffix}" in answer.codes) == above or "not_decisive" in answer.codes or "literal_rule" in answer.codes
        assert (f"below_margin{suffix}" in answer.codes) == below or "not_decisive" in answer.codes
    if answer.decision is Decision.PASS and "literal_rule" not in answer.codes:
        assert all(_above(one["lower"], line) for one, line, _ in courses)


def _above(lower: float | None, line: float) -> bool:
    """Return whether a printed lower bound proves more than the line; None is printed where nothing bounds the difference from below."""
    return lower is not None and lower > line


def assert_same(before: Followed, after: Followed) -> None:
    assert (before.decision, before.codes, before.looks, before.confirmed) == (after.decision, after.codes, after.looks, after.confirmed)
    for name in ("difference", "lower", "upper", "standard_error", "minimum_detectable_drop"):
        assert before.verdict.figures[name] == pytest.approx(after.verdict.figures[name], abs=1e-9)
    assert before.verdict.figures["guardrails"] == [
        {key: pytest.approx(value) if isinstance(value, float) else value for key, value in one.items()}
        for one in after.verdict.figures["guardrails"]
    ]


@pytest.mark.slow
def test_the_tables_bring_every_verdict_up() -> None:
    """What is proved here is proved of something: PASS, FAIL by mean, group and catastrophe, and INCONCLUSIVE all come up, at the first look and at the last."""
    seen = set()

    @settings(QUICK, max_examples=40, database=None, derandomize=True)
    @given(cases(gaps=True))
    def draw(case: Case) -> None:
        answer = case.follow()
        seen.update({(answer.decision, answer.codes[0]), len(answer.looks)})

    draw()
    wanted = {
        (Decision.PASS, "within_margin"),
        (Decision.FAIL, "below_margin"),
        (Decision.FAIL, "guardrail"),
        (Decision.FAIL, "catastrophe"),
        (Decision.INCONCLUSIVE, "not_proved"),
        0,
        3,
    }
    assert wanted <= seen, wanted - seen
