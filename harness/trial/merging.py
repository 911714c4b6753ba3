"""Shards of one run, put together again: what has to hold before they are one, and what is missing where they are not whole.

Two kinds of trouble. Journals that contradict each other or the plan (another suite, another judge, a conversation of somebody
else's share) are a mistake of whoever named them: nothing is decided, and everything is said at once. Shards that are missing,
unfinished or worth nothing are a run that was not measured: INVALID, as for a run in one piece.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from harness.errors import JournalError
from harness.evaluation.attest import build_of, build_problems, builds_match
from harness.evaluation.replacements import replacement_problem
from harness.evaluation.schedule import default_quota
from harness.frozen import fingerprint
from harness.records.journal import Journal, scan_journal
from harness.records.journal_content import JournalContent, Key, Trouble, differences, of_infrastructure
from harness.records.journalled import whole
from harness.records.run import Assignment, ConversationRecord, RunManifest, RunRecord, Shard
from harness.records.shards import HeldShard
from harness.records.store import JOURNAL
from harness.trial.experiment import Measurement, Step, as_planned
from harness.trial.measuring import Trial
from harness.trial.plan import first_wave
from harness.trial.sharding import share

NOT_HELD = "It asks for more conversations, and no target was named to hold them with."
WANTS_TARGET = "wants_target"
"""Code of the reason of a gate that asks for more conversations than the shards held."""
_NAMED = 5


def merged_plan(planned: RunManifest, shards: Sequence[HeldShard]) -> RunManifest:
    """Return the plan of the whole run, named after its shards, so that whoever merges them again means the same run.

    Args:
        planned: the plan, as the settings of the merge have it.
        shards: in order.
    """
    left_out, held = planned.deselected, shards[0].manifest.deselected
    revisions = {one.manifest.git_revision for one in shards}
    return replace(
        planned,
        git_revision=revisions.pop() if len(revisions) == 1 else None,
        deselected=held if sorted(held) == sorted(left_out) else left_out,
        merged=tuple(one.manifest.run_id for one in shards),
    )


def identity_digits(shards: Iterable[HeldShard]) -> str:
    """Return the four digits that end the id of a merged run."""
    return fingerprint([one.manifest.run_id for one in shards])[:4]


def refuse_contradictions(shards: Sequence[HeldShard], plan: RunManifest, beside: RunManifest | None) -> None:
    """Raise JournalError, naming every contradiction among the shards, and between them and the plan.

    Args:
        shards: what was held.
        plan: of the whole run.
        beside: the same for the other arm; None where there is none.
    """
    mistakes = [*_other_plans(shards, plan, beside), *_same_numbers(shards)]
    if not mistakes:  # what belongs to whom follows from the plan, so that more could not be said
        mistakes += [sentence for one in shards for sentence in _not_its_own(one, plan, beside)]
    if mistakes:
        raise JournalError("\n".join(mistakes))


def gaps(shards: Sequence[HeldShard], plan: RunManifest, judged: Collection[Key]) -> tuple[str, ...]:
    """Return what of the plan was not held, not judged or is worth nothing, each with the shard that it is about.

    Args:
        shards: what was held.
        plan: of the whole run.
        judged: what had to be judged.
    """
    parts = shards[0].shard.of
    there = {one.shard.number for one in shards}
    missing = [Shard(number, parts) for number in range(1, parts + 1) if number not in there]
    found = [] if not missing else [f"{_listed(missing)} missing: hold {_them(missing)}, and name every shard's journal"]
    for one in shards:
        place = f"{one.path}: shard {one.shard}"
        own = share(plan, one.shard)
        lacking = sum(key not in one.content.records for key in own)
        if plan.against is not None:
            lacking += sum(one.beside is None or key not in one.beside.records for key in own)
        unjudged = _unjudged(one.content, own & frozenset(judged)) + _unjudged(one.beside, own & frozenset(judged))
        if one.seal is not None and one.seal.problems:
            found += [f"{place}: {problem}" for problem in one.seal.problems]
        elif one.seal is None or lacking:
            found.append(f"{place} was not finished, {lacking} conversations are missing; resume it: its own command with --resume")
        elif unjudged:
            found.append(f"{place} has {unjudged} conversations that nobody judged; resume it: its own command with --resume")
    return tuple(found)


def unproved(shards: Sequence[HeldShard], plan: RunManifest, beside: RunManifest | None) -> tuple[str, ...]:
    """Return why the run as a whole measured the wrong thing: mixed builds, or more infrastructure trouble than one run may have."""
    troubles = [trouble for one in shards for trouble in one.content.troubles]
    spoiled, quota = of_infrastructure(troubles), default_quota(plan)
    found = []
    if spoiled > quota:
        found.append(
            f"infrastructure trouble spoiled {spoiled} conversations of all shards together, {quota} may be held again; "
            "remove its cause and start a new run"
        )
    simulated = {record.assignment.scenario_id for one in shards for record in one.content.records.values() if record.gist.simulation}
    replaced = replacement_problem(troubles, plan, simulated)
    if replaced is not None:
        found.append(replaced)
    found += _builds([(one.path, one.content, one.seal.stated if one.seal else None) for one in shards], plan)
    if beside is not None:
        other = [(one.path, one.beside, one.seal.beside_stated if one.seal else None) for one in shards]
        found += [
            f"blue, measured side by side: {said}"
            for said in _builds([(path, content, stated) for path, content, stated in other if content is not None], beside)
        ]
    return tuple(found)


def measured(shards: Sequence[HeldShard], plan: RunManifest, beside: RunManifest | None, problems: tuple[str, ...]) -> Measurement:
    """Return what all shards measured together."""
    looked = plan.schedule.looks[0] if plan.schedule else None
    green = _run(plan, _records(one.content for one in shards).values(), problems, looked)
    if beside is None:
        return Measurement(green)
    return Measurement(green, _run(beside, _records(one.beside for one in shards if one.beside is not None).values(), (), looked))


def measured_in(folder: Path, other: Path | None, step: Step) -> tuple[Measurement, tuple[Trouble, ...]]:
    """Return what the journals of a merged run hold by now, and what spoiled conversations of green.

    Args:
        folder: with green's journal.
        other: with the other arm's; None where there is none.
        step: the first step, which says how deep quality is looked at.
    """
    held = scan_journal(folder / JOURNAL)
    green = _run(held.manifest, held.records.values(), (), step.looked)
    if other is None:
        return Measurement(green), held.troubles
    blue = scan_journal(other / JOURNAL)
    return Measurement(green, _run(blue.manifest, blue.records.values(), (), step.looked)), held.troubles


def told_apart(trial: Trial) -> Trial:
    """Return the trial with a code of its own for what a gate asked for and nobody held: no resumed run brings it, a merge with a target does."""
    verdicts = tuple(
        replace(
            one, reasons=tuple(replace(reason, code=WANTS_TARGET) if reason.code == "stopped_early" else reason for reason in one.reasons)
        )
        for one in trial.verdicts or ()
    )
    return replace(trial, verdicts=verdicts)


def write_merged(path: Path, plan: RunManifest, contents: Sequence[JournalContent]) -> None:
    """Put the journal of a merged run at `path`, whole or not at all; one that is there has to hold the same, and may hold more.

    Raises:
        JournalError: it cannot be written, or another journal is there.
    """
    records = _records(contents)
    if path.exists():
        with Journal.resume(path, plan) as journal:
            other = [key for key, record in records.items() if journal.records.get(key) != record]
        if other:
            raise JournalError(f"{path}: holds other conversations than these shards ({_keys(other)}); choose another folder")
        return
    fresh = path.with_name(f"{path.name}.next")
    fresh.unlink(missing_ok=True)
    with Journal.create(fresh, plan) as journal:
        for trouble in _troubles(contents):
            journal.note(trouble)
        for _, record in sorted(records.items()):
            journal.append(whole(record))
    fresh.replace(path)


def _records(contents: Iterable[JournalContent]) -> dict[Key, ConversationRecord]:
    return {key: record for content in contents for key, record in content.records.items()}


def _troubles(contents: Iterable[JournalContent]) -> Iterator[Trouble]:
    for content in contents:
        yield from content.troubles


def _run(plan: RunManifest, records: Iterable[ConversationRecord], problems: tuple[str, ...], looked: int | None) -> RunRecord:
    ordered = tuple(sorted(records, key=lambda one: (one.assignment.scenario_id, one.assignment.repeat)))
    return RunRecord(plan, ordered, build_of(ordered), problems, looked)


def _other_plans(shards: Sequence[HeldShard], plan: RunManifest, beside: RunManifest | None) -> Iterator[str]:
    """Say in what the shards' plans differ from the merge's, each difference once, with the files that have it."""
    said: dict[str, list[Path]] = {}
    for one in shards:
        pairs = [("", one.manifest, plan)]
        if beside is not None and one.beside is not None:
            pairs.append(("blue, measured side by side: ", one.beside.manifest, beside))
        for prefix, held, wanted in pairs:
            for text in differences(_comparable(held), _comparable(wanted)):
                files = said.setdefault(f"{prefix}{text}", [])
                files += [one.path] if one.path not in files else []
    remedy = "merge with what the shards were held with, or hold them again with what is here"
    yield from (f"{', '.join(str(path) for path in files)}: {text}; {remedy}" for text, files in said.items())


def _comparable(manifest: RunManifest) -> RunManifest:
    """Return the plan without what shards of one run may differ in."""
    return replace(manifest, run_id="", created="", git_revision=None, shard=None, merged=())


def _same_numbers(shards: Sequence[HeldShard]) -> Iterator[str]:
    """Say which shards were dealt out differently, or twice."""
    dealt: dict[int, list[HeldShard]] = {}
    for one in shards:
        dealt.setdefault(one.shard.of, []).append(one)
    if len(dealt) > 1:
        told = "; ".join(f"{', '.join(str(one.path) for one in ones)}: of {of}" for of, ones in sorted(dealt.items()))
        yield f"the plan was dealt out to different numbers of shards ({told}); merge shards of one deal only"
    twice: dict[Shard, list[Path]] = {}
    for one in shards:
        twice.setdefault(one.shard, []).append(one.path)
    for shard, paths in twice.items():
        if len(paths) > 1:
            yield f"{', '.join(map(str, paths))}: are all shard {shard}, so that conversations would count twice; name one of them"


def _not_its_own(one: HeldShard, plan: RunManifest, beside: RunManifest | None) -> Iterator[str]:
    """Say which conversations of a shard's journals are not of its share, or were not held as planned."""
    own = share(plan, one.shard)
    wave = tuple(assignment for assignment in first_wave(plan) if (assignment.scenario_id, assignment.repeat) in own)
    for arm, content, manifest in (("", one.content, plan), ("blue, measured side by side: ", one.beside, beside)):
        if content is None or manifest is None:
            continue
        wanted = {(due.scenario_id, due.repeat): due for due in as_planned(manifest, wave)}
        foreign = [key for key in content.records if key not in wanted]
        other = [key for key, record in content.records.items() if key in wanted and _held_otherwise(record, wanted[key])]
        if foreign:
            yield f"{one.path}: {arm}holds conversations that are not of shard {one.shard} ({_keys(foreign)}); hold the shard again"
        if other:
            yield f"{one.path}: {arm}holds conversations with another seed or purpose than planned ({_keys(other)}); hold the shard again"


