"""By what a run was decided, and what of it is not as it was: sentences for people, data for programs.

Everything here may have been written by the change under test (names of files and scenarios, values of settings): it is still to be
escaped for its medium.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from typing import Any

from harness.baselines.changed_terms import ChangedScenario, ChangedTerms, Kind
from harness.trusted.terms import TrustedTerms

_SHOWN = 6
_UNLIKE = {Kind.WEIGHT: "Another weight", Kind.INTENT: "Another intent", Kind.CLUSTER: "Another cluster"}
CHANGED_TITLE = "Not as the baseline recorded it"


def share(changed: ChangedTerms | None, ids: Iterable[str]) -> str:
    """Return which share of the suite's weight these scenarios have, in brackets; empty where that is not known."""
    shares = {} if changed is None else {one.scenario: one.share for one in changed.scenarios}
    total = math.fsum(shares.get(one, 0.0) for one in ids)
    return f" ({percent(total)} of the weight)" if total > 0 else ""


def percent(part: float) -> str:
    """Return a share for people."""
    return "under 0.1 %" if 0 < part < 0.001 else f"{100 * part:.1f} %"


def changed_sentences(changed: ChangedTerms | None) -> tuple[str, ...]:
    """Return which terms differ from those that the baseline recorded; which scenarios do is said where they are not compared."""
    if changed is None:
        return ()
    found = [f"{one.name}: {one.before or 'none'} -> {one.now or 'none'}" for one in changed.terms]
    for kind, what in _UNLIKE.items():
        if ones := changed.of(kind):
            found.append(f"{what}: {_some([f'{one.scenario} {one.before} -> {one.now}' for one in ones])}")
    for now, what in (("no", "must_pass no more"), ("yes", "must_pass only now")):
        if ones := tuple(one for one in changed.of(Kind.MUST_PASS) if one.now == now):
            found.append(f"{what}: {_some([one.scenario for one in ones])}")
    return tuple(found)


def trusted_title(trusted: TrustedTerms | None) -> str:
    """Return what decided, for a heading."""
    return "" if trusted is None else f"Decided by {trusted.shown}"


def trusted_sentences(trusted: TrustedTerms | None) -> tuple[str, ...]:
    """Return what was read from the trusted revision, and what the work tree had instead."""
    if trusted is None:
        return ()
    roles: dict[str, list[str]] = {}
    for one in trusted.used:
        roles.setdefault(one.role, []).append(one.place)
    read = [f"{role} {places[0]}" if len(places) == 1 else f"{len(places)} {role}s" for role, places in roles.items()]
    found = [f"Read from there: {', '.join(read)}." if read else "It has no file that decides: defaults and flags did."]
    unused = [one.place for one in trusted.unused]
    found.append(f"Otherwise in the work tree, and not used: {_some(unused)}." if unused else "The work tree has all of it alike.")
    if trusted.overruled:
        named = [f"{one.name} {one.here} (decided: {one.used})" for one in trusted.overruled]
        found.append(f"Settings of the work tree that did not count: {_some(named)}.")
    return tuple(found)


def trusted_data(trusted: TrustedTerms) -> dict[str, Any]:
    """Return the same as JSON data."""
    return {
        "ref": trusted.name,
        "commit": trusted.commit,
        "files": [dataclasses.asdict(one) for one in trusted.files],
        "overruled": [dataclasses.asdict(one) for one in trusted.overruled],
    }


def changed_data(changed: ChangedTerms) -> dict[str, Any]:
    """Return what differs from the terms that the baseline recorded, as JSON data."""
    return {
        "policy_recorded": changed.policy_recorded,
        "terms": [dataclasses.asdict(one) for one in changed.terms],
        "scenarios": [_scenario(one) for one in changed.scenarios],
    }


def _scenario(one: ChangedScenario) -> dict[str, Any]:
    return {**dataclasses.asdict(one), "kind": one.kind.value}


def _some(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
