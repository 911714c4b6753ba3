"""Files as a revision has them: real repositories, and everything in them that is no plain file."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path, PurePosixPath

import pytest

from harness.errors import SettingsError
from harness.trusted.place import place_in
from harness.trusted.plumbing import ask
from harness.trusted.revision import revision_of
from tests.fakes.git_repository import GitRepository, git_repository


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> GitRepository:
    """A repository with one commit on main, and a change on top of it, that no test may alter."""
    made = git_repository(tmp_path_factory.mktemp("shared") / "repo")
    made.write("policy/harness.toml", "repeats = 5\n")
    made.write("policy/pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    made.write("policy/st*r [x]", "odd")
    (made.top / "policy" / "link").symlink_to("harness.toml")
    (made.top / "linked").symlink_to("policy")
    made.commit("main")
    made.git("checkout", "-q", "-b", "change")
    made.write("policy/harness.toml", "repeats = 1\n")
    made.write("policy/new.toml", "")
    made.commit("change")
    return made


@pytest.fixture
def repository(shared: GitRepository, tmp_path: Path) -> GitRepository:
    """The same for one test alone."""
    shutil.copytree(shared.top, tmp_path / "repo", symlinks=True)
    return GitRepository((tmp_path / "repo").resolve(), shared.environ)


def refusal(work) -> str:
    with pytest.raises(SettingsError) as refused:
        work()
    return str(refused.value)


def test_a_file_is_read_as_the_revision_has_it(repository: GitRepository) -> None:
    """Not what is checked out, and not what lies in the work tree: odd names and files that the change brought included."""
    repository.write("policy/harness.toml", "repeats = 0\n")
    main = revision_of("main", repository.top / "policy")
    place = main.place(repository.top / "policy" / ".." / "policy" / "harness.toml")
    assert place == PurePosixPath("policy/harness.toml")
    entry = main.entry(place)
    assert entry is not None
    assert main.content(entry) == b"repeats = 5\n"
    assert main.entry(PurePosixPath("policy/new.toml")) is None
    assert main.entry(PurePosixPath("policy/harness.toml/deeper")) is None
    odd = main.entry(PurePosixPath("policy/st*r [x]"))
    assert odd is not None
    assert main.content(odd) == b"odd"
    assert [str(one.place) for one in main.files(PurePosixPath("policy"))] == ["policy/harness.toml", "policy/pointer", "policy/st*r [x]"]
    assert (main.commit, main.head) == (repository.hash("main"), repository.hash("change"))


def test_what_a_change_touched_is_known(shared: GitRepository) -> None:
    """By folder or file, and nothing at the revision itself; what is not committed is nobody's change."""
    main = revision_of("main", shared.top)
    assert main.touched(PurePosixPath("policy")) == ("policy/harness.toml", "policy/new.toml")
    assert main.touched(PurePosixPath("linked")) == ()
    assert revision_of("HEAD", shared.top).touched(PurePosixPath("policy")) == ()
    assert main.known(PurePosixPath("policy/new.toml"))
    assert not main.known(PurePosixPath("policy/nowhere.toml"))


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("policy/link", "policy/link: is a symbolic link"),
        ("linked/harness.toml", "linked: is a symbolic link"),
        ("policy", "policy: is a folder"),
    ],
)
def test_only_plain_files_are_read(shared: GitRepository, place: str, said: str) -> None:
    """A link, a file behind one, and a folder are refused where they stand."""
    main = revision_of("main", shared.top)
    assert refusal(lambda: main.entry(PurePosixPath(place))).startswith(f"{said} at main (")


def test_large_files_and_pointers_are_refused(shared: GitRepository) -> None:
    """The limit holds before anything is read, and what Git LFS keeps is not in git."""
    main = revision_of("main", shared.top)
    entry, pointer = (main.entry(PurePosixPath(f"policy/{name}")) for name in ("harness.toml", "pointer"))
    assert entry is not None
    assert pointer is not None
    assert "the limit is 3" in refusal(lambda: main.content(entry, 3))
    assert "Git LFS" in refusal(lambda: main.content(pointer))


def test_a_submodule_is_refused(repository: GitRepository) -> None:
    """What another repository holds is not read, and its name is said."""
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{repository.hash('main')},vendored")
    repository.git("commit", "-q", "-m", "vendored")
    head = revision_of("HEAD", repository.top)
    assert "vendored: is a submodule" in refusal(lambda: head.entry(PurePosixPath("vendored/rubric.yaml")))


