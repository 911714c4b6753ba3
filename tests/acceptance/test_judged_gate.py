"""`harness gate --judge anthropic` whole: blue and green on loopback, the fake Messages API on a socket, commands in processes of their own.

Only the quick test calls the commands in its own process, which loads the model's SDK once. A baseline and the anchors are recorded under an honest judge. What happens to the judge after that has to be noticed: refused,
INVALID, or corrected, with its size.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest

from harness.anchors.reading import Reading
from harness.anchors.readings import read_anchors, rotation
from harness.anchors.reckoning import noise_of, shift_of
from harness.anchors.record import AnchorHistory, AnchorRecord, AnchorStore, ShiftFigures
from harness.anchors.shift import Shift
from harness.records.journal import read_journal
from harness.records.store import JOURNAL
from tests.acceptance.conftest import Finished, Harness
from tests.acceptance.served import SOME, Served, served
from tests.fakes.anchor_judges import ApiDoor, judge_at, shipped_rubric, shipped_set
from tests.fakes.messages_api.api import KEY, FakeMessagesApi
from tests.fakes.messages_api.scale import biased, compressed, noisy
from tests.fakes.messages_api.server import serving
from tests.fakes.messages_api.temper import MODES, Temper
from tests.fakes.recorded_anchors import keep_planted
from tests.fakes.shop_judge import shop_judge

HARSHER = Temper(distort=biased(-1.0))
TIMEOUT = 600


@dataclass
class Site:
    """A folder with a baseline and recorded anchors, and shops beside it."""

    harness: Harness
    folder: Path
    shops: dict[str, Served]
    only: tuple[str, ...]
    repeats: int

    def call(self, api: FakeMessagesApi, *words: str) -> Finished:
        """Run a command against a judge."""
        with serving(api) as (_, url):
            return self.harness(*words, timeout=TIMEOUT, ANTHROPIC_API_KEY=KEY, ANTHROPIC_BASE_URL=url)

    def prepare(self) -> None:
        """Record baseline and anchors under an honest judge."""
        target = self.shops["blue"].target_file
        done = self.call(
            shop_judge(), "baseline", "record", "--target", target, "--judge", "anthropic", "--repeats", str(self.repeats), "--output", "b.jsonl.gz",
            "--seed", "3", "--quiet", *self._chosen(),
        )  # fmt: skip
        assert done.code == 0, done.out + done.err
        keep_planted(self.folder / ".harness" / "anchors")

    def gate(self, api: FakeMessagesApi, colour: str = "blue", *more: str) -> Finished:
        """Hold a shop against the baseline; its answers are kept nowhere else."""
        target, cache = self.shops[colour].target_file, f"{id(api)}.sqlite"
        words = (
            "--target",
            target,
            "--baseline",
            "b.jsonl.gz",
            "--judge",
            "anthropic",
            "--seed",
            "11",
            "--cache",
            cache,
            "--json",
            "--quiet",
        )
        return self.call(api, "gate", *words, *self._chosen(), *more)

    def check(self, api: FakeMessagesApi) -> dict:
        """Judge all anchors again, and return what is said."""
        done = self.call(api, "judge", "anchors", "check", "--judge", "anthropic", "--json", "--quiet")
        assert done.code in {0, 4}, done.err
        return done.document

    def _chosen(self) -> tuple[str, ...]:
        return tuple(word for one in self.only for word in ("--only", one))


@contextmanager
def site(harness: Harness, folder: Path, *defects: str, only: tuple[str, ...] = (), repeats: int = 10) -> Iterator[Site]:
    with served(folder, *(word for defect in defects for word in ("--defect", defect))) as shops:
        found = Site(harness, folder, shops, only, repeats)
        found.prepare()
        yield found


def quality(done: Finished) -> dict:
    return done.document["gates"]["quality"]


def codes(done: Finished) -> list[str]:
    return [reason["code"] for reason in quality(done)["reasons"]]


def realised(temper: Temper, ids: tuple[str, ...] | None = None, times: int = 5) -> tuple[Shift, float | None]:
    """Return the shift and the noise that a temper makes of the anchors' labels, without command, socket, store or chart: the same draws."""
    anchors = shipped_set()
    record = {one.id: (Reading(scores=dict(one.scores), met={}),) * 5 for one in anchors.anchors}

    async def read():
        async with judge_at(ApiDoor(shop_judge(temper)), samples=3) as judge:
            return await read_anchors(judge, anchors, shipped_rubric(), ids or tuple(anchors.by_id), times)

    found = anyio.run(read)
    shift = shift_of(anchors, record, found)
    assert shift is not None
    return shift, noise_of(found)


