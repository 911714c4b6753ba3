"""Templates in scenarios and target files: values put into text, and nothing else.

Jinja2 syntax, read by jinja2's own parser and evaluated here over an allow-list of nodes: constants, names,
fields, items, and six filters. Calls, loops, arithmetic, macros and statements are refused when a file is
loaded. Nothing is ever compiled to Python, and fields are looked up in mappings and lists only, never on Python
objects, so there is no sandbox to break out of (and `{{ example.items }}` is the column of that name, not a
method). A missing value is an error, never an empty text.
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from jinja2 import TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import JsonValue

MAX_TEMPLATE = 16 * 1024
"""Characters of a template."""
MAX_OUTPUT = 64 * 1024
"""Characters of what a template gives."""
MAX_DEPTH = 24
"""Levels of nesting in one expression."""
_OPENERS = ("{{", "{%", "{#")
_WORDS = {
    nodes.Call: "a call", nodes.For: "a loop", nodes.If: "a statement", nodes.Macro: "a macro", nodes.Compare: "a comparison",
    nodes.BinExpr: "arithmetic", nodes.UnaryExpr: "arithmetic", nodes.CondExpr: "a condition", nodes.Test: "a test",
    nodes.Concat: "joining with ~", nodes.Slice: "a slice", nodes.Tuple: "a tuple", nodes.List: "a list", nodes.Dict: "a mapping",
    nodes.Stmt: "a statement",
}  # fmt: skip


class TemplateError(ValueError):
    """A template that cannot be rendered: it is refused, a value is missing, or the result is too long."""


class _MissingError(TemplateError):
    """A value that is not there; the `default` filter takes care of it."""


def is_template(text: str) -> bool:
    """Return whether `text` holds any template syntax at all."""
    return any(opener in text for opener in _OPENERS)


def check_template(text: str, names: Collection[str]) -> str | None:
    """Return what is wrong with a template, or None.

    Args:
        text: the template.
        names: what it may use: a root (`session`; of `setup`, any field), or a dotted name (`example.title`).
    """
    if not is_template(text):
        return None
    try:
        tree = _parsed(text)
    except TemplateError as error:
        return str(error)
    return next((message for path in _paths(tree) if (message := unknown_name(".".join(path), names)) is not None), None)


def names_used(text: str) -> frozenset[str]:
    """Return the names that a template uses, dotted as written; raises TemplateError when it is refused."""
    return frozenset(".".join(path) for path in _paths(_parsed(text))) if is_template(text) else frozenset()


def unknown_name(name: str, names: Collection[str]) -> str | None:
    """Return what is wrong with a dotted name: unknown, or only the beginning of known ones; None where it is known."""
    path = name.split(".")
    dotted = [".".join(path[:length]) for length in range(1, len(path) + 1)]
    if any(name in names for name in dotted):
        return None
    fields = sorted(name for name in names if name.startswith(f"{dotted[-1]}."))
    if fields:
        return f"'{dotted[-1]}' needs a field: {', '.join(fields)}"
    roots = {name.partition(".")[0] for name in names}
    if path[0] not in roots:
        return f"unknown name '{path[0]}'{_meant(path[0], roots) or _known(names)}"
    return f"unknown name '{dotted[1]}'{_meant(dotted[1], names) or _known(names)}"


def render(text: str, values: Mapping[str, Any]) -> str:
    """Render a template; raises TemplateError when it is refused, a value is missing or the result exceeds 64 KiB."""
    return _joined(_evaluated(text, values))


def render_value(value: JsonValue, values: Mapping[str, Any]) -> JsonValue:
    """Render every string inside JSON data; a string that is exactly one `{{ expression }}` keeps the value's type.

    Keys of mappings are left alone. Raises TemplateError as `render` does.
    """
    return _each_string(value, lambda text: _kept(_evaluated(text, values)))


def render_known(value: JsonValue, root: str, values: Mapping[str, Any]) -> JsonValue:
    """Render only the expressions that use `root`, and leave all others as they stand for a later rendering.

    Raises TemplateError as `render` does, for an expression that uses `root` and another name at once, and for a
    value that itself looks like a template (the later rendering would take it for one).
    """
    return _each_string(value, lambda text: _render_piecewise(text, root, values) if is_template(text) else text)


def strings_of(value: JsonValue, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield every string inside JSON data with its path; keys of mappings are no such strings."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from strings_of(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from strings_of(item, (*path, index))


def _each_string(value: JsonValue, change: Callable[[str], JsonValue]) -> JsonValue:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_each_string(item, change) for item in value]
    if isinstance(value, dict):
        return {key: _each_string(item, change) for key, item in value.items()}
    return value


def _render_piecewise(text: str, root: str, values: Mapping[str, Any]) -> JsonValue:
    _parsed(text)
    rendered: list[Any] = []
    for piece in _pieces(text):
        roots = {name.partition(".")[0] for name in names_used(piece)}
        if root not in roots:
            rendered.append(piece)
        elif len(roots) > 1:
            raise TemplateError(f"one expression uses {' and '.join(sorted(roots))} at once; write two expressions")
        else:
            value = _kept(_evaluated(piece, values))
            if is_template(_shown(value)):
                raise TemplateError(f"the value of {piece} looks like a template itself; keep '{{{{', '{{%' and '{{#' out of it")
            rendered.append(value)
    return _kept(rendered)


def _pieces(text: str) -> Iterator[str]:
    """Cut a template, verbatim, into runs of plain text and single `{{ … }}` expressions."""
    piece = ""
    for _, kind, source in _environment().lex(text):
        if kind == "variable_begin" and piece:
            yield piece
            piece = ""
        piece += source
        if kind == "variable_end":
            yield piece
            piece = ""
    if piece:
        yield piece


@functools.cache
def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(keep_trailing_newline=True, optimized=False)
    environment.globals.clear()
    return environment


@functools.lru_cache(maxsize=256)  # a judge's prompts are rendered thousands of times
def _parsed(text: str) -> nodes.Template:
    """Read a template, which nobody changes after; raises TemplateError when it cannot be read or uses what is not allowed."""
    if len(text) > MAX_TEMPLATE:
        raise TemplateError(f"a template may have {MAX_TEMPLATE} characters, this one has {len(text)}")
    try:
        tree = _environment().parse(text)
    except TemplateSyntaxError as error:
        raise TemplateError(f"not a template that can be read: {error.message}") from error
    except RecursionError as error:
        raise TemplateError(f"a template may nest {MAX_DEPTH} levels deep at most") from error
    except ValueError as error:  # a number of thousands of digits
        raise TemplateError("not a template that can be read: a number is too long") from error
    for statement in tree.body:
        if not isinstance(statement, nodes.Output):
            raise TemplateError(_refusal(statement))
        for node in statement.nodes:
            _check_allowed(node, 0)
    return tree


def _check_allowed(node: nodes.Node, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise TemplateError(f"a template may nest {MAX_DEPTH} levels deep at most")
    match node:
        case nodes.TemplateData() | nodes.Name():
            return
        case nodes.Const(value=str(value)) if any("\ud800" <= character <= "\udfff" for character in value):
            raise TemplateError("a text in a template holds half a character (a lone surrogate)")
        case nodes.Const():
            return
        case nodes.Getattr(node=nodes.Const()) | nodes.Getitem(node=nodes.Const()):
            raise TemplateError("a field of a constant is not allowed in a template; take fields of names only")
        case nodes.Getattr() | nodes.Getitem():
            pass
        case nodes.Filter():
            _check_filter(node)
        case _:
            raise TemplateError(_refusal(node))
    for child in node.iter_child_nodes():
        _check_allowed(child, depth + 1)


def _check_filter(node: nodes.Filter) -> None:
    if node.name not in _FILTERS:
        raise TemplateError(f"unknown filter '{node.name}'{_meant(node.name, _FILTERS)}; known: {', '.join(sorted(_FILTERS))}")
    _, least, most = _FILTERS[node.name]
    plain_call = node.node is not None and not node.kwargs and node.dyn_args is None and node.dyn_kwargs is None
    if not plain_call or not least <= len(node.args) <= most:
        wanted = str(most) if least == most else f"{least} to {most}"
        raise TemplateError(f"filter '{node.name}' takes {wanted} plain arguments")


def _refusal(node: nodes.Node) -> str:
    word = next((words for kind, words in _WORDS.items() if isinstance(node, kind)), "this")
    return f"{word} is not allowed in a template; use names, fields, items and the filters {', '.join(sorted(_FILTERS))}"


def _paths(node: nodes.Node) -> Iterator[tuple[str, ...]]:
    """Yield the dotted names under a node, each as far as its fields are written out."""
    path = _path(node)
    if path is not None:
        yield path
        return
    for child in node.iter_child_nodes():
        yield from _paths(child)


def _path(node: nodes.Node) -> tuple[str, ...] | None:
    match node:
        case nodes.Name():
            return (node.name,)
        case nodes.Getattr(attr=str(name)) | nodes.Getitem(arg=nodes.Const(value=str(name))):
            head = _path(node.node)
            return None if head is None else (*head, name)
        case _:
            return None


def _meant(word: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(word, sorted(known), n=1)
    return f"; did you mean '{close[0]}'?" if close else ""


def _known(names: Collection[str]) -> str:
    return f"; known here: {', '.join(sorted(names))}" if names else "; no names are known here"


def _evaluated(text: str, values: Mapping[str, Any]) -> list[Any]:
    """Return the values of a template's parts: plain text, and what each expression gives."""
    if not is_template(text):
        return [text]
    outputs = [statement for statement in _parsed(text).body if isinstance(statement, nodes.Output)]
    return [_value(node, values) for output in outputs for node in output.nodes]