def _held_otherwise(record: ConversationRecord, wanted: Assignment) -> bool:
    said = record.transcript
    return record.assignment != wanted or (said.scenario_id, said.repeat, said.seed) != (wanted.scenario_id, wanted.repeat, wanted.seed)


def _unjudged(content: JournalContent | None, keys: Collection[Key]) -> int:
    if content is None:
        return 0
    return sum(key in content.records and content.records[key].judgement is None for key in keys)


def _builds(arms: Sequence[tuple[Path, JournalContent, str | None]], plan: RunManifest) -> tuple[str, ...]:
    """Return why one arm's build is not proved over all shards."""
    records = [record for _, content, _ in arms for record in content.records.values()]
    stated = next((build for _, _, build in arms if build is not None), None)
    groups: list[tuple[str, list[Path]]] = []
    for path, content, said in arms:
        for build in filter(None, dict.fromkeys((build_of(content.records.values()), said))):
            group = next((paths for known, paths in groups if builds_match(known, build)), None)
            if group is None:
                groups.append((build, [path]))
            elif path not in group:
                group.append(path)
    if plan.attested and len(groups) > 1:
        told = "; ".join(f"{build}: {', '.join(map(str, paths))}" for build, paths in groups)
        return (f"the shards saw mixed builds ({told}); hold all shards again, with one build",)
    return build_problems(records, stated, None, plan.expected_build, attested=plan.attested)


def _listed(shards: Sequence[Shard]) -> str:
    names = ", ".join(map(str, shards[:_NAMED])) + (f" and {len(shards) - _NAMED} more" if len(shards) > _NAMED else "")
    return f"shard {names} is" if len(shards) == 1 else f"shards {names} are"


def _them(shards: Sequence[Shard]) -> str:
    return "it" if len(shards) == 1 else "them"


def _keys(keys: Sequence[Key]) -> str:
    ordered = sorted(keys)
    more = f" and {len(ordered) - _NAMED} more" if len(ordered) > _NAMED else ""
    return ", ".join(f"{name} repeat {repeat}" for name, repeat in ordered[:_NAMED]) + more
