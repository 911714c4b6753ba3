"""Which files decided as a revision has them, and what the change under test would have had instead: values for records and reports."""

from __future__ import annotations

from dataclasses import dataclass

SHORT = 12
"""Digits of a hash that a person needs."""


def shown(name: str, commit: str) -> str:
    """Return how people are told which revision: its name and the beginning of its hash."""
    return commit[:SHORT] if commit.startswith(name) else f"{name} ({commit[:SHORT]})"


@dataclass(frozen=True, slots=True)
class TrustedFile:
    """One file that decides."""

    role: str
    """`settings`, `rubric`, `judge prompt`, `baseline` …"""
    place: str
    """In the repository."""
    object: str
    """Hash of the content that was used; empty where the revision has no such file, so that none was."""
    changed: bool
    """The work tree has another content there, or none, or one where the revision has none."""


@dataclass(frozen=True, slots=True)
class OverruledSetting:
    """A setting that the settings file of the work tree has otherwise."""

    name: str
    """`mode`, `policy.margin`."""
    used: str
    here: str
    """What the work tree's file would have made it."""


@dataclass(frozen=True, slots=True)
class TrustedTerms:
    """By which revision a run was decided."""

    name: str
    """As it was asked for."""
    commit: str
    """Its whole hash."""
    files: tuple[TrustedFile, ...] = ()
    overruled: tuple[OverruledSetting, ...] = ()

    @property
    def shown(self) -> str:
        """Name and hash, for people."""
        return shown(self.name, self.commit)

    @property
    def used(self) -> tuple[TrustedFile, ...]:
        """What was read from the revision."""
        return tuple(one for one in self.files if one.object)

    @property
    def unused(self) -> tuple[TrustedFile, ...]:
        """What the work tree has otherwise, and was not used."""
        return tuple(one for one in self.files if one.changed)