def _value(node: nodes.Node, values: Mapping[str, Any]) -> Any:
    match node:
        case nodes.TemplateData():
            return node.data
        case nodes.Const():
            return node.value
        case nodes.Name():
            return _item(values, node.name, node.name)
        case nodes.Getattr():
            return _item(_value(node.node, values), node.attr, _written(node))
        case nodes.Getitem():
            return _item(_value(node.node, values), _value(node.arg, values), _written(node))
        case nodes.Filter(name="default"):
            try:
                return _value(_operand(node), values)
            except _MissingError:
                return _value(node.args[0], values) if node.args else ""
        case nodes.Filter():
            arguments = [_shown(_value(part, values)) for part in (_operand(node), *node.args)]
            return _FILTERS[node.name][0](*arguments)
    raise TemplateError(_refusal(node))


def _operand(node: nodes.Filter) -> nodes.Expr:
    if node.node is None:
        raise TemplateError(f"filter '{node.name}' stands alone")
    return node.node


def _item(container: Any, key: Any, written: str) -> Any:
    if isinstance(container, Mapping) and isinstance(key, str) and key in container:
        return container[key]
    if isinstance(container, (list, tuple)) and type(key) is int and 0 <= key < len(container):
        return container[key]
    raise _MissingError(f"there is no value for '{written}'")


