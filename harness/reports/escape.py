"""Text from bots, users and files, made harmless for the medium that shows it.

Everything that a report quotes is hostile: a reply may carry terminal escapes, commands of the CI system that reads our
output, live HTML, mentions, or characters that no XML may contain. What is dangerous is shown, not dropped, so that a
reader sees that it was there. One function for each medium, all of them on top of `visible`.

Sources: ECMA-48 (C0, C1, ESC) · Unicode UAX #9 and TR #36 (bidi controls, invisible characters) · actions/runner
`ActionCommand.cs` (`::` after leading blanks, `##[` anywhere in a line) · Azure Pipelines logging commands (`##vso[`
anywhere) · TeamCity service messages (`##teamcity[`) · XML 1.0 §2.2 Char · CommonMark 0.31 §6.1 (code spans) and the GFM
extensions (tables, autolinks); GitHub links no mention, issue or address inside a code span · RFC 8259 §7.
"""

from __future__ import annotations

import re
import unicodedata

QUOTE_LIMIT = 400
"""Characters of a quote that a report shows."""
COMMAND_LIMIT = 2000
MESSAGE_LINES = 200
"""Lines of one message of our own, say one for each mistake of a suite."""
MAX_COMBINING = 4
"""Combining marks kept on one base character; more only serve to paint over neighbouring lines."""

