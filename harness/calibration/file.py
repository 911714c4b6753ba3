"""A judge's calibration file: one for each judge, named by its fingerprint.

A judge whose model, prompt, rubric, schema or parameters changed has another fingerprint, and so no file: it is uncalibrated
by itself. A file that cannot be read is an error and never "uncalibrated".
"""

from __future__ import annotations

import re
from pathlib import Path

from harness.calibration.calibration import Calibration
from harness.errors import StoreError
from harness.frozen import fingerprint
from harness.records.sealed import SealedKind
from harness.records.store import remedy

_FILE = SealedKind(
    kind="mangaassist-harness calibration",
    version=1,
    field="calibration",
    content=Calibration,
    named="a calibration",
    brings="calibration",
    again="calibrate again with `harness judge calibrate`",
    error=StoreError,
    max_bytes=16 << 20,
)
_FILE_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")


def calibration_path(folder: Path, judge: str) -> Path:
    """Return where the calibration of the judge with this fingerprint belongs; what can be no file name stands there as its hash."""
    return folder / f"{judge if _FILE_NAME.fullmatch(judge) else fingerprint(judge)}.json"


def write_calibration(path: Path, calibration: Calibration) -> None:
    """Put a calibration at `path`, whole or not at all; its folder is made. Raises StoreError when it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{path.parent}: the folder of calibrations cannot be made: {remedy(error)}") from error
    _FILE.write(path, calibration)


def read_calibration(path: Path) -> Calibration | None:
    """Read the calibration at `path`; None where there is no file.

    Raises:
        StoreError: The file is unreadable, too large, foreign, too new or edited.
    """
    return _FILE.read(path)


def stored_calibration(folder: Path, judge: str) -> Calibration | None:
    """Return the calibration of the judge with this fingerprint; None where it has none.

    Raises:
        StoreError: As `read_calibration`, or the file is another judge's.
    """
    path = calibration_path(folder, judge)
    found = read_calibration(path)
    if found is not None and found.fingerprint != judge:
        raise StoreError(
            f"{path}: is the calibration of another judge ({found.fingerprint}); move it to {calibration_path(folder, found.fingerprint).name}"
        )
    return found