def _written(node: nodes.Node) -> str:
    path = _path(node)
    return ".".join(path) if path else "an item"


def _shown(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def _bounded(text: str) -> str:
    if len(text) > MAX_OUTPUT:
        raise TemplateError(f"the result is longer than {MAX_OUTPUT} characters")
    return text


def _joined(parts: list[Any]) -> str:
    return _bounded("".join(_shown(part) for part in parts))


def _kept(parts: list[Any]) -> JsonValue:
    """Return the one part as it is, several as one text."""
    if len(parts) == 1 and not isinstance(parts[0], str):
        only: JsonValue = parts[0]
        return only
    return _joined(parts)


def _replaced(text: str, old: str, new: str) -> str:
    if len(text) + text.count(old) * len(new) > 2 * MAX_OUTPUT:  # before the text exists: chained filters multiply
        raise TemplateError(f"the result is longer than {MAX_OUTPUT} characters")
    return text.replace(old, new)


_FILTERS: dict[str, tuple[Callable[..., str], int, int]] = {
    "default": (_shown, 0, 1),
    "lower": (str.lower, 0, 0),
    "replace": (_replaced, 2, 2),
    "trim": (str.strip, 0, 0),
    "upper": (str.upper, 0, 0),
    "urlencode": (functools.partial(quote, safe=""), 0, 0),
}
"""Filter → function over texts, least and most arguments beside the value."""