_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Characters that Unicode calls letters, marks or symbols although they show nothing."""
_LINE_BREAKS = frozenset("\n\x0b\x0c\x85\u2028\u2029")
_BLANKS = re.compile(r"[ \t]+")
_CI_COLONS = re.compile(r":(?=:)")
_CI_WORD = re.compile(r"(?<![^\s'\"\\]):(?=:):")
_CI_HASHES = re.compile(r"#(?=#+(?:\[|[A-Za-z]+\[))")
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_BACKTICKS = re.compile(r"`+")
_PLAIN_WORD = re.compile(
    r"""(?!.*(?://|www\.))(?:[^\W_]|[,.;!?'"()%+\-−–—/=≥≤±×…“”‘’「」『』、。・？！（）※ー¥￥⏎→\u00a0])*:?""", re.IGNORECASE
)
_CODE = re.compile(r"(?:(?<=^)|(?<= )|(?<=^\()|(?<= \())`([^` ](?:[^`]*[^` ])?)`(?=[).,;!?]*:?(?: |$))")
"""What the writer of a sentence marked as code, set apart from all other words: two code spans never touch."""
_WEB_ADDRESS = re.compile(r"https?://[A-Za-z0-9._~:/?#\[\]@!$'()*+,;=%&-]+")
_MENTION = re.compile(r"(?<![A-Za-z0-9_.-])@")
_SIGN = {"<": "&lt;", ">": "&gt;", "<=": "&lt;=", ">=": "&gt;=", "&": "&amp;", "->": "-&gt;"}


def _shown(character: str) -> str:
    """Return what stands for one character: itself, its control picture, or its code."""
    point = ord(character)
    if character in _LINE_BREAKS:
        return " ⏎ "
    if character in "\t ":
        return " "
    if point < 0x20:
        return chr(0x2400 + point)
    if point == 0x7F:
        return "␡"
    hidden = unicodedata.category(character) in {"Cc", "Cf", "Cs"} or character in _FILLERS or (point & 0xFFFE) == 0xFFFE
    if not hidden:
        return character
    if point <= 0xFF:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point <= 0xFFFF else f"\\U{point:08x}"


def visible(text: str, limit: int = QUOTE_LIMIT) -> str:
    """Return `text` as one line in which nothing is invisible, at most `limit` characters and then `…`."""
    parts: list[str] = []
    length = marks = 0
    for character in text.replace("\r\n", "\n"):
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks > MAX_COMBINING:
            continue
        shown = _shown(character)
        if length + len(shown) > limit:
            parts.append("…")
            break
        parts.append(shown)
        length += len(shown)
    return _BLANKS.sub(" ", "".join(parts)).strip()


def console(text: str, limit: int = QUOTE_LIMIT) -> str:
    """Return `text` for a terminal or a CI log: visible, and without anything that a CI system obeys."""
    return _CI_HASHES.sub("# ", _CI_COLONS.sub(": ", visible(text, limit)))


def command(text: str) -> str:
    """Return a command line for a terminal or a CI log, to be copied as it is: an address may hold `::`, a word may not begin with it."""
    return _CI_HASHES.sub("# ", _CI_WORD.sub(": :", visible(text, COMMAND_LIMIT)))


def terminal_text(text: str) -> str:
    """Return a message of several lines for a terminal or a CI log, each line made harmless; what is cut is counted."""
    lines = text.split("\n")
    more = [f"… and {len(lines) - MESSAGE_LINES} more"] if len(lines) > MESSAGE_LINES else []
    return "\n".join([*(console(line, 4000) for line in lines[:MESSAGE_LINES]), *more])


def xml(text: str, limit: int = QUOTE_LIMIT) -> str:
    """Return `text` for XML 1.0, still to be escaped by the XML writer; CI systems print test reports too."""
    return console(text, limit)


def code_span(text: str, limit: int = QUOTE_LIMIT) -> str:
    """Return `text` as one Markdown code span: no HTML, mention, link, image or table border can come out of it.

    Tags and mentions are also broken inside the span, for readers that are laxer than GitHub's.
    """
    safe = _TAG.sub("‹", console(text, limit)).replace("|", "¦").replace("@", "＠")
    return _fenced(safe) if safe else "*(empty)*"


def command_span(text: str) -> str:
    """Return a command line or an id as one Markdown code span, to be copied as it is (`row@example` stays whole)."""
    safe = _TAG.sub("‹", command(text)).replace("|", "¦")
    return _fenced(_MENTION.sub("＠", safe)) if safe else "*(empty)*"


def command_block(text: str) -> str:
    """Return a command line as a fenced Markdown block, which GitHub shows with a button to copy it."""
    return f"```sh\n{_TAG.sub('‹', command(text))}\n```"


def link(words: str, address: str) -> str:
    """Return a Markdown link with words of our own; an address that could end it, or is no web address, is shown as code.

    The address stands in angle brackets (CommonMark 0.31 §6.3), where only those, backslashes, character references and line ends
    mean anything.
    """
    if not _WEB_ADDRESS.fullmatch(address):
        return f"{words}: {code_span(address)}"
    return f"[{words}](<{address.replace('&', '&amp;')}>)"


def inline(text: str, limit: int = 2000) -> str:
    """Return a short text of a person or a gate as Markdown prose; every word that Markdown could act on becomes code."""
    pieces = _CODE.split(console(text, limit))
    return "".join(command_span(piece) if index % 2 else _prose(piece) for index, piece in enumerate(pieces))


def _prose(text: str) -> str:
    words: list[str] = []
    risky: list[str] = []
    for word in text.split(" "):
        if word in _SIGN or _PLAIN_WORD.fullmatch(word):
            words += [_word_span(risky)] if risky else []
            words.append(_SIGN.get(word, word))
            risky = []
        else:
            risky.append(word)
    words += [_word_span(risky)] if risky else []
    return " ".join(words)


def json_text(document: str) -> str:
    """Return a JSON document (ASCII only) that means the same and holds no CI command and no tag."""
    return document.replace("##", "#\\u0023").replace("::", ":\\u003a").replace("<", "\\u003c")


def _word_span(words: list[str]) -> str:
    """Return risky words as code; punctuation that ends a sentence stays outside."""
    text = " ".join(words)
    body = text.rstrip(".,;:")
    return command_span(body) + text[len(body) :] if body else command_span(text)


def _fenced(text: str) -> str:
    longest = max((len(run) for run in _BACKTICKS.findall(text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest or text.startswith(" ") or text.endswith(" ") else ""
    return f"{fence}{pad}{text}{pad}{fence}"
