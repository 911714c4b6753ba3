"""What is not as the baseline recorded it: terms, scenarios, and how much each counts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.baselines.baseline import identified
from harness.baselines.changed_terms import Kind, as_recorded, changed_terms
from harness.baselines.file import read_baseline, write_baseline
from harness.frozen import plain
from harness.gates.policy import GatePolicy
from tests.fakes import measured_run as made
from tests.reports import specimens

POLICY = plain(GatePolicy())


def test_nothing_changed_is_nothing_told() -> None:
    """The same judge, rubric, policy and scenarios."""
    found = changed_terms(specimens.manifest(), specimens.baseline(policy=POLICY), POLICY)
    assert (found.terms, found.scenarios, found.policy_recorded) == ((), (), True)


def test_a_policy_that_nobody_recorded_differs_in_nothing() -> None:
    """A baseline from before policies were recorded says so, and makes nothing up."""
    found = changed_terms(specimens.manifest(), specimens.baseline(), POLICY)
    assert (found.terms, found.policy_recorded) == ((), False)


def test_each_term_is_told_with_both_values() -> None:
    """A softer margin, a policy that nobody had, another rubric and another judge."""
    stored = specimens.baseline(policy={"margin": 0.2, "floor": None})
    judge = replace(specimens.JUDGE, rubric="softer", fingerprint="softer")
    found = changed_terms(specimens.manifest(judge=judge), stored, {"margin": 4.0, "floor": None, "alpha": 0.05})
    assert {(one.name, one.before, one.now) for one in found.terms} == {
        ("policy.margin", "0.2", "4"), ("policy.alpha", None, "0.05"), ("rubric", specimens.JUDGE.rubric, "softer"),
        ("judge", f"rules only ({specimens.JUDGE.fingerprint})", "rules only (softer)"),
    }  # fmt: skip


def test_each_scenario_is_told_with_its_share_of_the_weight() -> None:
    """New, asked otherwise, gone, left out, lighter, no longer must_pass, and moved to another group."""
    plans = [specimens.plan(index) for index in range(5)]
    plans[0] = replace(plans[0], fingerprint="easier")
    plans[1] = replace(plans[1], weight=0.01)
    plans[2] = replace(plans[2], intent="chitchat", cluster="chitchat")
    plans[3] = replace(plans[3], id="new", weight=3.0)
    plans[4] = replace(plans[4], must_pass=False)
    deselected = (specimens.plan(5).id,)
    found = changed_terms(specimens.manifest(scenarios=tuple(plans), deselected=deselected), specimens.baseline())
    told = {(one.kind, one.scenario, one.before, one.now) for one in found.scenarios}
    ids = [specimens.plan(index).id for index in range(6)]
    assert told == {
        (Kind.CHANGED, ids[0], None, None), (Kind.WEIGHT, ids[1], "1", "0.01"), (Kind.INTENT, ids[2], "return_request", "chitchat"),
        (Kind.CLUSTER, ids[2], "refund-damaged-volume", "chitchat"), (Kind.REMOVED, ids[3], None, None), (Kind.ADDED, "new", None, None),
        (Kind.MUST_PASS, ids[4], "yes", "no"), (Kind.DESELECTED, ids[5], None, None),
    }  # fmt: skip
    shares = {one.kind: one.share for one in found.scenarios}
    assert shares[Kind.ADDED] == pytest.approx(3 / 9)
    assert shares[Kind.WEIGHT] == pytest.approx(1 / 9)  # what it had, not what it was made


def test_a_scenario_counts_as_recorded_whatever_the_change_says() -> None:
    """Weight, cluster and intent are the baseline's; what is asked is the run's; must_pass can be added, not taken away."""
    stored = specimens.baseline()
    lighter = replace(
        specimens.plan(4), weight=0.01, cluster="other", intent="other", must_pass=False, title="another", fingerprint="another"
    )
    counts = as_recorded(lighter, stored)
    assert counts == replace(specimens.plan(4), title="another", fingerprint="another")
    assert as_recorded(replace(specimens.plan(0), must_pass=True), stored).must_pass
    assert as_recorded(replace(lighter, id="new"), stored).weight == 0.01


def test_a_baseline_keeps_its_policy_and_one_without_keeps_its_id(tmp_path: Path) -> None:
    """The policy is read back as it was written and is sealed by the id; a file without one has the id that it always had."""
    path = tmp_path / "blue.jsonl.gz"
    written = write_baseline(path, made.run(), policy=POLICY)
    assert read_baseline(path) == written
    assert written.policy == POLICY
    bare = write_baseline(path, made.run())
    assert bare.id != written.id
    assert identified(replace(written, policy=None)).id == bare.id
    assert read_baseline(path).policy is None
