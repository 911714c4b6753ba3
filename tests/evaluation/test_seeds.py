"""Seeds of conversations."""

from __future__ import annotations

from harness.evaluation.seeds import conversation_seed
from harness.records.run import SeedStream


def test_a_seed_is_the_same_on_every_machine_and_for_ever():
    """Pinned values: a change would silently make old baselines and new runs draw differently."""
    assert conversation_seed(7, SeedStream.GATE, "price", 0) == 4931936019395781
    assert conversation_seed(7, SeedStream.GATE, "価格@naruto", 3) == 2775801487017542


def test_every_argument_changes_the_seed_and_all_fit_into_json():
    """No two conversations of a run share a seed, nor do gate and baseline, and doubles hold them exactly."""
    seeds = {
        conversation_seed(run, stream, scenario, repeat)
        for run in (0, 1)
        for stream in SeedStream
        for scenario in ("a", "b", "a1", "a11")
        for repeat in range(250)
    }
    assert len(seeds) == 2 * 2 * 4 * 250
    assert all(0 <= seed < 2**53 for seed in seeds)
    assert max(seeds) > 2**52
