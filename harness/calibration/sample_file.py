"""The file of a sample, in the folder of the run that it was drawn from; it is not for those who label."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from harness.calibration.sample import Sample
from harness.errors import StoreError
from harness.records.sealed import SealedKind

FOLDER = "labelling"
_NAME = "sample.json"
_FILE = SealedKind(
    kind="mangaassist-harness labelling sample",
    version=1,
    field="sample",
    content=Sample,
    named="a sample",
    brings="sampling",
    again="draw one with `harness judge sample RUN`",
    error=StoreError,
    max_bytes=256 << 20,
)


def sample_path(run: Path) -> Path:
    """Return where the sample of a run belongs, given the run's folder."""
    return run / FOLDER / _NAME


def write_sample(folder: Path, sample: Sample) -> Path:
    """Put a sample into its folder, whole or not at all, and return its path; raises StoreError when it cannot be written."""
    path = folder / _NAME
    _FILE.write(path, sample)
    return path


def read_sample(path: Path) -> Sample:
    """Read the sample at `path`.

    Raises:
        StoreError: There is none, or it is unreadable, too large, foreign, too new or edited.
    """
    found = _FILE.read(path)
    if found is None:
        raise StoreError(f"{path}: there is no sample here; draw one with `harness judge sample RUN`, or leave --run away")
    return found


def empty_table(sample: Sample) -> str:
    """Return the labels that are asked for as a table to fill in: a row for each conversation, dimension and rater.

    It begins with a byte order mark, so that spreadsheets read it as UTF-8.
    """
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(("item", "dimension", "rater", "human", "judge", "language", "arm", "split"))
    for one in sample.drawn:
        for dimension in one.scores:
            table.writerows((one.item, dimension, f"rater {seat}", "", "", one.language, "", "") for seat in one.seats)
    return "\ufeff" + text.getvalue()
