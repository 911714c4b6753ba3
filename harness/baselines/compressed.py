"""Lines of text in a gzip file whose bytes depend on nothing but the lines, read back without trust.

The gzip header carries neither time nor name and is written here, and the level is fixed, so that recording the same
measurement twice gives the same bytes. Reading is bounded in every direction (bytes on disk, bytes unpacked, bytes in one
line) while it streams: a small file that unpacks to a large one is stopped at the limit, not after it.
"""

from __future__ import annotations

import stat
import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from harness.errors import BaselineError

MAX_FILE_BYTES = 64 * 2**20
MAX_PLAIN_BYTES = 2**30
MAX_LINE_BYTES = 16 * 2**20
RESTORE = "restore it from version control, or record a new one with `harness baseline record`"
_LEVEL = 9
_CHUNK = 2**18
# RFC 1952 §2.3: magic, deflate, no flags (hence no name), no time, best compression, operating system unknown.
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
_GZIP = zlib.MAX_WBITS | 16
_LFS_POINTER = b"version https://git-lfs"


def refused(path: Path, what: str, remedy: str = RESTORE) -> BaselineError:
    """Return the error that refuses the baseline at `path`: place, what is wrong, and what to do."""
    return BaselineError(f"{path}: {what}; {remedy}")


def pack(path: Path, lines: Iterable[bytes]) -> bytes:
    """Return the file of these lines; raises BaselineError (naming `path`) when it would be too large to be read back."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    parts, size, check = [_GZIP_HEADER], 0, 0
    for line in lines:
        whole = line + b"\n"
        size += len(whole)
        if len(line) > MAX_LINE_BYTES or size > MAX_PLAIN_BYTES:
            raise refused(path, "the measurement is too large to be stored", "record fewer repeats or scenarios")
        check = zlib.crc32(whole, check)
        parts.append(packer.compress(whole))
    content = b"".join((*parts, packer.flush(), struct.pack("<II", check, size)))
    if len(content) > MAX_FILE_BYTES:
        raise refused(path, "the measurement is too large to be stored", "record fewer repeats or scenarios")
    return content


def content_of(path: Path) -> bytes:
    """Return the compressed bytes of a baseline file, of a size that can be meant; raises BaselineError."""
    try:
        content = _read(path) if stat.S_ISREG(path.stat().st_mode) else None
    except FileNotFoundError as error:
        raise refused(path, "there is no baseline here", "check the path, or record one with `harness baseline record`") from error
    except (OSError, ValueError) as error:
        raise refused(path, f"the baseline cannot be read: {error}", "check the path and its permissions") from error
    if content is None:
        raise refused(path, "is not a regular file", "name the baseline file itself")
    if len(content) > MAX_FILE_BYTES:
        raise refused(path, f"is larger than {MAX_FILE_BYTES // 2**20} MB, so it is not a baseline")
    if content.startswith(_LFS_POINTER):
        raise refused(path, "is a Git LFS pointer, not the baseline itself", "fetch it with `git lfs pull`")
    if not content:
        raise refused(path, "is empty")
    return content


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_FILE_BYTES + 1)


def unpack(path: Path, content: bytes) -> Iterator[bytes]:
    """Yield the lines of a file's content, without their ends; raises BaselineError at the first byte that is not as written."""
    if not content.startswith(_GZIP_HEADER[:2]):
        raise refused(path, "is not a baseline of this harness (no gzip file at all)", "check the path, or " + RESTORE)
    if content[: len(_GZIP_HEADER)] != _GZIP_HEADER[: len(content)]:
        raise refused(path, "was not packed by this harness (another gzip header)", "check the path, or " + RESTORE)
    pending: list[bytes] = []
    length = 0
    for chunk in _inflated(path, content):
        *whole, rest = chunk.split(b"\n")
        if whole:
            yield b"".join((*pending, whole[0]))
            yield from whole[1:]
            pending, length = [], 0
        pending.append(rest)
        length += len(rest)
        if length > MAX_LINE_BYTES:
            raise refused(path, f"has a line of more than {MAX_LINE_BYTES // 2**20} MB, so it is not a baseline")
    if length:
        raise refused(path, "is truncated: its last line is not whole")


def _inflated(path: Path, content: bytes) -> Iterator[bytes]:
    machine, size, pending = zlib.decompressobj(_GZIP), 0, content
    try:
        while not machine.eof:
            chunk = machine.decompress(pending, _CHUNK)
            pending = machine.unconsumed_tail
            size += len(chunk)
            if size > MAX_PLAIN_BYTES:
                raise refused(path, f"unpacks to more than {MAX_PLAIN_BYTES // 2**30} GB, so it is not a baseline")
            if not chunk and not pending and not machine.eof:
                raise refused(path, "is truncated")
            yield chunk
    except zlib.error as error:
        raise refused(path, f"is damaged ({error})") from error
    if machine.unused_data:
        raise refused(path, f"has {len(machine.unused_data)} bytes after its end, so it was edited")
