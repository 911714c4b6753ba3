"""How often does the gate flip on one and the same build? Its own conversations, dealt out anew and decided, again and again.

Each split deals every scenario's conversations to a baseline and a green of the sizes that the gate really uses (see
`dealing`); both come from one build, so that every answer but PASS is a flip. The gate's own functions decide each split.

Where the conversations reach for both arms without copies, the flip rate of quality is unbiased, because a split is
distributed exactly as two fresh measurements are. Otherwise they are copied. The two usual ways are worse: splitting few
conversations without copies answers for a shallower baseline than the gate has (with 20 of each of 20 scenarios it reports
18 % of flips where 1.7 % are true), and drawing both arms with replacement loses more of the spread. What copies lose is
reported as `spread_kept`: the noise floor is divided by its root, flip rates are those of the splits as they were dealt. From
10 conversations on those of quality lie within a point of the true ones, on average; with five they are two points too low.
Rates of integration are those of a model (`dealing` says which): within a point with 20 conversations. With 10 or 12 they are
up to four points too low where a few scenarios fail now and then, because nobody can tell those from accidents yet. A
conversation's scores and whether it passes are drawn apart, so that "either gate" is that of independent gates.

Not seen: what another build, as good on the whole, does differently from scenario to scenario; nor a shift from day to day,
unless conversations of more than one day are dealt.

Sources: Kohavi, Tang, Xu 2020, "Trustworthy Online Controlled Experiments", chapter 19 (A/A tests); Davison, Hinkley 1997,
"Bootstrap Methods and their Application", §4.3 (permutation).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from harness.statistics.anytime import anytime_level
from harness.statistics.dealing import Deal, Group, OneBuild, Sizes, copies, counted, deals, spread_kept
from harness.statistics.guardrails import (
    FRESH_CONVERSATIONS,
    MARGIN,
    catastrophe_confirmed,
    catastrophe_tests,
    group_result,
    guardrail_tests,
    level_at_each_look,
)
from harness.statistics.noninferiority import PairedArms, Rule, Ruling, Standing, estimate, take_look
from harness.statistics.paired import PairedResult
from harness.statistics.reliability import Counts, Reference, TwoLookRule, beta_prior, pooled_test, second_look, two_look_tests
from harness.statistics.sequential import LookPlan

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

PROVE, TWO_LOOKS = Rule(), TwoLookRule(0.02, 0.4, 0.1)


@dataclass(frozen=True, slots=True)
class Procedure:
    """What the gate does with the conversations; the defaults are the gate's."""

    plan: LookPlan
    """Looks at quality."""
    baseline_repeats: int
    rule: Rule = PROVE
    target: Literal["population", "suite"] = "population"
    least_clusters: int = 10
    """With fewer, quality is always INCONCLUSIVE."""
    guardrails: Literal["confirmed", "strict", "off"] = "confirmed"
    guardrail_margin: float = MARGIN
    alpha: float = 0.05
    """Of the guardrails."""
    first_look: int = 5
    """Conversations of each scenario that integration looks at first."""
    extended_look: int = 20
    """Conversations of a failing scenario at its second look."""
    tests: TwoLookRule = TWO_LOOKS
    pooled_alpha: float = 0.005
    must_pass_reruns: int = 2

    @property
    def sizes(self) -> Sizes:
        """How many conversations of a scenario this takes; those added extend it, ask again, or confirm a catastrophe."""
        added = max(self.extended_look - self.first_look, self.must_pass_reruns, FRESH_CONVERSATIONS)
        return Sizes(self.baseline_repeats, max(self.first_look, self.plan.looks[-1]), added)


@dataclass(frozen=True, slots=True)
class Noise:
    """How far apart two measurements of one build lie, at one look; score points."""

    repeats: int
    """Conversations of each scenario with green."""
    sd: float
    """Standard deviation of the estimated difference."""
    p95: float
    """95 % of differences are smaller than this, in either direction."""


@dataclass(frozen=True, slots=True)
class SelfComparison:
    """What the splits showed; rates are shares of them."""

    splits: int
    noise: tuple[Noise, ...]
    """At each look; empty where nothing is scored."""
    quality_fail: float
    quality_inconclusive: float
    integration_fail: float
    either: float
    """Splits that do not PASS both gates."""
    copies: int
    """How often a conversation was in a deal, at most; 1: the rates of quality are unbiased."""
    spread_kept: float
    """Part of the difference's variance that dealing from copies keeps, 0 to 1."""


