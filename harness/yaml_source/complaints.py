"""What pydantic complains of, as a sentence about the data that a person wrote.

Pydantic names the union member in a location and lists literals as one string; here the location is walked
through the data and the model side by side, so that a message knows which keys would have been right.
"""

from __future__ import annotations

import difflib
import re
import types
import typing
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

DataPath = tuple[str | int, ...]
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'")
_TYPES = {
    "string": "text", "int": "a whole number", "float": "a number", "bool": "true or false", "list": "a list", "tuple": "a list",
    "dict": "a mapping", "model": "a mapping", "model_attributes": "a mapping", "date": "a date like 2026-11-01", "none_required": "null",
}  # fmt: skip


_SIGNS = {
    r"^[a-z0-9][a-z0-9_.-]{0,79}$": "small letters, digits, '_', '.', '-', beginning with a letter or digit, at most 80 characters",
    r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$": "letters, digits, '_', '.', '-', beginning with a letter or digit, at most 80 characters",
    r"^[A-Za-z_][A-Za-z0-9_]{0,39}$": "letters, digits, '_', beginning with a letter or '_', at most 40 characters",
}
"""Pattern of a name → what it says, in words."""


def signs_of(pattern: str) -> str:
    """Return what a name with this pattern has to be, as the end of a sentence."""
    return f"has to be made of {_SIGNS[pattern]}" if pattern in _SIGNS else f"has to match {pattern}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One complaint: where in the data, and what to tell the person."""

    path: DataPath
    message: str
    at_key: bool = False
    """The key is wrong, not the value."""


def meant(word: str, known: Collection[str]) -> str:
    """Return `; did you mean 'x'?` for the nearest known word; where none is near, the known words; else nothing."""
    close = difflib.get_close_matches(word, sorted(known), n=1)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; known: {', '.join(sorted(known))}" if 0 < len(known) <= 40 else ""