def test_an_honest_judge_passes_what_is_healthy_and_fails_what_is_not(here: Harness, tmp_path: Path) -> None:
    """With an honest judge the healthy build PASSes and the officious one FAILs quality, both on the judge's chart."""
    with site(here, tmp_path, "stiffness=1", only=SOME, repeats=3) as found:
        healthy = found.gate(shop_judge(), "blue", "--policy", "fast", "--repeats", "2")
        officious = found.gate(shop_judge(), "green", "--policy", "fast", "--repeats", "2")
    assert quality(healthy)["decision"] == "pass", healthy.out + healthy.err
    assert quality(officious)["decision"] == "fail", officious.out + officious.err
    for done in (healthy, officious):
        assert quality(done)["drift"]["state"] == "steady"
        assert quality(done)["drift"]["watched"]["anchors"] == 20
        assert quality(done)["drift"]["watched"]["shift"] == 0
    assert [quality(done)["drift"]["watched"]["bad_mean"] for done in (healthy, officious)] != [None, None]


@pytest.mark.slow
def test_a_judge_that_became_harsher_is_found_and_nothing_is_concluded(harness: Harness, tmp_path: Path) -> None:
    """The same model, a point harsher since the baseline: INVALID, exit 4, with the size that the anchors show."""
    with site(harness, tmp_path, only=SOME, repeats=3) as found:
        done = found.gate(shop_judge(HARSHER), "blue", "--policy", "fast")
    planted, _ = realised(HARSHER, rotation(shipped_set(), 0), times=1)
    assert done.code == 4, done.out + done.err
    assert codes(done)[0] == "judge_drifted"
    assert quality(done)["drift"]["watched"]["shift"] == pytest.approx(planted.shift, rel=0.1)
    assert planted.shift < -0.2


@pytest.mark.slow
def test_the_whole_suite_under_an_honest_judge(harness: Harness, tmp_path: Path) -> None:
    """All 72 scenarios, proved and not guessed: healthy PASSes, officious FAILs, and answers that were paid for are not asked again."""
    with site(harness, tmp_path, "stiffness=1") as found:
        healthy, officious = found.gate(shop_judge()), found.gate(shop_judge(), "green")
    assert quality(healthy)["decision"] == "pass", healthy.out + healthy.err
    assert quality(healthy)["lower"] > -0.2
    assert quality(officious)["decision"] == "fail", officious.out + officious.err
    assert quality(officious)["upper"] < -0.2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("temper", "size"),
    [
        pytest.param(Temper(distort=biased(0.5)), "shift", id="biased"),
        pytest.param(Temper(distort=compressed(0.32)), "slope", id="compressed"),
        pytest.param(HARSHER, "shift", id="harsher"),
    ],
)
def test_a_judge_that_changed_in_silence(harness: Harness, tmp_path: Path, temper: Temper, size: str) -> None:
    """Kinder by half a point, a third of the scale, harsher by a point: a whole check says so, to within a tenth of what it is, and no gate concludes anything."""
    with site(harness, tmp_path, only=SOME, repeats=3) as found:
        checked = found.check(shop_judge(temper))
        done = found.gate(shop_judge(temper), "blue", "--policy", "fast")
    shift, _ = realised(temper)
    assert checked["shift"][size] == pytest.approx(getattr(shift, size), rel=0.1)
    assert checked["standing"] == "changed"
    assert done.code == 4, done.out + done.err
    assert codes(done)[0] == "judge_drifted"


@pytest.mark.slow
def test_a_judge_that_became_noisy(harness: Harness, tmp_path: Path) -> None:
    """Scatter alone shifts no mean: it is told to within a tenth of what it is, answers flip more than they used to, and a build that is no worse does not FAIL."""
    noise = Temper(distort=noisy(0.5))
    with site(harness, tmp_path, only=SOME, repeats=3) as found:
        checked = found.check(shop_judge(noise))
        done = found.gate(shop_judge(noise), "blue", "--policy", "fast")
    assert checked["noise_now"] == pytest.approx(realised(noise)[1], rel=0.1)
    assert checked["noise_then"] == 0
    assert checked["shift"]["flips"] > checked["shift"]["usual_flips"]
    assert quality(done)["decision"] in {"pass", "inconclusive", "invalid"}