def compare_with_itself(build: OneBuild, procedure: Procedure, splits: int, seed: int) -> SelfComparison:
    """Return how the gate answers when both arms are the same build.

    Degenerate: scenarios that always score the same → no noise, and quality never flips. Scenarios that always pass → next to
    no flips of integration, since a perfect record is no proof. One conversation of a scenario → that scenario shows no
    spread. No scenario with scores, or too few clusters → quality is INCONCLUSIVE in all splits.

    Args:
        build: the conversations.
        procedure: what the gate does.
        splits: ≥ 2.
        seed: ≥ 0; the same seed gives the same figures.

    Raises:
        ValueError: no conversations, or too few splits.
    """
    if splits < 2 or not build.held.size or int(build.held.min()) < 1:
        raise ValueError("two splits are needed, and a conversation of each scenario")
    rulings: list[IntArray] = []
    failed: list[BoolArray] = []
    differences: list[FloatArray] = []
    for deal in deals(build, procedure.sizes, splits, seed):
        answer = _quality(deal, procedure)
        rulings.append(answer.ruling)
        differences.append(answer.differences)
        failed.append(_integration(deal, procedure, answer.repeats))
    quality, integration, apart = np.concatenate(rulings), np.concatenate(failed), np.concatenate(differences)
    kept = spread_kept(build, procedure.sizes)
    scale = 1.0 / math.sqrt(kept)
    return SelfComparison(
        splits=splits,
        noise=tuple(
            Noise(repeats, float(column.std(ddof=1)) * scale, float(np.quantile(np.abs(column), 0.95)) * scale)
            for repeats, column in zip(procedure.plan.looks, apart.T, strict=False)
        ),
        quality_fail=float(np.mean(quality == Ruling.FAIL)),
        quality_inconclusive=float(np.mean(quality == Ruling.INCONCLUSIVE)),
        integration_fail=float(np.mean(integration)),
        either=float(np.mean((quality != Ruling.PASS) | integration)),
        copies=int(copies(build, procedure.sizes).max()),
        spread_kept=kept,
    )


def flip_rates(passes: npt.ArrayLike, conversations: npt.ArrayLike) -> FloatArray:
    """Return each scenario's chance that one of two repeats passes and the other does not: 2 x (n - x)/(n (n - 1)).

    Unbiased. Degenerate: one conversation → NaN.
    """
    x, n = np.asarray(passes, dtype=np.float64), np.asarray(conversations, dtype=np.float64)
    return np.where(n > 1, 2.0 * x * (n - x) / np.maximum(n * (n - 1.0), 1.0), np.nan)


@dataclass(frozen=True, slots=True)
class _Quality:
    ruling: IntArray
    """Shape (splits,)."""
    differences: FloatArray
    """At all looks, shape (splits, looks)."""
    repeats: IntArray
    """Of each scenario, at the look where each split stopped."""


def _quality(deal: Deal, procedure: Procedure) -> _Quality:
    """Return what the quality gate says of each split."""
    splits, build = deal.dealt.shape[0], deal.build
    looks, everything, every = procedure.plan.looks, Group(build.scored), np.ones(deal.dealt.shape[0], dtype=bool)
    nothing, first = np.full(splits, int(Ruling.INCONCLUSIVE)), np.full(splits, looks[0])
    if not build.scored.any():
        return _Quality(nothing, np.empty((splits, 0)), first)
    results = [estimate(deal.arms(repeats, every, everything), procedure.target) for repeats in looks]
    middles = np.stack([(one.difference + one.difference_high) / 2 for one in results], axis=-1)
    if np.unique(build.clusters[build.scored]).size < procedure.least_clusters:
        return _Quality(nothing, middles, first)
    ruling, stopped = _looked_at(deal, procedure, results)
    return _Quality(ruling, middles, np.array(looks)[stopped])


def _looked_at(deal: Deal, procedure: Procedure, results: list[PairedResult]) -> tuple[IntArray, IntArray]:
    """Return where each split ends, and at which look: its mean decides, but groups and scenarios are looked at too."""
    splits, plan = deal.dealt.shape[0], procedure.plan
    ruling, stopped = np.full(splits, int(Ruling.CONTINUE)), np.zeros(splits, dtype=np.int64)
    standing, doubtful = Standing.begin((splits,)), np.zeros(splits, dtype=bool)
    groups = deal.build.groups if procedure.guardrails != "off" else ()
    strict = [Standing.begin((splits,)) for _ in groups] if procedure.guardrails == "strict" else []
    rule = replace(procedure.rule, margin=procedure.guardrail_margin, threshold=None, policy="prove")
    for look, repeats in enumerate(plan.looks):
        on = ruling == Ruling.CONTINUE
        if not on.any():
            break
        standing = take_look(standing, results[look], look, plan, procedure.rule)
        now = standing.ruling[on].astype(np.int64)
        failed = _catastrophe(deal, on, repeats)
        if groups:
            arms = [deal.arms(repeats, on, group) for group in groups]
            fallen, possible = _guardrails(arms, procedure)
            failed, doubtful[on] = failed | fallen, doubtful[on] | possible
            now[doubtful[on] & (now == Ruling.PASS)] = Ruling.INCONCLUSIVE
            whole = [estimate(one, "suite") for one in arms] if strict else []
            strict = [
                one.updated(on, take_look(one.chosen(on), result, look, plan, rule)) for one, result in zip(strict, whole, strict=True)
            ]
            now = _proved(now, [one.ruling[on] for one in strict])
        ruling[on] = np.where(failed, Ruling.FAIL, now)
        stopped[on] = look
    return ruling, stopped


