"""Settings whose files are as a trusted revision has them, so that a change cannot approve itself.

What decides comes from the revision: the settings file with its policy, the rubric and the judge's prompts beside it, baseline and
pinned reference, noise floor, calibrations, prices, and the target file, by which replies are read and builds are proved. What a
run writes down and reads again (answers, runs, attempts, anchors) cannot come from there; a change that brings such files along is
refused, and so is one that has the judge's own code in it. Scenarios and facts are the change's own: what differs in them from what
the baseline recorded is reported, and how much each counts is the baseline's to say (`baselines.changed_terms`).

The files are laid down in a private folder, under the names that they have in the repository, and read from there by whoever reads
such files anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import harness
from harness.assembly.trusted_files import TrustedFiles, differs
from harness.baselines.noise import noise_path
from harness.errors import SettingsError
from harness.settings import DISK, MAX_SETTINGS_BYTES, Settings, SettingsSource, settings_file
from harness.targets.open import names_factory
from harness.trusted.code import code_of
from harness.trusted.revision import Revision, revision_of
from harness.trusted.terms import OverruledSetting, TrustedFile, TrustedTerms

Load = Callable[[SettingsSource], Settings]
"""Settings that file, environment and flags add up to, the file being read from that source."""
_WRITTEN = (("cache", "answers of the judge"), ("runs", "runs"), ("state", "attempts"), ("anchors", "verdicts on the anchors"))
"""Setting → what is kept there, and read again."""
_CODE = (("judge", "judge"), ("target", "target"), ("against", "target"))
_ABSENT = "none"


@dataclass(frozen=True, slots=True)
class Trust:
    """What a run has to know of the revision that decides about it."""

    terms: TrustedTerms
    named: Settings
    """The settings with the paths that they name, for commands that people are shown."""
    cautions: tuple[str, ...] = ()


class RevisionSource:
    """Settings files as a revision has them; none outside of its repository.

    Args:
        revision: the revision.
    """

    def __init__(self, revision: Revision) -> None:
        self._revision = revision
        self.read: dict[Path, tuple[str, bytes]] = {}
        """Path → hash and content of what was read."""

    def has(self, path: Path) -> bool:
        """Return whether the revision has a file there."""
        place = self._revision.place(path)
        return place is not None and self._revision.entry(place) is not None

    def content(self, path: Path) -> bytes:
        """Return its bytes; raises SettingsError where there are none."""
        place = self._revision.place(path)
        if place is None:
            raise SettingsError(
                f"{path}: lies outside of the repository {self._revision.top}, from which --trusted-ref reads the settings; name a file in it"
            )
        entry = self._revision.entry(place)
        if entry is None:
            raise SettingsError(
                f"{path}: is not in {self._revision.shown}, and a change cannot bring its own settings along; land it first, or name a file "
                "that is there"
            )
        content = self._revision.content(entry, MAX_SETTINGS_BYTES)
        self.read[path] = (entry.object, content)
        return content


def trusted_settings(name: str, config: Path | None, load: Load, out: Path | None, folder: Path) -> tuple[Settings, Trust]:
    """Return the settings that a revision decides, with the files that it names laid down in a folder.

    Args:
        name: of the revision.
        config: settings file that a flag names; default: found upward, in the revision.
        load: makes settings of it.
        out: folder of the run that a flag names, if one does.
        folder: private and empty.

    Raises:
        SettingsError: no such revision, a file that it does not have as a plain file, or something that a change must not bring along.
    """
    start = Path.cwd() if config is None else config.absolute().parent
    if not start.is_dir():
        raise SettingsError(f"{config}: there is no such folder in the work tree; name a settings file of this repository")
    revision = revision_of(name, start)
    source = RevisionSource(revision)
    named = load(source)
    files = TrustedFiles(revision, folder)
    _refuse_answers(named, revision, out)
    _refuse_code(named, revision)
    settings = _replaced(named, files)
    told = (*_settings_files(source, revision, config), *files.taken)
    terms = TrustedTerms(revision.name, revision.commit, told, _overruled(named, load))
    return settings, Trust(terms, named, tuple(_cautions(named, revision)))


def _is_file(target: str) -> bool:
    """Return whether a target is described by a file, and is no URL, application or factory."""
    return "://" not in target and not target.startswith("asgi:") and not names_factory(target)


def _replaced(named: Settings, files: TrustedFiles) -> Settings:
    """Return the settings with every path to what decides leading to the revision's file."""
    update: dict[str, Any] = {"rubric": files.rubric(named.rubric), "prices": files.brought("prices", named.prices)}
    if named.baseline is not None and named.against is None:
        update["baseline"] = files.required("baseline", named.baseline)
    if named.pinned is not None:
        update["pinned"] = files.required("pinned baseline", named.pinned)
    noise = named.noise or (None if named.baseline is None else noise_path(named.baseline))
    if noise is not None:
        update["noise"] = files.own("noise floor", noise)
    update["calibrations"] = files.folder("calibration", named.calibrations)
    for field in ("target", "against"):
        where = getattr(named, field)
        if where is not None and _is_file(where):
            update[field] = str(files.target(Path(where)))
    return named.model_copy(update=update)