@pytest.mark.slow
def test_a_judge_that_changes_while_the_run_lasts(harness: Harness, tmp_path: Path) -> None:
    """Harsher from the 50th call on: the anchors are judged last, see the whole change, and the run is INVALID."""
    drifting = Temper(changed_at=50, then=HARSHER)
    with site(harness, tmp_path, only=SOME, repeats=3) as found:
        done = found.gate(shop_judge(drifting), "blue", "--policy", "fast")
    planted, _ = realised(HARSHER, rotation(shipped_set(), 0), times=1)
    assert done.code == 4, done.out + done.err
    assert codes(done)[0] == "judge_drifted"
    assert quality(done)["drift"]["watched"]["shift"] == pytest.approx(planted.shift, rel=0.1)


@pytest.mark.slow
def test_a_small_shift_is_corrected(harness: Harness, tmp_path: Path) -> None:
    """After a whole check that found a small shift the same run is decided on differences without it, with its error in every interval."""
    with site(harness, tmp_path, only=SOME, repeats=3) as found:
        plain = found.gate(shop_judge(), "blue", "--policy", "point", "--cap", "2")
        _shifted(AnchorStore(tmp_path / ".harness" / "anchors"), by=0.07, error=0.03)
        corrected = found.gate(shop_judge(), "blue", "--policy", "point", "--cap", "2")
    before, after = quality(plain), quality(corrected)
    assert after["drift"]["state"] == "shifted"
    assert after["drift"]["correction"] == pytest.approx(-0.07)
    assert after["difference"] == pytest.approx(before["difference"] - 0.07)
    assert after["standard_error"] == pytest.approx((before["standard_error"] ** 2 + 0.03**2) ** 0.5)


def _shifted(store: AnchorStore, by: float, error: float) -> None:
    record = _record(store)
    nothing = shift_of(shipped_set(), record.readings, record.readings)
    assert nothing is not None
    figures = ShiftFigures.of(nothing).model_copy(
        update={"shift": by, "standard_error": error, "lower": by - 1.68 * error, "upper": by + 1.68 * error}
    )
    history: AnchorHistory = store.history(record)
    store.keep_history(record.fingerprint, history.model_copy(update={"checked": record.created, "check": figures}))


def _record(store: AnchorStore) -> AnchorRecord:
    path = next(one for one in store.folder.glob("*.json") if not one.name.endswith("history.json"))
    found = store.record(path.stem, shipped_set())
    assert found is not None
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("temper", "exit_code", "told"),
    [
        pytest.param(MODES["wrong_model"], 4, "cannot be asked", id="wrong model"),
        pytest.param(MODES["truncating"], 4, "scores_missing", id="truncating"),
        pytest.param(MODES["refusing"], None, "green_missing", id="refusing"),
    ],
)
def test_a_judge_in_trouble(harness: Harness, tmp_path: Path, temper: Temper, exit_code: int | None, told: str) -> None:
    """Another model ends the run; refusals and cut answers are never a score, are counted to the last one, and too many are INVALID."""
    with site(harness, tmp_path, only=SOME, repeats=3) as found:
        done = found.gate(shop_judge(temper), "blue", "--policy", "fast")
    assert exit_code is None or done.code == exit_code, done.out + done.err
    if told == "cannot be asked":
        assert told in done.err
        return
    if exit_code is None:
        assert quality(done)["decision"] in {"pass", "invalid", "inconclusive"}
    else:
        assert told in codes(done)
    assert quality(done)["coverage"]["green_missing"] == _without_a_score(tmp_path)
    assert _without_a_score(tmp_path) > 0


def _without_a_score(folder: Path) -> int:
    """Return how many conversations of the last run were judged and lack a score in some dimension of their scenario, as its journal has it."""
    content = read_journal(max((folder / ".harness" / "runs").glob("2*")) / JOURNAL)
    dimensions = {plan.id: plan.dimensions for plan in content.manifest.scenarios}
    return sum(
        not set(dimensions[record.assignment.scenario_id]) <= (record.scores or {}).keys()
        for record in content.records.values()
        if record.judgement is not None
    )