def _proved(now: IntArray, groups: list[npt.NDArray[np.int8]]) -> IntArray:
    """Return the rulings where each group has to be proved to hold: a PASS waits for groups that may still be."""
    if not groups:
        return now
    each = np.stack(groups)
    waiting = (each == Ruling.CONTINUE).any(axis=0) & np.isin(each, (Ruling.CONTINUE, Ruling.PASS)).all(axis=0)
    held = np.where(waiting, Ruling.CONTINUE, np.where((each == Ruling.PASS).all(axis=0), Ruling.PASS, Ruling.INCONCLUSIVE))
    return np.where(now == Ruling.PASS, held, now)


def _guardrails(groups: list[PairedArms], procedure: Procedure) -> tuple[BoolArray, BoolArray]:
    """Return in which splits a group is confirmed to have fallen, and in which one may have, had its missing scores been there."""
    margin, plan, alpha = procedure.guardrail_margin, procedure.plan, procedure.alpha

    def confirmed(results: list[PairedResult]) -> BoolArray:
        level = np.asarray(level_at_each_look(plan.information.tolist(), alpha))
        if procedure.rule.stopping == "anytime":
            level = anytime_level(np.stack([one.standard_error for one in results], axis=-1), margin, alpha)
        return np.asarray(np.any(guardrail_tests(results, margin, alpha).p_below_adjusted <= level, axis=-1))

    fallen = confirmed([group_result(one) for one in groups])
    holes = [one.low < one.high for one in groups]
    if not any(bool(hole.any()) for hole in holes):
        return fallen, fallen
    return fallen, confirmed([_at_worst(one, hole) for one, hole in zip(groups, holes, strict=True)])


def _at_worst(group: PairedArms, holes: BoolArray) -> PairedResult:
    """Return the comparison with missing scores at their worst and, where there are any, as little spread as they leave."""
    whole, some = group_result(group), holes.any(axis=-1)
    green, stored = (np.where(holes, 0.0, variance) for variance in (group.green_variance, group.baseline_variance))
    surest = estimate(replace(group, high=group.low, green_variance=green, baseline_variance=stored), "suite")
    return replace(
        surest,
        standard_error=np.where(some, surest.standard_error, whole.standard_error),
        df=np.where(some, np.inf, whole.df),
    )


def _catastrophe(deal: Deal, runs: BoolArray, repeats: int) -> BoolArray:
    """Return in which of these splits a scenario breaks critical criteria, and does so again in fresh conversations."""
    clean = deal.clean
    if clean is None:
        return np.zeros(int(runs.sum()), dtype=bool)
    stored = Counts(clean.baseline.passes[runs], clean.baseline.conversations[runs])
    a, b = beta_prior(stored.passes, stored.conversations)
    reference = Reference(stored, a[:, None], b[:, None])
    fresh = counted(clean.added[runs][..., :FRESH_CONVERSATIONS])
    confirmed: BoolArray = catastrophe_tests(clean.counts(repeats, runs), reference).hit & catastrophe_confirmed(fresh, reference)
    broken: BoolArray = np.asarray(confirmed.any(axis=-1))
    return broken


def _integration(deal: Deal, procedure: Procedure, repeats: IntArray) -> BoolArray:
    """Return in which splits the integration gate FAILs; what was held for quality counts for must_pass scenarios alone."""
    build, stored, look = deal.build, deal.passed.baseline, deal.passed.counts(procedure.first_look)
    due = second_look(look, look, procedure.extended_look)
    more = deal.passed.added[..., : max(procedure.extended_look - procedure.first_look, 0)].sum(axis=-1)
    held = Counts(look.passes + np.where(due > look.conversations, more, 0), due)
    tested = ~build.must_pass
    failed: BoolArray = np.asarray(pooled_test(look, stored, procedure.pooled_alpha).failed)
    if tested.any():
        a, b = beta_prior(stored.passes, stored.conversations)
        first, all_, before = (Counts(one.passes[:, tested], one.conversations[:, tested]) for one in (look, held, stored))
        complete = np.ones(first.passes.shape, dtype=bool)
        tests = two_look_tests(first, all_, complete, Reference(before, a[:, None], b[:, None]), procedure.tests)
        failed = failed | tests.failed.any(axis=-1)
    return failed | (build.must_pass & _failed_again(deal, procedure, repeats)).any(axis=-1)


def _failed_again(deal: Deal, procedure: Procedure, repeats: IntArray) -> BoolArray:
    """Return which scenarios failed twice: in the first look, in what quality looked at, or when asked again after the first look."""
    failures = ~deal.passed.green
    place = np.arange(failures.shape[-1])
    first = (failures & (place < procedure.first_look)).sum(axis=-1)
    later = (failures & (place >= procedure.first_look) & (place < repeats[:, None, None])).sum(axis=-1)
    again = (~deal.passed.added[..., : procedure.must_pass_reruns]).sum(axis=-1)
    twice: BoolArray = np.asarray(first + later + np.where(first > 0, again, 0) >= 2)
    return twice
