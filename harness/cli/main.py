"""The door: commands by name, imported when called, and every way out as the right exit code.

1 is only ever a FAIL. A mistake of the user ends in 2, broken infrastructure and our own crash in 4, an interrupt
in 130 or 143; a reader who closes the pipe early changes nothing about the verdict's code.
"""

from __future__ import annotations

import atexit
import errno
import gc
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from harness.cli.lazy import Entry, LazyGroup
from harness.cli.output import close_streams, mention, open_streams, say
from harness.errors import HarnessError

EXIT_USAGE = 2
EXIT_INVALID = 4
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143
SEARCH_CYCLES_AFTER = (50_000, 20, 20)
"""Objects more than were freed, after which cycles are looked for, and how many such looks make a longer one. Starting makes half a million
objects that stay, and a conversation hardly a cycle: Python's 700 look for what is not there for a tenth of a short run's processor time."""
_DISK_TROUBLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})


_COMMANDS = {
    "gate": Entry("harness.cli.gate", "Hold the suite against a candidate and decide: PASS, FAIL or INCONCLUSIVE."),
    "merge": Entry("harness.cli.merge", "Put the shards of one gate run together and decide."),
    "run": Entry("harness.cli.run", "Hold conversations and score them, without a baseline."),
    "demo": Entry("harness.cli.demo", "Start blue and green on loopback and run the whole gate."),
    "scenarios": Entry("harness.cli.scenarios", "Check, list and describe scenarios."),
    "target": Entry("harness.cli.target", "Check how a target is spoken to."),
    "baseline": Entry("harness.cli.baseline", "Record, show and compare baselines."),
    "compare-scores": Entry(
        "harness.cli.compare_scores", "Decide on scores of your own: two CSV files, the gate's engine, a fixed sample."
    ),
    "plan": Entry(
        "harness.cli.plan", "Plan a gate: power by repeats, expected conversations, what they cost, and where only more scenarios help."
    ),
    "estimate": Entry(
        "harness.cli.estimate",
        "Say what judging a gate run is going to use and cost: by look, by true drop, and for a baseline judged again.",
    ),
    "rejudge": Entry(
        "harness.cli.rejudge",
        "Judge the stored conversations of a run or a baseline again, by another judge; what was said stays as it is.",
    ),
    "aa": Entry("harness.cli.aa", "Hold a build against itself: the noise floor and the flip rate of this suite."),
    "judge": Entry(
        "harness.cli.judge", "Hold the judge itself to account: against people, against itself, against who would talk it round."
    ),
    "simulate": Entry("harness.cli.simulate", "Measure how often the gate itself is wrong, and what it costs, on simulated conversations."),
}


@click.group(cls=LazyGroup, entries=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="mangaassist-harness", prog_name="harness")
def harness() -> None:
    """Hold conversations with a chatbot deployment and decide whether it may ship.

    Exit codes: 0 PASS, 1 FAIL, 2 usage or configuration, 3 INCONCLUSIVE, 4 INVALID, 130/143 interrupted.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    open_streams()
    # At the end all that is open was closed; tearing down what the judge's SDK alone builds takes a third of a second.
    atexit.register(gc.freeze)
    gc.set_threshold(*SEARCH_CYCLES_AFTER)  # for good: with the old one back, the first thing that is made has everything searched
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        code = _run(words)
    finally:
        signal.signal(signal.SIGTERM, before)
    close_streams()
    sys.exit(code)


class _Terminated(KeyboardInterrupt):
    """SIGTERM, where no event loop listens for it: leaves as Ctrl-C does, with its own code."""


def _terminate(number: int, frame: object) -> NoReturn:
    del number, frame
    raise _Terminated


def _run(words: list[str]) -> int:
    """Call the command. Not by click's own `main`, which answers a closed pipe with 1 and any EOFError with an abort."""
    try:
        with harness.make_context("harness", list(words)) as context:
            result = harness.invoke(context)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        mention(error.format_message())
        return EXIT_USAGE
    except click.ClickException as error:
        return _refuse(words, error.format_message(), EXIT_USAGE, error)
    except HarnessError as error:
        return _refuse(words, str(error), error.exit_code)
    except (KeyboardInterrupt, click.exceptions.Abort) as error:
        mention("interrupted")
        return EXIT_TERMINATED if isinstance(error, _Terminated) else EXIT_INTERRUPTED
    except BaseException as error:  # noqa: BLE001 - our own crash has to end in 4 with a crash file, never in Python's 1
        return _failed(words, error)
    return result if isinstance(result, int) else 0


def _failed(words: list[str], error: BaseException) -> int:
    """Answer what nobody foresaw: a full disk or a forbidden place is the user's to mend, all else is our crash."""
    if isinstance(error, BrokenPipeError):
        return EXIT_INVALID
    if isinstance(error, OSError) and _in_click(error):
        mention(f"error: stdout took no more ({error.strerror})")
        return EXIT_USAGE
    if isinstance(error, OSError) and (error.filename is not None or error.errno in _DISK_TROUBLE):
        place = error.filename or "a file"
        return _refuse(words, f"{place}: {error.strerror or error}; make room or choose another place with --out", EXIT_USAGE)
    from harness.cli.crash import write_crash_file

    return _refuse(words, write_crash_file(error), EXIT_INVALID)


def _in_click(error: OSError) -> bool:
    """Tell whether click was printing: help and version are the only things that do not go through `say`."""
    modules = [frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(error.__traceback__)]
    return bool(modules) and modules[-1].startswith("click.")


def _refuse(words: list[str], message: str, code: int, usage: click.ClickException | None = None) -> int:
    """Say why on stderr, and with --json also as the one document on stdout."""
    from harness.reports.escape import terminal_text

    if isinstance(usage, click.UsageError) and usage.ctx is not None:
        mention(usage.ctx.get_usage())
    mention(f"error: {terminal_text(message)}")
    page, test_report = _last_value(words, "--markdown"), _last_value(words, "--junit")
    if "--json" in words or page or test_report:
        from harness.cli.reporting import GATES, write_error
        from harness.reports.machine import document
        from harness.reports.report import error_report

        gated = words[0] in {"gate", "merge"} or (words[0] == "demo" and not any(word.startswith("--only") for word in words))
        report = error_report(message, code, asked=GATES if gated else ())
        write_error(report, page, test_report)
        if "--json" in words:
            say(document(report))
    return code


def _last_value(words: list[str], flag: str) -> Path | None:
    """Return the file that a flag names, read from the bare words: what is wrong may be the command line itself."""
    found = None
    for word, after in zip(words, [*words[1:], ""], strict=True):
        name, equals, value = word.partition("=")
        if name == flag:
            found = value if equals else after
    return Path(found) if found and not found.startswith("-") else None


if __name__ == "__main__":
    main()
