"""The recorded verdicts of one judge on all anchors, and the checks that came after: sealed files named by its fingerprint.

A judge whose model, prompt, rubric, schema or parameters changed has another fingerprint, hence no record, and nothing that it
scored before is comparable. Records are the reference; checks and the chart of runs are held against them.
"""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from pydantic import Field

from harness.anchors.frozen_set import AnchorSet
from harness.anchors.reading import Reading
from harness.anchors.shift import Shift
from harness.errors import StoreError
from harness.frozen import FrozenModel, fingerprint
from harness.records.sealed import SealedKind
from harness.records.store import remedy

KEPT_POINTS = 500
_FILE_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")
Number = Annotated[float, Field(allow_inf_nan=False)]


class AnchorRecord(FrozenModel):
    """What a judge said of all anchors, five times."""

    judge: str = Field(max_length=300)
    fingerprint: str = Field(max_length=100)
    anchors: str = Field(max_length=100)
    """Fingerprint of the set."""
    created: str = Field(max_length=40)
    """ISO 8601, UTC."""
    readings: dict[str, tuple[Reading, ...]]


class ShiftFigures(FrozenModel):
    """A shift, as it is stored; see `Shift` for what the figures mean."""

    anchors: int
    unscored: int
    shift: Number
    standard_error: Number
    df: Number
    critical: Number
    lower: Number
    upper: Number
    flips: Number
    usual_flips: Number
    flips_t: Number = 0.0
    slope: Number | None
    bad_mean: Number | None
    bad_lower: Number | None
    bad_above: tuple[str, ...]

    @classmethod
    def of(cls, shift: Shift) -> ShiftFigures:
        """Return a shift for storing."""
        return cls(**asdict(shift))

    @property
    def value(self) -> Shift:
        """The shift itself."""
        return Shift(**self.model_dump())


class ChartPoint(FrozenModel):
    """One run on the control chart."""

    run: str = Field(max_length=100)
    created: str = Field(max_length=40)
    group: int = Field(ge=0)
    """Which fifth of the anchors was judged."""
    shift: ShiftFigures


class AnchorHistory(FrozenModel):
    """What was seen since the record was made: whole checks and single runs, oldest first."""

    record: str = Field(max_length=40)
    """When the record was made; an older history belongs to another one."""
    checked: str | None = None
    """When all anchors were judged last; None: never since."""
    check: ShiftFigures | None = None
    points: tuple[ChartPoint, ...] = Field((), max_length=KEPT_POINTS)


def _kind(kind: str, field: str, content: type[FrozenModel], named: str) -> SealedKind[FrozenModel]:
    return SealedKind(
        kind=f"mangaassist-harness {kind}", version=1, field=field, content=content, named=named, brings="check of anchors",
        again="record the anchors again with `harness judge anchors record`", error=StoreError, max_bytes=16 << 20,
    )  # fmt: skip


_RECORD = _kind("anchor verdicts", "record", AnchorRecord, "a record of verdicts on anchors")
_HISTORY = _kind("anchor history", "history", AnchorHistory, "a history of checks")


class AnchorStore:
    """Records and histories of all judges, in one folder.

    Args:
        folder: made when something is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def record_path(self, judge: str) -> Path:
        """Return where the record of the judge with this fingerprint is."""
        return self._path(judge, "json")

    def record(self, judge: str, anchors: AnchorSet) -> AnchorRecord | None:
        """Return the record of a judge; None where it has none of this set. Raises StoreError for one that cannot be read."""
        found = _RECORD.read(self.record_path(judge))
        if not isinstance(found, AnchorRecord) or found.anchors != anchors.fingerprint:
            return None
        if found.fingerprint != judge:
            raise StoreError(
                f"{self.record_path(judge)}: holds the verdicts of another judge ({found.fingerprint}); move it to {found.fingerprint}.json"
            )
        return found

    def keep_record(self, record: AnchorRecord) -> Path:
        """Store a record; the history of the one before ends with it."""
        self._prepare()
        path = self.record_path(record.fingerprint)
        _RECORD.write(path, record)
        _HISTORY.write(self._path(record.fingerprint, "history.json"), AnchorHistory(record=record.created))
        return path

    def history(self, record: AnchorRecord) -> AnchorHistory:
        """Return what was seen since a record was made."""
        found = _HISTORY.read(self._path(record.fingerprint, "history.json"))
        return found if isinstance(found, AnchorHistory) and found.record == record.created else AnchorHistory(record=record.created)

    def keep_history(self, judge: str, history: AnchorHistory) -> None:
        """Store what was seen, as far back as is kept."""
        self._prepare()
        _HISTORY.write(self._path(judge, "history.json"), history.model_copy(update={"points": history.points[-KEPT_POINTS:]}))

    def _path(self, judge: str, ending: str) -> Path:
        # A judge of a stranger may name itself by what can be no file name; its hash stands for it then.
        return self.folder / f"{judge if _FILE_NAME.fullmatch(judge) else fingerprint(judge)}.{ending}"

    def _prepare(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{self.folder}: the folder of anchors cannot be made: {remedy(error)}") from error