def _settings_files(source: RevisionSource, revision: Revision, config: Path | None) -> Iterator[TrustedFile]:
    """Yield the settings file that was read, and the one that the work tree would have had instead."""
    chosen = config or settings_file(source)
    if chosen is not None and chosen in source.read:
        known, content = source.read[chosen]
        yield TrustedFile("settings", str(revision.place(chosen)), known, differs(chosen, content))
    try:
        here = config or settings_file()
    except SettingsError:  # its mistakes are told with the settings that it would have made otherwise
        here = None
    place = None if here is None else revision.place(here)
    if here != chosen and place is not None:
        yield TrustedFile("settings", str(place), "", changed=True)


def _overruled(named: Settings, load: Load) -> tuple[OverruledSetting, ...]:
    """Return what the work tree's own settings would have made otherwise; one entry where they cannot be read."""
    try:
        here = load(DISK)
    except SettingsError as error:
        return (OverruledSetting("settings", "as the revision has them", f"cannot be read: {str(error).splitlines()[0]}"),)
    used, other = _flat(named), _flat(here)
    return tuple(OverruledSetting(name, used[name], other[name]) for name in used if used[name] != other[name])


def _flat(settings: Settings) -> dict[str, str]:
    """Return every setting by name, those of the policy as `policy.NAME`, as text."""
    policy = {f"policy.{name}": getattr(settings.policy, name) for name in type(settings.policy).model_fields}
    plain = {name: getattr(settings, name) for name in type(settings).model_fields if name != "policy"}
    return {name: _ABSENT if value is None else str(value) for name, value in (plain | policy).items()}


def _refuse_answers(named: Settings, revision: Revision, out: Path | None) -> None:
    """Raise SettingsError where a change brings along what runs are made of: forged answers, runs or attempts would decide."""
    wanted = [*((what, f"setting `{name}`", getattr(named, name)) for name, what in _WRITTEN), ("the run", "flag --out", out)]
    brought = [
        f"{touched[0]}: {revision.shown} has it otherwise, and {what} are kept there ({where}), which no change may bring along; take it out of "
        "version control, or name a place outside of it"
        for what, where, path in wanted
        if path is not None and (place := revision.place(path)) is not None and (touched := revision.touched(place))
    ]
    if brought:
        raise SettingsError("\n".join(brought))


def _refuse_code(named: Settings, revision: Revision) -> None:
    """Raise SettingsError where code of the change would run inside the gate: it could rewrite any verdict."""
    for field, what in _CODE:
        word = getattr(named, field)
        place = None if word is None or (what == "target" and _is_file(word)) else code_of(word, revision)
        if place is not None:
            raise SettingsError(
                f"{field} {word}: runs inside the gate, and its code is part of the change ({place} differs from {revision.shown}), which could "
                "rewrite any verdict; install it from elsewhere, or serve the target in a process of its own"
            )


def _cautions(named: Settings, revision: Revision) -> Iterator[str]:
    if revision.head == revision.commit:
        yield (
            f"NOTHING SEPARATES THE CHANGE FROM ITS JUDGE: --trusted-ref {revision.name} is the very commit that is checked out. "
            "Name the revision that was trusted before it, such as the target branch or the last release."
        )
    package = revision.place(Path(harness.__file__).parent)
    touched = () if package is None else revision.touched(package)
    if touched:
        yield (
            f"THE GATE ITSELF IS PART OF THE CHANGE: it runs from this work tree, and {touched[0]} differs from {revision.shown}. "
            "Install the harness from elsewhere."
        )
    if named.against is not None:
        yield (
            "Side by side nothing recorded says what a scenario counts: which there are, their weights and must_pass are the change's own. "
            "A baseline or --pinned says it."
        )
