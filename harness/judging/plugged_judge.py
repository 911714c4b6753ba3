"""A judge of somebody else's making: `package.module:factory`, named in settings and never in a scenario.

The factory is called as `factory(suite, settings, environ)` and returns a `Judge`. A judge that holds connections is an async
context manager too; the run enters it before the first question and closes it after the last.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from typing import Any, cast

from harness.errors import SettingsError
from harness.judging.judge import Judge, JudgeIdentity

_FORM = "write it like --judge package.module:factory"
_ARGUMENTS = ("suite", "settings", "environ")


def is_plugged(name: str) -> bool:
    """Return whether a judge's name is that of a factory."""
    return ":" in name


def plugged_judge(name: str, suite: Any, settings: Any, environ: Any) -> Judge:
    """Return the judge that a factory makes.

    Args:
        name: `package.module:factory`.
        suite: scenarios, facts and rubric.
        settings: of the run.
        environ: the environment.

    Raises:
        SettingsError: no such module or factory, one that cannot be called so, or one that returns something else.
    """
    factory = _factory(name)
    try:
        inspect.signature(factory).bind(suite, settings, environ)
    except TypeError as error:
        raise SettingsError(
            f"--judge {name}: cannot be called as factory({', '.join(_ARGUMENTS)}): {error}; give it these parameters"
        ) from None
    judge = factory(suite, settings, environ)
    lacking = [
        what
        for what, there in (
            ("an `identity` of type JudgeIdentity", isinstance(getattr(judge, "identity", None), JudgeIdentity)),
            ("`dimensions(scenario)`", callable(getattr(judge, "dimensions", None))),
            ("`async judge(scenario, transcript, findings)`", inspect.iscoroutinefunction(getattr(judge, "judge", None))),
        )
        if not there
    ]
    if lacking:
        raise SettingsError(
            f"--judge {name}: returned a {type(judge).__name__}, which is no judge: it lacks {' and '.join(lacking)}; "
            "see the Protocol Judge in harness.judging.judge"
        )
    return cast("Judge", judge)


def _factory(name: str) -> Callable[..., Any]:
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute.isidentifier() or not all(part.isidentifier() for part in module_name.split(".")):
        raise SettingsError(f"--judge {name}: is no name of a factory; {_FORM}")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        missing = f"there is no module {error.name!r} on the Python path"
        raise SettingsError(f"--judge {name}: {missing}; install its package, or set PYTHONPATH") from None
    except ImportError as error:
        raise SettingsError(f"--judge {name}: {module_name} cannot be imported: {error}; correct it, then try again") from None
    found = getattr(module, attribute, None)
    if not callable(found):
        raise SettingsError(f"--judge {name}: {module_name} has no function {attribute!r}; {_FORM}")
    return cast("Callable[..., Any]", found)