def is_echo(error: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether a complaint only repeats others.

    Such are a list that is too short because its entries are wrong, and a wrong mapping that is, besides, not the one
    word that could stand in its place.
    """
    if error["type"] == "too_short":
        return len(error["input"]) >= int(error["ctx"]["min_length"])
    around = error["loc"][:-1]
    beside = error["type"] == "literal_error" and isinstance(error["input"], dict)
    return beside and any(other is not error and other["loc"][: len(around)] == around for other in others)


def problem_of(error: Mapping[str, Any], data: Any, model: type[BaseModel]) -> Problem:
    """Return one entry of `ValidationError.errors()` as a problem of the data that were validated."""
    kind, location, context = str(error["type"]), tuple(error["loc"]), error.get("ctx", {})
    path, owner = _walked(location, data, model)
    value = _at(data, path)
    key = str(location[-1]) if location else ""
    if location[-1:] == ("[key]",) and path[-1:] == location[-2:-1]:  # pydantic's word for a key that is wrong itself
        wrong = signs_of(context["pattern"]) if kind == "string_pattern_mismatch" else str(error["msg"]).lower()
        return Problem(path, f"key '{_short(str(path[-1]))}' {wrong}", at_key=True)
    match kind:
        case "extra_forbidden":
            return Problem(path, f"unknown key '{_short(key)}'{meant(key, _keys(owner))}", at_key=True)
        case "missing":
            return Problem(path, f"key '{key}' is missing")
        case "union_tag_invalid":
            tag = str(context["tag"])
            word = f"{_family(_inner(owner, location[-1]) or owner)} kind".strip()
            return Problem((*path, "kind"), f"unknown {word} '{_short(tag)}'{meant(tag, _QUOTED.findall(context['expected_tags']))}")
        case "union_tag_not_found":
            return Problem(path, "key 'kind' is missing")
        case "literal_error" | "enum":
            return Problem(path, _literal_message(str(context["expected"]), value))
        case "string_pattern_mismatch":
            return Problem(path, f"{_named(value)} {signs_of(context['pattern'])}")
        case "value_error":
            return Problem(path, str(error["msg"]).removeprefix("Value error, "))
    wanted = next(
        (words for prefix, words in _TYPES.items() if kind in {f"{prefix}_type", f"{prefix}_parsing", f"{prefix}_from_date_parsing"}), None
    )
    if wanted is not None:
        return Problem(path, f"has to be {wanted}, not {_named(value)}{_boolean_hint(wanted, value)}")
    return Problem(path, _limit_message(kind, context, value) or str(error["msg"]).lower())


def _limit_message(kind: str, context: Mapping[str, Any], value: Any) -> str | None:
    bounds = {"greater_than": "gt", "greater_than_equal": "ge", "less_than": "lt", "less_than_equal": "le"}
    words = {"gt": "greater than", "ge": "at least", "lt": "less than", "le": "at most"}
    if kind in bounds:
        return f"has to be {words[bounds[kind]]} {context[bounds[kind]]:g}, not {_named(value)}"
    match kind:
        case "too_short" | "string_too_short":
            return f"needs at least {_counted(context['min_length'], kind)}"
        case "too_long" | "string_too_long":
            return f"may have at most {_counted(context['max_length'], kind)}"
        case _:
            return None


def _counted(number: int, kind: str) -> str:
    one, many = ("character", "characters") if kind.startswith("string") else ("entry", "entries")
    return f"one {one}" if number == 1 else f"{number} {many}"


def _literal_message(expected: str, value: Any) -> str:
    known = _QUOTED.findall(expected)
    if not known or not isinstance(value, str):
        return f"has to be {expected}, not {_named(value)}"
    return f"unknown value {_named(value)}{meant(value, known)}"


def _boolean_hint(wanted: str, value: Any) -> str:
    if wanted == _TYPES["bool"] and isinstance(value, str) and value.lower() in {"yes", "no", "on", "off", "y", "n"}:
        return f"; write {'true' if value.lower() in {'yes', 'on', 'y'} else 'false'}"
    return ""


def _named(value: Any) -> str:
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, str):
        return f"'{_short(value)}'"
    return "a list" if isinstance(value, list) else "a mapping"


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}…"


def _walked(location: tuple[Any, ...], data: Any, model: type[BaseModel]) -> tuple[DataPath, Any]:
    """Return the path in the data (union tags left out) and the type that owns the location's last step."""
    path: list[str | int] = []
    here, kind = data, _bare(model)
    for index, step in enumerate(location):
        last = index == len(location) - 1
        if _steps_into(here, step):
            path.append(step)
            here = here[step]
            kind = kind if last else _inner(kind, step)
        elif not last:
            kind = _member(kind, str(step))
    return tuple(path), kind


def _steps_into(data: Any, step: Any) -> bool:
    if isinstance(data, dict):
        return step in data
    return isinstance(data, list) and isinstance(step, int) and step < len(data)


def _at(data: Any, path: DataPath) -> Any:
    for step in path:
        data = data[step]
    return data


def _bare(kind: Any) -> Any:
    """Return a type without Annotated, aliases and None."""
    while typing.get_origin(kind) is typing.Annotated:
        kind = typing.get_args(kind)[0]
    if typing.get_origin(kind) in {typing.Union, types.UnionType}:
        members = [member for member in typing.get_args(kind) if member is not type(None)]
        return _bare(members[0]) if len(members) == 1 else typing.Union[tuple(members)]  # noqa: UP007  # built at run time
    return kind


def _inner(kind: Any, step: str | int) -> Any:
    """Return the type of a field, item or value of `kind`."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        found = (info.annotation for name, info in kind.model_fields.items() if step in {name, info.alias})
        return _bare(next(found, None))
    arguments = typing.get_args(kind)
    if not arguments:
        return None
    return _bare(arguments[1] if typing.get_origin(kind) is dict else arguments[0])


def _member(kind: Any, tag: str) -> Any:
    """Return the member of a union of tagged models that bears the tag."""
    for member in typing.get_args(kind):
        bare = _bare(member)
        field = bare.model_fields.get("kind") if isinstance(bare, type) and issubclass(bare, BaseModel) else None
        if field is not None and tag in typing.get_args(field.annotation):
            return bare
    return kind


def _keys(owner: Any) -> tuple[str, ...]:
    if isinstance(owner, type) and issubclass(owner, BaseModel):
        return tuple(info.alias or name for name, info in owner.model_fields.items())
    return ()


def _family(owner: Any) -> str:
    """Return the word for the members of a union: the name of the class they share."""
    members = [_bare(member) for member in typing.get_args(owner)]
    bases = {member.__mro__[1].__name__ for member in members if isinstance(member, type)}
    return bases.pop().strip("_").lower() if len(bases) == 1 else ""
