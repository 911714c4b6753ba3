"""One run, held in shards by several processes or machines, each of which holds its share of the plan and decides nothing.

A sharded run is a fixed sample: who holds one part cannot know what the others saw, so there is one look, at the end, and a merge
takes it. What is dealt out are single conversations, (scenario, repeat), both arms of a comparison together, scenario after
scenario as cards are dealt: each shard gets as many repeats of each scenario and conversations of each intent as any other, one
more or less, so that a shard that meets an outage, or runs on a slow machine, spoils no scenario, no intent and no arm. Dealing
whole scenarios would do just that. The deal follows from the plan alone, so that it is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from harness.errors import JudgeError, SettingsError
from harness.gates.policy import GatePolicy
from harness.gates.quality_drift import drift_invalid
from harness.records.journal_content import Key
from harness.records.run import Assignment, RunManifest, ScenarioPlan, Shard
from harness.trial.experiment import Experiment, Measurement, hold_step
from harness.trial.plan import first_wave
from harness.trial.trial import Rules, first_step

MOST_SHARDS = 1000


def fixed_sample(policy: GatePolicy, repeats: int) -> GatePolicy:
    """Return the policy of a sharded run, whose one look comes when everything was held.

    Args:
        policy: as configured.
        repeats: conversations of each scenario in the first wave; the look holds as many, unless the policy has a cap or one look.

    Raises:
        SettingsError: naming everything in the policy that needs a second look.
    """
    mistakes = []
    if policy.policy == "fast":
        mistakes.append("policy fast stops as soon as a look has seen enough; say --policy prove or --policy point")
    if policy.stopping == "anytime":
        mistakes.append("stopping anytime is for repeats that are added by hand; say --stopping planned")
    if policy.looks is not None and len(policy.looks) > 1:
        mistakes.append(f"looks {list(policy.looks)} are more than one; leave them out and say --repeats or --cap")
    if policy.extension:
        mistakes.append(f"the extension {list(policy.extension)} is a second look; leave it and reserve_alpha out")
    if mistakes:
        raise SettingsError("\n".join(f"--shard: a sharded run is a fixed sample with one look, and {mistake}" for mistake in mistakes))
    if policy.policy == "point" or policy.looks is not None:
        return policy
    return policy.model_copy(update={"looks": (policy.cap or repeats,)})


def share(manifest: RunManifest, shard: Shard) -> frozenset[Key]:
    """Return the conversations of the first wave that a shard holds: of each scenario and intent as many as any other shard, give or take one."""
    hands = zip(_deck(manifest), _around(shard.of), strict=False)
    return frozenset(card for card, number in hands if number == shard.number)


def refuse_empty(manifest: RunManifest) -> None:
    """Raise SettingsError where there are more shards than conversations to deal out."""
    planned = len(first_wave(manifest))
    if manifest.shard is not None and manifest.shard.of > planned:
        raise SettingsError(f"--shard {manifest.shard}: the plan holds {planned} conversations only; use at most {planned} shards")


async def hold_share(experiment: Experiment, rules: Rules) -> tuple[Measurement, dict[str, str | None]]:
    """Hold the share of the shard that the manifest names, and return it with what each arm's version endpoint stated before, by run id.

    Raises:
        TargetError: when a version endpoint does not answer before the first conversation.
        JudgeError: the judge is known to have moved, so that its scores could decide nothing; nothing was held.
    """
    manifest = experiment.green.manifest
    if manifest.shard is None:
        raise ValueError("this run is not sharded")
    if rules.watch is not None:
        rules = replace(rules, drift=rules.watch.known(manifest.run_id))
    if hopeless := drift_invalid(rules.drift, side_by_side=rules.baseline is None):
        raise JudgeError("; ".join(reason.sentence for reason in hopeless))
    before = await experiment.versions()
    step, own = first_step(manifest, rules), share(manifest, manifest.shard)
    dealt = replace(step, assignments=within(step.assignments, own), judged=step.judged & own)
    return await hold_step(experiment, dealt, before), before


def within(assignments: Iterable[Assignment], keys: frozenset[Key]) -> tuple[Assignment, ...]:
    """Return the assignments that these keys name."""
    return tuple(one for one in assignments if (one.scenario_id, one.repeat) in keys)


def _deck(manifest: RunManifest) -> Iterator[Key]:
    """Yield the conversations of the first wave in the order in which they are dealt: like ones beside each other.

    Each scenario begins with another repeat, or a shard might get the first ones of all, which are the ones to be judged.
    """
    places = {plan.id: place for place, plan in enumerate(sorted(manifest.scenarios, key=_alike))}
    keys = [(one.scenario_id, one.repeat) for one in first_wave(manifest)]
    depth = len(keys) // max(1, len(places))
    return iter(sorted(keys, key=lambda key: (places[key[0]], (key[1] + places[key[0]]) % depth)))


def _alike(plan: ScenarioPlan) -> tuple[str, str, str]:
    return plan.intent, plan.locale, plan.id


def _around(shards: int) -> Iterator[int]:
    while True:
        yield from range(1, shards + 1)
