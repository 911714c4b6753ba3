"""The prompts: templates beside the rubric, a system prompt that is the same for all conversations, and the boundary.

The data of a conversation stand between marks that carry a random value of 128 bits. The value is drawn until it occurs
nowhere in the data, and the data hold no angle bracket, so that no text can end its own block or begin another.
"""

from __future__ import annotations

import functools
import hashlib
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import re2

from harness.errors import Mistake, SourceError
from harness.frozen import fingerprint
from harness.judging.material import Material
from harness.judging.once import Once
from harness.judging.questions import Asked, Part
from harness.judging.shown_text import shown_json, shown_list
from harness.package_data import shipped
from harness.scenarios.rubric import RubricCriterion
from harness.template import MAX_TEMPLATE, check_template, render
from harness.yaml_source.document import shown_path

FOLDER = "prompts"
_NAMES: Mapping[str, frozenset[str]] = {
    "system": frozenset({"criteria"}),
    "opening": frozenset({"nonce"}),
    "closing": frozenset({"nonce", "asked"}),
    "repair": frozenset({"nonce", "failed", "asked"}),
}
"""Template → what it may use."""
_TRIES = 8


@dataclass(frozen=True, slots=True)
class Prompts:
    """The templates, as read."""

    system: str
    opening: str
    closing: str
    repair: str

    @property
    def fingerprint(self) -> str:
        """Fingerprint of all templates: a reworded prompt is another judge."""
        return fingerprint([self.system, self.opening, self.closing, self.repair])


def load_prompts(rubric: Path) -> Prompts:
    """Read the templates beside a rubric, in its folder `prompts`; where there is none, those that ship with the harness.

    Raises:
        SourceError: with every template that is missing, cannot be read, or uses what it may not.
    """
    beside = rubric.parent / FOLDER
    folder = beside if beside.is_dir() else shipped("judges") / FOLDER
    mistakes: list[Mistake] = []
    texts: dict[str, str] = {}
    for name, usable in _NAMES.items():
        path = folder / f"{name}.jinja"
        try:
            texts[name] = path.read_text(encoding="utf-8").rstrip("\n")
        except OSError as error:
            mistakes.append(Mistake(shown_path(path), 0, 0, f"cannot be read ({error.strerror}); a judge needs {', '.join(_NAMES)}"))
            continue
        except UnicodeDecodeError:
            mistakes.append(Mistake(shown_path(path), 0, 0, "is not UTF-8; save it as UTF-8"))
            continue
        problem = check_template(texts[name], usable)
        if problem is None and len(texts[name]) > MAX_TEMPLATE:
            problem = f"a template may have {MAX_TEMPLATE} characters, this one has {len(texts[name])}"
        unused = [f"{{{{ {one} }}}}" for one in sorted(usable) if one not in texts[name]]
        if problem is None and unused:
            problem = f"does not use {', '.join(unused)}; without it the judge is not told what to judge"
        if problem is not None:
            mistakes.append(Mistake(shown_path(path), 0, 0, problem))
    if mistakes:
        raise SourceError(mistakes)
    return Prompts(**texts)


def system_prompt(prompts: Prompts, part: Part) -> str:
    """Return the system prompt of a part: the same bytes for every conversation."""
    blocks = []
    for dimension in part.dimensions:
        asked = [item for item in dimension.criteria if item.checked_by != "code"]
        anchors = dimension.anchors
        levels = f"5: {anchors.five}\n3: {anchors.three}\n1: {anchors.one}"
        blocks.append("\n".join((f"## {dimension.title}", levels, *map(_line, asked))))
    return render(prompts.system, {"criteria": "\n\n".join(blocks)})


def prompt_version(text: str) -> str:
    """Return the version of a system prompt: SHA-256 of its bytes, 64 hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def task(prompts: Prompts, material: Material, asked: Sequence[Asked], draw: Callable[[], str]) -> tuple[str, str]:
    """Return what the judge is asked about a conversation, and its boundary: facts first, the conversation, the task again.

    Args:
        prompts: the templates.
        material: what is shown.
        asked: the criteria, in order.
        draw: returns a random value of 128 bits in hexadecimal; drawn again while it occurs in the data.

    Raises:
        RuntimeError: every value drawn occurs in the data, so `draw` is not random.
    """
    blocks = {
        "trusted": shown_json(dict(material.trusted)),
        "recorded": shown_list(material.recorded),
        "conversation": shown_list(material.transcript),
    }
    listed = _listed(asked)
    nonce = boundary("".join((*blocks.values(), listed)), draw)
    values = {"nonce": nonce, "asked": listed}
    marked = [f"<{name} {nonce}>\n{data}\n</{name} {nonce}>" for name, data in blocks.items()]
    return "\n\n".join((render(prompts.opening, values), *marked, render(prompts.closing, values))), nonce


def repair_task(prompts: Prompts, asked: Sequence[Asked], failed: Sequence[Mapping[str, object]], nonce: str) -> str:
    """Return the request to answer some criteria again, naming only the evidence that failed."""
    return render(prompts.repair, {"nonce": nonce, "failed": shown_list(failed), "asked": shown_asked(asked)})


def boundary(data: str, draw: Callable[[], str]) -> str:
    """Return a value that does not occur in the data, in any width or case; raises RuntimeError where none is found.

    Args:
        data: as it is shown.
        draw: returns a random value of 128 bits in hexadecimal.
    """
    folded = ""
    if _like_a_boundary().search(data):
        folded = data.casefold() + unicodedata.normalize("NFKC", data).casefold()
    for _ in range(_TRIES):
        nonce = draw()
        if nonce not in folded:
            return nonce
    raise RuntimeError(f"{_TRIES} random values of 128 bits all occur in the data: the source of randomness is broken")


@functools.cache
def _like_a_boundary() -> Any:
    """Return the pattern of what might be read as a part of a boundary: ten signs in a row, each of which may stand for its digits.

    No sign stands for more than three, and no kana, kanji or Hangul for any. Next to no data hold such a run; of a page in
    Japanese that is known in a twelfth of the time that folding it takes.
    """
    return re2.compile("[0-9A-Fa-f\u0080-\u2fff\u3200-\u33ff\ua000-\uabff\ud7a4-\ud7ff\ue000-\U0010ffff]{10}")


def shown_asked(asked: Sequence[Asked]) -> str:
    """Return the list of what is asked; an own criterion of the scenario comes with its question."""
    return shown_json([{"id": one.place} | ({"question": one.criterion.question} if one.own else {}) for one in asked])


_listed: Callable[[Sequence[Asked]], str] = Once(shown_asked)


def _line(item: RubricCriterion) -> str:
    return f"- {item.id}{' [K]' if item.critical else ''}: {item.question}"
