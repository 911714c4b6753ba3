"""A judge's calibration file: found by its judge, and never mistaken for another's."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.calibration.calibrate import calibrate
from harness.calibration.calibration import ArmSource
from harness.calibration.file import calibration_path, read_calibration, stored_calibration, write_calibration
from harness.errors import StoreError
from tests.fakes.labelled import Planted, cases

JUDGE = "a" * 16


@pytest.fixture(scope="module")
def found():
    sources = [ArmSource(arm="green", run="r1", build="abc1234")]
    return calibrate(cases(Planted(noise=0.3), 60, seed=1, arm="green"), "a judge", JUDGE, "2026-11-01T00:00:00Z", sources)


def test_what_was_calibrated_is_read_back(tmp_path: Path, found):
    """Every figure survives, in a folder that was not there before."""
    path = calibration_path(tmp_path / "calibrations", JUDGE)
    write_calibration(path, found)
    assert read_calibration(path) == stored_calibration(path.parent, JUDGE) == found


def test_another_judge_has_no_calibration(tmp_path: Path, found):
    """A changed model, prompt or rubric is another fingerprint, and so nothing is stored for it."""
    write_calibration(calibration_path(tmp_path, JUDGE), found)
    assert stored_calibration(tmp_path, "b" * 16) is None


def test_a_file_under_another_judges_name_is_refused(tmp_path: Path, found):
    """Copying a file does not calibrate another judge."""
    write_calibration(calibration_path(tmp_path, "b" * 16), found)
    with pytest.raises(StoreError, match=f"is the calibration of another judge \\({JUDGE}\\); move it to {JUDGE}.json"):
        stored_calibration(tmp_path, "b" * 16)


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a" * 101, "é", "my judge v1"])
def test_a_fingerprint_is_no_path(tmp_path: Path, found, name: str):
    """What names a judge cannot lead out of the folder: it stands there under its hash, and is found again."""
    path = calibration_path(tmp_path, name)
    assert path.parent == tmp_path
    assert len(path.stem) == 16
    assert path != calibration_path(tmp_path, name + "x")
    if name:
        write_calibration(path, found.model_copy(update={"fingerprint": name}))
        assert stored_calibration(tmp_path, name).fingerprint == name


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, found):
    """A file where the folder belongs."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file: the folder of calibrations cannot be made"):
        write_calibration(tmp_path / "file" / "x.json", found)