@pytest.mark.parametrize("name", ["", " main", "no\nname", "x" * 501])
def test_nonsense_is_no_revision(shared: GitRepository, name: str) -> None:
    """An empty, padded, broken or endless name is refused before git sees it."""
    assert "is no name of a revision" in refusal(lambda: revision_of(name, shared.top))


@pytest.mark.parametrize("name", ["nowhere", "--all", "--output=owned", "main..change", "main:policy", "HEAD^{tree}"])
def test_what_is_no_commit_is_explained(shared: GitRepository, name: str) -> None:
    """Options, ranges, files, trees and branches that are not there: place, remedy, and nothing happens."""
    assert f"--trusted-ref {name}: means no commit" in refusal(lambda: revision_of(name, shared.top))
    assert not (shared.top / "owned").exists()


def test_a_name_of_two_things_is_refused(repository: GitRepository) -> None:
    """Whoever can push a tag called main would otherwise decide what main means."""
    repository.git("tag", "main", "change")
    assert "refs/heads/main" in refusal(lambda: revision_of("main", repository.top))
    assert revision_of("refs/heads/main", repository.top).commit == repository.hash("refs/heads/main")


def test_a_shallow_clone_says_how_to_deepen_it(repository: GitRepository, tmp_path: Path) -> None:
    """CI clones one commit only; the way to the other one is said, and it works."""
    clone = tmp_path / "clone"
    repository.git("clone", "-q", "--depth=1", "--branch=change", repository.top.as_uri(), str(clone))
    assert "`git fetch --depth=1 origin main`" in refusal(lambda: revision_of("origin/main", clone))
    subprocess.run(["git", "-C", clone, "fetch", "-q", "--depth=1", "origin", "main"], check=True, env=repository.environ)
    fetched = revision_of("FETCH_HEAD", clone)
    assert fetched.commit == repository.hash("main")
    assert "policy/new.toml" in fetched.touched(PurePosixPath("policy"))


def test_no_repository_and_a_strangers_one(shared: GitRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of a repository, and in one of another owner, the remedy is said."""
    assert "lies in no git repository" in refusal(lambda: revision_of("main", tmp_path))
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    assert f"--add safe.directory {shared.top}" in refusal(lambda: revision_of("main", shared.top))


def test_without_git_it_is_said(shared: GitRepository, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without git gets a sentence."""
    monkeypatch.setenv("PATH", os.fspath(shared.top))
    assert "no `git` on PATH" in refusal(lambda: revision_of("main", shared.top))


def test_neither_environment_nor_repository_run_anything(
    repository: GitRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hook's variables do not lead elsewhere, and hooks, monitors, filters, external diffs and replacements have no occasion."""
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n", encoding="utf-8")
    trap.chmod(0o755)
    for name in ("core.fsmonitor", "diff.external", "diff.x.textconv", "filter.x.smudge", "core.pager", "core.sshCommand"):
        repository.git("config", name, str(trap))
    repository.write(".gitattributes", "* diff=x filter=x\n")
    entry = revision_of("main", repository.top).entry(PurePosixPath("policy/harness.toml"))
    easier = revision_of("change", repository.top).entry(PurePosixPath("policy/harness.toml"))
    assert entry is not None
    assert easier is not None
    repository.git("replace", entry.object, easier.object)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", str(trap))
    main = revision_of("main", repository.top)
    assert main.content(entry) == b"repeats = 5\n"
    assert main.touched(PurePosixPath("policy"))
    assert not (tmp_path / "sprung").exists()
    assert ask(repository.top, ["config", "core.hooksPath"]).text == os.devnull


def test_links_into_the_repository_lead_in_and_links_within_it_do_not_lead_on(shared: GitRepository, tmp_path: Path) -> None:
    """A place is a name: a link of the change cannot make one file stand for another."""
    outside = tmp_path / "shortcut"
    outside.symlink_to(shared.top / "policy")
    assert place_in(shared.top, outside / "harness.toml") == PurePosixPath("policy/harness.toml")
    assert place_in(shared.top, shared.top / "linked" / "harness.toml") == PurePosixPath("linked/harness.toml")
    assert place_in(shared.top, tmp_path / "harness.toml") is None
