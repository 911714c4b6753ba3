"""How users were played: simulated ones and what became of their goals, what was replaced, and which variants of wording fail more often."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.conversations.simulation import AS_WRITTEN
from harness.language_model.usage import Usage
from harness.records.journal_content import Trouble
from harness.records.run import ConversationRecord, RunRecord

LEVEL = 0.05
"""Family error rate at which a variant is said to fail more often than the wording as written."""
_ENDED_OTHERWISE = "ended_by_target"


@dataclass(frozen=True, slots=True)
class SimulatedUsers:
    """What simulated users did in one run."""

    scenarios: int
    conversations: int
    players: tuple[str, ...]
    """Who played: `goal slots`, or model ids."""
    outcomes: Mapping[str, int]
    """How their part ended → conversations."""
    replaced: Mapping[str, int]
    """Breach of the contract → conversations that it spoiled and that were held again."""
    replaced_in: Mapping[str, int]
    """Scenario → the same."""
    calls: int
    """Questions to the models that played."""
    usage: Usage


@dataclass(frozen=True, slots=True)
class VariantTally:
    """One kind of variant, over all scenarios that have it."""

    kind: str
    conversations: int
    failed: int
    """Conversations in which a `must` did not hold, or that the target ended."""
    p_value: float | None
    """Of failing no more often than the same scenarios as written, adjusted (Holm); None for the wording as written itself."""

    @property
    def worse(self) -> bool:
        """True when it fails more often than chance explains."""
        return self.p_value is not None and self.p_value <= LEVEL


@dataclass(frozen=True, slots=True)
class UsersReport:
    """How the users of a run were played, as far as they were more than scripts."""

    simulated: SimulatedUsers | None
    variants: tuple[VariantTally, ...]
    """The wording as written first; empty where no scenario has variants."""


def users_report(run: RunRecord, troubles: Iterable[Trouble]) -> UsersReport | None:
    """Return how users were played; None where every conversation was a script, said as it is written.

    Args:
        run: what was measured.
        troubles: of its journal; breaches among them count.
    """
    spoiled = [one for one in troubles if one.breach is not None]
    records = [record for record in run.conversations if record.valid]
    simulated = [record for record in records if record.gist.simulation is not None]
    varied = [record for record in records if record.gist.variant is not None]
    if not (simulated or varied or spoiled):
        return None
    return UsersReport(_simulated(simulated, spoiled) if simulated or spoiled else None, _variants(varied))


def users_sentences(report: UsersReport) -> tuple[str, ...]:
    """Say it in sentences."""
    return (*(_simulated_sentences(report.simulated) if report.simulated else ()), *_variant_sentences(report.variants))


def users_data(report: UsersReport) -> dict[str, Any]:
    """Return it as JSON data."""
    found: dict[str, Any] = {}
    one = report.simulated
    if one is not None:
        found["simulated"] = {
            "scenarios": one.scenarios,
            "conversations": one.conversations,
            "players": list(one.players),
            "outcomes": dict(one.outcomes),
            "replaced": sum(one.replaced.values()),
            "replaced_for": dict(one.replaced),
            "replaced_in": dict(one.replaced_in),
            "calls": one.calls,
            "input_tokens": one.usage.prompt_tokens,
            "output_tokens": one.usage.output_tokens,
        }
    if report.variants:
        found["variants"] = [
            {"kind": row.kind, "conversations": row.conversations, "failed": row.failed, "p_value": row.p_value, "worse": row.worse}
            for row in report.variants
        ]
    return found


def _simulated(records: list[ConversationRecord], spoiled: list[Trouble]) -> SimulatedUsers:
    gists = [one for record in records if (one := record.gist.simulation) is not None]
    return SimulatedUsers(
        scenarios=len({record.assignment.scenario_id for record in records} | {one.scenario_id for one in spoiled}),
        conversations=len(records),
        players=tuple(sorted({one.player for one in gists})),
        outcomes=_counted(one.outcome.value if one.outcome else _ENDED_OTHERWISE for one in gists),
        replaced=_counted(one.breach.value for one in spoiled if one.breach is not None),
        replaced_in=_counted(one.scenario_id for one in spoiled),
        calls=sum(one.calls for one in gists),
        usage=sum((one.usage for one in gists), Usage()),
    )


def _variants(records: list[ConversationRecord]) -> tuple[VariantTally, ...]:
    if not records:
        return ()
    from harness.statistics.multiplicity import holm  # noqa: PLC0415 - arrays and statistics, where there are variants
    from harness.statistics.stratified import Stratum, stratified_excess  # noqa: PLC0415 - as above

    counts: dict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
    for record in records:
        kind, scenario = str(record.gist.variant), record.assignment.scenario_id
        cases, failed = counts[kind].get(scenario, (0, 0))
        counts[kind][scenario] = (cases + 1, failed + (not record.passed))
    plain = counts.pop(AS_WRITTEN, {})
    raw = {kind: stratified_excess(Stratum(*tally, *plain.get(name, (0, 0))) for name, tally in by.items()) for kind, by in counts.items()}
    adjusted = dict(zip(raw, holm(list(raw.values())), strict=True)) if raw else {}
    rows = [_tally(kind, counts[kind], float(adjusted[kind])) for kind in sorted(counts)]
    return (_tally(AS_WRITTEN, plain, None), *rows)


def _tally(kind: str, by: Mapping[str, tuple[int, int]], p_value: float | None) -> VariantTally:
    return VariantTally(kind, sum(cases for cases, _ in by.values()), sum(failed for _, failed in by.values()), p_value)


def _simulated_sentences(one: SimulatedUsers) -> tuple[str, ...]:
    ends = ", ".join(f"{kind.replace('_', ' ')} in {count}" for kind, count in one.outcomes.items())
    players = " and ".join(one.players) or "nobody to the end"
    held = f"{_many(one.scenarios, 'scenario')} with a simulated user, played by {players}: {_many(one.conversations, 'conversation')}"
    found = [f"{held}; {ends}." if ends else f"{held}."]
    if one.replaced:
        why = ", ".join(f"{kind.replace('_', ' ')} {count}" for kind, count in one.replaced.items())
        where = ", ".join(f"{name} {count}" for name, count in list(one.replaced_in.items())[:3])
        found.append(
            f"{_many(sum(one.replaced.values()), 'conversation')} replaced, because the simulated user broke its contract ({why}; most in {where}); "
            "none of it is charged to the bot."
        )
    return tuple(found)


def _variant_sentences(rows: tuple[VariantTally, ...]) -> tuple[str, ...]:
    if not rows:
        return ()
    counts = ", ".join(f"{row.kind.replace('_', ' ')} {row.failed} of {row.conversations}" for row in rows)
    found = [f"Failed by variant of wording, of which the same is expected: {counts}."]
    worse = [f"{row.kind.replace('_', ' ')} (p = {row.p_value:.2g})" for row in rows if row.worse]
    if worse:
        found.append(
            f"Fails more often than the same scenarios as written: {', '.join(worse)}; exact test within scenarios, adjusted (Holm)."
        )
    return tuple(found)


def _counted(words: Iterable[str]) -> dict[str, int]:
    return dict(Counter(words).most_common())


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
