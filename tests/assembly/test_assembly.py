"""From settings to everything that a run needs, before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.assembly.bench import Bench, assemble
from harness.assembly.manifests import new_manifest, planned_manifest
from harness.errors import BaselineError, SettingsError, SourceError
from harness.frozen import fingerprint
from harness.gates.policy import GatePolicy
from harness.package_data import shipped
from harness.records.run import SeedStream
from harness.settings import Settings
from tests.fakes.threaded_bot import target_file, write_suite

Assembling = Callable[..., Bench]


@pytest.fixture
def assembled(tmp_path: Path) -> Assembling:
    """Assemble the small suite, with these settings changed."""
    suite = write_suite(tmp_path / "suite", 4)
    target = target_file(tmp_path, "http://green.test")

    def build(only: tuple[str, ...] = (), *, gated: bool = False, **changes: object) -> Bench:
        values = {"target": str(target), "suite": suite, "facts": shipped("scenarios") / "facts", "judge": "offline", **changes}
        return assemble(Settings(**values), only, {}, gated=gated)

    return build


def test_a_bench_holds_what_the_settings_name(assembled: Assembling) -> None:
    """Suite, judge, target and the time in which a reply is due come from the settings; nothing is left out without --only."""
    bench = assembled()
    assert len(bench.suite.scenarios) == 4
    assert bench.deselected == ()
    assert bench.judge.identity.name == "rules only"
    assert bench.target.identity.url == "http://green.test"
    assert bench.services.context.reply_within_s == 1
    assert bench.baseline is None


def test_a_selection_says_what_it_leaves_out(assembled: Assembling) -> None:
    """--only keeps what fits, and the plan knows the rest as deselected, not as gone."""
    bench = assembled(("tag:odd",))
    assert [one.id for one in bench.suite.scenarios] == ["ask-01", "ask-03"]
    assert new_manifest(bench, SeedStream.GATE, 1).deselected == ("ask-00", "ask-02")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"target": None}, "--target"),
        ({"judge": None}, "--judge offline"),
        ({"judge": "crystal ball"}, "crystal ball"),
        ({"target": "ftp://green.test"}, "http"),
    ],
)
def test_what_is_missing_is_said_with_its_remedy(assembled: Assembling, changes: dict[str, object], said: str) -> None:
    """No target, no judge, an unknown judge: each is refused, and no judge is ever chosen silently."""
    with pytest.raises(SettingsError, match=said):
        assembled(**changes)


def test_an_unattested_target_cannot_be_held_to_a_build(assembled: Assembling, tmp_path: Path) -> None:
    """The files alone show that the proof is impossible, so it is refused with its remedy before anything is sent."""
    described = target_file(tmp_path, "http://green.test", build="unattested")
    with pytest.raises(SettingsError, match=r"cannot be proved.*unattested.*leave --expect-build out"):
        assembled(target=str(described), expect_build="0123456789")
    assert assembled(target=str(described)).target.attested is False


def test_a_baseline_is_only_read_when_a_gate_asks(assembled: Assembling, tmp_path: Path) -> None:
    """A gate needs a baseline that can be read; measuring alone ignores a configured one."""
    with pytest.raises(SettingsError, match="harness baseline record"):
        assembled(gated=True)
    with pytest.raises(BaselineError, match=r"missing\.gz"):
        assembled(gated=True, baseline=tmp_path / "missing.gz")
    assert assembled(baseline=tmp_path / "missing.gz").baseline is None


def test_a_broken_suite_is_refused_before_the_target_is_read(assembled: Assembling, tmp_path: Path) -> None:
    """Mistakes of scenario files come with their places."""
    (tmp_path / "suite" / "ask.yaml").write_text("scenarios: 3", encoding="utf-8")
    with pytest.raises(SourceError, match=r"ask\.yaml:1:"):
        assembled(target=str(tmp_path / "missing.yaml"))


def test_the_plan_is_the_same_for_a_resumed_run(assembled: Assembling) -> None:
    """With id, time and seed of the first session the plan is equal in every field, so that the journal is no foreign one."""
    bench = assembled()
    first = new_manifest(bench, SeedStream.GATE, 7)
    again = planned_manifest(assembled(), SeedStream.GATE, run_id=first.run_id, created=first.created, seed=7)
    assert again == first
    assert (first.repeats, first.seed, first.stream, first.baseline) == (5, 7, SeedStream.GATE, None)
    assert first.policy == fingerprint(GatePolicy())


def test_a_plan_that_differs_shows_it(assembled: Assembling) -> None:
    """Another policy, another selection or other repeats make another plan."""
    plans = [
        new_manifest(assembled(), SeedStream.GATE, 7),
        new_manifest(assembled(policy=GatePolicy(margin=0.3)), SeedStream.GATE, 7),
        new_manifest(assembled(("ask-00",)), SeedStream.GATE, 7),
        new_manifest(assembled(repeats=6), SeedStream.GATE, 7),
    ]
    assert len({(one.policy, one.suite, one.repeats) for one in plans}) == len(plans)


def test_a_drawn_seed_is_recorded_and_new_each_time(assembled: Assembling) -> None:
    """Without --seed each run has its own, and its own id."""
    bench = assembled()
    one, other = (new_manifest(bench, SeedStream.GATE, None) for _ in range(2))
    assert one.seed != other.seed
    assert one.run_id != other.run_id


def test_a_run_needs_no_git(assembled: Assembling, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without git, or outside a repository, the revision is unknown and nothing else changes."""
    bench = assembled()
    monkeypatch.chdir(tmp_path)
    assert new_manifest(bench, SeedStream.GATE, 1).git_revision is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert new_manifest(bench, SeedStream.GATE, 1).git_revision is None
