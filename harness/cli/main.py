"""The door: commands by name, imported when called, and every way out as the right exit code.

1 is only ever a FAIL. A mistake of the user ends in 2, broken infrastructure and our own crash in 4, an interrupt
in 130 or 143; a reader who closes the pipe early changes nothing about the verdict's code.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import click

from harness.errors import HarnessError

EXIT_USAGE = 2
EXIT_INVALID = 4
EXIT_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class _Entry:
    module: str
    summary: str


_COMMANDS = {
    "gate": _Entry("harness.cli.gate", "Hold the suite against a candidate and decide: PASS, FAIL or INCONCLUSIVE."),
    "run": _Entry("harness.cli.run", "Hold conversations and score them, without a baseline."),
    "demo": _Entry("harness.cli.demo", "Start blue and green on loopback and run the whole gate."),
    "scenarios": _Entry("harness.cli.scenarios", "Check, list and describe scenarios."),
    "baseline": _Entry("harness.cli.baseline", "Record, show and compare baselines."),
}


class _LazyGroup(click.Group):
    """A group whose commands are imported when one is called, so that --help stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the command names in the order in which a newcomer needs them."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        del ctx
        entry = _COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command: click.Command = importlib.import_module(entry.module).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table, without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in _COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="mangaassist-harness", prog_name="harness")
def harness() -> None:
    """Hold conversations with a chatbot deployment and decide whether it may ship.

    Exit codes: 0 PASS, 1 FAIL, 2 usage or configuration, 3 INCONCLUSIVE, 4 INVALID, 130/143 interrupted.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    code = _run(words)
    _leave(code)


def _run(words: list[str]) -> int:
    try:
        result = harness.main(args=words, prog_name="harness", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return EXIT_USAGE
    except click.ClickException as error:
        return _refuse(words, error.format_message(), EXIT_USAGE, error)
    except HarnessError as error:
        return _refuse(words, str(error), error.exit_code)
    except (KeyboardInterrupt, click.exceptions.Abort):
        print("interrupted", file=sys.stderr)  # noqa: T201 - the last word of a command line program
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        return EXIT_INVALID
    except OSError as error:
        return _refuse(words, _os_sentence(error), EXIT_USAGE)
    except Exception as error:  # noqa: BLE001 - our own crash has to end in 4 with a crash file, never in 1
        from harness.cli.crash import write_crash_file

        return _refuse(words, write_crash_file(error), EXIT_INVALID)
    return result if isinstance(result, int) else 0


def _os_sentence(error: OSError) -> str:
    place = error.filename or "a file"
    return f"{place}: {error.strerror or error}; make room or choose another place with --out"


def _refuse(words: list[str], message: str, code: int, usage: click.ClickException | None = None) -> int:
    """Say why on stderr, and with --json also as the one document on stdout."""
    try:
        if isinstance(usage, click.UsageError) and usage.ctx is not None:
            print(usage.ctx.get_usage(), file=sys.stderr)  # noqa: T201 - as above
        from harness.reports.escape import terminal_text

        print(f"error: {terminal_text(message)}", file=sys.stderr)  # noqa: T201 - as above
        if "--json" in words:
            from harness.reports.machine import refusal_document

            print(refusal_document(message, code))  # noqa: T201 - as above
    except OSError:
        return code
    return code


def _leave(code: int) -> None:
    """Flush and exit; a closed stdout or stderr must not turn the code into Python's own 120 or 1."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    sys.exit(code)


if __name__ == "__main__":
    main()
